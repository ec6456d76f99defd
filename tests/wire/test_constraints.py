"""Every constraint of the service model, broken one by one (api-facts §1.5; acceptance 4 of the wire edge)."""

from __future__ import annotations

import json

import pytest

from emulator.wire.errors import AwsError
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model
from emulator.wire.validation import parse_input
from support.constraint_cases import (
    OPERATIONS,
    ConstraintCase,
    constraint_cases,
    service_model,
    valid_body,
)
from support.edge_server import EdgeServer, RecordingDispatch
from support.raw_http import RawConnection

CASES = constraint_cases()


def test_the_cases_cover_every_constraint_of_the_23_operations() -> None:
    """Counted another way: references to constrained shapes below the inputs, without making any value."""
    shapes = service_model()["shapes"]

    def count(name: str) -> int:
        shape = shapes[name]
        rules = [rule for rule in ("max", "pattern", "enum") if rule in shape]
        if shape.get("min", 0) > 0 or (shape["type"] in ("integer", "float") and "min" in shape):
            rules.append("min")
        children = [member["shape"] for member in shape.get("members", {}).values()]
        children += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
        return len(rules) + len(shape.get("required", ())) + sum(count(child) for child in children)

    assert frozenset(OPERATIONS) == CUSTOM_LABELS_OPERATIONS
    assert len(CASES) == sum(count(service_model()["operations"][name]["input"]["shape"]) for name in OPERATIONS)
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_bodies_that_the_cases_start_from_are_valid(operation: str) -> None:
    parameters = parse_input(load_service_model(), operation, json.dumps(valid_body(operation)).encode())
    assert parameters.keys() == valid_body(operation).keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case)[:100])
def test_a_broken_constraint_is_named_alone(case: ConstraintCase) -> None:
    with pytest.raises(AwsError) as caught:
        parse_input(load_service_model(), case.operation, json.dumps(case.make_body()).encode())
    assert caught.value.code == "ValidationException"
    assert caught.value.message == case.message


def test_every_case_is_http_400_with_the_two_members_of_a_framework_error() -> None:
    dispatch = RecordingDispatch()
    with EdgeServer(dispatch) as server, RawConnection(server.address) as connection:
        for case in CASES:
            response = connection.call(case.operation, case.make_body())
            assert response.status == 400, case
            assert response.json() == {"__type": "ValidationException", "message": case.message}, case
    assert dispatch.calls == []
