"""Pictures that the vision tests draw, and a source that hands them out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from emulator.vision.training import TrainingExample


@dataclass(frozen=True)
class MemoryImage:
    """An ImageSource that holds its bytes."""

    identity: str
    data: bytes

    def read(self) -> bytes:
        return self.data


def encode(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def shape_picture(shapes: str, seed: int, side: int = 160) -> Image.Image:
    """A grainy picture with each of the named shapes, "circle" or "stripes", in random place and colour."""
    random = np.random.default_rng([seed, len(shapes)])
    ground = random.integers(60, 120, 3) + random.normal(0, 12, (side, side, 3))
    image = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    if "circle" in shapes:
        x, y, radius = (float(random.integers(*span)) for span in ((30, 90), (30, 90), (18, 34)))
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=_bright(random))
    if "stripes" in shapes:
        left, top = random.integers(5, 60, 2)
        for line in range(6):
            draw.rectangle([left, top + 14 * line, left + 80, top + 14 * line + 6], fill=_bright(random))
    return image


def example(labels: str, seed: int) -> TrainingExample:
    """A training example with the shapes named in `labels`, separated by blanks."""
    image = MemoryImage(f"{labels} {seed}", encode(shape_picture(labels, seed), "JPEG"))
    return TrainingExample(image, frozenset(labels.split()))


def _bright(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in random.integers(140, 256, 3))
    return red, green, blue
