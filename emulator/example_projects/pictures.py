"""What an example project is made of."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw

from emulator.domain.manifest.findings import Box
from emulator.example_projects import ExampleId

JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class ExampleImage:
    """A JPEG of `size` (width, height) in pixels. Either it has `labels`, or `boxes` in pixels."""

    name: str
    jpeg: bytes
    labels: tuple[str, ...]
    boxes: tuple[Box, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ExampleProject:
    """One example project. The functions draw the pictures one by one, each the same every time.

    `id` is its name on the command line, `name` that of the page, `stem` what the names of its projects begin with.
    """

    id: ExampleId
    name: str
    stem: str
    labels: tuple[str, ...]
    has_boxes: bool
    training_images: int
    test_images: int
    train: Callable[[], Iterator[ExampleImage]]
    test: Callable[[], Iterator[ExampleImage]]
    sample: Callable[[], ExampleImage]


class Canvas:
    """A picture that is drawn at twice its size and then reduced, which smooths every edge.

    Coordinates are those of the finished picture. `random` decides everything that varies.
    """

    def __init__(self, width: int, height: int, colour: Colour, seed: str) -> None:
        self.width, self.height = width, height
        self.random = Random(seed)
        self.image = Image.new("RGB", (2 * width, 2 * height), colour)
        self.draw = ImageDraw.Draw(self.image)

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, fill: Colour, edge: Colour | None = None
    ) -> None:
        """A filled rectangle, with an edge of one pixel if a colour is given."""
        place = (2 * min(left, right), 2 * min(top, bottom), 2 * max(left, right), 2 * max(top, bottom))
        self.draw.rectangle(place, fill=fill, outline=edge, width=2)

    def rounded(self, left: float, top: float, right: float, bottom: float, radius: float, fill: Colour) -> None:
        """A rectangle with round corners."""
        self.draw.rounded_rectangle((2 * left, 2 * top, 2 * right, 2 * bottom), 2 * radius, fill=fill)

    def ellipse(self, x: float, y: float, across: float, down: float, fill: Colour, edge: Colour | None = None) -> None:
        """An ellipse around (x, y) with its radii."""
        self.draw.ellipse(
            (2 * (x - across), 2 * (y - down), 2 * (x + across), 2 * (y + down)), fill=fill, outline=edge, width=2
        )

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """A filled polygon."""
        self.draw.polygon([(2 * x, 2 * y) for x, y in points], fill=fill)

    def line(self, points: list[tuple[float, float]], fill: Colour, width: float = 1) -> None:
        """A line through points."""
        self.draw.line([(2 * x, 2 * y) for x, y in points], fill=fill, width=max(1, round(2 * width)), joint="curve")

    def arc(self, x: float, y: float, radius: float, start: float, end: float, fill: Colour, width: float = 1) -> None:
        """A part of a circle, in degrees from three o'clock on."""
        place = (2 * (x - radius), 2 * (y - radius), 2 * (x + radius), 2 * (y + radius))
        self.draw.arc(place, start, end, fill=fill, width=max(1, round(2 * width)))

    def finished(self, grain: int = 10, light: tuple[float, float] = (0.82, 1.12)) -> Image.Image:
        """The picture under a light from one side, with the grain of a photograph."""
        image = self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        image = _lit(image, self.random, light)
        noise = Image.frombytes("L", (self.width, self.height), self.random.randbytes(self.width * self.height))
        flat = Image.new("L", noise.size, 128)
        noise = Image.blend(flat, noise, grain / 255)
        bands = [_added(band, noise) for band in image.split()]
        return Image.merge("RGB", bands)


Colour = tuple[int, int, int]


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above."""
    red, green, blue = (max(0, min(255, round(part * factor))) for part in colour)
    return red, green, blue


def jittered(colour: Colour, random: Random, by: int = 14) -> Colour:
    """Nearly the same colour."""
    red, green, blue = (max(0, min(255, part + random.randint(-by, by))) for part in colour)
    return red, green, blue


def encoded(image: Image.Image) -> bytes:
    """A picture as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _lit(image: Image.Image, random: Random, light: tuple[float, float]) -> Image.Image:
    """Brighter on one side, by a warm or a cool light."""
    gradient = Image.linear_gradient("L").rotate(random.choice((0, 90, 180, 270))).resize(image.size)
    low, high = sorted((random.uniform(*light), random.uniform(*light)))
    warm = random.uniform(-0.05, 0.05)
    tints = (1 + warm, 1.0, 1 - warm)
    bands = []
    for band, tint in zip(image.split(), tints, strict=True):
        dark = band.point([min(255, round(value * low * tint)) for value in range(256)])
        bright = band.point([min(255, round(value * high * tint)) for value in range(256)])
        bands.append(Image.composite(bright, dark, gradient))
    return Image.merge("RGB", bands)


def _added(band: Image.Image, noise: Image.Image) -> Image.Image:
    return ImageChops.add(band, noise, 1, -128)
