"""Transactions: whole or not at all, one writer, readers beside it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from emulator.domain.job_payloads import UpsertLines
from emulator.domain.jobs import JobKind
from emulator.storage.dialects.sqlite import LONGEST_LOG_BYTES
from emulator.storage.engine import Database
from emulator.storage.jobs import add_job, list_jobs, remove_job
from emulator.storage.rows import Job
from emulator.storage.tables import jobs, projects, tags
from emulator.storage.tags import read_tags, remove_tags, write_tags
from support import postgresql
from support.server import wait_until

_POLICY_OF_NO_PROJECT = (
    "INSERT INTO project_policies (project_id, name, document, revision_id, created_at, updated_at)"
    " VALUES (1, 'p', '{}', 'r', 0, 0)"
)
KILLED = """
import os, signal, sys
from pathlib import Path
from emulator.storage.engine import open_database
from emulator.storage.tags import write_tags
database = open_database(sys.argv[1])
database.write_now(lambda connection: write_tags(connection, "arn", {"acknowledged": "yes"}))
def die(connection):
    write_tags(connection, "arn", {"unfinished": "yes"})
    os.kill(os.getpid(), signal.SIGKILL)
database.write_now(die)
"""


def new_job(connection: Connection, arn: str = "arn") -> Job:
    return add_job(
        connection,
        kind=JobKind.UPDATE_DATASET,
        transition="training",
        resource_arn=arn,
        project_arn=arn,
        account="111122223333",
        region="us-east-1",
        payload=UpsertLines("ä\n".encode()),
        policy={"type": "real"},
        started_at=1,
    )


def test_a_write_that_fails_did_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        write_tags(connection, "arn", {"key": "value"})
        raise RuntimeError("after the write")

    with pytest.raises(RuntimeError):
        database.write_now(fail)
    assert database.read_now(lambda connection: read_tags(connection, "arn")) == {}


def test_writes_are_seen_by_every_kind_of_read(database: Database) -> None:
    async def play() -> list[dict[str, str]]:
        await database.write(lambda connection: write_tags(connection, "arn", {"key": "value"}))
        in_thread = await database.read_in_thread(lambda connection: read_tags(connection, "arn"))
        return [
            in_thread,
            database.read(lambda c: read_tags(c, "arn")),
            database.read_now(lambda c: read_tags(c, "arn")),
        ]

    assert asyncio.run(play()) == [{"key": "value"}] * 3


def test_a_cached_read_is_read_again_after_any_commit_of_any_process(database: Database) -> None:
    """What the cache gives is what `read` gives, and only a commit makes it read.

    PostgreSQL tells of commits of other processes a moment later, and of one's own once more.
    """
    asked: list[str] = []
    tells_at_once = not postgresql.is_chosen()

    def read(arn: str) -> dict[str, str]:
        def function(connection: Connection) -> dict[str, str]:
            asked.append(arn)
            return read_tags(connection, arn)

        found = database.read_cached(arn, function)
        assert found == database.read(lambda connection: read_tags(connection, arn))
        return found

    assert [read("a"), read("a"), read("b")] == [{}, {}, {}]
    assert asked == ["a", "b"] or not tells_at_once
    database.write_now(lambda connection: write_tags(connection, "a", {"key": "here"}))
    assert [read("a"), read("a"), read("b")] == [{"key": "here"}, {"key": "here"}, {}]
    assert asked == ["a", "b", "a", "b"] or not tells_at_once
    asyncio.run(database.write(lambda connection: write_tags(connection, "a", {"key": "writer's thread"})))
    assert read("a") == {"key": "writer's thread"}
    subprocess.run([sys.executable, "-c", KILLED, str(database.place)], cwd=Path(__file__).parents[2])
    if tells_at_once:
        assert read("arn") == {"acknowledged": "yes"}
    acknowledged = partial(read_tags, resource_arn="arn")
    wait_until(lambda: database.read_cached("arn", acknowledged) == {"acknowledged": "yes"}, what="word of the commit")


def test_what_is_kept_is_not_read_again_while_nobody_commits(database: Database) -> None:
    wait_until(lambda: database.data_version() == database.data_version(), what="that commits are heard of")
    asked: list[Connection] = []
    for _ in range(100):
        database.read_cached("key", asked.append)
    assert len(asked) == 1


def test_a_read_that_fails_is_not_cached_and_the_cache_is_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Connection) -> str:
        raise RuntimeError("not found")

    with pytest.raises(RuntimeError):
        database.read_cached("a", fail)
    assert database.read_cached("a", lambda _: "found") == "found"
    monkeypatch.setattr("emulator.storage.engine.MOST_CACHED", 8)

    def answer(number: int, _connection: Connection) -> int:
        return number

    assert [database.read_cached(number, partial(answer, number)) for number in range(50)] == list(range(50))
    assert len(database._cached) <= 8


def test_a_reader_sees_one_state_while_another_writes(database: Database) -> None:
    """A snapshot (WAL): a page of a list never mixes two states, and no reader waits for the writer."""

    def read(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
        before = read_tags(connection, "arn")
        database.write_now(lambda other: write_tags(other, "arn", {"key": "value"}))
        return before, read_tags(connection, "arn")

    assert database.read_now(read) == ({}, {})
    assert database.read_now(lambda connection: read_tags(connection, "arn")) == {"key": "value"}


def test_many_writers_take_turns(database: Database) -> None:
    async def play() -> None:
        await asyncio.gather(
            *(database.write(lambda connection: new_job(connection)) for _ in range(20)),
            *(asyncio.to_thread(database.write_now, lambda connection: new_job(connection)) for _ in range(20)),
        )

    asyncio.run(play())
    assert database.read_now(lambda c: c.execute(select(func.count()).select_from(jobs)).scalar_one()) == 40


def test_a_request_writes_before_the_jobs_that_wait(database: Database) -> None:
    """A job that writes in many pieces never keeps a request waiting for more than the piece at hand."""
    order: list[str] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        has_begun.set()
        assert may_end.wait(30)

    def waiting() -> bool:
        return database._turns._requests == 1

    async def play() -> None:
        first = asyncio.create_task(asyncio.to_thread(database.write_now, hold))
        assert await asyncio.to_thread(has_begun.wait, 30)
        jobs_ = [
            asyncio.create_task(asyncio.to_thread(database.write_now, lambda _: order.append("job"))) for _ in range(3)
        ]
        await asyncio.sleep(0)
        request = asyncio.create_task(database.write(lambda _: order.append("request")))
        async with asyncio.timeout(30):
            while not waiting():
                await asyncio.sleep(0.001)
        may_end.set()
        await asyncio.gather(first, request, *jobs_)

    asyncio.run(play())
    assert order == ["request", "job", "job", "job"]


def test_a_quick_write_is_whole_or_not_at_all_and_seen_at_once(database: Database) -> None:
    def fail(connection: Connection) -> None:
        write_tags(connection, "arn", {"undone": "yes"})
        raise RuntimeError("after the write")

    async def play() -> dict[str, str]:
        assert database.read_cached("arn", partial(read_tags, resource_arn="arn")) == {}
        with pytest.raises(RuntimeError):
            await database.write_quick(fail)
        with pytest.raises(IntegrityError):
            await database.write_quick(lambda c: c.exec_driver_sql(_POLICY_OF_NO_PROJECT))
        await database.write_quick(lambda connection: write_tags(connection, "arn", {"done": "yes"}))
        return database.read_cached("arn", partial(read_tags, resource_arn="arn"))

    assert asyncio.run(play()) == {"done": "yes"}


@pytest.mark.skipif(postgresql.is_chosen(), reason="its writes all go through the writer thread, one at a time")
def test_a_quick_write_waits_for_others_and_the_event_loop_does_not(database: Database) -> None:
    """For a thread of this process that writes; it goes before the jobs that wait, too."""
    order: list[str] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        has_begun.set()
        assert may_end.wait(30)

    async def play() -> None:
        first = asyncio.create_task(asyncio.to_thread(database.write_now, hold))
        assert await asyncio.to_thread(has_begun.wait, 30)
        requests = [asyncio.create_task(database.write_quick(lambda _: order.append("request"))) for _ in range(3)]
        given_up = asyncio.create_task(database.write_quick(lambda _: order.append("given up")))
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        jobs_ = [asyncio.create_task(asyncio.to_thread(database.write_now, lambda _: order.append("job")))]
        await asyncio.sleep(0.05)
        assert order == []
        may_end.set()
        await asyncio.gather(first, *requests, *jobs_)

    asyncio.run(play())
    assert order == ["request"] * 3 + ["job"]


@pytest.mark.skipif(postgresql.is_chosen(), reason="SQLite's own lock, and its log")
def test_a_quick_write_leaves_waiting_for_another_process_to_a_thread(database: Database) -> None:
    async def play() -> None:
        await database.write_quick(lambda connection: write_tags(connection, "arn", {"before": "yes"}))
        with closing(sqlite3.connect(database.place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            write = asyncio.create_task(
                database.write_quick(lambda connection: write_tags(connection, "arn", {"after": "yes"}))
            )
            await asyncio.sleep(0.05)
            assert not write.done()
            other.execute("ROLLBACK")
            await write

    asyncio.run(play())
    assert database.read_now(partial(read_tags, resource_arn="arn")) == {"before": "yes", "after": "yes"}


@pytest.mark.skipif(postgresql.is_chosen(), reason="SQLite's own lock, and its log")
def test_the_log_is_emptied_in_the_background(database: Database) -> None:
    """Otherwise every later read would look through all that was ever written."""
    log = Path(f"{database.place}-wal")

    async def play(numbers: range) -> None:
        for number in numbers:
            await database.write_quick(partial(write_tags, resource_arn=f"arn-{number}", values={"key": "x" * 20_000}))

    count = LONGEST_LOG_BYTES * 3 // 2 // 20_000
    asyncio.run(play(range(count)))
    wait_until(lambda: log.stat().st_size < LONGEST_LOG_BYTES, what="a log that began anew")
    asyncio.run(play(range(count, count + 20)))
    assert database.read_now(lambda c: c.execute(select(func.count()).select_from(tags)).scalar_one()) == count + 20


def test_what_was_acknowledged_survives_sigkill(database: Database) -> None:
    """O-19: the committed write is there, the interrupted one is not."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(database.place)], cwd=Path(__file__).parents[2])
    assert ended.returncode == -9
    assert database.read_now(lambda connection: read_tags(connection, "arn")) == {"acknowledged": "yes"}


