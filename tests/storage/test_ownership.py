"""A second emulator on the same database of PostgreSQL waits, and takes over (docs/scale.md)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from emulator.storage.ownership import OWNER_LOCK
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


def test_an_emulator_ends_when_its_session_with_the_database_is_lost(tmp_path: Path, url: str) -> None:
    with emulator(tmp_path / "data", url) as running:
        with postgresql.administrator() as connection:
            holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            connection.execute(holders, (OWNER_LOCK,))
        assert running.process.wait(90) == 0
        assert "the session with the database is lost" in running.log()


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="CUSTOM_LABELS_DATABASE_URL: "):
        emulator(tmp_path / "data", "postgresql://nobody@127.0.0.1:1/none").start()
