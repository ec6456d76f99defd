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

# All categories there are, each with a character of private use that stands in for its members outside ASCII; ASCII
# and line terminators, which patterns name by themselves, stay what they are.
_CATEGORIES = (
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
    *("Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"),
)
_STAND_INS = {category: chr(0xE000 + number) for number, category in enumerate(_CATEGORIES)}
_THEMSELVES = frozenset(map(chr, range(0x80))) | {"\u0085", "\u2028", "\u2029"}
_NAMES_NON_ASCII = re.compile(r"\\(?:u(?!00[0-7])|x(?![0-7]))")

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

    A class of all letters has hundreds of ranges and takes a tenth of a second to compile. So where a pattern names
    categories, a character outside ASCII is matched by a stand-in for its category.
    """
    if pattern in _LINEAR_EQUIVALENTS:
        return re.compile(_LINEAR_EQUIVALENTS[pattern]).fullmatch
    match = re.compile(java_pattern_to_python(pattern)).fullmatch
    if r"\p{" not in pattern:
        return match
    if not pattern.isascii() or _NAMES_NON_ASCII.search(pattern):
        raise re.error("categories beside characters outside ASCII", pattern)
    return lambda text: match(text if text.isascii() else _with_stand_ins(text))


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
        members = category_class(pattern[position + 3 : end])
        return members if inside_class else f"[{members}]", end + 1
    if letter in _SHORTHANDS:
        members = _SHORTHANDS[letter]
        return members if inside_class else f"[{members}]", position + 2
    if letter.lower() in _SHORTHANDS and letter and not inside_class:
        return f"[^{_SHORTHANDS[letter.lower()]}]", position + 2
    return pattern[position : position + 2], position + 2


@cache
def category_class(category: str) -> str:
    """The members of a Unicode category (`L`, `Nd`, …) for a character class: those that no stand-in is for, and the
    stand-ins of all others. Raises re.error where there is no such category.
    """
    stand_ins = [stand_in for name, stand_in in _STAND_INS.items() if name.startswith(category)]
    if not stand_ins:
        raise re.error(f"unknown category {category}")
    themselves = (character for character in _THEMSELVES if unicodedata.category(character).startswith(category))
    return "".join(map(re.escape, (*themselves, *stand_ins)))


def _with_stand_ins(text: str) -> str:
    return "".join(
        character if character in _THEMSELVES else _STAND_INS[unicodedata.category(character)] for character in text
    )


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
