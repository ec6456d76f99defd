"""Pixels and tensors: pictures in, trained ONNX models and their predictions out.

Nothing here knows of HTTP, SQL or AWS, and nothing else of the emulator is imported: it works in a notebook.
`training.train` makes a model, `served_model.ServedModel` runs an exported one.
"""
