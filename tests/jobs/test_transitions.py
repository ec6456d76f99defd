"""The time policies of state changes."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.jobs.transitions import TRANSITIONS, TransitionError, TransitionPolicies, describes_needed


@pytest.fixture
def policies() -> TransitionPolicies:
    return TransitionPolicies({"starting": 0.5})


def test_all_are_real_until_told_otherwise(policies: TransitionPolicies) -> None:
    """O-17."""
    assert policies.as_json() == {name: {"type": "real"} for name in TRANSITIONS}
    assert policies.policy_of("starting") == {"type": "seconds", "seconds": 0.5}
    assert policies.policy_of("training") == {"type": "seconds", "seconds": 0.0}


def test_some_are_changed_and_all_are_reset(policies: TransitionPolicies) -> None:
    policies.change({"starting": {"type": "describes", "count": 3}, "training": {"type": "seconds", "seconds": 0}})
    policies.change({"training": {"type": "immediate"}})
    assert policies.as_json()["starting"] == {"type": "describes", "count": 3}
    assert policies.policy_of("training") == {"type": "immediate"}
    assert policies.as_json()["copying"] == {"type": "real"}
    policies.reset()
    assert policies.as_json()["starting"] == {"type": "real"}


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        "real",
        {"running": {"type": "real"}},
        {"training": "real"},
        {"training": {}},
        {"training": {"type": "never"}},
        {"training": {"type": ["real"]}},
        {"training": {"type": "real", "seconds": 1}},
        {"training": {"type": "seconds"}},
        {"training": {"type": "seconds", "seconds": -1}},
        {"training": {"type": "seconds", "seconds": "1"}},
        {"training": {"type": "seconds", "seconds": True}},
        {"training": {"type": "seconds", "seconds": float("nan")}},
        {"training": {"type": "seconds", "seconds": float("inf")}},
        {"training": {"type": "seconds", "seconds": 10**400}},
        {"training": {"type": "describes", "count": 0}},
        {"training": {"type": "describes", "count": 1.5}},
        {"training": {"type": "describes", "count": True}},
        {"copying": {"type": "immediate"}, "training": {"type": "never"}},
    ],
)
def test_policies_that_cannot_be_change_nothing(policies: TransitionPolicies, wanted: Any) -> None:
    before = policies.as_json()
    with pytest.raises(TransitionError):
        policies.change(wanted)
    assert policies.as_json() == before


def test_what_is_shown_cannot_be_changed_from_outside(policies: TransitionPolicies) -> None:
    policies.as_json()["training"]["type"] = "immediate"
    policies.policy_of("training")["seconds"] = 9
    assert policies.policy_of("training") == {"type": "seconds", "seconds": 0.0}


def test_how_many_describing_calls_release_a_change() -> None:
    assert describes_needed({"type": "seconds", "seconds": 3}) is None
    assert describes_needed({"type": "describes", "count": 3}) == 3
    assert describes_needed({"type": "immediate"}) == 0
