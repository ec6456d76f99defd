"""Every constraint of the service model of the 23 operations, broken on the running emulator (api-facts §1.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.constraint_cases import OPERATIONS, ConstraintCase, constraint_cases, valid_body
from support.projects import error_of
from support.raw_http import RawConnection
from support.server import EmulatorProcess

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def connection(emulator: EmulatorProcess) -> Iterator[RawConnection]:
    """A connection on which nothing checks a request before it is sent."""
    address = urlsplit(emulator.endpoint)
    assert address.hostname is not None and address.port is not None
    with RawConnection((address.hostname, address.port)) as opened:
        yield opened


@pytest.fixture(scope="session")
def cases() -> dict[str, list[ConstraintCase]]:
    """The cases of each operation."""
    by_operation: dict[str, list[ConstraintCase]] = {operation: [] for operation in OPERATIONS}
    for case in constraint_cases():
        by_operation[case.operation].append(case)
    return by_operation


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_broken_constraint_is_a_validation_exception(
    operation: str, connection: RawConnection, cases: dict[str, list[ConstraintCase]], account: str
) -> None:
    assert cases[operation]
    for case in cases[operation]:
        response = connection.call(operation, case.make_body(), account=account)
        assert response.status == 400, case
        assert response.headers["content-type"] == "application/x-amz-json-1.1"
        assert UUID.fullmatch(response.headers["x-amzn-requestid"])
        assert response.json() == {"__type": "ValidationException", "message": case.message}, case


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_valid_body_passes_validation(operation: str, connection: RawConnection, account: str) -> None:
    """The cases start from bodies that break nothing: whatever the answer is, it is not a ValidationException."""
    response = connection.call(operation, valid_body(operation), account=account)
    assert response.status in {200, 400}
    assert response.json().get("__type") != "ValidationException"


def test_several_broken_constraints_are_told_in_one_message(connection: RawConnection) -> None:
    response = connection.call("DescribeProjects", {"MaxResults": 0, "NextToken": "x" * 1025})
    message = response.json()["message"]
    assert message.startswith("2 validation errors detected: ")
    assert sorted(message.removeprefix("2 validation errors detected: ").split("; ")) == [
        "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
        f"Value '{'x' * 1025}' at 'nextToken' failed to satisfy constraint: "
        "Member must have length less than or equal to 1024",
    ]


def test_boto3_shows_it_as_a_client_error(rekognition: Any) -> None:
    error = error_of(rekognition.describe_projects, MaxResults=101)
    assert (error["Code"], error["HTTPStatusCode"]) == ("ValidationException", 400)
    assert error["Message"] == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )
