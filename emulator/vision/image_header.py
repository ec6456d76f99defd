"""Format, size and orientation of a JPEG or PNG, read from its header without decoding a pixel."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.vision.errors import DamagedImageError, UnsupportedImageFormatError

JPEG_SIGNATURE = b"\xff\xd8\xff"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers of ITU-T T.81, table B.1: all of 0xC0-0xCF but DHT (C4), JPG (C8) and DAC (CC).
JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that stand alone, without a length: TEM and the restart markers.
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
JPEG_START_OF_IMAGE, JPEG_END_OF_IMAGE = 0xD8, 0xD9
JPEG_START_OF_SCAN = 0xDA
JPEG_EXIF_MARKER = 0xE1
EXIF_ORIENTATION_TAG = 0x0112
EXIF_SHORT = 3
# What can follow a marker's first byte; in the picture data it is followed by 0 or by a restart marker.
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# A progressive JPEG has about ten. Each may cover the whole picture, so a small file of thousands decodes for minutes.
MOST_SCANS = 100
# Reading a header must stay quick, whatever the file is made of.
_MOST_STEPS = 20_000


@dataclass(frozen=True)
class ImageHeader:
    """What a header says. `width` and `height` are as stored; orientation is the EXIF value 1 to 8."""

    format: str
    width: int
    height: int
    orientation: int


def read_header(data: bytes) -> ImageHeader:
    """Read the header of a JPEG or PNG, recognised by content.

    Raises UnsupportedImageFormatError for any other content and DamagedImageError if the header ends early.
    """
    try:
        if data.startswith(JPEG_SIGNATURE):
            return _read_jpeg(data)
        if data.startswith(PNG_SIGNATURE):
            return _read_png(data)
    except (struct.error, IndexError):
        raise DamagedImageError("The image header is incomplete.") from None
    raise UnsupportedImageFormatError("The image is neither JPEG nor PNG.")


def _read_jpeg(data: bytes) -> ImageHeader:
    orientation = 1
    for marker, payload in _jpeg_segments(data):
        if marker == JPEG_EXIF_MARKER and payload.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(payload[6:])
        elif marker in JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", payload, 1)
            return _checked(ImageHeader("JPEG", width, height, orientation))
    raise DamagedImageError("The JPEG has no frame header.")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, payload) of each segment before the picture data."""
    position = 2
    for _ in range(_MOST_STEPS):
        # Decoders skip stray bytes between segments, so a picture that others open is not refused here.
        position = data.find(b"\xff", position)
        if position < 0:
            return
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == 0 or marker in JPEG_BARE_MARKERS:
            position += 2
        elif marker == JPEG_START_OF_SCAN:
            return
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            yield marker, data[position + 4 : position + 2 + length]
            position += 2 + max(length, 2)


def has_too_many_scans(data: bytes) -> bool:
    """Whether a JPEG has more scans than any that a camera or a program writes, in its first picture.

    What telephones append to it is not looked at.
    """
    scans, position = 0, 2
    for _ in range(_MOST_STEPS):
        found = _NEXT_MARKER.search(data, position)
        if found is None:
            return False
        marker, position = data[found.start() + 1], found.end()
        if marker == JPEG_END_OF_IMAGE:
            return False
        if marker in JPEG_BARE_MARKERS or marker == JPEG_START_OF_IMAGE:
            continue
        scans += marker == JPEG_START_OF_SCAN
        if scans > MOST_SCANS:
            return True
        position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return True


def _read_png(data: bytes) -> ImageHeader:
    if data[12:16] != b"IHDR":
        raise DamagedImageError("The PNG does not begin with its header.")
    width, height = struct.unpack_from(">II", data, 16)
    return _checked(ImageHeader("PNG", width, height, _png_orientation(data)))


def _png_orientation(data: bytes) -> int:
    position = len(PNG_SIGNATURE)
    for _ in range(_MOST_STEPS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"eXIf":
            return _exif_orientation(data[position + 8 : position + 8 + length])
        position += 12 + length
    return 1


def _exif_orientation(block: bytes) -> int:
    """The orientation of a TIFF block as EXIF uses it; 1 (upright) where it is missing or makes no sense."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, directory)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", block, directory + 2 + 12 * index)
            if tag == EXIF_ORIENTATION_TAG:
                return int(value) if kind == EXIF_SHORT and 1 <= value <= 8 else 1
    except struct.error:
        pass  # A broken EXIF block does not make the picture unusable.
    return 1


def _checked(header: ImageHeader) -> ImageHeader:
    if header.width < 1 or header.height < 1:
        raise DamagedImageError("The image header gives no size.")
    return header
