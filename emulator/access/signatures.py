"""Verifying Signature Version 4: in the Authorization header, in presigned URLs, in the forms of browsers' uploads.

The canonical request is made by `canonical`. The time that counts is real time, whatever the emulator's clock says
(O-33): clients sign with theirs. Signatures are compared in constant time; the key that a secret gives for a date, a
Region and a service is kept. SigV2 and SigV4a are refused by name.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote

from emulator.access.canonical import (
    canonical_query,
    canonical_request,
    has_one_meaning,
    joined_headers,
    query_pairs,
    s3_path,
    service_path,
)
from emulator.wire.asgi import Scope
from emulator.wire.refused import SignatureRefused, Why

ALGORITHM = "AWS4-HMAC-SHA256"
LARGEST_SKEW = 900
"""Seconds that a client's clock may be off."""
LONGEST_VALIDITY = 604_800
"""Seconds that a presigned URL may be good for."""
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^,\s]+)/(\d{8})/([A-Za-z0-9-]*)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;._-]+), *Signature=([0-9a-f]{64}) *"
)
_OPERATION = "x-amz-target"
_CREDENTIAL = re.compile(r"([^,\s]+)/(\d{8})/([A-Za-z0-9-]*)/([a-z0-9-]+)/aws4_request")
_PARAMETER = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
_OTHER_METHOD = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."


@dataclass(frozen=True, slots=True)
class Credentials:
    """What belongs to an access key: its secret, and `holder`, whatever the one who looked it up knows about whose it
    is.
    """

    secret: str
    holder: object


