"""Model repositories: what their configuration says is what the file's tensors are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from emulator.vision.errors import ModelFileError
from emulator.vision.model_repository import inference_service, write_model_repository
from support.triton_config import parse_model_config

LABELS = ['with "quotes" and \\', "plain", "zwei\nZeilen", "猫"]


def write_model(
    path: Path, outputs: list[onnx.NodeProto], declared: list[onnx.ValueInfoProto], image: onnx.ValueInfoProto
) -> None:
    graph = helper.make_graph(outputs, "g", [image], declared)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    properties = {"kind": "k", "labels": json.dumps(LABELS), "thresholds": "{}", "input": "{}"}
    helper.set_model_props(model, properties)
    onnx.save(model, path)


def read(place: Path) -> Any:
    return parse_model_config((place / "config.pbtxt").read_text())


def test_a_classifier_takes_batches(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    confidences = helper.make_tensor_value_info("confidences", TensorProto.FLOAT, ["n", 3])
    node = helper.make_node("ReduceMean", ["image"], ["confidences"], axes=[2, 3], keepdims=0)
    write_model(path, [node], [confidences], image)
    place = write_model_repository(path, tmp_path / "repository", "rooms-1")

    config = read(place)
    assert (config.name, config.backend, config.max_batch_size) == ("rooms-1", "onnxruntime", 8)
    [given], [answer] = config.input, config.output
    assert (given.name, given.data_type, list(given.dims)) == ("image", 1, [3, 8, 8])
    assert (answer.name, list(answer.dims), answer.label_filename) == ("confidences", [3], "labels.txt")
    assert json.loads(config.parameters["labels"].string_value) == LABELS
    assert (place / "labels.txt").read_text().splitlines() == ['with "quotes" and \\', "plain", "zwei Zeilen", "猫"]
    assert (place / "1" / "model.onnx").read_bytes() == path.read_bytes()


def test_a_detector_takes_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 8, 8, 3])
    declared = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["boxes", 4]),
        helper.make_tensor_value_info("labels", TensorProto.INT64, ["boxes"]),
    ]
    nodes = [
        helper.make_node("NonZero", ["image"], ["found"]),
        helper.make_node("Transpose", ["found"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["boxes"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["whole"], ["labels"], axes=[1], keepdims=0),
    ]
    write_model(path, nodes, declared, image)
    config = read(write_model_repository(path, tmp_path, "boxes"))
    assert config.max_batch_size == 0 and not config.HasField("dynamic_batching")
    assert [(one.name, one.data_type, list(one.dims)) for one in (*config.input, *config.output)] == [
        ("image", 2, [1, 8, 8, 3]),
        ("boxes", 1, [-1, 4]),
        ("labels", 3, [-1]),
    ]


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3])
    write_model(path, [helper.make_node("Identity", ["image"], ["out"])], [image], image)
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileExistsError, match="taken is there already"):
        write_model_repository(path, tmp_path, "taken")
    assert list((tmp_path / "taken").iterdir()) == []
    for name in ("../outside", "", "..", "a/b"):
        with pytest.raises(ValueError, match="cannot be the name of a model"):
            write_model_repository(path, tmp_path, name)


def test_files_that_no_training_wrote_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelFileError):
        write_model_repository(path, tmp_path / "repository", "model")
    assert not (tmp_path / "repository").exists()


def test_the_service_of_kserve() -> None:
    service = yaml.safe_load(inference_service("Rooms_2", 's3://models/"rooms"'))
    assert service["metadata"]["name"] == "rooms-2"
    assert service["spec"]["predictor"]["model"] == {
        "modelFormat": {"name": "onnx"},
        "runtime": "kserve-tritonserver",
        "protocolVersion": "v2",
        "storageUri": 's3://models/"rooms"',
    }
