"""The kinds of jobs, what each may end with, and how that is stored and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypedDict

from emulator.domain.json_values import JsonMapping, JsonObject
from emulator.domain.messages import SERVICE_ISSUE


class JobKind(StrEnum):
    """What accepted work does. The values stand in the jobs table."""

    CREATE_DATASET = "create-dataset"
    COPY_DATASET = "copy-dataset"
    UPDATE_DATASET = "update-dataset"
    DISTRIBUTE_DATASET = "distribute-dataset"
    DELETE_DATASET = "delete-dataset"
    RELABEL_DATASET = "relabel-dataset"
    REMOVE_ENTRIES = "remove-entries"
    TRAIN_VERSION = "train"
    COPY_VERSION = "copy-version"
    START_VERSION = "start-version"
    STOP_VERSION = "stop-version"
    DELETE_VERSION = "delete-version"
    DELETE_PROJECT = "delete-project"
    CONSOLE_TASK = "console-task"


class DatabaseLostError(Exception):
    """The database went away from work in a process of its own; the work may be done again."""


class VersionResults(TypedDict, total=False):
    """The columns of a version that a training or a copy fills. `training_ended_at` in milliseconds.

    `quality`: the effort, how sure F1 and average precision are, and what would help most (docs/training.md).
    """

    result_keys: dict[str, str]
    model_file: str
    f1_score: float | None
    quality: JsonObject | None
    training_ended_at: int | None
    billable_seconds: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """The work succeeded. Each kind of job fills what it brings.

    `content_id` is the new content of a dataset, `contents` those of the training and the test dataset of a
    distribution, `deleted_file` the model file that goes with a deleted version.
    """

    content_id: int | None = None
    contents: tuple[int, int] | None = None
    version: VersionResults = field(default_factory=VersionResults)
    deleted_file: str | None = None


@dataclass(frozen=True, slots=True)
class Broke:
    """The work failed. `message` and `code` become StatusMessage and its code; None leaves those of the state."""

    message: str | None = None
    code: str | None = None
    version: VersionResults = field(default_factory=VersionResults)


Outcome = Done | Broke

CONSOLE = "console"
"""The transition of the console's tasks: no policy holds their end back."""

CLIENT_ERROR = "CLIENT_ERROR"
SERVICE_FAULT = Broke(SERVICE_ISSUE, "SERVICE_ERROR")


def outcome_to_json(outcome: Outcome) -> JsonObject:
    """The outcome as it is stored in the jobs table and sent by a worker; empty members are left out."""
    if isinstance(outcome, Broke):
        return {"event": "broke"} | _given(message=outcome.message, code=outcome.code, values=outcome.version or None)
    members: JsonObject = {
        "content_id": outcome.content_id,
        "contents": None if outcome.contents is None else list(outcome.contents),
        "values": outcome.version or None,
        # Beside the values as well: archives of the first release name the model file here.
        "model_file": outcome.version.get("model_file"),
        "deleted_file": outcome.deleted_file,
    }
    return {"event": "done"} | _given(**members)


def outcome_from_json(document: JsonMapping) -> Outcome:
    """What `outcome_to_json` wrote, by this release or an earlier one."""
    values: VersionResults = document.get("values", {})
    if document["event"] == "broke":
        return Broke(document.get("message"), document.get("code"), values)
    contents = document.get("contents")
    return Done(
        content_id=document.get("content_id"),
        contents=None if contents is None else (contents[0], contents[1]),
        version=values,
        deleted_file=document.get("deleted_file"),
    )


def _given(**members: Any) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}
