"""Sessions: large inputs of fixed size get another treatment of memory, not other answers."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from emulator.vision.errors import ModelFileError
from emulator.vision.onnx_session import Session


def negating(side: int | str) -> bytes:
    """A model that turns the sign of a picture of this side."""
    shape = [1, 3, side, side]
    graph = helper.make_graph(
        [helper.make_node("Neg", ["image"], ["negative"])],
        "negating",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("negative", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("side", [32, 960, "side"])
def test_inputs_of_any_size_are_answered(side: int | str) -> None:
    length = side if isinstance(side, int) else 960
    pixels = np.random.default_rng(0).random((1, 3, length, length), np.float32)
    session = Session(negating(side), threads=1)
    for _ in range(2):
        np.testing.assert_array_equal(session.run({"image": pixels})[0], -pixels)
    assert session.input_shapes["image"][-1] == side


def test_what_is_not_a_model_is_refused() -> None:
    with pytest.raises(ModelFileError, match="cannot load"):
        Session(b"not a model", threads=1)
