"""What the processor is good at, as far as the choice of networks depends on it."""

from __future__ import annotations

import functools

import numpy as np
import onnxruntime

# One MatMulInteger of `bytes`, uint8 [1, 64], and `weights`, int8 [64, 16], as an ONNX file: building it would take the
# package onnx, which answering does not need otherwise.
PROBE = (
    b'\x08\x08:z\n%\n\x05bytes\n\x07weights\x12\x04sums"\rMatMulInteger\x12\x05probeZ\x17\n\x05bytes\x12\x0e\n\x0c'
    b"\x08\x02\x12\x08\n\x02\x08\x01\n\x02\x08@Z\x19\n\x07weights\x12\x0e\n\x0c\x08\x03\x12\x08\n\x02\x08@\n\x02\x08\x10"
    b"b\x16\n\x04sums\x12\x0e\n\x0c\x08\x06\x12\x08\n\x02\x08\x01\n\x02\x08\x10B\x04\n\x00\x10\x11"
)


@functools.cache
def sums_bytes_exactly() -> bool:
    """Whether this processor adds up products of bytes without clipping, as those with VNNI and those of Arm do.

    Others are slower with 8-bit networks than with float32, or less exact (onnxruntime's documentation, "Quantize ONNX
    models"). Asked of onnxruntime itself, with sums that overflow 16 bits: that never depends on how busy a machine is.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(PROBE, options, providers=["CPUExecutionProvider"])
    (sums,) = session.run(None, {"bytes": np.full((1, 64), 255, np.uint8), "weights": np.full((64, 16), 127, np.int8)})
    return bool((sums == 64 * 255 * 127).all())
