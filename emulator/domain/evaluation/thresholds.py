"""The assumed threshold of a label: the confidence at which its F1 on the test images is best (ME-3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UNMEASURED_THRESHOLD = 0.5
"""At least this for a label without test images."""


class Operating(NamedTuple):
    """A threshold (float32 value, 0..1) and what it gives."""

    threshold: float
    precision: float
    recall: float
    f1: float


def best_threshold(
    confidences: NDArray[np.float32], is_right: NDArray[np.bool_], present: int, lowest: float = 0.0
) -> Operating:
    """The threshold of best F1, where a prediction counts if its confidence is at least the threshold.

    `confidences` float32 [n] in 0..1 and `is_right` bool [n] belong together; `present` is how many things of the label
    there are to find (for images the number of trues, for boxes also those that no prediction hit). A threshold lies
    midway between two neighbouring confidences (the lowest candidate midway between 0 and the lowest one), so that
    small test sets give thresholds with a margin on both sides; of equal F1s the higher threshold wins.

    No threshold lies under `lowest` (0..1): the best F1 on few test images must not take a hardly likely label for
    found.

    Without anything to find there is no F1: the threshold is then midway between the highest confidence and 1, at least
    0.5, and the metrics are 0. If nothing right was predicted with at least `lowest`, likewise.
    """
    confidences = np.asarray(confidences, np.float32)
    floor = np.float32(lowest)
    right = int(np.count_nonzero(is_right & (confidences >= floor)))
    if present == 0 or right == 0:
        highest = np.float32(confidences.max()) if confidences.size else np.float32(0)
        middle = np.float32((float(highest) + 1.0) / 2)
        return Operating(float(max(middle, np.float32(UNMEASURED_THRESHOLD))), 0.0, 0.0, 0.0)
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    true_positives = np.cumsum(is_right[order])
    predicted = np.arange(1, ranked.size + 1)
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))
    hits, taken = true_positives[ends].astype(np.float64), predicted[ends].astype(np.float64)
    f1 = np.where(ranked[ends] >= floor, 2 * hits / (taken + present), 0)
    best = int(np.argmax(f1))
    below = ranked[ends[best] + 1] if ends[best] + 1 < ranked.size else np.float32(0)
    threshold = max(_between(below, ranked[ends[best]]), float(floor))
    return Operating(threshold, float(hits[best] / taken[best]), float(hits[best] / present), float(f1[best]))


def _between(low: np.float32, high: np.float32) -> float:
    """A float32 value over `low` and not over `high`, midway if there is room."""
    middle = np.float32((float(low) + float(high)) / 2)
    return float(middle if low < middle <= high else high)
