"""From the network's outputs to boxes: the numpy counterpart of the exported graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulator.vision.detector.assignment import cell_centres
from emulator.vision.detector.geometry import suppress
from emulator.vision.detector.losses import distances_from_logarithms, sigmoid
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.layers import Array

CALIBRATION_SLOPE = 3.1
CALIBRATION_OFFSET = 0.43
"""confidence = sigmoid(slope * logit + offset): makes the confidences of this training procedure honest."""
LOWEST_SCORE = 0.02
"""Of raw scores, before the calibration."""
MOST_DETECTIONS = 100
"""For a label, and for a picture."""
NMS_OVERLAP = 0.5
"""Boxes that overlap a better one of their label by more are not answered at all."""

DISTANCES_IN_MIRROR = (2, 1, 0, 3)
"""Where the distances to the left, top, right and bottom are found in a mirror image."""


@dataclass(frozen=True)
class Detections:
    """Best first: boxes (n, 4) in input pixels, labels (n,) as indices, confidences (n,) 0..1, calibrated."""

    boxes: Array
    labels: Array
    confidences: Array


def confidences_from_logits(logits: Array) -> Array:
    """Calibrated confidences; a monotonous function of the raw scores."""
    return sigmoid(CALIBRATION_SLOPE * logits + CALIBRATION_OFFSET)


def lowest_confidence() -> float:
    """What LOWEST_SCORE becomes when calibrated."""
    return float(confidences_from_logits(np.log(LOWEST_SCORE / (1 - LOWEST_SCORE))))


def mean_with_mirrored(output: Array, mirrored: Array) -> Array:
    """What a head says of a picture and of its mirror image, averaged for each cell of the picture; all three (rows,
    columns, labels + 4)."""
    labels = list(range(output.shape[-1] - len(DISTANCES_IN_MIRROR)))
    back = mirrored[:, ::-1][..., labels + [len(labels) + place for place in DISTANCES_IN_MIRROR]]
    mean: Array = (output + back) / 2
    return mean


def decode(outputs: Sequence[Sequence[Array]], plan: DetectorPlan) -> Detections:
    """Detections of one picture from the heads' outputs (rows, columns, labels + 4), for each of the plan's shrinkings
    one for each level."""
    all_boxes, all_confidences = [], []
    height, width = plan.input_height, plan.input_width
    for shrinking, at_size in zip(plan.shrinkings, outputs, strict=True):
        for output, level in zip(at_size, plan.levels, strict=True):
            flat = output.reshape(-1, output.shape[-1])
            distances = distances_from_logarithms(flat[:, -4:], level.stride)
            centres = cell_centres(height // shrinking, width // shrinking, level.stride).astype(np.float32)
            corners = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], 1)
            all_boxes.append(corners * np.float32(shrinking))
            all_confidences.append(confidences_from_logits(flat[:, :-4]))
    boxes = np.clip(np.concatenate(all_boxes), 0, [width, height, width, height])
    confidences = np.concatenate(all_confidences)
    kept_cells, kept_labels = [], []
    for label in range(confidences.shape[1]):
        # Label by label, as the NonMaxSuppression of ONNX does: different labels never suppress each other.
        candidates = np.nonzero(confidences[:, label] > lowest_confidence())[0]
        kept = suppress(boxes[candidates], confidences[candidates, label], NMS_OVERLAP)[:MOST_DETECTIONS]
        kept_cells.append(candidates[kept])
        kept_labels.append(np.full(len(kept), label, np.int64))
    cells, labels = np.concatenate(kept_cells), np.concatenate(kept_labels)
    order = np.argsort(-confidences[cells, labels], kind="stable")[:MOST_DETECTIONS]
    cells, labels = cells[order], labels[order]
    boxes, confidences = boxes[cells], confidences[cells, labels]
    confidences = confidences * np.where(
        plan.suppression.doubles(boxes, labels), np.float32(plan.suppression.share), np.float32(1)
    )
    order = np.argsort(-confidences, kind="stable")
    return Detections(boxes[order], labels[order], confidences[order])
