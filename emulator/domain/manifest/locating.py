"""Where in the text of a JSON line a field stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


def column_of(text: str, path: Sequence[str | int]) -> int:
    """The column (from 1, in characters) at which the value behind a path of keys and indices begins.

    Follows the path as far as it goes; of a repeated key the last one counts, as in decoding. For text that is not JSON
    the column of the last step that could be read.
    """
    position = _skip(text, 0)
    try:
        for step in path:
            found = _child(text, position, step)
            if found is None:
                break
            position = found
    except (ValueError, IndexError, RecursionError):
        pass
    return position + 1


def span_of(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """The column (from 1) of the value behind a path, as `column_of` finds it, and how many characters it has.

    Of an object or a list the width is 1: its opening bracket.
    """
    column = column_of(text, path)
    if text[column - 1 : column] in ("{", "["):
        return column, 1
    try:
        return column, max(1, _DECODER.raw_decode(text, column - 1)[1] - column + 1)
    except (ValueError, RecursionError):
        return column, 1


def _child(text: str, position: int, step: str | int) -> int | None:
    if text[position] == "{":
        return _member(text, position + 1, str(step))
    if text[position] == "[" and isinstance(step, int):
        return _element(text, position + 1, step)
    return None


def _member(text: str, position: int, key: str) -> int | None:
    found = None
    position = _skip(text, position)
    while text[position] == '"':
        name, position = scanstring(text, position + 1, True)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            found = position
        position = _skip(text, _DECODER.raw_decode(text, position)[1])
        if text[position] != ",":
            break
        position = _skip(text, position + 1)
    return found


def _element(text: str, position: int, index: int) -> int | None:
    position = _skip(text, position)
    for _ in range(index):
        position = _skip(text, _DECODER.raw_decode(text, position)[1])
        if text[position] != ",":
            return None
        position = _skip(text, position + 1)
    return None if text[position] == "]" else position


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position
