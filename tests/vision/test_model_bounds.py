"""Model files that no training wrote, and bounds on whatever runs a model."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emulator.vision.errors import ModelFileError
from emulator.vision.examples import ModelKind
from emulator.vision.export import write_model
from emulator.vision.model_check import require_own_model
from emulator.vision.onnx_session import Session
from emulator.vision.run_limit import RunWatch
from emulator.vision.served_model import ServedModel

IMAGE = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])


def model(
    nodes: list[onnx.NodeProto], shape: list[int | str], weights: list[onnx.TensorProto] | None = None
) -> onnx.ModelProto:
    output = helper.make_tensor_value_info("confidences", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "graph", [IMAGE], [output], weights or [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def endless_loop() -> onnx.ModelProto:
    """A Loop whose condition never becomes false."""
    true = helper.make_tensor("true", TensorProto.BOOL, [], [True])
    most = helper.make_tensor("most", TensorProto.INT64, [], [2**62])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Add", ["value", "value"], ["next_value"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, [1, 3, 8, 8]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next_value", TensorProto.FLOAT, [1, 3, 8, 8]),
        ],
    )
    loop = helper.make_node("Loop", ["most", "true", "image"], ["confidences"], body=body)
    return model([loop], [1, 3, 8, 8], [most, true])


def unfolding() -> onnx.ModelProto:
    """Sixty bytes that become eight gigabytes."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [2**31])
    return model([helper.make_node("ConstantOfShape", ["shape"], ["confidences"])], [2**31], [shape])


def doubling() -> onnx.ModelProto:
    """Forty times twice as much."""
    names = ["image", *(f"step {number}" for number in range(39)), "confidences"]
    steps = itertools.pairwise(names)
    return model(
        [helper.make_node("Concat", [before, before], [after], axis=0) for before, after in steps], ["n", 3, 8, 8]
    )


def written(path: Path, graph: onnx.ModelProto) -> Path:
    metadata = {"input": '{"width": 8, "height": 8}'}
    labels = ("one", "two")
    write_model(
        graph,
        path,
        kind=ModelKind.CLASSIFICATION,
        labels=labels,
        thresholds=dict.fromkeys(labels, 0.5),
        metadata=metadata,
    )
    return path


def test_what_a_training_writes_is_let_in(tmp_path: Path) -> None:
    plain = model([helper.make_node("Flatten", ["image"], ["confidences"])], [1, 192])
    require_own_model(written(tmp_path / "m.onnx", plain))
    assert ServedModel.load(tmp_path / "m.onnx", watch=RunWatch()).labels == ("one", "two")


@pytest.mark.parametrize("graph", [endless_loop(), unfolding()], ids=["loop", "unfolding"])
def test_what_no_training_writes_is_refused(tmp_path: Path, graph: onnx.ModelProto) -> None:
    with pytest.raises(ModelFileError, match="is not a model of this emulator"):
        ServedModel.load(written(tmp_path / "m.onnx", graph))


@pytest.mark.parametrize("content", [b"", b"a model", b"\x08\x08\x12\x04onnx", b"\xff" * 64])
def test_bytes_that_are_no_model_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelFileError):
        ServedModel.load(tmp_path / "m.onnx")


@pytest.mark.parametrize("others", [0, 2])
def test_a_run_that_does_not_end_is_ended(others: int) -> None:
    watch = RunWatch(seconds=1.0)
    image = {"image": np.zeros((1, 3, 8, 8), np.float32)}
    quick = Session(
        model([helper.make_node("Flatten", ["image"], ["confidences"])], [1, 192]).SerializeToString(), 1, watch
    )
    for _ in range(others):
        quick.run(image)
    endless = Session(endless_loop().SerializeToString(), 1, watch)
    with pytest.raises(Exception, match="terminate"):
        endless.run(image)
    assert quick.run(image)[0].shape == (1, 192)


def test_a_run_that_wants_all_memory_fails_alone() -> None:
    watch = RunWatch()
    image = {"image": np.zeros((1, 3, 8, 8), np.float32)}
    with pytest.raises(Exception, match=r"[Aa]rena|memory"):
        Session(doubling().SerializeToString(), 1, watch).run(image)
    quick = Session(
        model([helper.make_node("Flatten", ["image"], ["confidences"])], [1, 192]).SerializeToString(), 1, watch
    )
    assert quick.run(image)[0].shape == (1, 192)
