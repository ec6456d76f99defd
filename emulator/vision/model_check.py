"""Whether a model file is one that a training wrote: archives bring files from anywhere (O-15)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emulator.vision.errors import ModelFileError
from emulator.vision.export import FORMAT_VERSION

LARGEST_FILE = 512 << 20
"""Bytes; models have 5 to 50 MB."""

_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})
_ATTRIBUTES_WITH_GRAPHS = frozenset({"GRAPH", "GRAPHS"})
# What no exported graph has: they make tensors of any size out of a few numbers.
_GROWING = frozenset(
    {"ConstantOfShape", "Expand", "Tile", "Range", "RandomNormal", "RandomUniform", "EyeLike", "OneHot"}
)


def require_own_model(path: Path) -> None:
    """See that a graph has the form of those that trainings write: no loops or branches, no functions, no operators of
    others, no weights in other files, nothing that unfolds. Raises ModelFileError.
    """
    import onnx

    if path.stat().st_size > LARGEST_FILE:
        raise ModelFileError(f"{path.name} is larger than any model of this emulator")
    try:
        model = onnx.load_model(path, load_external_data=False)
    except Exception as error:  # protobuf's own kind of error has no types
        raise ModelFileError(f"{path.name} is not a model of this emulator: {error}") from error
    properties = {item.key: item.value for item in model.metadata_props}
    if properties.get("format") != FORMAT_VERSION:
        raise ModelFileError(f"{path.name} is not a model of this emulator: it does not have format {FORMAT_VERSION}")
    if model.functions:
        raise ModelFileError(f"{path.name} is not a model of this emulator: it has functions of its own")
    for what in _foreign(model.graph.node, model.graph.initializer):
        raise ModelFileError(f"{path.name} is not a model of this emulator: it has {what}")


def _foreign(nodes: Iterable[object], weights: Iterable[object]) -> Iterable[str]:
    import onnx

    kind_of = onnx.AttributeProto.AttributeType.Name
    for node in nodes:
        assert isinstance(node, onnx.NodeProto)
        if node.domain not in _DOMAINS or node.op_type in _GROWING:
            yield f"the operator {node.domain}.{node.op_type}"
        if any(kind_of(attribute.type) in _ATTRIBUTES_WITH_GRAPHS for attribute in node.attribute):
            yield f"the operator {node.op_type}, which runs graphs of its own"
    for weight in weights:
        assert isinstance(weight, onnx.TensorProto)
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            yield "weights in another file"
