"""Warnings that `lint` alone gives: AWS says nothing, and yet something is likely to be wrong."""

from __future__ import annotations

from emulator.domain.manifest.rules.rule import Effect, Level, Moment, Rule

_NEVER: frozenset[Moment] = frozenset()

BYTE_ORDER_MARK = Rule(
    "WARNING_BYTE_ORDER_MARK",
    "The file begins with a byte order mark.",
    Level.FILE,
    Effect.NONE,
    ("E-8",),
    "The first three bytes are EF BB BF. This emulator passes over them; other readers drop the first line for it.",
    "Remove it: custom-labels lint --fix fixed.manifest {file}",
    _NEVER,
    published=False,
)
REPEATED_KEY = Rule(
    "WARNING_REPEATED_KEY",
    "A name stands twice in one object; only the last one counts.",
    Level.LINE,
    Effect.NONE,
    ("F-4",),
    "JSON readers keep the last of two members of one name, so labels get lost without a word.",
    "Give each label attribute of a line a name of its own (kind0, kind1 and so on).",
    _NEVER,
    published=False,
)
SIMILAR_LABELS = Rule(
    "WARNING_SIMILAR_LABELS",
    "These labels differ only in case, blanks or accents: {}",
    Level.FILE,
    Effect.NONE,
    ("L-1",),
    "Labels are compared letter by letter, so these are different labels with images of their own.",
    "Write each label in one way.",
    _NEVER,
    published=False,
)
