"""The whole state as a SQLite file, out of either database and into it: what archives are made of (docs/scale.md)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from emulator.storage.dialects import statements_of
from emulator.storage.engine import Database
from emulator.storage.migrate import current_revision
from emulator.storage.projects import add_project, find_project
from emulator.storage.reset import delete_everything
from emulator.storage.schema import HEAD_REVISION
from emulator.storage.tables import installation, metadata


def _add(connection: Connection, name: str) -> int:
    """The row id of a new project."""
    add_project(
        connection,
        account="111122223333",
        region="us-east-1",
        name=name,
        arn=f"arn:{name}",
        feature="CUSTOM_LABELS",
        auto_update=None,
        created_at=1,
    )
    made = find_project(connection, f"arn:{name}")
    assert made is not None
    return made.id


def _copy_out(connection: Connection, target: Path) -> None:
    statements_of(connection).copy_out(connection, target)


def _copy_in(connection: Connection, source: Path) -> None:
    delete_everything(connection)
    tables = [table for table in metadata.sorted_tables if table is not installation]
    statements_of(connection).copy_in(connection, source, tables)


def test_a_state_goes_out_as_a_file_and_comes_back(database: Database, tmp_path: Path) -> None:
    kept = database.write_now(partial(_add, name="kept"))
    database.write_now(partial(_copy_out, target=tmp_path / "copy.sqlite"))
    database.write_now(partial(_add, name="later"))

    copy = Database(tmp_path / "copy.sqlite")
    try:
        assert copy.read_now(current_revision) == HEAD_REVISION
        assert copy.read_now(partial(find_project, arn="arn:kept")) is not None
    finally:
        copy.close()

    database.write_now(partial(_copy_in, source=tmp_path / "copy.sqlite"))
    assert database.read_now(partial(find_project, arn="arn:later")) is None
    found = database.read_now(partial(find_project, arn="arn:kept"))
    assert found is not None and found.id == kept
    assert database.write_now(partial(_add, name="next")) > kept, "row ids are never given twice"
