"""Changing a dataset's content: building a new one, upserting, moving and sweeping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from emulator.storage.contents import POSITIONS_AT_ONCE, next_position, positions_of, read_records
from emulator.storage.dialects import statements_of
from emulator.storage.dialects.interface import Expression
from emulator.storage.entry_blocks import add_to_blocks, change_label_bits, remove_blocks, remove_from_blocks
from emulator.storage.rows import EntryRecord, inserted_id
from emulator.storage.tables import (
    dataset_contents,
    dataset_entries,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
)

# As text, since SQLAlchemy takes longer to name the parameters of 100,000 rows than SQLite to store them.
_REPLACE_ENTRY = """UPDATE dataset_entries SET line = ?, is_labeled = ?, has_errors = ?
    WHERE content_id = ? AND position = ?"""
_COUNT_LABEL = """UPDATE dataset_labels SET entry_count = entry_count + ?, box_count = box_count + ? WHERE id = ?"""

_entry, _use = dataset_entries.c, dataset_entry_labels.c
_ENTRY = (_entry.line, _entry.is_labeled, _entry.has_errors, _entry.content_id, _entry.position, _entry.source_ref)
COLUMNS_OF_USES = (_use.label_id, _use.position, _use.content_id, _use.boxes)
"""In the order in which rows of uses are inserted."""


def create_content(connection: Connection, dataset_id: int) -> int:
    """Begin an empty content for a dataset; gives its id."""
    result = connection.execute(insert(dataset_contents).values(dataset_id=dataset_id))
    return inserted_id(result)


def set_content_bucket(connection: Connection, content_id: int, bucket: str | None) -> None:
    """Note the one bucket that a content's images lie in (D-20)."""
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == content_id).values(bucket=bucket))


def set_manifest_owner(connection: Connection, content_id: int, owner: str | None) -> None:
    """Note who owns the bucket of the manifest that a content was made from (TE-10)."""
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == content_id).values(manifest_owner=owner))


def append_entries(connection: Connection, content_id: int, records: Sequence[EntryRecord]) -> None:
    """Add entries whose source-refs are not in the content yet, behind the last one."""
    if not records:
        return
    first = next_position(connection, content_id)
    _add_entries(connection, content_id, list(enumerate(records, start=first)))
    connection.execute(
        update(dataset_contents).where(dataset_contents.c.id == content_id).values(next_position=first + len(records))
    )


def upsert_entries(connection: Connection, content_id: int, records: Sequence[EntryRecord]) -> None:
    """Replace the entries whose source-refs exist, at their places, and append the others (D-12)."""
    existing = positions_of(connection, content_id, [record.source_ref for record in records])
    replaced = [(existing[record.source_ref], record) for record in records if record.source_ref in existing]
    if replaced:
        replace_entries(connection, content_id, replaced)
        drop_unused_labels(connection, content_id)
    new = [record for record in records if record.source_ref not in existing] if existing else records
    append_entries(connection, content_id, new)


def replace_entries(connection: Connection, content_id: int, replaced: Sequence[tuple[int, EntryRecord]]) -> None:
    """Replace the entries at these positions by ones of the same source-refs. Labels that no entry uses any more keep a
    count of zero until `drop_unused_labels`.
    """
    _unindex_entries(connection, content_id, [position for position, _ in replaced])
    rows = [(record.line, record.is_labeled, record.has_errors, content_id, position) for position, record in replaced]
    statements_of(connection).execute_many(connection, _REPLACE_ENTRY, rows)
    _index_entries(connection, content_id, replaced)


def prepare_labels(connection: Connection, content_id: int, names: Sequence[str]) -> None:
    """Have labels in this order, behind those that are there; they count for nothing until entries use them (L-1)."""
    _label_ids(connection, content_id, names)


def remove_entries(connection: Connection, content_id: int, positions: Sequence[int]) -> None:
    """Take entries out of a content. Labels that no entry uses any more keep a count of zero until
    `drop_unused_labels`."""
    _unindex_entries(connection, content_id, positions)
    for start in range(0, len(positions), POSITIONS_AT_ONCE):
        batch = positions[start : start + POSITIONS_AT_ONCE]
        of_entries = (dataset_entries.c.content_id == content_id, _is_at(connection, dataset_entries.c.position, batch))
        connection.execute(delete(dataset_entries).where(*of_entries))


def _unindex_entries(connection: Connection, content_id: int, positions: Sequence[int]) -> None:
    """Take entries out of the counts, the labels and the index, before they go or are replaced."""
    _count_entries(connection, content_id, *(-count for count in remove_from_blocks(connection, content_id, positions)))
    for start in range(0, len(positions), POSITIONS_AT_ONCE):
        batch = positions[start : start + POSITIONS_AT_ONCE]
        of_labels = (
            dataset_entry_labels.c.content_id == content_id,
            _is_at(connection, dataset_entry_labels.c.position, batch),
        )
        columns = dataset_entry_labels.c.label_id, dataset_entry_labels.c.position, dataset_entry_labels.c.boxes
        uses = connection.execute(select(*columns).where(*of_labels)).all()
        if not uses:
            continue
        entries = Counter(label_id for label_id, _, _ in uses)
        boxes: Counter[int] = Counter()
        for label_id, _, number in uses:
            boxes[label_id] += number
        _count_labels(connection, [(-entries[label_id], -boxes[label_id], label_id) for label_id in entries])
        change_label_bits(connection, ((label_id, position) for label_id, position, _ in uses), is_used=False)
        connection.execute(delete(dataset_entry_labels).where(*of_labels))


