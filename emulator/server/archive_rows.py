"""A trial of an archive's rows before they replace any: what the present release could not read is found out here.

Right checksums say that an archive is as it was written, not that its rows make sense. So every row is put into a new
database of this release, with its constraints, and read once as the emulator reads it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy import BigInteger, Boolean, Column, Connection, Float, Integer, LargeBinary, String, Table, select
from sqlalchemy.exc import SQLAlchemyError

from emulator.domain.arns import parse_arn
from emulator.domain.errors import RuleError
from emulator.domain.job_payloads import UnreadablePayload
from emulator.domain.moments import LATEST_MILLISECOND
from emulator.domain.states import DatasetState, ProjectState, VersionState
from emulator.jobs.transitions import TransitionError, TransitionPolicies
from emulator.storage.contents import content_stats, list_labels
from emulator.storage.dialects import statements_of
from emulator.storage.engine import Database
from emulator.storage.entry_blocks import matching_positions, source_refs_of
from emulator.storage.jobs import list_jobs
from emulator.storage.migrate import migrate
from emulator.storage.rows import EntryFilter, Job
from emulator.storage.running_spans import running_intervals
from emulator.storage.tables import (
    dataset_contents,
    dataset_entries,
    datasets,
    jobs,
    metadata,
    projects,
    running_spans,
    versions,
)
from emulator.storage.versions import versions_in

CANDIDATE = "candidate.sqlite"
_LARGEST_INTEGER = 2**53
_WITH_MODEL = (VersionState.TRAINING_COMPLETED, VersionState.STARTING, VersionState.RUNNING, VersionState.STOPPING)
_STATES: dict[Table, type[StrEnum]] = {projects: ProjectState, datasets: DatasetState, versions: VersionState}


class UnusableRowError(ValueError):
    """A row that this release cannot take over; the message names the table and says what is wrong."""


def check_rows(source: Path, directory: Path) -> None:
    """Take every row of a state (a SQLite file with the present schema) over into a trial database, and read it there.

    `directory` is where the trial lies meanwhile. Raises UnusableRowError.
    """
    trial = Database(directory / CANDIDATE, is_scratch=True)
    try:
        migrate(trial)
        trial.write_now(lambda connection: _take_over(source, connection))
        trial.read_now(_check_columns)
        trial.read_now(_check_states)
        trial.read_now(_check_jobs)
        trial.read_now(_check_contents)
    finally:
        trial.close()
        for path in directory.glob(f"{CANDIDATE}*"):
            path.unlink()


def _take_over(source: Path, connection: Connection) -> None:
    for table in metadata.sorted_tables:
        with rows_of(table.name):
            statements_of(connection).copy_in(connection, source, [table])


def _check_columns(connection: Connection) -> None:
    """SQLite keeps any type in any column; the rest of the emulator relies on the declared ones."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            wrong = f"SELECT 1 FROM {table.name} WHERE NOT ({_condition(column)}) LIMIT 1"
            if connection.exec_driver_sql(wrong).first() is not None:
                raise UnusableRowError(f"a row of the table {table.name} has a value in {column.name} that cannot be")
        with rows_of(table.name):
            for _ in connection.execute(select(table)):  # JSON is decoded, text is UTF-8
                pass


def _condition(column: Column[object]) -> str:
    """What must hold for the column in SQL; what may be NULL is caught by the schema's own constraint."""
    name, kind = column.name, column.type
    if isinstance(kind, Boolean):
        right = f"{name} IN (0, 1)"
    elif isinstance(kind, BigInteger):
        right = f"typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {LATEST_MILLISECOND}"
    elif isinstance(kind, Integer):
        right = f"typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {_LARGEST_INTEGER}"
    elif isinstance(kind, Float):
        right = f"typeof({name}) IN ('real', 'integer')"
    elif isinstance(kind, LargeBinary):
        right = f"typeof({name}) = 'blob'"
    elif isinstance(kind, String):
        right = f"typeof({name}) = 'text'"
    else:  # JSON
        right = f"typeof({name}) = 'text' AND json_valid({name})"
    return f"{name} IS NULL OR ({right})"


def _check_states(connection: Connection) -> None:
    for table, states in _STATES.items():
        with rows_of(table.name):
            for arn, status in connection.execute(select(table.c.arn, table.c.status)):
                parse_arn(arn)
                states(status)
    for version in versions_in(connection, *VersionState):
        with rows_of("versions"):
            if version.status in _WITH_MODEL and version.model_file is None:
                raise UnusableRowError(f"{version.arn} is {version.status} and has no model file")
            minimum, maximum = version.min_inference_units, version.max_inference_units
            if minimum == 0 or (maximum is not None and maximum < (minimum or 1)):
                raise UnusableRowError(f"{version.arn} has no inference units, or bounds of them that cannot be")
            named = (version.training_input, version.testing_input, version.result_keys or {})
            if not all(isinstance(value, dict) for value in named):
                raise UnusableRowError(f"{version.arn} has an input or a result that is not an object")
    with rows_of("running_spans"):
        for arn in connection.execute(select(running_spans.c.version_arn)).scalars():
            parse_arn(arn)
        running_intervals(connection)


def _check_jobs(connection: Connection) -> None:
    policies = TransitionPolicies({})
    with rows_of(jobs.name):
        for job in list_jobs(connection):
            _check_job(job, policies)


def _check_job(job: Job, policies: TransitionPolicies) -> None:
    for arn in (job.resource_arn, job.project_arn):
        parse_arn(arn)
    policies.change({job.transition: job.policy})
    if isinstance(job.payload, UnreadablePayload):
        raise UnusableRowError(f"the {job.kind} job of {job.resource_arn} does not say what is to be done")
    if job.outcome is not None and not isinstance(job.outcome.version, dict):
        raise UnusableRowError(f"the outcome of the work on {job.resource_arn} has no values")


def _check_contents(connection: Connection) -> None:
    """Entries and what filters are answered from must tell of the same positions."""
    for content_id in connection.execute(select(dataset_contents.c.id)).scalars().all():
        with rows_of("dataset_blocks"):
            content_stats(connection, content_id)
            list_labels(connection, content_id)
            for _ in source_refs_of(connection, content_id):
                pass
            stored = select(dataset_entries.c.position).where(dataset_entries.c.content_id == content_id)
            found = connection.execute(stored.order_by(dataset_entries.c.position)).scalars().all()
            if list(matching_positions(connection, content_id, EntryFilter(), after=None)) != list(found):
                raise UnusableRowError("the entries of a dataset and their index tell of different positions")


@contextmanager
def rows_of(table: str) -> Iterator[None]:
    """Whatever reading a row raises means that the row of this table cannot be taken over."""
    try:
        yield
    except UnusableRowError:
        raise
    except (SQLAlchemyError, sqlite3.Error, RuleError, TransitionError, ValueError) as error:
        raise UnusableRowError(f"a row of the table {table} cannot be taken over: {error}") from error
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise UnusableRowError(f"a row of the table {table} cannot be read ({type(error).__name__})") from error
