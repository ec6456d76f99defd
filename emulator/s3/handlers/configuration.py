"""Bucket settings that are checked, kept and told, but have no effect here: encryption, lifecycle, public access …

Settings whose promise would be broken (replication, object lock) are refused with NotImplemented when they are
put, and answered as never set when they are asked for, so that tools which read every setting of a bucket work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from emulator.s3.errors import S3Error
from emulator.s3.handlers.context import Call
from emulator.s3.http import xml_reading
from emulator.s3.http.response import S3Response, no_content, xml_response
from emulator.s3.index import buckets
from emulator.s3.index.records import Bucket
from emulator.wire import xml

_DEFAULT_ENCRYPTION = xml.branch(
    "Rule",
    xml.branch("ApplyServerSideEncryptionByDefault", xml.leaf("SSEAlgorithm", "AES256"))
    + xml.leaf("BucketKeyEnabled", False),
)


@dataclass(frozen=True, slots=True)
class Companion:
    """A header that comes and goes with a document: its name and values, the first of them by default."""

    header: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A sub-resource of a bucket.

    `root` is its document's name; `needs` an element that the document must contain; `missing` the error of a bucket
    without it, or `default` the elements that such a bucket answers. `kept` False means that putting it is refused.
    `companion` is a header that is kept beside the document.
    """

    name: str
    root: str
    action: str
    needs: str | None = None
    missing: str | None = None
    default: str = ""
    kept: bool = True
    companion: Companion | None = None


SETTINGS = (
    Setting("accelerate", "AccelerateConfiguration", "AccelerateConfiguration", "Status"),
    Setting(
        "encryption", "ServerSideEncryptionConfiguration", "EncryptionConfiguration", "Rule", None, _DEFAULT_ENCRYPTION
    ),
    Setting(
        "lifecycle",
        "LifecycleConfiguration",
        "LifecycleConfiguration",
        "Rule",
        "NoSuchLifecycleConfiguration",
        # Terraform waits until what it reads has the header that it sent.
        companion=Companion(
            "x-amz-transition-default-minimum-object-size", ("all_storage_classes_128K", "varies_by_storage_class")
        ),
    ),
    Setting("logging", "BucketLoggingStatus", "BucketLogging"),
    Setting(
        "object-lock",
        "ObjectLockConfiguration",
        "BucketObjectLockConfiguration",
        missing="ObjectLockConfigurationNotFoundError",
        kept=False,
    ),
    Setting(
        "ownershipControls", "OwnershipControls", "BucketOwnershipControls", "Rule", "OwnershipControlsNotFoundError"
    ),
    Setting(
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        "BucketPublicAccessBlock",
        missing="NoSuchPublicAccessBlockConfiguration",
    ),
    Setting(
        "replication",
        "ReplicationConfiguration",
        "ReplicationConfiguration",
        missing="ReplicationConfigurationNotFoundError",
        kept=False,
    ),
    Setting(
        "requestPayment",
        "RequestPaymentConfiguration",
        "BucketRequestPayment",
        "Payer",
        default=xml.leaf("Payer", "BucketOwner"),
    ),
    Setting("website", "WebsiteConfiguration", "BucketWebsite", missing="NoSuchWebsiteConfiguration"),
)


def getter(setting: Setting) -> Callable[[Call], S3Response]:
    """The Get operation of a setting."""

    def get_setting(call: Call) -> S3Response:
        with call.vault.reading() as connection:
            bucket = call.bucket(connection)
            document = buckets.configuration(connection, bucket, setting.name)
            headers = _kept_companion(connection, bucket, setting)
        if document is not None:
            return xml_response(document, headers)
        if setting.missing is not None:
            raise S3Error(setting.missing, BucketName=bucket.name)
        return xml_response(xml.document(setting.root, setting.default))

    return get_setting


def putter(setting: Setting) -> Callable[[Call], S3Response]:
    """The Put operation of a setting."""

    def put_setting(call: Call) -> S3Response:
        body = call.document()
        root = xml_reading.parse(body, setting.root)
        if setting.needs is not None and root.find(setting.needs) is None:
            raise S3Error("MalformedXML")
        if not setting.kept and len(root):
            raise S3Error("NotImplemented", f"{setting.root} is not carried out by this S3 and therefore not accepted.")
        headers = _sent_companion(call, setting)
        with call.vault.changing() as change:
            bucket = call.bucket(change.connection)
            buckets.set_configuration(change.connection, bucket, setting.name, body)
            for name, value in headers.items():
                buckets.set_configuration(change.connection, bucket, _kind(setting, name), value.encode())
        return S3Response(200, headers)

    return put_setting


def deleter(setting: Setting) -> Callable[[Call], S3Response]:
    """The Delete operation of a setting."""

    def delete_setting(call: Call) -> S3Response:
        with call.vault.changing() as change:
            bucket = call.bucket(change.connection)
            buckets.set_configuration(change.connection, bucket, setting.name, None)
            if setting.companion is not None:
                kind = _kind(setting, setting.companion.header)
                buckets.set_configuration(change.connection, bucket, kind, None)
        return no_content()

    return delete_setting


def _kind(setting: Setting, header: str) -> str:
    """Under which kind a header is stored beside its document."""
    return f"{setting.name}:{header}"


def _sent_companion(call: Call, setting: Setting) -> dict[str, str]:
    """The companion with the value that was sent, else its default. Raises InvalidArgument for another value."""
    companion = setting.companion
    if companion is None:
        return {}
    value = call.request.header(companion.header) or companion.values[0]
    if value not in companion.values:
        raise S3Error("InvalidArgument", ArgumentName=companion.header, ArgumentValue=value)
    return {companion.header: value}


def _kept_companion(connection: sqlite3.Connection, bucket: Bucket, setting: Setting) -> dict[str, str]:
    """The companion as it was put; its default beside a document from before it was kept."""
    companion = setting.companion
    if companion is None:
        return {}
    kept = buckets.configuration(connection, bucket, _kind(setting, companion.header))
    return {companion.header: kept.decode() if kept is not None else companion.values[0]}
