"""Evaluation of image-level labels (guide chapters ME and CM)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emulator.domain.evaluation.report import ConfusionCell, Evaluation, LabelEvaluation
from emulator.domain.evaluation.thresholds import best_threshold

_LEAST_THRESHOLD = 0.6
"""No assumed threshold lies under this part of what guessing would give a label: a picture of something else, which is
hardly like any label, must not get one because two test images of it happened to be told apart down there."""
_LARGEST_SHARE = 0.5
"""Guessing gives a label the share of the test images that have it, counted as at most so much."""


def evaluate_classification(
    labels: Sequence[str], confidences: NDArray[np.float32], truth: NDArray[np.bool_]
) -> Evaluation:
    """Judge a classifier on its test images.

    `confidences` float32 [n, K] in 0..1 and `truth` bool [n, K] have a row a test image and a column a label of
    `labels`. Per label the assumed threshold of best F1 and the metrics at it (ME-3, ME-4). Raises ValueError for other
    shapes.
    """
    confidences = np.asarray(confidences, np.float32)
    truth = np.asarray(truth, np.bool_)
    if confidences.shape != truth.shape or confidences.shape[1:] != (len(labels),):
        raise ValueError(f"expected two arrays of {len(labels)} columns, got {confidences.shape} and {truth.shape}")
    evaluations = []
    for column, label in enumerate(labels):
        present = int(np.count_nonzero(truth[:, column]))
        guessed = max(1 / len(labels), min(present / max(1, len(truth)), _LARGEST_SHARE))
        chosen = best_threshold(confidences[:, column], truth[:, column], present, _LEAST_THRESHOLD * guessed)
        evaluations.append(
            LabelEvaluation(label, chosen.threshold, chosen.precision, chosen.recall, chosen.f1, present)
        )
    thresholds = np.array([evaluation.threshold for evaluation in evaluations], np.float32)
    return Evaluation(tuple(evaluations), confusion=_confusion(labels, confidences, truth, thresholds))


def has_single_labels(truth: NDArray[np.bool_]) -> bool:
    """Whether no test image, a row of the bool array [n, K], has more than one of the K labels (O-28)."""
    return bool(np.all(truth.sum(axis=1) <= 1))


def _confusion(
    labels: Sequence[str], confidences: NDArray[np.float32], truth: NDArray[np.bool_], thresholds: NDArray[np.float32]
) -> tuple[ConfusionCell, ...]:
    """CM-2: shares of the images of each ground truth label; empty cells are left out (CM-1).

    Where no test image has more than one of the labels, each image counts under its highest-scoring label, the first of
    equal ones, so that every ground truth adds up to 1 (O-28). Otherwise a cell of a label with itself is the share of
    its images in which it was found at its threshold, and a cell of two labels the share in which the second was found
    without being there.
    """
    if not truth.size:
        return ()
    if has_single_labels(truth):
        taken = np.zeros_like(truth)
        taken[np.arange(len(truth)), confidences.argmax(axis=1)] = True
        counts = truth.T.astype(np.float64) @ taken
    else:
        found = confidences >= thresholds
        counts = truth.T.astype(np.float64) @ (found & ~truth)
        np.fill_diagonal(counts, np.count_nonzero(found & truth, axis=0))
    totals = truth.sum(axis=0)
    return tuple(
        ConfusionCell(labels[row], labels[column], float(counts[row, column] / totals[row]))
        for row, column in np.argwhere(counts > 0)
    )
