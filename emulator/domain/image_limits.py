"""What images the service takes: the boundaries of Q-12 to Q-14 and the error for what is too large, each once."""

from __future__ import annotations

from emulator.domain.errors import RuleError

MINIMUM_SIDE = 64
"""Pixels (Q-12)."""
MAXIMUM_SIDE = 4096
"""Pixels (Q-12)."""
MAXIMUM_OBJECT_BYTES = 15 * 1024 * 1024
"""An image in S3, of a dataset or to be analysed (Q-13)."""
MAXIMUM_INLINE_BYTES = 4 * 1024 * 1024
"""An image in the request itself (A-7, R-3)."""
ASPECT_RATIO = 20
"""Long side over short side (Q-14). A training needs less than this (J-10), DetectCustomLabels takes it (A-7)."""

SUPPORTED_FORMATS = ("JPEG", "PNG")
"""By content, whatever the name says (Q-1)."""


def is_side_allowed(side: float) -> bool:
    """Whether an image side in pixels is within Q-12."""
    return MINIMUM_SIDE <= side <= MAXIMUM_SIDE


def is_too_long_for_training(width: float, height: float) -> bool:
    """J-10: 20:1 itself is an invalid image."""
    return max(width, height) >= ASPECT_RATIO * min(width, height)


def is_too_long_for_detection(width: float, height: float) -> bool:
    """Q-14: 20:1 itself is analysed."""
    return max(width, height) > ASPECT_RATIO * min(width, height)


IMAGE_TOO_LARGE = "Image size is too large."
"""The message of ImageTooLargeException."""


def image_too_large() -> RuleError:
    """More bytes or pixels than DetectCustomLabels takes (A-7)."""
    return RuleError("ImageTooLargeException", IMAGE_TOO_LARGE)
