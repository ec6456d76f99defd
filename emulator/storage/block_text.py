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
_FEW = BLOCK // 3
"""So many lines are quicker looked at one by one."""
_AS_DIGITS = bytes([ord("0"), ord("1")]) + bytes(254)


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
    """A part of source-refs that is looked for; upper and lower case are different."""

    def __init__(self, text: str) -> None:
        self._text = text
        start, slash, self._behind = text.rpartition("/")
        self._until_slash = start + slash
        self._is_split = bool(slash and self._behind)

    def lines(self, text: BlockText, among: Bits) -> Bits:
        """Which of some lines contain the part: in their folder, in their name, or across both.

        What lies across both has its last slash where the folder ends, since no name has one.
        """
        wanted = self._text
        found = 0
        if wanted in text.folders:
            found |= _in_folders(text, (wanted in folder for folder in text.folders.split("\n")))
        if wanted in text.names:
            found |= self._in_names(text.names.split("\n"), among & ~found)
        if self._is_split and self._behind in text.names and self._until_slash in text.folders:
            found |= self._across(text)
        return found & among

    def _in_names(self, names: list[str], among: Bits) -> Bits:
        wanted = self._text
        if among.bit_count() < _FEW:
            return sum(bit_of(line) for line in lines_of(among) if wanted in names[line])
        return _bits(bytes([wanted in name for name in names]).translate(_AS_DIGITS))

    def _across(self, text: BlockText) -> Bits:
        ends = [folder.endswith(self._until_slash) for folder in text.folders.split("\n")]
        if not any(ends):
            return 0
        begins = bytes([name.startswith(self._behind) for name in text.names.split("\n")])
        return _in_folders(text, ends) & _bits(begins.translate(_AS_DIGITS))


def bit_of(line: int) -> Bits:
    """The bit of one line of a block."""
    return 1 << (BLOCK - 1 - line)


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


def _bits(digits: bytes) -> Bits:
    """From one digit 0 or 1 a line."""
    return int(digits.ljust(BLOCK, b"0"), 2)
