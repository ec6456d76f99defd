"""Pictures: what a file holds, and its pixels as upright 8-bit RGB."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from emulator.vision.errors import DamagedImageError, ImageError, TooManyPixelsError, UnsupportedImageFormatError
from emulator.vision.image_header import MOST_SCANS, has_too_many_scans, read_header

PixelArray = npt.NDArray[np.uint8]

# A file of a few kilobytes can announce gigapixels. Custom Labels accepts 4096 × 4096 at most; four times that
# leaves room for training photographs, which may be larger (T-7).
MAXIMUM_PIXELS = 4 * 4096 * 4096

# EXIF orientation -> what makes the picture upright (EXIF 2.32, tag 0x0112).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})
_BACKGROUND_BEHIND_TRANSPARENCY = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a file is.

    `format` is JPEG, PNG, Pillow's name of another format, or empty for what is not an image. `width` and `height` are
    pixels of the upright picture (EXIF orientation applied); `is_turned` says that the file stores it with both
    exchanged. `bytes` is the length of the file; `damage` says what is wrong with it, if anything.
    """

    format: str
    width: int
    height: int
    bytes: int
    is_turned: bool = False
    damage: str = ""


UNREADABLE = "the file is not an image that can be read"
TOO_MANY_SCANS = "the JPEG has more scans than any that a camera or a program writes"
CUT_OFF = "the image is cut off or damaged"


def probe(data: bytes) -> ImageFacts:
    """Format and size of a picture from its header alone.

    Raises UnsupportedImageFormatError for anything but JPEG and PNG content, DamagedImageError if the header is broken.
    """
    header = read_header(data)
    if header.orientation in _SIDEWAYS:
        return ImageFacts(header.format, header.height, header.width, len(data), is_turned=True)
    return ImageFacts(header.format, header.width, header.height, len(data))


def examine(data: bytes, largest_side: int) -> ImageFacts:
    """What a file is, and whether it is whole: a JPEG or PNG is decoded as far as that takes. Never raises.

    Nothing is decoded of other formats, of pictures with a side over `largest_side` pixels (a small file may unfold to
    gigabytes) and of JPEGs with so many scans that they would take minutes.
    """
    try:
        facts = probe(data)
    except UnsupportedImageFormatError:
        return ImageFacts(_other_format(data), 0, 0, len(data), damage=UNREADABLE)
    except ImageError:
        return ImageFacts("", 0, 0, len(data), damage=UNREADABLE)
    if max(facts.width, facts.height) > largest_side:
        return facts
    if facts.format == "JPEG" and has_too_many_scans(data):
        return replace(facts, damage=TOO_MANY_SCANS)
    try:
        _decode(data, (facts.width // 8 or 1, facts.height // 8 or 1), False, largest_side**2)
    except ImageError:
        return replace(facts, damage=CUT_OFF)
    return facts


def _other_format(data: bytes) -> str:
    """Pillow's name of the format, empty if it knows none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                return image.format or ""
        except Exception:
            # Pillow's readers raise many kinds of errors on hostile headers, its decompression bomb check among them.
            return ""


def decode(
    data: bytes,
    *,
    minimum_size: tuple[int, int] | None = None,
    tolerate_damage: bool = False,
    maximum_pixels: int = MAXIMUM_PIXELS,
) -> PixelArray:
    """The pixels of a JPEG or PNG as uint8 [height, width, 3], RGB, upright.

    Grey, palette, CMYK and 16-bit pictures become RGB; transparent ones stand on white. With `minimum_size` (width,
    height of the upright picture) a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, never below that minimum.
    With `tolerate_damage` a picture that ends early is given with its missing part undefined.

    Raises UnsupportedImageFormatError, DamagedImageError, and TooManyPixelsError before any decoding.
    """
    return np.asarray(_decode(data, minimum_size, tolerate_damage, maximum_pixels))


def decode_resized(data: bytes, width: int, height: int, *, tolerate_damage: bool = False) -> PixelArray:
    """Like `decode`, scaled to exactly width × height (the aspect ratio is not kept): uint8 [height, width, 3]."""
    image = _decode(data, (width, height), tolerate_damage, MAXIMUM_PIXELS)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def encode_png(pixels: PixelArray) -> bytes:
    """`pixels` uint8 [height, width, 3] as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def resize(pixels: PixelArray, width: int, height: int) -> PixelArray:
    """`pixels` uint8 [h, w, 3] scaled to [height, width, 3], bilinear, antialiased when it shrinks."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def _decode(
    data: bytes, minimum_size: tuple[int, int] | None, tolerate_damage: bool, maximum_pixels: int
) -> Image.Image:
    header = read_header(data)
    if header.width * header.height > maximum_pixels:
        raise TooManyPixelsError(f"The image has more than {maximum_pixels} pixels.")
    if header.format == "JPEG" and has_too_many_scans(data):
        raise DamagedImageError(f"The image has more than {MOST_SCANS} scans.")
    with _damage("The image cannot be decoded."):
        image: Image.Image = Image.open(io.BytesIO(data), formats=(header.format,))
        if minimum_size is not None and header.format == "JPEG":
            sideways = header.orientation in _SIDEWAYS
            image.draft(None, minimum_size[::-1] if sideways else minimum_size)
    try:
        with _damage("The image data is broken or ends early."):
            image.load()
    except DamagedImageError:
        if not tolerate_damage or not _forget_missing_part(image):
            raise
    with _damage("The image cannot be converted to RGB."):
        image = _to_rgb(image)
        upright = _UPRIGHT.get(header.orientation)
        return image if upright is None else image.transpose(upright)


@contextmanager
def _damage(message: str) -> Iterator[None]:
    """Raise DamagedImageError for whatever Pillow raises in the block.

    Its readers and converters answer hostile files with any built-in exception: AssertionError and ValueError for a
    palette picture without a palette, struct.error, IndexError, KeyError, MemoryError and others for broken chunks.
    """
    try:
        yield
    except Exception as error:
        raise DamagedImageError(message) from error


def _forget_missing_part(image: Image.Image) -> bool:
    """Make Pillow take what was decoded before the error for the whole picture; False if nothing was decoded.

    Pillow's own switch for this, ImageFile.LOAD_TRUNCATED_IMAGES, would change every thread of the process.
    """
    if getattr(image, "_im", None) is None:
        return False
    vars(image)["tile"] = []
    return True


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Pillow's own conversion clips 16-bit grey at 255 instead of scaling it.
        grey = np.asarray(image).astype(np.uint32) >> 8
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, (*_BACKGROUND_BEHIND_TRANSPARENCY, 255))
        return Image.alpha_composite(background, layer).convert("RGB")
    return image.convert("RGB")
