"""Pictures to train with where there are none: three kinds of scenes, drawn with Pillow, every one different.

The time of day is drawn apart from the scene, so that colour alone does not tell the scenes apart. The same seed always
gives the same pictures. This module is the public Python API of the package: what `__all__` names stays as it is within
a release series.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageDraw

__all__ = [
    "SCENES",
    "SIDE",
    "ExamplePicture",
    "Examples",
    "example_objects",
    "example_pictures",
    "manifest_line",
    "put_example_pictures",
]

SIDE = 224
"""Width and height of a picture in pixels."""

_DRAWN_SIDE = 2 * SIDE  # drawn larger and then reduced, which smooths every edge
_JPEG_QUALITY = 90

Colour = tuple[int, int, int]
_SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((92, 160, 226), (206, 230, 246)),  # noon
    ((250, 178, 108), (252, 226, 180)),  # morning
    ((88, 62, 126), (236, 130, 96)),  # evening
    ((16, 22, 58), (56, 70, 124)),  # night
    ((150, 158, 168), (208, 212, 216)),  # rain
)


@dataclass(frozen=True, slots=True)
class ExamplePicture:
    """A JPEG: its file name, what it shows, its bytes."""

    name: str
    label: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures to train and to test with, and one that is in neither."""

    train: tuple[ExamplePicture, ...]
    test: tuple[ExamplePicture, ...]
    held_back: ExamplePicture


def example_pictures(train_each: int = 12, test_each: int = 5, seed: int = 4598) -> Examples:
    """`train_each` and `test_each` pictures of every scene, and one more."""
    random = Random(seed)

    def pictures(of: str, count: int) -> tuple[ExamplePicture, ...]:
        return tuple(_picture(f"{of}-{label}-{n:02d}", label, random) for label in SCENES for n in range(count))

    train, test = pictures("train", train_each), pictures("test", test_each)
    label = random.choice(list(SCENES))
    return Examples(train, test, _picture(f"held-back-{label}", label, random))


def manifest_line(picture: ExamplePicture, bucket: str) -> str:
    """The line of a manifest that says what the picture, at `s3://BUCKET/NAME`, shows (F-3, F-4)."""
    return json.dumps(
        {
            "source-ref": f"s3://{bucket}/{picture.name}",
            "scene": 1,
            "scene-metadata": {
                "class-name": picture.label,
                "confidence": 1,
                "type": "groundtruth/image-classification",
                "human-annotated": "yes",
                "job-name": "labeling-job/scene",
                "creation-date": "2026-01-01T00:00:00.000Z",
            },
        }
    )


def example_objects(examples: Examples, bucket: str) -> dict[str, bytes]:
    """What has to be in the bucket to train with, by key: every picture, `train.manifest` and `test.manifest`."""
    objects = {picture.name: picture.body for picture in (*examples.train, *examples.test)}
    for key, pictures in (("train.manifest", examples.train), ("test.manifest", examples.test)):
        objects[key] = "".join(manifest_line(picture, bucket) + "\n" for picture in pictures).encode()
    return objects


def put_example_pictures(s3: Any, bucket: str) -> bytes:
    """Make the bucket with a boto3 client of S3, put everything into it, and give the picture that is held back."""
    examples = example_pictures()
    s3.create_bucket(Bucket=bucket)
    for key, body in example_objects(examples, bucket).items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return examples.held_back.body


def _picture(stem: str, label: str, random: Random) -> ExamplePicture:
    image = _sky(random)
    SCENES[label](ImageDraw.Draw(image), random)
    file = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=_JPEG_QUALITY)
    return ExamplePicture(f"{stem}.jpg", label, file.getvalue())


