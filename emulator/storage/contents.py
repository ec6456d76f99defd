"""Reading a dataset's content: entries by filter, page, name and position, labels, statistics, lines for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, func, select

from emulator.domain.states import DatasetState
from emulator.storage.dialects import statements_of
from emulator.storage.entry_blocks import matching_positions, positions_of_labels
from emulator.storage.rows import ContentStats, EntryFilter, EntryRecord, LabelCount
from emulator.storage.tables import dataset_contents, dataset_entries, dataset_entry_labels, dataset_labels, datasets

_LINES_AT_ONCE = 1000
POSITIONS_AT_ONCE = 10_000
"""So many positions or source-refs are one parameter of a statement."""

# Built once: building a statement takes longer than running it.
_COUNTS = select(
    dataset_contents.c.total_entries, dataset_contents.c.labeled_entries, dataset_contents.c.error_entries
).where(dataset_contents.c.id == bindparam("content_id"))
_LABELS = select(func.count()).where(dataset_labels.c.content_id == bindparam("content_id"))


def content_stats(connection: Connection, content_id: int | None) -> ContentStats:
    """The statistics of a content; all zero where there is none yet."""
    row = connection.execute(_COUNTS, {"content_id": content_id}).one_or_none()
    if row is None:
        return ContentStats(0, 0, 0, 0)
    labels = connection.execute(_LABELS, {"content_id": content_id}).scalar_one()
    return ContentStats(row[0], row[1], row[2], labels)


def stats_of_contents(connection: Connection, content_ids: Sequence[int]) -> dict[int, ContentStats]:
    """The statistics of several contents."""
    of_contents = dataset_labels.c.content_id.in_(content_ids)
    counted = select(dataset_labels.c.content_id, func.count()).where(of_contents).group_by(dataset_labels.c.content_id)
    labels = {row[0]: row[1] for row in connection.execute(counted)}
    columns = (
        dataset_contents.c.id,
        dataset_contents.c.total_entries,
        dataset_contents.c.labeled_entries,
        dataset_contents.c.error_entries,
    )
    rows = connection.execute(select(*columns).where(dataset_contents.c.id.in_(content_ids)))
    return {row[0]: ContentStats(row[1], row[2], row[3], labels.get(row[0], 0)) for row in rows}


def content_bucket(connection: Connection, content_id: int | None) -> str | None:
    """The one bucket that a content's images lie in (D-20), None while it has no entries."""
    statement = select(dataset_contents.c.bucket).where(dataset_contents.c.id == content_id)
    return connection.execute(statement).scalar()


def manifest_owner(connection: Connection, content_id: int | None) -> str | None:
    """Who owned the bucket of the manifest that a content was made from; None if it was not, or is not known."""
    statement = select(dataset_contents.c.manifest_owner).where(dataset_contents.c.id == content_id)
    return connection.execute(statement).scalar()


def list_entries(
    connection: Connection, content_id: int, wanted: EntryFilter, *, after: int | None, limit: int
) -> list[tuple[int, str]]:
    """Pairs of (position, line) in manifest order, after the cursor (a position)."""
    positions = list(islice(matching_positions(connection, content_id, wanted, after=after), limit))
    statement = (
        select(dataset_entries.c.position, dataset_entries.c.line)
        .where(dataset_entries.c.content_id == content_id, dataset_entries.c.position.in_(positions))
        .order_by(dataset_entries.c.position)
    )
    return [(position, line) for position, line in connection.execute(statement)]


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
    """The labels of every entry of a content by position; entries without labels have an empty tuple.

    Entries with the same labels share one tuple.
    """
    found: dict[int, tuple[str, ...]] = dict.fromkeys(
        matching_positions(connection, content_id, EntryFilter(), after=None), ()
    )
    for name, positions in positions_of_labels(connection, content_id):
        longer: dict[tuple[str, ...], tuple[str, ...]] = {}
        for position in positions:
            before = found[position]
            found[position] = longer.get(before) or longer.setdefault(before, (*before, name))
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


def positions_of(connection: Connection, content_id: int, source_refs: Sequence[str]) -> dict[str, int]:
    """Where the entries with these source-refs stand; those that are not there are left out."""
    is_among = statements_of(connection).is_among
    found: dict[str, int] = {}
    for start in range(0, len(source_refs), POSITIONS_AT_ONCE):
        batch = source_refs[start : start + POSITIONS_AT_ONCE]
        statement = select(dataset_entries.c.source_ref, dataset_entries.c.position).where(
            dataset_entries.c.content_id == content_id, is_among(dataset_entries.c.source_ref, batch)
        )
        # All rows at once: one by one the result takes as long as the search.
        found |= {row[0]: row[1] for row in connection.execute(statement).all()}
    return found


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


def next_position(connection: Connection, content_id: int) -> int:
    """Where the next entry that is appended to a content will stand."""
    statement = select(dataset_contents.c.next_position).where(dataset_contents.c.id == content_id)
    return int(connection.execute(statement).scalar_one())


def labels_without(connection: Connection, content_id: int, positions: Sequence[int]) -> set[str]:
    """The labels that a content's other entries use, were these not there."""
    is_among = statements_of(connection).is_among
    left: dict[int, int] = {}
    names: dict[int, str] = {}
    columns = dataset_labels.c.id, dataset_labels.c.name, dataset_labels.c.entry_count
    for label_id, name, count in connection.execute(select(*columns).where(dataset_labels.c.content_id == content_id)):
        names[label_id], left[label_id] = name, count
    used = dataset_entry_labels.c
    for start in range(0, len(positions), POSITIONS_AT_ONCE):
        batch = positions[start : start + POSITIONS_AT_ONCE]
        uses = (
            select(used.label_id, func.count())
            .where(used.content_id == content_id, is_among(used.position, batch))
            .group_by(used.label_id)
        )
        for label_id, count in connection.execute(uses):
            left[label_id] -= count
    return {names[label_id] for label_id, count in left.items() if count > 0}


def contents_of(connection: Connection, dataset_id: int) -> list[int]:
    """All contents that were begun for a dataset, the current one among them."""
    statement = select(dataset_contents.c.id).where(dataset_contents.c.dataset_id == dataset_id)
    return list(connection.execute(statement).scalars())


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
