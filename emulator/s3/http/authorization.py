"""Signatures that cannot be read: refused as S3 does it, rather than taken for a request without one (O-20)."""

from __future__ import annotations

from emulator.s3.errors import S3Error
from emulator.s3.http.request import S3Request


def refuse_unreadable(request: S3Request) -> None:
    """Raises AuthorizationHeaderMalformed, or its like for other schemes than AWS's and for presigned URLs."""
    reason = request.unreadable_signature
    if reason is None:
        return
    header = request.header("authorization")
    if not header:
        raise S3Error("AuthorizationQueryParametersError", reason)
    if not header.lstrip().startswith("AWS"):
        raise S3Error("InvalidArgument", "Unsupported Authorization Type", ArgumentName="Authorization")
    raise S3Error("AuthorizationHeaderMalformed", f"The authorization header is malformed; {reason}")
