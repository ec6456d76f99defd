"""Row ids of a state from elsewhere, moved past those that are here, so that its rows can stand beside them (O-39)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Table, select, text, update

from emulator.domain.json_values import JsonObject
from emulator.storage.dialects import statements_of
from emulator.storage.tables import (
    console_labels,
    console_tasks,
    console_upload_places,
    dataset_blocks,
    dataset_contents,
    dataset_entries,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
    datasets,
    jobs,
    project_policies,
    projects,
    running_spans,
    versions,
)

_SPARE = 1_000_000
"""Ids that others may take between `free_ids` and the transaction that brings the rows."""

# Columns that hold ids, and whose.
_IDS: dict[Table, dict[str, Table]] = {
    projects: {"id": projects},
    datasets: {"id": datasets, "project_id": projects, "content_id": dataset_contents},
    dataset_contents: {"id": dataset_contents, "dataset_id": datasets},
    dataset_entries: {"id": dataset_entries, "content_id": dataset_contents},
    dataset_blocks: {"content_id": dataset_contents},
    dataset_labels: {"id": dataset_labels, "content_id": dataset_contents},
    dataset_entry_labels: {"label_id": dataset_labels, "content_id": dataset_contents},
    dataset_label_blocks: {"label_id": dataset_labels},
    versions: {"id": versions, "project_id": projects},
    running_spans: {"id": running_spans},
    project_policies: {"id": project_policies, "project_id": projects},
    jobs: {"id": jobs},
    console_labels: {"id": console_labels, "dataset_id": datasets},
    console_upload_places: {"dataset_id": datasets},
    console_tasks: {"id": console_tasks},
}


def free_ids(connection: Connection) -> dict[str, int]:
    """By table, what is to be added to ids from 1 on so that they meet none that is, was or soon will be given here."""
    return {table.name: _highest(connection, table) + _SPARE for table, ids in _IDS.items() if "id" in ids}


def are_free(connection: Connection, ids: Mapping[str, int]) -> bool:
    """Whether ids above these are still free."""
    return all(_highest(connection, table) <= ids[table.name] for table in _IDS if table.name in ids)


def move_ids(connection: Connection, ids: Mapping[str, int]) -> None:
    """Add to every id in a SQLite file of its own; what refers to a row goes on to refer to it."""
    for table, columns in _IDS.items():
        # By way of negative ones: one that is moved must not meet one that is not moved yet.
        far = ", ".join(f"{column} = -({column} + {ids[of.name]})" for column, of in columns.items())
        back = ", ".join(f"{column} = -{column}" for column in columns)
        connection.execute(text(f"UPDATE {table.name} SET {far}"))
        connection.execute(text(f"UPDATE {table.name} SET {back}"))
    for row in connection.execute(select(jobs.c.id, jobs.c.payload, jobs.c.outcome)).all():
        moved = {"payload": _moved_payload(row.payload, ids)}
        if row.outcome is not None:
            moved["outcome"] = _moved_outcome(row.outcome, ids)
        connection.execute(update(jobs).where(jobs.c.id == row.id).values(moved))


def _highest(connection: Connection, table: Table) -> int:
    return statements_of(connection).highest_id(connection, table)


def _moved_payload(payload: JsonObject, ids: Mapping[str, int]) -> JsonObject:
    """A console's task is named by its id."""
    return {**payload, "task": payload["task"] + ids[console_tasks.name]} if "task" in payload else payload


def _moved_outcome(outcome: JsonObject, ids: Mapping[str, int]) -> JsonObject:
    """Work that is done names the contents that it made."""
    by, moved = ids[dataset_contents.name], dict(outcome)
    if "content_id" in moved:
        moved["content_id"] += by
    if "contents" in moved:
        moved["contents"] = [content_id + by for content_id in moved["contents"]]
    return moved
