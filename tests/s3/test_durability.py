"""What start removes, what reset removes, and what neither touches."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation, ObjectNotFoundError, ObjectStoreUnavailableError
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.files import BlobFiles
from emulator.s3.index import schema
from emulator.s3.index.schema import NewerObjectIndexError
from emulator.s3.object_store import open_embedded_store
from support.s3_server import running_s3, s3_client

CALLER = Caller("111122223333", "us-east-1")
KEY = ObjectLocation("bucket", "key")


def blob_files(directory: Path) -> list[Path]:
    return [path for path in (directory / "blobs").rglob("*") if path.is_file()]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A directory with one bucket and one object of 3 MB."""
    with running_s3(tmp_path) as (s3, endpoint):
        client = s3_client(endpoint, CALLER.account)
        client.create_bucket(Bucket="bucket")
        client.close()
        s3.store().put(KEY, b"x" * 3_000_000, CALLER, "text/plain")
    return tmp_path


def test_start_removes_what_no_row_names_and_nothing_else(filled: Path) -> None:
    named = blob_files(filled)
    orphan = filled / "blobs" / "ab" / ("ab" + "0" * 30)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"of a write that was killed before its commit")
    (filled / "spool" / ("c" * 32)).write_bytes(b"of an upload that was cut")
    (filled / "blobs" / "readme.txt").write_bytes(b"not ours")
    s3 = EmbeddedS3(filled)
    assert s3.start() == 2
    assert sorted(blob_files(filled)) == sorted([*named, filled / "blobs" / "readme.txt"])
    assert s3.store().get(KEY, CALLER) == b"x" * 3_000_000
    assert s3.start() == 0
    s3.close()


def test_overwriting_and_deleting_remove_the_old_file(filled: Path) -> None:
    store = open_embedded_store(filled)
    before = blob_files(filled)
    store.put(KEY, b"new", CALLER, "text/plain")
    assert len(blob_files(filled)) == 1
    assert blob_files(filled) != before
    store.close()


def test_reset_removes_everything(filled: Path) -> None:
    """O-8."""
    s3 = EmbeddedS3(filled)
    s3.start()
    console = s3.console_bucket(CALLER.account, CALLER.region)
    store = s3.store()
    s3.reset()
    with pytest.raises(ObjectNotFoundError):
        store.get(KEY, CALLER)
    assert blob_files(filled) == []
    assert s3.console_bucket(CALLER.account, CALLER.region) != console
    s3.close()


def test_a_directory_of_a_newer_release_is_refused_and_left_alone(filled: Path) -> None:
    """O-3."""
    connection = sqlite3.connect(filled / "objects.sqlite3")
    connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    connection.close()
    orphan = filled / "spool" / ("c" * 32)
    orphan.write_bytes(b"x")
    s3 = EmbeddedS3(filled)
    with pytest.raises(NewerObjectIndexError, match=f"schema {len(schema.STEPS) + 1}"):
        s3.start()
    assert orphan.exists()
    s3.close()


def test_a_write_that_fails_leaves_no_file(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_embedded_store(filled)
    with pytest.raises(ObjectNotFoundError):
        store.put(ObjectLocation("no-such-bucket", "key"), b"x", CALLER, "text/plain")
    before = blob_files(filled)
    monkeypatch.setattr(Path, "rename", _no_space)
    with pytest.raises(ObjectStoreUnavailableError, match="No space left"):
        store.put(KEY, b"new", CALLER, "text/plain")
    monkeypatch.undo()
    assert blob_files(filled) == before
    assert list((filled / "spool").iterdir()) == []
    assert store.get(KEY, CALLER) == b"x" * 3_000_000
    store.close()


def _no_space(*_: object) -> None:
    raise OSError(28, os.strerror(28))


def test_readers_see_whole_objects_while_they_are_replaced(filled: Path) -> None:
    store = open_embedded_store(filled)
    done = threading.Event()
    wrong: list[bytes] = []

    def read() -> None:
        while not done.is_set():
            body = store.get(KEY, CALLER)
            if body.strip(body[:1]):
                wrong.append(body[:10])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(60):
        store.put(KEY, str(number % 10).encode() * 50_000, CALLER, "text/plain")
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert len(blob_files(filled)) == 1
    store.close()


@pytest.mark.parametrize("is_read_first", [False, True])
def test_a_reader_that_comes_while_a_file_is_removed_is_sent_to_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_read_first: bool
) -> None:
    files = BlobFiles(tmp_path)
    files.create()
    name = files.stage([b"old"]).name
    files.place(name)
    refused: list[Path] = []
    unlink = Path.unlink

    def read_before(path: Path, missing_ok: bool = False) -> None:
        """A reader that comes at the worst moment."""
        with pytest.raises(FileNotFoundError):
            files.hold([name])
        refused.append(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", read_before)
    if is_read_first:
        files.hold([name])
        files.remove([name])
        assert refused == []
        with files.open(name) as file:
            assert file.read() == b"old"
        files.release([name])
    else:
        files.remove([name])
    assert [path.name for path in refused] == [name]
    assert blob_files(tmp_path) == []


def test_the_index_uses_no_pickles(filled: Path) -> None:
    """Every column is readable with sqlite3 alone: numbers, text, JSON, or a document of the S3 API."""
    connection = sqlite3.connect(filled / "objects.sqlite3")
    (headers,) = connection.execute("SELECT headers FROM versions").fetchone()
    types = connection.execute(
        "SELECT typeof(size), typeof(etag), typeof(user_metadata), typeof(tags), json_valid(headers) FROM versions"
    ).fetchone()
    connection.close()
    assert headers == '{"content-type": "text/plain"}'
    assert types == ("integer", "text", "text", "text", 1)
