"""Which processors get 8-bit networks."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from emulator.vision import onnx_session as runtime
from emulator.vision import processor
from emulator.vision.onnx_session import Session


def test_the_probe_is_one_multiplication_of_bytes() -> None:
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["bytes", "weights"], ["sums"])],
        "probe",
        [
            helper.make_tensor_value_info("bytes", onnx.TensorProto.UINT8, [1, 64]),
            helper.make_tensor_value_info("weights", onnx.TensorProto.INT8, [64, 16]),
        ],
        [helper.make_tensor_value_info("sums", onnx.TensorProto.INT32, [1, 16])],
    )
    expected = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert onnx.load_from_string(processor.PROBE) == expected


def test_the_answer_is_that_of_the_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor whose pairs of products stop at the largest number of 16 bits is told from one that counts on."""

    class Clipping:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def run(self, _outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            products = inputs["bytes"].astype(int).T * inputs["weights"].astype(int)
            return [np.minimum(products[::2] + products[1::2], 32767).sum(axis=0, keepdims=True)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Clipping)
    assert processor.sums_bytes_exactly.__wrapped__() is False


@pytest.mark.parametrize("exactly", [True, False])
def test_8_bit_models_of_other_processors_are_answered_exactly(monkeypatch: pytest.MonkeyPatch, exactly: bool) -> None:
    monkeypatch.setattr(runtime, "sums_bytes_exactly", lambda: exactly)
    (sums,) = Session(processor.PROBE, 1).run(
        {"bytes": np.full((1, 64), 255, np.uint8), "weights": np.full((64, 16), -128, np.int8)}
    )
    assert (sums == 64 * 255 * -128).all()
