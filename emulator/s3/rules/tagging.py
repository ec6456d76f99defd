"""Tag sets of objects and buckets."""

from __future__ import annotations

from urllib.parse import parse_qsl
from xml.etree import ElementTree

from emulator.s3.errors import S3Error
from emulator.s3.http import xml_reading
from emulator.wire import xml

Tags = list[tuple[str, str]]
MOST_OBJECT_TAGS = 10
MOST_BUCKET_TAGS = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256


def from_header(header: str | None) -> Tags:
    """The tags of x-amz-tagging, which are written like a query string. Raises InvalidArgument, InvalidTag."""
    if not header:
        return []
    try:
        tags = parse_qsl(header, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise S3Error(
            "InvalidArgument",
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=header,
        ) from error
    return _checked(tags, MOST_OBJECT_TAGS)


def from_document(body: bytes, most: int) -> Tags:
    """The tags of a Tagging document. Raises MalformedXML, InvalidTag."""
    root = xml_reading.parse(body, "Tagging")
    tag_set = root.find("TagSet")
    if tag_set is None:
        raise S3Error("MalformedXML")
    return from_element(tag_set, most)


def from_element(tag_set: ElementTree.Element | None, most: int = MOST_BUCKET_TAGS) -> Tags:
    """The tags in an element; none without one. Raises MalformedXML, InvalidTag."""
    tags: Tags = []
    for tag in tag_set.findall("Tag") if tag_set is not None else []:
        key, value = xml_reading.child_text(tag, "Key"), xml_reading.child_text(tag, "Value")
        if key is None or value is None:
            raise S3Error("MalformedXML")
        tags.append((key, value))
    return _checked(tags, most)


def to_document(tags: Tags) -> bytes:
    """The Tagging document."""
    elements = [xml.branch("Tag", xml.leaves(Key=key, Value=value)) for key, value in tags]
    return xml.document("Tagging", xml.branch("TagSet", elements))


def _checked(tags: Tags, most: int) -> Tags:
    if len(tags) > most:
        subject = "Object" if most == MOST_OBJECT_TAGS else "Bucket"
        raise S3Error("InvalidTag", f"{subject} tags cannot be greater than {most}")
    seen: set[str] = set()
    for key, value in tags:
        if key in seen:
            raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key", TagKey=key)
        seen.add(key)
        if not key or len(key) > _LONGEST_KEY or key.startswith("aws:"):
            raise S3Error("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > _LONGEST_VALUE:
            raise S3Error("InvalidTag", "The TagValue you have provided is invalid", TagKey=key, TagValue=value)
    return tags
