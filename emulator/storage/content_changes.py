"""Changing a dataset's content: building a new one, upserting, moving and sweeping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from emulator.domain.states import DatasetState
from emulator.storage.entry_blocks import add_to_blocks, change_label_bits, remove_blocks, remove_from_blocks
from emulator.storage.rows import EntryRecord
from emulator.storage.tables import (
    dataset_contents,
    dataset_entries,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
    datasets,
)

# SQLite takes at most 32,766 parameters a statement.
_POSITIONS_AT_ONCE = 10_000


def create_content(connection: Connection, dataset_id: int) -> int:
    """Begin an empty content for a dataset; gives its id."""
    result = connection.execute(insert(dataset_contents).values(dataset_id=dataset_id))
    return int(result.lastrowid)


def set_content_bucket(connection: Connection, content_id: int, bucket: str | None) -> None:
    """Note the one bucket that a content's images lie in (D-20)."""
    connection.execute(update(dataset_contents).where(dataset_contents.c.id == content_id).values(bucket=bucket))


def append_entries(connection: Connection, content_id: int, records: Sequence[EntryRecord]) -> None:
    """Add entries whose source-refs are not in the content yet, behind the last one."""
    if not records:
        return
    first = connection.execute(
        select(dataset_contents.c.next_position).where(dataset_contents.c.id == content_id)
    ).scalar_one()
    _add_entries(connection, content_id, list(enumerate(records, start=first)))
    connection.execute(
        update(dataset_contents).where(dataset_contents.c.id == content_id).values(next_position=first + len(records))
    )


def upsert_entries(connection: Connection, content_id: int, records: Sequence[EntryRecord]) -> None:
    """Replace the entries whose source-refs exist, at their places, and append the others (D-12)."""
    existing: dict[str, int] = {}
    for start in range(0, len(records), _POSITIONS_AT_ONCE):
        references = [record.source_ref for record in records[start : start + _POSITIONS_AT_ONCE]]
        statement = select(dataset_entries.c.source_ref, dataset_entries.c.position).where(
            dataset_entries.c.content_id == content_id, dataset_entries.c.source_ref.in_(references)
        )
        existing.update((reference, position) for reference, position in connection.execute(statement))
    replaced = [(existing[record.source_ref], record) for record in records if record.source_ref in existing]
    if replaced:
        remove_entries(connection, content_id, [position for position, _ in replaced])
        _add_entries(connection, content_id, replaced)
        drop_unused_labels(connection, content_id)
    append_entries(connection, content_id, [record for record in records if record.source_ref not in existing])


def remove_entries(connection: Connection, content_id: int, positions: Sequence[int]) -> None:
    """Take entries out of a content. Labels that no entry uses any more keep a count of zero until
    `drop_unused_labels`."""
    remove_from_blocks(connection, content_id, positions)
    for start in range(0, len(positions), _POSITIONS_AT_ONCE):
        batch = positions[start : start + _POSITIONS_AT_ONCE]
        of_labels = (dataset_entry_labels.c.content_id == content_id, dataset_entry_labels.c.position.in_(batch))
        of_entries = (dataset_entries.c.content_id == content_id, dataset_entries.c.position.in_(batch))
        columns = dataset_entry_labels.c.label_id, dataset_entry_labels.c.position, dataset_entry_labels.c.boxes
        uses = connection.execute(select(*columns).where(*of_labels)).all()
        entries = Counter(label_id for label_id, _, _ in uses)
        boxes: Counter[int] = Counter()
        for label_id, _, number in uses:
            boxes[label_id] += number
        for label_id in entries:
            _count_label(connection, label_id, -entries[label_id], -boxes[label_id])
        change_label_bits(connection, ((label_id, position) for label_id, position, _ in uses), is_used=False)
        flags = connection.execute(
            select(dataset_entries.c.is_labeled, dataset_entries.c.has_errors).where(*of_entries)
        ).all()
        _count_entries(connection, content_id, -1, flags)
        connection.execute(delete(dataset_entry_labels).where(*of_labels))
        connection.execute(delete(dataset_entries).where(*of_entries))


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
                connection.execute(delete(table).where(table.c.content_id == content_id, table.c.position.in_(batch)))
        remove_blocks(connection, content_id, before=positions[-1])
        return False
    remove_blocks(connection, content_id)
    connection.execute(delete(dataset_labels).where(dataset_labels.c.content_id == content_id))
    connection.execute(delete(dataset_contents).where(dataset_contents.c.id == content_id))
    return True


