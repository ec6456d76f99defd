"""What one account has, from an archive, while all others work on (O-15, O-39).

The rows of the archive's account get ids past those that are here. The index of objects is changed in one transaction,
within which the state's own is committed: a kill between the two commits is noted, and the next start brings the
objects, so that a load happens as a whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import NullPool

from emulator.control.errors import ControlError
from emulator.s3.archive import BucketsTakenError
from emulator.server.account_archive import accounts_of, keep_account, keep_rows_of
from emulator.server.account_reset import drop_work_of
from emulator.server.parts import Parts
from emulator.server.running_models import load_running_models
from emulator.server.state_archive import MODELS, OBJECTS, STATE, CheckedArchive, keep_state, name_models
from emulator.storage.dialects import statements_of
from emulator.storage.installation import forget_unfinished_load, note_unfinished_load
from emulator.storage.renumbering import are_free, free_ids, move_ids
from emulator.storage.reset import delete_account
from emulator.storage.tables import (
    console_tasks,
    datasets,
    installation,
    jobs,
    metadata,
    projects,
    running_spans,
    tags,
    versions,
)


def keep_account_of(archive: CheckedArchive, account: str) -> CheckedArchive:
    """Take everybody else out of an unpacked archive.

    Raises ControlError for one that has nothing of the account, or rows of it that speak of another's resources: who
    may load one account's state may do nothing to the others.
    """
    if account not in accounts_of(archive.directory):
        raise ControlError("InvalidArchive", f"The archive has nothing of the account {account}.")
    keep_account(archive.directory, account)
    _require_own(archive.directory / STATE, account)
    kept = {name: new for name, new in archive.models.items() if (archive.directory / MODELS / name).is_file()}
    return CheckedArchive(archive.directory, kept)


_ARNS = (
    (projects, "arn"),
    (datasets, "arn"),
    (versions, "arn"),
    (running_spans, "version_arn"),
    (tags, "resource_arn"),
    (jobs, "resource_arn"),
    (jobs, "project_arn"),
    (console_tasks, "project_arn"),
)


def _require_own(state: Path, account: str) -> None:
    """Every ARN is of the account, and so are whoever asked for work that goes on and what that work reads (S-9).

    A copy from another account that was under way is refused with the rest: nobody can tell who let it begin.
    """
    engine = create_engine(f"sqlite:///{state}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            named = [arn for table, column in _ARNS for arn in connection.scalars(select(table.c[column]).distinct())]
            for payload in connection.scalars(select(jobs.c.payload)):
                asked_by = json.loads(payload.get("asked_by") or "{}")
                named += [asked_by.get("identity"), asked_by.get("arn")]
                named += [payload.get("source_arn"), payload.get("test_arn")]
    except (ValueError, AttributeError) as error:
        raise ControlError("InvalidArchive", f"a row of the table jobs cannot be read: {error}") from error
    finally:
        engine.dispose()
    for arn in named:
        if arn is not None and (str(arn).split(":") + [""] * 5)[4] != account:
            raise ControlError("InvalidArchive", f"The archive's rows of the account {account} name {str(arn)[:200]}.")


async def load_account(parts: Parts, archive: CheckedArchive, account: str) -> None:
    """Put what `keep_account_of` kept in the place of what the account has. To be called by one at a time.

    Raises ControlError, with nothing changed, where a bucket of the archive belongs to somebody else by now.
    """
    await drop_work_of(parts, account)
    try:
        gone = await asyncio.to_thread(_replace, parts, archive, account)
        # Once more, for what was accepted from the state that is gone.
        await drop_work_of(parts, account)
        parts.measurements.forget(account)
        for name in gone:
            (parts.directories.models / name).unlink(missing_ok=True)
    finally:
        await load_running_models(parts, account)
        parts.fleet.take_up(account)
        await parts.fleet.write()
        parts.runner.resume()
        parts.sweeper.sweep()


def _replace(parts: Parts, archive: CheckedArchive, account: str) -> list[str]:
    """The names of model files that nothing names any more."""
    models, objects = parts.directories.models, archive.directory / OBJECTS
    before = archive.directory.parent / "before"
    before.mkdir()
    parts.database.write_now(partial(keep_state, directory=before))
    ids = _prepared(parts, archive.directory / STATE, archive.models)
    for name, new_name in archive.models.items():
        shutil.move(archive.directory / MODELS / name, models / new_name)
    gone: list[str] = []
    is_replaced = False

    def replace(connection: Connection) -> None:
        gone.extend(_rows_replaced(connection, archive.directory / STATE, account, ids))
        note_unfinished_load(connection, os.path.relpath(objects, parts.directories.work), account)

    def commit() -> None:
        nonlocal is_replaced
        parts.database.write_now(replace)
        is_replaced = True

    try:
        parts.s3.load_account_from(objects, account, commit)
    except BaseException as error:
        if is_replaced:  # the index of objects could not be committed, on a full disk
            _put_back(parts, before, account)
        for name in archive.models.values():
            (models / name).unlink(missing_ok=True)
        if isinstance(error, BucketsTakenError):
            raise ControlError("BucketTaken", str(error), status=409) from error
        raise
    parts.database.write_now(forget_unfinished_load)
    return gone


def _put_back(parts: Parts, before: Path, account: str) -> None:
    keep_rows_of(before, account)
    ids = _prepared(parts, before / STATE, {})

    def put_back(connection: Connection) -> None:
        _rows_replaced(connection, before / STATE, account, ids)
        forget_unfinished_load(connection)

    parts.database.write_now(put_back)


def _prepared(parts: Parts, state: Path, models: Mapping[str, str]) -> dict[str, int]:
    """Give the rows of a file ids that are free here, and its models their new names; what was added to the ids."""
    ids = parts.database.read_now(free_ids)
    engine = create_engine(f"sqlite:///{state}", poolclass=NullPool)
    try:
        with engine.begin() as connection:
            name_models(connection, models)
            move_ids(connection, ids)
    finally:
        engine.dispose()
    return ids


def _rows_replaced(connection: Connection, state: Path, account: str, ids: Mapping[str, int]) -> list[str]:
    """Within one write transaction: the account's rows go, those of a file come. The model files that went."""
    if not are_free(connection, ids):
        raise ControlError("Busy", "So much was written meanwhile that nothing was loaded. Try again.", status=409)
    gone = delete_account(connection, account)
    tables = [table for table in metadata.sorted_tables if table is not installation]
    statements_of(connection).copy_in(connection, state, tables)
    return gone
