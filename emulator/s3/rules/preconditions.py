"""Conditional requests: If-Match and its kin for reads, copies, writes and deletes (RFC 9110 §13)."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from emulator.s3.errors import NotModified, S3Error

COPY_PREFIX = "x-amz-copy-source-"


def check_read(headers: Mapping[str, str], etag: str, modified: int, answer_headers: Mapping[str, str]) -> None:
    """Raises PreconditionFailed, or `NotModified` with the object's headers. `modified` in milliseconds."""
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_match is not None:
        if not _matches(if_match, etag):
            raise S3Error("PreconditionFailed", Condition="If-Match")
    elif _is_after(modified, headers.get("if-unmodified-since")):
        raise S3Error("PreconditionFailed", Condition="If-Unmodified-Since")
    if if_none_match is not None:
        if _matches(if_none_match, etag):
            raise NotModified(answer_headers)
    elif _is_not_after(modified, headers.get("if-modified-since")):
        raise NotModified(answer_headers)


def check_copy(headers: Mapping[str, str], etag: str, modified: int) -> None:
    """The same for the source of a copy, whose headers begin with COPY_PREFIX. Raises PreconditionFailed for both."""
    conditions = {
        name.removeprefix(COPY_PREFIX): value for name, value in headers.items() if name.startswith(COPY_PREFIX + "if-")
    }
    try:
        check_read(conditions, etag, modified, {})
    except NotModified as error:
        raise S3Error("PreconditionFailed", Condition="x-amz-copy-source-If-None-Match") from error


def check_write(headers: Mapping[str, str], current_etag: str | None) -> None:
    """If-None-Match: * and If-Match of a write. `current_etag` is None when there is no current object.

    Raises PreconditionFailed, NoSuchKey (If-Match on nothing) or NotImplemented (If-None-Match with an entity tag).
    """
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise S3Error("NotImplemented", Header="If-None-Match")
        if current_etag is not None:
            raise S3Error("PreconditionFailed", Condition="If-None-Match")
    if if_match is not None:
        if current_etag is None:
            raise S3Error("NoSuchKey")
        if not _matches(if_match, current_etag):
            raise S3Error("PreconditionFailed", Condition="If-Match")


def _matches(header: str, etag: str) -> bool:
    candidates = [candidate.strip().removeprefix("W/").strip('"') for candidate in header.split(",")]
    return "*" in candidates or etag in candidates


def _seconds(date: str | None) -> float | None:
    if date is None:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None  # RFC 9110: a date that cannot be read is ignored


def _is_after(modified: int, date: str | None) -> bool:
    limit = _seconds(date)
    return limit is not None and modified // 1000 > limit


def _is_not_after(modified: int, date: str | None) -> bool:
    limit = _seconds(date)
    return limit is not None and modified // 1000 <= limit
