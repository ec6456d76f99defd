"""emulator/domain/shapes.py, written from botocore's service model: the types of the 23 operations' requests and
answers, so that `operations` and `storage` are checked against AWS's own shapes.

`python -m emulator.documents.shapes > emulator/domain/shapes.py`; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator

from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, ServiceModel, Shape, load_service_model

_HEAD = '''"""Requests and answers of the 23 operations, written by `make docs` from botocore's model: do not edit.

A blob is bytes in a request, a timestamp epoch seconds in an answer; an enumerated value is its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict
'''

_PLAIN = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "blob": "bytes",
    "timestamp": "float",
}


def structures(model: ServiceModel) -> dict[str, Shape]:
    """The structures that the 23 operations take and give, each after those that it is made of."""
    found: dict[str, Shape] = {}

    def visit(name: str) -> None:
        shape = model.shapes[name]
        if name in found:
            return
        for part in _parts(shape):
            visit(part)
        if shape["type"] == "structure":
            found[name] = shape

    for operation in sorted(CUSTOM_LABELS_OPERATIONS):
        visit(model.operations[operation].input_shape)
        visit(model.operations[operation].output_shape)
    return found


def _parts(shape: Shape) -> Iterator[str]:
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for role in ("member", "key", "value"):
        if role in shape:
            yield shape[role]["shape"]


def _type_of(model: ServiceModel, name: str) -> str:
    shape = model.shapes[name]
    match shape["type"]:
        case "structure":
            return name
        case "list":
            return f"Sequence[{_type_of(model, shape['member']['shape'])}]"
        case "map":
            return f"Mapping[str, {_type_of(model, shape['value']['shape'])}]"
        case plain:
            return _PLAIN[plain]


def _definition(model: ServiceModel, name: str, shape: Shape) -> str:
    members, required = shape.get("members", {}), set(shape.get("required", ()))
    lines = [f"class {name}(TypedDict):", f'    """The structure {name} of the service model."""', ""]
    for member, reference in members.items():
        kind = _type_of(model, reference["shape"])
        lines.append(f"    {member}: {kind if member in required else f'NotRequired[{kind}]'}")
    return "\n".join(lines).rstrip()


def document() -> str:
    """The module with all types."""
    model = load_service_model()
    definitions = [_definition(model, name, shape) for name, shape in structures(model).items()]
    return "\n\n\n".join([_HEAD.rstrip(), *definitions]) + "\n"


if __name__ == "__main__":
    print(document(), end="")
