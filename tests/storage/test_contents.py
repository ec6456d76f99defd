"""A dataset's content against a plain model of it: whatever is done to it, counts, labels and lists agree."""

from __future__ import annotations

import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import Connection, func, select

from emulator.domain.states import DatasetState
from emulator.storage.content_changes import (
    append_entries,
    create_content,
    move_entries,
    set_content_bucket,
    sweep_content,
    upsert_entries,
)
from emulator.storage.content_copies import copy_entries
from emulator.storage.contents import (
    content_bucket,
    content_stats,
    contents_of,
    iterate_lines,
    labels_by_position,
    list_entries,
    list_labels,
    unreferenced_contents,
)
from emulator.storage.datasets import add_dataset, remove_dataset, set_dataset_content, set_dataset_status
from emulator.storage.engine import Database
from emulator.storage.projects import add_project, find_project
from emulator.storage.rows import EntryFilter, EntryRecord
from emulator.storage.tables import (
    dataset_blocks,
    dataset_entries,
    dataset_entry_labels,
    dataset_label_blocks,
    dataset_labels,
    metadata,
)
from support.entries import matches, record

LABELS = ("circle", "square", "tri_angle", "100%", "ÄÖ")
REFS = st.integers(0, 30).map(lambda number: f"s3://bucket/{'%' if number % 3 else '_'}/{number}.jpg")
FILTERS = st.builds(
    EntryFilter,
    contains_labels=st.none() | st.lists(st.sampled_from([*LABELS, "none"]), min_size=1, max_size=3).map(tuple),
    labeled=st.none() | st.booleans(),
    source_ref_contains=st.none() | st.sampled_from(["_", "%", "1.jpg", "/2", "et/_/1", "/_/", "nowhere", "S3://"]),
    has_errors=st.none() | st.booleans(),
)


RECORDS = st.builds(record, REFS, st.dictionaries(st.sampled_from(LABELS), st.integers(0, 3)), st.booleans())
BATCHES = st.lists(RECORDS, max_size=8, unique_by=lambda item: item.source_ref)


class ContentMachine(RuleBasedStateMachine):
    """Contents in a database beside dictionaries from position to entry."""

    contents = Bundle("contents")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.directory.name) / "state.sqlite")
        self.database.write_now(metadata.create_all)
        self.model: dict[int, dict[int, EntryRecord]] = {}
        self.next_position: dict[int, int] = {}

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()

    def write(self, function: Any, *arguments: Any) -> Any:
        return self.database.write_now(lambda connection: function(connection, *arguments))

    @rule(target=contents)
    def create(self) -> int:
        content: int = self.write(create_content, 1)
        assert content not in self.next_position, "an id is never given twice"
        self.model[content], self.next_position[content] = {}, 0
        return content

    @rule(content=contents, batch=BATCHES)
    def append(self, content: int, batch: list[EntryRecord]) -> None:
        present = {entry.source_ref for entry in self.model[content].values()}
        self.add(content, [entry for entry in batch if entry.source_ref not in present])

    def add(self, content: int, new: list[EntryRecord]) -> None:
        self.write(append_entries, content, new)
        self.note(content, new)

    def note(self, content: int, new: list[EntryRecord]) -> None:
        for entry in new:
            self.model[content][self.next_position[content]] = entry
            self.next_position[content] += 1

    @rule(content=contents, batch=BATCHES)
    def upsert(self, content: int, batch: list[EntryRecord]) -> None:
        self.write(upsert_entries, content, batch)
        places = {entry.source_ref: position for position, entry in self.model[content].items()}
        for entry in batch:
            if entry.source_ref in places:
                self.model[content][places[entry.source_ref]] = entry
        self.note(content, [entry for entry in batch if entry.source_ref not in places])

    @rule(target=contents, content=contents, data=st.data())
    def move_to_a_new_one(self, content: int, data: st.DataObject) -> Any:
        positions = sorted(self.model[content])
        if not positions:
            return multiple()
        chosen = data.draw(st.lists(st.sampled_from(positions), min_size=1, unique=True))
        self.write(set_content_bucket, content, "bucket")
        # The rule gives what hypothesis wraps; the type of the plain function is lost.
        target: Any = self.create()
        self.write(move_entries, content, target, chosen)
        self.note(target, [self.model[content].pop(position) for position in sorted(chosen)])
        assert self.database.read_now(lambda connection: content_bucket(connection, target)) == "bucket"
        return target

    @rule(target=contents, content=contents)
    def copy(self, content: int) -> int:
        target = copy_entries(self.database, lambda _connection: content, 2)
        assert target is not None
        self.model[target] = dict(self.model[content])
        self.next_position[target] = self.next_position[content]
        return target

    @rule(target=contents, content=contents, data=st.data())
    def copy_a_part(self, content: int, data: st.DataObject) -> int:
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.model[content]) or [0])))
        target = copy_entries(self.database, lambda _connection: content, 2, chosen.__contains__)
        assert target is not None
        self.model[target] = {position: entry for position, entry in self.model[content].items() if position in chosen}
        self.next_position[target] = self.next_position[content]
        return target

    @rule(content=consumes(contents), limit=st.integers(1, 5))
    def sweep(self, content: int, limit: int) -> None:
        rounds = 1
        while not self.write(sweep_content, content, limit):
            rounds += 1
        assert rounds == -(-len(self.model[content]) // limit) + 1
        del self.model[content]

    @invariant()
    def all_contents_agree(self) -> None:
        self.database.read_now(self.compare)

    def compare(self, connection: Connection) -> None:
        for content, entries in self.model.items():
            stats = content_stats(connection, content)
            counted = Counter(label for entry in entries.values() for label in entry.labels)
            boxes = Counter(dict.fromkeys(counted, 0))
            for entry in entries.values():
                boxes.update(entry.labels)
            assert stats.total_entries == len(entries)
            assert stats.labeled_entries == sum(entry.is_labeled for entry in entries.values())
            assert stats.error_entries == sum(entry.has_errors for entry in entries.values())
            assert stats.total_labels == len(counted)
            found = list_labels(connection, content)
            assert {label.name: (label.entries, label.boxes) for label in found} == {
                label: (counted[label], boxes[label]) for label in counted
            }
            lines = [entries[position].line for position in sorted(entries)]
            assert list(iterate_lines(connection, content)) == lines
            assert {position: set(labels) for position, labels in labels_by_position(connection, content).items()} == {
                position: set(entry.labels) for position, entry in entries.items()
            }

    @rule(content=contents, wanted=FILTERS, limit=st.integers(1, 6))
    def list_in_pages(self, content: int, wanted: EntryFilter, limit: int) -> None:
        expected = [
            (position, entry.line) for position, entry in sorted(self.model[content].items()) if matches(entry, wanted)
        ]
        found: list[tuple[int, str]] = []
        after: int | None = None
        while page := self.database.read_now(
            partial(list_entries, content_id=content, wanted=wanted, after=after, limit=limit)
        ):
            found += page
            after = page[-1][0]
        assert found == expected

    @invariant()
    def nothing_is_left_over(self) -> None:
        """Every row belongs to a content that is there."""

        def owners(connection: Connection) -> set[int]:
            labels = select(dataset_labels.c.id)
            assert not connection.execute(
                select(dataset_label_blocks.c.label_id).where(dataset_label_blocks.c.label_id.not_in(labels))
            ).all()
            tables = (dataset_entries, dataset_labels, dataset_entry_labels, dataset_blocks)
            return {
                content
                for table in tables
                for content in connection.execute(select(table.c.content_id).distinct()).scalars()
            }

        assert self.database.read_now(owners) <= set(self.model)


ContentMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=20)
TestContents = ContentMachine.TestCase


