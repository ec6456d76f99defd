"""What differs between the databases that the state may be in: one file a database, and here which of them it is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from emulator.storage.dialects.interface import Dialect, Statements
from emulator.storage.dialects.sqlite import STATEMENTS as SQLITE_STATEMENTS
from emulator.storage.dialects.sqlite import SqliteDialect

POSTGRESQL = "postgresql"


def dialect_for(place: Path | str, *, is_scratch: bool, leaves_receipts: bool) -> Dialect:
    """The database at a place: a SQLite file by its path, which `is_scratch` if it need not last, or PostgreSQL by its
    URL, where one process an emulator leaves receipts of its writes: its own commits it must know about.
    """
    if isinstance(place, Path):
        return SqliteDialect(place, is_scratch=is_scratch)
    from emulator.storage.dialects.postgresql import PostgresqlDialect  # whose driver may be missing

    return PostgresqlDialect(place, leaves_receipts=leaves_receipts)


def statements_of(connection: Connection) -> Statements:
    """The statements for the database that a connection is to."""
    if connection.dialect.name == POSTGRESQL:
        from emulator.storage.dialects.postgresql import STATEMENTS as POSTGRESQL_STATEMENTS

        return POSTGRESQL_STATEMENTS
    return SQLITE_STATEMENTS
