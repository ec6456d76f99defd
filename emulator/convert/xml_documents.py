"""XML files of other tools, read so that no file can blow up or reach out: no entity, no endless depth."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from emulator.lint.errors import ConversionError

_DEEPEST = 64


class _ForbiddenError(Exception):
    """Something that no annotation needs."""


def read_xml(path: Path, what: str, most_bytes: int) -> ElementTree.Element:
    """The root element. Raises ConversionError, which calls the file `what`.

    Entities are refused where the parser meets their declaration, so in whatever encoding they are written; external
    ones are not read.
    """
    if path.stat().st_size > most_bytes:
        raise ConversionError(f"{path} is not {what}: it has more than {most_bytes:,} bytes")
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _ForbiddenError("its elements lie too deep in each other")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise _ForbiddenError("it declares entities")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
        return builder.close()
    except _ForbiddenError as error:
        raise ConversionError(f"{path} is not {what}: {error}") from None
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise ConversionError(f"{path} is not XML: {error}") from None


def attribute(element: ElementTree.Element, name: str, path: Path) -> str:
    """An attribute's text. Raises ConversionError where it is missing or empty."""
    value = element.get(name, "")
    if not value:
        raise ConversionError(f"{path}: {element.tag} has no {name}")
    return value


def number(element: ElementTree.Element, name: str, path: Path, default: float | None = None) -> float:
    """An attribute that is a number of pixels or degrees. Raises ConversionError."""
    text = element.get(name)
    if text is None and default is not None:
        return default
    try:
        value = float(text or "")
    except ValueError:
        raise ConversionError(f"{path}: {name} of {element.tag} is not a number: {text!r}") from None
    if not abs(value) < 1e9:
        raise ConversionError(f"{path}: {name} of {element.tag} is not a number of pixels: {text!r}")
    return value
