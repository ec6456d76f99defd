"""A request as S3 understands it, read from an ASGI scope: bucket, key, query, headers, account and region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, quote, unquote

from emulator.s3.errors import S3Error
from emulator.s3.http import presigned
from emulator.wire import numbers
from emulator.wire.refused import SignatureRefused

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights

Scope = Mapping[str, Any]
_LONGEST_KEY = 1024  # bytes of UTF-8


def require_key_length(key: str) -> None:
    """Raises KeyTooLongError."""
    size = len(key.encode("utf-8"))
    if size > _LONGEST_KEY:
        raise S3Error("KeyTooLongError", Size=str(size), MaxSizeAllowed=str(_LONGEST_KEY))


class FormSigner(Protocol):
    """Who sends a form, once its signature was verified."""

    @property
    def account(self) -> str:
        """The account that the signer belongs to."""
        ...

    @property
    def rights(self) -> Rights | None:
        """What it may do; None where nothing is decided."""
        ...


AdmitForm = Callable[[Mapping[str, str]], FormSigner]
"""Verifies the signature among a form's fields (names in lower case). Raises SignatureRefused."""


class ChunkSignatures(Protocol):
    """What the signed chunks of one body are compared with."""

    def add(self, data: bytes) -> None:
        """More bytes of the present chunk."""
        ...

    def is_right(self, signature: str) -> bool:
        """Whether the present chunk, whose bytes are all there, has this signature."""
        ...

    def is_right_of_trailer(self, lines: bytes, signature: str) -> bool:
        """Whether the trailer has this signature."""
        ...


@dataclass(frozen=True, slots=True)
class S3Request:
    """One request. `bucket` is None for the service itself, `key` for a bucket itself; headers are in lower case.

    `rights` are the caller's, None where nobody's are looked at; `client_address` is its IP address, `request_id` what
    the answer carries.
    `unreadable_signature` tells why the signature names no caller; None for a good one, or none at all. Where they are
    verified, `refusal` tells why this one is not taken, and `chunks` what signed chunks are compared with (O-33).
    """

    method: str
    bucket: str | None
    key: str | None
    query: Mapping[str, str]
    headers: Mapping[str, str]
    account: str
    region: str
    path: str
    base_url: str
    unreadable_signature: str | None = None
    client_address: str = "127.0.0.1"
    rights: Rights | None = None
    request_id: str = ""
    refusal: SignatureRefused | None = None
    chunks: ChunkSignatures | None = None
    admit_form: AdmitForm | None = None

    def header(self, name: str) -> str | None:
        """A header's value, or None."""
        return self.headers.get(name)

    def bucket_name(self) -> str:
        """The bucket, where the route says that there is one. Raises InvalidBucketName."""
        if self.bucket is None:
            raise S3Error("InvalidBucketName")
        return self.bucket

    def object_key(self) -> str:
        """The key, where the route says that there is one. Raises InvalidRequest without a key, KeyTooLongError."""
        if not self.key:
            raise S3Error("InvalidRequest", "Missing Key")
        require_key_length(self.key)
        return self.key

    def version_id(self) -> str | None:
        """The version that is asked for, or None. Raises InvalidArgument for an empty one."""
        version_id = self.query.get("versionId")
        if version_id == "":
            raise S3Error(
                "InvalidArgument", "Version id cannot be the empty string", ArgumentName="versionId", ArgumentValue=""
            )
        return version_id

    def integer(self, name: str, default: int, highest: int | None = None) -> int:
        """A query parameter, or a header, that is a number of at least zero. Raises InvalidArgument."""
        given = self.query.get(name, self.headers.get(name))
        if given is None or given == "":
            return default
        number = numbers.whole(given)
        if number is None or number > 2**31 - 1:
            raise S3Error(
                "InvalidArgument",
                f"Provided {name} not an integer or within integer range",
                ArgumentName=name,
                ArgumentValue=given,
            )
        return min(number, highest) if highest is not None else number


def read_request(scope: Scope, virtual_host_domain: str, request_id: str = "") -> S3Request:
    """Read a request; raises InvalidURI for a path or a key that is not UTF-8.

    The raw path is what counts: servers decode `%2F`, SDKs escape `?` and `#`, and keys must come out as they went in.
    """
    headers = _headers(scope)
    raw_path = _raw_path(scope)
    parameters = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    host = headers.get("host", "")
    bucket, key = _address(raw_path, host, virtual_host_domain)
    return S3Request(
        method=scope["method"],
        bucket=bucket,
        key=key,
        query=parameters,
        headers=presigned.headers_in_query(parameters) | headers,
        account=scope["aws.account"],
        region=scope["aws.region"],
        path=raw_path,
        base_url=f"{scope.get('scheme', 'http')}://{host}",
        unreadable_signature=scope.get("aws.unreadable_signature"),
        rights=scope.get("aws.rights"),
        client_address=(scope.get("client") or ("127.0.0.1", 0))[0],
        request_id=request_id,
        refusal=scope.get("aws.refusal"),
        chunks=scope.get("aws.chunks"),
        admit_form=scope.get("aws.admit_form"),
    )


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _raw_path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return quote(scope["path"])
    return raw.partition(b"?")[0].decode("latin-1")


def _address(raw_path: str, host: str, virtual_host_domain: str) -> tuple[str | None, str | None]:
    """Bucket and key of a path-style (`/bucket/key`) or virtual-host-style (`bucket.domain`) address."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    path = raw_path.removeprefix("/")
    suffix = "." + virtual_host_domain.lower()
    if virtual_host_domain and name.lower().endswith(suffix):
        return name[: -len(suffix)].lower(), _decoded(path) or None
    bucket, _, key = path.partition("/")
    return _decoded(bucket) or None, _decoded(key) or None


def _decoded(escaped: str) -> str:
    try:
        text = unquote(escaped, errors="strict")
        text.encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise S3Error("InvalidURI") from error
    return text
