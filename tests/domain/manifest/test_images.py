"""Images really opened, and what the rules say about them."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from emulator.domain.manifest.images import ImageFacts, ImageLook, ImageProblem, image_findings, read_image_facts
from emulator.vision.image_header import has_too_many_scans
from support.pictures import palette_picture_without_palette


def look_at(data: bytes) -> ImageLook:
    return read_image_facts(data, has_too_many_scans)


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
    assert isinstance(look_at(encoded(kind, mode=mode)), ImageFacts)


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
    assert look_at(data[: int(len(data) * share)]) is ImageProblem.TRUNCATED


def test_a_palette_picture_without_a_palette_is_damaged() -> None:
    """J-10: it loads and cannot be converted, so it would end the training of all others."""
    assert look_at(palette_picture_without_palette()) is ImageProblem.TRUNCATED


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff", b"%PDF-1.7"])
def test_other_bytes_are_unreadable(data: bytes) -> None:
    assert look_at(data) is ImageProblem.UNREADABLE


def test_a_png_that_does_not_begin_with_its_header_is_unreadable() -> None:
    """J-10: Pillow reads it, while neither a training nor DetectCustomLabels does."""
    data = encoded("PNG")
    text = b"tEXt" + b"Title\0late"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    assert look_at(data[:8] + chunk + data[8:]) is ImageProblem.UNREADABLE


def test_an_image_bomb_is_not_decoded() -> None:
    """A PNG header of 60,000 x 60,000 px in a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    look = look_at(b"\x89PNG\r\n\x1a\n" + chunk)
    assert look is ImageProblem.UNREADABLE or (isinstance(look, ImageFacts) and look.width == 60_000)


def test_a_jpeg_of_very_many_scans_is_not_decoded() -> None:
    """Each may go over the whole picture. What a telephone appends after the end, a film say, does not count."""
    stream = io.BytesIO()
    Image.effect_noise((100, 80), 60).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    look = look_at(data[:-2] + scan * 200 + data[-2:])
    assert look is ImageProblem.TOO_MANY_SCANS
    assert [finding.rule.code for finding in image_findings(look, [])] == ["ERROR_INVALID_IMAGE"]
    assert isinstance(look_at(data[:-2] + scan * 50 + data[-2:]), ImageFacts)
    assert isinstance(look_at(data + b"\xff\xda\x00\x02" * 200), ImageFacts)


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
        (ImageProblem.TRUNCATED, True),
    ],
)
def test_the_limits_of_images(look: ImageFacts | ImageProblem, is_bad: bool) -> None:
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
