"""Lines that are examined in a process beside the one that stores them."""

from __future__ import annotations

import io

import pytest

from emulator.domain.manifest.dataset import DatasetEntry
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import read_lines
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.jobs.line_examination import Examined, examined_beside, examined_on_the_spot
from support.manifests import as_bytes, box_line, image_line

LINES = 3000


def manifest() -> bytes:
    """Good lines, and some with errors, of every kind that a dataset keeps or drops."""
    lines = [as_bytes(image_line(number % 2900) if number % 2 else box_line(number)) for number in range(LINES)]
    lines[5], lines[1500], lines[2999] = b"{", b'{"source-ref": "s3://bucket/plain.jpg"}', b"x" * 100_001
    return b"\n".join(lines)


def without_what_is_not_stored(examined: list[Examined]) -> list[Examined]:
    return [
        (number, result._replace(key="", findings=()) if isinstance(result, DatasetEntry) else result)
        for number, result in examined
    ]


def test_lines_are_examined_beside_as_they_are_on_the_spot() -> None:
    beside = list(examined_beside(read_lines(io.BytesIO(manifest()))))
    assert len(beside) == LINES
    assert beside == without_what_is_not_stored(list(examined_on_the_spot(read_lines(io.BytesIO(manifest())))))


def test_what_reading_raises_comes_after_the_lines_before_it() -> None:
    found: list[Examined] = []
    with pytest.raises(ManifestFileError):
        found.extend(examined_beside(read_lines(io.BytesIO(manifest()), ManifestLimits(lines=2000))))
    assert len(found) == 2000


def test_whoever_has_seen_enough_waits_for_nothing() -> None:
    lines = examined_beside(read_lines(io.BytesIO(manifest())))
    assert next(lines)[0] == 1
    lines.close()
