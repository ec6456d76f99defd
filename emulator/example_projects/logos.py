"""Logos: training pictures are logos alone, test pictures have them somewhere in a scene, with boxes (C-4, D-26).

The two emblems are our own: a letter on a warm ground, and a page in brackets on a cool one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from PIL import Image

from emulator.domain.manifest.findings import Box
from emulator.example_projects.gardens import draw_backyard, draw_front_yard, draw_patio
from emulator.example_projects.interiors import draw_bedroom, draw_entry_way, draw_living_space
from emulator.example_projects.pictures import Canvas, ExampleImage, ExampleProject, encoded, jittered, shade

SIDE = 128
SCENE = (480, 360)
_GAP = 8
TRAINING_IMAGES, TEST_IMAGES = 20, 16
_SCENES = (draw_backyard, draw_front_yard, draw_patio, draw_bedroom, draw_entry_way, draw_living_space)


def _lambda(canvas: Canvas) -> None:
    """A violet square with a pale letter in a ring."""
    ground = jittered((112, 58, 150), canvas.random, 8)
    canvas.rectangle(0, 0, SIDE, SIDE, ground)
    canvas.ellipse(SIDE / 2, SIDE / 2, 60, 60, shade(ground, 1.3))
    canvas.ellipse(SIDE / 2, SIDE / 2, 54, 54, shade(ground, 0.82))
    canvas.line([(38, 30), (52, 30), (90, 100), (100, 100)], (255, 240, 186), 13)
    canvas.line([(63, 56), (36, 102)], (255, 240, 186), 13)


def _textract(canvas: Canvas) -> None:
    """A blue square with a page between two brackets."""
    ground = jittered((36, 96, 168), canvas.random, 8)
    canvas.rectangle(0, 0, SIDE, SIDE, ground)
    canvas.ellipse(SIDE, 0, 70, 70, shade(ground, 1.2))
    canvas.rounded(40, 24, 88, 104, 4, (246, 248, 248))
    for number, long in enumerate((32, 26, 32, 20)):
        y = 40 + number * 14
        canvas.line([(48, y), (48 + long, y)], shade(ground, 0.8), 5)
    for x, turn in ((22, 1), (106, -1)):
        canvas.line([(x + 10 * turn, 36), (x, 36), (x, 92), (x + 10 * turn, 92)], (250, 214, 90), 7)


LOGOS_DRAWN_BY: Mapping[str, Callable[[Canvas], None]] = MappingProxyType({"lambda": _lambda, "textract": _textract})


def _emblem(label: str, seed: str) -> Image.Image:
    canvas = Canvas(SIDE, SIDE, (255, 255, 255), seed)
    LOGOS_DRAWN_BY[label](canvas)
    return canvas.finished(grain=4, light=(0.92, 1.06))


def _logo(label: str, number: int) -> ExampleImage:
    image = _emblem(label, f"logos train {label} {number}")
    return ExampleImage(f"{label}{number}.jpg", encoded(image), (label,), (), (SIDE, SIDE))


def _training() -> Iterator[ExampleImage]:
    for number in range(TRAINING_IMAGES // len(LOGOS_DRAWN_BY)):
        for label in LOGOS_DRAWN_BY:
            yield _logo(label, number + 1)


def _scene(number: int, side: str) -> ExampleImage:
    """A photograph of somewhere with one to three logos on it."""
    canvas = Canvas(320, 240, (0, 0, 0), f"logos {side} {number}")
    random = canvas.random
    random.choice(_SCENES)(canvas)
    image = canvas.finished().resize(SCENE, Image.Resampling.BICUBIC)
    labels = [random.choice(list(LOGOS_DRAWN_BY)) for _ in range(random.randint(1, 3))]
    boxes: list[Box] = []
    for place, label in enumerate(labels):
        size = random.randint(56, 110)
        for _ in range(40):
            left, top = random.randint(8, SCENE[0] - size - 8), random.randint(8, SCENE[1] - size - 8)
            if all(_is_apart(box, left, top, size) for box in boxes):
                emblem = _emblem(label, f"logos {side} {number} {place}").resize((size, size), Image.Resampling.LANCZOS)
                image.paste(emblem, (left, top))
                boxes.append(Box(label, left, top, size, size))
                break
    return ExampleImage(f"scene-{number:02d}.jpg", encoded(image), (), tuple(boxes), SCENE)


def _is_apart(box: Box, left: int, top: int, size: int) -> bool:
    """Whether a square leaves a gap to a logo that is there."""
    across = left > box.left + box.width + _GAP or box.left > left + size + _GAP
    return across or top > box.top + box.height + _GAP or box.top > top + size + _GAP


def _scenes(side: str, count: int) -> Iterator[ExampleImage]:
    return (_scene(number + 1, side) for number in range(count))


LOGOS = ExampleProject(
    id="logos",
    name="Logos",
    stem="logos",
    labels=tuple(LOGOS_DRAWN_BY),
    has_boxes=True,
    training_images=TRAINING_IMAGES,
    test_images=TEST_IMAGES,
    train=_training,
    test=lambda: _scenes("test", TEST_IMAGES),
    sample=lambda: _scene(1, "sample"),
)
