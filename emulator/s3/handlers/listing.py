"""ListObjects, ListObjectsV2, ListObjectVersions and ListMultipartUploads."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote

from emulator.s3.errors import S3Error
from emulator.s3.handlers.context import Call
from emulator.s3.http.response import S3Response, xml_response
from emulator.s3.index import listing
from emulator.s3.index.listing import Selection
from emulator.s3.index.records import Upload, Version
from emulator.s3.rules import acl
from emulator.wire import xml

_PAGE = 1_000


class _Names:
    """How keys are written in this answer: as they are, or percent-encoded when `encoding-type=url` asks for it."""

    def __init__(self, call: Call) -> None:
        self.encoding = call.request.query.get("encoding-type") or None
        if self.encoding not in (None, "url"):
            raise S3Error(
                "InvalidArgument",
                "Invalid Encoding Method specified in Request",
                ArgumentName="encoding-type",
                ArgumentValue=self.encoding,
            )

    def leaf(self, name: str, value: str | None) -> str:
        """An element whose text is a key or a part of one."""
        return xml.leaf(name, quote(value, safe="/*-._~") if self.encoding and value else value)

    def common_prefixes(self, prefixes: list[str]) -> str:
        """The `<CommonPrefixes>` elements."""
        return "".join(xml.branch("CommonPrefixes", self.leaf("Prefix", prefix)) for prefix in prefixes)


def list_objects(call: Call) -> S3Response:
    """ListObjects (version 1), continued by marker."""
    query, names = call.request.query, _Names(call)
    selection = _selection(call, query.get("marker", ""), "max-keys")
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        page = listing.objects(connection, bucket, selection)
    elements = [
        xml.leaf("Name", bucket.name) + names.leaf("Prefix", selection.prefix),
        names.leaf("Marker", query.get("marker", "")),
        names.leaf("NextMarker", page.last if page.is_truncated and selection.delimiter else None),
        xml.leaf("MaxKeys", selection.limit) + names.leaf("Delimiter", selection.delimiter or None),
        xml.leaves(EncodingType=names.encoding, IsTruncated=page.is_truncated),
        *(_object_element(version, names, with_owner=True) for version in page.items),
        names.common_prefixes(page.common_prefixes),
    ]
    return xml_response(xml.document("ListBucketResult", elements), {"x-amz-bucket-region": bucket.region})


def list_objects_v2(call: Call) -> S3Response:
    """ListObjectsV2, continued by an opaque token or begun after a key."""
    query, names = call.request.query, _Names(call)
    token, start_after = query.get("continuation-token"), query.get("start-after", "")
    selection = _selection(call, start_after if token is None else _key_of(token), "max-keys")
    with_owner = query.get("fetch-owner", "").lower() == "true"
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        page = listing.objects(connection, bucket, selection)
    elements = [
        xml.leaf("Name", bucket.name) + names.leaf("Prefix", selection.prefix),
        xml.leaf("ContinuationToken", token),
        xml.leaf("NextContinuationToken", _token_of(page.last) if page.is_truncated else None),
        names.leaf("StartAfter", start_after or None),
        xml.leaves(KeyCount=len(page.items) + len(page.common_prefixes), MaxKeys=selection.limit),
        names.leaf("Delimiter", selection.delimiter or None),
        xml.leaves(EncodingType=names.encoding, IsTruncated=page.is_truncated),
        *(_object_element(version, names, with_owner) for version in page.items),
        names.common_prefixes(page.common_prefixes),
    ]
    return xml_response(xml.document("ListBucketResult", elements), {"x-amz-bucket-region": bucket.region})


def list_object_versions(call: Call) -> S3Response:
    """ListObjectVersions: versions and delete markers, the newest of a key first."""
    query, names = call.request.query, _Names(call)
    key_marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    if version_marker and not key_marker:
        raise S3Error(
            "InvalidArgument",
            "A version-id marker cannot be specified without a key marker.",
            ArgumentName="version-id-marker",
            ArgumentValue=version_marker,
        )
    selection = _selection(call, key_marker, "max-keys")
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        page = listing.versions(connection, bucket, selection, version_marker)
    last = page.items[-1] if page.items and page.items[-1].key == page.last else None
    elements = [
        xml.leaf("Name", bucket.name) + names.leaf("Prefix", selection.prefix),
        names.leaf("KeyMarker", key_marker) + xml.leaf("VersionIdMarker", version_marker),
        names.leaf("NextKeyMarker", page.last if page.is_truncated else None),
        xml.leaf("NextVersionIdMarker", last.version_id if page.is_truncated and last else None),
        xml.leaf("MaxKeys", selection.limit) + names.leaf("Delimiter", selection.delimiter or None),
        xml.leaves(EncodingType=names.encoding, IsTruncated=page.is_truncated),
        *(_version_element(version, names) for version in page.items),
        names.common_prefixes(page.common_prefixes),
    ]
    return xml_response(xml.document("ListVersionsResult", elements))


def list_multipart_uploads(call: Call) -> S3Response:
    """ListMultipartUploads by key and upload id."""
    query, names = call.request.query, _Names(call)
    key_marker, upload_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
    selection = _selection(call, key_marker, "max-uploads")
    with call.vault.reading() as connection:
        bucket = call.bucket(connection)
        page = listing.uploads_in_progress(connection, bucket, selection, upload_marker)
    last = page.items[-1] if page.items and page.items[-1].key == page.last else None
    elements = [
        xml.leaf("Bucket", bucket.name) + names.leaf("KeyMarker", key_marker),
        xml.leaf("UploadIdMarker", upload_marker),
        names.leaf("NextKeyMarker", page.last if page.is_truncated else None),
        xml.leaf("NextUploadIdMarker", last.upload_id if page.is_truncated and last else None),
        names.leaf("Prefix", selection.prefix) + names.leaf("Delimiter", selection.delimiter or None),
        xml.leaves(MaxUploads=selection.limit, EncodingType=names.encoding, IsTruncated=page.is_truncated),
        *(_upload_element(upload, names) for upload in page.items),
        names.common_prefixes(page.common_prefixes),
    ]
    return xml_response(xml.document("ListMultipartUploadsResult", elements))


def _selection(call: Call, after: str, limit_parameter: str) -> Selection:
    query = call.request.query
    limit = call.request.integer(limit_parameter, _PAGE, _PAGE)
    return Selection(query.get("prefix", ""), query.get("delimiter", ""), after, limit)


def _token_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode("utf-8")).decode("ascii")


def _key_of(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise S3Error(
            "InvalidArgument",
            "The continuation token provided is incorrect",
            ArgumentName="continuation-token",
            ArgumentValue=token,
        ) from error


def _described(version: Version) -> str:
    checksum = version.checksum
    checksum_elements = (
        xml.leaves(ChecksumAlgorithm=checksum.algorithm, ChecksumType=checksum.type) if checksum is not None else ""
    )
    return (
        xml.leaves(LastModified=xml.timestamp(version.modified), ETag=f'"{version.etag}"')
        + checksum_elements
        + xml.leaves(Size=version.size, StorageClass=version.properties.storage_class)
    )


def _object_element(version: Version, names: _Names, with_owner: bool) -> str:
    owner = acl.owner_element(version.properties.account) if with_owner else ""
    return xml.branch("Contents", names.leaf("Key", version.key) + _described(version) + owner)


def _version_element(version: Version, names: _Names) -> str:
    identity = names.leaf("Key", version.key) + xml.leaves(VersionId=version.version_id, IsLatest=version.is_latest)
    owner = acl.owner_element(version.properties.account)
    if version.is_delete_marker:
        return xml.branch("DeleteMarker", identity + xml.leaf("LastModified", xml.timestamp(version.modified)) + owner)
    return xml.branch("Version", identity + _described(version) + owner)


def _upload_element(upload: Upload, names: _Names) -> str:
    account = upload.properties.account
    return xml.branch(
        "Upload",
        names.leaf("Key", upload.key)
        + xml.leaf("UploadId", upload.upload_id)
        + acl.owner_element(account, "Initiator")
        + acl.owner_element(account)
        + xml.leaves(
            StorageClass=upload.properties.storage_class,
            Initiated=xml.timestamp(upload.initiated),
            ChecksumAlgorithm=upload.checksum_algorithm,
            ChecksumType=upload.checksum_type,
        ),
    )