def _is_at(connection: Connection, column: Expression, positions: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of some positions; those that lie side by side are a range, which is found sooner."""
    if list(positions) == list(range(positions[0], positions[-1] + 1)):
        return column.between(positions[0], positions[-1])
    return statements_of(connection).is_among(column, positions)


def drop_unused_labels(connection: Connection, content_id: int) -> None:
    """Remove the labels that no entry uses any more (L-1)."""
    unused = (dataset_labels.c.content_id == content_id, dataset_labels.c.entry_count <= 0)
    of_unused = dataset_label_blocks.c.label_id.in_(select(dataset_labels.c.id).where(*unused))
    connection.execute(delete(dataset_label_blocks).where(of_unused))
    connection.execute(delete(dataset_labels).where(*unused))


def move_entries(connection: Connection, source_id: int, target_id: int, positions: Sequence[int]) -> None:
    """Move entries from one content to another, keeping their order (D-14)."""
    for start in range(0, len(positions), POSITIONS_AT_ONCE):
        batch = sorted(positions)[start : start + POSITIONS_AT_ONCE]
        append_entries(connection, target_id, read_records(connection, source_id, batch))
    remove_entries(connection, source_id, positions)
    drop_unused_labels(connection, source_id)
    bucket = select(dataset_contents.c.bucket).where(dataset_contents.c.id == source_id).scalar_subquery()
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == target_id).values(bucket=bucket))


def sweep_content(connection: Connection, content_id: int, limit: int) -> bool:
    """Delete up to `limit` entries of a content, or at last the content itself. True when nothing is left of it."""
    is_among = statements_of(connection).is_among
    positions = list(
        connection.execute(
            select(dataset_entries.c.position)
            .where(dataset_entries.c.content_id == content_id)
            .order_by(dataset_entries.c.position)
            .limit(limit)
        ).scalars()
    )
    if positions:
        for start in range(0, len(positions), POSITIONS_AT_ONCE):
            batch = positions[start : start + POSITIONS_AT_ONCE]
            for table in (dataset_entry_labels, dataset_entries):
                chosen = (table.c.content_id == content_id, is_among(table.c.position, batch))
                connection.execute(delete(table).where(*chosen))
        remove_blocks(connection, content_id, before=positions[-1])
        return False
    remove_blocks(connection, content_id)
    connection.execute(delete(dataset_labels).where(dataset_labels.c.content_id == content_id))
    connection.execute(delete(dataset_contents).where(dataset_contents.c.id == content_id))
    return True


def _add_entries(connection: Connection, content_id: int, placed: list[tuple[int, EntryRecord]]) -> None:
    """Put entries at their positions and count and index them."""
    rows = [
        (record.line, record.is_labeled, record.has_errors, content_id, position, record.source_ref)
        for position, record in placed
    ]
    statements_of(connection).insert_rows(connection, dataset_entries, _ENTRY, rows)
    _index_entries(connection, content_id, placed)


def _index_entries(connection: Connection, content_id: int, placed: Sequence[tuple[int, EntryRecord]]) -> None:
    """Count and index entries that are at their positions."""
    _add_labels(connection, content_id, placed)
    labeled = sum([record.is_labeled for _, record in placed])
    errors = sum([record.has_errors for _, record in placed])
    _count_entries(connection, content_id, len(placed), labeled, errors)
    add_to_blocks(connection, content_id, placed)


def _add_labels(connection: Connection, content_id: int, placed: Sequence[tuple[int, EntryRecord]]) -> None:
    entries: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    for _, record in placed:
        for name, number in record.labels.items():
            entries[name] += 1
            boxes[name] += number
    label_ids = _label_ids(connection, content_id, list(entries))
    _count_labels(connection, [(entries[name], boxes[name], label_id) for name, label_id in label_ids.items()])
    uses = [
        (label_ids[name], position, content_id, number)
        for position, record in placed
        for name, number in record.labels.items()
    ]
    if uses:
        statements_of(connection).insert_rows(connection, dataset_entry_labels, COLUMNS_OF_USES, uses)
    used = ((label_ids[name], position) for position, record in placed for name in record.labels)
    change_label_bits(connection, used, is_used=True)


def _label_ids(connection: Connection, content_id: int, names: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    statement = select(dataset_labels.c.name, dataset_labels.c.id).where(dataset_labels.c.content_id == content_id)
    for name, label_id in connection.execute(statement):
        known[name] = label_id
    for name in names:
        if name not in known:
            values = {"content_id": content_id, "name": name, "entry_count": 0, "box_count": 0}
            known[name] = inserted_id(connection.execute(insert(dataset_labels).values(**values)))
    return {name: known[name] for name in names}


def _count_labels(connection: Connection, changes: list[tuple[int, int, int]]) -> None:
    """Add entries and boxes to the kept counts of labels, or take away what is negative."""
    if changes:
        statements_of(connection).execute_many(connection, _COUNT_LABEL, changes)


def _count_entries(connection: Connection, content_id: int, entries: int, labeled: int, errors: int) -> None:
    """Add to the kept counts, or take away what is negative."""
    connection.execute(
        update(dataset_contents)
        .where(dataset_contents.c.id == content_id)
        .values(
            total_entries=dataset_contents.c.total_entries + entries,
            labeled_entries=dataset_contents.c.labeled_entries + labeled,
            error_entries=dataset_contents.c.error_entries + errors,
            revision=dataset_contents.c.revision + 1,
        )
    )
