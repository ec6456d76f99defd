"""Manifest files read line by line, however large they are."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from emulator.domain.manifest.limits import MAXIMUM_LINE_CHARACTERS, ManifestLimits
from emulator.domain.manifest.rules.file_rules import MANIFEST_INACCESSIBLE, MANIFEST_TOO_LARGE, MANIFEST_TOO_MANY_ROWS
from emulator.domain.manifest.rules.rule import ManifestFileError

PIECE_BYTES = 256 * 1024
LONGEST_LINE_BYTES = MAXIMUM_LINE_CHARACTERS * 4 + 2
"""A line of 100,000 characters has at most four bytes a character, and a carriage return."""


class ByteStream(Protocol):
    """Anything that bytes can be read from: an open file, an S3 body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class ManifestLine(NamedTuple):
    """One line: its number from 1, its bytes without the line feed, and whether it was cut off for its length.

    Of a cut line only the first bytes are kept; it is over 100,000 characters long whatever they are.
    """

    number: int
    raw: bytes
    is_cut: bool = False


def check_manifest_key(key: str) -> None:
    """Raise ManifestFileError (E-1, TE-1) for an object key without a file extension (X-7: any extension will do)."""
    stem, dot, extension = key.rpartition("/")[2].rpartition(".")
    if not (stem and dot and extension):
        raise ManifestFileError(MANIFEST_INACCESSIBLE)


def read_lines(stream: ByteStream, limits: ManifestLimits | None = None) -> Iterator[ManifestLine]:
    """The lines of a manifest; blank ones count (V-2), a line feed at the very end starts no further line.

    A byte order mark at the very beginning is passed over.

    Never holds more than one line and one piece of the file. Raises ManifestFileError: E-2 (TE-3) as soon as more than
    `limits.bytes` bytes have come, E-3 when a line after the `limits.lines`-th begins; nothing is read after that.
    """
    limits = limits or ManifestLimits()
    number = 1
    begun, is_cut = b"", False
    for piece in without_mark(_pieces(stream, limits.bytes)):
        *ended, rest = piece.split(b"\n")
        for part in ended:
            if number > limits.lines:
                raise ManifestFileError(MANIFEST_TOO_MANY_ROWS)
            if begun or len(part) > LONGEST_LINE_BYTES:
                yield ManifestLine(number, *(_bounded(begun + part) if not is_cut else (begun, True)))
                begun, is_cut = b"", False
            else:
                yield ManifestLine(number, part)
            number += 1
        if rest and number > limits.lines:
            raise ManifestFileError(MANIFEST_TOO_MANY_ROWS)
        if rest and not is_cut:
            begun, is_cut = _bounded(begun + rest)
    if begun:
        yield ManifestLine(number, begun, is_cut)


def numbered(lines: Iterable[bytes | ManifestLine]) -> Iterator[ManifestLine]:
    """The lines with numbers from 1, whether they come as bytes (without line feed) or already numbered."""
    for position, line in enumerate(lines, start=1):
        if isinstance(line, ManifestLine):
            yield line if line.number == position else line._replace(number=position)
        else:
            yield ManifestLine(position, line)


def _pieces(stream: ByteStream, maximum: int) -> Iterator[bytes]:
    size = 0
    while piece := stream.read(min(PIECE_BYTES, maximum + 1 - size)):
        size += len(piece)
        if size > maximum:
            raise ManifestFileError(MANIFEST_TOO_LARGE)
        yield piece


def without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a file without the UTF-8 byte order mark that it may begin with."""
    begun = b""
    is_begun = False
    for piece in pieces:
        if is_begun:
            yield piece
            continue
        begun += piece
        if len(begun) >= len(BOM_UTF8) or not BOM_UTF8.startswith(begun):
            is_begun = True
            yield begun.removeprefix(BOM_UTF8)
    if not is_begun and begun:
        yield begun


def _bounded(line: bytes) -> tuple[bytes, bool]:
    return (line[:LONGEST_LINE_BYTES], True) if len(line) > LONGEST_LINE_BYTES else (line, False)
