"""PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping

from emulator.s3.access import existing
from emulator.s3.errors import S3Error
from emulator.s3.events.outbox import Cause, ObjectEvent, announce, delete_marker
from emulator.s3.handlers import properties
from emulator.s3.handlers.context import Call, checksum_headers, version_headers
from emulator.s3.http import xml_reading
from emulator.s3.http.body import Digests
from emulator.s3.http.checksums import FULL_OBJECT
from emulator.s3.http.response import S3Response, http_date, no_content, xml_response
from emulator.s3.index import versions
from emulator.s3.index.records import Blob, Bucket, Checksum, NewVersion, Version
from emulator.s3.rules import policy, preconditions, ranges
from emulator.s3.rules.ranges import ByteRange
from emulator.s3.vault import PIECE_BYTES, BlobReader, Change, now, require_bucket, require_version
from emulator.wire import xml

_MOST_DELETED_AT_ONCE = 1_000
_OVERRIDES = {
    "response-content-type": "content-type",
    "response-content-language": "content-language",
    "response-expires": "expires",
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
}


def put_object(call: Call) -> S3Response:
    """PutObject: durable when it answers; If-Match and If-None-Match are decided together with the write."""
    return store_body(call, call.body.finish(), "Put")


def store_body(call: Call, digests: Digests, created_by: str) -> S3Response:
    """Make the verified body an object under the request's key; PutObject's answer. `created_by` is for events."""
    request = call.request
    key = request.object_key()
    with call.vault.reading() as connection:  # before the bytes go to the disk: a wrong name costs nothing
        bucket = call.bucket(connection)
        call.require_also(connection, bucket)
    described = properties.from_headers(request.headers, request.account, bucket.account)
    staged = call.body.stage()
    modified = now()
    blobs = [] if staged is None else [Blob(staged.name, 1, staged.size, digests.etag, None, modified)]
    checksum = next((Checksum(name, FULL_OBJECT, value) for name, value in digests.checksums.items()), None)
    new = NewVersion(key, call.body.size, digests.etag, modified, described, blobs, checksum)
    try:
        with call.vault.changing() as change:
            bucket = call.bucket(change.connection)
            version_id = store_version(change, bucket, new, call, created_by)
    except BaseException:
        call.vault.files.discard_all(blob.name for blob in blobs)
        raise
    answer = {"etag": f'"{digests.etag}"', **version_headers(bucket, version_id)}
    if checksum is not None:
        answer |= {f"x-amz-checksum-{checksum.algorithm.lower()}": checksum.value, "x-amz-checksum-type": FULL_OBJECT}
    return S3Response(200, answer | properties.encryption_headers(request.headers))


def store_version(change: Change, bucket: Bucket, new: NewVersion, call: Call, created_by: str) -> str:
    """Write a version under the request's conditions; its version id. `created_by` (Put, Copy …) is for events."""
    current = versions.latest(change.connection, bucket, new.key)
    exists = current is not None and not current.is_delete_marker
    preconditions.check_write(call.request.headers, current.etag if current is not None and exists else None)
    if new.upload_id is None:  # the files of parts are in their place since the parts came
        change.place(blob.name for blob in new.blobs)
    version_id, unused = versions.add(change.connection, bucket, new)
    change.forget(unused)
    event = ObjectEvent(f"ObjectCreated:{created_by}", new.key, version_id, new.size, new.etag)
    announce(change, bucket, event, Cause.of(call.request))
    return version_id


def get_object(call: Call) -> S3Response:
    """GetObject, whole, by range or by part; the bytes are streamed from the files."""
    version, bucket, reader = call.vault.read(lambda connection: find(call, connection))
    try:
        response, wanted = _described(call, bucket, version, reader.blobs)
        if wanted.length <= PIECE_BYTES:
            response.body = b"".join(reader.pieces(wanted.start, wanted.length))
            response.size = None
            reader.close()
        else:
            response.pieces = _closing(reader, wanted)
        return response
    except BaseException:
        reader.close()
        raise


