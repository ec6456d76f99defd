"""Model repositories of other servers: the folder that Triton and KServe load a model from (docs/serving-elsewhere.md).

The layout and the names of the fields are those of NVIDIA's Triton Inference Server, "Model Repository" and "Model
Configuration"; KServe's Triton runtime reads the same folder.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from emulator.vision.errors import ModelFileError
from emulator.vision.onnx_session import Session, Tensor

MOST_IN_A_BATCH = 8
_DATA_TYPES = {"tensor(float)": "TYPE_FP32", "tensor(uint8)": "TYPE_UINT8", "tensor(int64)": "TYPE_INT64"}
_LABELS_FILE = "labels.txt"
_PARAMETERS = ("kind", "labels", "thresholds", "input")
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,255}")


def write_model_repository(model: Path, directory: Path, name: str) -> Path:
    """Write `directory/name` with the model as its version 1, its configuration and its labels; the folder's path.

    `directory` is made where it is missing; what has the model's name there already is not touched: FileExistsError.
    Raises ModelFileError for a file that a training did not write, ValueError for a name that is none.
    """
    if not _NAME.fullmatch(name) or name.strip(".") == "":
        raise ValueError(f"{name!r} cannot be the name of a model: letters, digits, '_', '.' and '-'")
    session = Session(model, threads=1)
    configuration = triton_configuration(session, name)
    labels = json.loads(session.metadata["labels"])
    directory.mkdir(parents=True, exist_ok=True)
    place, unfinished = directory / name, directory / f".{name}.unfinished"
    if place.exists():
        raise FileExistsError(f"{place} is there already")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "1").mkdir(parents=True)
    shutil.copyfile(model, unfinished / "1" / "model.onnx")
    (unfinished / _LABELS_FILE).write_text("".join(f"{_one_line(label)}\n" for label in labels))
    (unfinished / "config.pbtxt").write_text(configuration)
    # Servers that poll the repository see the whole model or none.
    unfinished.rename(place)
    return place


def triton_configuration(session: Session, name: str) -> str:
    """`config.pbtxt` of a trained model: its tensors as the file declares them, labels and thresholds as parameters.

    Pictures come in batches where the file leaves their number open, which classifiers do. Raises ModelFileError.
    """
    missing = set(_PARAMETERS) - session.metadata.keys()
    if missing:
        raise ModelFileError(f"the model does not say its {' and '.join(sorted(missing))}: no training wrote it")
    in_batches = all(len(one.shape) > 1 and not isinstance(one.shape[0], int) for one in session.inputs)
    lines = [
        f"name: {_quoted(name)}",
        'backend: "onnxruntime"',
        'default_model_filename: "model.onnx"',
        f"max_batch_size: {MOST_IN_A_BATCH if in_batches else 0}",
        *(_tensor("input", tensor, in_batches) for tensor in session.inputs),
        *(_tensor("output", tensor, in_batches) for tensor in session.outputs),
        *(["dynamic_batching { }"] if in_batches else []),
        *(_parameter(key, session.metadata[key]) for key in _PARAMETERS),
    ]
    return "\n".join(lines) + "\n"


def inference_service(name: str, storage_uri: str) -> str:
    """KServe's InferenceService, as YAML, for a repository at `storage_uri`.

    A Kubernetes name has lower-case letters, digits and '-': others become '-'.
    """
    kubernetes_name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "model"
    return "\n".join(
        [
            "apiVersion: serving.kserve.io/v1beta1",
            "kind: InferenceService",
            "metadata:",
            f"  name: {json.dumps(kubernetes_name)}",
            "spec:",
            "  predictor:",
            "    model:",
            "      modelFormat:",
            "        name: onnx",
            "      runtime: kserve-tritonserver",
            "      protocolVersion: v2",
            f"      storageUri: {json.dumps(storage_uri)}",
            "",
        ]
    )


def _tensor(field: str, tensor: Tensor, in_batches: bool) -> str:
    if tensor.type not in _DATA_TYPES:
        raise ModelFileError(f"the {field} {tensor.name} is a {tensor.type}: no training wrote this model")
    sides = tensor.shape[1:] if in_batches else tensor.shape
    dims = ", ".join(str(side) if isinstance(side, int) else "-1" for side in sides)
    # Triton answers its classification extension with these names.
    labels = f", label_filename: {_quoted(_LABELS_FILE)}" if tensor.name == "confidences" and in_batches else ""
    return (
        f"{field} [{{ name: {_quoted(tensor.name)}, data_type: {_DATA_TYPES[tensor.type]}, dims: [{dims}]{labels} }}]"
    )


def _parameter(key: str, value: str) -> str:
    return f"parameters {{ key: {_quoted(key)}, value: {{ string_value: {_quoted(value)} }} }}"


def _quoted(text: str) -> str:
    """A string of protobuf's text format."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else "".join(f"\\{b:03o}" for b in c.encode()) for c in escaped) + '"'


def _one_line(label: str) -> str:
    return " ".join(label.split())
