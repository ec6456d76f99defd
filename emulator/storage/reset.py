"""Forgetting everything (O-8)."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from emulator.storage.tables import installation, metadata


def delete_everything(connection: Connection) -> None:
    """Empty all tables but what belongs to the installation itself."""
    for table in reversed(metadata.sorted_tables):
        if table is not installation:
            connection.execute(delete(table))
