"""Evaluation of boxes (ME-2, ME-6): matching at IoU 0.5, thresholds of best F1, mAP and mAR.

mAP is COCO's AP at IoU 0.50: precision interpolated at 101 recall points, the 100 most confident boxes of an image and
label, all sizes, mean over the labels that occur in the test images (Lin et al., "Microsoft COCO: Common Objects in
Context", and the evaluation page of the COCO project). mAR is COCO's AR under the same conditions: the highest recall
reached, mean over labels. The guide names the two without a definition; its IoU is 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.domain.evaluation.report import Evaluation, LabelEvaluation
from emulator.domain.evaluation.thresholds import best_threshold

MATCHING_IOU = 0.5
DETECTIONS_PER_IMAGE = 100
UNMATCHED = -1
"""A predicted box that took no true box."""
NOT_JUDGED = -2
"""A predicted box behind the 100 most confident ones of its image and label: no metric counts it."""
LEAST_THRESHOLD = 0.05
"""No assumed threshold lies under it: a box that is wrong nineteen times of twenty is not found, even where the model
knows so little of a label that its F1 on the test images is best down there."""
RECALL_POINTS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True)
class ImageBoxes:
    """The true or predicted boxes of one image.

    `boxes` float [m, 4] as left, top, width, height in pixels; `labels` int [m] are indices into the model's labels;
    `confidences` float32 [m] in 0..1 for predictions, ignored for the truth.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    confidences: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DetectionEvaluation:
    """The evaluation, and an int64 array [m] per image: for each predicted box, in the given order, the position of the
    true box that it took among those of the image, UNMATCHED or NOT_JUDGED."""

    evaluation: Evaluation
    matches: tuple[NDArray[np.int64], ...]


def evaluate_detection(
    labels: Sequence[str], truth: Sequence[ImageBoxes], predictions: Sequence[ImageBoxes]
) -> DetectionEvaluation:
    """Judge a detector on its test images; `truth` and `predictions` have one item an image, in the same order.

    Within a label and an image, predictions take true boxes greedily in order of confidence: each the free true box of
    highest IoU, if that is at least 0.5. Which boxes a confident prediction takes does not depend on less confident
    ones, so one matching serves every threshold. Predictions are wanted down to low confidences, for mAP. Raises
    ValueError for sequences of different length.
    """
    matches = tuple(_match_image(true, found) for true, found in zip(truth, predictions, strict=True))
    evaluations, precisions, recalls = [], [], []
    for index, label in enumerate(labels):
        present = sum(int(np.count_nonzero(true.labels == index)) for true in truth)
        images = sum(bool(np.any(true.labels == index)) for true in truth)
        confidences, is_right, _ = collect(predictions, matches, index)
        chosen = best_threshold(confidences, is_right, present, LEAST_THRESHOLD)
        evaluations.append(LabelEvaluation(label, chosen.threshold, chosen.precision, chosen.recall, chosen.f1, images))
        if present:
            precision, recall = _averages(confidences, is_right, present)
            precisions.append(precision)
            recalls.append(recall)
    evaluation = Evaluation(
        tuple(evaluations),
        average_precision=float(np.mean(precisions)) if precisions else 0.0,
        average_recall=float(np.mean(recalls)) if recalls else 0.0,
    )
    return DetectionEvaluation(evaluation, matches)


def intersection_over_union(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes [n, 4] with boxes [m, 4] (left, top, width, height): float [n, m] in 0..1."""
    first, second = np.asarray(first, np.float64).reshape(-1, 4), np.asarray(second, np.float64).reshape(-1, 4)
    ends_first, ends_second = first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:]
    starts = np.maximum(first[:, None, :2], second[None, :, :2])
    overlap: NDArray[np.float64] = np.clip(np.minimum(ends_first[:, None], ends_second[None]) - starts, 0, None).prod(
        axis=2
    )
    union = first[:, None, 2:].prod(axis=2) + second[None, :, 2:].prod(axis=2) - overlap
    iou: NDArray[np.float64] = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    return iou


def _match_image(truth: ImageBoxes, found: ImageBoxes) -> NDArray[np.int64]:
    matched = np.full(len(found.labels), NOT_JUDGED, np.int64)
    for label in np.unique(found.labels):
        mine = np.flatnonzero(found.labels == label)
        mine = mine[np.argsort(-found.confidences[mine], kind="stable")][:DETECTIONS_PER_IMAGE]
        matched[mine] = UNMATCHED
        theirs = np.flatnonzero(truth.labels == label)
        if not theirs.size:
            continue
        ious = intersection_over_union(found.boxes[mine], truth.boxes[theirs])
        for position, overlaps in zip(mine, ious, strict=True):
            best = int(np.argmax(overlaps))
            if overlaps[best] >= MATCHING_IOU:
                matched[position] = theirs[best]
                ious[:, best] = -1.0
    return matched


def collect(
    predictions: Sequence[ImageBoxes], matches: Sequence[NDArray[np.int64]], label: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Confidence, match and number of the image of a label's judged predictions over all images, [m] each."""
    confidences, is_right = [np.zeros(0, np.float32)], [np.zeros(0, np.bool_)]
    images = [np.zeros(0, np.int64)]
    for number, (found, matched) in enumerate(zip(predictions, matches, strict=True)):
        mine = np.flatnonzero((found.labels == label) & (matched != NOT_JUDGED))
        confidences.append(found.confidences[mine].astype(np.float32))
        is_right.append(matched[mine] >= 0)
        images.append(np.full(len(mine), number, np.int64))
    return np.concatenate(confidences), np.concatenate(is_right), np.concatenate(images)


def _averages(confidences: NDArray[np.float32], is_right: NDArray[np.bool_], present: int) -> tuple[float, float]:
    """AP over 101 recall points, and the highest recall."""
    if not confidences.size:
        return 0.0, 0.0
    ranked = is_right[np.argsort(-confidences, kind="stable")]
    hits = np.cumsum(ranked)
    recall = hits / present
    precision = hits / np.arange(1, ranked.size + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    positions = np.searchsorted(recall, RECALL_POINTS, side="left")
    reached = positions < ranked.size
    return float(envelope[positions[reached]].sum() / RECALL_POINTS.size), float(recall[-1])
