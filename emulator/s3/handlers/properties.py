"""What a request's headers say about the object that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emulator.s3.errors import S3Error
from emulator.s3.index.records import ObjectProperties
from emulator.s3.rules import acl, tagging

USER_METADATA_PREFIX = "x-amz-meta-"
_DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_REDIRECT = "x-amz-website-redirect-location"
_DESCRIPTIVE = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    _REDIRECT,
)
_ENCRYPTION = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
)
_ENCRYPTION_KINDS = frozenset({"AES256", "aws:backup", "aws:fsx", "aws:kms", "aws:kms:dsse"})
_STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
    }
)
_LARGEST_USER_METADATA = 2_048
_CUSTOMER_KEYS = (
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
)
_UNSUPPORTED = (
    *_CUSTOMER_KEYS,
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
)


def from_headers(headers: Mapping[str, str], account: str, bucket_account: str) -> ObjectProperties:
    """Everything but the bytes. Raises what the headers deserve; unsupported ones are refused, never dropped."""
    refuse_unsupported(headers)
    return ObjectProperties(
        account,
        storage_class(headers),
        descriptive_headers(headers) | encryption_headers(headers),
        user_metadata(headers),
        tagging.from_header(headers.get("x-amz-tagging")),
        acl.from_headers(headers, account, bucket_account),
    )


def descriptive_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are given back with the object. The aws-chunked coding was undone and is not among them."""
    kept = {name: headers[name] for name in _DESCRIPTIVE if headers.get(name)}
    kept.setdefault("content-type", _DEFAULT_CONTENT_TYPE)
    codings = [coding.strip() for coding in kept.pop("content-encoding", "").split(",")]
    remaining = [coding for coding in codings if coding and coding.lower() != "aws-chunked"]
    if remaining:
        kept["content-encoding"] = ",".join(remaining)
    return kept


def redirect_header(headers: Mapping[str, str]) -> dict[str, str]:
    """The redirect of a website, which a copy never takes from its source."""
    redirect = headers.get(_REDIRECT)
    return {_REDIRECT: redirect} if redirect else {}


def encryption_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The kind of encryption asked for; it is remembered and told, the files are not encrypted (docs/s3.md).

    Raises InvalidEncryptionAlgorithmError for a kind that S3 does not know.
    """
    if headers.get(_ENCRYPTION[0], "AES256") not in _ENCRYPTION_KINDS:
        raise S3Error("InvalidEncryptionAlgorithmError")
    return {name: headers[name] for name in _ENCRYPTION if headers.get(name)}


def user_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """x-amz-meta-… without the prefix. Raises MetadataTooLarge."""
    metadata = {
        name.removeprefix(USER_METADATA_PREFIX): value
        for name, value in headers.items()
        if name.startswith(USER_METADATA_PREFIX)
    }
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > _LARGEST_USER_METADATA:
        raise S3Error("MetadataTooLarge", Size=str(size), MaxSizeAllowed=str(_LARGEST_USER_METADATA))
    return metadata


def storage_class(headers: Mapping[str, str]) -> str:
    """The storage class, which is remembered and has no other effect. Raises InvalidStorageClass's family."""
    name = headers.get("x-amz-storage-class", "STANDARD")
    if name not in _STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", StorageClassRequested=name)
    return name


def refuse_unsupported(headers: Mapping[str, str]) -> None:
    """Raises NotImplemented for a header whose promise could not be kept."""
    _refuse(headers, _UNSUPPORTED)


def refuse_customer_keys(headers: Mapping[str, str]) -> None:
    """Raises NotImplemented for the customer's own encryption key (SSE-C), with reads as with writes."""
    _refuse(headers, _CUSTOMER_KEYS)


def _refuse(headers: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        if name in headers:
            raise S3Error("NotImplemented", Header=name)