def head_object(call: Call) -> S3Response:
    """HeadObject: GetObject's headers."""
    with call.vault.reading() as connection:
        version, bucket = find(call, connection)
        blobs = versions.blobs(connection, version.sequence) if "partNumber" in call.request.query else []
    return _described(call, bucket, version, blobs)[0]


def delete_object(call: Call) -> S3Response:
    """DeleteObject: a delete marker on top where versioning is on, else (or with a version id) for good."""
    request = call.request
    key = request.object_key()
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        _check_match(change, bucket, key, request.header("if-match"))
        deleted = delete_version(change, bucket, key, request.version_id(), Cause.of(request))
    return no_content(deleted)


def _check_match(change: Change, bucket: Bucket, key: str, etag: str | None) -> None:
    """The entity tag that a deletion expects, if it expects one. Raises as `preconditions.check_write`."""
    if etag is not None:
        current = versions.latest(change.connection, bucket, key)
        exists = current is not None and not current.is_delete_marker
        preconditions.check_write({"if-match": etag}, current.etag if current is not None and exists else None)


def delete_version(change: Change, bucket: Bucket, key: str, version_id: str | None, cause: Cause) -> dict[str, str]:
    """Delete in a transaction; the answer's x-amz-version-id and x-amz-delete-marker.

    Deleting what is not there is not an error, and no event.
    """
    if version_id is not None:
        version = versions.find(change.connection, bucket, key, version_id)
        if version is None:
            return {"x-amz-version-id": version_id}
        change.forget(versions.remove(change.connection, version))
        announce(change, bucket, ObjectEvent("ObjectRemoved:Delete", key, version_id), cause)
        marker = {"x-amz-delete-marker": "true"} if version.is_delete_marker else {}
        return {"x-amz-version-id": version_id, **marker}
    if bucket.versioning:
        marker_id, unused = versions.add_delete_marker(change.connection, bucket, key, cause.account, now())
        change.forget(unused)
        announce(change, bucket, delete_marker(key, marker_id), cause)
        return {"x-amz-version-id": marker_id, "x-amz-delete-marker": "true"}
    version = versions.latest(change.connection, bucket, key)
    if version is not None:
        change.forget(versions.remove(change.connection, version))
        announce(change, bucket, ObjectEvent("ObjectRemoved:Delete", key, version.version_id), cause)
    return {}


def delete_objects(call: Call) -> S3Response:
    """DeleteObjects: up to 1,000 keys in one transaction."""
    root = xml_reading.parse(call.document(), "Delete")
    elements = root.findall("Object")
    quiet = (xml_reading.child_text(root, "Quiet") or "").strip().lower() == "true"
    if not elements or len(elements) > _MOST_DELETED_AT_ONCE:
        raise S3Error("MalformedXML")
    if call.body.announced is None and call.request.header("content-md5") is None:
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    results: list[str] = []
    with call.vault.changing() as change:
        call.bucket(change.connection)
        for element in elements:
            key, version_id = (
                xml_reading.child_text(element, "Key"),
                xml_reading.child_text(element, "VersionId") or None,
            )
            if not key:
                raise S3Error("MalformedXML")
            try:
                deleted = _delete_one(call, change, key, version_id, xml_reading.child_text(element, "ETag"))
            except S3Error as error:
                failed = xml.leaves(Key=key, VersionId=version_id, Code=error.code, Message=error.message)
                results.append(xml.branch("Error", failed))
            else:
                results.extend([] if quiet else [_deleted_element(key, version_id, deleted)])
    return xml_response(xml.document("DeleteResult", results))


def _delete_one(call: Call, change: Change, key: str, version_id: str | None, etag: str | None) -> dict[str, str]:
    """Delete one of many, if the bucket's policy lets the caller delete it and it is still the one that is meant."""
    request = call.request
    action = policy.action_on("s3:DeleteObject", version_id)
    name = request.bucket_name()
    bucket = require_bucket(change.connection, name, call.requester(), action, key, version_id=version_id)
    _check_match(change, bucket, key, etag or None)
    return delete_version(change, bucket, key, version_id, Cause.of(request))


