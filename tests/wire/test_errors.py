"""Error bodies and statuses (api-facts §1.3 to §1.6)."""

from __future__ import annotations

import json
import uuid

import pytest

from emulator.wire import errors
from emulator.wire.errors import AwsError, render
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

REQUEST_ID = "0b4b6a54-3a4a-4b5e-9c6a-0a8f1c2d3e4f"

SERVICE_ERRORS = [
    (errors.access_denied("arn:u", "DeleteProject", "arn:p"), "User: arn:u is not authorized to perform: "
     "rekognition:DeleteProject on resource: arn:p"),
    (errors.image_too_large(), "Image size is too large."),
    (errors.invalid_image_format(), "Request has invalid image format."),
    (errors.invalid_pagination_token(), "Invalid Pagination Token"),
    (errors.invalid_parameter(), "Request has invalid parameters."),
    (errors.invalid_parameter("Feature and FeatureConfig differ."), "Feature and FeatureConfig differ."),
    (errors.invalid_policy_revision_id("Another revision."), "Another revision."),
    (errors.invalid_s3_object(), "Unable to get object metadata from S3. Check object key, region and/or access "
     "permissions."),
    (errors.invalid_s3_object_request(), "Request has invalid S3 object."),
    (errors.limit_exceeded("100 projects."), "100 projects."),
    (errors.malformed_policy_document("No Statement."), "No Statement."),
    (errors.operation_not_emulated("DetectFaces"), "rekognition:DetectFaces is not available: this emulator serves the "
     "operations of Custom Labels only."),
    (errors.provisioned_rate_exceeded(), "Provisioned Rate exceeded."),
    (errors.s3_download_limit_exceeded(), "S3 download limit exceeded."),
    (errors.resource_already_exists("It exists."), "It exists."),
    (errors.resource_in_use(), "Specified resource is in use."),
    (errors.resource_not_found("No such project."), "No such project."),
    (errors.resource_not_ready("Not running."), "Not running."),
    (errors.service_quota_exceeded("Too many tags."), "Too many tags."),
    (errors.slow_down(), "Slow down; sudden increase in rate of requests."),
]  # fmt: skip

PROTOCOL_ERRORS = [
    (errors.validation_failed(["A"]), "ValidationException", "1 validation error detected: A"),
    (errors.validation_failed(["A", "B"]), "ValidationException", "2 validation errors detected: A; B"),
    (errors.serialization_failed("Odd."), "SerializationException", "Odd."),
    (errors.missing_authentication_token(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
    (errors.incomplete_signature("No Credential."), "IncompleteSignatureException", "No Credential."),
    (errors.unrecognized_client(), "UnrecognizedClientException",
     "The security token included in the request is invalid."),
    (errors.expired_token(), "ExpiredTokenException", "The security token included in the request is expired"),
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
    assert errors.service_unavailable().status == 500
    assert errors.service_unavailable().message == "Service Unavailable"


def test_an_oversized_body_is_413() -> None:
    assert errors.request_too_large(10).status == 413


def test_the_default_text_of_a_bad_signature_is_the_documented_one() -> None:
    assert errors.invalid_signature().message.startswith(
        "The request signature we calculated does not match the signature you provided."
    )


def test_every_service_error_of_the_catalogue_is_modelled_by_some_custom_labels_operation() -> None:
    model = load_service_model()
    modelled = frozenset[str]().union(*(model.operations[name].error_codes for name in CUSTOM_LABELS_OPERATIONS))
    codes = {error.code for error, _ in SERVICE_ERRORS} | {errors.internal().code}
    assert codes <= modelled
    assert not modelled & errors.PROTOCOL_ERROR_CODES


def test_one_request_always_shows_one_logref() -> None:
    first = json.loads(render(errors.internal(), REQUEST_ID))["Logref"]
    assert json.loads(render(errors.slow_down(), REQUEST_ID))["Logref"] == first
    assert json.loads(render(errors.internal(), str(uuid.uuid4())))["Logref"] != first


def test_texts_leave_as_utf8_whatever_they_hold() -> None:
    assert "Blüte".encode() in render(errors.resource_not_found("Blüte"), REQUEST_ID)
    assert json.loads(render(errors.resource_not_found("half \ud83d"), REQUEST_ID))["Message"] == "half ?"
