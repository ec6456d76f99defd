"""The newest schema of the state, as a new database gets it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from emulator.storage.tables import metadata

HEAD_REVISION = "0005"
"""The newest of `migrations/state/versions`, which a database with this schema is stamped with."""


def create_schema(connection: Connection) -> None:
    """Make all tables in a database without any, and stamp it."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    stamp = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")
    connection.execute(stamp, {"revision": HEAD_REVISION})
