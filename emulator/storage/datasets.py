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
    statement = insert(datasets).values(
        project_id=project_id,
        kind=kind,
        arn=arn,
        created_at=created_at,
        updated_at=created_at,
        status=status,
        status_message=status_message,
        status_message_code="SUCCESS",
    )
    result = connection.execute(statement)
    return inserted_id(result)


def find_dataset(connection: Connection, arn: str) -> Dataset | None:
    """The dataset with this ARN, or None."""
    row = connection.execute(_BY_ARN, {"arn": arn}).one_or_none()
    return None if row is None else _dataset(row)


def find_dataset_of_project(connection: Connection, project_id: int, kind: str) -> Dataset | None:
    """A project's dataset of a kind (`train` or `test`), or None."""
    statement = select(*_COLUMNS).where(datasets.c.project_id == project_id, datasets.c.kind == kind)
    row = connection.execute(statement).one_or_none()
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
    last = case((datasets.c.created_at > updated_at, datasets.c.created_at), else_=updated_at)
    connection.execute(
        update(datasets)
        .where(datasets.c.id == dataset_id)
        .values(status=status, status_message=message, status_message_code=code, updated_at=last)
    )


def set_dataset_content(connection: Connection, dataset_id: int, content_id: int) -> None:
    """Make another content the dataset's."""
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(content_id=content_id))


def remove_dataset(connection: Connection, dataset_id: int) -> None:
    """Delete a dataset's row, and what the console keeps of it; its contents are then unreferenced and swept."""
    for table in (console_labels, console_upload_places):
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id))
    connection.execute(delete(datasets).where(datasets.c.id == dataset_id))
