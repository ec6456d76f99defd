"""Projects in the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from emulator.domain.states import ProjectState
from emulator.storage.listings import latest_first, page_values
from emulator.storage.rows import Project
from emulator.storage.tables import datasets, project_policies, projects, versions

_COLUMNS = (
    projects.c.id,
    projects.c.account,
    projects.c.region,
    projects.c.name,
    projects.c.arn,
    projects.c.status,
    projects.c.feature,
    projects.c.auto_update,
    projects.c.created_at,
)


# Statements of the hot path are built once: building one takes longer than running it.
_BY_ARN = select(*_COLUMNS).where(projects.c.arn == bindparam("arn"))
_BY_ID = select(*_COLUMNS).where(projects.c.id == bindparam("project_id"))
_OF_ACCOUNT = (projects.c.account == bindparam("account"), projects.c.region == bindparam("region"))
_BY_NAME = select(*_COLUMNS).where(*_OF_ACCOUNT, projects.c.name == bindparam("name"))
_COUNT = select(func.count()).where(*_OF_ACCOUNT)
_INSERT = insert(projects)
_SET_STATUS = update(projects).where(projects.c.id == bindparam("project_id")).values(status=bindparam("state"))
_CHILDREN = select(
    select(datasets.c.id).where(datasets.c.project_id == bindparam("project_id")).exists(),
    select(versions.c.id).where(versions.c.project_id == bindparam("project_id")).exists(),
)
_REMOVE_POLICIES = delete(project_policies).where(project_policies.c.project_id == bindparam("project_id"))
_REMOVE = delete(projects).where(projects.c.id == bindparam("project_id"))


@lru_cache
def _listing(*, by_name: bool, is_continued: bool) -> Select[Any]:
    statement = select(*_COLUMNS).where(
        *_OF_ACCOUNT,
        projects.c.feature.in_(bindparam("features", expanding=True)),
    )
    return latest_first(statement, projects, by_name=by_name, is_continued=is_continued)


def _project(row: Any) -> Project:
    identity, account, region, name, arn, status, feature, auto_update, created_at = row
    return Project(identity, account, region, name, arn, ProjectState(status), feature, auto_update, created_at)


def add_project(
    connection: Connection,
    *,
    account: str,
    region: str,
    name: str,
    arn: str,
    feature: str,
    auto_update: str | None,
    created_at: int,
) -> None:
    """Store a new project in state CREATED."""
    connection.execute(
        _INSERT,
        {
            "account": account,
            "region": region,
            "name": name,
            "arn": arn,
            "status": ProjectState.CREATED,
            "feature": feature,
            "auto_update": auto_update,
            "created_at": created_at,
        },
    )


def find_project(connection: Connection, arn: str) -> Project | None:
    """The project with this ARN, or None."""
    row = connection.execute(_BY_ARN, {"arn": arn}).one_or_none()
    return None if row is None else _project(row)


def find_project_by_id(connection: Connection, project_id: int) -> Project | None:
    """The project with this row id, or None."""
    row = connection.execute(_BY_ID, {"project_id": project_id}).one_or_none()
    return None if row is None else _project(row)


def find_project_by_name(connection: Connection, account: str, region: str, name: str) -> Project | None:
    """The project of this name in an account and region, or None."""
    row = connection.execute(_BY_NAME, {"account": account, "region": region, "name": name}).one_or_none()
    return None if row is None else _project(row)


def list_projects(
    connection: Connection,
    account: str,
    region: str,
    *,
    names: Sequence[str] | None,
    features: Sequence[str],
    after: tuple[int, int] | None,
    limit: int,
) -> list[Project]:
    """Projects newest first, after the cursor (created_at, id)."""
    values = {"account": account, "region": region, "features": list(features), **page_values(names, after, limit)}
    statement = _listing(by_name=names is not None, is_continued=after is not None)
    return [_project(row) for row in connection.execute(statement, values)]


def count_projects(connection: Connection, account: str, region: str) -> int:
    """How many projects an account has in a region."""
    return connection.execute(_COUNT, {"account": account, "region": region}).scalar_one()


def set_project_status(connection: Connection, project_id: int, status: ProjectState) -> None:
    """Move a project to another state."""
    connection.execute(_SET_STATUS, {"project_id": project_id, "state": status})


def has_children(connection: Connection, project_id: int) -> tuple[bool, bool]:
    """Whether a project has (datasets, versions)."""
    has_datasets, has_versions = connection.execute(_CHILDREN, {"project_id": project_id}).one()
    return bool(has_datasets), bool(has_versions)


def remove_project(connection: Connection, project_id: int) -> None:
    """Delete a project and its policies; its datasets and versions must be gone."""
    for statement in (_REMOVE_POLICIES, _REMOVE):
        connection.execute(statement, {"project_id": project_id})
