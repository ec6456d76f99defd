"""Text with U+0000 for a database that cannot hold that character (PostgreSQL).

Two characters stand for it, and two for U+0001, with which both begin. Texts that differ stay different, and keep
their order by code points: pages go on behind a name.
"""

from __future__ import annotations

from sqlalchemy import Dialect, Text, TypeDecorator

_NULL, _MARK = "\x00", "\x01"
_FOR_NULL, _FOR_MARK = "\x01\x01", "\x01\x02"


def without_nulls(text: str) -> str:
    """What is stored for a text."""
    if _NULL in text or _MARK in text:
        return text.replace(_MARK, _FOR_MARK).replace(_NULL, _FOR_NULL)
    return text


def with_nulls(stored: str) -> str:
    """The text that something is stored for."""
    if _MARK in stored:
        return stored.replace(_FOR_NULL, _NULL).replace(_FOR_MARK, _MARK)
    return stored


class TextWithNulls(TypeDecorator[str]):
    """Text of every kind, compared by its code points as SQLite does it."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's own form)
        """What is sent."""
        return None if value is None else without_nulls(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's own form)
        """What was received."""
        return None if value is None else with_nulls(value)
