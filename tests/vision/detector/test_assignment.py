"""Which cell answers for which object."""

import numpy as np

from emulator.vision.detector.assignment import BACKGROUND, IGNORED, assign, cell_centres
from emulator.vision.detector.plan import Level

EVERYTHING = Level("p4", 16, 0.0, np.inf)
NONE = np.zeros((0, 4))


def test_cells_are_counted_row_by_row_from_the_top_left() -> None:
    assert cell_centres(32, 48, 16).tolist() == [[8, 8], [24, 8], [40, 8], [8, 24], [24, 24], [40, 24]]


def test_a_cell_in_the_middle_of_a_box_learns_the_distances_to_its_sides() -> None:
    targets = assign(np.array([[2.0, 4.0, 30.0, 28.0]]), np.array([3]), NONE, 32, 48, EVERYTHING)
    assert targets.labels.tolist() == [3, 3, -1, 3, 3, -1]
    assert targets.distances[0].tolist() == [6, 4, 22, 20]
    assert not targets.distances[2].any()


def test_cells_far_from_the_middle_of_a_large_box_stay_background() -> None:
    targets = assign(np.array([[0.0, 0.0, 160.0, 160.0]]), np.array([0]), NONE, 160, 160, EVERYTHING)
    inside = targets.labels.reshape(10, 10) == 0
    assert inside[3:7, 3:7].all()
    assert inside.sum() == 16


def test_the_smaller_of_two_boxes_wins_a_cell() -> None:
    boxes = np.array([[0.0, 0.0, 48.0, 48.0], [16.0, 16.0, 32.0, 32.0]])
    targets = assign(boxes, np.array([0, 1]), NONE, 48, 48, EVERYTHING)
    assert targets.labels.reshape(3, 3).tolist() == [[-1, 0, -1], [0, 1, 0], [-1, 0, -1]] or (
        targets.labels.reshape(3, 3)[1, 1] == 1
    )


def test_a_level_ignores_objects_of_other_sizes() -> None:
    boxes = np.array([[0.0, 0.0, 20.0, 20.0], [32.0, 32.0, 96.0, 96.0]])
    level = Level("p4", 16, 32.0, 160.0)
    assert set(assign(boxes, np.array([0, 1]), NONE, 96, 96, level).labels.tolist()) == {-1, 1}


def test_a_picture_without_boxes_is_background_everywhere() -> None:
    targets = assign(np.zeros((0, 4)), np.zeros(0, np.int64), NONE, 64, 64, EVERYTHING)
    assert (targets.labels == -1).all()


def test_fifty_small_objects_in_one_picture_all_find_a_cell() -> None:
    """Q-11: up to 50 boxes in a picture."""
    corners = np.array([[left, top] for left in range(4, 324, 32) for top in range(4, 164, 32)], np.float64)
    boxes = np.concatenate([corners, corners + 16], 1)
    targets = assign(boxes, np.arange(50), NONE, 192, 352, Level("p3", 8, 0.0, 48.0))
    assert set(range(50)) <= set(targets.labels.tolist())


def test_cells_in_a_remnant_are_neither_object_nor_background() -> None:
    remnant = np.array([[0.0, 0.0, 32.0, 16.0]])
    targets = assign(np.array([[20.0, 4.0, 28.0, 12.0]]), np.array([0]), remnant, 32, 48, EVERYTHING)
    assert targets.labels.tolist() == [IGNORED, 0, BACKGROUND, BACKGROUND, BACKGROUND, BACKGROUND]
