"""Reading a dataset's content: entries by filter and page, labels with counts, statistics, lines for training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from emulator.storage.rows import ContentStats, EntryFilter, LabelCount
from emulator.storage.source_refs import positions_containing
from emulator.storage.tables import dataset_contents, dataset_entries, dataset_entry_labels, dataset_labels

_LINES_AT_ONCE = 1000

# Below this number of matches a label's entries are looked up first; above it, entries are walked and probed.
_FEW_MATCHES = 5000


def content_stats(connection: Connection, content_id: int | None) -> ContentStats:
    """The statistics of a content; all zero where there is none yet."""
    columns = (
        dataset_contents.c.total_entries,
        dataset_contents.c.labeled_entries,
        dataset_contents.c.error_entries,
    )
    row = connection.execute(select(*columns).where(dataset_contents.c.id == content_id)).one_or_none()
    if row is None:
        return ContentStats(0, 0, 0, 0)
    labels = connection.execute(select(func.count()).where(dataset_labels.c.content_id == content_id)).scalar_one()
    return ContentStats(row[0], row[1], row[2], labels)


def content_bucket(connection: Connection, content_id: int | None) -> str | None:
    """The one bucket that a content's images lie in (D-20), None while it has no entries."""
    statement = select(dataset_contents.c.bucket).where(dataset_contents.c.id == content_id)
    return connection.execute(statement).scalar()


def list_entries(
    connection: Connection, content_id: int, wanted: EntryFilter, *, after: int | None, limit: int
) -> list[tuple[int, str]]:
    """Pairs of (position, line) in manifest order, after the cursor (a position)."""
    statement = select(dataset_entries.c.position, dataset_entries.c.line).where(
        dataset_entries.c.content_id == content_id
    )
    for condition in _conditions(connection, content_id, wanted):
        statement = statement.where(condition)
    statement = statement.order_by(dataset_entries.c.position)
    part = wanted.source_ref_contains
    if part is not None and not _has_few_candidates(connection, content_id, wanted):
        return _list_by_source_ref(connection, content_id, statement, part, after, limit)
    if after is not None:
        statement = statement.where(dataset_entries.c.position > after)
    return [(position, line) for position, line in connection.execute(statement.limit(limit))]


def _list_by_source_ref(
    connection: Connection, content_id: int, statement: Select[Any], part: str, after: int | None, limit: int
) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for positions in positions_containing(connection, content_id, part, after=after):
        page = statement.where(dataset_entries.c.position.in_(positions)).limit(limit - len(found))
        found.extend((position, line) for position, line in connection.execute(page))
        if len(found) >= limit:
            break
    return found


def _has_few_candidates(connection: Connection, content_id: int, wanted: EntryFilter) -> bool:
    """Whether another filter alone leaves so few entries that looking at each of them is quickest."""
    counts = connection.execute(
        select(
            dataset_contents.c.total_entries, dataset_contents.c.labeled_entries, dataset_contents.c.error_entries
        ).where(dataset_contents.c.id == content_id)
    ).one()
    candidates = [counts.total_entries]
    if wanted.has_errors:
        candidates.append(counts.error_entries)
    if wanted.labeled is not None:
        labeled = counts.labeled_entries
        candidates.append(labeled if wanted.labeled else counts.total_entries - labeled)
    if wanted.contains_labels is not None:
        candidates.append(sum(count for _, count in _labels_named(connection, content_id, wanted.contains_labels)))
    return bool(min(candidates) <= _FEW_MATCHES)


def _conditions(connection: Connection, content_id: int, wanted: EntryFilter) -> Iterator[ColumnElement[Any]]:
    if wanted.labeled is not None:
        yield dataset_entries.c.is_labeled.is_(wanted.labeled)
    if wanted.has_errors is not None:
        yield dataset_entries.c.has_errors.is_(wanted.has_errors)
    if wanted.source_ref_contains is not None:
        yield func.instr(dataset_entries.c.source_ref, wanted.source_ref_contains) > 0
    if wanted.contains_labels is not None:
        yield _has_any_label(connection, content_id, wanted.contains_labels)


def _has_any_label(connection: Connection, content_id: int, names: tuple[str, ...]) -> ColumnElement[Any]:
    found = _labels_named(connection, content_id, names)
    label_ids = [label_id for label_id, _ in found]
    if sum(count for _, count in found) <= _FEW_MATCHES:
        positions = select(dataset_entry_labels.c.position).where(dataset_entry_labels.c.label_id.in_(label_ids))
        return dataset_entries.c.position.in_(positions)
    return exists().where(
        dataset_entry_labels.c.label_id.in_(label_ids),
        dataset_entry_labels.c.position == dataset_entries.c.position,
    )


def _labels_named(connection: Connection, content_id: int, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Pairs of (label id, number of entries)."""
    statement = select(dataset_labels.c.id, dataset_labels.c.entry_count).where(
        dataset_labels.c.content_id == content_id, dataset_labels.c.name.in_(names)
    )
    return [(label_id, count) for label_id, count in connection.execute(statement)]


def list_labels(
    connection: Connection, content_id: int, *, after: int | None = None, limit: int | None = None
) -> list[LabelCount]:
    """A content's labels in first-seen order, after the cursor (a label id)."""
    columns = (dataset_labels.c.id, dataset_labels.c.name, dataset_labels.c.entry_count, dataset_labels.c.box_count)
    statement = select(*columns).where(dataset_labels.c.content_id == content_id).order_by(dataset_labels.c.id)
    if after is not None:
        statement = statement.where(dataset_labels.c.id > after)
    if limit is not None:
        statement = statement.limit(limit)
    return [LabelCount(*row) for row in connection.execute(statement)]


def labels_by_position(connection: Connection, content_id: int) -> dict[int, tuple[str, ...]]:
    """The labels of every entry of a content by position; entries without labels have an empty tuple."""
    positions = (
        select(dataset_entries.c.position)
        .where(dataset_entries.c.content_id == content_id)
        .order_by(dataset_entries.c.position)
    )
    found: dict[int, tuple[str, ...]] = dict.fromkeys(connection.execute(positions).scalars(), ())
    statement = (
        select(dataset_entry_labels.c.position, dataset_labels.c.name)
        .join(dataset_labels, dataset_labels.c.id == dataset_entry_labels.c.label_id)
        .where(dataset_entry_labels.c.content_id == content_id)
        .order_by(dataset_entry_labels.c.position, dataset_labels.c.id)
    )
    for position, name in connection.execute(statement):
        found[position] = (*found[position], name)
    return found


def iterate_lines(connection: Connection, content_id: int) -> Iterator[str]:
    """All lines of a content in order, fetched in pieces."""
    statement = (
        select(dataset_entries.c.line)
        .where(dataset_entries.c.content_id == content_id)
        .order_by(dataset_entries.c.position)
        .execution_options(yield_per=_LINES_AT_ONCE)
    )
    yield from connection.execute(statement).scalars()
