"""What the rules say about an image of a manifest that was opened, or could not be (J-10, J-11, Q-12 to Q-14)."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from emulator.domain.image_limits import (
    MAXIMUM_OBJECT_BYTES,
    SUPPORTED_FORMATS,
    is_side_allowed,
    is_too_long_for_training,
)
from emulator.domain.manifest.boxes import image_dimension_finding
from emulator.domain.manifest.findings import Finding, ImageSize, Place
from emulator.domain.manifest.rules import line_rules

_SIZE_TOLERANCE = 1.0
"""Pixels by which a declared side may differ from the image's: tools round."""
_SHAPE_TOLERANCE = 0.02
"""Relative difference of the aspect ratios up to which a declared size is taken for the image at another scale."""


class ImageProblem(Enum):
    """Why an image was not opened, so that there are no facts about it."""

    MISSING = "there is no such object"
    NO_PERMISSION = "the object may not be read"
    TOO_LARGE = "the file has more than 15 MB"


class ImageFacts(Protocol):
    """What a reader of images tells: the one in `vision.images`.

    `format` by content (JPEG, PNG or the name of another one, empty if unknown), sides in pixels of the upright image,
    `is_turned` if the file stores it lying on its side, `bytes` of the file, and in words what is damaged, if anything.
    """

    @property
    def format(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def is_turned(self) -> bool: ...

    @property
    def bytes(self) -> int: ...

    @property
    def damage(self) -> str: ...


ImageLook = ImageFacts | ImageProblem


def image_findings(look: ImageLook, box_attributes: list[str]) -> list[Finding]:
    """What the rules say about a line's image: J-10 on the line, J-11 on each box attribute for sides out of range."""
    if isinstance(look, ImageProblem):
        return [_invalid(look.value)]
    if look.bytes > MAXIMUM_OBJECT_BYTES:
        return [_invalid(ImageProblem.TOO_LARGE.value)]
    if look.format and look.format not in SUPPORTED_FORMATS:
        return [_invalid(f"the file is in the format {look.format}, not JPEG or PNG")]
    if look.damage or not look.format:
        return [_invalid(look.damage or "the file is not an image that can be read")]
    size = f"the image is {look.width} x {look.height} px"
    if not is_side_allowed(look.width) or not is_side_allowed(look.height):
        if box_attributes:
            return [image_dimension_finding(name, size) for name in box_attributes]
        return [_invalid(size)]
    if is_too_long_for_training(look.width, look.height):
        return [_invalid(f"{size}: aspect ratio of 20:1 or more")]
    return []


def size_finding(look: ImageLook, declared: ImageSize, attribute: str) -> Finding | None:
    """A warning of ours if image_size is not that of the image, as it is stored or upright; None if it is, or no facts.

    The boxes are scaled to the image, so another scale does no harm; another shape means that they lie elsewhere.
    """
    if isinstance(look, ImageProblem) or not look.width or not look.height:
        return None
    sizes = [(look.width, look.height)]
    if look.is_turned:
        sizes.append((look.height, look.width))
    if any(max(abs(declared.width - w), abs(declared.height - h)) <= _SIZE_TOLERANCE for w, h in sizes):
        return None
    detail = f"image_size is {declared.width:g} x {declared.height:g}, the image is {look.width} x {look.height} px"
    if not any(abs(declared.width * h / (declared.height * w) - 1) <= _SHAPE_TOLERANCE for w, h in sizes):
        detail += ", another shape: the boxes do not lie where they were drawn"
    path = (attribute, "image_size", 0)
    return Finding(line_rules.IMAGE_SIZE_DIFFERS, Place.NOWHERE, attribute, fault=path, detail=detail)


def _invalid(detail: str) -> Finding:
    return Finding(line_rules.INVALID_IMAGE, Place.IMAGE, fault=("source-ref",), detail=detail)
