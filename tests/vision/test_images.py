import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from emulator.vision.errors import DamagedImageError, ImageError, TooManyPixelsError, UnsupportedImageFormatError
from emulator.vision.images import MAXIMUM_PIXELS, ImageFacts, decode, decode_resized, probe, resize
from support.pictures import palette_picture_without_palette
from tests.vision.pictures import encode, shape_picture

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
ORIENTATION = 0x0112


def quadrants(width: int = 80, height: int = 48) -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, black at the bottom right."""
    image = Image.new("RGB", (width, height))
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(int(v) for v in pixels[y, x]) for y, x in ((4, 4), (4, -5), (-5, 4), (-5, -5))]


def with_orientation(image: Image.Image, value: int, file_format: str) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    options = {"quality": 100, "subsampling": 0} if file_format == "JPEG" else {}
    return encode(image, file_format, exif=exif, **options)


def png_header_only(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_probe_tells_format_and_size_from_the_content(file_format: str) -> None:
    data = encode(quadrants(80, 48), file_format)
    assert probe(data) == ImageFacts(file_format, 80, 48, len(data))


def test_probe_reads_progressive_jpegs() -> None:
    data = encode(quadrants(), "JPEG", progressive=True)
    assert probe(data) == ImageFacts("JPEG", 80, 48, len(data))


@pytest.mark.parametrize("file_format", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_formats_are_refused(file_format: str) -> None:
    data = encode(quadrants(), file_format)
    with pytest.raises(UnsupportedImageFormatError):
        probe(data)
    with pytest.raises(UnsupportedImageFormatError):
        decode(data)


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8", b"\x89PNG"])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedImageFormatError):
        probe(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("length", [9, 20, 23])
def test_a_header_that_ends_early_is_damage(file_format: str, length: int) -> None:
    with pytest.raises(DamagedImageError):
        probe(encode(quadrants(), file_format)[:length])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(file_format: str, orientation: int) -> None:
    upright = quadrants()
    inverse = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if inverse is None else upright.transpose(inverse)
    data = with_orientation(stored, orientation, file_format)

    assert probe(data) == ImageFacts(file_format, 80, 48, len(data), is_turned=orientation > 4)
    pixels = decode(data)
    assert pixels.shape == (48, 80, 3)
    expected = np.array([RED, GREEN, BLUE, (0, 0, 0)])
    assert np.abs(np.array(corners(pixels)) - expected).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK"])
def test_every_colour_model_becomes_rgb(mode: str) -> None:
    # White and black are the same in all of them.
    image = Image.new("RGB", (64, 64), "white")
    image.paste((0, 0, 0), (0, 0, 32, 64))
    data = encode(image.convert(mode), "JPEG" if mode == "CMYK" else "PNG")

    pixels = decode(data)

    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels[:, :24].max() <= 4
    assert pixels[:, 40:].min() >= 251


def test_16_bit_grey_keeps_its_brightness() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    data = encode(Image.fromarray(np.broadcast_to(ramp, (64, 64)).copy()), "PNG")

    pixels = decode(data)

    assert np.abs(pixels[0, :, 0].astype(int) - (ramp >> 8)).max() <= 1


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 32, 64))

    pixels = decode(encode(image))

    assert tuple(pixels[10, 50]) == (255, 255, 255)
    assert tuple(pixels[10, 10]) == BLUE


def test_palette_transparency_is_white() -> None:
    image = quadrants().convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    red = image.getpixel((4, 4))

    pixels = decode(encode(image, "PNG", transparency=red))

    assert corners(pixels)[:2] == [(255, 255, 255), GREEN]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_truncated_pictures_are_named_damage(file_format: str) -> None:
    data = encode(shape_picture("circle", 1, side=256), file_format)
    cut = data[: len(data) * 2 // 3]

    with pytest.raises(DamagedImageError):
        decode(cut)
    whole, part = decode(data), decode(cut, tolerate_damage=True)
    assert part.shape == whole.shape
    assert (part[:64] == whole[:64]).mean() > 0.95


def test_a_tolerated_picture_does_not_loosen_the_next() -> None:
    data = encode(shape_picture("circle", 1, side=256), "JPEG")
    cut = data[: len(data) // 2]
    decode(cut, tolerate_damage=True)
    with pytest.raises(DamagedImageError):
        decode(cut)


def test_bombs_are_refused_by_their_header() -> None:
    data = png_header_only(60000, 60000)
    assert probe(data) == ImageFacts("PNG", 60000, 60000, len(data))
    with pytest.raises(TooManyPixelsError):
        decode(data)
    assert MAXIMUM_PIXELS < 60000 * 60000


def test_the_limit_of_pixels_can_be_lowered() -> None:
    data = encode(quadrants(80, 48))
    with pytest.raises(TooManyPixelsError):
        decode(data, maximum_pixels=80 * 48 - 1)
    assert decode(data, maximum_pixels=80 * 48).shape == (48, 80, 3)


def test_jpegs_are_decoded_no_larger_than_needed() -> None:
    data = encode(shape_picture("circle", 2, side=512).resize((1024, 512)), "JPEG")

    assert decode(data, minimum_size=(200, 100)).shape == (128, 256, 3)
    assert decode(data, minimum_size=(300, 100)).shape == (256, 512, 3)
    assert decode(data, minimum_size=(1025, 100)).shape == (512, 1024, 3)


def test_the_size_needed_is_that_of_the_upright_picture() -> None:
    data = with_orientation(shape_picture("circle", 2, side=512).resize((1024, 512)), 6, "JPEG")

    assert decode(data, minimum_size=(100, 200)).shape == (256, 128, 3)


def test_resizing_gives_the_size_asked_for() -> None:
    data = encode(quadrants(200, 120), "JPEG")
    pixels = decode_resized(data, 96, 64)
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels.astype(int) - resize(decode(data), 96, 64)).max() <= 2


SAMPLES = [
    encode(shape_picture("circle", 4, side=96), "JPEG"),
    encode(shape_picture("circle", 4, side=96), "JPEG", progressive=True),
    encode(shape_picture("circle", 4, side=96).convert("P"), "PNG", transparency=0),
    with_orientation(shape_picture("circle", 4, side=96), 6, "PNG"),
]


# Pillow mentions broken EXIF data that it comes across.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=150)
@given(
    data=st.sampled_from(SAMPLES),
    changes=st.lists(
        st.tuples(st.integers(0, 6000), st.binary(max_size=8), st.integers(0, 40)), min_size=1, max_size=4
    ),
    tolerate_damage=st.booleans(),
)
def test_spoilt_files_raise_image_errors_only(
    data: bytes, changes: list[tuple[int, bytes, int]], tolerate_damage: bool
) -> None:
    for position, inserted, removed in changes:
        position %= len(data) + 1
        data = data[:position] + inserted + data[position + removed :]
    try:
        facts = probe(data)
        pixels = decode(data, tolerate_damage=tolerate_damage)
    except ImageError:
        return
    assert pixels.shape == (facts.height, facts.width, 3)


@pytest.mark.parametrize("tolerate_damage", [False, True])
@pytest.mark.parametrize("raised", [AssertionError, IndexError, KeyError, struct.error, MemoryError, RecursionError])
@pytest.mark.parametrize("step", ["load", "convert", "transpose"])
def test_whatever_pillow_raises_means_that_the_picture_is_damaged(
    monkeypatch: pytest.MonkeyPatch, step: str, raised: type[Exception], tolerate_damage: bool
) -> None:
    def fail(*_: object) -> None:
        raise raised

    data = with_orientation(quadrants().convert("L"), 6, "PNG")
    monkeypatch.setattr(PngImageFile, step, fail)
    monkeypatch.setattr(Image.Image, step, fail)
    with pytest.raises(DamagedImageError):
        decode(data, tolerate_damage=tolerate_damage)


def test_a_palette_picture_without_a_palette_is_damaged() -> None:
    with pytest.raises(DamagedImageError):
        decode(palette_picture_without_palette())


@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + b"\0" * 4 + b"IHDR"])
@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x01"])
def test_long_nonsense_is_refused(start: bytes, filler: bytes) -> None:
    data = start + filler * 5_000_000
    with pytest.raises(ImageError):
        decode(data)


def test_jpegs_of_very_many_scans_are_refused_before_they_are_decoded() -> None:
    """Each scan of a progressive JPEG may go over the whole picture: a small file can take minutes."""
    data = encode(quadrants(), "JPEG", progressive=True)
    body, end = data[:-2], data[-2:]
    scan = body[body.rindex(b"\xff\xda") :]
    assert decode(body + scan * 50 + end).shape == (48, 80, 3)
    with pytest.raises(DamagedImageError, match="100 scans"):
        decode(body + scan * 200 + end)
    assert decode(data + b"\xff\xda\x00\x02" * 200).shape == (48, 80, 3), "what a telephone appends does not count"
