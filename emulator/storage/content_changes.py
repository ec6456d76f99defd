"""Changing a dataset's content: building a new one, upserting, moving and sweeping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from emulator.domain.states import DatasetState
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
    datasets,
)

_POSITIONS_AT_ONCE = 10_000

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


def positions_of(connection: Connection, content_id: int, source_refs: Sequence[str]) -> dict[str, int]:
    """Where the entries with these source-refs stand; those that are not there are left out."""
    is_among = statements_of(connection).is_among
    found: dict[str, int] = {}
    for start in range(0, len(source_refs), _POSITIONS_AT_ONCE):
        batch = source_refs[start : start + _POSITIONS_AT_ONCE]
        statement = select(dataset_entries.c.source_ref, dataset_entries.c.position).where(
            dataset_entries.c.content_id == content_id, is_among(dataset_entries.c.source_ref, batch)
        )
        # All rows at once: one by one the result takes as long as the search.
        found |= {row[0]: row[1] for row in connection.execute(statement).all()}
    return found


def upsert_entries(
    connection: Connection, content_id: int, records: Sequence[EntryRecord], existing: Mapping[str, int] | None = None
) -> None:
    """Replace the entries whose source-refs exist, at their places, and append the others (D-12).

    `existing` are the `positions_of` the records, if they were looked up before the transaction began.
    """
    if existing is None:
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


def next_position(connection: Connection, content_id: int) -> int:
    """Where the next entry that is appended to a content will stand."""
    statement = select(dataset_contents.c.next_position).where(dataset_contents.c.id == content_id)
    return int(connection.execute(statement).scalar_one())


def prepare_labels(connection: Connection, content_id: int, names: Sequence[str]) -> None:
    """Have labels in this order, behind those that are there; they count for nothing until entries use them (L-1)."""
    _label_ids(connection, content_id, names)


def labels_without(connection: Connection, content_id: int, positions: Sequence[int]) -> set[str]:
    """The labels that a content's other entries use, were these not there."""
    is_among = statements_of(connection).is_among
    left: dict[int, int] = {}
    names: dict[int, str] = {}
    columns = dataset_labels.c.id, dataset_labels.c.name, dataset_labels.c.entry_count
    for label_id, name, count in connection.execute(select(*columns).where(dataset_labels.c.content_id == content_id)):
        names[label_id], left[label_id] = name, count
    used = dataset_entry_labels.c
    for start in range(0, len(positions), _POSITIONS_AT_ONCE):
        batch = positions[start : start + _POSITIONS_AT_ONCE]
        uses = (
            select(used.label_id, func.count())
            .where(used.content_id == content_id, is_among(used.position, batch))
            .group_by(used.label_id)
        )
        for label_id, count in connection.execute(uses):
            left[label_id] -= count
    return {names[label_id] for label_id, count in left.items() if count > 0}


def remove_entries(connection: Connection, content_id: int, positions: Sequence[int]) -> None:
    """Take entries out of a content. Labels that no entry uses any more keep a count of zero until
    `drop_unused_labels`."""
    _unindex_entries(connection, content_id, positions)
    for start in range(0, len(positions), _POSITIONS_AT_ONCE):
        batch = positions[start : start + _POSITIONS_AT_ONCE]
        of_entries = (dataset_entries.c.content_id == content_id, _is_at(connection, dataset_entries.c.position, batch))
        connection.execute(delete(dataset_entries).where(*of_entries))


def _unindex_entries(connection: Connection, content_id: int, positions: Sequence[int]) -> None:
    """Take entries out of the counts, the labels and the index, before they go or are replaced."""
    _count_entries(connection, content_id, *(-count for count in remove_from_blocks(connection, content_id, positions)))
    for start in range(0, len(positions), _POSITIONS_AT_ONCE):
        batch = positions[start : start + _POSITIONS_AT_ONCE]
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
    for start in range(0, len(positions), _POSITIONS_AT_ONCE):
        batch = sorted(positions)[start : start + _POSITIONS_AT_ONCE]
        append_entries(connection, target_id, read_records(connection, source_id, batch))
    remove_entries(connection, source_id, positions)
    drop_unused_labels(connection, source_id)
    bucket = select(dataset_contents.c.bucket).where(dataset_contents.c.id == source_id).scalar_subquery()
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == target_id).values(bucket=bucket))


def unreferenced_contents(connection: Connection) -> list[int]:
    """Contents whose dataset is gone, or has another content and is not at work on this one."""
    statement = (
        select(dataset_contents.c.id)
        .join(datasets, datasets.c.id == dataset_contents.c.dataset_id, isouter=True)
        .where(
            datasets.c.id.is_(None)
            | (
                datasets.c.content_id.is_distinct_from(dataset_contents.c.id)
                & datasets.c.status.not_in((DatasetState.CREATE_IN_PROGRESS, DatasetState.UPDATE_IN_PROGRESS))
            )
        )
    )
    return list(connection.execute(statement).scalars())


def contents_of(connection: Connection, dataset_id: int) -> list[int]:
    """All contents that were begun for a dataset, the current one among them."""
    statement = select(dataset_contents.c.id).where(dataset_contents.c.dataset_id == dataset_id)
    return list(connection.execute(statement).scalars())


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
        for start in range(0, len(positions), _POSITIONS_AT_ONCE):
            batch = positions[start : start + _POSITIONS_AT_ONCE]
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


def read_records(connection: Connection, content_id: int, positions: Sequence[int]) -> list[EntryRecord]:
    """The entries at these positions (at most 10,000), in order of position."""
    is_among = statements_of(connection).is_among
    labels: dict[int, dict[str, int]] = {position: {} for position in positions}
    uses = (
        select(dataset_entry_labels.c.position, dataset_labels.c.name, dataset_entry_labels.c.boxes)
        .join(dataset_labels, dataset_labels.c.id == dataset_entry_labels.c.label_id)
        .where(dataset_entry_labels.c.content_id == content_id, is_among(dataset_entry_labels.c.position, positions))
        .order_by(dataset_labels.c.id)
    )
    for position, name, boxes in connection.execute(uses):
        labels[position][name] = boxes
    columns = (
        dataset_entries.c.position,
        dataset_entries.c.source_ref,
        dataset_entries.c.line,
        dataset_entries.c.is_labeled,
        dataset_entries.c.has_errors,
    )
    statement = (
        select(*columns)
        .where(dataset_entries.c.content_id == content_id, is_among(dataset_entries.c.position, positions))
        .order_by(dataset_entries.c.position)
    )
    return [
        EntryRecord(source_ref, line, is_labeled, has_errors, labels[position])
        for position, source_ref, line, is_labeled, has_errors in connection.execute(statement)
    ]
