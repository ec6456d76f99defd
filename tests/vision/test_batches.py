"""Several pictures in one run: only where each gets what it gets alone, and whatever the graph does with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto, helper

from emulator.vision.batches import LARGEST_BATCH, BatchedSession
from emulator.vision.onnx_session import Session

SIDE = 8


def batched(operator: str, shape: list[int | str], parameters: list[list[int]] | None = None) -> BatchedSession:
    """A graph of one operator and a Flatten behind it, on pictures of `shape`."""
    weights = [
        helper.make_tensor(f"parameter-{number}", TensorProto.INT64, [len(values)], values)
        for number, values in enumerate(parameters or [])
    ]
    nodes = [
        helper.make_node(operator, ["image", *(weight.name for weight in weights)], ["changed"]),
        helper.make_node("Flatten", ["changed"], ["confidences"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("confidences", TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return BatchedSession(Session(model.SerializeToString(), 1), "image", "confidences")


def pictures(number: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(number).random((number, 3, SIDE, SIDE), np.float32)


@pytest.mark.parametrize("size", range(1, LARGEST_BATCH + 1))
def test_each_picture_has_its_row(size: int) -> None:
    session = batched("Neg", ["N", 3, SIDE, SIDE])
    assert session.largest == LARGEST_BATCH
    for _ in range(3):
        np.testing.assert_array_equal(session.run(pictures(size)), -pictures(size).reshape(size, -1))


def test_a_graph_that_mixes_the_pictures_of_a_batch_is_run_for_each_alone() -> None:
    """Sums over the pictures before: what a picture gets would depend on who else asks."""
    session = batched("CumSum", ["N", 3, SIDE, SIDE], [[0]])
    for _ in range(3):
        np.testing.assert_array_equal(session.run(pictures(3)), pictures(3).reshape(3, -1))


def test_a_graph_that_takes_one_picture_only_is_run_for_each_alone() -> None:
    session = batched("Reshape", ["N", 3, SIDE, SIDE], [[1, 3, SIDE, SIDE]])
    for _ in range(3):
        np.testing.assert_array_equal(session.run(pictures(2)), pictures(2).reshape(2, -1))


@pytest.mark.parametrize("shape", [[1, 3, SIDE, SIDE], ["N", 3, 1024, 1024], ["N", 3, "height", "width"]])
def test_there_are_no_batches_of_a_fixed_number_or_of_large_pictures(shape: list[int | str]) -> None:
    assert batched("Neg", shape).largest == 1


@pytest.mark.parametrize("size", [1, 2])
def test_a_graph_without_a_row_for_each_picture_is_an_error(size: int) -> None:
    session = batched("Reshape", ["N", 3, SIDE, SIDE], [[3, SIDE * SIDE]])
    with pytest.raises(ValueError, match="a row for each"):
        session.run(pictures(size))
