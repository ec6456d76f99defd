"""Datasets in the database; their lines are in `entries`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, select, update

from emulator.domain.states import DatasetState
from emulator.storage.rows import Dataset, inserted_id
from emulator.storage.tables import console_labels, console_upload_places, datasets

_COLUMNS = (
    datasets.c.id,
    datasets.c.project_id,
    datasets.c.kind,
    datasets.c.arn,
    datasets.c.created_at,
    datasets.c.updated_at,
    datasets.c.status,
    datasets.c.status_message,
    datasets.c.status_message_code,
    datasets.c.content_id,
)


# Statements of the hot path are built once: building one takes longer than running it.
_BY_ARN = select(*_COLUMNS).where(datasets.c.arn == bindparam("arn"))
_OF_PROJECTS = (
    select(*_COLUMNS).where(datasets.c.project_id.in_(bindparam("project_ids", expanding=True))).order_by(datasets.c.id)
)
_OF_PROJECT = select(*_COLUMNS).where(
    datasets.c.project_id == bindparam("project_id"), datasets.c.kind == bindparam("kind")
)
_INSERT = insert(datasets)
_IS_ONE = datasets.c.id == bindparam("id_")
_SET_STATUS = (
    update(datasets)
    .where(_IS_ONE)
    .values(
        status=bindparam("state"),
        status_message=bindparam("message"),
        status_message_code=bindparam("code"),
        updated_at=case((datasets.c.created_at > bindparam("now"), datasets.c.created_at), else_=bindparam("now")),
    )
)
_SET_CONTENT = update(datasets).where(_IS_ONE).values(content_id=bindparam("content"))
_REMOVALS = (
    *(delete(table).where(table.c.dataset_id == bindparam("id_")) for table in (console_labels, console_upload_places)),
    delete(datasets).where(_IS_ONE),
)


def _dataset(row: Any) -> Dataset:
    return Dataset(**{**row._mapping, "status": DatasetState(row.status)})


def add_dataset(
    connection: Connection,
    *,
    project_id: int,
    kind: str,
    arn: str,
    created_at: int,
    status: DatasetState,
    status_message: str,
) -> int:
    """Store a new dataset without a content; gives its row id."""
    values = {
        "project_id": project_id,
        "kind": kind,
        "arn": arn,
        "created_at": created_at,
        "updated_at": created_at,
        "status": status,
        "status_message": status_message,
        "status_message_code": "SUCCESS",
    }
    return inserted_id(connection.execute(_INSERT, values))


def find_dataset(connection: Connection, arn: str) -> Dataset | None:
    """The dataset with this ARN, or None."""
    row = connection.execute(_BY_ARN, {"arn": arn}).one_or_none()
    return None if row is None else _dataset(row)


def find_dataset_of_project(connection: Connection, project_id: int, kind: str) -> Dataset | None:
    """A project's dataset of a kind (`train` or `test`), or None."""
    row = connection.execute(_OF_PROJECT, {"project_id": project_id, "kind": kind}).one_or_none()
    return None if row is None else _dataset(row)


def list_datasets(connection: Connection, project_ids: Sequence[int]) -> dict[int, list[Dataset]]:
    """The datasets of several projects in order of creation, by project id."""
    found: dict[int, list[Dataset]] = {project_id: [] for project_id in project_ids}
    if not project_ids:
        return found
    for row in connection.execute(_OF_PROJECTS, {"project_ids": list(project_ids)}):
        found[row.project_id].append(_dataset(row))
    return found


def set_dataset_status(
    connection: Connection,
    dataset_id: int,
    status: DatasetState,
    message: str,
    *,
    updated_at: int,
    code: str = "SUCCESS",
) -> None:
    """Move a dataset to another state and say why. It is not changed before it was created, whatever the clock says."""
    values = {"id_": dataset_id, "state": status, "message": message, "code": code, "now": updated_at}
    connection.execute(_SET_STATUS, values)


def set_dataset_content(connection: Connection, dataset_id: int, content_id: int) -> None:
    """Make another content the dataset's."""
    connection.execute(_SET_CONTENT, {"id_": dataset_id, "content": content_id})


def remove_dataset(connection: Connection, dataset_id: int) -> None:
    """Delete a dataset's row, and what the console keeps of it; its contents are then unreferenced and swept."""
    for statement in _REMOVALS:
        connection.execute(statement, {"id_": dataset_id})
