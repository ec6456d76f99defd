"""Small upright JPEGs of pictures, for pages that show many."""

from __future__ import annotations

import io
from typing import NamedTuple

from PIL import Image

from emulator.vision.images import MAXIMUM_PIXELS, decode, probe

_QUALITY = 82


class Preview(NamedTuple):
    """JPEG bytes without any metadata of the original."""

    jpeg: bytes
    width: int
    height: int


def preview(data: bytes, side: int, *, maximum_pixels: int = MAXIMUM_PIXELS) -> Preview:
    """The picture in `data` (JPEG or PNG, EXIF orientation applied) at most `side` pixels wide and high.

    Never enlarged. A JPEG is decoded at a half, a quarter or an eighth where that is enough; one that ends early is
    shown as far as it goes. Raises UnsupportedImageFormatError, DamagedImageError, TooManyPixelsError.
    """
    facts = probe(data)
    scale = min(1.0, side / max(facts.width, facts.height, 1))
    width, height = max(1, round(facts.width * scale)), max(1, round(facts.height * scale))
    pixels = decode(data, minimum_size=(width, height), tolerate_damage=True, maximum_pixels=maximum_pixels)
    image = Image.fromarray(pixels)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return Preview(file.getvalue(), width, height)
