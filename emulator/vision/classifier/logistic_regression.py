"""Logistic regression on image features: softmax for one label per picture, one-vs-rest for several.

With far more features than pictures every gradient lies in the span of the pictures, so the regression is solved
there: exactly the same optimum as in the full space, in a fraction of the time. The optimiser is L-BFGS with a
backtracking line search (Nocedal & Wright, Numerical Optimization, algorithms 7.4, 7.5 and 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emulator.vision.parallel import in_order

FloatArray = npt.NDArray[np.float64]
Objective = Callable[[FloatArray], tuple[float, FloatArray]]

# Directions whose variance is below this part of the largest one are rounding noise.
_SMALLEST_RELATIVE_EIGENVALUE = 1e-7
_LBFGS_MEMORY = 8
LBFGS_ITERATIONS = 100
_LBFGS_TOLERANCE = 1e-6
_LINE_SEARCH_STEPS = 20
_SUFFICIENT_DECREASE = 1e-4


@dataclass(frozen=True)
class RowSpace:
    """Feature vectors in the coordinates of their own span.

    coordinates: float64 [rows, rank]; basis: float64 [features, rank], orthonormal; features ≈ coordinates @ basis.T
    """

    coordinates: FloatArray
    basis: FloatArray


@dataclass(frozen=True)
class Block:
    """Some rows [n, rank], float64 or, to save memory, float32, with their targets [n, labels] and weights [n]."""

    rows: npt.NDArray[np.floating]
    targets: FloatArray
    weights: FloatArray


@dataclass(frozen=True)
class Blocks:
    """`count` blocks of `columns` features and `labels` labels; `load` gives one of them, from several threads."""

    count: int
    columns: int
    labels: int
    load: Callable[[int], Block]


def row_space(features: npt.NDArray[np.floating]) -> RowSpace:
    """Rotate `features` [rows, features] into their span; rank ≤ min(rows, features)."""
    rows, columns = features.shape
    values = features.astype(np.float64)
    if rows >= columns:
        return RowSpace(values, np.eye(columns))
    eigenvalues, vectors = np.linalg.eigh(values @ values.T)
    kept = eigenvalues > _SMALLEST_RELATIVE_EIGENVALUE * max(eigenvalues[-1], np.finfo(np.float64).tiny)
    lengths = np.sqrt(eigenvalues[kept])
    basis = values.T @ vectors[:, kept] / lengths
    return RowSpace(vectors[:, kept] * lengths, basis)


def softmax(logits: npt.NDArray[np.floating]) -> FloatArray:
    """Softmax over the last axis, in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: FloatArray = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def sigmoid(logits: npt.NDArray[np.floating]) -> FloatArray:
    """The logistic function, in float64, without overflow."""
    result: FloatArray = 0.5 * (1 + np.tanh(logits.astype(np.float64) / 2))
    return result


def cross_entropy(logits: FloatArray, targets: FloatArray, multi_label: bool) -> FloatArray:
    """Loss of each row [rows]; targets [rows, labels] in 0…1. With several labels it is the sum over the labels."""
    if multi_label:
        return np.asarray((np.logaddexp(0, logits) - targets * logits).sum(axis=1))
    peak = logits.max(axis=1, keepdims=True)
    log_total = peak + np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))
    return np.asarray((targets * (log_total - logits)).sum(axis=1))


def objective(
    rows: npt.NDArray[np.floating], targets: FloatArray, weights: FloatArray, strength: float, multi_label: bool
) -> Objective:
    """Mean weighted loss + |W|² / (2 · strength · total weight), and its gradient, over flattened [rank+1, labels].

    `rows` [n, rank], float64 or, to save memory, float32; `targets` [n, labels]; `weights` [n]. The last row of the
    coefficients is the bias, which is not penalised.
    """
    shape = rows.shape[1] + 1, targets.shape[1]
    total = weights.sum()

    def evaluate(flat: FloatArray) -> tuple[float, FloatArray]:
        coefficients = flat.reshape(shape)
        loss, gradient = _of_rows(Block(rows, targets, weights), coefficients, multi_label)
        loss += (coefficients[:-1] ** 2).sum() / (2 * strength)
        gradient[:-1] += coefficients[:-1] / strength
        return float(loss / total), (gradient / total).ravel()

    return evaluate