def _add_entries(connection: Connection, content_id: int, placed: list[tuple[int, EntryRecord]]) -> None:
    """Put entries at their positions and count and index them."""
    connection.execute(
        insert(dataset_entries), [_entry_values(content_id, position, record) for position, record in placed]
    )
    _add_labels(connection, content_id, placed)
    _count_entries(connection, content_id, 1, [record for _, record in placed])
    add_to_blocks(connection, content_id, placed)


def _entry_values(content_id: int, position: int, record: EntryRecord) -> dict[str, object]:
    return {
        "content_id": content_id,
        "position": position,
        "source_ref": record.source_ref,
        "line": record.line,
        "is_labeled": record.is_labeled,
        "has_errors": record.has_errors,
    }


def _add_labels(connection: Connection, content_id: int, placed: Sequence[tuple[int, EntryRecord]]) -> None:
    entries: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    for _, record in placed:
        for name, number in record.labels.items():
            entries[name] += 1
            boxes[name] += number
    label_ids = _label_ids(connection, content_id, list(entries))
    for name, label_id in label_ids.items():
        _count_label(connection, label_id, entries[name], boxes[name])
    uses = [
        {"label_id": label_ids[name], "position": position, "content_id": content_id, "boxes": number}
        for position, record in placed
        for name, number in record.labels.items()
    ]
    if uses:
        connection.execute(insert(dataset_entry_labels), uses)
    used = ((label_ids[name], position) for position, record in placed for name in record.labels)
    change_label_bits(connection, used, is_used=True)


def _label_ids(connection: Connection, content_id: int, names: list[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    statement = select(dataset_labels.c.name, dataset_labels.c.id).where(dataset_labels.c.content_id == content_id)
    for name, label_id in connection.execute(statement):
        known[name] = label_id
    for name in names:
        if name not in known:
            values = {"content_id": content_id, "name": name, "entry_count": 0, "box_count": 0}
            known[name] = int(connection.execute(insert(dataset_labels).values(**values)).lastrowid)
    return {name: known[name] for name in names}


def _count_label(connection: Connection, label_id: int, entries: int, boxes: int) -> None:
    connection.execute(
        update(dataset_labels)
        .where(dataset_labels.c.id == label_id)
        .values(entry_count=dataset_labels.c.entry_count + entries, box_count=dataset_labels.c.box_count + boxes)
    )


def _count_entries(connection: Connection, content_id: int, sign: int, entries: Sequence[Any]) -> None:
    """Add (sign 1) or take away (-1) entries, anything with `is_labeled` and `has_errors`, from the kept counts."""
    labeled = sum(entry.is_labeled for entry in entries)
    errors = sum(entry.has_errors for entry in entries)
    connection.execute(
        update(dataset_contents)
        .where(dataset_contents.c.id == content_id)
        .values(
            total_entries=dataset_contents.c.total_entries + sign * len(entries),
            labeled_entries=dataset_contents.c.labeled_entries + sign * labeled,
            error_entries=dataset_contents.c.error_entries + sign * errors,
        )
    )


def read_records(connection: Connection, content_id: int, positions: Sequence[int]) -> list[EntryRecord]:
    """The entries at these positions (at most 10,000), in order of position."""
    labels: dict[int, dict[str, int]] = {position: {} for position in positions}
    uses = (
        select(dataset_entry_labels.c.position, dataset_labels.c.name, dataset_entry_labels.c.boxes)
        .join(dataset_labels, dataset_labels.c.id == dataset_entry_labels.c.label_id)
        .where(dataset_entry_labels.c.content_id == content_id, dataset_entry_labels.c.position.in_(positions))
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
        .where(dataset_entries.c.content_id == content_id, dataset_entries.c.position.in_(positions))
        .order_by(dataset_entries.c.position)
    )
    return [
        EntryRecord(source_ref, line, is_labeled, has_errors, labels[position])
        for position, source_ref, line, is_labeled, has_errors in connection.execute(statement)
    ]
