"""Signatures that cannot be read or are not right: refused as S3 does it, rather than taken for none (O-20, O-33)."""

from __future__ import annotations

from emulator.s3.errors import S3Error
from emulator.s3.http.request import S3Request
from emulator.wire.refused import SignatureRefused, Why

_CODES = {
    Why.UNSUPPORTED: "InvalidRequest",
    Why.UNKNOWN_KEY: "InvalidAccessKeyId",
    Why.INVALID_TOKEN: "InvalidToken",
    Why.EXPIRED_TOKEN: "ExpiredToken",
    Why.SKEWED: "RequestTimeTooSkewed",
    Why.NOT_SIGNED: "AccessDenied",
    Why.MISMATCH: "SignatureDoesNotMatch",
}
_TWO_MECHANISMS = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
    "the Authorization header should be specified"
)
_WITH_THEIR_OWN_WORDS = frozenset({Why.UNSUPPORTED, Why.NOT_SIGNED})


def refuse_unreadable(request: S3Request) -> None:
    """Raises AuthorizationHeaderMalformed, or its like for other schemes than AWS's and for presigned URLs.

    InvalidArgument for a request that is signed in a header and in its URL: which of the two counts is anybody's guess.
    """
    header = request.header("authorization")
    if header and any(name in request.query for name in ("X-Amz-Algorithm", "X-Amz-Signature", "Signature")):
        raise S3Error("InvalidArgument", _TWO_MECHANISMS, ArgumentName="Authorization", ArgumentValue=header)
    if request.refusal is not None:
        raise refused_by_s3(request.refusal, "authorization" in request.headers)
    reason = request.unreadable_signature
    if reason is None:
        return
    if not header:
        raise S3Error("AuthorizationQueryParametersError", reason)
    if not header.lstrip().startswith("AWS"):
        raise S3Error("InvalidArgument", "Unsupported Authorization Type", ArgumentName="Authorization")
    raise S3Error("AuthorizationHeaderMalformed", f"The authorization header is malformed; {reason}")


def refused_by_s3(refused: SignatureRefused, in_header: bool = False) -> S3Error:
    """S3's error for a signature that is not right; `in_header` tells where it was read."""
    details = dict(refused.details)
    if refused.why is Why.EXPIRED_URL:
        return S3Error("AccessDenied", "Request has expired", headers=None, **details)
    if refused.why in _CODES:
        words = refused.message if refused.why in _WITH_THEIR_OWN_WORDS else None
        return S3Error(_CODES[refused.why], words, headers=None, **details)
    if not in_header:
        return S3Error("AuthorizationQueryParametersError", refused.message or None)
    return S3Error("AuthorizationHeaderMalformed", f"The authorization header is malformed; {refused.message}")