def test_labels_come_in_the_order_in_which_they_were_first_seen(database: Database) -> None:
    """api-facts §2.7; a label that vanished and comes again is a new one."""

    def fill(connection: Connection) -> list[list[str]]:
        content, seen = create_content(connection, 1), []
        batches = [
            [record("a", {"tulip": 0, "rose": 0}, False), record("b", {"aster": 0}, False)],
            [record("a", {"rose": 0}, False)],
            [record("c", {"tulip": 0}, False)],
        ]
        for batch in batches:
            upsert_entries(connection, content, batch)
            seen.append([label.name for label in list_labels(connection, content)])
        return seen

    assert database.write_now(fill) == [["tulip", "rose", "aster"], ["rose", "aster"], ["rose", "aster", "tulip"]]


def test_labels_come_in_pages(database: Database) -> None:
    def fill(connection: Connection) -> list[str]:
        content = create_content(connection, 1)
        append_entries(connection, content, [record("a", {f"label {number:02}": 0 for number in range(7)}, False)])
        names, after = [], None
        while page := list_labels(connection, content, after=after, limit=3):
            names += [label.name for label in page]
            after = page[-1].id
        return names

    assert database.write_now(fill) == [f"label {number:02}" for number in range(7)]


def test_more_entries_than_parameters_of_a_statement(database: Database) -> None:
    """SQLite takes 32,766 parameters."""
    number = 33_000
    records = [record(f"s3://bucket/{place}", {"a": 0}, False) for place in range(number)]

    def fill(connection: Connection) -> tuple[int, int, int]:
        content = create_content(connection, 1)
        append_entries(connection, content, records)
        upsert_entries(connection, content, records)
        target = create_content(connection, 2)
        move_entries(connection, content, target, range(0, number, 2))
        stats = content_stats(connection, content)
        while not sweep_content(connection, target, number):
            pass
        left = connection.execute(select(func.count()).select_from(dataset_entries)).scalar_one()
        return stats.total_entries, list_labels(connection, content)[0].entries, left

    assert database.write_now(fill) == (number // 2, number // 2, number // 2)


def test_which_contents_nobody_refers_to(database: Database) -> None:
    """Those of a dataset that is gone, and those it does not have while it is not at work."""

    def play(connection: Connection) -> None:
        created: dict[str, Any] = {
            "account": "111122223333",
            "region": "us-east-1",
            "feature": "CUSTOM_LABELS",
            "auto_update": None,
        }
        add_project(connection, name="p", arn="arn:p", created_at=1, **created)
        project = find_project(connection, "arn:p")
        assert project is not None
        dataset = add_dataset(
            connection,
            project_id=project.id,
            kind="train",
            arn="arn:d",
            created_at=1,
            status=DatasetState.CREATE_IN_PROGRESS,
            status_message="",
        )
        old, new, stranger = (create_content(connection, owner) for owner in (dataset, dataset, dataset + 1))
        assert contents_of(connection, dataset) == [old, new]
        assert unreferenced_contents(connection) == [stranger]
        set_dataset_content(connection, dataset, new)
        assert unreferenced_contents(connection) == [stranger]
        set_dataset_status(connection, dataset, DatasetState.CREATE_COMPLETE, "", updated_at=2)
        assert unreferenced_contents(connection) == [old, stranger]
        remove_dataset(connection, dataset)
        assert unreferenced_contents(connection) == [old, new, stranger]

    database.write_now(play)
