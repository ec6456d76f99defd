"""XML documents of S3 requests."""

from __future__ import annotations

from typing import cast
from xml.etree import ElementTree

from emulator.s3.errors import S3Error

_PIECE_BYTES = 16_384
_DEEPEST = 32  # S3's documents have five levels
_MOST_ELEMENTS = 100_000  # 10,000 parts with number, entity tag and checksum are 40,001


def parse(body: bytes, root: str | None = None, error: str = "MalformedXML") -> ElementTree.Element:
    """A request's document with namespaces taken off. Raises `error` for anything but a plain document named `root`."""
    # No entity can be declared, so none can explode. In UTF-16 the words would not be found; it is full of zero bytes.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise S3Error(error)
    try:
        element = _read(body)
    except (ElementTree.ParseError, ValueError, LookupError) as failure:
        raise S3Error(error) from failure
    if root is not None and element.tag != root:
        raise S3Error(error)
    return element


def _read(body: bytes) -> ElementTree.Element:
    """The root element, its namespaces taken off. Raises ParseError, or ValueError for what is too deep or too many.

    In pieces, since the parser holds the interpreter while it reads one.
    """
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    depth = elements = 0
    for position in range(0, max(1, len(body)), _PIECE_BYTES):
        parser.feed(body[position : position + _PIECE_BYTES])
        for found in parser.read_events():
            event, node = cast(tuple[str, ElementTree.Element], found)
            if event == "end":
                depth -= 1
                continue
            root = node if root is None else root
            node.tag = node.tag.rpartition("}")[2]
            depth, elements = depth + 1, elements + 1
            if depth > _DEEPEST or elements > _MOST_ELEMENTS:
                raise ValueError("the document is deeper or has more elements than any of S3's")
    parser.close()
    assert root is not None, "a document without an element is not well-formed"
    return root


def child_text(element: ElementTree.Element, name: str) -> str | None:
    """The text of a child element; "" for an empty one, None where there is none."""
    child = element.find(name)
    return None if child is None else child.text or ""
