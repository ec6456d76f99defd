"""The Range header (RFC 9110) and byte ranges of copies."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.s3.errors import S3Error

_RANGE = re.compile(r"bytes=([0-9]{0,40})-([0-9]{0,40})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `start` on."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The Content-Range header for an object of `size` bytes."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def requested(header: str | None, size: int) -> ByteRange | None:
    """The one range asked for, cut to the object; None for no range, several ranges or a unit other than bytes.

    Raises InvalidRange when nothing of it lies in the object.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or header is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size - 1
        satisfiable = int(last) > 0 and size > 0
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start:
            return None
        satisfiable = start < size
    if not satisfiable:
        raise S3Error(
            "InvalidRange",
            headers={"content-range": f"bytes */{size}"},
            RangeRequested=header,
            ActualObjectSize=str(size),
        )
    return ByteRange(start, end - start + 1)


def of_copy(header: str | None, size: int) -> ByteRange:
    """The range of x-amz-copy-source-range, which must be whole and inside the source. Raises InvalidArgument."""
    if header is None:
        return ByteRange(0, size)
    match = _RANGE.fullmatch(header.strip())
    if match is None or "" in match.groups():
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    first, last = int(match[1]), int(match[2])
    if last < first or last >= size:
        raise S3Error(
            "InvalidArgument",
            f"Range specified is not valid for source object of size: {size}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    return ByteRange(first, last - first + 1)
