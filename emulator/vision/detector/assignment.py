"""Which cell of which level is to find which object (FCOS, Tian et al. 2019, with centre sampling)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emulator.vision.detector.plan import Level
from emulator.vision.layers import Array

CENTRE_SHARE = 0.2
"""Cells within this share of a box's width and height around its centre answer for it, and at least one stride."""


BACKGROUND = -1
IGNORED = -2
"""A cell that neither answers for an object nor shows background: what it says about labels does not matter."""


@dataclass(frozen=True)
class Targets:
    """For the cells of one level in row order: `labels` (cells,) int, or BACKGROUND, or IGNORED, and `distances`
    (cells, 4) float32, pixels from the cell's centre to the left, top, right and bottom of its box (else zeros)."""

    labels: Array
    distances: Array


def cell_centres(height: int, width: int, stride: int) -> Array:
    """(cells, 2) x and y in pixels of a grid that covers `height` x `width` pixels, in row order."""
    x, y = np.meshgrid((np.arange(width // stride) + 0.5) * stride, (np.arange(height // stride) + 0.5) * stride)
    return np.stack([x.ravel(), y.ravel()], 1)


def assign(boxes: Array, labels: Array, remnants: Array, height: int, width: int, level: Level) -> Targets:
    """A cell takes the smallest of the boxes (n, 4) that the level answers for, that contain the cell's centre and in
    whose middle it lies. Other cells with the centre in one of the `remnants` (m, 4) are ignored."""
    centres = cell_centres(height, width, level.stride)
    cell_labels = np.where(_inside(centres, remnants).any(1), IGNORED, BACKGROUND).astype(np.int32)
    cell_distances = np.zeros((len(centres), 4), np.float32)
    sizes = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    mine = np.nonzero((sizes >= level.smallest) & (sizes < level.largest))[0]
    if not len(mine):
        return Targets(cell_labels, cell_distances)
    boxes, labels, sizes = boxes[mine], labels[mine], sizes[mine]
    extents = boxes[:, 2:] - boxes[:, :2]
    # At least a stride: the smallest objects, too, need a cell whose centre is within reach.
    reach = np.maximum(level.stride, CENTRE_SHARE * extents)
    central = (np.abs(centres[:, None] - (boxes[:, :2] + extents / 2)) < reach).all(2)
    # Of several objects the smallest: the larger one has other cells.
    candidates = np.where(central & _inside(centres, boxes), sizes, np.inf)
    chosen = candidates.argmin(1)
    positive = np.nonzero(np.isfinite(candidates[np.arange(len(chosen)), chosen]))[0]
    cell_labels[positive] = labels[chosen[positive]]
    cell_distances[positive] = _distances(centres[positive], boxes[chosen[positive]])
    return Targets(cell_labels, cell_distances)


def _inside(centres: Array, boxes: Array) -> Array:
    """(cells, 2), (n, 4) -> (cells, n) bool."""
    x, y = centres[:, :1], centres[:, 1:]
    inside: Array = (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])
    return inside


def _distances(centres: Array, boxes: Array) -> Array:
    """(n, 2), (n, 4) -> (n, 4) from each centre to the sides of its box."""
    return np.concatenate([centres - boxes[:, :2], boxes[:, 2:] - centres], 1)