def find(call: Call, connection: sqlite3.Connection) -> tuple[Version, Bucket]:
    """The version that a request reads. Raises as `require_version`, and NotImplemented for a customer's key."""
    properties.refuse_customer_keys(call.request.headers)
    bucket = call.bucket(connection)
    key, version_id = call.request.object_key(), call.request.version_id()
    requester = call.requester()
    version = existing(requester, connection, bucket, lambda: require_version(connection, bucket, key, version_id))
    requester.require_key(version.properties.headers, "kms:Decrypt", version.properties.account)
    return version, bucket


def _described(call: Call, bucket: Bucket, version: Version, blobs: list[Blob]) -> tuple[S3Response, ByteRange]:
    """Status and headers of a read, and which bytes it is about. `blobs` are the version's, where a part is asked."""
    request = call.request
    headers = object_headers(bucket, version)
    if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        headers |= checksum_headers(version)
    preconditions.check_read(
        request.headers, version.etag, version.modified, {name: headers[name] for name in ("etag", "last-modified")}
    )
    headers |= _overrides(request.query)
    if "partNumber" in request.query and request.header("range"):
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    wanted = _part(call, version, blobs, headers) or ranges.requested(request.header("range"), version.size)
    if wanted is None:
        return S3Response(200, headers, size=version.size), ByteRange(0, version.size)
    if wanted.length != version.size:
        headers = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum-")}
    if version.size:
        headers["content-range"] = wanted.content_range(version.size)
    return S3Response(206, headers, size=wanted.length), wanted


def _overrides(query: Mapping[str, str]) -> dict[str, str]:
    """The headers that a reader asks for by `response-…`. Raises InvalidArgument for text that no header can carry."""
    headers = {header: query[name] for name, header in _OVERRIDES.items() if name in query}
    for value in headers.values():
        if not value.isascii() and max(value) > "\xff":
            raise S3Error(
                "InvalidArgument", "Header value cannot be represented using ISO-8859-1.", ArgumentValue=value
            )
    return headers


def object_headers(bucket: Bucket, version: Version) -> dict[str, str]:
    """The headers that describe an object, checksums apart."""
    described = version.properties
    headers = {
        "accept-ranges": "bytes",
        "etag": f'"{version.etag}"',
        "last-modified": http_date(version.modified),
        **described.headers,
        **version_headers(bucket, version.version_id),
    }
    headers |= {properties.USER_METADATA_PREFIX + name: value for name, value in described.user_metadata.items()}
    if described.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = described.storage_class
    if described.tags:
        headers["x-amz-tagging-count"] = str(len(described.tags))
    return headers


def _part(call: Call, version: Version, blobs: list[Blob], headers: dict[str, str]) -> ByteRange | None:
    """The bytes of `?partNumber=N`, and the count of parts in the headers."""
    if "partNumber" not in call.request.query:
        return None
    number = call.request.integer("partNumber", 1)
    if version.part_count is None:
        if number != 1:
            raise S3Error("InvalidPartNumber")
        return ByteRange(0, version.size)
    headers["x-amz-mp-parts-count"] = str(version.part_count)
    start = 0
    for blob in blobs:
        if blob.part_number == number:
            return ByteRange(start, blob.size)
        start += blob.size
    raise S3Error("InvalidPartNumber")


def _closing(reader: BlobReader, wanted: ByteRange) -> Generator[bytes, None, None]:
    try:
        yield from reader.pieces(wanted.start, wanted.length)
    finally:
        reader.close()


def _deleted_element(key: str, version_id: str | None, deleted: dict[str, str]) -> str:
    is_marker = deleted.get("x-amz-delete-marker") == "true" or None
    marker_id = deleted.get("x-amz-version-id") if is_marker else None
    return xml.branch(
        "Deleted",
        xml.leaves(Key=key, VersionId=version_id, DeleteMarker=is_marker, DeleteMarkerVersionId=marker_id),
    )
