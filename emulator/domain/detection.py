"""What DetectCustomLabels accepts and answers, as pure rules (api-facts §4.1-4.3; A-2 to A-7)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulator.domain.errors import InvalidParameterError, RuleError
from emulator.domain.image_limits import (
    ASPECT_RATIO,
    MAXIMUM_INLINE_BYTES,
    MAXIMUM_OBJECT_BYTES,
    MAXIMUM_SIDE,
    MINIMUM_SIDE,
    image_too_large,
    is_too_long_for_detection,
)
from emulator.domain.shapes import CustomLabel

CONFIDENCE_DECIMALS = 5

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a model: confidence in 0…1, box as (left, top, width, height) in fractions, or None."""

    label: str
    confidence: float
    box: Box | None = None


def invalid_image_format() -> RuleError:
    """The content is neither a whole JPEG nor a whole PNG (A-7)."""
    return RuleError("InvalidImageFormatException", "Request has invalid image format.")


def invalid_s3_object() -> RuleError:
    """The object is missing or may not be read (api-facts §4.3)."""
    return RuleError(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


def check_size(number_of_bytes: int, *, from_s3: bool) -> None:
    """Raise ImageTooLargeException for more than 4 MB of bytes or 15 MB of an S3 object (R-3, Q-13)."""
    if number_of_bytes > (MAXIMUM_OBJECT_BYTES if from_s3 else MAXIMUM_INLINE_BYTES):
        raise image_too_large()


def check_dimensions(width: int, height: int) -> None:
    """Raise for sides outside 64…4096 px or an aspect ratio over 20:1 (Q-12, Q-14)."""
    if max(width, height) > MAXIMUM_SIDE:
        raise image_too_large()
    if min(width, height) < MINIMUM_SIDE:
        raise InvalidParameterError(f"The image must be at least {MINIMUM_SIDE} pixels high and wide.")
    if is_too_long_for_detection(width, height):
        raise InvalidParameterError(f"The aspect ratio of the image must not exceed {ASPECT_RATIO}:1.")


def select_labels(
    candidates: Sequence[Candidate],
    thresholds: Mapping[str, float],
    *,
    min_confidence: float | None,
    max_results: int | None,
) -> list[CustomLabel]:
    """CustomLabels of the response, highest confidence first (A-6).

    `thresholds` are the assumed thresholds, 0…1; they hold without MinConfidence (A-3) and are ignored with it (A-4).
    A confidence equal to MinConfidence is kept (A-5). MaxResults 0 means no limit.
    """
    labels = [
        _custom_label(candidate)
        for candidate in candidates
        if min_confidence is not None or candidate.confidence >= thresholds.get(candidate.label, 0.0)
    ]
    return highest_labels(labels, min_confidence, max_results)


def highest_labels(
    labels: Sequence[CustomLabel], min_confidence: float | None, max_results: int | None
) -> list[CustomLabel]:
    """What of CustomLabels is answered: at or over MinConfidence (A-5), highest first (A-6), at most MaxResults.

    Also for forced answers, which have no assumed thresholds. MaxResults 0 means no limit.
    """
    kept = [label for label in labels if min_confidence is None or label["Confidence"] >= min_confidence]
    kept.sort(key=lambda label: -label["Confidence"])
    return kept[:max_results] if max_results else kept


def wire_confidence(confidence: float) -> float:
    """A confidence of 0…1 as the wire has it: five decimals, times 100, all in float32 (api-facts §4.1)."""
    return _float32(_float32(round(confidence, CONFIDENCE_DECIMALS)) * 100.0)


def _custom_label(candidate: Candidate) -> CustomLabel:
    label: CustomLabel = {"Name": candidate.label, "Confidence": wire_confidence(candidate.confidence)}
    if candidate.box is not None:
        left, top, width, height = (_float32(round(value, CONFIDENCE_DECIMALS)) for value in candidate.box)
        label["Geometry"] = {"BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top}}
    return label


def _float32(value: float) -> float:
    result: float = struct.unpack("f", struct.pack("f", value))[0]
    return result
