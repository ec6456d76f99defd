"""Copying a dataset's entries in pieces, so that other writers wait a few milliseconds at most.

Entries keep their positions, and so do their bits: what is left out leaves gaps, as removed entries do. The database
itself copies the rows, block by block, and nothing is examined or indexed anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, insert, literal, select, update

from emulator.storage.block_text import BLOCK, Bits, bits_of, blob_of, lines_of
from emulator.storage.content_changes import COLUMNS_OF_USES, create_content
from emulator.storage.dialects import statements_of
from emulator.storage.engine import Database
from emulator.storage.rows import inserted_id
from emulator.storage.tables import (
    dataset_blocks,
    dataset_contents,
    dataset_entries,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
)

_ENTRIES_AT_ONCE = 2 * BLOCK

_COPY_USES = """INSERT INTO dataset_entry_labels (label_id, position, content_id, boxes)
    SELECT ?, position, ?, boxes FROM dataset_entry_labels WHERE label_id = ? AND position >= ? AND position < ?"""
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
    for blocks in _in_pieces(plan.blocks):
        database.write_now(partial(_copy_blocks, plan=plan, blocks=blocks, content_id=content_id, copies=copies))
    return content_id


def _in_pieces(blocks: list[_Block]) -> Iterator[list[_Block]]:
    """Blocks with some 2,048 wanted entries together."""
    piece: list[_Block] = []
    entries = 0
    for block in blocks:
        piece.append(block)
        entries += block.wanted.bit_count()
        if entries >= _ENTRIES_AT_ONCE:
            yield piece
            piece, entries = [], 0
    if piece:
        yield piece


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
        copies[label_id] = inserted_id(added)
    return content_id, copies


def _copy_blocks(
    connection: Connection, plan: _Plan, blocks: list[_Block], content_id: int, copies: dict[int, int]
) -> None:
    """Copy the wanted entries of a few blocks, their uses of labels and their index."""
    statements = statements_of(connection)
    for block in blocks:
        _copy_block(connection, plan.source_id, content_id, block)
        used = {old: new for old, new in copies.items() if block.number in plan.label_bits[old]}
        if not used:
            continue
        bits = [(new, block.number, blob_of(plan.label_bits[old][block.number])) for old, new in used.items()]
        statements.execute_many(connection, _ADD_LABEL_BITS, bits)
        if block.is_whole:
            first = block.number * BLOCK
            uses = [(new, content_id, old, first, first + BLOCK) for old, new in used.items()]
            statements.execute_many(connection, _COPY_USES, uses)
        else:
            chosen = list(_chosen_uses(connection, plan, block, content_id, used))
            statements.insert_rows(connection, dataset_entry_labels, COLUMNS_OF_USES, chosen)


def _chosen_uses(
    connection: Connection, plan: _Plan, block: _Block, content_id: int, used: dict[int, int]
) -> Iterator[tuple[int, int, int, int]]:
    """The uses of labels in a block where some entries are left out, made from their bits: the database would take four
    times as long to look for each.
    """
    first = block.number * BLOCK
    boxes = _boxes_of_block(connection, plan, first)
    for old, new in used.items():
        for line in lines_of(plan.label_bits[old][block.number]):
            yield new, first + line, content_id, boxes.get((old, first + line), 0)


def _boxes_of_block(connection: Connection, plan: _Plan, first: int) -> dict[tuple[int, int], int]:
    """How many boxes label an entry of a block, by label id and position, where there are some."""
    if not plan.boxes:
        return {}
    columns = dataset_entry_labels.c.label_id, dataset_entry_labels.c.position, dataset_entry_labels.c.boxes
    position = dataset_entry_labels.c.position
    statement = select(*columns).where(
        dataset_entry_labels.c.content_id == plan.source_id, position >= first, position < first + BLOCK
    )
    return {(label_id, at): number for label_id, at, number in connection.execute(statement) if number}


def _copy_block(connection: Connection, source_id: int, content_id: int, block: _Block) -> None:
    """Copy the wanted entries of a block, and its index."""
    first = block.number * BLOCK
    position = dataset_entries.c.position
    copied = [dataset_entries.c[name] for name in ("position", "source_ref", "line", "is_labeled", "has_errors")]
    entries = select(literal(content_id), *copied).where(
        dataset_entries.c.content_id == source_id, position >= first, position < first + BLOCK
    )
    if not block.is_whole:
        wanted = [first + line for line in lines_of(block.wanted)]
        entries = entries.where(statements_of(connection).is_among(position, wanted))
    connection.execute(insert(dataset_entries).from_select(["content_id", *(c.name for c in copied)], entries))
    text = [dataset_blocks.c[name] for name in ("folders", "folder_of", "names")]
    bits = (literal(blob_of(part)) for part in (block.wanted, block.labeled, block.errors))
    index = select(literal(content_id), dataset_blocks.c.number, *bits, *text).where(
        dataset_blocks.c.content_id == source_id, dataset_blocks.c.number == block.number
    )
    names = ["content_id", "number", "present", "labeled", "errors", *(c.name for c in text)]
    connection.execute(insert(dataset_blocks).from_select(names, index))
