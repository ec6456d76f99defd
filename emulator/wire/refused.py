"""Signatures that are refused: why, and how the services of the JSON and the query protocols say it (api-facts §1.6).

S3 has words of its own (`s3.http.authorization`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from emulator.wire.errors import AwsError


class Why(Enum):
    """Why a request is not taken for that of whom it names."""

    MISSING = "not signed"
    INCOMPLETE = "cannot be read"
    UNSUPPORTED = "signed in a way that is not verified here"
    UNKNOWN_KEY = "unknown access key"
    INVALID_TOKEN = "session token that was not given out"
    EXPIRED_TOKEN = "session that has ended"
    SKEWED = "signed too long ago, or for the future"
    EXPIRED_URL = "presigned for a time that is over"
    NOT_SIGNED = "headers that had to be signed are not"
    WRONG_SCOPE = "signed for another service or day"
    MISMATCH = "another signature"


class SignatureRefused(Exception):  # noqa: N818  (the word that all services' errors are made from)
    """A request whose signer is not known for sure. `details` are elements of S3's answer."""

    def __init__(self, why: Why, message: str = "", **details: str) -> None:
        super().__init__(message or why.value)
        self.why = why
        self.message = message
        self.details: Mapping[str, str] = details


INVALID_TOKEN_TEXT = "The security token included in the request is invalid"
EXPIRED_TOKEN_TEXT = "The security token included in the request is expired"
MISMATCH_TEXT = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)

_JSON_CODES = {
    Why.MISSING: "MissingAuthenticationTokenException",
    Why.INCOMPLETE: "IncompleteSignatureException",
    Why.UNSUPPORTED: "IncompleteSignatureException",
    Why.UNKNOWN_KEY: "UnrecognizedClientException",
    Why.INVALID_TOKEN: "UnrecognizedClientException",
    Why.EXPIRED_TOKEN: "ExpiredTokenException",
}
_QUERY_CODES = {
    Why.MISSING: "MissingAuthenticationToken",
    Why.INCOMPLETE: "IncompleteSignature",
    Why.UNSUPPORTED: "IncompleteSignature",
    Why.UNKNOWN_KEY: "InvalidClientTokenId",
    Why.INVALID_TOKEN: "InvalidClientTokenId",
    Why.EXPIRED_TOKEN: "ExpiredToken",
}


def json_error(refused: SignatureRefused) -> AwsError:
    """As services of the JSON protocols answer, Rekognition first."""
    return AwsError(_JSON_CODES.get(refused.why, "InvalidSignatureException"), _text(refused))


def query_error(refused: SignatureRefused) -> tuple[int, str, str]:
    """HTTP status, code and message, as services of the query protocol answer, STS first."""
    status = 400 if refused.why in (Why.INCOMPLETE, Why.UNSUPPORTED) else 403
    return status, _QUERY_CODES.get(refused.why, "SignatureDoesNotMatch"), _text(refused)


def _text(refused: SignatureRefused) -> str:
    match refused.why:
        case Why.UNKNOWN_KEY | Why.INVALID_TOKEN:
            return INVALID_TOKEN_TEXT + "."
        case Why.EXPIRED_TOKEN:
            return EXPIRED_TOKEN_TEXT
        case Why.MISSING:
            return "Missing Authentication Token"
        case Why.MISMATCH:
            return _with_what_was_expected(refused)
    return refused.message


def _with_what_was_expected(refused: SignatureRefused) -> str:
    """The canonical request and the string to sign, from which a client's author sees what differs; no secrets."""
    if "CanonicalRequest" not in refused.details:
        return MISMATCH_TEXT
    return (
        f"{MISMATCH_TEXT}\n\nThe Canonical String for this request should have been\n"
        f"'{refused.details['CanonicalRequest']}'\n\nThe String-to-Sign should have been\n"
        f"'{refused.details['StringToSign']}'\n"
    )
