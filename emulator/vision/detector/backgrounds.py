"""Drawn backgrounds for compositions: coloured noise with the spectrum of photographs, gradients, shapes and words.

They are all made here, so that no one's photographs enter a model that was not trained on them (D-26).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from emulator.vision.layers import Array

NOISE_SIDES = (64, 128, 256)
"""Noise is computed at one of these sizes and enlarged: what is out of focus is soft, what is sharp is not."""
LEAVES = 150
SMALLEST_LETTERS, LARGEST_LETTERS = 8, 80
"""Pixels."""

Colour = tuple[int, int, int]


def random_colour(random: np.random.Generator) -> Colour:
    """Any red, green and blue, each 0 to 255."""
    red, green, blue = (int(value) for value in random.integers(0, 256, 3))
    return red, green, blue


def background(side: int, random: np.random.Generator) -> Image.Image:
    """A picture of side x side pixels that shows no object in particular, RGB."""
    choice = random.random()
    picture = dead_leaves(side, random) if choice < 0.5 else spectral_noise(side, random)
    if 0.3 < choice < 0.6:
        picture = Image.blend(picture, spectral_noise(side, random), random.uniform(0.1, 0.4))
    elif 0.6 < choice < 0.75:
        picture = Image.blend(picture, gradient(side, random), random.uniform(0.3, 0.9))
    elif 0.75 < choice < 0.9:
        picture = Image.composite(picture, dead_leaves(side, random), _patches(side, random))
    return draw_clutter(picture, random, int(random.integers(0, 14)))


def spectral_noise(side: int, random: np.random.Generator) -> Image.Image:
    """Noise whose amplitude falls with the frequency to a random power, as in photographs (Field 1987), with random
    direction, contrast and colours that partly go together."""
    cells = NOISE_SIDES[int(random.integers(len(NOISE_SIDES)))]
    horizontal = np.fft.rfftfreq(cells) * random.uniform(0.5, 2)
    # The addend keeps the mean, whose frequency is 0, finite.
    frequency = np.hypot(np.fft.fftfreq(cells)[:, None], horizontal[None]) + 1 / cells
    amplitude = frequency ** -random.uniform(0.6, 1.6)
    phases = random.uniform(0, 2 * np.pi, (4, *frequency.shape))
    waves = np.exp(1j * phases)
    shared = random.uniform(0, 1)
    channels = []
    for wave in waves[1:]:
        channel = np.fft.irfft2((shared * waves[0] + (1 - shared) * wave) * amplitude, (cells, cells))
        channel = (channel - channel.mean()) / (channel.std() + 1e-9)
        channels.append(channel * random.uniform(15, 60) + random.uniform(40, 215))
    pixels = np.clip(np.stack(channels, 2), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)


def dead_leaves(side: int, random: np.random.Generator) -> Image.Image:
    """Opaque shapes of a few related colours, large and small ones in the proportion in which things hide each other in
    photographs (Lee, Mumford and Huang 2001)."""
    shades = _shades(LEAVES + 1, random)
    picture = Image.new("RGB", (side, side), shades[-1])
    draw = ImageDraw.Draw(picture)
    smallest = random.uniform(0.02, 0.1)
    # Sizes whose density falls with the third power.
    sizes = smallest / np.sqrt(random.uniform((2 * smallest) ** 2, 1, LEAVES))
    sizes = np.sort(sizes * side)[::-1] if random.random() < 0.5 else sizes * side
    for size, fill in zip(sizes, shades[:-1], strict=True):
        left, top = random.uniform(-size, side, 2)
        corners = [int(left), int(top), int(left + size), int(top + size * random.uniform(0.3, 1.5))]
        corners[2:] = [max(corners[0] + 1, corners[2]), max(corners[1] + 1, corners[3])]
        kind = random.random()
        if kind < 0.35:
            draw.ellipse(corners, fill=fill)
        elif kind < 0.6:
            draw.rectangle(corners, fill=fill)
        else:
            shares: Array = random.random((int(random.integers(3, 7)), 2))
            width, height = corners[2] - corners[0], corners[3] - corners[1]
            draw.polygon([(corners[0] + x * width, corners[1] + y * height) for x, y in shares], fill=fill)
    return picture.filter(ImageFilter.BoxBlur(random.uniform(0, 2)))


def _shades(count: int, random: np.random.Generator) -> list[Colour]:
    """Colours that go together: shades of six, mostly greyish, with the light and the hue of one scene."""
    light = random.uniform(40, 215) + random.normal(0, random.uniform(5, 45), 3)
    palette = light + random.normal(0, 45, (6, 1)) + random.normal(0, random.uniform(3, 40), (6, 3))
    shades = palette[random.integers(0, len(palette), count)] + random.normal(0, 14, (count, 1))
    return [(red, green, blue) for red, green, blue in np.clip(shades, 0, 255).astype(int).tolist()]


def gradient(side: int, random: np.random.Generator) -> Image.Image:
    """Four corner colours, blended."""
    corners = np.array([random_colour(random) for _ in range(4)], np.uint8).reshape(2, 2, 3)
    return Image.fromarray(corners).resize((side, side), Image.Resampling.BICUBIC)


def _patches(side: int, random: np.random.Generator) -> Image.Image:
    """A mask of a few blobs, hard or soft: two textures side by side, like wall and floor."""
    cells = int(random.integers(2, 6))
    coarse = (random.random((cells, cells)) * 255).astype(np.uint8)
    mask = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    return mask.point(lambda value: 255 * (value > 128)) if random.random() < 0.7 else mask


def draw_clutter(picture: Image.Image, random: np.random.Generator, count: int) -> Image.Image:
    """Draw `count` random shapes and words onto the picture, and return it; some of them out of focus."""
    painters: tuple[Callable[[ImageDraw.ImageDraw, list[int], np.random.Generator], None], ...]
    painters = (_rectangle, _ellipse, _line, _panel, _polygon, _word, _word_on_ground)
    largest = max(picture.size) * 0.5
    focus = int(count * random.uniform(0, 1)) if random.random() < 0.5 else 0
    for index in range(count):
        if index == focus and focus:
            picture = picture.filter(ImageFilter.BoxBlur(random.uniform(1, 6)))
        left, top = random.integers(-10, picture.width), random.integers(-10, picture.height)
        size = np.exp(random.uniform(np.log(8), np.log(largest)))
        corners = [int(left), int(top), int(left + size), int(top + size * random.uniform(0.2, 1.2))]
        painters[random.integers(len(painters))](ImageDraw.Draw(picture), corners, random)
    return picture


def _rectangle(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    draw.rectangle(corners, fill=random_colour(random))


def _ellipse(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    fill = random_colour(random) if random.random() < 0.7 else None
    draw.ellipse(corners, fill=fill, outline=random_colour(random), width=int(random.integers(1, 6)))


def _line(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    draw.line(corners, fill=random_colour(random), width=int(random.integers(1, 10)))


def _panel(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    radius = int((corners[2] - corners[0]) * 0.15)
    draw.rounded_rectangle(corners, radius, fill=random_colour(random), outline=random_colour(random), width=2)


def _polygon(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    left, top, right, bottom = corners
    shares: Array = random.random((int(random.integers(3, 8)), 2))
    points = [(left + x * (right - left), top + y * (bottom - top)) for x, y in shares]
    draw.polygon(points, fill=random_colour(random))


def _word(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    size = int(np.clip((corners[2] - corners[0]) * 0.4, SMALLEST_LETTERS, LARGEST_LETTERS))
    font = ImageFont.load_default(size)
    draw.text((corners[0], corners[1]), random_word(random), fill=random_colour(random), font=font)


def _word_on_ground(draw: ImageDraw.ImageDraw, corners: list[int], random: np.random.Generator) -> None:
    _panel(draw, corners, random)
    _word(draw, corners, random)


def random_word(random: np.random.Generator) -> str:
    """2 to 9 letters, with a few digits among them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(alphabet[index] for index in random.integers(0, len(alphabet), random.integers(2, 10)))
