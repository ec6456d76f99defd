"""How good a model is on its test images: thresholds, precision, recall, F1, confusion matrix, average precision.

`classification` judges image-level labels, `detection` judges boxes; both give an `Evaluation` (in `evaluation`).
"""
