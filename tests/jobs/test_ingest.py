"""Manifests become datasets: streamed, counted, refused with the documented message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from emulator.domain.caller import Caller
from emulator.domain.jobs import CLIENT_ERROR, Broke, Done, Outcome
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.object_store import ObjectLocation
from emulator.jobs import content_updates, ingest
from emulator.jobs.content_updates import update_content
from emulator.jobs.ingest import IngestTask, build_content, location_of, manifest_size, open_manifest
from emulator.storage.block_text import BLOCK
from emulator.storage.content_changes import create_content
from emulator.storage.contents import (
    content_bucket,
    content_stats,
    contents_of,
    iterate_lines,
    labels_by_position,
    list_labels,
)
from emulator.storage.engine import Database
from emulator.storage.entry_blocks import matching_positions
from emulator.storage.rows import ContentStats, EntryFilter
from support.manifest_lines import line, manifest
from support.memory_store import MemoryObjectStore

CALLER = Caller("111122223333", "us-east-1")
INVALID_CONTENTS = "The manifest file extension or contents are invalid."
TOO_MANY_ERRORS = "The manifest file has too many terminal errors."
SEVERAL_BUCKETS = "The manifest file contains images from multiple S3 buckets."


def build(database: Database, body: bytes, key: str = "train.manifest") -> Outcome:
    objects = MemoryObjectStore()
    return build_content(database, objects, IngestTask(CALLER, objects.add("manifests", key, body), 1))


def built(database: Database, body: bytes) -> int:
    """The new content of a manifest that is read without an error."""
    outcome = build(database, body)
    assert isinstance(outcome, Done) and outcome.content_id is not None
    return outcome.content_id


def stats(database: Database, content_id: int) -> ContentStats:
    return database.read_now(lambda connection: content_stats(connection, content_id))


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, int, bool]]]:
    """What is run meanwhile: the text, the number of parameters, and whether other writers wait for it."""
    seen: list[tuple[str, int, bool]] = []

    def note(connection: Connection, _cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        is_writer = connection.get_execution_options().get("immediate", False)
        seen.append((text, len(parameters[0] if many else parameters), is_writer))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def empty_content(database: Database) -> int:
    return database.write_now(lambda connection: create_content(connection, 1))


def failed(message: str) -> Outcome:
    return Broke(message, CLIENT_ERROR)


def test_a_manifest_becomes_entries(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches; the labels in the order in which they were first seen."""
    monkeypatch.setattr(ingest, "ENTRIES_AT_ONCE", 3)
    lines = [line(f"image{number}", f"label{number % 3}") for number in range(10)] + [line("plain")]
    content = built(database, manifest(*lines))
    assert stats(database, content) == ContentStats(11, 10, 0, 3)

    def read(connection: Connection) -> None:
        assert [label.name for label in list_labels(connection, content)] == ["label0", "label1", "label2"]
        assert content_bucket(connection, content) == "pictures"
        found = [json.loads(text) for text in iterate_lines(connection, content)]
        assert [entry["source-ref"] for entry in found] == [json.loads(text)["source-ref"] for text in lines]
        assert found[0]["cl-metadata"] == {"is_labeled": True}
        assert list(found[0])[-1] == "cl-metadata"

    database.read_now(read)


def test_lines_that_cannot_be_used_leave_no_trace(database: Database) -> None:
    """E-8, up to 20 % of all lines (V-1)."""
    good = [line(f"image{number}", "a") for number in range(8)]
    assert stats(database, built(database, manifest(*good, good[0], "{"))).total_entries == 8


