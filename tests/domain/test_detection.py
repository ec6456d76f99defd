"""What DetectCustomLabels accepts and answers, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.detection import Candidate, check_dimensions, check_size, select_labels, wire_confidence
from emulator.domain.errors import RuleError
from emulator.domain.image_limits import MAXIMUM_INLINE_BYTES, MAXIMUM_OBJECT_BYTES
from emulator.domain.shapes import CustomLabel

TOO_LARGE = "ImageTooLargeException"
INVALID = "InvalidParameterException"
CONFIDENCES = st.floats(0, 1, allow_nan=False)
CANDIDATES = st.lists(st.builds(Candidate, st.sampled_from("abc"), CONFIDENCES), max_size=12)


def names(labels: list[CustomLabel]) -> list[object]:
    return [label["Name"] for label in labels]


@pytest.mark.parametrize(
    ("confidence", "on_the_wire"),
    [
        (0.67564, 67.56399536132812),
        (0.50657, 50.65699768066406),
        (0.99998, 99.99800109863281),
        (0.675640049, 67.56399536132812),
        (0.0, 0.0),
        (1.0, 100.0),
    ],
)
def test_confidences_of_real_answers(confidence: float, on_the_wire: float) -> None:
    """api-facts §4.1."""
    assert wire_confidence(confidence) == on_the_wire


@given(CONFIDENCES)
def test_confidences_are_single_precision(confidence: float) -> None:
    found = wire_confidence(confidence)
    assert found == float(np.float32(np.float32(round(confidence, 5)) * np.float32(100)))
    assert 0 <= found <= 100


def test_boxes_are_single_precision_of_five_decimals() -> None:
    """api-facts §4.1: 0.05948999896645546."""
    candidate = Candidate("bee", 0.9, (0.059490004, 0.25, 0.1, 0.123456))
    [label] = select_labels([candidate], {}, min_confidence=0, max_results=None)
    assert label["Geometry"] == {
        "BoundingBox": {
            "Width": 0.10000000149011612,
            "Height": 0.12346000224351883,
            "Left": 0.05948999896645546,
            "Top": 0.25,
        }
    }


def test_image_level_answers_have_no_geometry() -> None:
    [label] = select_labels([Candidate("living_space", 0.67564)], {}, min_confidence=0, max_results=None)
    assert label == {"Name": "living_space", "Confidence": 67.56399536132812}


def test_assumed_thresholds_hold_where_no_confidence_is_given() -> None:
    """A-3, A-4."""
    candidates = [Candidate("low", 0.3), Candidate("high", 0.8), Candidate("other", 0.05)]
    thresholds = {"low": 0.3, "high": 0.9, "other": 0.01}
    assert names(select_labels(candidates, thresholds, min_confidence=None, max_results=None)) == ["low", "other"]
    assert names(select_labels(candidates, thresholds, min_confidence=10, max_results=None)) == ["high", "low"]
    assert names(select_labels(candidates, thresholds, min_confidence=0, max_results=None)) == ["high", "low", "other"]


def test_equal_to_the_minimum_is_kept() -> None:
    """A-5."""
    candidates = [Candidate("a", 0.5)]
    assert select_labels(candidates, {}, min_confidence=50.0, max_results=None)
    assert not select_labels(candidates, {}, min_confidence=50.00001, max_results=None)


@given(CANDIDATES, st.none() | st.floats(0, 100), st.none() | st.integers(0, 20))
def test_the_best_come_first(candidates: list[Candidate], minimum: float | None, maximum: int | None) -> None:
    """A-6; several boxes of one label are separate items, and MaxResults counts items."""
    every = select_labels(candidates, {}, min_confidence=minimum, max_results=None)
    found = select_labels(candidates, {}, min_confidence=minimum, max_results=maximum)
    confidences = [label["Confidence"] for label in found]
    assert confidences == sorted(confidences, reverse=True)
    assert found == (every[:maximum] if maximum else every)
    assert all(minimum is None or confidence >= minimum for confidence in confidences)


def test_equal_confidences_keep_the_order_of_the_model() -> None:
    candidates = [Candidate(name, 0.5) for name in "cab"]
    assert names(select_labels(candidates, {}, min_confidence=0, max_results=2)) == ["c", "a"]


@pytest.mark.parametrize(
    ("size", "from_s3", "is_refused"),
    [
        (MAXIMUM_INLINE_BYTES, False, False),
        (MAXIMUM_INLINE_BYTES + 1, False, True),
        (MAXIMUM_OBJECT_BYTES, True, False),
        (MAXIMUM_OBJECT_BYTES + 1, True, True),
    ],
)
def test_bytes_of_an_image(size: int, from_s3: bool, is_refused: bool) -> None:
    """A-7: 4 MB as bytes, 15 MB in S3."""
    if not is_refused:
        check_size(size, from_s3=from_s3)
        return
    with pytest.raises(RuleError) as caught:
        check_size(size, from_s3=from_s3)
    assert (caught.value.code, caught.value.message) == (TOO_LARGE, "Image size is too large.")


@pytest.mark.parametrize(
    ("width", "height", "code"),
    [
        (64, 64, None),
        (4096, 4096, None),
        (1280, 64, None),
        (64, 1280, None),
        (63, 64, INVALID),
        (64, 63, INVALID),
        (1281, 64, INVALID),
        (4097, 4096, TOO_LARGE),
        (64, 5000, TOO_LARGE),
        (1, 5000, TOO_LARGE),
    ],
)
def test_sides_of_an_image(width: int, height: int, code: str | None) -> None:
    """Q-12, Q-14."""
    if code is None:
        check_dimensions(width, height)
        return
    with pytest.raises(RuleError) as caught:
        check_dimensions(width, height)
    assert caught.value.code == code
