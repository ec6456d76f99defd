"""Multipart uploads. Parts are files of their own, and the finished object keeps them: completing moves no bytes."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from xml.etree import ElementTree

from emulator.s3.errors import S3Error
from emulator.s3.handlers import properties
from emulator.s3.handlers.context import Call, version_headers
from emulator.s3.handlers.copying import copy_result, open_source, source_of
from emulator.s3.handlers.objects import store_version
from emulator.s3.http import checksums, xml_reading
from emulator.s3.http.response import S3Response, no_content, xml_response
from emulator.s3.index import uploads, versions
from emulator.s3.index.records import Blob, Bucket, Checksum, NewVersion, Upload
from emulator.s3.rules import acl, ranges
from emulator.s3.vault import now
from emulator.wire import numbers, xml

_MOST_PARTS = 10_000
_SMALLEST_PART = 5 << 20
_PARTS_PAGE = 1_000


def create_multipart_upload(call: Call) -> S3Response:
    """CreateMultipartUpload."""
    request = call.request
    key = request.object_key()
    algorithm = request.header("x-amz-checksum-algorithm")
    known = checksums.known(algorithm) if algorithm else None
    kind = checksums.type_for_upload(known, request.header("x-amz-checksum-type")) if known else None
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        call.require_also(change.connection, bucket)
        described = properties.from_headers(request.headers, request.account, bucket.account)
        began = now()
        upload = Upload(_new_upload_id(began), bucket.id, key, began, known, kind, described)
        uploads.add(change.connection, upload)
    headers = properties.encryption_headers(request.headers)
    if known and kind:
        headers |= {"x-amz-checksum-algorithm": known, "x-amz-checksum-type": kind}
    names = xml.leaves(Bucket=bucket.name, Key=key, UploadId=upload.upload_id)
    return xml_response(xml.document("InitiateMultipartUploadResult", names), headers)


def _new_upload_id(moment: int) -> str:
    """An id that nobody guesses, and that comes after those of earlier moments: S3 lists a key's uploads by time."""
    return f"{moment:012x}{secrets.token_urlsafe(36)}"


def upload_part(call: Call) -> S3Response:
    """UploadPart: durable when it answers, also across a restart."""
    digests = call.body.finish()
    with call.vault.reading() as connection:
        _, upload = _find(call, connection)
    number = _part_number(call)
    announced = call.body.announced
    if upload.checksum_algorithm and announced and announced.algorithm != upload.checksum_algorithm:
        raise S3Error(
            "InvalidRequest",
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.checksum_algorithm.lower()}, "
            f"actual checksum Type: {announced.algorithm.lower()}",
        )
    checksum = digests.checksums.get(announced.algorithm) if announced else None
    if checksum is None and upload.checksum_algorithm:
        checksum = call.body.checksum(upload.checksum_algorithm)
    staged = call.body.stage() or call.vault.files.stage([])
    part = Blob(staged.name, number, staged.size, digests.etag, checksum, now())
    _store_part(call, part)
    headers = {"etag": f'"{part.etag}"'}
    algorithm = announced.algorithm if announced else upload.checksum_algorithm
    if algorithm and checksum:
        headers[checksums.header_name(algorithm)] = checksum
    return S3Response(200, headers)


def upload_part_copy(call: Call) -> S3Response:
    """UploadPartCopy: a part from (a range of) an object."""
    request = call.request
    with call.vault.reading() as connection:
        _, upload = _find(call, connection)
    number = _part_number(call)
    version, source_bucket, reader = open_source(call, source_of(request.headers))
    digest = hashlib.md5(usedforsecurity=False)
    hasher = checksums.hasher(upload.checksum_algorithm) if upload.checksum_algorithm else None
    try:
        wanted = ranges.of_copy(request.header("x-amz-copy-source-range"), version.size)
        pieces = reader.pieces(wanted.start, wanted.length)
        staged = call.vault.files.stage(checksums.hashed(pieces, digest, *([hasher] if hasher else [])))
    finally:
        reader.close()
    value = checksums.encode(hasher.digest()) if hasher else None
    part = Blob(staged.name, number, staged.size, digest.hexdigest(), value, now())
    _store_part(call, part)
    checksum = Checksum(upload.checksum_algorithm, "", value) if upload.checksum_algorithm and value else None
    headers = {"x-amz-copy-source-version-id": version.version_id} if source_bucket.versioning else {}
    return xml_response(xml.document("CopyPartResult", copy_result(part.modified, part.etag, checksum)), headers)


