"""The sweeper: what nothing refers to goes piece by piece, and gives way to work."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection

from emulator.domain.job_payloads import NO_PAYLOAD
from emulator.domain.jobs import Done, JobKind
from emulator.jobs import sweeper
from emulator.jobs.sweeper import Sweeper
from emulator.storage.content_changes import append_entries, create_content
from emulator.storage.contents import unreferenced_contents
from emulator.storage.engine import Database
from emulator.storage.jobs import add_job, set_job_outcome
from support.entries import record

ENTRIES, AT_ONCE = 100, 20


class SteadyTime:
    """Every look at it is ten milliseconds after the last one."""

    def __init__(self) -> None:
        self._now = 0.0

    def perf_counter(self) -> float:
        self._now += 0.01
        return self._now


def add_unreferenced_content(connection: Connection) -> None:
    content_id = create_content(connection, dataset_id=1)
    records = [record(f"s3://bucket/{number}.jpg", {}, False) for number in range(ENTRIES)]
    append_entries(connection, content_id, records)


def add_work(connection: Connection) -> int:
    """The id of a job whose outcome is not known."""
    job = add_job(
        connection,
        kind=JobKind.UPDATE_DATASET,
        transition="updating",
        resource_arn="dataset",
        project_arn="project",
        account="111122223333",
        region="us-east-1",
        payload=NO_PAYLOAD,
        policy={},
        started_at=0,
    )
    return job.id


def pauses_of_a_sweep(database: Database) -> list[float]:
    """The seconds between two pieces, until all is gone."""
    pauses: list[float] = []
    database.write_now(add_unreferenced_content)

    async def sleep(seconds: float) -> None:
        pauses.append(round(seconds, 6))
        await asyncio.sleep(0)

    async def run() -> None:
        tidy = Sweeper(database, sleep)
        tidy.sweep()
        async with asyncio.timeout(120):
            while database.read_now(unreferenced_contents):
                await asyncio.sleep(0.005)
        await tidy.stop()

    asyncio.run(run())
    return pauses


def test_a_sweep_leaves_the_writer_to_open_work(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece takes ten milliseconds by this time: as long again for others, nineteen times that beside work."""
    monkeypatch.setattr(sweeper, "time", SteadyTime())
    monkeypatch.setattr(sweeper, "_ENTRIES_AT_ONCE", AT_ONCE)
    pieces = ENTRIES // AT_ONCE
    assert pauses_of_a_sweep(database) == [0.01] * pieces
    job = database.write_now(add_work)
    assert pauses_of_a_sweep(database) == [0.19] * pieces
    database.write_now(lambda connection: set_job_outcome(connection, job, Done()))
    assert pauses_of_a_sweep(database) == [0.01] * pieces
