"""Whole numbers as clients write them. Python alone reads other digits too, and raises for very long ones."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"[0-9]{1,40}")


def whole(text: str) -> int | None:
    """The number that a text of at most 40 decimal digits names; None for any other text."""
    return int(text) if _DIGITS.fullmatch(text) else None