def complete_multipart_upload(call: Call) -> S3Response:
    """CompleteMultipartUpload. Asked again (a client that lost the answer) it answers the same."""
    request = call.request
    key = request.object_key()
    named = _named_parts(call.document())
    with call.vault.changing() as change:
        bucket = call.bucket(change.connection)
        upload_id = request.query.get("uploadId", "")
        done = versions.made_by_upload(change.connection, bucket, key, upload_id)
        if done is not None:
            return _completed(call, bucket, done.key, done.etag, done.version_id, done.checksum)
        upload = _require(change.connection, bucket, key, upload_id)
        chosen = _chosen_parts(named, uploads.parts(change.connection, upload), upload)
        new = _assembled(call, upload, chosen)
        unused = set(uploads.remove(change.connection, upload)) - {blob.name for blob in new.blobs}
        change.forget(unused)
        version_id = store_version(change, bucket, new, call, "CompleteMultipartUpload")
    return _completed(call, bucket, key, new.etag, version_id, new.checksum)


def abort_multipart_upload(call: Call) -> S3Response:
    """AbortMultipartUpload: the parts are gone."""
    with call.vault.changing() as change:
        _, upload = _find(call, change.connection)
        change.forget(uploads.remove(change.connection, upload))
    return no_content()


def list_parts(call: Call) -> S3Response:
    """ListParts, in pages."""
    request = call.request
    marker, limit = request.integer("part-number-marker", 0), request.integer("max-parts", _PARTS_PAGE, _PARTS_PAGE)
    with call.vault.reading() as connection:
        bucket, upload = _find(call, connection)
        parts = uploads.parts(connection, upload, marker, limit + 1)
    page, truncated = parts[:limit], len(parts) > limit
    owner = upload.properties.account
    elements = [
        xml.leaves(Bucket=bucket.name, Key=upload.key, UploadId=upload.upload_id, PartNumberMarker=marker),
        xml.leaves(
            NextPartNumberMarker=page[-1].part_number if page else marker, MaxParts=limit, IsTruncated=truncated
        ),
        xml.leaves(ChecksumAlgorithm=upload.checksum_algorithm, ChecksumType=upload.checksum_type),
        *(_part_element(part, upload.checksum_algorithm) for part in page),
        acl.owner_element(owner, "Initiator") + acl.owner_element(owner),
        xml.leaf("StorageClass", upload.properties.storage_class),
    ]
    return xml_response(xml.document("ListPartsResult", elements))


def _find(call: Call, connection: sqlite3.Connection) -> tuple[Bucket, Upload]:
    """The upload that a request is about. Raises NoSuchUpload, and NotImplemented for a customer's key."""
    properties.refuse_customer_keys(call.request.headers)
    bucket = call.bucket(connection)
    return bucket, _require(connection, bucket, call.request.object_key(), call.request.query.get("uploadId", ""))


def _require(connection: sqlite3.Connection, bucket: Bucket, key: str, upload_id: str) -> Upload:
    upload = uploads.find(connection, bucket, key, upload_id)
    if upload is None:
        raise S3Error("NoSuchUpload", UploadId=upload_id)
    return upload


