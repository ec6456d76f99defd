"""Every error that leaves the Rekognition endpoint: its code, HTTP status, body shape and documented text, in one
place.

Two body shapes exist (api-facts §1.3, §1.5, §1.6):

* service errors carry `__type`, `Code`, `Logref` and `Message`; they come from an operation;
* protocol errors carry `__type` and a lowercase `message` only; the framework in front of the operations answers them.

The texts are those of api-facts §1.4 to §1.6. Functions without arguments have one documented text; the others take
the text, because Amazon Rekognition words it per resource or because it is not published (api-facts §11).
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


# Service errors (api-facts §1.4)


def access_denied(principal_arn: str, operation: str, resource_arn: str) -> AwsError:
    """AccessDeniedException in the wording of the error table; 400, not 403."""
    return AwsError(
        "AccessDeniedException",
        f"User: {principal_arn} is not authorized to perform: rekognition:{operation} on resource: {resource_arn}",
    )


def operation_not_emulated(operation: str) -> AwsError:
    """The answer to Rekognition's operations outside Custom Labels: a modelled error that no SDK retries."""
    return AwsError(
        "AccessDeniedException",
        f"rekognition:{operation} is not available: this emulator serves the operations of Custom Labels only.",
    )


def image_too_large() -> AwsError:
    """ImageTooLargeException: over 4 MB of bytes, 15 MB in S3, or 4096 pixels (api-facts §4.3)."""
    return AwsError("ImageTooLargeException", "Image size is too large.")


def internal() -> AwsError:
    """InternalServerError with HTTP 500; SDKs retry it."""
    return AwsError("InternalServerError", "Internal server error")


def invalid_image_format() -> AwsError:
    """InvalidImageFormatException: neither PNG nor JPEG by content (api-facts §4.3)."""
    return AwsError("InvalidImageFormatException", "Request has invalid image format.")


def invalid_pagination_token() -> AwsError:
    """InvalidPaginationTokenException: a token that was altered or belongs to another list (api-facts §1.7)."""
    return AwsError("InvalidPaginationTokenException", "Invalid Pagination Token")


def invalid_parameter(message: str = "Request has invalid parameters.") -> AwsError:
    """InvalidParameterException: the members are well formed but do not fit together (api-facts §1.5 rule 3)."""
    return AwsError("InvalidParameterException", message)


def invalid_policy_revision_id(message: str) -> AwsError:
    """InvalidPolicyRevisionIdException: the policy has another revision than the caller says."""
    return AwsError("InvalidPolicyRevisionIdException", message)


def invalid_s3_object() -> AwsError:
    """InvalidS3ObjectException for a missing key, no permission or a bucket of another region (api-facts §1.3,
    §4.3).
    """
    return AwsError(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


def invalid_s3_object_request() -> AwsError:
    """InvalidS3ObjectException for an S3Object that is incomplete or not usable as such."""
    return AwsError("InvalidS3ObjectException", "Request has invalid S3 object.")


def limit_exceeded(message: str) -> AwsError:
    """LimitExceededException: a count quota of api-facts §6; botocore's standard retry mode retries it."""
    return AwsError("LimitExceededException", message)


def malformed_policy_document(message: str) -> AwsError:
    """MalformedPolicyDocumentException: a project policy that breaks the policy grammar."""
    return AwsError("MalformedPolicyDocumentException", message)


def provisioned_rate_exceeded() -> AwsError:
    """ProvisionedThroughputExceededException of an account or a model; SDKs retry it."""
    return AwsError("ProvisionedThroughputExceededException", "Provisioned Rate exceeded.")


def s3_download_limit_exceeded() -> AwsError:
    """ProvisionedThroughputExceededException while fetching an image from S3; SDKs retry it."""
    return AwsError("ProvisionedThroughputExceededException", "S3 download limit exceeded.")


def resource_already_exists(message: str) -> AwsError:
    """ResourceAlreadyExistsException; a duplicate *project* is ResourceInUseException instead (api-facts §0 rule 3)."""
    return AwsError("ResourceAlreadyExistsException", message)


def resource_in_use(message: str = "Specified resource is in use.") -> AwsError:
    """ResourceInUseException."""
    return AwsError("ResourceInUseException", message)


def resource_not_found(message: str) -> AwsError:
    """ResourceNotFoundException; the text varies by resource."""
    return AwsError("ResourceNotFoundException", message)


def resource_not_ready(message: str) -> AwsError:
    """ResourceNotReadyException: the resource is not in a state that allows the request."""
    return AwsError("ResourceNotReadyException", message)


def service_quota_exceeded(message: str) -> AwsError:
    """ServiceQuotaExceededException: a count quota of api-facts §6."""
    return AwsError("ServiceQuotaExceededException", message)


def slow_down() -> AwsError:
    """ThrottlingException with HTTP 400; SDKs retry it."""
    return AwsError("ThrottlingException", "Slow down; sudden increase in rate of requests.")


def service_unavailable() -> AwsError:
    """ThrottlingException with HTTP 500; SDKs retry it."""
    return AwsError("ThrottlingException", SERVICE_UNAVAILABLE_TEXT)


# Protocol errors (api-facts §1.5, §1.6)


def validation_failed(violations: Sequence[str]) -> AwsError:
    """ValidationException with the items joined under their count (api-facts §1.5 rule 2). `violations` is not
    empty.
    """
    noun = "error" if len(violations) == 1 else "errors"
    return AwsError("ValidationException", f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")


def serialization_failed(message: str) -> AwsError:
    """SerializationException: the body is no JSON object, or a member has another JSON type than its shape."""
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


def unrecognized_client() -> AwsError:
    """UnrecognizedClientException: the access key is unknown."""
    return AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")


def invalid_signature(message: str | None = None) -> AwsError:
    """InvalidSignatureException: the signature does not match (the default text), or its scope or time is wrong."""
    text = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )
    return AwsError("InvalidSignatureException", message or text)


def expired_token() -> AwsError:
    """ExpiredTokenException: the session token has expired."""
    return AwsError("ExpiredTokenException", "The security token included in the request is expired")
