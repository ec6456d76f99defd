"""GetObjectAttributes: what is known of an object, without its bytes."""

from __future__ import annotations

from emulator.s3.errors import S3Error
from emulator.s3.handlers.context import Call, version_headers
from emulator.s3.handlers.objects import find
from emulator.s3.http.response import S3Response, http_date, xml_response
from emulator.s3.index import versions
from emulator.s3.index.records import Blob, Version
from emulator.wire import xml

_NAMES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})
_PARTS_PAGE = 1_000


def get_object_attributes(call: Call) -> S3Response:
    """GetObjectAttributes: those of ETag, Checksum, ObjectParts, StorageClass and ObjectSize that are asked for."""
    wanted = _wanted(call)
    with call.vault.reading() as connection:
        version, bucket = find(call, connection)
        blobs = versions.blobs(connection, version.sequence)
    elements = []
    if "ETag" in wanted:
        elements.append(xml.leaf("ETag", version.etag))
    if "Checksum" in wanted and version.checksum is not None:
        checksum = version.checksum
        value = xml.leaf(f"Checksum{checksum.algorithm}", checksum.value)
        elements.append(xml.branch("Checksum", value + xml.leaf("ChecksumType", checksum.type)))
    if "ObjectParts" in wanted and version.part_count is not None:
        elements.append(xml.branch("ObjectParts", _parts(call, version, blobs)))
    if "StorageClass" in wanted:
        elements.append(xml.leaf("StorageClass", version.properties.storage_class))
    if "ObjectSize" in wanted:
        elements.append(xml.leaf("ObjectSize", version.size))
    headers = {"last-modified": http_date(version.modified), **version_headers(bucket, version.version_id)}
    return xml_response(xml.document("GetObjectAttributesResponse", elements), headers)


def _wanted(call: Call) -> set[str]:
    """The names in x-amz-object-attributes. Raises InvalidArgument."""
    given = call.request.headers.get("x-amz-object-attributes", "")
    names = {name.strip() for name in given.split(",")}
    if not names <= _NAMES:
        raise S3Error(
            "InvalidArgument",
            "Invalid attribute name specified.",
            ArgumentName="x-amz-object-attributes",
            ArgumentValue=given,
        )
    return names


def _parts(call: Call, version: Version, blobs: list[Blob]) -> str:
    """The number of parts, and a page of them where they have checksums: S3 lists no others."""
    request, checksum = call.request, version.checksum
    marker = request.integer("x-amz-part-number-marker", 0)
    limit = request.integer("x-amz-max-parts", _PARTS_PAGE, _PARTS_PAGE)
    is_listed = checksum is not None and all(blob.checksum for blob in blobs)
    following = [blob for blob in blobs if blob.part_number > marker] if is_listed else []
    page = following[:limit]
    elements = [
        xml.leaves(PartsCount=version.part_count, PartNumberMarker=marker),
        xml.leaf("NextPartNumberMarker", page[-1].part_number if page else marker),
        xml.leaves(MaxParts=limit, IsTruncated=len(following) > limit),
    ]
    for blob in page:
        value = xml.leaf(f"Checksum{checksum.algorithm}", blob.checksum) if checksum else ""
        elements.append(xml.branch("Part", xml.leaves(PartNumber=blob.part_number, Size=blob.size) + value))
    return "".join(elements)
