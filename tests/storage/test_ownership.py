"""A second emulator on the same database of PostgreSQL waits, and takes over (docs/scale.md)."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from emulator.storage.dialects.interface import NotOwnerError
from emulator.storage.dialects.postgresql_links import connection_info, owned_url, owner_of
from emulator.storage.engine import Database, open_database
from emulator.storage.ownership import OWNER_LOCK, SECONDS_BETWEEN_LOOKS, hold_database
from emulator.storage.tags import read_tags, write_tags
from support import postgresql
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"

pytestmark = pytest.mark.skipif(not postgresql.can_run(), reason="there is no wheel of PostgreSQL for this machine")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A database of its own."""
    yield postgresql.database_url(tmp_path)
    postgresql.drop_databases()


def emulator(directory: Path, url: str) -> EmulatorProcess:
    return EmulatorProcess(directory, {"CUSTOM_LABELS_DATABASE_URL": url})


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is needed")
def test_a_second_emulator_takes_over_what_the_first_acknowledged(tmp_path: Path, url: str) -> None:
    first, second = emulator(tmp_path / "data", url), emulator(tmp_path / "data", url)
    with first, closing(second), ThreadPoolExecutor(1) as thread:
        starting = thread.submit(second.start)
        wait_until(lambda: "waits and takes over" in second.log(), what="that the second emulator waits")
        arn = first.client("rekognition", ACCOUNT).create_project(ProjectName="kept")["ProjectArn"]
        assert not starting.done()
        first.process.send_signal(signal.SIGKILL)
        starting.result(120)
        [project] = second.client("rekognition", ACCOUNT).describe_projects()["ProjectDescriptions"]
        assert project["ProjectArn"] == arn
        assert second.terminate() == 0


def cut_the_owners_session() -> None:
    """As when a database's administrator, or a lost link, ends it."""
    with postgresql.administrator() as connection:
        holders = (
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
        )
        connection.execute(holders, (OWNER_LOCK,))


def test_an_emulator_whose_session_is_cut_goes_on_where_nobody_waits(tmp_path: Path, url: str) -> None:
    with emulator(tmp_path / "data", url) as running:
        cut_the_owners_session()
        wait_until(lambda: "nobody has taken over" in running.log(), what="that the session is there again")
        running.client("rekognition", ACCOUNT).create_project(ProjectName="written-afterwards")
        assert running.log().count("the session with the database is lost") == 1
        assert running.terminate() == 0


def test_of_two_emulators_one_goes_on_when_the_session_is_cut(tmp_path: Path, url: str) -> None:
    first, second = emulator(tmp_path / "data", url), emulator(tmp_path / "data", url)
    with first, closing(second), ThreadPoolExecutor(1) as thread:
        first.client("rekognition", ACCOUNT).create_project(ProjectName="kept")
        starting = thread.submit(second.start)
        wait_until(lambda: "waits and takes over" in second.log(), what="that the second emulator waits")
        time.sleep(3 * SECONDS_BETWEEN_LOOKS)  # so that the first one knows
        assert "is lost" not in first.log()
        cut_the_owners_session()
        has_ended = "this one ends now", "nobody has taken over"
        wait_until(lambda: any(words in first.log() for words in has_ended), what="that it is decided who goes on")
        if has_ended[1] in first.log():
            first.kill()
        assert first.process.wait(30) != 0
        starting.result(60)
        [project] = second.client("rekognition", ACCOUNT).describe_projects()["ProjectDescriptions"]
        assert "/kept/" in project["ProjectArn"]


def test_an_owner_that_was_followed_writes_nothing_any_more(url: str) -> None:
    def write(database: Database, key: str) -> None:
        database.write_now(lambda connection: write_tags(connection, "arn", {key: ""}))

    with ExitStack() as stack, hold_database(url) as first_url:
        first, worker = Database(first_url), open_database(first_url)
        write(first, "first")
        write(worker, "worker")
        with psycopg.connect(connection_info(url), autocommit=True) as connection:
            connection.execute("UPDATE database_owner SET owner = 'second'")
        second = Database(owned_url(url, "second"))
        for database in (first, worker, second):
            stack.callback(database.close)
        for database in (first, worker):
            with pytest.raises(NotOwnerError):
                write(database, "late")
        write(second, "second")
        assert set(second.read_now(lambda connection: read_tags(connection, "arn"))) == {"first", "worker", "second"}
        # As it was, so that its watch does not end this process.
        with psycopg.connect(connection_info(url), autocommit=True) as connection:
            connection.execute("UPDATE database_owner SET owner = %s", (owner_of(first_url),))


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    not_there = emulator(tmp_path / "data", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(AssertionError, match="CUSTOM_LABELS_DATABASE_URL: "), not_there:
        pass
