"""An archive of one account: a snapshot of everything, from which all others are taken away (O-15, O-39)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import NullPool

from emulator.s3.archive import accounts_of_objects, keep_objects_of
from emulator.server.state_archive import MODELS, OBJECTS, STATE
from emulator.storage.content_changes import sweep_content
from emulator.storage.contents import unreferenced_contents
from emulator.storage.reset import delete_account
from emulator.storage.tables import console_tasks, jobs, projects, running_spans
from emulator.storage.versions import model_files

_ENTRIES_AT_ONCE = 10_000


def keep_account(snapshot: Path, account: str) -> None:
    """Take what others have out of a snapshot, and out of its files: nobody can read there what was deleted."""
    kept = keep_rows_of(snapshot, account)
    for path in (snapshot / MODELS).iterdir():
        if path.name not in kept:
            path.unlink()
    keep_objects_of(account, snapshot / OBJECTS)


def keep_rows_of(snapshot: Path, account: str) -> set[str]:
    """The same for the state alone; the names of the account's model files."""
    engine = create_engine(f"sqlite:///{snapshot / STATE}", poolclass=NullPool)
    try:
        with engine.begin() as connection:
            for other in _accounts(connection) - {account}:
                delete_account(connection, other)
            for content_id in unreferenced_contents(connection):
                while not sweep_content(connection, content_id, _ENTRIES_AT_ONCE):
                    pass
            kept = model_files(connection)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(snapshot / STATE)) as copy:
        copy.execute("DELETE FROM installation")  # the metrics of all accounts
        copy.commit()
        copy.execute("VACUUM")
    return kept


def accounts_of(snapshot: Path) -> set[str]:
    """Every account that has something in an unpacked archive: resources, running hours or buckets."""
    engine = create_engine(f"sqlite:///{snapshot / STATE}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            found = _accounts(connection)
    finally:
        engine.dispose()
    return found | accounts_of_objects(snapshot / OBJECTS)


def _accounts(connection: Connection) -> set[str]:
    """Every account that has something."""
    found = {row for table in (projects, jobs, console_tasks) for row in connection.scalars(select(table.c.account))}
    return found | {arn.split(":")[4] for arn in connection.scalars(select(running_spans.c.version_arn))}
