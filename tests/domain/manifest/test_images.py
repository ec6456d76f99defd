"""Images really opened, and what the rules say about them."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from emulator.domain.image_limits import MAXIMUM_SIDE
from emulator.domain.manifest.findings import ImageSize
from emulator.domain.manifest.images import ImageLook, ImageProblem, image_findings, size_finding
from emulator.vision.images import CUT_OFF, TOO_MANY_SCANS, UNREADABLE, ImageFacts, examine
from support.pictures import palette_picture_without_palette


def look_at(data: bytes) -> ImageFacts:
    return examine(data, MAXIMUM_SIDE)


def encoded(kind: str, width: int = 100, height: int = 80, mode: str = "RGB") -> bytes:
    picture = Image.effect_noise((width, height), 60).convert(mode)
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_facts_come_from_the_content(kind: str) -> None:
    data = encoded(kind)
    assert look_at(data) == ImageFacts(kind, 100, 80, len(data))


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "LA"), ("PNG", "P"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "1")])
def test_all_kinds_of_pixels_are_read(kind: str, mode: str) -> None:
    assert not look_at(encoded(kind, mode=mode)).damage


def test_a_jpeg_with_a_second_picture_is_a_jpeg() -> None:
    """As telephones write them (Q-1: the format by content)."""
    pictures = [Image.effect_noise((100, 80), 60) for _ in range(2)]
    stream = io.BytesIO()
    pictures[0].save(stream, "MPO", save_all=True, append_images=pictures[1:])
    look = look_at(stream.getvalue())
    assert look == ImageFacts("JPEG", 100, 80, len(stream.getvalue()))
    assert image_findings(look, []) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_off_image_is_found_out(kind: str, share: float) -> None:
    """J-10."""
    data = encoded(kind)
    assert look_at(data[: int(len(data) * share)]).damage == CUT_OFF


def test_a_palette_picture_without_a_palette_is_damaged() -> None:
    """J-10: it loads and cannot be converted, so it would end the training of all others."""
    assert look_at(palette_picture_without_palette()).damage == CUT_OFF


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff", b"%PDF-1.7"])
def test_other_bytes_are_unreadable(data: bytes) -> None:
    assert (look_at(data).format, look_at(data).damage) == ("", UNREADABLE)


def test_a_png_that_does_not_begin_with_its_header_is_unreadable() -> None:
    """J-10: Pillow reads it, while neither a training nor DetectCustomLabels does."""
    data = encoded("PNG")
    text = b"tEXt" + b"Title\0late"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    assert look_at(data[:8] + chunk + data[8:]).damage == UNREADABLE


def test_an_image_bomb_is_not_decoded() -> None:
    """A PNG header of 60,000 x 60,000 px in a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    look = look_at(b"\x89PNG\r\n\x1a\n" + chunk)
    assert (look.width, look.damage) == (60_000, "")


def test_a_jpeg_of_very_many_scans_is_not_decoded() -> None:
    """Each may go over the whole picture. What a telephone appends after the end, a film say, does not count."""
    stream = io.BytesIO()
    Image.effect_noise((100, 80), 60).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    look = look_at(data[:-2] + scan * 200 + data[-2:])
    assert look.damage == TOO_MANY_SCANS
    assert [finding.rule.code for finding in image_findings(look, [])] == ["ERROR_INVALID_IMAGE"]
    assert not look_at(data[:-2] + scan * 50 + data[-2:]).damage
    assert not look_at(data + b"\xff\xda\x00\x02" * 200).damage


def facts(width: int, height: int, kind: str = "JPEG", size: int = 1000) -> ImageFacts:
    return ImageFacts(kind, width, height, size)


@pytest.mark.parametrize(
    ("look", "is_bad"),
    [
        (facts(64, 64), False),
        (facts(63, 64), True),
        (facts(4096, 4096), False),
        (facts(4097, 4096), True),
        (facts(1279, 64), False),
        (facts(1280, 64), True),
        (facts(100, 100, "GIF"), True),
        (facts(100, 100, size=15 * 1024 * 1024), False),
        (facts(100, 100, size=15 * 1024 * 1024 + 1), True),
        (ImageProblem.MISSING, True),
        (ImageProblem.NO_PERMISSION, True),
        (ImageFacts("PNG", 100, 100, 9, damage=CUT_OFF), True),
        (ImageFacts("", 0, 0, 9, damage=UNREADABLE), True),
    ],
)
def test_the_limits_of_images(look: ImageLook, is_bad: bool) -> None:
    """J-10: 20:1 is too much, the other limits are allowed themselves (X-6)."""
    codes = [(finding.rule.code, finding.place.value) for finding in image_findings(look, [])]
    assert codes == ([("ERROR_INVALID_IMAGE", "I")] if is_bad else [])


def test_a_box_line_reports_sides_out_of_range_at_its_attribute() -> None:
    """J-11."""
    found = image_findings(facts(63, 100), ["boxes", "more"])
    assert [(finding.rule.code, finding.attribute) for finding in found] == [
        ("ERROR_INVALID_IMAGE_DIMENSION", "boxes"),
        ("ERROR_INVALID_IMAGE_DIMENSION", "more"),
    ]
    assert image_findings(ImageProblem.MISSING, ["boxes"])[0].rule.code == "ERROR_INVALID_IMAGE"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_formats_are_named(kind: str) -> None:
    """J-10."""
    [finding] = image_findings(look_at(encoded(kind)), [])
    assert finding.detail == f"the file is in the format {kind}, not JPEG or PNG"


def test_a_picture_that_lies_on_its_side_is_read_upright_once() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((100, 80), 60).save(stream, "JPEG", exif=exif)
    look = look_at(stream.getvalue())
    assert (look.width, look.height, look.is_turned) == (80, 100, True)


@pytest.mark.parametrize(
    ("declared", "is_turned", "told"),
    [
        ((640, 480), False, None),
        ((640.4, 479.6), False, None),
        ((480, 640), True, None),
        ((480, 640), False, "another shape"),
        ((1280, 960), False, "image_size is 1280 x 960, the image is 640 x 480 px"),
        ((640, 640), False, "another shape"),
        ((320, 240), True, "image_size is 320 x 240"),
    ],
)
def test_a_declared_size_is_compared_with_the_image(
    declared: tuple[float, float], is_turned: bool, told: str | None
) -> None:
    """As it is stored or upright; another shape of frame means boxes at the wrong places."""
    look = ImageFacts("JPEG", 640, 480, 1000, is_turned)
    finding = size_finding(look, ImageSize(*declared), "boxes")
    assert (finding is None) if told is None else (finding is not None and told in finding.detail)
    assert finding is None or finding.rule.code == "WARNING_IMAGE_SIZE_DIFFERS"
    assert size_finding(ImageProblem.MISSING, ImageSize(*declared), "boxes") is None