def test_ids_of_jobs_are_never_given_twice(database: Database) -> None:
    """Model files and scratch directories are named after them."""

    def add_and_remove(connection: Connection) -> int:
        job = new_job(connection)
        remove_job(connection, job.id)
        return job.id

    assert len({database.write_now(add_and_remove) for _ in range(3)}) == 3


def test_jobs_are_listed_as_they_were_stored(database: Database) -> None:
    stored = [database.write_now(partial(new_job, arn=arn)) for arn in ("b", "a")]
    assert database.read_now(list_jobs) == stored
    assert stored[0].payload == UpsertLines("ä\n".encode())
    assert stored[0].outcome is None


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        database.write_now(lambda c: c.exec_driver_sql(_POLICY_OF_NO_PROJECT))
    assert database.read_now(lambda c: c.execute(select(func.count()).select_from(projects)).scalar_one()) == 0


def test_tags_are_overwritten_and_removed(database: Database) -> None:
    def play(connection: Connection) -> dict[str, str]:
        write_tags(connection, "arn", {"b": "1", "a": "2", "ключ": ""})
        write_tags(connection, "other", {"a": "x"})
        write_tags(connection, "arn", {"a": "3"})
        write_tags(connection, "arn", {})
        remove_tags(connection, "arn", ["b", "unknown"])
        return read_tags(connection, "arn")

    assert database.write_now(play) == {"a": "3", "ключ": ""}
    database.write_now(lambda connection: remove_tags(connection, "arn"))
    assert database.read_now(lambda c: c.execute(select(tags.c.resource_arn)).scalars().all()) == ["other"]
