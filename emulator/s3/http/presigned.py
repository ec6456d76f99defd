"""Presigned URLs: their parameters stand for headers, and they expire. Their signatures are not verified (O-20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from emulator.s3.errors import S3Error
from emulator.wire import numbers

_LONGEST_VALIDITY = 604_800  # seconds
_OF_THE_SIGNATURE = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"}
    | {"x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"}
)


def check_expiry(query: Mapping[str, str], moment: datetime) -> None:
    """Raises AccessDenied for an expired URL, AuthorizationQueryParametersError for one that cannot be read."""
    if "X-Amz-Signature" in query:
        try:
            signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            seconds = int(query["X-Amz-Expires"])
        except (KeyError, ValueError) as error:
            raise S3Error("AuthorizationQueryParametersError") from error
        if not 0 <= seconds <= _LONGEST_VALIDITY:
            raise S3Error(
                "AuthorizationQueryParametersError",
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
                f"than {_LONGEST_VALIDITY} seconds",
            )
        if moment - signed > timedelta(seconds=seconds):
            raise _expired(signed + timedelta(seconds=seconds), moment)
    elif "Signature" in query and "Expires" in query:
        expires = numbers.whole(query["Expires"])
        if expires is None:
            raise S3Error("AccessDenied", "Invalid date (should be seconds since epoch): " + query["Expires"])
        expiry = datetime.fromtimestamp(min(expires, 2**33), UTC)
        if moment > expiry:
            raise _expired(expiry, moment)


def signature_age(signed_at: str, moment: datetime) -> int | None:
    """Milliseconds since a signature was made, as `s3:signatureAge` counts them; None for what is not such a moment."""
    try:
        signed = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0, (moment - signed) // timedelta(milliseconds=1))


def _expired(expiry: datetime, moment: datetime) -> S3Error:
    return S3Error(
        "AccessDenied",
        "Request has expired",
        Expires=f"{expiry:%Y-%m-%dT%H:%M:%SZ}",
        ServerTime=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    )


def as_header(text: str) -> str:
    """Text of a URL or a form as a header would carry it: its UTF-8, of which each byte is one character."""
    return text.encode("utf-8").decode("latin-1")


def headers_in_query(query: Mapping[str, str]) -> dict[str, str]:
    """The x-amz-… headers that a signer moved into the URL (`x-amz-acl`, `X-Amz-Expected-Bucket-Owner` …).

    Names are in lower case; SDKs write them in either. A hash of the body (`X-Amz-Content-Sha256`) is one of them: the
    URL is good for these bytes alone. Checksums are not among them: the JavaScript SDK signs that of an empty body into
    every PUT URL, and S3 ignores it.
    """
    lowered = {name.lower(): value for name, value in query.items()}
    return {
        name: as_header(value) if name.startswith("x-amz-meta-") else value
        for name, value in lowered.items()
        if name.startswith("x-amz-") and name not in _OF_THE_SIGNATURE and "checksum" not in name
    }
