"""CopyObject and UploadPartCopy. Whole files are linked, not copied, where the file system can."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from emulator.s3.access import existing
from emulator.s3.errors import S3Error
from emulator.s3.handlers import properties
from emulator.s3.handlers.context import Call, version_headers
from emulator.s3.handlers.objects import store_version
from emulator.s3.http import checksums
from emulator.s3.http.response import S3Response, xml_response
from emulator.s3.index.records import Bucket, Checksum, NewVersion, ObjectProperties, Version
from emulator.s3.rules import acl, policy, preconditions, tagging
from emulator.s3.vault import BlobReader, now, require_bucket, require_version
from emulator.wire import xml


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copy comes from."""

    bucket: str
    key: str
    version_id: str | None


def source_of(headers: Mapping[str, str]) -> Source:
    """Read x-amz-copy-source: `[/]bucket/key[?versionId=id]`, escaped. Raises InvalidArgument."""
    header = headers.get("x-amz-copy-source", "")
    path, _, version_id = header.partition("?versionId=")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise S3Error(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=header,
        )
    return Source(bucket, key, version_id or None)


def open_source(call: Call, source: Source) -> tuple[Version, Bucket, BlobReader]:
    """The version to copy from, with its files held. Raises as a read does."""
    headers = call.request.headers
    expected = headers.get("x-amz-source-expected-bucket-owner")
    expectation = {} if expected is None else {"x-amz-expected-bucket-owner": expected}

    def find(connection: sqlite3.Connection) -> tuple[Version, Bucket]:
        action = policy.action_on("s3:GetObject", source.version_id)
        requester = call.requester()
        bucket = require_bucket(
            connection, source.bucket, requester, action, source.key, expectation, source.version_id
        )
        version = existing(requester, connection, bucket, lambda: _source_version(connection, bucket, source))
        requester.require_key(version.properties.headers, "kms:Decrypt", version.properties.account)
        preconditions.check_copy(headers, version.etag, version.modified)
        return version, bucket

    return call.vault.read(find)


def _source_version(connection: sqlite3.Connection, bucket: Bucket, source: Source) -> Version:
    try:
        return require_version(connection, bucket, source.key, source.version_id)
    except S3Error as error:
        if error.code != "MethodNotAllowed":
            raise
        raise S3Error(
            "InvalidRequest",
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        ) from error


def copy_object(call: Call) -> S3Response:
    """CopyObject with the metadata and tagging directives; on itself only if something changes."""
    request = call.request
    key = request.object_key()
    source = source_of(request.headers)
    version, source_bucket, reader = open_source(call, source)
    try:
        described = _described(call, version)
        if version.properties.tags and request.headers.get("x-amz-tagging-directive", "COPY") == "COPY":
            _require_tagging(call, source)
        if (source.bucket, source.key, source.version_id) == (request.bucket, key, None):
            _refuse_idle_copy(request.headers)
        checksum = _checksum(request.headers, version, reader)
        etag = version.etag if version.part_count is None else _md5(version, reader)
        copies = call.vault.files.stage_copy(reader.names)
    finally:
        reader.close()
    modified = now()
    blobs = [replace(blob, name=name, modified=modified) for blob, name in zip(reader.blobs, copies, strict=True)]
    new = NewVersion(key, version.size, etag, modified, described, blobs, checksum)
    try:
        with call.vault.changing() as change:
            bucket = call.bucket(change.connection)
            version_id = store_version(change, bucket, new, call, "Copy")
    except BaseException:
        call.vault.files.discard_all(copies)
        raise
    headers = version_headers(bucket, version_id) | properties.encryption_headers(described.headers)
    if source_bucket.versioning:
        headers["x-amz-copy-source-version-id"] = version.version_id
    return xml_response(xml.document("CopyObjectResult", copy_result(modified, etag, checksum)), headers)


def copy_result(modified: int, etag: str, checksum: Checksum | None) -> str:
    """The elements of CopyObjectResult and CopyPartResult."""
    value = xml.leaf(f"Checksum{checksum.algorithm}", checksum.value) if checksum else ""
    return xml.leaves(LastModified=xml.timestamp(modified), ETag=f'"{etag}"') + value


def _described(call: Call, version: Version) -> ObjectProperties:
    request = call.request
    headers = request.headers
    properties.refuse_unsupported(headers)
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        call.require_also(connection, bucket)
    directive, tagging_directive = (
        headers.get(name, "COPY") for name in ("x-amz-metadata-directive", "x-amz-tagging-directive")
    )
    for value in (directive, tagging_directive):
        if value not in ("COPY", "REPLACE"):
            raise S3Error("InvalidArgument", "Unknown directive.", ArgumentValue=value)
    source = version.properties
    encryption = properties.encryption_headers(headers)
    if directive == "REPLACE":
        kept, metadata = properties.descriptive_headers(headers), properties.user_metadata(headers)
    else:
        kept = {name: value for name, value in source.headers.items() if not name.startswith("x-amz-")}
        kept |= properties.redirect_header(headers)
        metadata = source.user_metadata
    replace_tags = tagging_directive == "REPLACE"
    return ObjectProperties(
        request.account,
        properties.storage_class(headers),
        kept | encryption,
        metadata,
        tagging.from_header(headers.get("x-amz-tagging")) if replace_tags else source.tags,
        acl.from_headers(headers, request.account, bucket.account),
    )


def _require_tagging(call: Call, source: Source) -> None:
    """Raises AccessDenied unless the caller may read the tags that it copies, and give them to the copy."""
    requester = call.requester()
    if requester.rights is None:
        return
    action = policy.action_on("s3:GetObjectTagging", source.version_id)
    with call.vault.reading() as connection:
        require_bucket(connection, source.bucket, requester, action, source.key, version_id=source.version_id)
        require_bucket(connection, call.request.bucket_name(), requester, "s3:PutObjectTagging", call.request.key)


def _refuse_idle_copy(headers: Mapping[str, str]) -> None:
    changing = ("x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption")
    if headers.get("x-amz-metadata-directive", "COPY") == "COPY" and not any(name in headers for name in changing):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )


def _checksum(headers: Mapping[str, str], version: Version, reader: BlobReader) -> Checksum | None:
    """The copy's checksum: of the algorithm asked for, else the source's, always over the whole object."""
    asked = headers.get("x-amz-checksum-algorithm")
    current = version.checksum
    algorithm = checksums.known(asked) if asked else current.algorithm if current else None
    if algorithm is None:
        return None
    if current is not None and (current.algorithm, current.type) == (algorithm, checksums.FULL_OBJECT):
        return current
    hasher = checksums.hasher(algorithm)
    for piece in reader.pieces(0, version.size):
        hasher.update(piece)
    return Checksum(algorithm, checksums.FULL_OBJECT, checksums.encode(hasher.digest()))


def _md5(version: Version, reader: BlobReader) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in reader.pieces(0, version.size):
        digest.update(piece)
    return digest.hexdigest()
