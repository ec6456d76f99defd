"""XML documents of S3 requests."""

from __future__ import annotations

from xml.etree import ElementTree

from emulator.s3.errors import S3Error


def parse(body: bytes, root: str | None = None, error: str = "MalformedXML") -> ElementTree.Element:
    """A request's document with namespaces taken off. Raises `error` for anything but a plain document named `root`."""
    # No entity can be declared, so none can explode. In UTF-16 the words would not be found; it is full of zero bytes.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise S3Error(error)
    try:
        element = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as failure:
        raise S3Error(error) from failure
    for node in element.iter():
        node.tag = node.tag.rpartition("}")[2]
    if root is not None and element.tag != root:
        raise S3Error(error)
    return element


def child_text(element: ElementTree.Element, name: str) -> str | None:
    """The text of a child element; "" for an empty one, None where there is none."""
    child = element.find(name)
    return None if child is None else child.text or ""
