"""Bytes of a manifest line to JSON objects and back."""

from __future__ import annotations

import json
import math
import re

from emulator.domain.json_values import JsonValue
from emulator.domain.manifest.findings import Document
from emulator.domain.manifest.limits import MAXIMUM_NESTING

ADDED_KEYS = ("errors", "warnings", "cl-errors", "cl-metadata")
"""Keys that listings and validation manifests add to a line; on the way in they are taken out (VR-6, F-9)."""

_HINTS = (b'errors"', b'warnings"', b'cl-metadata"', b"\\u")
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


class NotJsonObjectError(ValueError):
    """The bytes are not one JSON object as RFC 8259 has it (J-9).

    The message says why in a few words, `column` where, in characters from 1.
    """

    def __init__(self, problem: str, column: int = 1) -> None:
        super().__init__(problem)
        self.column = column


def _refuse_constant(name: str) -> JsonValue:
    raise NotJsonObjectError(f"{name} is not JSON")


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJsonObjectError("a number is too large")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decode_line(text: str, raw: bytes) -> Document:
    """The JSON object of a line (`text` is `raw` decoded). Raises NotJsonObjectError.

    Refused beyond bad syntax: NaN, Infinity and numbers outside the range of doubles, escapes of single surrogates
    (they are not Unicode text), integers of more than 4,300 digits, and more than 100 levels of nesting.
    """
    try:
        document = _decode(text)
        if b"\\u" in raw:
            _ENCODER.encode(document).encode()
    except NotJsonObjectError:
        raise
    except json.JSONDecodeError as error:
        raise NotJsonObjectError(error.msg[:1].lower() + error.msg[1:], error.colno) from None
    except RecursionError:
        raise NotJsonObjectError("nested too deeply") from None
    except UnicodeEncodeError:
        raise NotJsonObjectError("an escape gives half a character") from None
    except ValueError:
        raise NotJsonObjectError("a number has too many digits") from None
    if not isinstance(document, dict):
        raise NotJsonObjectError("the line is not a JSON object")
    if raw.count(b"[") + raw.count(b"{") > MAXIMUM_NESTING and _depth(raw) > MAXIMUM_NESTING:
        raise NotJsonObjectError("nested too deeply")
    return document


def _decode(text: str) -> JsonValue:
    """As JSONDecoder.decode, which takes twice as long for a short line."""
    try:
        document, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError:
        end = -1
    return document if end == len(text) else _DECODER.decode(text)


def encode_document(document: Document) -> str:
    """The document as one compact JSON line."""
    return _ENCODER.encode(document)


def may_hold_added_keys(raw: bytes) -> bool:
    """A quick test that never misses one of ADDED_KEYS."""
    errors, warnings, metadata, escape = _HINTS
    return errors in raw or warnings in raw or metadata in raw or escape in raw


def remove_added_keys(document: Document) -> bool:
    """Take ADDED_KEYS out of the line, its attributes, its metadata and its annotations; whether any was there."""
    removed = _remove(document)
    for value in document.values():
        if not isinstance(value, dict):
            continue
        removed |= _remove(value)
        annotations = value.get("annotations")
        if isinstance(annotations, list):
            for annotation in annotations:
                if isinstance(annotation, dict):
                    removed |= _remove(annotation)
    return removed


def _remove(holder: Document) -> bool:
    found = [key for key in ADDED_KEYS if key in holder]
    for key in found:
        del holder[key]
    return bool(found)


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.findall(raw):
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest
