"""Training examples that the detector tests draw: discs and crosses on grainy ground."""

import numpy as np
from PIL import Image, ImageDraw

from emulator.vision.examples import LabelledBox, TrainingExample
from tests.vision.pictures import MemoryImage, encode

LABELS = ("cross", "disc")


def drawing(
    seed: int, width: int = 160, height: int = 160, objects: int = 2, smallest: int = 40, largest: int = 64
) -> TrainingExample:
    """A picture with up to `objects` discs and crosses that do not touch, sizes in pixels, and their boxes."""
    random = np.random.default_rng([seed, width, height, objects])
    ground = random.integers(60, 190, 3) + random.normal(0, 12, (height, width, 3))
    picture = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    boxes: list[LabelledBox] = []
    for _ in range(objects * 20):
        size = int(random.integers(smallest, largest + 1))
        left, top = int(random.integers(0, width - size)), int(random.integers(0, height - size))
        box = LabelledBox(LABELS[int(random.integers(2))], left, top, size, size)
        if len(boxes) < objects and not any(_touch(box, other) for other in boxes):
            _draw(ImageDraw.Draw(picture), box, random)
            boxes.append(box)
    return TrainingExample(
        MemoryImage(f"drawing {seed} {width} {height} {objects}", encode(picture)), frozenset(), tuple(boxes)
    )


def _touch(first: LabelledBox, second: LabelledBox) -> bool:
    return (
        max(first.left, second.left) < min(first.left + first.width, second.left + second.width) + 4
        and max(first.top, second.top) < min(first.top + first.height, second.top + second.height) + 4
    )


def _draw(draw: ImageDraw.ImageDraw, box: LabelledBox, random: np.random.Generator) -> None:
    bright = random.random() < 0.5
    red, green, blue = (int(value) for value in random.integers(215, 256, 3) - (0 if bright else 215))
    left, top, right, bottom = box.left, box.top, box.left + box.width - 1, box.top + box.height - 1
    if box.label == "disc":
        draw.ellipse([left, top, right, bottom], fill=(red, green, blue))
    else:
        third = box.width / 3
        draw.rectangle([left + third, top, right - third, bottom], fill=(red, green, blue))
        draw.rectangle([left, top + third, right, bottom - third], fill=(red, green, blue))
