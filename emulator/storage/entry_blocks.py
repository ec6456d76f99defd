"""Finding the entries that pass a filter, whatever the filter, the offset and the number of entries.

A content's entries are indexed by blocks of 1,024 positions. A block has a bit for each entry that is there, one for
each that is labelled or has errors, and the text of the source-refs; each label has bits of its own in every block that
uses it. So all filters together are a few ANDs a block, and 250,000 entries have 245 blocks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from emulator.storage.block_text import BLOCK, Bits, BlockText, Part, bits_between, bits_in, bits_of, blob_of, lines_of
from emulator.storage.dialects import statements_of
from emulator.storage.rows import EntryFilter, EntryRecord
from emulator.storage.tables import dataset_blocks, dataset_label_blocks, dataset_labels

# As text, since SQLAlchemy takes longer to name the parameters than SQLite to do the work.
_LABEL_BITS = "SELECT label_id, number, bits FROM dataset_label_blocks"
_SET_LABEL_BITS = """INSERT INTO dataset_label_blocks (label_id, number, bits) VALUES (?, ?, ?)
    ON CONFLICT (label_id, number) DO UPDATE SET bits = excluded.bits"""
_ALL = (1 << BLOCK) - 1
_POSITION = itemgetter(0)


class Counts(NamedTuple):
    """Of some entries: how many there are, how many of them are labelled, how many have errors."""

    entries: int
    labeled: int
    errors: int


def add_to_blocks(connection: Connection, content_id: int, placed: Iterable[tuple[int, EntryRecord]]) -> None:
    """Index entries at their positions: new ones, or ones that replace removed ones of the same source-refs."""
    for number, of_block in groupby(sorted(placed, key=_POSITION), key=lambda entry: entry[0] // BLOCK):
        _add_to_block(connection, content_id, number, list(of_block))


def _add_to_block(
    connection: Connection, content_id: int, number: int, placed: Sequence[tuple[int, EntryRecord]]
) -> None:
    """`placed` are entries of the block with their positions, in order."""
    place = (dataset_blocks.c.content_id == content_id, dataset_blocks.c.number == number)
    row = connection.execute(select(dataset_blocks).where(*place)).one_or_none()
    present = labeled = errors = 0
    source_refs: list[str] = []
    if row is not None:
        present, labeled, errors = bits_in(row.present), bits_in(row.labeled), bits_in(row.errors)
        source_refs = BlockText(row.folders, row.folder_of, row.names).source_refs()
    first = number * BLOCK
    present |= _bits_at([position for position, _ in placed])
    labeled |= _bits_at([position for position, record in placed if record.is_labeled])
    errors |= _bits_at([position for position, record in placed if record.has_errors])
    values: dict[str, object] = {"present": blob_of(present), "labeled": blob_of(labeled), "errors": blob_of(errors)}
    # A line that was there before keeps its text: an entry is only ever replaced by one of the same source-ref, so that
    # the text need not be packed again. Labels and errors change often, source-refs only when the block grows.
    known = len(source_refs)
    if placed[-1][0] >= first + known:
        # Lines may be skipped (a distribution leaves gaps): without its bit an empty text is never looked at.
        source_refs += [""] * (placed[-1][0] - first + 1 - known)
        for position, record in placed:
            if position >= first + known:
                source_refs[position - first] = record.source_ref
        values |= BlockText.of(source_refs)._asdict()
    if row is None:
        connection.execute(insert(dataset_blocks).values(content_id=content_id, number=number, **values))
    else:
        connection.execute(update(dataset_blocks).where(*place).values(**values))


def remove_from_blocks(connection: Connection, content_id: int, positions: Iterable[int]) -> Counts:
    """Take entries out of the index; what was taken out. Their text stays: without its bit a line is not there."""
    removed = Counts(0, 0, 0)
    columns = dataset_blocks.c.present, dataset_blocks.c.labeled, dataset_blocks.c.errors
    for number, of_block in groupby(sorted(positions), key=lambda position: position // BLOCK):
        bits = _bits_at(list(of_block))
        place = (dataset_blocks.c.content_id == content_id, dataset_blocks.c.number == number)
        before = [bits_in(blob) for blob in connection.execute(select(*columns).where(*place)).one()]
        left = {column.name: blob_of(flags & ~bits) for column, flags in zip(columns, before, strict=True)}
        connection.execute(update(dataset_blocks).where(*place).values(**left))
        removed = Counts(*(known + (flags & bits).bit_count() for known, flags in zip(removed, before, strict=True)))
    return removed


def _bits_at(positions: list[int]) -> Bits:
    """The bits of some entries of one block, which are in order."""
    if not positions:
        return 0
    if positions == list(range(positions[0], positions[-1] + 1)):
        return bits_between(positions[0] % BLOCK, positions[-1] % BLOCK)
    return bits_of([position % BLOCK for position in positions])


def change_label_bits(connection: Connection, uses: Iterable[tuple[int, int]], *, is_used: bool) -> None:
    """Note for pairs of (label id, position) that the entry uses the label, or does not any more."""
    lines: dict[tuple[int, int], list[int]] = defaultdict(list)
    for label_id, position in uses:
        lines[label_id, position // BLOCK].append(position % BLOCK)
    if not lines:
        return
    changes = {place: bits_of(of_place) for place, of_place in lines.items()}
    statements = statements_of(connection)
    label_ids, numbers = ({place[part] for place in changes} for part in (0, 1))
    known = statements.rows_among(connection, _LABEL_BITS, {"label_id": sorted(label_ids), "number": sorted(numbers)})
    before = {(label_id, number): bits_in(blob) for label_id, number, blob in known}
    rows = [
        # Taking away what was never noted is a mistake of ours: better a KeyError than a wrong count.
        (*key, blob_of(before.get(key, 0) | bits if is_used else before[key] & ~bits))
        for key, bits in changes.items()
    ]
    statements.execute_many(connection, _SET_LABEL_BITS, rows)


def positions_of_labels(connection: Connection, content_id: int) -> Iterator[tuple[str, list[int]]]:
    """A content's labels in first-seen order, a block at a time: the name, and positions of entries that use it."""
    statement = (
        select(dataset_labels.c.name, dataset_label_blocks.c.number, dataset_label_blocks.c.bits)
        .join(dataset_labels, dataset_labels.c.id == dataset_label_blocks.c.label_id)
        .where(dataset_labels.c.content_id == content_id)
        .order_by(dataset_labels.c.id, dataset_label_blocks.c.number)
    )
    for name, number, blob in connection.execute(statement):
        yield name, [number * BLOCK + line for line in lines_of(bits_in(blob))]


