"""Wildcard patterns of policies: `*`, `?`, and the variables in them, matched in linear time.

A pattern becomes a regular expression that never tries a star twice: what lies between two stars is taken where it is
found first (an atomic group), since what does not fit behind it there fits nowhere. A pattern of an ARN is cut at its
first five colons, and a star stays within its field, as IAM's reference of the Resource element says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_ARN_FIELDS = 6
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME_AND_DEFAULT = re.compile(r"\s*([^\s,']+)\s*(?:,\s*'([^']*)'\s*)?")
_ESCAPES = frozenset("*?$")

Lookup = Callable[[str], str | None]
"""The one value of a condition key (in lower case), None where it is absent or has several."""


class Piece(NamedTuple):
    """A part of a pattern: with wildcards, or `is_exact` where every letter stands for itself."""

    text: str
    is_exact: bool


class Variable(NamedTuple):
    """`${key}` or `${key, 'default'}`. `key` is in lower case."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy, taken apart. `fixed` has its pieces where it has no variables."""

    text: str
    parts: tuple[Piece | Variable, ...]
    fixed: tuple[Piece, ...] | None

    def pieces(self, lookup: Lookup) -> tuple[Piece, ...] | None:
        """The pieces with every variable replaced; None where one has neither value nor default."""
        if self.fixed is not None:
            return self.fixed
        pieces: list[Piece] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = lookup(part.key)
                value = part.default if value is None else value
                if value is None:
                    return None
                pieces.append(Piece(value, True))
            else:
                pieces.append(part)
        return tuple(pieces)

    def plain(self, lookup: Lookup) -> str | None:
        """The text with every variable replaced, in which `*` and `?` are letters like others."""
        pieces = self.pieces(lookup)
        return None if pieces is None else "".join(piece.text for piece in pieces)


def template(text: str, *, has_variables: bool) -> Template:
    """Take a text apart. Raises ValueError for `${…}` that is not a variable.

    Policies of version 2008-10-17 have no variables: there `${` is text (`has_variables` False).
    """
    if not has_variables or "${" not in text:
        piece = Piece(text, False)
        return Template(text, (piece,), (piece,))
    parts: list[Piece | Variable] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        parts += _wild(text[position : found.start()])
        parts.append(_variable(found[1]))
        position = found.end()
    rest = text[position:]
    if "${" in rest:
        raise ValueError(f"{text} has a variable that does not end")
    parts += _wild(rest)
    fixed = tuple(part for part in parts if isinstance(part, Piece))
    return Template(text, tuple(parts), fixed if len(fixed) == len(parts) else None)


def _wild(text: str) -> list[Piece]:
    return [Piece(text, False)] if text else []


def _variable(text: str) -> Piece | Variable:
    if text in _ESCAPES:
        return Piece(text, True)
    match = _NAME_AND_DEFAULT.fullmatch(text)
    if match is None:
        raise ValueError(f"${{{text}}} is not a variable")
    return Variable(match[1].lower(), match[2])


@lru_cache(maxsize=8192)
def compiled(pieces: tuple[Piece, ...], *, is_arn: bool = False) -> re.Pattern[str]:
    """The regular expression of a pattern, for `fullmatch`. Fields that an ARN lacks at its end match all."""
    if is_arn and pieces == (Piece("*", False),):
        is_arn = False
    fields: list[list[str]] = [[""]]
    for text, is_exact in pieces:
        if is_exact:
            fields[-1][-1] += re.escape(text)
            continue
        for letter in text:
            within = is_arn and len(fields) < _ARN_FIELDS
            if letter == "*":
                fields[-1].append("")
            elif letter == ":" and within:
                fields.append([""])
            else:
                fields[-1][-1] += ("[^:]" if within else ".") if letter == "?" else re.escape(letter)
    if is_arn:
        fields += [["", ""]] * (_ARN_FIELDS - len(fields))
    last = len(fields) - 1
    expression = ":".join(
        _field(fragments, "[^:]" if is_arn and number < last else ".") for number, fragments in enumerate(fields)
    )
    return re.compile(expression, re.DOTALL)


def _field(fragments: list[str], any_letter: str) -> str:
    first, *others = fragments
    if not others:
        return first
    between = "".join(f"(?>{any_letter}*?{fragment})" for fragment in others[:-1] if fragment)
    return f"{first}{between}{any_letter}*{others[-1]}"


def like(pattern: str, value: str) -> bool:
    """Whether a pattern without variables matches a whole value."""
    return compiled((Piece(pattern, False),)).fullmatch(value) is not None
