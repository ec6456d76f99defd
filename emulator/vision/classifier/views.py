"""Random views of training pictures: what may change without changing the label."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from emulator.vision.images import PixelArray, decode

_SMALLEST_AREA = 0.4
_ASPECT = 0.15
_COLOUR_PROBABILITY = 0.8
_COLOUR_RANGE = 0.3


def training_view(data: bytes, side: int, random: np.random.Generator) -> PixelArray:
    """A random part of a JPEG or PNG, uint8 [side, side, 3]: cropped, mirrored, recoloured. Raises ImageError."""
    needed = round(side / _SMALLEST_AREA**0.5)
    image = Image.fromarray(decode(data, minimum_size=(needed, needed), tolerate_damage=True))
    share = np.sqrt(random.uniform(_SMALLEST_AREA, 1))
    aspect = np.exp(random.uniform(-_ASPECT, _ASPECT))
    width = min(1.0, share * aspect) * image.width
    height = min(1.0, share / aspect) * image.height
    left, top = random.uniform(0, image.width - width), random.uniform(0, image.height - height)
    view = image.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
    if random.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < _COLOUR_PROBABILITY:
        for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            view = enhancer(view).enhance(random.uniform(1 - _COLOUR_RANGE, 1 + _COLOUR_RANGE))
    return np.asarray(view)
