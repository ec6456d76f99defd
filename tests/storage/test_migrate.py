"""Schemas: made at once, made by revisions, and refused where they are newer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from emulator.storage.engine import Database
from emulator.storage.migrate import (
    NewerSchemaError,
    current_revision,
    migrate,
    migrations_directory,
    upgrade,
)
from emulator.storage.schema import HEAD_REVISION
from emulator.storage.tables import metadata
from support.schemas import schema


def test_revisions_from_scratch_make_the_schema_of_the_code(tmp_path: Path) -> None:
    made, migrated = Database(tmp_path / "made.sqlite"), Database(tmp_path / "migrated.sqlite")
    migrate(made)
    upgrade(migrated)
    assert made.read_now(schema) == migrated.read_now(schema)
    assert made.read_now(current_revision) == migrated.read_now(current_revision) == HEAD_REVISION
    for database in (made, migrated):
        differences = database.read_now(
            lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
        )
        assert differences == []
        database.close()


def test_the_newest_revision_is_the_one_that_new_directories_get() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD_REVISION]


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)
    if isinstance(database.place, Path):
        before = database.place.read_bytes()
        migrate(database)
        assert database.place.read_bytes() == before
    assert database.read_now(current_revision) == HEAD_REVISION


def test_a_newer_schema_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    """O-3."""
    path = tmp_path / "state.sqlite"
    database = Database(path)
    migrate(database)
    database.write_now(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    database.write_now(lambda c: c.exec_driver_sql("CREATE TABLE of_the_future (id INTEGER)"))
    database.close()
    before = path.read_bytes()
    newer = Database(path)
    with pytest.raises(NewerSchemaError, match="9999"):
        migrate(newer)
    newer.close()
    assert path.read_bytes() == before


def test_a_failing_revision_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    """One transaction: a table in the way of the first revision."""
    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE versions (id INTEGER)")
    connection.close()
    database = Database(path)
    with pytest.raises(Exception, match="versions"):
        upgrade(database)
    tables = database.read_now(lambda connection: inspect(connection).get_table_names())
    assert tables == ["versions"]
    database.close()
