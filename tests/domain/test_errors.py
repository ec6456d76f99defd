"""The errors that operations raise: modelled by AWS, in AWS's words (api-facts §1.4)."""

from __future__ import annotations

import pytest

from emulator.domain import detection, errors, image_limits
from emulator.domain.controls.faults import DEFAULT_MESSAGES, PROTOCOL_ERRORS
from emulator.domain.errors import RuleError
from emulator.domain.metering.quotas import DETECT_OPERATION, Quota, QuotaExceededError, RequestRateError
from emulator.domain.policy import MalformedPolicyError
from emulator.wire.errors import PROTOCOL_ERROR_CODES
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model

IN_PUBLISHED_WORDS = [
    image_limits.image_too_large(),
    detection.invalid_image_format(),
    errors.InvalidPaginationTokenError(),
    RequestRateError(DETECT_OPERATION),
    RequestRateError("CreateProject"),
]
WORDED_BY_RESOURCE = [
    detection.invalid_s3_object(),
    errors.AccessDeniedError("User: arn:u is not authorized to perform: rekognition:DeleteProject"),
    errors.InvalidParameterError("Feature and FeatureConfig differ."),
    errors.ResourceAlreadyExistsError("It exists."),
    errors.ResourceInUseError("It is in use."),
    errors.ResourceNotFoundError("No such project."),
    errors.ResourceNotReadyError("Not running."),
    MalformedPolicyError("No Statement."),
    *(QuotaExceededError(quota, "us-east-1", 1000) for quota in Quota),
]


def test_every_error_is_modelled_by_some_custom_labels_operation() -> None:
    model = load_service_model()
    modelled = frozenset[str]().union(*(model.operations[name].error_codes for name in CUSTOM_LABELS_OPERATIONS))
    assert {error.code for error in IN_PUBLISHED_WORDS + WORDED_BY_RESOURCE} <= modelled


@pytest.mark.parametrize("error", IN_PUBLISHED_WORDS, ids=lambda error: error.code)
def test_an_injected_error_reads_like_the_real_one(error: RuleError) -> None:
    assert error.message == DEFAULT_MESSAGES[error.code]


def test_every_protocol_error_but_that_of_a_body_s_size_can_be_injected() -> None:
    assert PROTOCOL_ERRORS | {"RequestEntityTooLargeException"} == PROTOCOL_ERROR_CODES
