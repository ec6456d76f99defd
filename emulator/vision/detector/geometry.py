"""Boxes, letterboxes and non-maximum suppression.

Boxes are float arrays (n, 4): left, top, right, bottom, in pixels of whatever picture the context names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emulator.vision.layers import Array

GREY = 127
"""The grey of letterbox margins: zero after the backbone's normalisation."""


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies in the input of the network: multiplied by `scale`, then moved by `left` and `top`."""

    scale: float
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def fit(cls, picture_width: int, picture_height: int, input_width: int, input_height: int) -> Letterbox:
        """The whole picture, as large as possible, centred; sizes in pixels."""
        scale = min(input_width / picture_width, input_height / picture_height)
        width = max(1, min(input_width, round(picture_width * scale)))
        height = max(1, min(input_height, round(picture_height * scale)))
        return cls(scale, (input_width - width) // 2, (input_height - height) // 2, width, height)

    def to_fractions(self, boxes: Array) -> Array:
        """Boxes in input pixels -> boxes in fractions (0..1) of the picture, clipped to it."""
        origin = np.array([self.left, self.top, self.left, self.top], np.float64)
        extent = np.array([self.width, self.height, self.width, self.height], np.float64)
        return np.clip((boxes - origin) / extent, 0.0, 1.0)


def areas(boxes: Array) -> Array:
    """(n, 4) -> (n,)"""
    result: Array = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return result


def intersections(first: Array, second: Array) -> Array:
    """(n, 4), (m, 4) -> (n, m), the common areas in square pixels."""
    width = np.minimum(first[:, None, 2], second[:, 2]) - np.maximum(first[:, None, 0], second[:, 0])
    height = np.minimum(first[:, None, 3], second[:, 3]) - np.maximum(first[:, None, 1], second[:, 1])
    result: Array = np.clip(width, 0, None) * np.clip(height, 0, None)
    return result


def intersections_over_unions(first: Array, second: Array) -> Array:
    """(n, 4), (m, 4) -> (n, m), each 0..1; empty boxes overlap with nothing."""
    common = intersections(first, second)
    union = areas(first)[:, None] + areas(second) - common
    result: Array = np.where(common > 0, common / np.maximum(union, 1e-9), 0.0)
    return result


def containments(first: Array, second: Array) -> Array:
    """(n, 4), (m, 4) -> (n, m), each 0..1: how much of the smaller box lies in the other one."""
    smaller = np.minimum(areas(first)[:, None], areas(second))
    result: Array = intersections(first, second) / np.maximum(smaller, 1e-9)
    return result


def suppress(boxes: Array, scores: Array, overlap: float) -> Array:
    """Greedy non-maximum suppression: indices kept, best score first, ties in the order given.

    A box goes when its intersection over union with a better kept one is greater than `overlap`.
    """
    remaining = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(remaining):
        best, remaining = remaining[0], remaining[1:]
        kept.append(int(best))
        overlaps = intersections_over_unions(boxes[best : best + 1], boxes[remaining])[0]
        remaining = remaining[overlaps <= overlap]
    return np.array(kept, np.int64)
