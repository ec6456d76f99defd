"""Project versions (trained or copied models) in the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NotRequired, TypedDict, Unpack

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from emulator.domain.jobs import VersionResults
from emulator.domain.json_values import JsonObject
from emulator.domain.shapes import TestingData, TrainingData
from emulator.domain.states import VersionState
from emulator.storage.listings import latest_first, page_values
from emulator.storage.rows import Version
from emulator.storage.tables import projects, versions

_COLUMNS = (
    versions.c.id,
    versions.c.project_id,
    projects.c.arn.label("project_arn"),
    projects.c.name.label("project_name"),
    projects.c.account,
    projects.c.region,
    versions.c.name,
    versions.c.arn,
    versions.c.created_at,
    versions.c.status,
    versions.c.status_message,
    versions.c.description,
    versions.c.kms_key_id,
    versions.c.output_bucket,
    versions.c.output_prefix,
    versions.c.training_input,
    versions.c.testing_input,
    versions.c.source_version_arn,
    versions.c.training_ended_at,
    versions.c.billable_seconds,
    versions.c.f1_score,
    versions.c.quality,
    versions.c.result_keys,
    versions.c.min_inference_units,
    versions.c.max_inference_units,
    versions.c.model_file,
)


_STATUS = [column.name for column in _COLUMNS].index("status")


def _version(row: Any) -> Version:
    values = list(row)  # in the order of Version's fields: to name all of them takes as long as the query
    values[_STATUS] = VersionState(values[_STATUS])
    return Version(*values)


def _select() -> Select[Any]:
    return select(*_COLUMNS).join(projects, projects.c.id == versions.c.project_id)


def add_version(connection: Connection, **values: Unpack[NewVersion]) -> None:
    """Store a new version."""
    connection.execute(insert(versions).values(**values))


# Built once: building the statement takes longer than running it.
_BY_ARN = _select().where(versions.c.arn == bindparam("arn"))
_NAMED = select(versions.c.id).where(
    versions.c.project_id == bindparam("project_id"), versions.c.name == bindparam("name")
)


@lru_cache
def _listing(*, by_name: bool, is_continued: bool) -> Select[Any]:
    statement = _select().where(versions.c.project_id == bindparam("project_id"))
    return latest_first(statement, versions, by_name=by_name, is_continued=is_continued)


def find_version(connection: Connection, arn: str) -> Version | None:
    """The version with this ARN, or None."""
    row = connection.execute(_BY_ARN, {"arn": arn}).one_or_none()
    return None if row is None else _version(row)


def version_name_is_taken(connection: Connection, project_id: int, name: str) -> bool:
    """Whether the project has a version of this name."""
    return connection.execute(_NAMED, {"project_id": project_id, "name": name}).first() is not None


def list_versions(
    connection: Connection,
    project_id: int,
    *,
    names: Sequence[str] | None,
    after: tuple[int, int] | None,
    limit: int,
) -> list[Version]:
    """A project's versions, latest first, after the cursor (created_at, id)."""
    values = {"project_id": project_id, **page_values(names, after, limit)}
    statement = _listing(by_name=names is not None, is_continued=after is not None)
    return [_version(row) for row in connection.execute(statement, values)]


def versions_in(connection: Connection, *statuses: VersionState) -> list[Version]:
    """All versions, of every account, that are in one of these states, oldest first."""
    statement = _select().where(versions.c.status.in_(statuses)).order_by(versions.c.id)
    return [_version(row) for row in connection.execute(statement)]


class BilledVersion(NamedTuple):
    """What a version's bill goes by."""

    arn: str
    status: VersionState
    source_version_arn: str | None
    billable_seconds: int | None
    quality: JsonObject | None


_BILLED = select(*(versions.c[name] for name in BilledVersion._fields)).order_by(versions.c.id)


def billed_versions(connection: Connection) -> list[BilledVersion]:
    """All versions of every account, oldest first."""
    rows = connection.execute(_BILLED)
    return [BilledVersion(arn, VersionState(status), *others) for arn, status, *others in rows]


def versions_of(connection: Connection, account: str, region: str) -> list[Version]:
    """All versions of an account in a region, latest first."""
    statement = _select().where(projects.c.account == account, projects.c.region == region)
    statement = statement.order_by(versions.c.created_at.desc(), versions.c.id.desc())
    return [_version(row) for row in connection.execute(statement)]


def count_versions(
    connection: Connection,
    account: str,
    region: str,
    statuses: Sequence[VersionState] | None = None,
    project_id: int | None = None,
) -> int:
    """How many versions an account has in a region, of one project or all, in some states or any."""
    statement = (
        select(func.count())
        .select_from(versions.join(projects, projects.c.id == versions.c.project_id))
        .where(projects.c.account == account, projects.c.region == region)
    )
    if statuses is not None:
        statement = statement.where(versions.c.status.in_(statuses))
    if project_id is not None:
        statement = statement.where(versions.c.project_id == project_id)
    return connection.execute(statement).scalar_one()


class VersionColumns(VersionResults, total=False):
    """The columns of a version that change once it is there."""

    status: VersionState
    status_message: str
    min_inference_units: int | None
    max_inference_units: int | None


class NewVersion(TypedDict):
    """The columns that a new version has; the others are NULL until work fills them."""

    project_id: int
    name: str
    arn: str
    created_at: int
    status: VersionState
    status_message: str
    description: NotRequired[str | None]
    kms_key_id: NotRequired[str | None]
    output_bucket: str
    output_prefix: NotRequired[str | None]
    training_input: TrainingData
    testing_input: TestingData
    source_version_arn: NotRequired[str | None]


def set_version(connection: Connection, version_id: int, **values: Unpack[VersionColumns]) -> None:
    """Change columns of a version."""
    connection.execute(update(versions).where(versions.c.id == version_id).values(**values))


def remove_version(connection: Connection, version_id: int) -> None:
    """Delete a version's row; its model file is swept by whoever owns the files."""
    connection.execute(delete(versions).where(versions.c.id == version_id))


def model_files(connection: Connection) -> set[str]:
    """The names of all model files that some version refers to."""
    statement = select(versions.c.model_file).where(versions.c.model_file.is_not(None))
    return set(connection.execute(statement).scalars())