def _sky(random: Random) -> Image.Image:
    """A sky of some hour, with a sun or a moon."""
    top, bottom = random.choice(_SKIES)
    size = (_DRAWN_SIDE, _DRAWN_SIDE)
    gradient = Image.linear_gradient("L").resize(size)
    sky = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), gradient)
    x, y, radius = random.randint(40, 400), random.randint(30, 110), random.randint(16, 34)
    ImageDraw.Draw(sky).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(252, 244, 206))
    return sky


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def _draw_mountains(draw: ImageDraw.ImageDraw, random: Random) -> None:
    """Ridges one before the other, the farther ones with snow, firs in front."""
    rock = random.choice([(96, 104, 124), (124, 104, 88), (92, 116, 104)])
    for distance, base in ((0, 250), (1, 330), (2, 400)):
        step = random.randint(70, 130)
        left = -random.randint(0, step)
        colour = _shade(rock, 1.25 - 0.3 * distance)
        for x in range(left, _DRAWN_SIDE + step, step):
            peak = base - random.randint(60, 170) + 25 * distance
            half = step * random.uniform(0.8, 1.3)
            draw.polygon([(x, peak), (x - half, _DRAWN_SIDE), (x + half, _DRAWN_SIDE)], fill=colour)
            if distance < 2:
                cap = random.randint(18, 44)
                width = half * cap / (_DRAWN_SIDE - peak)
                draw.polygon([(x, peak), (x - width, peak + cap), (x + width, peak + cap)], fill=(242, 246, 250))
    for _ in range(random.randint(6, 16)):
        x, foot, height = random.randint(0, _DRAWN_SIDE), random.randint(410, 447), random.randint(30, 64)
        draw.polygon([(x, foot - height), (x - height // 4, foot), (x + height // 4, foot)], fill=(28, 66, 48))


def _draw_city(draw: ImageDraw.ImageDraw, random: Random) -> None:
    """Two rows of houses with windows, some of them lit."""
    for shade, lowest, highest in ((0.75, 120, 260), (1.0, 60, 190)):
        x = -random.randint(0, 30)
        while x < _DRAWN_SIDE:
            width, top = random.randint(44, 92), _DRAWN_SIDE - 30 - random.randint(lowest, highest)
            wall = _shade(random.choice([(96, 98, 112), (138, 96, 84), (170, 158, 140), (72, 84, 108)]), shade)
            draw.rectangle((x, top, x + width, _DRAWN_SIDE), fill=wall)
            _draw_windows(draw, random, (x, top, x + width))
            x += width + random.randint(0, 10)
    draw.rectangle((0, _DRAWN_SIDE - 26, _DRAWN_SIDE, _DRAWN_SIDE), fill=(62, 62, 68))


def _draw_windows(draw: ImageDraw.ImageDraw, random: Random, wall: tuple[int, int, int]) -> None:
    left, top, right = wall
    for y in range(top + 10, _DRAWN_SIDE - 40, 20):
        for x in range(left + 8, right - 12, 16):
            draw.rectangle((x, y, x + 8, y + 11), fill=random.choice([(255, 226, 130), (44, 52, 70), (44, 52, 70)]))


def _draw_harbour(draw: ImageDraw.ImageDraw, random: Random) -> None:
    """Water to the horizon, waves, and boats under sail."""
    horizon = random.randint(190, 270)
    water = random.choice([(34, 92, 142), (30, 122, 132), (58, 78, 112)])
    draw.rectangle((0, horizon, _DRAWN_SIDE, _DRAWN_SIDE), fill=water)
    for _ in range(60):
        x, y = random.randint(-20, _DRAWN_SIDE), random.randint(horizon + 6, _DRAWN_SIDE)
        length = random.randint(14, 60)
        draw.arc((x, y, x + length, y + 10), 200, 340, fill=_shade(water, random.uniform(1.2, 1.8)), width=2)
    for _ in range(random.randint(1, 3)):
        size = random.randint(50, 110)
        _draw_boat(draw, random, random.randint(50, 390), random.randint(horizon + size // 3, 410), size)


def _draw_boat(draw: ImageDraw.ImageDraw, random: Random, x: int, waterline: int, size: int) -> None:
    hull = random.choice([(150, 40, 36), (240, 240, 236), (40, 48, 66), (196, 140, 72)])
    sail = random.choice([(250, 248, 240), (232, 196, 120), (206, 74, 60)])
    deck, mast = waterline - size // 5, waterline - size * 3 // 2
    bow, stern = x + size * 2 // 3, x - size * 2 // 3
    draw.polygon([(stern, deck), (bow, deck), (x + size // 2, waterline), (x - size // 2, waterline)], fill=hull)
    draw.line((x, deck, x, mast), fill=(70, 52, 40), width=4)
    draw.polygon([(x + 5, mast), (x + 5, deck - 6), (bow - 4, deck - 6)], fill=sail)
    draw.polygon([(x - 5, mast + size // 6), (x - 5, deck - 6), (stern + 12, deck - 6)], fill=_shade(sail, 0.9))


SCENES: Mapping[str, Callable[[ImageDraw.ImageDraw, Random], None]] = MappingProxyType(
    {"city": _draw_city, "harbour": _draw_harbour, "mountains": _draw_mountains}
)
"""What the pictures show, and what draws it on a sky."""
