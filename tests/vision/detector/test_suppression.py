"""Doubles: what the training boxes say about objects that lie over each other."""

import numpy as np

from emulator.vision.detector.suppression import CONTAINMENTS, OVERLAPS, Suppression, choose_suppression


def side_by_side(distance: float, pairs: int) -> np.ndarray:
    """Pairs of boxes of 10 x 10, one `distance` to the right of the other."""
    lefts = np.array([[0.0, distance]]) + 100 * np.arange(pairs)[:, None]
    return np.array([[left, 0, left + 10, 10] for left in lefts.ravel()])


def test_where_objects_stand_apart_the_strictest_limits_are_taken() -> None:
    chosen = choose_suppression([side_by_side(12, 5)], [np.zeros(10, int)])
    assert chosen == Suppression(OVERLAPS[0], CONTAINMENTS[0])


def test_objects_that_lie_over_each_other_loosen_the_limits() -> None:
    """Moved by 5 of 10 pixels, 50 of 150 are common: 0.33, and half of each."""
    chosen = choose_suppression([side_by_side(5, 5)], [np.zeros(10, int)])
    assert chosen == Suppression(0.35, CONTAINMENTS[0])
    assert choose_suppression([side_by_side(2, 5)], [np.zeros(10, int)]) == Suppression(OVERLAPS[-1], 0.8)


def test_one_pair_in_hundreds_and_other_labels_change_nothing() -> None:
    boxes = np.concatenate([side_by_side(12, 150), [[0, 0, 10, 10]]])
    assert choose_suppression([boxes], [np.zeros(301, int)]) == Suppression(OVERLAPS[0], CONTAINMENTS[0])
    two_labels = choose_suppression([side_by_side(2, 5)], [np.arange(10) % 2])
    assert two_labels == Suppression(OVERLAPS[0], CONTAINMENTS[0])


def test_pictures_without_boxes_are_no_trouble() -> None:
    assert choose_suppression([np.zeros((0, 4))], [np.zeros(0, int)]).overlap == OVERLAPS[0]


def test_a_box_in_a_better_one_of_its_label_is_a_double() -> None:
    boxes = np.array([[0, 0, 40, 40], [5, 5, 15, 15], [5, 5, 15, 15], [35, 35, 55, 55], [36, 36, 56, 56]], float)
    doubles = Suppression(0.5, 0.7).doubles(boxes, np.array([0, 0, 1, 0, 0]))
    assert doubles.tolist() == [False, True, False, False, True]
    assert not Suppression(0.5, CONTAINMENTS[-1]).doubles(boxes, np.zeros(5, int))[1]
    assert Suppression(0.5, 0.7).doubles(np.zeros((0, 4)), np.zeros(0, int)).shape == (0,)