def test_lines_with_errors_are_kept_and_counted(database: Database) -> None:
    """E-9."""
    wrong = line("wrong", "a").replace("image-classification", "wrong-type")
    found = stats(database, built(database, manifest(line("good", "a"), wrong)))
    assert (found.total_entries, found.error_entries) == (2, 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", INVALID_CONTENTS),
        (b"\n\n", INVALID_CONTENTS),
        (b"\xff\xd8\xff\xe0 a JPEG file", INVALID_CONTENTS),
        (manifest(*[line(f"i{n}", "a") for n in range(3)], "{"), TOO_MANY_ERRORS),
        (manifest(line("a", "x"), line("b", "x", bucket="elsewhere")), SEVERAL_BUCKETS),
        (manifest(*[line(f"i{n}", f"label{n}") for n in range(251)]), "The manifest file has too many labels."),
    ],
)
def test_manifests_that_fail_as_a_whole(database: Database, body: bytes, message: str) -> None:
    """api-facts §3.7; what was built so far belongs to no dataset."""
    assert build(database, body) == failed(message)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line(f"i{n}", f"label{n}") for n in range(1000)], "The manifest file has too many labels."),
        ([line("first", *(f"label{n}" for n in range(251))), line("i", "a")], "The manifest file has too many labels."),
        ([line(f"i{n}", "a", bucket=f"bucket{n}") for n in range(1000)], SEVERAL_BUCKETS),
        ([line(f"i{n}", f"label{n}") for n in range(500)] + ["{"] * 500, TOO_MANY_ERRORS),
    ],
)
def test_a_manifest_that_is_lost_is_examined_to_its_end_and_not_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch, lines: list[str], message: str
) -> None:
    """E-6, TE-7: a label for each image of a large manifest would keep the database at work for minutes."""
    monkeypatch.setattr(ingest, "ENTRIES_AT_ONCE", 100)
    assert build(database, manifest(*lines)) == failed(message)
    [content] = database.read_now(lambda connection: contents_of(connection, 1))
    assert stats(database, content).total_labels <= 250
    assert stats(database, content).total_entries <= 250


@pytest.mark.parametrize("key", ["manifest", "folder.d/manifest", ".manifest", "manifest."])
def test_a_manifest_needs_an_extension(database: Database, key: str) -> None:
    """X-7."""
    assert build(database, manifest(line("a", "x")), key) == failed(INVALID_CONTENTS)


def test_manifests_that_cannot_be_read(database: Database) -> None:
    """E-1 for what is not there, E-4 for what may not be read."""
    objects = MemoryObjectStore()
    missing = ObjectLocation("manifests", "train.manifest")
    assert build_content(database, objects, IngestTask(CALLER, missing, 1)) == failed(INVALID_CONTENTS)
    assert manifest_size(objects, missing, CALLER) == 0
    objects.denied.add("manifests")
    assert build_content(database, objects, IngestTask(CALLER, missing, 1)) == failed(
        "The S3 bucket permissions are incorrect."
    )
    assert manifest_size(objects, missing, CALLER) == 0


def test_the_size_of_a_manifest_is_asked_before_it_is_read(database: Database) -> None:
    """E-2: one GB."""

    class Huge(MemoryObjectStore):
        def head(self, location: ObjectLocation, caller: Caller) -> Any:
            found = super().head(location, caller)
            return type(found)(found.key, 2**30 + 1, found.etag)

        def open(self, *_: object) -> Any:
            raise AssertionError("it must not be opened")

    objects = Huge()
    location = objects.add("manifests", "train.manifest", b"{}")
    message = "The manifest file size exceeds the maximum supported size."
    assert build_content(database, objects, IngestTask(CALLER, location, 1)) == failed(message)
    with pytest.raises(Exception, match="maximum supported size"), open_manifest(objects, location, CALLER):
        pass


def test_an_object_of_the_api_is_a_location() -> None:
    assert location_of({"Bucket": "b", "Name": "k"}) == ObjectLocation("b", "k")
    assert location_of({"Bucket": "b", "Name": "k", "Version": "v"}).version == "v"


def test_an_update_replaces_and_appends(database: Database) -> None:
    """D-12; doing it twice is doing it once, as after a restart."""
    content = built(database, manifest(line("a", "old"), line("b", "kept")))
    changes = manifest(line("a", "new"), line("c", "third"))
    for _ in range(2):
        assert update_content(database, changes, content) == Done()
        assert stats(database, content) == ContentStats(3, 3, 0, 3)

    def names(connection: Connection) -> list[str]:
        return [json.loads(text)["source-ref"][-5] for text in iterate_lines(connection, content)]

    assert database.read_now(names) == ["a", "b", "c"]


def test_an_update_that_fails_changes_nothing(database: Database) -> None:
    """api-facts §2.5: the old content stays readable."""
    content = built(database, manifest(line("a", "x"), line("b", "x")))
    before = database.read_now(lambda connection: list(iterate_lines(connection, content)))
    assert update_content(database, manifest(line("c", "x", bucket="elsewhere")), content) == failed(SEVERAL_BUCKETS)
    assert update_content(database, b"nonsense", content) == failed(INVALID_CONTENTS)
    assert database.read_now(lambda connection: list(iterate_lines(connection, content))) == before


