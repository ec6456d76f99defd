"""The words that a training says of its own quality, as they are stored and shown (docs/training.md)."""

from __future__ import annotations

from typing import Literal

HintKind = Literal["confused", "more_images", "more_test_images"]
"""What would help a model."""

SampleReason = Literal["whole", "effort", "told_apart", "flat", "tuned", "disk"]
"""Why all images of a large set were used, or no more of them than were: the values of `Reason` in `vision`."""