def streamed_objective(blocks: Blocks, strength: float, multi_label: bool, threads: int) -> Objective:
    """What `objective` is of all rows of the blocks, with `threads` blocks at once in memory and one more.

    Sums over blocks are made in their order, so that the number of threads does not change them.
    """

    def evaluate(flat: FloatArray) -> tuple[float, FloatArray]:
        coefficients = flat.reshape(blocks.columns + 1, blocks.labels)

        def part(number: int) -> tuple[float, FloatArray, float]:
            block = blocks.load(number)
            return *_of_rows(block, coefficients, multi_label), float(block.weights.sum())

        loss = (coefficients[:-1] ** 2).sum() / (2 * strength)
        gradient = np.concatenate([coefficients[:-1] / strength, np.zeros((1, blocks.labels))])
        total = 0.0
        for block_loss, block_gradient, weight in in_order(part, range(blocks.count), threads):
            loss += block_loss
            gradient += block_gradient
            total += weight
        return float(loss / total), (gradient / total).ravel()

    return evaluate


def _of_rows(block: Block, coefficients: FloatArray, multi_label: bool) -> tuple[float, FloatArray]:
    """The summed weighted loss of some rows and its gradient [rank+1, labels], without the penalty."""
    rows, slopes = block.rows, coefficients[:-1]
    # In the precision of the rows: a product of mixed precision would copy all of them.
    logits = (rows @ slopes.astype(rows.dtype)).astype(np.float64) + coefficients[-1]
    probabilities = sigmoid(logits) if multi_label else softmax(logits)
    errors = (probabilities - block.targets) * block.weights[:, None]
    gradient = np.empty(coefficients.shape)
    gradient[:-1] = rows.T @ errors.astype(rows.dtype)
    gradient[-1] = errors.sum(axis=0)
    return float(block.weights @ cross_entropy(logits, block.targets, multi_label)), gradient


def fit(
    rows: npt.NDArray[np.floating],
    targets: FloatArray,
    weights: FloatArray,
    strength: float,
    multi_label: bool,
    start: FloatArray | None = None,
) -> FloatArray:
    """Coefficients float64 [rank+1, labels] that minimise `objective`; `start` is a guess of that shape.

    `strength` is the inverse of the penalty (the C of the literature): larger fits the rows more closely. Each target
    row of a single-label model must add up to 1; equal shares say "any of them".
    """
    shape = (rows.shape[1] + 1, targets.shape[1])
    guess = np.zeros(shape) if start is None else start
    return minimise(objective(rows, targets, weights, strength, multi_label), guess.ravel()).reshape(shape)


def minimise(function: Objective, start: FloatArray) -> FloatArray:
    """The point where L-BFGS stops: no more progress worth having, or the limit of its iterations."""
    point = start.astype(np.float64)
    value, gradient = function(point)
    steps: list[FloatArray] = []
    changes: list[FloatArray] = []
    for _ in range(LBFGS_ITERATIONS):
        direction = -_two_loop(gradient, steps, changes)
        slope = float(gradient @ direction)
        length = 1.0 if steps else min(1.0, 1.0 / (float(np.abs(gradient).sum()) + 1e-12))
        for _ in range(_LINE_SEARCH_STEPS):
            new_value, new_gradient = function(point + length * direction)
            if new_value <= value + _SUFFICIENT_DECREASE * length * slope:
                break
            length /= 2
        else:
            return point
        step, change = length * direction, new_gradient - gradient
        if step @ change > 1e-12:
            steps, changes = [*steps, step][-_LBFGS_MEMORY:], [*changes, change][-_LBFGS_MEMORY:]
        progress = value - new_value
        point, value, gradient = point + step, new_value, new_gradient
        if progress < _LBFGS_TOLERANCE * max(1e-3, abs(value)):
            break
    return point


def _two_loop(gradient: FloatArray, steps: list[FloatArray], changes: list[FloatArray]) -> FloatArray:
    """The inverse Hessian's estimate times the gradient, from the last steps and changes of gradient."""
    result = gradient.copy()
    factors = []
    for step, change in zip(reversed(steps), reversed(changes), strict=True):
        factor = (step @ result) / (step @ change)
        factors.append(factor)
        result -= factor * change
    if steps:
        result *= (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for step, change, factor in zip(steps, changes, reversed(factors), strict=True):
        result += step * (factor - (change @ result) / (step @ change))
    return result
