"""What kind of detector the training boxes ask for: input size, feature levels, crops, mosaics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from emulator.vision.detector.suppression import Suppression, choose_suppression
from emulator.vision.layers import Array

SIDES = (384, 448, 512)
LARGE_SIDES = (640, 768, 896, 1024, 1152, 1280)
COMFORTABLE_OBJECT = 30
"""Pixels that the smaller objects should measure in the input, as far as the ordinary sides allow it."""
SMALLEST_OBJECT = 14
"""Below so many pixels objects are lost: a larger input is worth its time."""
MOSAIC_OBJECT = 45
"""Mosaics shrink pictures, which helps only where the smaller objects stay well visible."""
CROP_SIDE = 512
LARGEST_EXACT_SIDE = 384
"""Inputs up to this side are quick enough with float32, which sees a little more than 8 bits."""
STRIDES = {"p3": 8, "p4": 16, "p5": 32}
SIZE_RANGES = {"p3": (0.0, 48.0), "p4": (32.0, 160.0), "p5": (112.0, np.inf)}
"""Levels answer for objects by the square root of their area in input pixels; ranges overlap on purpose."""


class Start(StrEnum):
    """What the network has learnt before it sees the user's pictures."""

    IMAGENET = "imagenet"
    """To tell a thousand kinds of things apart."""
    COCO = "coco"
    """To find objects of eighty everyday kinds; its frozen pyramid and towers are looked at beside the trained part."""


@dataclass(frozen=True)
class Level:
    """One feature level of the detector: a grid of cells `stride` pixels apart, for objects of `smallest` up to
    `largest` pixels (square root of the area)."""

    name: str
    stride: int
    smallest: float
    largest: float


@dataclass(frozen=True)
class DetectorPlan:
    """`input_*`: what the network sees in service; `view_*`: in training, a crop of that where the input is large.

    `byte_front`: the frozen part of the network computes with 8 bits, on processors that are quicker with them.
    `shrinkings`: in service the input is looked at once for each of these divisors of its sides, and what is found at
    any of the sizes is put together; training sees one size.
    `mirrored`: in service the mirror image is looked at, too, and what both tell of a cell is averaged.
    """

    input_height: int
    input_width: int
    view_height: int
    view_width: int
    levels: tuple[Level, ...]
    mosaic_probability: float
    byte_front: bool = False
    suppression: Suppression = field(default_factory=Suppression)
    start: Start = Start.IMAGENET
    shrinkings: tuple[int, ...] = (1,)
    mirrored: bool = False

    def as_metadata(self) -> dict[str, object]:
        """The plan in values that JSON can hold."""
        return {
            "input": [self.input_width, self.input_height],
            "view": [self.view_width, self.view_height],
            "levels": [level.name for level in self.levels],
            "mosaic_probability": self.mosaic_probability,
            "byte_front": self.byte_front,
            "start": self.start.value,
            "shrinkings": list(self.shrinkings),
            "mirrored": self.mirrored,
            "largest_overlap": self.suppression.overlap,
            "largest_containment": self.suppression.containment,
        }


def make_plan(
    picture_sizes: Sequence[tuple[int, int]],
    boxes: Sequence[Array],
    labels: Sequence[Array],
    sides: Sequence[int] = SIDES,
    large_sides: Sequence[int] = LARGE_SIDES,
) -> DetectorPlan:
    """The plan for pictures of (width, height) with boxes (n, 4) in their pixels and labels (n,) as indices; at least
    one box is needed.

    `sides`, ascending multiples of 32: the lengths considered for the longer side of the input, before the large ones
    that only very small objects justify.
    """
    relative_sizes = _relative_sizes(picture_sizes, boxes)
    # Not the smallest: one slip of an annotator would make the input of all pictures larger.
    small = float(np.percentile(relative_sizes, 5))
    side = _side(small, sides, large_sides)
    height, width = _shape(picture_sizes, side)
    view_height, view_width = (min(height, CROP_SIDE), min(width, CROP_SIDE)) if side > CROP_SIDE else (height, width)
    return DetectorPlan(
        input_height=height,
        input_width=width,
        view_height=view_height,
        view_width=view_width,
        levels=choose_levels(relative_sizes * side),
        mosaic_probability=0.5 if small * side >= MOSAIC_OBJECT else 0.0,
        byte_front=side > LARGEST_EXACT_SIDE,
        suppression=choose_suppression(boxes, labels),
    )


def _relative_sizes(picture_sizes: Sequence[tuple[int, int]], boxes: Sequence[Array]) -> Array:
    sizes = [
        np.sqrt(np.maximum((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]), 1.0)) / max(size)
        for size, b in zip(picture_sizes, boxes, strict=True)
    ]
    relative_sizes = np.concatenate(sizes)
    if not len(relative_sizes):
        raise ValueError("a detector needs at least one box to learn from")
    return relative_sizes


def _side(small: float, sides: Sequence[int], large_sides: Sequence[int]) -> int:
    for side in sides:
        if small * side >= COMFORTABLE_OBJECT:
            return side
    larger = (sides[-1], *large_sides)
    return next((side for side in larger if small * side >= SMALLEST_OBJECT), larger[-1])


def _shape(picture_sizes: Sequence[tuple[int, int]], side: int) -> tuple[int, int]:
    """Height and width, multiples of 32: of median aspect where four in five pictures lie the same way, else square."""
    aspects = np.array([width / height for width, height in picture_sizes])
    middle = float(np.median(aspects))
    if (aspects > 1.05).mean() > 0.8:
        return max(32, round(side / middle / 32) * 32), side
    if (aspects < 0.95).mean() > 0.8:
        return side, max(32, round(side * middle / 32) * 32)
    return side, side


def choose_levels(sizes: Array) -> tuple[Level, ...]:
    """The levels for objects of the given sizes in input pixels; the outermost levels take all that is beyond."""
    wanted = {"p3": bool((sizes < 36).mean() > 0.02), "p4": True, "p5": bool((sizes > 128).mean() > 0.02)}
    names = [name for name, is_wanted in wanted.items() if is_wanted]
    levels = []
    for name in names:
        smallest, largest = SIZE_RANGES[name]
        smallest = 0.0 if name == names[0] else smallest
        largest = np.inf if name == names[-1] else largest
        levels.append(Level(name, STRIDES[name], smallest, float(largest)))
    return tuple(levels)
