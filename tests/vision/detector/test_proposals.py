"""Boxes around whatever looks like an object, without a training."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator.vision.detector import proposals
from emulator.vision.detector.geometry import intersections_over_unions
from emulator.vision.detector.proposals import propose_boxes
from emulator.vision.errors import ImageError
from tests.vision.pictures import encode


def ball_on_grass(left: int, top: int, size: int) -> Image.Image:
    """A bright, shaded ball on grainy green, 480 x 320 pixels."""
    grain = np.random.default_rng(0).normal(0, 10, (320, 480, 3))
    picture = Image.fromarray((np.array([70, 120, 60]) + grain).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for ring in range(size // 2):
        shade = 150 + 105 * ring * 2 // size
        draw.ellipse([left + ring, top + ring, left + size - ring, top + size - ring], fill=(shade, shade // 2, 30))
    return picture


@pytest.mark.parametrize(("left", "top", "size"), [(40, 60, 120), (250, 100, 180)])
def test_a_thing_on_a_lawn_is_outlined(left: int, top: int, size: int) -> None:
    found = propose_boxes(encode(ball_on_grass(left, top, size), "JPEG"))
    assert 0 < len(found) <= 10
    corners = np.array([[x, y, x + width, y + height] for x, y, width, height in (item.box for item in found)])
    ball = np.array([[left, top, left + size, top + size]])
    assert intersections_over_unions(ball, corners * np.array([480, 320, 480, 320])).max() > 0.7
    assert (corners >= 0).all() and (corners <= 1).all()
    scores = [item.objectness for item in found]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1


def test_as_many_as_asked_for_and_none_twice() -> None:
    data = encode(ball_on_grass(40, 60, 120), "JPEG")
    assert len(propose_boxes(data, most=3)) == 3
    boxes, _ = proposals.find_objects(np.zeros((proposals.SIDE, proposals.SIDE, 3), np.uint8), 20)
    overlaps = intersections_over_unions(boxes, boxes) - np.eye(len(boxes))
    assert overlaps.max() <= proposals.OVERLAP


def test_what_is_not_a_picture_is_refused() -> None:
    with pytest.raises(ImageError):
        propose_boxes(b"no picture")
