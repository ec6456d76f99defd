"""Entries by offset and by name, under every filter, against a plain look at all of them."""

from __future__ import annotations

from sqlalchemy import Connection

from emulator.storage.block_text import BLOCK
from emulator.storage.content_changes import append_entries, create_content, remove_entries, upsert_entries
from emulator.storage.engine import Database
from emulator.storage.entry_blocks import count_by_label, matching_blocks
from emulator.storage.entry_pages import (
    content_revision,
    in_order,
    name_order,
    offset_of,
    positions_by_offset,
    source_refs_at,
)
from emulator.storage.rows import EntryFilter, EntryRecord
from support.entries import COUNT, FILTERS, entry, matches

REMOVED = (0, 5, BLOCK - 1, BLOCK, COUNT - 1)


def content_with_gaps(database: Database) -> tuple[int, dict[int, EntryRecord]]:
    """A content of which some entries were removed, and what is left by position."""

    def build(connection: Connection) -> int:
        content = create_content(connection, 1)
        append_entries(connection, content, [entry(number) for number in range(COUNT)])
        remove_entries(connection, content, REMOVED)
        return content

    return database.write_now(build), {number: entry(number) for number in range(COUNT) if number not in REMOVED}


def test_pages_places_and_counts_are_those_of_a_plain_look(database: Database) -> None:
    content, expected = content_with_gaps(database)
    with database.engine.begin() as connection:
        order = name_order(connection, content)
        by_name = sorted(expected, key=lambda at: (expected[at].source_ref.rpartition("/")[2], expected[at].source_ref))
        assert list(order) == by_name
        for wanted in FILTERS:
            passing = [position for position, item in expected.items() if matches(item, wanted)]
            for offset, limit in (
                (0, 10),
                (len(passing) // 2, 50),
                (BLOCK - 3, 7),
                (max(0, len(passing) - 3), 10),
                (COUNT, 5),
            ):
                page = positions_by_offset(connection, content, wanted, offset, limit)
                assert page == (len(passing), passing[offset : offset + limit]), (wanted, offset)
            for place in {0, len(passing) // 3, len(passing) - 1} if passing else ():
                assert offset_of(connection, content, wanted, passing[place]) == place
            assert in_order(connection, content, wanted, order) == [at for at in by_name if at in set(passing)]


def test_what_does_not_pass_has_no_place(database: Database) -> None:
    content, _ = content_with_gaps(database)
    with database.engine.begin() as connection:
        assert offset_of(connection, content, EntryFilter(), BLOCK) is None
        assert offset_of(connection, content, EntryFilter(), COUNT + 5000) is None
        assert offset_of(connection, content, EntryFilter(("even",)), 7) is None


def test_labels_are_counted_among_entries(database: Database) -> None:
    content, expected = content_with_gaps(database)
    wanted = EntryFilter(source_ref_contains="photo-1")
    with database.engine.begin() as connection:
        counts = count_by_label(connection, content, dict(matching_blocks(connection, content, wanted)))
    passing = [item for item in expected.values() if matches(item, wanted)]
    labels = {label for item in passing for label in item.labels}
    assert counts == {label: sum(label in item.labels for item in passing) for label in labels}


def test_source_refs_come_in_the_order_asked_for(database: Database) -> None:
    content, expected = content_with_gaps(database)
    positions = [COUNT - 2, 3, REMOVED[1], BLOCK + 7]
    with database.engine.begin() as connection:
        found = source_refs_at(connection, content, positions)
    assert found == [expected[at].source_ref for at in positions if at in expected]


def test_the_revision_grows_with_every_change(database: Database) -> None:
    content, _ = content_with_gaps(database)

    def revision() -> int:
        return database.read_now(lambda connection: content_revision(connection, content))

    before = revision()
    database.write_now(lambda connection: upsert_entries(connection, content, [entry(2)]))
    replaced = revision()
    assert replaced > before
    database.write_now(lambda connection: append_entries(connection, content, [entry(COUNT + 1)]))
    assert revision() > replaced
