"""Which of two boxes of one label that lie over each other are doubles: measured on the training boxes.

Non-maximum suppression with one fixed limit leaves two boxes for one object where objects never overlap. A stricter
limit would lose objects, and average precision. So doubles, as strictly as the annotators' own boxes allow, stay in the
answer with a small part of the confidence: docs/detection.md has the average precision with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulator.vision.detector.geometry import containments, intersections_over_unions
from emulator.vision.layers import Array

OVERLAPS = (0.3, 0.35, 0.4, 0.45, 0.5)
"""Candidates for the largest intersection over union; the last one is the habit of the field."""
CONTAINMENTS = (0.6, 0.7, 0.8, 0.9, 2.0)
"""Candidates for the largest intersection over the smaller area; the last one is out of reach."""
DOUBLE_SHARE = 0.15
"""What is left of a double's confidence: nobody who asks for 50 % or more gets two boxes for one object."""
BRAND_DOUBLE_SHARE = 0.49
"""The same of logos that are looked for at several sizes: of two boxes the better one is not always the tighter one."""
LARGEST_LOSS = 0.02
"""So many of the training objects may lie over others of their label by more than a limit."""


@dataclass(frozen=True)
class Suppression:
    """A box is a double where a better one of its label overlaps it by more than `overlap` (intersection over union),
    or shares more than `containment` of the smaller of the two. `share` of its confidence is left, under one half."""

    overlap: float = OVERLAPS[-1]
    containment: float = CONTAINMENTS[-1]
    share: float = DOUBLE_SHARE

    def doubles(self, boxes: Array, labels: Array) -> Array:
        """For boxes (n, 4) with labels (n,), best first: true (n,) for the doubles."""
        alike = intersections_over_unions(boxes, boxes) > self.overlap
        alike |= containments(boxes, boxes) > self.containment
        # Not greedy: the double of a double is one, too. So the exported graph needs no loop.
        result: Array = np.triu(alike & (labels[:, None] == labels), 1).any(0)
        return result


def choose_suppression(boxes: Sequence[Array], labels: Sequence[Array]) -> Suppression:
    """The strictest candidates that keep all but LARGEST_LOSS of the training objects: for each picture boxes (n, 4)
    and labels (n,)."""
    overlaps, contained = [np.zeros(0)], [np.zeros(0)]
    for picture_boxes, picture_labels in zip(boxes, labels, strict=True):
        for label in np.unique(picture_labels):
            mine = picture_boxes[picture_labels == label]
            others = 1 - np.eye(len(mine))
            overlaps.append((intersections_over_unions(mine, mine) * others).max(1))
            contained.append((containments(mine, mine) * others).max(1))
    return Suppression(
        _strictest(OVERLAPS, np.concatenate(overlaps)), _strictest(CONTAINMENTS, np.concatenate(contained))
    )


def _strictest(candidates: Sequence[float], found: Array) -> float:
    """`found`: for each object how far another one of its label lies over it."""
    for candidate in candidates:
        if (found > candidate).sum() <= LARGEST_LOSS * len(found):
            return candidate
    return candidates[-1]
