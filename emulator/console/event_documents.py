"""What the stream of changes tells, as types: the page's are made from them (O-31)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from emulator.console.project_documents import ProjectDocument, TrainingDocument, TrainingList
from emulator.console.task_documents import TaskDocument


class ClockDocument(BaseModel):
    """The clock that states go by; `now` in seconds since the epoch."""

    mode: Literal["real", "manual"]
    now: float


class SnapshotDocument(BaseModel):
    """All that there is; `instance` is another one after a restart, a reset or a loaded archive."""

    instance: str
    projects: list[ProjectDocument]
    trainings: list[TrainingDocument]
    tasks: list[TaskDocument]
    clock: ClockDocument


class ProjectChanges(BaseModel):
    """Projects in which anything changed, whole, and the ARNs of those that are gone."""

    changed: list[ProjectDocument]
    removed: list[str]


class TaskChanges(BaseModel):
    """Tasks that changed, whole, and the ids of those that are gone."""

    changed: list[TaskDocument]
    removed: list[int]


class NothingNew(BaseModel):
    """A sign of life."""


class ConsoleEvents(BaseModel):
    """The data of every event of the stream, under the event's name."""

    snapshot: SnapshotDocument
    projects: ProjectChanges
    trainings: TrainingList
    tasks: TaskChanges
    clock: ClockDocument
    ping: NothingNew