def remove_blocks(connection: Connection, content_id: int, before: int | None = None) -> None:
    """Remove a content's whole index, or what of it lies in blocks before that of a position."""
    labels = select(dataset_labels.c.id).where(dataset_labels.c.content_id == content_id)
    of_labels = delete(dataset_label_blocks).where(dataset_label_blocks.c.label_id.in_(labels))
    of_content = delete(dataset_blocks).where(dataset_blocks.c.content_id == content_id)
    if before is not None:
        of_labels = of_labels.where(dataset_label_blocks.c.number < before // BLOCK)
        of_content = of_content.where(dataset_blocks.c.number < before // BLOCK)
    connection.execute(of_labels)
    connection.execute(of_content)


def matching_positions(
    connection: Connection, content_id: int, wanted: EntryFilter, *, after: int | None
) -> Iterator[int]:
    """The positions behind `after` whose entries pass all filters (api-facts §2.6: joined by AND), in order."""
    for number, bits in matching_blocks(connection, content_id, wanted, after=after):
        yield from (number * BLOCK + line for line in lines_of(bits))


def matching_blocks(
    connection: Connection, content_id: int, wanted: EntryFilter, *, after: int | None = None
) -> Iterator[tuple[int, Bits]]:
    """The same by blocks: pairs of a block's number and the bits of its passing entries, none of them empty."""
    first, first_line = divmod(0 if after is None else after + 1, BLOCK)
    with_label = _blocks_with_label(connection, content_id, wanted.contains_labels, first)
    part = None if wanted.source_ref_contains is None else Part(wanted.source_ref_contains)
    columns = [dataset_blocks.c.number, dataset_blocks.c.present, dataset_blocks.c.labeled, dataset_blocks.c.errors]
    if part is not None:
        columns += [dataset_blocks.c.folders, dataset_blocks.c.folder_of, dataset_blocks.c.names]
    statement = (
        select(*columns)
        .where(dataset_blocks.c.content_id == content_id, dataset_blocks.c.number >= first)
        .order_by(dataset_blocks.c.number)
    )
    for number, present, labeled, errors, *text in connection.execute(statement):
        bits = bits_in(present) & _flagged(labeled, wanted.labeled) & _flagged(errors, wanted.has_errors)
        if with_label is not None:
            bits &= with_label.get(number, 0)
        if number == first:
            # The first line of a block has the highest bit, so this clears the lines before the cursor.
            bits &= _ALL >> first_line
        # Last, and only where something is left: text has to be unpacked first.
        if bits and part is not None:
            bits &= part.lines(BlockText(*text))
        if bits:
            yield number, bits


def count_by_label(connection: Connection, content_id: int, among: Mapping[int, Bits]) -> dict[str, int]:
    """How many of some entries (bits by number of the block) use each label; labels that none uses are left out."""
    statement = (
        select(dataset_labels.c.name, dataset_label_blocks.c.number, dataset_label_blocks.c.bits)
        .join(dataset_labels, dataset_labels.c.id == dataset_label_blocks.c.label_id)
        .where(dataset_labels.c.content_id == content_id)
    )
    counts: Counter[str] = Counter()
    for name, number, blob in connection.execute(statement):
        counts[name] += (bits_in(blob) & among.get(number, 0)).bit_count()
    return {name: count for name, count in counts.items() if count}


def source_refs_of(connection: Connection, content_id: int) -> Iterator[tuple[int, list[str]]]:
    """The source-refs of every block, by its number, also of lines that are not there any more."""
    columns = (dataset_blocks.c.number, dataset_blocks.c.folders, dataset_blocks.c.folder_of, dataset_blocks.c.names)
    statement = select(*columns).where(dataset_blocks.c.content_id == content_id).order_by(dataset_blocks.c.number)
    for number, *text in connection.execute(statement):
        yield number, BlockText(*text).source_refs()


def _blocks_with_label(
    connection: Connection, content_id: int, names: tuple[str, ...] | None, first: int
) -> dict[int, Bits] | None:
    """The entries with any of these labels by number of their block; None without such a filter."""
    if names is None:
        return None
    statement = (
        select(dataset_label_blocks.c.number, dataset_label_blocks.c.bits)
        .join(dataset_labels, dataset_labels.c.id == dataset_label_blocks.c.label_id)
        .where(
            dataset_labels.c.content_id == content_id,
            dataset_labels.c.name.in_(names),
            dataset_label_blocks.c.number >= first,
        )
    )
    found: dict[int, Bits] = defaultdict(int)
    for number, blob in connection.execute(statement):
        found[number] |= bits_in(blob)
    return found


def _flagged(blob: bytes, value: bool | None) -> Bits:
    if value is None:
        return _ALL
    return bits_in(blob) if value else _ALL ^ bits_in(blob)
