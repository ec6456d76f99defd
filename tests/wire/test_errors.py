"""Error bodies and statuses (api-facts §1.3 to §1.6)."""

from __future__ import annotations

import json
import uuid

import pytest

from emulator.wire import errors
from emulator.wire.errors import AwsError, render
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

REQUEST_ID = "0b4b6a54-3a4a-4b5e-9c6a-0a8f1c2d3e4f"
SLOW_DOWN = AwsError("ThrottlingException", "Slow down; sudden increase in rate of requests.")

SERVICE_ERRORS = [
    (errors.operation_not_emulated("DetectFaces"), "rekognition:DetectFaces is not available: this emulator serves the "
     "operations of Custom Labels only."),
    (AwsError("ResourceNotFoundException", "No such project."), "No such project."),
    (SLOW_DOWN, "Slow down; sudden increase in rate of requests."),
]  # fmt: skip

PROTOCOL_ERRORS = [
    (errors.validation_failed(["A"]), "ValidationException", "1 validation error detected: A"),
    (errors.validation_failed(["A", "B"]), "ValidationException", "2 validation errors detected: A; B"),
    (errors.serialization_failed("Odd."), "SerializationException", "Odd."),
    (errors.missing_authentication_token(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
    (errors.incomplete_signature("No Credential."), "IncompleteSignatureException", "No Credential."),
    (AwsError("UnrecognizedClientException", "The security token included in the request is invalid."),
     "UnrecognizedClientException", "The security token included in the request is invalid."),
    (AwsError("ExpiredTokenException", "The security token included in the request is expired"),
     "ExpiredTokenException", "The security token included in the request is expired"),
    (errors.invalid_signature("Signature expired: 1 is now earlier than 2"), "InvalidSignatureException",
     "Signature expired: 1 is now earlier than 2"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "text"), SERVICE_ERRORS, ids=lambda value: getattr(value, "code", ""))
def test_service_errors_repeat_their_code_and_carry_a_logref(error: AwsError, text: str) -> None:
    body = json.loads(render(error, REQUEST_ID))
    assert list(body) == ["__type", "Code", "Logref", "Message"]
    assert body["__type"] == body["Code"] == error.code
    assert body["Message"] == text
    assert uuid.UUID(body["Logref"]) != uuid.UUID(REQUEST_ID)
    assert error.status == 400


@pytest.mark.parametrize(("error", "code", "text"), PROTOCOL_ERRORS, ids=lambda value: getattr(value, "code", ""))
def test_protocol_errors_carry_type_and_lowercase_message_only(error: AwsError, code: str, text: str) -> None:
    assert json.loads(render(error, REQUEST_ID)) == {"__type": code, "message": text}
    assert error.status == 400


def test_an_unknown_operation_has_no_text() -> None:
    assert render(errors.unknown_operation(), REQUEST_ID) == b'{"__type":"UnknownOperationException"}'


def test_the_server_errors_are_500() -> None:
    assert errors.internal().status == 500
    assert errors.internal().message == "Internal server error"
    assert AwsError("ThrottlingException", "Service Unavailable").status == 500


def test_an_oversized_body_is_413() -> None:
    assert errors.request_too_large(10).status == 413


def test_the_edge_s_service_errors_are_modelled_by_some_custom_labels_operation() -> None:
    model = load_service_model()
    modelled = frozenset[str]().union(*(model.operations[name].error_codes for name in CUSTOM_LABELS_OPERATIONS))
    codes = {error.code for error, _ in SERVICE_ERRORS} | {errors.internal().code}
    assert codes <= modelled
    assert not modelled & errors.PROTOCOL_ERROR_CODES


def test_one_request_always_shows_one_logref() -> None:
    first = json.loads(render(errors.internal(), REQUEST_ID))["Logref"]
    assert json.loads(render(SLOW_DOWN, REQUEST_ID))["Logref"] == first
    assert json.loads(render(errors.internal(), str(uuid.uuid4())))["Logref"] != first


def test_texts_leave_as_utf8_whatever_they_hold() -> None:
    assert "Blüte".encode() in render(AwsError("ResourceNotFoundException", "Blüte"), REQUEST_ID)
    half = AwsError("ResourceNotFoundException", "half \ud83d")
    assert json.loads(render(half, REQUEST_ID))["Message"] == "half ?"
