"""The figures that manifests are measured against (guide chapters Q, V and J; api-facts §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAXIMUM_LINE_CHARACTERS = 100_000
"""E-8, Q-16."""
MAXIMUM_NESTING = 100
"""Deepest nesting of a JSON line that is read; ours, so that every reader of a line agrees whatever its own stack."""
MAXIMUM_LABEL_CHARACTERS = 256
"""J-22, L-5."""
MAXIMUM_LABELS = 250
"""Q-6."""
MINIMUM_LABELS_IMAGE_LEVEL = 2
"""Q-4."""
MINIMUM_LABELS_BOXES = 1
"""Q-5."""
MAXIMUM_BOXES_PER_IMAGE = 50
"""Q-11, J-17."""
TRAINING_IMAGE_SIDE = 1280
"""Images with a longer side are reduced to it before training (T-7)."""
MAXIMUM_LABELS_PER_IMAGE = 50
"""Image-level labels; Q-10."""
MAXIMUM_TEST_IMAGES_PER_LABEL = 1000
"""Q-7."""
MINIMUM_BOX_SIDE = 1.0
"""A box must be wider and higher than this many pixels (J-16)."""
INVALID_LINES_PERCENT = 20
"""More invalid lines than this fail the manifest; exactly this many do not (V-1, E-5, TE-6)."""
LABEL_OVERLAP_PERCENT = 50
"""V-3, TE-14, TE-16."""


@dataclass(frozen=True)
class ManifestLimits:
    """How much of one manifest file is read.

    `bytes` 1 GB as 2**30 bytes (Q-3; the service's own 5 MB limit is 5 * 2**20, so its units are binary) and `lines`
    250,000 (V-6).
    """

    bytes: int = 2**30
    lines: int = 250_000

    @classmethod
    def of(cls, region: str, side: Literal["train", "test"]) -> ManifestLimits:
        """The limits of a training or a test manifest in a region (Q-8, Q-9)."""
        lines = _LINES_OF_SMALL_REGIONS[side] if region in _SMALL_REGIONS else cls.lines
        return cls(lines=lines)


_SMALL_REGIONS = frozenset({"ap-south-1", "eu-west-2"})
"""Mumbai and London."""
_LINES_OF_SMALL_REGIONS = {"train": 28_000, "test": 7_000}


def over_invalid_limit(invalid: int, total: int) -> bool:
    """Whether `invalid` of `total` lines is more than 20 % (V-1; in integers, so that exactly 20 % passes)."""
    return invalid * 100 > total * INVALID_LINES_PERCENT
