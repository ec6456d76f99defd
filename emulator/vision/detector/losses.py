"""The losses of the detector and their gradients."""

from __future__ import annotations

import numpy as np

from emulator.vision.layers import Array

CLASSIFICATION_WEIGHT = 4.0
LARGEST_LOG_DISTANCE = 6.0
"""Distances are predicted as logarithms of strides, limited to e^6 strides on either side of one."""


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-logits)), without overflow for large negative ones."""
    result: Array = 0.5 * (1 + np.tanh(0.5 * logits))
    return result


def quality_focal_loss(logits: Array, targets: Array) -> tuple[Array, Array]:
    """Cross-entropy to a soft target, weighted by the squared distance to it (Li et al. 2020, beta 2).

    `logits` and `targets` (0..1) have one shape; returns the loss and its gradient by the logits, of the same shape.
    """
    probabilities = sigmoid(logits)
    cross_entropy = np.maximum(logits, 0) - targets * logits + np.log1p(np.exp(-np.abs(logits)))
    error = probabilities - targets
    slope = probabilities * (1 - probabilities)
    loss = CLASSIFICATION_WEIGHT * error * error * cross_entropy
    # The derivative of the cross-entropy by the logit is the error itself, hence its cube here.
    gradient = CLASSIFICATION_WEIGHT * error * (error * error + 2 * slope * cross_entropy)
    return loss, gradient


def distances_from_logarithms(log_distances: Array, stride: int) -> Array:
    """(n, 4) network outputs -> distances in pixels."""
    result: Array = np.exp(np.clip(log_distances, -LARGEST_LOG_DISTANCE, LARGEST_LOG_DISTANCE)) * stride
    return result


def box_overlap_loss(log_distances: Array, targets: Array, stride: int) -> tuple[Array, Array, Array]:
    """-ln(intersection over union) of boxes seen from a cell inside both (UnitBox, Yu et al. 2016).

    `log_distances` (n, 4) network outputs, `targets` (n, 4) positive distances in pixels; left, top, right, bottom.
    Returns the loss (n,), its gradient by the log distances (n, 4) and the intersection over union (n,).
    """
    distances = distances_from_logarithms(log_distances, stride)
    inner = np.minimum(distances, targets)
    inner_extents = inner[:, :2] + inner[:, 2:]
    extents = distances[:, :2] + distances[:, 2:]
    target_extents = targets[:, :2] + targets[:, 2:]
    intersection = inner_extents.prod(1)
    union = extents.prod(1) + target_extents.prod(1) - intersection
    # A horizontal distance changes the intersection by the inner height, while it is the shorter one, and the area of
    # the box by the height; a vertical one likewise by widths.
    crossing = [1, 0, 1, 0]
    by_intersection = inner_extents[:, crossing] * (distances < targets)
    by_union = extents[:, crossing] - by_intersection
    gradient = by_union / union[:, None] - by_intersection / intersection[:, None]
    # By the logarithm instead of by the distance; where that is clipped, nothing changes.
    gradient *= distances * (np.abs(log_distances) < LARGEST_LOG_DISTANCE)
    overlap = intersection / union
    return -np.log(overlap), gradient, overlap
