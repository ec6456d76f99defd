"""Copying a dataset's entries in pieces, so that other writers wait a few milliseconds at most.

Entries keep their positions, and so do their bits: what is left out leaves gaps, as removed entries do. SQLite itself
copies the rows, block by block, and nothing is examined or indexed anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, insert, select, update

from emulator.storage.block_text import BLOCK, Bits, bits_of, lines_of
from emulator.storage.content_changes import create_content
from emulator.storage.engine import Database
from emulator.storage.tables import (
    dataset_blocks,
    dataset_contents,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
)

_BLOCKS_AT_ONCE = 2
_BYTES = BLOCK // 8

_COPY_ENTRIES = """INSERT INTO dataset_entries (content_id, position, source_ref, line, is_labeled, has_errors)
    SELECT ?, position, source_ref, line, is_labeled, has_errors FROM dataset_entries
    WHERE content_id = ? AND position >= ? AND position < ?"""
# CROSS JOIN keeps SQLite from going through the labels once for each use.
_COPY_USES = """INSERT INTO dataset_entry_labels (label_id, position, content_id, boxes)
    SELECT copies.value, uses.position, ?, uses.boxes
    FROM json_each(?) AS copies CROSS JOIN dataset_entry_labels AS uses
    WHERE uses.label_id = CAST(copies.key AS INTEGER) AND uses.position >= ? AND uses.position < ?"""
_AMONG = " AND position IN (SELECT value FROM json_each(?))"
_COPY_BLOCK = """INSERT INTO dataset_blocks (content_id, number, present, labeled, errors, folders, folder_of, names)
    SELECT ?, number, ?, ?, ?, folders, folder_of, names FROM dataset_blocks WHERE content_id = ? AND number = ?"""
_ADD_LABEL_BITS = "INSERT INTO dataset_label_blocks (label_id, number, bits) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class _Block:
    """What of a block is copied, and whether that is all of it."""

    number: int
    wanted: Bits
    labeled: Bits
    errors: Bits
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """A copy of a content: its blocks, and its labels in the order in which the copied entries use them first."""

    source_id: int
    blocks: list[_Block]
    label_bits: dict[int, dict[int, Bits]]  # by label id and number of the block
    names: dict[int, str]
    boxes: Counter[int]
    labels: list[int]
    bucket: str | None
    owner: str | None
    next_position: int


def copy_entries(
    database: Database,
    find_source: Callable[[Connection], int | None],
    dataset_id: int,
    is_wanted: Callable[[int], bool] | None = None,
) -> int | None:
    """Make a content of `dataset_id` from the entries of another content whose positions are wanted; gives its id.

    `find_source` says within the snapshot that is looked at which content that is; None where there is none any more.
    The caller sees to it that nobody changes it meanwhile (`jobs.readers`). The copy is committed piece by piece and no
    dataset refers to it yet.
    """

    def look(connection: Connection) -> _Plan | None:
        source_id = find_source(connection)
        return None if source_id is None else _plan(connection, source_id, is_wanted)

    plan = database.read_now(look)
    if plan is None:
        return None
    content_id, copies = database.write_now(partial(_begin, plan=plan, dataset_id=dataset_id))
    for at in range(0, len(plan.blocks), _BLOCKS_AT_ONCE):
        blocks = plan.blocks[at : at + _BLOCKS_AT_ONCE]
        database.write_now(partial(_copy_blocks, plan=plan, blocks=blocks, content_id=content_id, copies=copies))
    return content_id


def _plan(connection: Connection, source_id: int, is_wanted: Callable[[int], bool] | None) -> _Plan:
    blocks = list(_blocks(connection, source_id, is_wanted))
    wanted = {block.number: block.wanted for block in blocks}
    columns = dataset_labels.c.id, dataset_labels.c.name
    of_content = dataset_labels.c.content_id == source_id
    names: dict[int, str] = {row[0]: row[1] for row in connection.execute(select(*columns).where(of_content))}
    label_bits = {label_id: bits for label_id in names if (bits := _label_bits(connection, label_id, wanted))}

    def first_use(label_id: int) -> tuple[int, int, int]:
        """Block and line, and for labels of one line the order that they had."""
        number, bits = next(iter(label_bits[label_id].items()))
        return number, BLOCK - bits.bit_length(), label_id

    content = connection.execute(select(dataset_contents).where(dataset_contents.c.id == source_id)).one()
    return _Plan(
        source_id,
        blocks,
        label_bits,
        names,
        _boxes(connection, source_id, wanted),
        sorted(label_bits, key=first_use),
        content.bucket,
        content.manifest_owner,
        content.next_position,
    )


def _blocks(connection: Connection, source_id: int, is_wanted: Callable[[int], bool] | None) -> Iterator[_Block]:
    columns = dataset_blocks.c.number, dataset_blocks.c.present, dataset_blocks.c.labeled, dataset_blocks.c.errors
    statement = select(*columns).where(dataset_blocks.c.content_id == source_id).order_by(dataset_blocks.c.number)
    for number, *blobs in connection.execute(statement):
        present, labeled, errors = (int.from_bytes(blob, "big") for blob in blobs)
        wanted = present
        if is_wanted is not None:
            wanted = bits_of(line for line in lines_of(present) if is_wanted(number * BLOCK + line))
        if wanted:
            yield _Block(number, wanted, labeled & wanted, errors & wanted, wanted == present)


def _label_bits(connection: Connection, label_id: int, wanted: dict[int, Bits]) -> dict[int, Bits]:
    """The bits of a label's copied uses by number of the block, none of them empty, in order."""
    columns = dataset_label_blocks.c.number, dataset_label_blocks.c.bits
    of_label = dataset_label_blocks.c.label_id == label_id
    rows = connection.execute(select(*columns).where(of_label).order_by(dataset_label_blocks.c.number))
    found = {number: int.from_bytes(blob, "big") & wanted.get(number, 0) for number, blob in rows}
    return {number: bits for number, bits in found.items() if bits}


