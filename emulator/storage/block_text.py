"""The source-refs of one block of entries as text in which a part of them is found quickly.

Images lie in few folders, so the folders of a block are written once, and its text is hardly more than the names.
`Bits` say which lines are meant: an integer of BLOCK bits, the block's first line the highest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

BLOCK = 1024
"""Entries a block."""

Bits = int

_MOST_FOLDERS = 256
_AS_DIGITS = bytes([ord("0"), ord("1")]) + bytes(254)
_MARK = "\x01"
_NO_MARKS = bytes(set(range(256)) - {ord(_MARK), ord("\n")})


class BlockText(NamedTuple):
    """The source-refs of up to BLOCK entries.

    `folders` are up to 256 beginnings, each up to a slash, ended by line feeds between them; `folder_of` has one byte a
    line, the number of its folder; `names` the rest of each source-ref. With more folders than that there is one, an
    empty one, and the names are whole source-refs.
    """

    folders: str = ""
    folder_of: bytes = b""
    names: str = ""

    @classmethod
    def of(cls, source_refs: Sequence[str]) -> BlockText:
        """The text of these source-refs, one a line. Control characters are in none of them (J-2)."""
        parts = [source_ref.rpartition("/") for source_ref in source_refs]
        numbers: dict[str, int] = {}
        for folder, slash, _ in parts:
            numbers.setdefault(folder + slash, len(numbers))
        if len(numbers) > _MOST_FOLDERS:
            return cls("", bytes(len(source_refs)), "\n".join(source_refs))
        folder_of = bytes(numbers[folder + slash] for folder, slash, _ in parts)
        return cls("\n".join(numbers), folder_of, "\n".join(name for _, _, name in parts))

    def source_refs(self) -> list[str]:
        """One a line."""
        if not self.folder_of:
            return []
        folders = self.folders.split("\n")
        return [folders[number] + name for number, name in zip(self.folder_of, self.names.split("\n"), strict=True)]


class Part:
    """A part of source-refs that is looked for; upper and lower case are different. It has no line feed, as they."""

    def __init__(self, text: str) -> None:
        self._text = text
        start, slash, self._behind = text.rpartition("/")
        self._until_slash = start + slash
        self._is_split = bool(slash and self._behind)

    def lines(self, text: BlockText) -> Bits:
        """The lines that contain the part: in their folder, in their name, or across both.

        What lies across both has its last slash where the folder ends, since no name has one.
        """
        wanted = self._text
        found = 0
        if wanted in text.folders:
            found |= _in_folders(text, (wanted in folder for folder in text.folders.split("\n")))
        if wanted in text.names:
            found |= _names_with(text.names, wanted)
        if self._is_split and self._behind in text.names and self._until_slash in text.folders:
            ends = [folder.endswith(self._until_slash) for folder in text.folders.split("\n")]
            if any(ends):
                found |= _in_folders(text, ends) & _names_beginning(text.names, self._behind)
        return found


def bit_of(line: int) -> Bits:
    """The bit of one line of a block."""
    return 1 << (BLOCK - 1 - line)


def bits_of(lines: Iterable[int]) -> Bits:
    """The bits of several lines of a block."""
    digits = bytearray(b"0") * BLOCK
    for line in lines:
        digits[line] = ord("1")
    return int(digits, 2)


def bits_between(first: int, last: int) -> Bits:
    """The bits of the lines of a block from the first to the last one."""
    return ((1 << (last - first + 1)) - 1) << (BLOCK - 1 - last)


def blob_of(bits: Bits) -> bytes:
    """The bits of a block as they are stored."""
    return bits.to_bytes(BLOCK // 8, "big")


def bits_in(blob: bytes) -> Bits:
    """What `blob_of` stored."""
    return int.from_bytes(blob, "big")


def lines_of(bits: Bits) -> list[int]:
    """The lines that bits stand for, in order."""
    digits = format(bits, f"0{BLOCK}b")
    found, line = [], digits.find("1")
    while line >= 0:
        found.append(line)
        line = digits.find("1", line + 1)
    return found


def _in_folders(text: BlockText, is_meant: Iterable[bool]) -> Bits:
    digits = bytes(is_meant).translate(_AS_DIGITS).ljust(_MOST_FOLDERS, b"0")
    return _bits(text.folder_of.translate(digits))


def _names_with(names: str, part: str) -> Bits:
    """The lines of names with the part in them.

    Whole texts are replaced rather than lines looked at, which takes half the time: the part becomes a mark, all else
    goes, and what is left of a line is a mark or nothing.
    """
    marks = (names.replace(part, _MARK) + "\n").encode().translate(None, _NO_MARKS)
    while b"\x01\x01" in marks:
        marks = marks.replace(b"\x01\x01", b"\x01")
    return _bits(marks.replace(b"\x01\n", b"1").replace(b"\n", b"0"))


def _names_beginning(names: str, part: str) -> Bits:
    """The lines of names that begin with the part, in the same way."""
    marks = ("\n" + names).replace("\n" + part, "\n" + _MARK).encode().translate(None, _NO_MARKS)
    return _bits(marks.replace(b"\n\x01", b"1").replace(b"\n", b"0"))


def _bits(digits: bytes) -> Bits:
    """From one digit 0 or 1 a line."""
    return int(digits.ljust(BLOCK, b"0"), 2)
