"""Letterboxes, overlaps, suppression."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.vision.detector.geometry import Letterbox, intersections_over_unions, suppress


@given(st.integers(64, 4096), st.integers(64, 4096), st.sampled_from([288, 384, 512]), st.sampled_from([320, 384, 512]))
def test_a_letterboxed_picture_lies_inside_the_input_and_comes_back(
    width: int, height: int, input_width: int, input_height: int
) -> None:
    letterbox = Letterbox.fit(width, height, input_width, input_height)
    assert letterbox.left >= 0 and letterbox.left + letterbox.width <= input_width
    assert letterbox.top >= 0 and letterbox.top + letterbox.height <= input_height
    assert letterbox.width == input_width or letterbox.height == input_height
    whole = np.array([[0.0, 0.0, input_width, input_height]])
    assert letterbox.to_fractions(whole).tolist() == [[0, 0, 1, 1]]


def test_boxes_come_back_as_fractions_of_the_picture() -> None:
    letterbox = Letterbox.fit(200, 100, 400, 400)
    assert (letterbox.left, letterbox.top, letterbox.width, letterbox.height) == (0, 100, 400, 200)
    fractions = letterbox.to_fractions(np.array([[100.0, 150.0, 300.0, 250.0]]))
    assert fractions.tolist() == [[0.25, 0.25, 0.75, 0.75]]


def test_overlaps_known_by_hand() -> None:
    first = np.array([[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 5.0, 5.0]])
    second = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [9.0, 9.0, 10.0, 10.0]])
    np.testing.assert_allclose(intersections_over_unions(first, second), np.array([[1, 1 / 3, 0], [0, 0, 0]]))


def test_suppression_keeps_the_best_of_what_overlaps() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 10.1]])
    assert suppress(boxes, np.array([0.5, 0.9, 0.3, 0.6]), 0.5).tolist() == [1, 2]


def test_suppression_spares_boxes_that_overlap_by_no_more_than_allowed() -> None:
    boxes = np.array([[0.0, 0, 2, 1], [0, 0, 1, 1]])
    assert suppress(boxes, np.array([0.9, 0.8]), 0.5).tolist() == [0, 1]
    assert suppress(boxes, np.array([0.9, 0.8]), 0.49).tolist() == [0]


def test_equal_scores_are_taken_in_the_order_given() -> None:
    boxes = np.array([[0.0, 0, 1, 1], [5, 5, 6, 6], [0, 0, 1, 1]])
    assert suppress(boxes, np.array([0.5, 0.5, 0.5]), 0.5).tolist() == [0, 1]


def test_nothing_to_suppress() -> None:
    assert suppress(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


@pytest.mark.parametrize("count", [1, 40])
def test_what_is_kept_does_not_overlap(count: int) -> None:
    random = np.random.default_rng(count)
    corners = random.uniform(0, 20, (count, 2))
    boxes = np.concatenate([corners, corners + random.uniform(1, 20, (count, 2))], 1)
    kept = suppress(boxes, random.uniform(0, 1, count), 0.5)
    overlaps = intersections_over_unions(boxes[kept], boxes[kept])
    assert (overlaps[~np.eye(len(kept), dtype=bool)] <= 0.5).all()
