"""Entries by offset, in the order of the manifest or by name, under every filter, and how many there are.

All is read from the index by blocks (`entry_blocks`), so a page in the middle of 100,000 entries costs what the first
one does.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import Connection, select

from emulator.storage.block_text import BLOCK, bit_of, lines_of
from emulator.storage.entry_blocks import matching_blocks, matching_positions, source_refs_of
from emulator.storage.rows import EntryFilter
from emulator.storage.tables import dataset_contents, dataset_entries

EVERYTHING = EntryFilter()


def content_revision(connection: Connection, content_id: int) -> int:
    """Grows with every change of the content's entries."""
    statement = select(dataset_contents.c.revision).where(dataset_contents.c.id == content_id)
    return int(connection.execute(statement).scalar_one())


def positions_by_offset(
    connection: Connection, content_id: int, wanted: EntryFilter, offset: int, limit: int
) -> tuple[int, list[int]]:
    """How many entries pass, and the positions of those from `offset` on, at most `limit`, in manifest order."""
    total, found = 0, list[int]()
    for number, bits in matching_blocks(connection, content_id, wanted):
        count = bits.bit_count()
        if total + count > offset and len(found) < limit:
            lines = lines_of(bits)[max(0, offset - total) :][: limit - len(found)]
            found += [number * BLOCK + line for line in lines]
        total += count
    return total, found


def offset_of(connection: Connection, content_id: int, wanted: EntryFilter, position: int) -> int | None:
    """Where an entry stands among those that pass, in manifest order; None if it does not pass."""
    block, line = divmod(position, BLOCK)
    before = 0
    for number, bits in matching_blocks(connection, content_id, wanted):
        if number == block and bits & bit_of(line):
            return before + (bits >> (BLOCK - line)).bit_count()
        if number >= block:
            return None
        before += bits.bit_count()
    return None


def name_order(connection: Connection, content_id: int) -> array[int]:
    """The positions of all entries by name (the last part of the key), then by the whole source-ref."""
    keys: list[tuple[str, str, int]] = []
    present = dict(matching_blocks(connection, content_id, EVERYTHING))
    for number, source_refs in source_refs_of(connection, content_id):
        for line in lines_of(present.get(number, 0)):
            source_ref = source_refs[line]
            keys.append((source_ref.rpartition("/")[2], source_ref, number * BLOCK + line))
    keys.sort()
    return array("I", (position for _, _, position in keys))


def in_order(connection: Connection, content_id: int, wanted: EntryFilter, order: Sequence[int]) -> list[int]:
    """The positions of the entries that pass, in a given order of all entries."""
    passing = set(matching_positions(connection, content_id, wanted, after=None))
    return [position for position in order if position in passing]


def source_refs_at(connection: Connection, content_id: int, positions: Sequence[int]) -> list[str]:
    """The source-refs at these positions, in the given order; positions without an entry are left out."""
    known: dict[int, str] = {}
    rest = iter(positions)
    while batch := list(islice(rest, 500)):
        statement = select(dataset_entries.c.position, dataset_entries.c.source_ref).where(
            dataset_entries.c.content_id == content_id, dataset_entries.c.position.in_(batch)
        )
        known.update((position, source_ref) for position, source_ref in connection.execute(statement))
    return [known[position] for position in positions if position in known]
