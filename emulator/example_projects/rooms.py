"""Rooms: ten kinds of places in and around a house, one label a picture (C-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from PIL import Image

from emulator.example_projects.gardens import draw_backyard, draw_front_yard, draw_patio
from emulator.example_projects.interiors import (
    draw_bathroom,
    draw_bedroom,
    draw_closet,
    draw_entry_way,
    draw_floor_plan,
    draw_kitchen,
    draw_living_space,
)
from emulator.example_projects.pictures import Canvas, ExampleImage, ExampleProject, encoded

SIZE = (320, 240)
DRAWN_BY: Mapping[str, Callable[[Canvas], None]] = MappingProxyType(
    {
        "backyard": draw_backyard,
        "bathroom": draw_bathroom,
        "bedroom": draw_bedroom,
        "closet": draw_closet,
        "entry_way": draw_entry_way,
        "floor_plan": draw_floor_plan,
        "front_yard": draw_front_yard,
        "kitchen": draw_kitchen,
        "living_space": draw_living_space,
        "patio": draw_patio,
    }
)
TRAINING_IMAGES, TEST_IMAGES = 61, 56
_CLOSE = (0.34, 0.6)
"""The share of the width that is in view from close by."""


def _drawn(label: str, number: int, side: str) -> ExampleImage:
    canvas = Canvas(*SIZE, (200, 200, 200), f"rooms {side} {label} {number}")
    DRAWN_BY[label](canvas)
    return ExampleImage(f"{label}{number}.jpeg", encoded(_taken(canvas)), (label,), (), SIZE)


def _taken(canvas: Canvas) -> Image.Image:
    """As a photographer may have stood: mostly with all of it in view, sometimes close to a part."""
    random, image = canvas.random, canvas.finished()
    share = random.choice((1.0, random.uniform(0.75, 1.0), random.uniform(*_CLOSE)))
    width, height = round(SIZE[0] * share), round(SIZE[1] * share)
    left, top = random.randint(0, SIZE[0] - width), random.randint(0, SIZE[1] - height)
    return image.resize(SIZE, Image.Resampling.BICUBIC, (left, top, left + width, top + height))


def _pictures(side: str, count: int) -> Iterator[ExampleImage]:
    labels = list(DRAWN_BY)
    for place in range(count):
        number, label = divmod(place, len(labels))
        yield _drawn(labels[label], number + 1, side)


ROOMS = ExampleProject(
    id="rooms",
    name="Rooms",
    stem="rooms",
    labels=tuple(DRAWN_BY),
    has_boxes=False,
    training_images=TRAINING_IMAGES,
    test_images=TEST_IMAGES,
    train=lambda: _pictures("train", TRAINING_IMAGES),
    test=lambda: _pictures("test", TEST_IMAGES),
    sample=lambda: _drawn("kitchen", 100, "sample"),
)
