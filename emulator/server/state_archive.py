"""The whole state as one archive, and back (O-15): projects, models, running time, metrics, and the objects of the S3.

An archive is checked whole before anything of the present state is touched.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, inspect, update

from emulator.domain.jobs import Done, Outcome, VersionResults
from emulator.s3.archive import check_objects
from emulator.s3.archive_rows import DamagedObjectsError
from emulator.s3.files import BLOBS_NAME, INDEX_NAME
from emulator.s3.index.schema import NewerObjectIndexError
from emulator.server.archive_files import ArchiveError, ArchiveForm, pack_files, unpack_files
from emulator.server.archive_rows import UnusableRowError, check_rows, rows_of
from emulator.storage.dialects import statements_of
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs, set_job_outcome
from emulator.storage.kept_metrics import forget_kept_metrics, write_kept_metrics
from emulator.storage.migrate import NewerSchemaError, current_revision, migrate
from emulator.storage.reset import delete_everything
from emulator.storage.schema import HEAD_REVISION
from emulator.storage.tables import metadata, versions
from emulator.storage.versions import model_files

FORMAT = 1
STATE, OBJECTS, MODELS = "state.sqlite", "objects", "models"
_MODEL_NAME = re.compile(r"[\w-][\w.-]{0,99}")
_MEMBER = re.compile(
    rf"state\.sqlite|models/{_MODEL_NAME.pattern}|objects/objects\.sqlite3|objects/blobs/[0-9a-f]{{32}}"
)
_FORM = ArchiveForm(
    FORMAT,
    _MEMBER,
    (STATE, f"{OBJECTS}/{INDEX_NAME}"),
    "the archive has no state or no object index",
    linked=re.compile(r"objects/blobs/"),
)
# What identifies an installation, like the key that signs tokens, stays where it is.
_LEFT_OUT = frozenset({"installation"})


_MODEL_WAS_MISSING = "The model file was missing when the state was saved."


class MissingFilesError(Exception):
    """Files that the state names are missing; the message says which."""


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """An archive, unpacked and found whole. `models` maps the model files' names to the new ones they are to have."""

    directory: Path
    models: Mapping[str, str]

    def bytes_to_load(self) -> int:
        """What loading it writes: both databases, each with a log that holds it once more. Files are linked."""
        databases = (self.directory / STATE, self.directory / OBJECTS / INDEX_NAME)
        return 2 * sum(path.stat().st_size for path in databases)


def snapshot_state(
    connection: Connection,
    models: Path,
    directory: Path,
    now_of: Callable[[str], int],
    *,
    skip_damaged: bool = False,
) -> list[str]:
    """Write the database and the models that it names into an empty folder, within a write transaction.

    In the copy, what runs has run until now, by the clock of its account (`now_of` gives milliseconds): the time until
    it is loaded is not billed (O-13).
    Raises MissingFilesError where a model file is missing; with `skip_damaged` its version is a failed one in the copy.
    Returns the ARNs of such versions.
    """
    statements_of(connection).copy_out(connection, directory / STATE)
    with _opened_copy(directory / STATE) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("DELETE FROM installation WHERE name <> 'request-metrics'")
        copy.create_function("now_of", 1, lambda arn: now_of(arn.split(":")[4]))
        copy.execute("UPDATE running_spans SET ended_at = now_of(version_arn) WHERE ended_at IS NULL")
        copy.commit()
    (directory / MODELS).mkdir()
    left_out = []
    for name in sorted(_named_models(connection)):
        try:
            shutil.copyfile(models / name, directory / MODELS / name)
        except FileNotFoundError:
            left_out.append(name)
    return _without_models(directory / STATE, left_out, skip_damaged)


