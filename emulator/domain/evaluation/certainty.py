"""How far the figures of an evaluation can be trusted: intervals by the bootstrap over the test images.

Test images are drawn with replacement, as many as there are, and the figures computed anew (Efron 1979, "Bootstrap
methods: another look at the jackknife"); the interval leaves out 2.5 % of the results on both sides. Thresholds stay
those that were chosen, so the little that they owe to the very test images is not in the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.domain.evaluation.detection import RECALL_POINTS, ImageBoxes, collect

F1_DRAWS = 1000
AVERAGE_PRECISION_DRAWS = 200
_LEVEL = 0.95
# Numbers of one chunk of draws: beyond this memory would grow with the test set.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with what it could as well be: all 0..1, low <= high; `value` is that of all test images."""

    value: float
    low: float
    high: float

    def document(self) -> dict[str, float]:
        """Rounded, for JSON."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def f1_interval(
    right: NDArray[np.int64], taken: NDArray[np.int64], present: NDArray[np.int64], value: float, seed: int
) -> Interval:
    """Of the mean F1 over the labels: [n, K] for each test image and label, what was found and right, what was found,
    and what there was to find. Labels that a draw has nothing of do not count in it."""
    results = []
    columns = [counts.astype(np.float64) for counts in (right, taken, present)]
    for drawn in _draws(len(present), F1_DRAWS, sum(present.shape), seed):
        hits, found, wanted = (drawn.astype(np.float64) @ counts for counts in columns)
        f1 = 2 * hits / np.maximum(found + wanted, 1)
        measured = wanted > 0
        results.append((f1 * measured).sum(axis=1) / np.maximum(measured.sum(axis=1), 1))
    return _interval(value, results)


def classification_f1_interval(
    confidences: NDArray[np.float32], truth: NDArray[np.bool_], thresholds: Sequence[float], value: float, seed: int
) -> Interval:
    """`f1_interval` of confidences and truth [n, K] at these thresholds [K]."""
    found = confidences >= np.array(thresholds, np.float32)
    return f1_interval((found & truth).astype(int), found.astype(int), truth.astype(int), value, seed)


def detection_f1_interval(
    truth: Sequence[ImageBoxes],
    predictions: Sequence[ImageBoxes],
    matches: Sequence[NDArray[np.int64]],
    thresholds: Sequence[float],
    value: float,
    seed: int,
) -> Interval:
    """`f1_interval` of boxes; `matches` are those of DetectionEvaluation, the thresholds those of the labels [K]."""
    limits = np.array(thresholds, np.float32)
    counts = np.zeros((3, len(truth), len(limits)), np.int64)
    for image, (true, found, matched) in enumerate(zip(truth, predictions, matches, strict=True)):
        shown = found.confidences >= limits[found.labels]
        np.add.at(counts[0, image], found.labels[shown & (matched >= 0)], 1)
        np.add.at(counts[1, image], found.labels[shown], 1)
        np.add.at(counts[2, image], true.labels, 1)
    return f1_interval(counts[0], counts[1], counts[2], value, seed)


def average_precision_interval(
    truth: Sequence[ImageBoxes],
    predictions: Sequence[ImageBoxes],
    matches: Sequence[NDArray[np.int64]],
    labels: int,
    value: float,
    seed: int,
) -> Interval:
    """Of mAP as `evaluate_detection` computes it."""
    per_label = [
        (*collect(predictions, matches, label), np.array([np.count_nonzero(true.labels == label) for true in truth]))
        for label in range(labels)
    ]
    results = []
    for drawn in _draws(len(truth), AVERAGE_PRECISION_DRAWS, len(truth), seed):
        precisions = [_weighted_average_precision(drawn, *columns) for columns in per_label]
        results.append(np.array([_mean_of_measured(row) for row in zip(*precisions, strict=True)]))
    return _interval(value, results)


def _weighted_average_precision(
    drawn: NDArray[np.int64],
    confidences: NDArray[np.float32],
    is_right: NDArray[np.bool_],
    images: NDArray[np.int64],
    present: NDArray[np.int64],
) -> list[float]:
    """AP of a label in each draw; not a number where the draw has nothing of it."""
    order = np.argsort(-confidences, kind="stable")
    ranked, ranked_images = is_right[order], images[order]
    found = []
    for weights in drawn:
        wanted = int(weights @ present)
        if not wanted or not ranked.size:
            found.append(0.0 if wanted else np.nan)
            continue
        counts = weights[ranked_images]
        hits = np.cumsum(counts * ranked)
        precision = hits / np.maximum(np.cumsum(counts), 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        positions = np.searchsorted(hits / wanted, RECALL_POINTS, side="left")
        found.append(float(envelope[positions[positions < ranked.size]].sum() / RECALL_POINTS.size))
    return found


def _mean_of_measured(values: Sequence[float]) -> float:
    measured = [value for value in values if not np.isnan(value)]
    return float(np.mean(measured)) if measured else 0.0


def _draws(images: int, draws: int, numbers: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each test image was drawn, int [draws, images] in chunks."""
    random = np.random.default_rng(seed)
    chunk = max(1, min(draws, _CHUNK // max(1, numbers)))
    for start in range(0, draws if images else 0, chunk):
        count = min(chunk, draws - start)
        yield random.multinomial(images, np.full(images, 1 / images), size=count)


def _interval(value: float, results: Sequence[NDArray[np.float64]]) -> Interval:
    if not results:
        return Interval(value, 0.0, 1.0)
    low, high = np.quantile(np.concatenate(results), [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    # The figure itself is always possible, though the draws of a handful of images may lie to one side of it.
    return Interval(value, min(float(low), value), max(float(high), value))
