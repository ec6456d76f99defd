"""Models as files: one ONNX graph that needs nothing beside it, with labels and thresholds in its metadata (O-25)."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from emulator.vision.examples import ModelKind

FORMAT_VERSION = "1"


def write_model(
    model: onnx.ModelProto,
    path: Path,
    *,
    kind: ModelKind,
    labels: Sequence[str],
    thresholds: Mapping[str, float],
    metadata: Mapping[str, str],
) -> None:
    """Write `model` to `path` with its metadata: all of it appears there or nothing does, even if the power fails.

    The keys `format`, `kind`, `labels` (a JSON array) and `thresholds` (a JSON object, 0…1) are set here, those of
    `metadata` are added. Raises ValueError if a threshold is missing.
    """
    missing = set(labels) - set(thresholds)
    if missing:
        raise ValueError(f"no threshold for {', '.join(sorted(missing))}")
    properties = {
        **metadata,
        "format": FORMAT_VERSION,
        "kind": kind.value,
        "labels": json.dumps(list(labels), ensure_ascii=False),
        "thresholds": json.dumps({label: float(thresholds[label]) for label in labels}, ensure_ascii=False),
    }
    finished = onnx.ModelProto()
    finished.CopyFrom(model)
    onnx.helper.set_model_props(finished, dict(sorted(properties.items())))
    onnx.checker.check_model(finished)
    write_atomically(path, finished.SerializeToString(deterministic=True))


def name_output(model: onnx.ModelProto, name: str, columns: int) -> None:
    """Make the tensor `name`, float32 [N, columns], the only output of `model`."""
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", columns]))


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary file in the same folder, flush it to the disk, then rename it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
