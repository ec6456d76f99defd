"""Losses: values known by hand, gradients against finite differences."""

import numpy as np
import pytest

from emulator.vision.detector.assignment import Targets
from emulator.vision.detector.learner import level_loss_and_gradient
from emulator.vision.detector.losses import box_overlap_loss, quality_focal_loss, sigmoid
from emulator.vision.layers import Array


def slopes(function: object, array: Array, step: float = 1e-6) -> Array:
    """Central differences of an elementwise sum."""
    assert callable(function)
    result = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        result[index] = (function(above) - function(below)) / (2 * step)
    return result


def test_the_gradient_of_the_quality_focal_loss() -> None:
    random = np.random.default_rng(1)
    logits, targets = random.standard_normal((6, 3)) * 3, random.uniform(0, 1, (6, 3))
    targets[::2] = 0
    gradient = quality_focal_loss(logits, targets)[1]
    expected = slopes(lambda array: quality_focal_loss(array, targets)[0].sum(), logits)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_the_quality_focal_loss_vanishes_where_the_score_is_the_target() -> None:
    logits = np.array([[-2.0, 0.0, 3.0]])
    loss, gradient = quality_focal_loss(logits, sigmoid(logits))
    np.testing.assert_allclose(loss, 0, atol=1e-12)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_logits_of_any_size_give_finite_losses() -> None:
    loss, gradient = quality_focal_loss(np.array([-1e4, 1e4], np.float32), np.array([1.0, 0.0], np.float32))
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()


def test_the_gradient_of_the_box_overlap_loss() -> None:
    random = np.random.default_rng(2)
    log_distances, targets = random.standard_normal((20, 4)), random.uniform(2, 60, (20, 4))
    gradient = box_overlap_loss(log_distances, targets, 8)[1]
    expected = slopes(lambda array: box_overlap_loss(array, targets, 8)[0].sum(), log_distances)
    np.testing.assert_allclose(gradient, expected, atol=1e-5, rtol=1e-5)


def test_overlaps_known_by_hand() -> None:
    """From a common point: 2 x 2 strides in a box of 4 x 2; then the same box."""
    log_distances = np.log(np.array([[1.0, 1, 1, 1], [2, 1, 2, 1]]))
    targets = np.array([[16.0, 8, 16, 8], [16, 8, 16, 8]])
    loss, _, overlap = box_overlap_loss(log_distances, targets, 8)
    np.testing.assert_allclose(overlap, [0.5, 1.0])
    np.testing.assert_allclose(loss, [np.log(2), 0.0], atol=1e-12)


def test_the_loss_of_a_level_has_the_gradient_that_it_returns() -> None:
    """Targets of the scores depend on the boxes predicted, and count as constants: so labels and boxes apart."""
    random = np.random.default_rng(3)
    output = random.standard_normal((1, 2, 3, 6))
    labels = np.array([-1, 0, 1, -1, -1, 0])
    targets = Targets(labels, random.uniform(10, 30, (6, 4)))
    loss, gradient = level_loss_and_gradient(output, targets, 16)
    moved = output - 1e-3 * gradient
    assert level_loss_and_gradient(moved, targets, 16)[0] < loss
    by_logits = slopes(lambda array: level_loss_and_gradient(array, targets, 16)[0], output)[..., :2]
    np.testing.assert_allclose(gradient[..., :2], by_logits, atol=1e-5)
    assert not gradient.reshape(6, 6)[labels < 0, 2:].any()


def test_background_alone_is_a_loss_too() -> None:
    targets = Targets(np.full(4, -1), np.zeros((4, 4)))
    loss, gradient = level_loss_and_gradient(np.zeros((1, 2, 2, 5)), targets, 8)
    assert loss == pytest.approx(4 * 4 * 0.25 * np.log(2))
    assert (gradient[..., 0] > 0).all()


def test_ignored_cells_cost_nothing() -> None:
    targets = Targets(np.array([-1, -2, -2, -1]), np.zeros((4, 4)))
    loss, gradient = level_loss_and_gradient(np.zeros((1, 2, 2, 5)), targets, 8)
    assert loss == pytest.approx(2 * 4 * 0.25 * np.log(2))
    assert not gradient.reshape(4, 5)[1:3].any()
