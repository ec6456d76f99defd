import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from emulator.vision.errors import ModelFileError
from emulator.vision.examples import ModelKind
from emulator.vision.export import write_atomically, write_model
from emulator.vision.served_model import ServedModel


def tiny_model() -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "tiny", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_labels_and_thresholds_travel_with_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_model(
        tiny_model(),
        path,
        kind=ModelKind.DETECTION,
        labels=["Käse", "b"],
        thresholds={"b": 0.5, "Käse": 0.25, "unused": 1},
        metadata={"seed": "0"},
    )
    found = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert found["kind"] == "detection"
    assert json.loads(found["labels"]) == ["Käse", "b"]
    assert json.loads(found["thresholds"]) == {"Käse": 0.25, "b": 0.5}
    assert found["seed"] == "0"


def test_a_missing_threshold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no threshold for b"):
        write_model(
            tiny_model(), tmp_path / "m", kind=ModelKind.DETECTION, labels=["a", "b"], thresholds={"a": 1}, metadata={}
        )
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    write_atomically(path, b"old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, f"No space left on device {descriptor}")

    monkeypatch.setattr("emulator.vision.export.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, b"", b"not a model", tiny_model().SerializeToString()])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError):
        ServedModel.load(path)
