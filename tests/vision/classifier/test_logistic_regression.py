import numpy as np
import pytest

from emulator.vision.classifier.logistic_regression import (
    Block,
    Blocks,
    cross_entropy,
    fit,
    minimise,
    objective,
    row_space,
    sigmoid,
    softmax,
    streamed_objective,
)

RANDOM = np.random.default_rng(7)


def problem(multi_label: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = RANDOM.normal(size=(30, 8))
    labels = (rows[:, :3] + RANDOM.normal(size=(30, 3)) > 0).astype(float)
    targets = labels if multi_label else np.eye(3)[rows[:, :3].argmax(axis=1)]
    return rows, targets, RANDOM.uniform(0.5, 2, 30)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_gradient_is_that_of_the_loss(multi_label: bool) -> None:
    function = objective(*problem(multi_label), 0.3, multi_label)
    point = RANDOM.normal(size=9 * 3)
    _, gradient = function(point)
    for index in range(len(point)):
        step = np.zeros(len(point))
        step[index] = 1e-6
        slope = (function(point + step)[0] - function(point - step)[0]) / 2e-6
        assert slope == pytest.approx(gradient[index], abs=1e-7)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_fit_is_where_the_gradient_vanishes(multi_label: bool) -> None:
    rows, targets, weights = problem(multi_label)
    coefficients = fit(rows, targets, weights, 0.3, multi_label)
    value, gradient = objective(rows, targets, weights, 0.3, multi_label)(coefficients.ravel())
    assert np.abs(gradient).max() < 2e-3
    other, _ = objective(rows, targets, weights, 0.3, multi_label)(coefficients.ravel() + 0.05)
    assert value < other


@pytest.mark.parametrize("multi_label", [False, True])
def test_blocks_give_what_all_rows_at_once_give(multi_label: bool) -> None:
    rows, targets, weights = problem(multi_label)
    parts = [slice(0, 7), slice(7, 8), slice(8, 30)]
    blocks = Blocks(3, 8, 3, lambda number: Block(rows[parts[number]], targets[parts[number]], weights[parts[number]]))
    whole, *streamed = (
        objective(rows, targets, weights, 0.3, multi_label),
        *(streamed_objective(blocks, 0.3, multi_label, threads) for threads in (1, 3)),
    )
    point = RANDOM.normal(size=9 * 3)
    values = [function(point) for function in streamed]
    assert values[0][0] == values[1][0]
    np.testing.assert_array_equal(values[0][1], values[1][1])
    assert values[0][0] == pytest.approx(whole(point)[0])
    np.testing.assert_allclose(values[0][1], whole(point)[1], atol=1e-12)
    fitted = minimise(streamed[1], np.zeros(9 * 3)).reshape(9, 3)
    np.testing.assert_allclose(fitted, fit(rows, targets, weights, 0.3, multi_label), atol=1e-5)


def test_lbfgs_finds_the_bottom_of_a_curved_valley() -> None:
    def rosenbrock(point: np.ndarray) -> tuple[float, np.ndarray]:
        x, y = point
        value = (1 - x) ** 2 + 100 * (y - x * x) ** 2
        return float(value), np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])

    np.testing.assert_allclose(minimise(rosenbrock, np.array([-1.2, 1.0])), [1, 1], atol=1e-2)


def test_the_span_of_the_rows_gives_the_same_model() -> None:
    features = RANDOM.normal(size=(12, 50))
    targets = np.eye(2)[(features[:, 0] > 0).astype(int)]
    weights = np.ones(12)
    rotated = row_space(features)
    assert rotated.coordinates.shape == (12, 12)
    np.testing.assert_allclose(rotated.coordinates @ rotated.basis.T, features, atol=1e-9)

    direct = fit(features, targets, weights, 1.0, False)
    through = fit(rotated.coordinates, targets, weights, 1.0, False)

    unseen = RANDOM.normal(size=(5, 50))
    np.testing.assert_allclose(
        softmax(unseen @ direct[:-1] + direct[-1]),
        softmax(unseen @ rotated.basis @ through[:-1] + through[-1]),
        atol=2e-3,
    )


def test_a_stronger_penalty_gives_a_flatter_model() -> None:
    rows, targets, weights = problem(False)
    sizes = [np.abs(fit(rows, targets, weights, strength, False)[:-1]).sum() for strength in (1e-3, 1e-1, 10.0)]
    assert sizes == sorted(sizes)


def test_extreme_logits_do_not_overflow() -> None:
    logits = np.array([[1000.0, -1000.0]])
    np.testing.assert_allclose(softmax(logits), [[1, 0]])
    np.testing.assert_allclose(sigmoid(logits), [[1, 0]])
    assert cross_entropy(logits, np.array([[1.0, 0.0]]), False)[0] == pytest.approx(0)
    assert cross_entropy(logits, np.array([[0.0, 1.0]]), False)[0] == pytest.approx(2000)
    assert cross_entropy(logits, np.array([[0.0, 1.0]]), True)[0] == pytest.approx(2000)
