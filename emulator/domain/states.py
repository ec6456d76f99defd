"""States of projects, datasets and versions, and the one table of moves that rules, errors and docs share.

Source: api-facts §3.1 and §3.2, guide rules D-10, DV-4; emulator.md O-17 for the moves that take time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class ProjectState(StrEnum):
    """A project's Status on the wire; being absent is the only sign of being deleted."""

    CREATING = "CREATING"
    CREATED = "CREATED"
    DELETING = "DELETING"


class DatasetState(StrEnum):
    """A dataset's Status on the wire: it tells of the last operation on the dataset."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"


class VersionState(StrEnum):
    """A project version's Status on the wire. DEPRECATED and EXPIRED belong to adapters and are never reached here."""

    TRAINING_IN_PROGRESS = "TRAINING_IN_PROGRESS"
    TRAINING_COMPLETED = "TRAINING_COMPLETED"
    TRAINING_FAILED = "TRAINING_FAILED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    DELETING = "DELETING"
    COPYING_IN_PROGRESS = "COPYING_IN_PROGRESS"
    COPYING_COMPLETED = "COPYING_COMPLETED"
    COPYING_FAILED = "COPYING_FAILED"


class Event(StrEnum):
    """What moves a resource from one state to the next. DONE and BROKE end the work that an earlier event began."""

    UPDATE = "update"
    START = "start"
    STOP = "stop"
    DELETE = "delete"
    DONE = "done"
    BROKE = "broke"


State = TypeVar("State", bound=StrEnum)

PROJECT_MOVES: Mapping[tuple[ProjectState, Event], ProjectState] = {
    (ProjectState.CREATING, Event.DONE): ProjectState.CREATED,
    (ProjectState.CREATED, Event.DELETE): ProjectState.DELETING,
}

DATASET_MOVES: Mapping[tuple[DatasetState, Event], DatasetState] = {
    (DatasetState.CREATE_IN_PROGRESS, Event.DONE): DatasetState.CREATE_COMPLETE,
    (DatasetState.CREATE_IN_PROGRESS, Event.BROKE): DatasetState.CREATE_FAILED,
    (DatasetState.CREATE_COMPLETE, Event.UPDATE): DatasetState.UPDATE_IN_PROGRESS,
    (DatasetState.UPDATE_COMPLETE, Event.UPDATE): DatasetState.UPDATE_IN_PROGRESS,
    (DatasetState.UPDATE_FAILED, Event.UPDATE): DatasetState.UPDATE_IN_PROGRESS,
    (DatasetState.UPDATE_IN_PROGRESS, Event.DONE): DatasetState.UPDATE_COMPLETE,
    (DatasetState.UPDATE_IN_PROGRESS, Event.BROKE): DatasetState.UPDATE_FAILED,
    (DatasetState.CREATE_COMPLETE, Event.DELETE): DatasetState.DELETE_IN_PROGRESS,
    (DatasetState.CREATE_FAILED, Event.DELETE): DatasetState.DELETE_IN_PROGRESS,
    (DatasetState.UPDATE_COMPLETE, Event.DELETE): DatasetState.DELETE_IN_PROGRESS,
    (DatasetState.UPDATE_FAILED, Event.DELETE): DatasetState.DELETE_IN_PROGRESS,
}

VERSION_MOVES: Mapping[tuple[VersionState, Event], VersionState] = {
    (VersionState.TRAINING_IN_PROGRESS, Event.DONE): VersionState.TRAINING_COMPLETED,
    (VersionState.TRAINING_IN_PROGRESS, Event.BROKE): VersionState.TRAINING_FAILED,
    (VersionState.COPYING_IN_PROGRESS, Event.DONE): VersionState.COPYING_COMPLETED,
    (VersionState.COPYING_IN_PROGRESS, Event.BROKE): VersionState.COPYING_FAILED,
    (VersionState.TRAINING_COMPLETED, Event.START): VersionState.STARTING,
    (VersionState.COPYING_COMPLETED, Event.START): VersionState.STARTING,
    (VersionState.STOPPED, Event.START): VersionState.STARTING,
    (VersionState.FAILED, Event.START): VersionState.STARTING,
    (VersionState.STARTING, Event.DONE): VersionState.RUNNING,
    (VersionState.STARTING, Event.BROKE): VersionState.FAILED,
    (VersionState.RUNNING, Event.BROKE): VersionState.FAILED,
    (VersionState.RUNNING, Event.STOP): VersionState.STOPPING,
    (VersionState.STOPPING, Event.DONE): VersionState.STOPPED,
    (VersionState.TRAINING_COMPLETED, Event.DELETE): VersionState.DELETING,
    (VersionState.TRAINING_FAILED, Event.DELETE): VersionState.DELETING,
    (VersionState.COPYING_COMPLETED, Event.DELETE): VersionState.DELETING,
    (VersionState.COPYING_FAILED, Event.DELETE): VersionState.DELETING,
    (VersionState.STOPPED, Event.DELETE): VersionState.DELETING,
    (VersionState.FAILED, Event.DELETE): VersionState.DELETING,
}

READABLE_DATASET_STATES = frozenset(
    {DatasetState.CREATE_COMPLETE, DatasetState.UPDATE_COMPLETE, DatasetState.UPDATE_FAILED}
)

TRAINED_VERSION_STATES = frozenset(
    {
        VersionState.TRAINING_COMPLETED,
        VersionState.COPYING_COMPLETED,
        VersionState.STARTING,
        VersionState.RUNNING,
        VersionState.STOPPING,
        VersionState.STOPPED,
        VersionState.FAILED,
    }
)


def next_state(moves: Mapping[tuple[State, Event], State], state: State, event: Event) -> State | None:
    """The state that an event leads to, or None where the event is not allowed in this state."""
    return moves.get((state, event))