Lookup = Callable[[str, str | None], Credentials]
"""Access key and session token to credentials. Raises SignatureRefused: UNKNOWN_KEY, INVALID_TOKEN, EXPIRED_TOKEN."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a signature says of itself, before anybody has looked whether it is right.

    `moment` is when it was made, as written and in epoch seconds; `expires` how many seconds a presigned URL is good
    for, None for a signed request.
    """

    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str
    timestamp: str
    moment: int
    token: str | None
    expires: int | None = None

    @property
    def scope(self) -> str:
        """Date, Region and service, as the string to sign has them."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that is right: its claim, whose key it is, and the key that signs chunks after it."""

    claim: Claim
    holder: object
    signing_key: bytes


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key for one day, Region and service; kept, since deriving it costs four times as much as using it."""
    key = hmac.digest(b"AWS4" + secret.encode(), date.encode(), "sha256")
    for part in (region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """A signature in hexadecimal. Text of headers is latin-1, as it came over the wire."""
    return hmac.digest(key, text.encode("latin-1"), "sha256").hex()


def verify(
    scope: Scope,
    lookup: Lookup,
    *,
    body_hash: str | None = None,
    services: frozenset[str] | None = None,
    now: Callable[[], float] = time.time,
) -> Verified:
    """Verify the signature of an ASGI request.

    `body_hash` is the SHA-256 of its body in hexadecimal, None for S3, which signs what x-amz-content-sha256 says.
    `services` are the names that the signature may be scoped to. Raises SignatureRefused.
    """
    headers = joined_headers(scope["headers"])
    query = scope.get("query_string", b"").decode("latin-1")
    authorization = headers.get("authorization")
    if authorization is not None:
        claim = _claim_of_header(authorization, headers)
        pairs = query_pairs(query) if query else []
        canonical = canonical_query(pairs) if pairs else ""
    else:
        pairs = query_pairs(query)
        claim = _claim_of_query(pairs)
        canonical = canonical_query(pairs, without="X-Amz-Signature")
    if services is not None and claim.service not in services:
        expected = " or ".join(f"'{name}'" for name in sorted(services))
        raise SignatureRefused(Why.WRONG_SCOPE, f"Credential should be scoped to correct service: {expected}.")
    credentials = lookup(claim.access_key, claim.token)
    _check_time(claim, now())
    is_s3 = claim.service == "s3"
    payload_hash = _payload_hash(claim, headers, pairs) if body_hash is None else body_hash
    _check_signed_headers(claim, headers, is_s3)
    raw_path = _raw_path(scope)
    path = s3_path(raw_path) if is_s3 else service_path(raw_path)
    text = canonical_request(scope["method"], path, canonical, headers, claim.signed, payload_hash)
    key = signing_key(credentials.secret, claim.date, claim.region, claim.service)
    digest = hashlib.sha256(text.encode("latin-1")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{digest}"
    if not hmac.compare_digest(sign(key, to_sign), claim.signature) or not has_one_meaning(pairs):
        raise _mismatch(claim, text, to_sign)
    return Verified(claim, credentials.holder, key)


def verify_form(fields: Mapping[str, str], lookup: Lookup, *, now: Callable[[], float] = time.time) -> Verified:
    """Verify the signed policy of a browser's upload; `fields` have names in lower case. Raises SignatureRefused."""
    if "x-amz-signature" not in fields:
        if "signature" in fields or "awsaccesskeyid" in fields:
            raise SignatureRefused(Why.UNSUPPORTED, _OTHER_METHOD)
        raise SignatureRefused(Why.MISSING)
    match = _CREDENTIAL.fullmatch(fields.get("x-amz-credential", ""))
    timestamp = fields.get("x-amz-date", "")
    moment = parse_moment(timestamp)
    if match is None or moment is None or "policy" not in fields:
        raise SignatureRefused(
            Why.INCOMPLETE, "A signed form has policy, x-amz-credential, x-amz-date, x-amz-signature."
        )
    access_key, date, region, service = match.groups()
    token = fields.get("x-amz-security-token")
    signature = fields["x-amz-signature"]
    claim = Claim(access_key, date, region, service, (), signature, timestamp, moment, token, LONGEST_VALIDITY)
    credentials = lookup(access_key, token)
    _check_time(claim, now())
    key = signing_key(credentials.secret, date, region, service)
    # The policy as it stands in the form: base64, of which line breaks are a part.
    expected = hmac.digest(key, fields["policy"].encode("utf-8"), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureRefused(Why.MISMATCH, AWSAccessKeyId=access_key, SignatureProvided=signature)
    return Verified(claim, credentials.holder, key)


def is_signed(scope: Scope) -> bool:
    """Whether a request carries anything that is meant as a signature, of whatever kind."""
    query: bytes = scope.get("query_string", b"")
    if any(mark in query for mark in (b"X-Amz-Signature", b"X-Amz-Credential", b"X-Amz-Algorithm", b"AWSAccessKeyId=")):
        return True
    return any(name == b"authorization" for name, _ in scope["headers"])


def parse_moment(text: str) -> int | None:
    """Epoch seconds of `20261130T163000Z`, None for what is not such a moment."""
    return _moment(text) if len(text) == 16 else None


@lru_cache(maxsize=256)
def _moment(text: str) -> int | None:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def _claim_of_header(authorization: str, headers: Mapping[str, str]) -> Claim:
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise _unreadable(authorization)
    access_key, date, region, service, signed, signature = match.groups()
    timestamp = headers.get("x-amz-date") or _moment_of_date(headers.get("date", ""))
    moment = parse_moment(timestamp)
    if moment is None:
        raise SignatureRefused(
            Why.INCOMPLETE, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    names = tuple(signed.split(";"))
    return Claim(
        access_key, date, region, service, names, signature, timestamp, moment, headers.get("x-amz-security-token")
    )


def _moment_of_date(value: str) -> str:
    """The moment of a Date header, which counts where there is no X-Amz-Date, in the form that is signed."""
    try:
        sent = parsedate_to_datetime(value)
        return _shown((sent if sent.tzinfo else sent.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return value  # some clients write it in the form that is signed


def _unreadable(authorization: str) -> SignatureRefused:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        return SignatureRefused(Why.UNSUPPORTED, _OTHER_METHOD)
    found = dict(_PARAMETER.findall(rest))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not found.get(name):
            return SignatureRefused(Why.INCOMPLETE, f"Authorization header requires '{name}' parameter.")
    return SignatureRefused(Why.INCOMPLETE, "The Authorization header is not of the form of Signature Version 4.")


def _claim_of_query(pairs: list[tuple[str, str]]) -> Claim:
    """A presigned URL. Each parameter must be there once: which of two holds is anybody's guess."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith("X-Amz-"):
            if name in given:
                raise SignatureRefused(Why.INCOMPLETE, f"The parameter {name} is given twice.")
            given[name] = unquote(value)
    if not given:
        if any(name == "AWSAccessKeyId" for name, _ in pairs):
            raise SignatureRefused(Why.UNSUPPORTED, _OTHER_METHOD)
        raise SignatureRefused(Why.MISSING)
    if given.get("X-Amz-Algorithm", ALGORITHM) != ALGORITHM:
        raise SignatureRefused(Why.UNSUPPORTED, _OTHER_METHOD)
    match = _CREDENTIAL.fullmatch(given.get("X-Amz-Credential", ""))
    timestamp = given.get("X-Amz-Date", "")
    moment = parse_moment(timestamp)
    expires = given.get("X-Amz-Expires", "")
    signature = given.get("X-Amz-Signature", "")
    readable = moment is not None and expires.isdecimal() and len(expires) < 9 and _SIGNATURE.fullmatch(signature)
    if match is None or moment is None or not readable or "X-Amz-Algorithm" not in given:
        raise SignatureRefused(
            Why.INCOMPLETE,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    access_key, date, region, service = match.groups()
    names = tuple(given.get("X-Amz-SignedHeaders", "").split(";"))
    token = given.get("X-Amz-Security-Token")
    return Claim(access_key, date, region, service, names, signature, timestamp, moment, token, int(expires))


def _check_time(claim: Claim, now: float) -> None:
    """Fifteen minutes either way; a presigned URL until it expires."""
    if not claim.timestamp.startswith(claim.date):
        raise SignatureRefused(
            Why.WRONG_SCOPE, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )
    if claim.expires is not None and claim.expires > LONGEST_VALIDITY:
        raise SignatureRefused(
            Why.INCOMPLETE,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{LONGEST_VALIDITY} seconds",
        )
    too_early = claim.moment - now > LARGEST_SKEW
    end = claim.moment + (LARGEST_SKEW if claim.expires is None else claim.expires)
    if not too_early and now <= end:
        return
    shown, present = claim.timestamp, _shown(now)
    times = {
        "RequestTime": shown,
        "ServerTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "MaxAllowedSkewMilliseconds": str(LARGEST_SKEW * 1000),
    }
    if too_early:
        latest = _shown(now + LARGEST_SKEW)
        message = f"Signature not yet current: {shown} is still later than {latest} ({present} + 15 min.)"
        raise SignatureRefused(Why.SKEWED, message, **times)
    if claim.expires is None:
        earliest = _shown(now - LARGEST_SKEW)
        message = f"Signature expired: {shown} is now earlier than {earliest} ({present} - 15 min.)"
        raise SignatureRefused(Why.SKEWED, message, **times)
    expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    times = {"X-Amz-Expires": str(claim.expires), "Expires": expiry, "ServerTime": times["ServerTime"]}
    raise SignatureRefused(Why.EXPIRED_URL, f"Signature expired: {_shown(end)} is now earlier than {present}", **times)


def _shown(moment: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))


def _payload_hash(claim: Claim, headers: Mapping[str, str], pairs: list[tuple[str, str]]) -> str:
    """What S3 signs of the body: the header's value; a presigned URL signs none unless it says so."""
    given = headers.get("x-amz-content-sha256")
    if claim.expires is None:
        if given is None:
            raise SignatureRefused(Why.INCOMPLETE, "Missing required header for this request: x-amz-content-sha256")
        return given
    in_query = next((value for name, value in pairs if name.lower() == "x-amz-content-sha256"), None)
    return in_query or (given if given and "x-amz-content-sha256" in claim.signed else UNSIGNED_PAYLOAD)


def _check_signed_headers(claim: Claim, headers: Mapping[str, str], is_s3: bool) -> None:
    """Host must be signed, and the operation; of S3 every x-amz-… header. What is signed must have come."""
    signed = set(claim.signed)
    missing = [name for name in claim.signed if name not in headers]
    unsigned = [] if "host" in signed else ["host"]
    if is_s3:
        unsigned += [name for name in headers if name.startswith("x-amz-") and name not in signed]
    elif _OPERATION in headers and _OPERATION not in signed:
        unsigned.append(_OPERATION)
    if unsigned and not is_s3:
        named = " and ".join(f"'{name}'" for name in unsigned)
        raise SignatureRefused(Why.INCOMPLETE, f"{named} must be a 'SignedHeader' in the AWS Authorization.")
    if unsigned:
        message = "There were headers present in the request which were not signed"
        raise SignatureRefused(Why.NOT_SIGNED, message, HeadersNotSigned=", ".join(unsigned))
    if missing or len(signed) != len(claim.signed) or list(claim.signed) != sorted(claim.signed):
        raise SignatureRefused(Why.MISMATCH, AWSAccessKeyId=claim.access_key, SignatureProvided=claim.signature)


def _mismatch(claim: Claim, canonical: str, to_sign: str) -> SignatureRefused:
    def in_hexadecimal(text: str) -> str:
        return text.encode("latin-1").hex(" ")

    return SignatureRefused(
        Why.MISMATCH,
        AWSAccessKeyId=claim.access_key,
        StringToSign=to_sign,
        SignatureProvided=claim.signature,
        StringToSignBytes=in_hexadecimal(to_sign),
        CanonicalRequest=canonical,
        CanonicalRequestBytes=in_hexadecimal(canonical),
    )


def _raw_path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    return str(scope["path"]) if raw is None else raw.partition(b"?")[0].decode("latin-1")
