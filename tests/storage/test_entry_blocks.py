"""Filters over contents of several blocks, against a plain look at every entry (api-facts §2.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from emulator.storage.block_text import BLOCK, BlockText, Part, lines_of
from emulator.storage.content_changes import append_entries, create_content, move_entries, upsert_entries
from emulator.storage.engine import Database
from support.entries import COUNT, check, entry, record


@pytest.mark.parametrize("batch", [1000, 333])
def test_every_filter_finds_what_a_look_at_every_entry_finds(database: Database, batch: int) -> None:
    records = [entry(number) for number in range(COUNT)]

    def play(connection: Connection) -> None:
        content = create_content(connection, 1)
        for start in range(0, COUNT, batch):
            append_entries(connection, content, records[start : start + batch])
        expected = dict(enumerate(records))
        check(connection, content, expected)

        changed = [record(item.source_ref, {"rare": 0}, True) for item in records[1000:1050]]
        upsert_entries(connection, content, changed)
        expected |= dict(enumerate(changed, start=1000))
        check(connection, content, expected)

        gone = [*range(0, COUNT, 5), *range(COUNT - 20, COUNT)]
        target = create_content(connection, 2)
        move_entries(connection, content, target, gone)
        moved = [expected.pop(position) for position in sorted(set(gone))]
        append_entries(connection, content, [record("s3://bucket/new/photo-1.jpg", {"late": 0}, False)])
        expected[COUNT] = record("s3://bucket/new/photo-1.jpg", {"late": 0}, False)
        check(connection, content, expected)
        check(connection, target, dict(enumerate(moved)))

    database.write_now(play)


def of_text(source_refs: list[str], part: str) -> list[int]:
    return lines_of(Part(part).lines(BlockText.of(source_refs)))


def test_a_part_may_begin_in_the_folder_and_end_in_the_name() -> None:
    source_refs = ["s3://bucket/a/b.jpg", "s3://bucket/ba/b.jpg", "s3://bucket/a/cb.jpg", "s3://bucket/a/b/a/b"]
    assert of_text(source_refs, "a/b") == [0, 1, 3]
    assert of_text(source_refs, "/a/b") == [0, 3]
    assert of_text(source_refs, "bucket/a/b.jpg") == [0]
    assert of_text(source_refs, "b") == [0, 1, 2, 3]
    assert of_text(source_refs, "bb") == []
    assert of_text(source_refs, "A/B") == []


def test_many_folders_are_kept_with_their_names() -> None:
    source_refs = [f"s3://bucket/{number}/x/{number}.jpg" for number in range(BLOCK)]
    text = BlockText.of(source_refs)
    assert text.source_refs() == source_refs
    assert of_text(source_refs, "/17/x/17.jpg") == [17]


@given(
    st.lists(st.text("ab/ü", max_size=12).map(lambda text: f"s3://bucket/{text}"), min_size=1, max_size=30),
    st.text("ab/ü", min_size=1, max_size=5) | st.text("s3:/bucket", min_size=1, max_size=5),
)
def test_any_part_of_any_source_refs(source_refs: list[str], part: str) -> None:
    expected = [line for line, source_ref in enumerate(source_refs) if part in source_ref]
    assert of_text(source_refs, part) == expected
