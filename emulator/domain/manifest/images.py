"""What is known of an image after really opening it, and what the rules say about it (J-10, J-11, Q-12 to Q-14)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulator.domain.manifest.boxes import image_dimension_finding, is_side_allowed
from emulator.domain.manifest.findings import Finding, Place
from emulator.domain.manifest.limits import ASPECT_RATIO_LIMIT, MAXIMUM_IMAGE_BYTES, MAXIMUM_IMAGE_SIDE
from emulator.domain.manifest.rules import line_rules

SUPPORTED_FORMATS = ("JPEG", "PNG")


class ImageProblem(Enum):
    """Why there are no facts about an image."""

    MISSING = "there is no such object"
    NO_PERMISSION = "the object may not be read"
    TOO_LARGE = "the file has more than 15 MB"
    TOO_MANY_SCANS = "the JPEG has more scans than any that a camera or a program writes"
    UNREADABLE = "the file is not an image that can be read"
    TRUNCATED = "the image is cut off or damaged"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """`format` by content (JPEG, PNG or another of Pillow's names), sides in pixels as stored, `bytes` of the file."""

    format: str
    width: int
    height: int
    bytes: int


ImageLook = ImageFacts | ImageProblem


def read_image_facts(data: bytes, has_too_many_scans: Callable[[bytes], bool]) -> ImageLook:
    """Open an image file's bytes and decode it as far as needed to know that it is whole.

    The header is judged before any pixel is decoded: an image over 4096 px a side is reported by its size and not
    decoded, so that a small file that unfolds to gigabytes costs nothing. Other formats than JPEG and PNG are not
    decoded either, nor JPEGs of which `has_too_many_scans` says so: they would take minutes.
    """
    from PIL import Image, UnidentifiedImageError

    if len(data) > MAXIMUM_IMAGE_BYTES:
        return ImageProblem.TOO_LARGE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data))
        except UnidentifiedImageError:
            return ImageProblem.UNREADABLE
        except Exception:
            # Pillow's readers raise many kinds of errors on hostile headers, its decompression bomb check among them.
            return ImageProblem.UNREADABLE
        # Telephones append a second picture to a JPEG file; Pillow has a format of its own for that.
        kind = "JPEG" if image.format == "MPO" else image.format or ""
        facts = ImageFacts(kind, image.width, image.height, len(data))
        if facts.format not in SUPPORTED_FORMATS or max(facts.width, facts.height) > MAXIMUM_IMAGE_SIDE:
            return facts
        # Pillow reads a PNG whose header comes late; PNG forbids it, and neither training nor answers take such a file.
        if kind == "PNG" and data[12:16] != b"IHDR":
            return ImageProblem.UNREADABLE
        if kind == "JPEG" and has_too_many_scans(data):
            return ImageProblem.TOO_MANY_SCANS
        try:
            image.draft("L", (image.width // 8 or 1, image.height // 8 or 1))
            image.load()
            # A palette picture may lack its palette: it loads, and only the conversion that training needs fails.
            image.convert("RGBA" if image.has_transparency_data else "RGB")
        except Exception:
            return ImageProblem.TRUNCATED
    return facts


def image_findings(look: ImageLook, box_attributes: list[str]) -> list[Finding]:
    """What the rules say about a line's image: J-10 on the line, J-11 on each box attribute for sides out of range."""
    if isinstance(look, ImageProblem):
        return [_invalid(look.value)]
    if look.format not in SUPPORTED_FORMATS:
        return [_invalid(f"the file is a {look.format or 'file of unknown format'}, not JPEG or PNG")]
    if look.bytes > MAXIMUM_IMAGE_BYTES:
        return [_invalid(ImageProblem.TOO_LARGE.value)]
    size = f"the image is {look.width} x {look.height} px"
    if not is_side_allowed(look.width) or not is_side_allowed(look.height):
        if box_attributes:
            return [image_dimension_finding(name, size) for name in box_attributes]
        return [_invalid(size)]
    if max(look.width, look.height) >= ASPECT_RATIO_LIMIT * min(look.width, look.height):
        return [_invalid(f"{size}: aspect ratio of 20:1 or more")]
    return []


def _invalid(detail: str) -> Finding:
    return Finding(line_rules.INVALID_IMAGE, Place.IMAGE, fault=("source-ref",), detail=detail)
