"""What an error looks like when it leaves the Rekognition endpoint, and the errors that the edge itself answers.

Two body shapes exist (api-facts §1.3, §1.5, §1.6):

* service errors carry `__type`, `Code`, `Logref` and `Message`; they come from an operation;
* protocol errors carry `__type` and a lowercase `message` only; the framework in front of the operations answers them.

The texts are those of api-facts §1.4 to §1.6. Errors of operations come from `emulator.domain.errors` and its like with
their texts, and are only given their shape here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

PROTOCOL_ERROR_CODES = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "RequestEntityTooLargeException",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Codes that the framework answers, without `Code` and `Logref` (api-facts §1.5 rule 1, §1.6)."""

SERVICE_UNAVAILABLE_TEXT = "Service Unavailable"
REQUEST_TOO_LARGE_STATUS = 413


class AwsError(Exception):
    """An error that the client sees as AWS would answer it.

    `code` is the `__type`, `message` the text (may be empty), `status` the HTTP status: 500 for InternalServerError
    and for the ThrottlingException that says `Service Unavailable`, 413 for RequestEntityTooLargeException, else 400
    (api-facts §1.4).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the code and the text."""
        if self.code == "InternalServerError":
            return 500
        if self.code == "ThrottlingException" and self.message == SERVICE_UNAVAILABLE_TEXT:
            return 500
        if self.code == "RequestEntityTooLargeException":
            return REQUEST_TOO_LARGE_STATUS
        return 400

    @property
    def is_protocol_error(self) -> bool:
        """Whether the body has the short shape: `__type` and a lowercase `message`."""
        return self.code in PROTOCOL_ERROR_CODES


def render(error: AwsError, request_id: str) -> bytes:
    """The JSON body of `error` in UTF-8.

    `Logref` is a UUID of its own, never the request id (api-facts §1.3); it is derived from `request_id` so that one
    request always shows one Logref. A protocol error without text has no `message` member.
    """
    body = {"__type": error.code}
    if error.is_protocol_error:
        if error.message:
            body["message"] = error.message
    else:
        body["Code"] = error.code
        body["Logref"] = str(uuid.uuid5(uuid.NAMESPACE_OID, request_id))
        body["Message"] = error.message
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


# Service errors (api-facts §1.4) that need no operation


def operation_not_emulated(operation: str) -> AwsError:
    """The answer to Rekognition's operations outside Custom Labels: a modelled error that no SDK retries."""
    return AwsError(
        "AccessDeniedException",
        f"rekognition:{operation} is not available: this emulator serves the operations of Custom Labels only.",
    )


def internal() -> AwsError:
    """InternalServerError with HTTP 500; SDKs retry it."""
    return AwsError("InternalServerError", "Internal server error")


# Protocol errors (api-facts §1.5, §1.6)


def validation_failed(violations: Sequence[str]) -> AwsError:
    """ValidationException with the items joined under their count (api-facts §1.5 rule 2). `violations` is not
    empty.
    """
    noun = "error" if len(violations) == 1 else "errors"
    return AwsError("ValidationException", f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")


def image_too_long(size: int, most: int) -> AwsError:
    """ValidationException: the image in a request has about `size` bytes, more than `most` (api-facts §4.3)."""
    shown = f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"
    constraint = f"Member must have length less than or equal to {most}"
    return validation_failed([f"Value '{shown}' at 'image.bytes' failed to satisfy constraint: {constraint}"])


def serialization_failed(message: str) -> AwsError:
    """SerializationException: the body is not a JSON object, or a member has another JSON type than its shape."""
    return AwsError("SerializationException", message)


def unknown_operation() -> AwsError:
    """UnknownOperationException without text: not a POST to `/`, or X-Amz-Target missing or unknown."""
    return AwsError("UnknownOperationException", "")


def request_too_large(limit: int) -> AwsError:
    """RequestEntityTooLargeException, HTTP 413: the body is longer than `limit` bytes."""
    return AwsError("RequestEntityTooLargeException", f"Request body exceeds {limit} bytes.")


def missing_authentication_token() -> AwsError:
    """MissingAuthenticationTokenException: the request is not signed at all."""
    return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")


def incomplete_signature(message: str) -> AwsError:
    """IncompleteSignatureException: the Authorization header or query is malformed; the text says how."""
    return AwsError("IncompleteSignatureException", message)


def invalid_signature(message: str) -> AwsError:
    """InvalidSignatureException: the signature is scoped to what cannot be; the text says how."""
    return AwsError("InvalidSignatureException", message)
