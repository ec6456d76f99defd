"""Bringing the state's schema up to date at start.

A new directory gets the current schema at once and is stamped with its revision; an older one runs Alembic's revisions
(imported only then, it costs a third of a second); a newer one is refused untouched (O-3).
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from emulator.storage.engine import Database
from emulator.storage.schema import HEAD_REVISION, create_schema


class NewerSchemaError(Exception):
    """The data directory was written by a newer release."""


def migrations_directory() -> Path:
    """Where the revisions lie: inside the installed package, or in the checkout beside it. Raises FileNotFoundError."""
    package = Path(__file__).resolve().parent.parent
    for parent in (package / "_bundled", package.parent):
        if (parent / "migrations" / "state").is_dir():
            return parent / "migrations" / "state"
    raise FileNotFoundError("The migrations of the state are missing from the installation.")


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is stamped with, None for a new one."""
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def migrate(database: Database) -> None:
    """Create or upgrade the schema in one transaction. Raises NewerSchemaError before anything is changed."""
    revision = database.read_now(current_revision)
    if revision == HEAD_REVISION:
        return
    if revision is None:
        database.write_now(create_schema)
        return
    if not (migrations_directory() / "versions" / f"{revision}.py").is_file():
        raise NewerSchemaError(
            f"schema revision {revision} is unknown to this release (it knows up to {HEAD_REVISION})"
        )
    upgrade(database)


def upgrade(database: Database) -> None:
    """Run Alembic's revisions up to the newest, from whatever the database has."""
    from alembic import command
    from alembic.config import Config

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    database.write_now(run)