@contextmanager
def _opened_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """A copy that is packed, or thrown away: it need not reach the disk."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA synchronous = OFF")
        yield copy


def _without_models(state: Path, missing: Sequence[str], skip: bool) -> list[str]:
    """In a copy of the state, versions without their model file are failed ones; their ARNs.

    Raises MissingFilesError unless they may be skipped.
    """
    arns: list[str] = []
    with _opened_copy(state) as copy:
        for name in missing:
            arns += [arn for (arn,) in copy.execute("SELECT arn FROM versions WHERE model_file = ?", (name,))]
            copy.execute(
                "UPDATE versions SET model_file = NULL, status_message = ?, min_inference_units = NULL, status ="
                " iif(source_version_arn IS NULL, 'TRAINING_FAILED', 'COPYING_FAILED') WHERE model_file = ?",
                (_MODEL_WAS_MISSING, name),
            )
            copy.execute("UPDATE jobs SET outcome = NULL WHERE json_extract(outcome, '$.model_file') = ?", (name,))
        for arn in arns:
            copy.execute("DELETE FROM jobs WHERE resource_arn = ?", (arn,))
        copy.commit()
    if missing and not skip:
        raise MissingFilesError(f"the model file of {', '.join(arns) or missing[0]} is missing")
    return arns


def pack(directory: Path, target: Path, version: str) -> None:
    """Pack a snapshot into a tar file."""
    pack_files(directory, target, {"format": FORMAT, "emulator": version, "schema": HEAD_REVISION})


def check_archive(archive: Path, directory: Path) -> CheckedArchive:
    """Unpack an archive into an empty folder and make sure that all of it is right. Raises ArchiveError."""
    unpack_files(archive, directory, _FORM)
    (directory / OBJECTS / BLOBS_NAME).mkdir(parents=True, exist_ok=True)
    (directory / MODELS).mkdir(exist_ok=True)
    try:
        check_objects(directory / OBJECTS)
        models = _check_state(directory)
        check_rows(directory / STATE, directory)
    except (DamagedObjectsError, NewerObjectIndexError, NewerSchemaError, UnusableRowError) as error:
        raise ArchiveError(str(error)) from error
    return CheckedArchive(directory, models)


def replace_state(connection: Connection, archive: CheckedArchive, models: Path) -> None:
    """Make the archive's database and models the present ones, within one write transaction."""
    for name, new_name in archive.models.items():
        shutil.move(archive.directory / MODELS / name, models / new_name)
    delete_everything(connection)
    tables = [table for table in metadata.sorted_tables if table.name not in _LEFT_OUT]
    statements_of(connection).copy_in(connection, archive.directory / STATE, tables)
    forget_kept_metrics(connection)
    with closing(sqlite3.connect(archive.directory / STATE)) as source:
        for (document,) in source.execute("SELECT value FROM installation WHERE name = 'request-metrics'"):
            write_kept_metrics(connection, document)
    name_models(connection, archive.models)


def name_models(connection: Connection, models: Mapping[str, str]) -> None:
    """Give model files new names wherever a state names them."""
    for name, new_name in models.items():
        connection.execute(update(versions).where(versions.c.model_file == name).values(model_file=new_name))
    for job in list_jobs(connection):
        _rename_in_outcome(connection, job.id, job.outcome, models)


def keep_state(connection: Connection, directory: Path) -> None:
    """Copy the database as it is into a folder, within a write transaction, for `put_back_state`."""
    statements_of(connection).copy_out(connection, directory / STATE)


def put_back_state(connection: Connection, directory: Path) -> None:
    """Make the database what it was at `keep_state`, within one write transaction. Model files are as they were."""
    replace_state(connection, CheckedArchive(directory, {}), directory)


def _check_state(directory: Path) -> dict[str, str]:
    """Bring the archive's database up to date and see that its models are there; their new names."""
    try:
        with closing(sqlite3.connect(directory / STATE)) as raw:
            if raw.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise ArchiveError("the database is damaged")
    except sqlite3.DatabaseError as error:
        raise ArchiveError(f"the database is damaged: {error}") from error
    database = Database(directory / STATE, is_scratch=True)
    try:
        if database.read_now(current_revision) is None:
            raise ArchiveError("the database is not one of this emulator")
        migrate(database)
        database.read_now(_check_tables)
        with rows_of("jobs"):
            database.read_now(_check_outcomes)
            named = database.read_now(_named_models)
    finally:
        database.close()
    for name in named:
        if not isinstance(name, str) or not _MODEL_NAME.fullmatch(name):
            raise ArchiveError(f"{str(name)[:200]!r} is not the name of a model file")
        if not (directory / MODELS / name).is_file():
            raise ArchiveError(f"the model file {name} is missing")
    return {name: f"{secrets.token_hex(8)}-{name[-40:]}" for name in named}


def _check_tables(connection: Connection) -> None:
    """See that every row can be taken over: tables as in this release, and no row that refers to a missing one."""
    present = inspect(connection)
    for table in metadata.sorted_tables:
        found = (
            {column["name"] for column in present.get_columns(table.name)} if present.has_table(table.name) else set()
        )
        if found != {column.name for column in table.columns}:
            raise ArchiveError(f"the table {table.name} of the database is missing or has other columns")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ArchiveError(f"a row of the table {broken[0]} refers to one of {broken[2]} that is missing")


def _named_models(connection: Connection) -> set[str]:
    """The model files of versions, and of trainings and copies whose end does not show yet."""
    results = (job.outcome.version for job in list_jobs(connection) if job.outcome is not None)
    return model_files(connection) | {found["model_file"] for found in results if "model_file" in found}


def _check_outcomes(connection: Connection) -> None:
    """See that what jobs will do to files when their end shows is done to models, which are known by names alone."""
    for outcome in (job.outcome for job in list_jobs(connection) if job.outcome is not None):
        deleted = outcome.deleted_file if isinstance(outcome, Done) else None
        for named in (deleted, outcome.version.get("model_file")):
            if named is not None and not _MODEL_NAME.fullmatch(named):
                raise ArchiveError(f"{named[:200]!r} is not the name of a model file")


def _rename_in_outcome(connection: Connection, job_id: int, outcome: Outcome | None, models: Mapping[str, str]) -> None:
    if outcome is None or outcome.version.get("model_file") not in models:
        return
    renamed: VersionResults = {**outcome.version, "model_file": models[outcome.version["model_file"]]}
    set_job_outcome(connection, job_id, replace(outcome, version=renamed))
