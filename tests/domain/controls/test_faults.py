"""Injected faults: reading, matching, chance, counting (O-11)."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.domain.controls.definitions import DefinitionError
from emulator.domain.controls.faults import NO_EFFECT, FaultBook

COMMON = {
    "AccessDeniedException",
    "InternalServerError",
    "InvalidParameterException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
}
MODELLED = {
    "DetectCustomLabels": COMMON | {"ResourceNotReadyException", "ImageTooLargeException"},
    "CreateProject": COMMON | {"ResourceInUseException"},
}
ACCOUNT, REGION = "111122223333", "us-east-1"


def book(*faults: dict[str, Any], seed: int = 0) -> FaultBook:
    made = FaultBook(MODELLED, seed)
    made.add(list(faults))
    return made


def errors(
    faults: FaultBook, operation: str, times: int, account: str = ACCOUNT, region: str = REGION
) -> list[str | None]:
    return [faults.meet(operation, account, region).error for _ in range(times)]


def test_a_fault_with_a_count_is_used_up() -> None:
    faults = book({"operation": "DetectCustomLabels", "error": "ThrottlingException", "count": 2})
    assert errors(faults, "DetectCustomLabels", 3) == ["ThrottlingException", "ThrottlingException", None]
    assert faults.all() == []


def test_other_operations_accounts_and_regions_are_spared() -> None:
    faults = book({"operation": "CreateProject", "error": "InternalServerError", "account": ACCOUNT, "region": REGION})
    assert errors(faults, "DetectCustomLabels", 1) == [None]
    assert errors(faults, "CreateProject", 1, account="999999999999") == [None]
    assert errors(faults, "CreateProject", 1, region="eu-west-1") == [None]
    assert errors(faults, "CreateProject", 1) == ["InternalServerError"]


def test_a_star_concerns_every_operation() -> None:
    faults = book({"operation": "*", "error": "InternalServerError", "count": 2})
    assert errors(faults, "CreateProject", 1) + errors(faults, "DetectCustomLabels", 1) == ["InternalServerError"] * 2


def test_the_service_s_own_words_unless_others_are_given() -> None:
    faults = book(
        {"error": "ProvisionedThroughputExceededException", "count": 1},
        {"error": "ThrottlingException", "message": "no"},
    )
    assert faults.meet("CreateProject", ACCOUNT, REGION).message == "Provisioned Rate exceeded."
    assert faults.meet("CreateProject", ACCOUNT, REGION).message == "no"


def test_denied_access_is_said_in_the_words_of_aws() -> None:
    """api-facts §1.4, with the operation that was called, whichever the fault names."""
    faults = book({"error": "AccessDeniedException"})
    assert faults.meet("CreateProject", ACCOUNT, REGION).words("CreateProject", ACCOUNT) == (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: rekognition:CreateProject on resource: *"
    )
    again = FaultBook(MODELLED)
    assert again.add(faults.all()[0].document())[0].message == faults.all()[0].message
    own = book({"error": "AccessDeniedException", "message": "Not you, {user}."})
    assert own.meet("CreateProject", ACCOUNT, REGION).words("CreateProject", ACCOUNT) == "Not you, {user}."


def test_delays_add_up_until_an_error() -> None:
    faults = book(
        {"latency_ms": 20, "count": 1},
        {"latency_ms": 5, "error": "ThrottlingException", "count": 1},
        {"latency_ms": 100},
    )
    first = faults.meet("CreateProject", ACCOUNT, REGION)
    assert (first.latency_ms, first.error) == (25, "ThrottlingException")
    second = faults.meet("CreateProject", ACCOUNT, REGION)
    assert (second.latency_ms, second.error) == (100, None)


def test_chance_is_kept_and_repeats_with_the_seed() -> None:
    fault = {"operation": "*", "error": "ThrottlingException", "probability": 0.3}
    outcomes = errors(book(fault, seed=7), "CreateProject", 1000)
    assert outcomes == errors(book(fault, seed=7), "CreateProject", 1000)
    assert outcomes != errors(book(fault, seed=8), "CreateProject", 1000)
    assert 250 < outcomes.count("ThrottlingException") < 350


def test_a_count_is_used_only_when_chance_strikes() -> None:
    faults = book({"error": "ThrottlingException", "probability": 0.2, "count": 5})
    assert errors(faults, "CreateProject", 500).count("ThrottlingException") == 5


def test_probability_zero_never_strikes() -> None:
    assert errors(book({"error": "ThrottlingException", "probability": 0}), "CreateProject", 100) == [None] * 100


def test_no_faults_no_effect() -> None:
    assert book().meet("CreateProject", ACCOUNT, REGION) is NO_EFFECT


def test_what_is_listed_can_be_given_again_and_taken_back_by_id() -> None:
    faults = book({"operation": "CreateProject", "error": "ResourceInUseException", "count": 3, "latency_ms": 7})
    errors(faults, "CreateProject", 1)
    document = faults.all()[0].document()
    assert document["count"] == 2 and document["id"] == 1
    again = FaultBook(MODELLED)
    assert again.add(document)[0].document() == document
    assert faults.remove(1) and not faults.remove(1)
    assert faults.all() == []


def test_clear_starts_anew() -> None:
    fault = {"operation": "*", "error": "ThrottlingException", "probability": 0.5}
    faults = book(fault)
    first = errors(faults, "CreateProject", 50)
    faults.clear()
    assert faults.meet("CreateProject", ACCOUNT, REGION) is NO_EFFECT
    faults.add(fault)
    assert errors(faults, "CreateProject", 50) == first


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("no object", "faults[0]"),
        ({}, "faults[0]"),
        ({"operation": "DetectCustomLabels"}, "faults[0]"),
        ({"operation": "DetectFaces", "error": "ThrottlingException"}, "faults[0].operation"),
        ({"operation": "CreateProject", "error": "ImageTooLargeException"}, "faults[0].error"),
        ({"operation": "*", "error": "ResourceInUseException"}, "faults[0].error"),
        ({"error": "NoSuchException"}, "faults[0].error"),
        ({"error": 5}, "faults[0].error"),
        ({"error": "ThrottlingException", "probability": 1.5}, "faults[0].probability"),
        ({"error": "ThrottlingException", "probability": True}, "faults[0].probability"),
        ({"error": "ThrottlingException", "probability": float("nan")}, "faults[0].probability"),
        ({"error": "ThrottlingException", "count": 0}, "faults[0].count"),
        ({"error": "ThrottlingException", "count": 1.5}, "faults[0].count"),
        ({"latency_ms": -1}, "faults[0].latency_ms"),
        ({"error": "ThrottlingException", "account": "12"}, "faults[0].account"),
        ({"error": "ThrottlingException", "region": "US EAST"}, "faults[0].region"),
        ({"error": "ThrottlingException", "probabilty": 1}, "faults[0].probabilty"),
    ],
)
def test_a_wrong_definition_is_refused_at_its_place(document: object, place: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        FaultBook(MODELLED).add(document)
    assert refused.value.place == place


def test_one_wrong_fault_in_a_list_adds_none() -> None:
    faults = FaultBook(MODELLED)
    with pytest.raises(DefinitionError, match=r"faults\[1\]\.count"):
        faults.add([{"error": "ThrottlingException"}, {"error": "ThrottlingException", "count": "x"}])
    assert faults.all() == []
