"""Who calls, and for which region: read from the signature of the request, which is parsed but not verified (O-20).

Signature versions understood: SigV4 and SigV4a in the Authorization header or in a presigned URL, and the two forms
of SigV2 that S3 clients still send. The account is the access key id if that is 12 digits, else what a resolver knows
about the key (session credentials of an assumed role), else the default account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs

from emulator.wire import errors

DEFAULT_REGION = "us-east-1"
"""The region of a request whose signature names none (SigV2, anonymous, SigV4a for all regions)."""

ANONYMOUS_ACCESS_KEY = "anonymous"

AccountResolver = Callable[[str], str | None]
"""Gives the account of an access key that the emulator handed out itself, or None."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
# What s3cmd and the first Go SDK sign for: S3's first region was called "US Standard", and had no name at all before.
_OLD_NAMES_OF_THE_FIRST_REGION = ("US", "")
NO_REGION = "Credential should be scoped to a valid region."
_AUTHORIZATION_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_ACCESS_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller: twelve-digit account, region, access key id, and the service that the signature is scoped to.

    `admission` is what the verification of the signature left for those who decide; None where none is verified.
    """

    account: str
    region: str
    access_key: str
    service: str
    admission: object | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Credential:
    """What a signature says of who signed; `region` is None where it names none."""

    access_key: str
    region: str | None
    service: str


def identify(
    headers: Mapping[bytes, bytes],
    query_string: bytes,
    default_account: str,
    account_of: AccountResolver | None = None,
) -> Identity:
    """The identity behind a request.

    `headers` have lowercase names, as in an ASGI scope (`dict(scope["headers"])`); `query_string` is raw. Raises
    AwsError MissingAuthenticationTokenException when the request is not signed, IncompleteSignatureException when the
    signature cannot be read, InvalidSignatureException when its scope names no possible region (api-facts §1.6).
    """
    signer = _credential(headers, query_string)
    region = signer.region
    if region is None:
        region = _region_set(headers.get(b"x-amz-region-set", b"").decode("latin-1"))
    account = _account(signer.access_key, default_account, account_of)
    return Identity(account, region, signer.access_key, signer.service)


def identify_or_anonymous(
    headers: Mapping[bytes, bytes],
    query_string: bytes,
    default_account: str,
    account_of: AccountResolver | None = None,
) -> Identity:
    """Like `identify`, but an unsigned request is the anonymous caller of the default account (S3 allows it)."""
    try:
        return identify(headers, query_string, default_account, account_of)
    except errors.AwsError as error:
        if error.code != "MissingAuthenticationTokenException":
            raise
        return Identity(default_account, DEFAULT_REGION, ANONYMOUS_ACCESS_KEY, "s3")


def _account(access_key: str, default_account: str, account_of: AccountResolver | None) -> str:
    if _ACCOUNT.fullmatch(access_key):
        return access_key
    known = account_of(access_key) if account_of is not None else None
    return known or default_account


def _credential(headers: Mapping[bytes, bytes], query_string: bytes) -> _Credential:
    authorization = headers.get(b"authorization")
    if authorization:
        return _from_header(authorization.decode("latin-1"))
    if b"X-Amz-" in query_string or b"AWSAccessKeyId" in query_string:
        return _from_query(query_string.decode("latin-1"))
    raise errors.missing_authentication_token()


def _from_header(authorization: str) -> _Credential:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm == "AWS":
        access_key, separator, signature = rest.strip().rpartition(":")
        if not separator or not signature:
            raise errors.incomplete_signature(
                f"Authorization header requires AccessKeyId:Signature. {_shown(authorization)}"
            )
        return _Credential(_checked_access_key(access_key, authorization), None, "s3")
    fields = dict(_pair(part) for part in rest.split(",")) if algorithm.startswith("AWS4-") else {}
    missing = tuple(name for name in _AUTHORIZATION_PARAMETERS if not fields.get(name))
    if missing:
        raise errors.incomplete_signature(_missing_parameters(missing, authorization))
    return _scope(fields["Credential"])


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name, value


def _missing_parameters(names: tuple[str, ...], authorization: str) -> str:
    sentences = " ".join(f"Authorization header requires '{name}' parameter." for name in names)
    return f"{sentences} {_shown(authorization)}"


def _shown(authorization: str) -> str:
    return f"Authorization={authorization[:256]}"


def _from_query(query_string: str) -> _Credential:
    fields = parse_qs(query_string, keep_blank_values=True)
    if "X-Amz-Credential" in fields:
        if not fields.get("X-Amz-Signature", [""])[0]:
            raise errors.incomplete_signature("AWS query-string parameters must include 'X-Amz-Signature'.")
        return _scope(fields["X-Amz-Credential"][0])
    if "AWSAccessKeyId" in fields:
        return _Credential(_checked_access_key(fields["AWSAccessKeyId"][0], "AWSAccessKeyId"), None, "s3")
    if "X-Amz-Algorithm" in fields or "X-Amz-Signature" in fields:
        raise errors.incomplete_signature("AWS query-string parameters must include 'X-Amz-Credential'.")
    raise errors.missing_authentication_token()


def scoped_region(region: str, service: str) -> str | None:
    """The Region that the scope of a signature means, None for a name that no Region can have."""
    if service == "s3" and region in _OLD_NAMES_OF_THE_FIRST_REGION:
        return DEFAULT_REGION
    return region if _REGION.fullmatch(region) else None


@lru_cache(maxsize=1024)
def _scope(credential: str) -> _Credential:
    """`key/date/region/service/aws4_request`, or without region for SigV4a. An access key may itself hold slashes."""
    parts = credential.rsplit("/", 4)
    if len(parts) == 5 and parts[4] == "aws4_request" and parts[1].isdigit():
        region = scoped_region(parts[2], parts[3])
        if region is None:
            raise errors.invalid_signature(NO_REGION)
        return _Credential(_checked_access_key(parts[0], credential), region, parts[3])
    parts = credential.rsplit("/", 3)
    if len(parts) == 4 and parts[3] == "aws4_request" and parts[1].isdigit():
        return _Credential(_checked_access_key(parts[0], credential), None, parts[2])
    raise errors.incomplete_signature(
        f"Credential must be keyid/date/region/service/aws4_request, got '{credential[:256]}'"
    )


def _checked_access_key(access_key: str, source: str) -> str:
    if not _ACCESS_KEY.fullmatch(access_key):
        raise errors.incomplete_signature(f"Credential has no usable access key id, got '{source[:256]}'")
    return access_key


def _region_set(regions: str) -> str:
    """The first region of `X-Amz-Region-Set` that is one name; SigV4a may sign for `*`."""
    for region in regions.split(","):
        if _REGION.fullmatch(region.strip()):
            return region.strip()
    return DEFAULT_REGION
