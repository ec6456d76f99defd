"""Which pretrained network a detector starts from: the user's own boxes tell.

Where COCO's detector, untrained, already outlines nearly all of the user's objects, its trunk, pyramid and towers are
the better start; where it does not see them, ImageNet's trunk is (docs/detection.md has the figures).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from emulator.vision import images
from emulator.vision.detector.geometry import intersections_over_unions
from emulator.vision.detector.pictures import Annotation
from emulator.vision.detector.plan import Start
from emulator.vision.detector.proposals import SIDE, find_objects
from emulator.vision.examples import ImageSource

logger = logging.getLogger(__name__)

SURVEYED_PICTURES = 40
MOST_PROPOSALS = 10
MATCH = 0.5
SMALLEST_OUTLINED_SHARE = 0.85
"""Sets with .93, .98 and 1.00 gained by COCO's start or lost nothing; sets with .75 and .09 lost or gained nothing."""


def choose_start(share: float) -> Start:
    """The start for data of which COCO's detector outlines this share of the boxes."""
    start = Start.COCO if share >= SMALLEST_OUTLINED_SHARE else Start.IMAGENET
    message = "detector training: COCO's detector outlines %.0f %% of the boxes, starting from %s"
    logger.info(message, 100 * share, start.value)
    return start


def outlined_share(pictures: Sequence[ImageSource], annotations: Sequence[Annotation], threads: int) -> float:
    """How many, 0…1, of the boxes of some pictures one of the ten best proposals overlaps by half.

    Pictures are taken evenly over all that have boxes. Takes some 25 ms of one core a picture.
    """
    with_boxes = [index for index, annotation in enumerate(annotations) if len(annotation.boxes)]
    places = np.linspace(0, len(with_boxes) - 1, min(SURVEYED_PICTURES, len(with_boxes)))
    chosen = [with_boxes[int(place)] for place in places]

    def outlined(index: int) -> tuple[int, int]:
        pixels = images.decode_resized(pictures[index].read(), SIDE, SIDE, tolerate_damage=True)
        proposals, _ = find_objects(pixels, MOST_PROPOSALS)
        annotation = annotations[index]
        scale = np.array([annotation.width, annotation.height] * 2)
        overlaps = intersections_over_unions(annotation.boxes, proposals * scale)
        return int((overlaps.max(1, initial=0) >= MATCH).sum()), len(annotation.boxes)

    with ThreadPoolExecutor(threads, "detector-survey") as pool:
        counts = list(pool.map(outlined, chosen))
    return sum(found for found, _ in counts) / max(1, sum(boxes for _, boxes in counts))