def _part_number(call: Call) -> int:
    number = call.request.integer("partNumber", 0)
    if not 1 <= number <= _MOST_PARTS:
        raise S3Error(
            "InvalidArgument",
            f"Part number must be an integer between 1 and {_MOST_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    return number


def _store_part(call: Call, part: Blob) -> None:
    try:
        with call.vault.changing() as change:
            _, upload = _find(call, change.connection)
            change.place([part.name])
            change.forget(uploads.put_part(change.connection, upload, part))
    except BaseException:
        call.vault.files.discard(part.name)
        raise


def _named_parts(body: bytes) -> list[ElementTree.Element]:
    named = xml_reading.parse(body, "CompleteMultipartUpload").findall("Part")
    if not named or len(named) > _MOST_PARTS:
        raise S3Error("MalformedXML")
    return named


def _chosen_parts(named: list[ElementTree.Element], parts: list[Blob], upload: Upload) -> list[Blob]:
    """The parts that the client names, which may be fewer than it sent. Raises InvalidPart and its like."""
    by_number = {part.part_number: part for part in parts}
    chosen: list[Blob] = []
    for element in named:
        number = xml_reading.child_text(element, "PartNumber") or ""
        part = by_number.get(numbers.whole(number) or 0)
        etag = (xml_reading.child_text(element, "ETag") or "").strip().strip('"')
        if part is None or etag != part.etag:
            raise S3Error("InvalidPart", UploadId=upload.upload_id, PartNumber=number, ETag=etag)
        _check_part_checksum(element, part, upload)
        if chosen and chosen[-1].part_number >= part.part_number:
            raise S3Error("InvalidPartOrder", UploadId=upload.upload_id)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < _SMALLEST_PART:
            raise S3Error(
                "EntityTooSmall",
                ProposedSize=str(part.size),
                MinSizeAllowed=str(_SMALLEST_PART),
                PartNumber=str(part.part_number),
                ETag=part.etag,
            )
    return chosen


def _check_part_checksum(element: ElementTree.Element, part: Blob, upload: Upload) -> None:
    for algorithm in checksums.ALGORITHMS:
        claimed = xml_reading.child_text(element, f"Checksum{algorithm}")
        if claimed is None and algorithm == upload.checksum_algorithm and upload.checksum_type == checksums.COMPOSITE:
            raise S3Error(
                "InvalidRequest",
                f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
                f"checksum for each part. It was missing for part {part.part_number} in the request.",
            )
        if claimed is not None and (algorithm != upload.checksum_algorithm or claimed != part.checksum):
            raise S3Error("InvalidPart", UploadId=upload.upload_id, PartNumber=str(part.part_number), ETag=part.etag)


def _assembled(call: Call, upload: Upload, parts: list[Blob]) -> NewVersion:
    size = sum(part.size for part in parts)
    announced_size = call.request.header("x-amz-mp-object-size")
    if announced_size is not None and announced_size != str(size):
        raise S3Error(
            "InvalidRequest",
            f"The provided 'x-amz-mp-object-size' header value {announced_size} does not match what was computed: "
            f"{size}",
        )
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    etag = f"{digest.hexdigest()}-{len(parts)}"
    checksum = _checksum(upload, parts)
    if checksum is not None:
        if call.request.headers.get("x-amz-checksum-type", checksum.type).upper() != checksum.type:
            raise S3Error("BadDigest", f"The checksum type of the upload is {checksum.type}.")
        claimed = call.request.header(checksums.header_name(checksum.algorithm))
        if claimed is not None and claimed != checksum.value:
            raise S3Error("BadDigest", f"The {checksum.algorithm} you specified did not match the calculated checksum.")
    return NewVersion(upload.key, size, etag, now(), upload.properties, parts, checksum, len(parts), upload.upload_id)


def _checksum(upload: Upload, parts: list[Blob]) -> Checksum | None:
    algorithm, kind = upload.checksum_algorithm, upload.checksum_type
    if algorithm is None or kind is None:
        return None
    values = [(part.checksum, part.size) for part in parts if part.checksum is not None]
    if len(values) != len(parts):
        raise S3Error(
            "InvalidRequest",
            f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
            "checksum for each part. It was missing for at least one of the parts.",
        )
    return Checksum(algorithm, kind, checksums.of_parts(algorithm, kind, values))


def _completed(
    call: Call, bucket: Bucket, key: str, etag: str, version_id: str, checksum: Checksum | None
) -> S3Response:
    location = f"{call.request.base_url}/{call.request.path.lstrip('/')}"
    elements = xml.leaves(Location=location, Bucket=bucket.name, Key=key, ETag=f'"{etag}"')
    if checksum is not None:
        elements += xml.leaf(f"Checksum{checksum.algorithm}", checksum.value) + xml.leaf("ChecksumType", checksum.type)
    return xml_response(xml.document("CompleteMultipartUploadResult", elements), version_headers(bucket, version_id))


def _part_element(part: Blob, algorithm: str | None) -> str:
    checksum = xml.leaf(f"Checksum{algorithm}", part.checksum) if algorithm else ""
    return xml.branch(
        "Part",
        xml.leaves(
            PartNumber=part.part_number,
            LastModified=xml.timestamp(part.modified),
            ETag=f'"{part.etag}"',
            Size=part.size,
        )
        + checksum,
    )