def test_a_dataset_grows_to_as_many_entries_as_a_manifest_has_lines(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E-3, V-6: beyond that no training would take it. What is replaced does not count twice."""
    content = built(database, manifest(*[line(f"image{number}", "a") for number in range(5)]))
    monkeypatch.setattr(content_updates, "ManifestLimits", partial(ManifestLimits, lines=6))
    assert update_content(database, manifest(line("image0", "b"), line("new", "b")), content) == Done()
    refused = update_content(database, manifest(line("image0", "c"), line("newer", "b")), content)
    assert refused == failed("The manifest file has too many rows.")
    assert stats(database, content) == ContentStats(6, 6, 0, 2)


def test_labels_of_an_update_are_counted_when_it_is_done(database: Database) -> None:
    """Q-6, L-1: at 250 labels, one may take the place of another, and none may come on top."""
    content = built(database, manifest(*[line(f"i{number}", f"label{number}") for number in range(250)]))
    assert update_content(database, manifest(line("i0", "another")), content) == Done()
    before = stats(database, content)
    too_many = failed("The manifest file has too many labels.")
    assert update_content(database, manifest(line("new", "one more")), content) == too_many
    assert stats(database, content) == before == ContentStats(250, 250, 0, 250)


def test_an_update_fills_an_empty_dataset(database: Database) -> None:
    content = empty_content(database)
    assert update_content(database, manifest(line("a", "x")), content) == Done()
    assert database.read_now(lambda connection: content_bucket(connection, content)) == "pictures"


@settings(max_examples=60)
@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([line("a", "x"), line("\\ud800"), "{}", "[1]", "", "\x00"])).map(
        lambda lines: "\n".join(lines).encode()
    )
)
def test_any_bytes_end_well_or_as_the_clients_error(database: Database, body: bytes) -> None:
    content = empty_content(database)
    outcome = update_content(database, body, content)
    assert outcome == Done() or (isinstance(outcome, Broke) and outcome.code == CLIENT_ERROR)


def test_a_long_update_is_few_statements_and_searches_before_it_writes(database: Database) -> None:
    """Other writers wait for a piece of it: a few statements with a block of entries (D-12)."""
    content = empty_content(database)
    body = manifest(*(json.dumps({"source-ref": f"s3://pictures/{number}"}) for number in range(5_000)))
    pieces = 5_000 // (2 * BLOCK) + 1
    for _ in range(2):
        with statements(database) as seen:
            assert update_content(database, body, content) == Done()
        assert max(parameters for _, parameters, _ in seen) < 20
        assert [is_writer for text, _, is_writer in seen if text.startswith("SELECT dataset_entries.source_ref")] == [
            False
        ]
        assert sum(is_writer for *_, is_writer in seen) < 20 * (pieces + 2)
    assert stats(database, content).total_entries == 5_000


@pytest.mark.parametrize("transactions", range(6))
def test_an_update_that_is_cut_off_is_done_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    """Before any of its transactions: begin, two of replaced entries, two of new ones, unused labels (D-12)."""
    present = [line(f"old{number}", "going" if number % 2 else "staying") for number in range(3 * BLOCK)]
    changes = manifest(
        *[line(f"old{number}", "came" if number % 2 else "staying") for number in reversed(range(3 * BLOCK))],
        *[line(f"new{number}", f"label{number % 3}") for number in range(2 * BLOCK + 1)],
    )
    cut_off, whole = (built(database, manifest(*present)) for _ in range(2))
    assert update_content(database, changes, whole) == Done()
    write_now, left = database.write_now, iter(range(transactions))

    def write_or_end(function: Callable[[Connection], Any]) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return write_now(function)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(database, "write_now", write_or_end)
        update_content(database, changes, cut_off)
    assert update_content(database, changes, cut_off) == Done()

    def seen(connection: Connection, content: int) -> list[object]:
        labels = [(label.name, label.entries, label.boxes) for label in list_labels(connection, content)]
        filters = [EntryFilter(contains_labels=(name,)) for name, _, _ in labels]
        found = [list(matching_positions(connection, content, wanted, after=None)) for wanted in filters]
        lines = list(iterate_lines(connection, content))
        return [content_stats(connection, content), labels, found, lines, labels_by_position(connection, content)]

    after_both = [database.read_now(partial(seen, content=content)) for content in (cut_off, whole)]
    assert after_both[0] == after_both[1]
    assert after_both[0][0] == ContentStats(5 * BLOCK + 1, 5 * BLOCK + 1, 0, 5)
