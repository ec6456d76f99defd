"""XML documents as S3, STS and other services of the REST and query protocols write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Control characters may stand in keys. S3 writes them as character references, so do we.
_SPECIAL = re.compile('[&<>"\\x00-\\x1f\\x7f]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}

Value = str | int | bool | None


def text(value: str) -> str:
    """Text as it stands inside an element."""
    return _SPECIAL.sub(lambda match: _NAMED.get(match[0]) or f"&#{ord(match[0])};", value)


def leaf(name: str, value: Value) -> str:
    """`<name>value</name>`; nothing at all for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"<{name}>{text(value)}</{name}>"
    return f"<{name}>{str(value).lower()}</{name}>"


def leaves(**values: Value) -> str:
    """Elements in the order of the arguments."""
    return "".join(leaf(name, value) for name, value in values.items())


def branch(name: str, children: str | Iterable[str], attributes: str = "") -> str:
    """`<name>children</name>` around XML that is already written."""
    inner = children if isinstance(children, str) else "".join(children)
    return f"<{name}{attributes}>{inner}</{name}>"


def document(name: str, children: str | Iterable[str], namespace: str = NAMESPACE) -> bytes:
    """A whole document in S3's namespace."""
    attributes = f' xmlns="{namespace}"' if namespace else ""
    return (_DECLARATION + branch(name, children, attributes)).encode("utf-8")


def timestamp(milliseconds: int) -> str:
    """`2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
