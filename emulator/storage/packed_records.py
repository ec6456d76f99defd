"""Many entries that wait to be stored, in a quarter of the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from emulator.storage.rows import EntryRecord

_LINE_FEED = b"\n"


class PackedRecords(NamedTuple):
    """Some records: each column is one object, and equal labels are one.

    Neither source-refs nor lines have line feeds (J-2; a manifest's line ends there).
    """

    source_refs: bytes
    lines: bytes
    is_labeled: bytes
    has_errors: bytes
    labels: tuple[dict[str, int], ...]

    @classmethod
    def of(cls, records: Sequence[EntryRecord]) -> PackedRecords:
        """At least one record; some hundred or thousand are worth it."""
        source_refs, lines, is_labeled, has_errors, labels = zip(*records, strict=True)
        known: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
        shared = tuple([known.setdefault(tuple(uses.items()), uses) for uses in labels])
        return cls(_joined(source_refs), _joined(lines), bytes(is_labeled), bytes(has_errors), shared)

    def records(self) -> list[EntryRecord]:
        """The same records again, in their order."""
        flags = (map(bool, self.is_labeled), map(bool, self.has_errors))
        return list(map(EntryRecord, _split(self.source_refs), _split(self.lines), *flags, self.labels))


def _joined(column: Sequence[str]) -> bytes:
    return "\n".join(column).encode()


def _split(column: bytes) -> list[str]:
    return [part.decode() for part in column.split(_LINE_FEED)]
