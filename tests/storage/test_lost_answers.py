"""A commit of PostgreSQL whose answer is lost: what it did is what it is taken for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from emulator.storage.engine import Database
from emulator.storage.ownership import hold_database
from emulator.storage.tags import read_tags, write_tags
from support import postgresql
from support.lossy_link import LossyLink

pytestmark = pytest.mark.skipif(not postgresql.can_run(), reason="there is no wheel of PostgreSQL for this machine")

COMMIT = b"\x0bCOMMIT\x00"
"""The message of the protocol."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A database of its own."""
    yield postgresql.database_url(tmp_path)
    postgresql.drop_databases()


def tags_in(database: Database) -> dict[str, str]:
    return database.read_now(lambda connection: read_tags(connection, "arn"))


def test_a_commit_whose_answer_is_lost_was_one(url: str) -> None:
    is_armed, cuts = threading.Event(), []

    def cut_one_commit(piece: bytes) -> bool:
        if is_armed.is_set() and COMMIT in piece:
            is_armed.clear()
            cuts.append(piece)
            return True
        return False

    with LossyLink(url, cut_one_commit) as link, hold_database(link.url) as owned:
        database = Database(owned)
        is_armed.set()
        database.write_now(lambda connection: write_tags(connection, "arn", {"acknowledged": ""}))
        assert len(cuts) == 1
        assert tags_in(database) == {"acknowledged": ""}
        database.close()


def test_a_write_that_is_cut_before_its_commit_was_none_and_is_known_as_lost(url: str) -> None:
    def write_and_be_cut(connection: Connection) -> None:
        write_tags(connection, "arn", {"unfinished": ""})
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with hold_database(url) as owned:
        database = Database(owned)
        with pytest.raises(OperationalError) as caught:
            database.write_now(write_and_be_cut)
        assert database.is_lost(caught.value)
        database.write_now(lambda connection: write_tags(connection, "arn", {"next": ""}))
        assert tags_in(database) == {"next": ""}
        database.close()