def _boxes(connection: Connection, source_id: int, wanted: dict[int, Bits]) -> Counter[int]:
    """How many boxes of each label are copied."""
    columns = dataset_entry_labels.c.label_id, dataset_entry_labels.c.position, dataset_entry_labels.c.boxes
    with_boxes = (dataset_entry_labels.c.content_id == source_id, dataset_entry_labels.c.boxes > 0)
    boxes: Counter[int] = Counter()
    for label_id, position, number in connection.execute(select(*columns).where(*with_boxes)):
        block, line = divmod(position, BLOCK)
        if wanted.get(block, 0) >> (BLOCK - 1 - line) & 1:
            boxes[label_id] += number
    return boxes


def _begin(connection: Connection, plan: _Plan, dataset_id: int) -> tuple[int, dict[int, int]]:
    """A new content with its counts and labels; its id, and the ids of the labels by those of the source."""
    content_id = create_content(connection, dataset_id)
    counts = {
        "next_position": plan.next_position,
        "total_entries": sum(block.wanted.bit_count() for block in plan.blocks),
        "labeled_entries": sum(block.labeled.bit_count() for block in plan.blocks),
        "error_entries": sum(block.errors.bit_count() for block in plan.blocks),
    }
    values = {"bucket": plan.bucket, "manifest_owner": plan.owner, **counts}
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == content_id).values(**values))
    copies: dict[int, int] = {}
    for label_id in plan.labels:
        entries = sum(bits.bit_count() for bits in plan.label_bits[label_id].values())
        label = {"content_id": content_id, "name": plan.names[label_id], "entry_count": entries}
        added = connection.execute(insert(dataset_labels).values(**label, box_count=plan.boxes[label_id]))
        copies[label_id] = int(added.lastrowid)
    return content_id, copies


def _copy_blocks(
    connection: Connection, plan: _Plan, blocks: list[_Block], content_id: int, copies: dict[int, int]
) -> None:
    """Copy the wanted entries of a few blocks, their uses of labels and their index."""
    for block in blocks:
        first = block.number * BLOCK
        place = (first, first + BLOCK)
        entries, uses, listed = _COPY_ENTRIES, _COPY_USES, []
        if not block.is_whole:
            entries, uses = entries + _AMONG, uses + _AMONG
            listed = [json.dumps([first + line for line in lines_of(block.wanted)])]
        connection.exec_driver_sql(entries, (content_id, plan.source_id, *place, *listed))
        used = {label_id: copy for label_id, copy in copies.items() if block.number in plan.label_bits[label_id]}
        connection.exec_driver_sql(uses, (content_id, json.dumps(used), *place, *listed))
        bits = (_blob(block.wanted), _blob(block.labeled), _blob(block.errors))
        connection.exec_driver_sql(_COPY_BLOCK, (content_id, *bits, plan.source_id, block.number))
        if used:
            rows = [
                (copy, block.number, _blob(plan.label_bits[label_id][block.number])) for label_id, copy in used.items()
            ]
            connection.exec_driver_sql(_ADD_LABEL_BITS, rows)


def _blob(bits: Bits) -> bytes:
    return bits.to_bytes(_BYTES, "big")
