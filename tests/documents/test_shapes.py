"""emulator/domain/shapes.py is what the installed service model says."""

from __future__ import annotations

from pathlib import Path

from emulator.documents.shapes import document, structures
from emulator.wire.service_model import load_service_model

MODULE = Path(__file__).resolve().parents[2] / "emulator" / "domain" / "shapes.py"


def test_the_types_are_those_of_the_service_model() -> None:
    """`make docs` writes them anew. A newer botocore may have more members; none of ours may be gone or changed."""
    written = MODULE.read_text(encoding="utf-8")
    classes = dict(zip(*[iter(_split(written))] * 2, strict=True))
    for name, body in zip(*[iter(_split(document()))] * 2, strict=True):
        missing = set(classes[name].splitlines()) - set(body.splitlines())
        assert not missing, f"{name} of the service model has no {missing}"


def test_every_structure_stands_after_those_that_it_is_made_of() -> None:
    seen: set[str] = set()
    model = load_service_model()
    for name, shape in structures(model).items():
        for member in shape.get("members", {}).values():
            assert model.shapes[member["shape"]]["type"] != "structure" or member["shape"] in seen, (name, member)
        seen.add(name)


def _split(module: str) -> list[str]:
    """Names and bodies of the classes, in turn."""
    parts: list[str] = []
    for block in module.split("\n\n\nclass ")[1:]:
        name, _, body = block.partition("(TypedDict):")
        parts += [name, body]
    return parts
