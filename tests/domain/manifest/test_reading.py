"""Manifest files read line by line within their limits."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import ManifestLine, check_manifest_key, numbered, read_lines
from emulator.domain.manifest.rules.rule import ManifestFileError


class Counting(io.BytesIO):
    """A stream that counts what has been read of it, in pieces of at most `most` bytes."""

    def __init__(self, data: bytes, most: int = 1 << 20) -> None:
        super().__init__(data)
        self.taken = 0
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(min(self.most, size if size is not None and size >= 0 else self.most))
        self.taken += len(piece)
        return piece


@pytest.mark.parametrize("most", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\n", [b"a", b""]),
        (b"a\r\n\nb", [b"a\r", b"", b"b"]),
    ],
)
def test_lines_are_split_at_line_feeds_and_blank_ones_count(data: bytes, lines: list[bytes], most: int) -> None:
    """V-2."""
    assert [line.raw for line in read_lines(Counting(data, most))] == lines


def test_one_byte_too_many_is_an_error_and_nothing_more_is_read() -> None:
    """E-2, TE-3."""
    limits = ManifestLimits(bytes=1000)
    assert sum(len(line.raw) + 1 for line in read_lines(io.BytesIO(b"123456789\n" * 100), limits)) == 1000
    stream = Counting(b"123456789\n" * 100_000)
    with pytest.raises(ManifestFileError) as caught:
        list(read_lines(stream, limits))
    assert caught.value.rule.code == "ERROR_MANIFEST_SIZE_TOO_LARGE"
    assert caught.value.status_message == "The manifest file size exceeds the maximum supported size."
    assert stream.taken == 1001


@pytest.mark.parametrize("last", [b"x\n", b"x", b"\n"])
def test_a_line_too_many_is_an_error(last: bytes) -> None:
    """E-3: also without a line feed at its end, also if it is blank."""
    limits = ManifestLimits(lines=3)
    assert len(list(read_lines(io.BytesIO(b"x\n" * 3), limits))) == 3
    with pytest.raises(ManifestFileError) as caught:
        list(read_lines(io.BytesIO(b"x\n" * 3 + last), limits))
    assert caught.value.status_message == "The manifest file has too many rows."


def test_an_endless_line_after_the_last_allowed_one_is_not_read_to_its_end() -> None:
    """E-3."""
    stream = Counting(b"x\n" * 3 + b"y" * 10_000_000)
    with pytest.raises(ManifestFileError):
        list(read_lines(stream, ManifestLimits(lines=3)))
    assert stream.taken < 1_000_000


def test_a_long_line_is_cut_off_in_memory_and_the_next_one_is_whole() -> None:
    """E-8: a line of 50 MB costs less than 3 MB."""

    class Long(io.RawIOBase):
        def __init__(self) -> None:
            self.pieces: Iterator[bytes] = iter([b"a\n", *[b"x" * 250_000] * 200, b"\nb\n"])

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            return next(self.pieces, b"")

    tracemalloc.start()
    try:
        lines = list(read_lines(Long()))
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert [(line.number, line.is_cut) for line in lines] == [(1, False), (2, True), (3, False)]
    assert lines[2].raw == b"b"


@pytest.mark.parametrize("key", ["train.manifest", "a/b/c.json", "x.1"])
def test_any_extension_will_do(key: str) -> None:
    """X-7."""
    check_manifest_key(key)


@pytest.mark.parametrize("key", ["train", "a.b/train", "train.", ".manifest", "folder/"])
def test_a_key_without_extension_is_refused(key: str) -> None:
    """E-1, TE-1."""
    with pytest.raises(ManifestFileError) as caught:
        check_manifest_key(key)
    assert caught.value.status_message == "The manifest file extension or contents are invalid."


def test_lines_are_numbered_anew() -> None:
    given: list[bytes | ManifestLine] = [b"a", ManifestLine(9, b"b", True)]
    assert list(numbered(given)) == [ManifestLine(1, b"a"), ManifestLine(2, b"b", True)]
