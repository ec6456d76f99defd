"""Two habits of the Java service behind the wire that clients can see: its regular expressions and its way to print
values.
"""

from __future__ import annotations

import math
import re
import struct
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import cache

FullMatch = Callable[[str], object]
"""Gives something truthy when the whole string matches."""

MAX_DEPTH = 8

_LINE_TERMINATORS = r"\n\r\u0085\u2028\u2029"
_SHORTHANDS = {"d": "0-9", "s": r" \t\n\x0b\f\r", "w": "a-zA-Z0-9_"}

_LINEAR_EQUIVALENTS = {
    # Tried at every position, `.*\S.*` takes quadratic time on a text that ends with a line break.
    r".*\S.*": rf"[^{_LINE_TERMINATORS}]*+[\u0085\u2028\u2029][^{_LINE_TERMINATORS}]*+"
    rf"|[ \t\x0b\f]*+[^\s{_LINE_TERMINATORS}][^{_LINE_TERMINATORS}]*+",
}


@cache
def compile_java_pattern(pattern: str) -> FullMatch:
    r"""Compile a Java regular expression of a service model for matching a whole value.

    Java's `.` excludes five line terminators, its `\d \s \w` are ASCII, and `\p{L}` names a Unicode category; Python
    differs in all three. Matching takes time linear in the text for all patterns of Rekognition. Raises re.error for
    a pattern outside this subset.
    """
    if pattern in _LINEAR_EQUIVALENTS:
        return re.compile(_LINEAR_EQUIVALENTS[pattern]).fullmatch
    return re.compile(java_pattern_to_python(pattern)).fullmatch


def java_pattern_to_python(pattern: str) -> str:
    """The same expression in Python's `re` syntax."""
    pieces: list[str] = []
    inside_class = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            piece, position = _translate_escape(pattern, position, inside_class)
            pieces.append(piece)
            continue
        if character == "." and not inside_class:
            character = f"[^{_LINE_TERMINATORS}]"
        elif character == "[":
            inside_class, character = True, r"\[" if inside_class else "["
        elif character == "]":
            inside_class = False
        pieces.append(character)
        position += 1
    return "".join(pieces)


def _translate_escape(pattern: str, position: int, inside_class: bool) -> tuple[str, int]:
    """The piece for the escape at `position`, and the position after it."""
    letter = pattern[position + 1 : position + 2]
    if letter == "p":
        end = pattern.index("}", position)
        ranges = category_ranges(pattern[position + 3 : end])
        return ranges if inside_class else f"[{ranges}]", end + 1
    if letter in _SHORTHANDS:
        members = _SHORTHANDS[letter]
        return members if inside_class else f"[{members}]", position + 2
    if letter.lower() in _SHORTHANDS and letter and not inside_class:
        return f"[^{_SHORTHANDS[letter.lower()]}]", position + 2
    return pattern[position : position + 2], position + 2


@cache
def category_ranges(category: str) -> str:
    """The characters of a Unicode category (`L`, `Nd`, …) as ranges for a character class.

    Only the first four planes are searched: letters, numbers and separators are assigned in no other.
    """
    # Names have an upper-case letter and a lower-case one, so that a match begins and ends with whole names.
    names = re.finditer(f"(?:{category}{'.' if len(category) == 1 else ''})+", _categories())
    return "".join(f"\\U{found.start() // 2:08x}-\\U{found.end() // 2 - 1:08x}" for found in names)


@cache
def _categories() -> str:
    """The categories of the first four planes, two letters each: one pass, since each asked by itself takes a while."""
    return "".join(map(unicodedata.category, map(chr, range(0x40000))))


def java_text(value: object, depth: int = 0) -> str:
    """How Java prints a JSON value or a blob inside an error message (api-facts §1.5); nesting beyond MAX_DEPTH is
    cut.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_float(value)
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, (dict, list)) and depth == MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item, depth + 1)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(item, depth + 1) for item in value) + "]"
    return str(value)


def java_float(value: float) -> str:
    """Java's `Float.toString`: the fewest digits that name the same 32-bit number, at least one after the point."""
    if math.isnan(value):
        return "NaN"
    single = _to_single(value)
    if math.isinf(single):
        return "Infinity" if single > 0 else "-Infinity"
    digits = Decimal(
        next(text for places in range(1, 18) if _to_single(float(text := f"{single:.{places}g}")) == single)
    )
    if single == 0 or 1e-3 <= abs(single) < 1e7:
        return _with_point(f"{digits:f}")
    mantissa, exponent = f"{digits:E}".split("E")
    return f"{_with_point(mantissa)}E{int(exponent)}"


def _to_single(value: float) -> float:
    try:
        single: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return single


def _with_point(digits: str) -> str:
    return digits if "." in digits else f"{digits}.0"
