"""The tables of states: closed, without dead ends, and as the facts say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import pytest

from emulator.domain.messages import DATASET_MESSAGES, VERSION_MESSAGES
from emulator.domain.states import (
    DATASET_MOVES,
    PROJECT_MOVES,
    READABLE_DATASET_STATES,
    TRAINED_VERSION_STATES,
    VERSION_MOVES,
    DatasetState,
    Event,
    ProjectState,
    VersionState,
    next_state,
)
from emulator.wire.service_model import load_service_model

State = TypeVar("State", bound=StrEnum)
# Mappings are invariant in their keys: of each table it is known only that its states are texts.
TABLES: dict[str, Mapping[tuple[Any, Event], StrEnum]] = {
    "ProjectStatus": PROJECT_MOVES,
    "DatasetStatus": DATASET_MOVES,
    "ProjectVersionStatus": VERSION_MOVES,
}
ENUMS = {"ProjectStatus": ProjectState, "DatasetStatus": DatasetState, "ProjectVersionStatus": VersionState}
DELETING = {ProjectState.DELETING, DatasetState.DELETE_IN_PROGRESS, VersionState.DELETING}
BEGINNINGS = {
    ProjectState.CREATED,
    DatasetState.CREATE_IN_PROGRESS,
    DatasetState.CREATE_COMPLETE,
    VersionState.TRAINING_IN_PROGRESS,
    VersionState.COPYING_IN_PROGRESS,
}
FOR_ADAPTERS_ONLY = {"DEPRECATED", "EXPIRED"}
TRANSITIONAL_VERSION_STATES = {
    VersionState.TRAINING_IN_PROGRESS,
    VersionState.COPYING_IN_PROGRESS,
    VersionState.STARTING,
    VersionState.STOPPING,
    VersionState.DELETING,
}


def allowed_sources(moves: Mapping[tuple[State, Event], State], event: Event) -> tuple[State, ...]:
    """The states in which an event is allowed, in the table's order."""
    return tuple(state for state, candidate in moves if candidate is event)


@pytest.mark.parametrize("shape", sorted(TABLES))
def test_the_states_are_those_of_the_service_model(shape: str) -> None:
    published = set(load_service_model().shapes[shape]["enum"])
    assert {state.value for state in ENUMS[shape]} == published - FOR_ADAPTERS_ONLY


@pytest.mark.parametrize("shape", sorted(TABLES))
def test_every_state_can_be_reached_and_left(shape: str) -> None:
    """From the states in which a resource begins, every other one can be reached but the unused CREATING."""
    moves = TABLES[shape]
    reached = {state for state in ENUMS[shape] if state in BEGINNINGS}
    while grown := {after for (before, _), after in moves.items() if before in reached} - reached:
        reached |= grown
    assert reached == set(ENUMS[shape]) - {ProjectState.CREATING}
    assert {before for before, _ in moves} == set(ENUMS[shape]) - DELETING


@pytest.mark.parametrize("shape", sorted(TABLES))
def test_work_ends_well_or_badly_in_every_transitional_state(shape: str) -> None:
    """Where work can be done it can also end, and asking for something is refused meanwhile."""
    moves = TABLES[shape]
    at_work = {before for before, event in moves if event is Event.DONE}
    for state in at_work:
        assert {event for before, event in moves if before is state} <= {Event.DONE, Event.BROKE}
    assert all(state.endswith(("ING", "_IN_PROGRESS")) for state in at_work)
    final = {moves[state, Event.DONE] for state in at_work}
    assert not final & at_work


def test_transitional_versions_are_those_with_work_or_deletion() -> None:
    at_work = {before for before, event in VERSION_MOVES if event is Event.DONE}
    assert at_work | {VersionState.DELETING} == TRANSITIONAL_VERSION_STATES


def test_sources_are_derived_from_the_table() -> None:
    """api-facts §3.2."""
    assert set(allowed_sources(VERSION_MOVES, Event.START)) == {
        VersionState.TRAINING_COMPLETED,
        VersionState.COPYING_COMPLETED,
        VersionState.STOPPED,
        VersionState.FAILED,
    }
    assert allowed_sources(VERSION_MOVES, Event.STOP) == (VersionState.RUNNING,)
    assert set(allowed_sources(DATASET_MOVES, Event.UPDATE)) == set(READABLE_DATASET_STATES)
    assert set(allowed_sources(DATASET_MOVES, Event.DELETE)) == {*READABLE_DATASET_STATES, DatasetState.CREATE_FAILED}
    assert allowed_sources(PROJECT_MOVES, Event.DELETE) == (ProjectState.CREATED,)


def test_what_runs_or_works_cannot_be_deleted() -> None:
    """M-3, D (api-facts §2.10)."""
    refused = TRANSITIONAL_VERSION_STATES | {VersionState.RUNNING}
    assert {state for state in VersionState if next_state(VERSION_MOVES, state, Event.DELETE) is None} == refused


def test_only_trained_versions_can_be_started_or_copied() -> None:
    untrained = {
        VersionState.TRAINING_IN_PROGRESS,
        VersionState.TRAINING_FAILED,
        VersionState.COPYING_IN_PROGRESS,
        VersionState.COPYING_FAILED,
        VersionState.DELETING,
    }
    assert set(VersionState) - TRAINED_VERSION_STATES == untrained
    assert set(allowed_sources(VERSION_MOVES, Event.START)) <= TRAINED_VERSION_STATES


def test_the_known_lives() -> None:
    """api-facts §3.2: a stopped version never goes back to TRAINING_COMPLETED."""
    life = [VersionState.TRAINING_IN_PROGRESS]
    for event in (Event.DONE, Event.START, Event.DONE, Event.STOP, Event.DONE, Event.START, Event.BROKE, Event.DELETE):
        state = next_state(VERSION_MOVES, life[-1], event)
        assert state is not None
        life.append(state)
    assert [state.value for state in life] == [
        "TRAINING_IN_PROGRESS",
        "TRAINING_COMPLETED",
        "STARTING",
        "RUNNING",
        "STOPPING",
        "STOPPED",
        "STARTING",
        "FAILED",
        "DELETING",
    ]
    assert next_state(DATASET_MOVES, DatasetState.UPDATE_COMPLETE, Event.UPDATE) is DatasetState.UPDATE_IN_PROGRESS
    assert next_state(DATASET_MOVES, DatasetState.CREATE_FAILED, Event.UPDATE) is None


def test_every_state_has_a_message() -> None:
    """api-facts §3.3; the two texts that are known."""
    assert set(VERSION_MESSAGES) == set(VersionState)
    assert set(DATASET_MESSAGES) == set(DatasetState)
    assert VERSION_MESSAGES[VersionState.TRAINING_IN_PROGRESS] == "The model is being trained."
    assert VERSION_MESSAGES[VersionState.TRAINING_COMPLETED] == "The model is ready to run."
