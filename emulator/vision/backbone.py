"""The pretrained networks that every model starts from: found, verified, cut to the part that is needed.

The tensors' names are described in models/PROVENANCE.md.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from emulator.vision.errors import ModelFileError
from emulator.vision.onnx_session import Session
from emulator.vision.processor import sums_bytes_exactly

DEFAULT_BACKBONE = "efficientnet_lite0"

_PACKAGE = Path(__file__).parents[1]
# In an installed wheel the files are part of the package; in a checkout they lie beside it.
_FOLDERS = (_PACKAGE / "_bundled" / "models", _PACKAGE.parent / "models")


def available_backbones() -> tuple[str, ...]:
    """Names of the backbones that are shipped, in alphabetical order."""
    return tuple(sorted(Path(name).stem for name in _checksums(_folder()) if name.endswith(".onnx")))


def backbone_path(name: str = DEFAULT_BACKBONE) -> Path:
    """The backbone's file, its SHA-256 verified once per process. Raises ModelFileError."""
    return shipped_file(f"{name}.onnx")


def shipped_file(name: str) -> Path:
    """A file of `models/`, its SHA-256 verified once per process. Raises ModelFileError."""
    return _verified(_folder(), name)


@functools.lru_cache(maxsize=4)
def backbone_weights(name: str = DEFAULT_BACKBONE) -> dict[str, npt.NDArray[np.float32]]:
    """The weights by name, float32 whatever they are stored as (`X.weight.fp16` appears as `X.weight`); read-only."""
    model = onnx.load(backbone_path(name))
    weights = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor).astype(np.float32)
        values.flags.writeable = False
        weights[tensor.name.removesuffix(".fp16")] = values
    return weights


def byte_version(name: str) -> str | None:
    """The name of the 8-bit version of a shipped network where this processor is quicker with it, else None.

    It takes half the time or less and sees nearly the same (models/PROVENANCE.md).
    """
    return f"{name}_int8" if sums_bytes_exactly() else None


def trunk(outputs: Sequence[str], name: str = DEFAULT_BACKBONE, front: str | None = None) -> onnx.ModelProto:
    """The backbone from `image` to the named tensors, which may be any inside it, without what they do not need.

    `front` names another shipped file, whose outputs take the place of the backbone's tensors of the same names.
    """
    model = onnx.load(backbone_path(name))
    if front is not None:
        model = _with_front(model, onnx.load(backbone_path(front)))
    return cut(model, outputs)


def _with_front(model: onnx.ModelProto, front: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with the outputs of `front` in place of its own tensors of these names; the rest of its names differ."""
    given = {output.name for output in front.graph.output}
    # A named output is an Identity of the tensor that the backbone itself goes on with.
    renamed = {node.input[0]: node.output[0] for node in model.graph.node if given.intersection(node.output)}
    nodes = [node for node in model.graph.node if not given.intersection(node.output)]
    for node in nodes:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    joined = onnx.ModelProto()
    joined.CopyFrom(model)
    del joined.graph.node[:]
    joined.graph.node.extend([*front.graph.node, *nodes])
    joined.graph.initializer.extend(front.graph.initializer)
    return joined


def cut(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """`model` reduced to what the tensors `outputs` need; they become the outputs, in this order.

    Raises ModelFileError for a name that no node produces.
    """
    needed = set(outputs)
    nodes = []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    missing = set(outputs) - {output for node in nodes for output in node.output}
    if missing:
        raise ModelFileError(f"the model has no tensor called {', '.join(sorted(missing))}")
    reduced = onnx.ModelProto()
    reduced.CopyFrom(model)
    known = {item.name: item for item in (*model.graph.output, *model.graph.value_info)}
    del reduced.graph.node[:], reduced.graph.output[:], reduced.graph.initializer[:], reduced.graph.value_info[:]
    reduced.graph.node.extend(reversed(nodes))
    reduced.graph.initializer.extend(item for item in model.graph.initializer if item.name in needed)
    for output in outputs:
        plain = onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)
        reduced.graph.output.append(known.get(output, plain))
    return reduced


def replace_weights(model: onnx.ModelProto, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Put other values in place of weights, called as `backbone_weights` does, in the precision of those replaced."""
    stored = {tensor.name.removesuffix(".fp16"): tensor for tensor in model.graph.initializer}
    for name, values in weights.items():
        tensor = stored[name]
        precision = np.float16 if tensor.name.endswith(".fp16") else np.float32
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, dtype=precision), tensor.name))


def open_trunk(outputs: Sequence[str], threads: int, name: str = DEFAULT_BACKBONE) -> Session:
    """A session that computes the named tensors of the backbone."""
    return Session(trunk(outputs, name).SerializeToString(), threads)


def _folder() -> Path:
    for folder in _FOLDERS:
        if (folder / "checksums.json").is_file():
            return folder
    raise ModelFileError(f"no backbones found in {' or '.join(str(folder) for folder in _FOLDERS)}")


@functools.lru_cache(maxsize=4)
def _checksums(folder: Path) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = json.loads((folder / "checksums.json").read_text())
    return entries


@functools.lru_cache(maxsize=8)
def _verified(folder: Path, name: str) -> Path:
    path = folder / name
    entry = _checksums(folder).get(name)
    if entry is None:
        raise ModelFileError(f"no file called {name} is shipped")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{name} cannot be read: {error.strerror}") from error
    if found != entry["sha256"]:
        raise ModelFileError(f"{name} is damaged: its SHA-256 is not that of checksums.json")
    return path
