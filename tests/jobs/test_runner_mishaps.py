"""The runner when work raises, the disk is full, or the emulator stops in the middle."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from emulator.domain.jobs import SERVICE_FAULT, Done
from emulator.jobs import runner as runner_module
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs
from emulator.storage.reset import delete_everything
from support.runner_bench import Bench, everything, play


def test_work_that_raises_is_the_services_fault(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """TE-0."""

    async def story() -> None:
        bench = Bench(database)
        bench.handler.work_error = RuntimeError("out of cake")
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == "broke"
        assert bench.handler.settlements == [SERVICE_FAULT]

    play(story)
    assert "out of cake" in caplog.text


def test_an_effect_that_fails_is_undone_and_is_the_services_fault(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        bench.handler.apply_errors = [ValueError("cannot be")]
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == "broke"
        assert database.read_now(list_jobs) == []

    play(story)


def test_a_job_that_can_never_be_settled_holds_nobody(database: Database) -> None:
    """It stays in the database for the next start, and no call waits for it."""

    async def story() -> None:
        bench = Bench(database)
        bench.handler.apply_errors = [ValueError("first"), ValueError("second")]
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() is None
        assert len(database.read_now(list_jobs)) == 1
        assert bench.handler.settlements == []

    play(story)


def test_a_full_disk_delays_and_loses_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        bench = Bench(database)
        full = [OperationalError("INSERT", {}, Exception("database or disk is full")) for _ in range(3)]
        bench.handler.apply_errors = list(full)
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == "done"
        assert bench.handler.works == 1

    monkeypatch.setattr(runner_module, "SECONDS_BETWEEN_TRIES", 0.01)
    play(story)


def test_a_mistake_afterwards_does_not_keep_the_job_open(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        bench.handler.settled_error = OSError("the file is gone")
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == "done"

    play(story)


def test_stopped_work_is_resumed_by_the_next_runner(database: Database) -> None:
    """O-19: what was not done is done again."""

    async def story() -> None:
        bench = Bench(database)
        bench.handler.may_end.clear()
        job = await bench.accept()
        await bench.until(lambda: bench.handler.works == 1)
        await bench.runner.stop()
        assert list(bench.runner.open_jobs) == []
        assert database.read_now(list_jobs) == [job]
        bench.runner.submit(job)
        assert list(bench.runner.open_jobs) == [], "a stopped runner begins nothing"

        after = Bench(database)
        after.clock.advance(1)
        after.runner.resume()
        await after.ended()
        assert after.shown() == "done"
        assert after.handler.works == 1

    play(story)


def test_work_that_was_done_is_not_done_again(database: Database) -> None:
    """O-19: its outcome waits in the database for its moment."""

    async def story() -> None:
        bench = Bench(database, starting={"type": "seconds", "seconds": 60})
        bench.handler.outcome = Done(content_id=42)
        await bench.accept()
        await bench.until(lambda: database.read_now(list_jobs)[0].outcome is not None)
        await bench.runner.stop()

        after = Bench(database)
        after.runner.resume()
        after.clock.advance(59)
        await asyncio.sleep(0.05)
        assert after.shown() is None
        after.clock.advance(1)
        await after.ended()
        assert after.handler.works == 0
        assert after.handler.settlements == [Done(content_id=42)]

    play(story)


def test_a_reset_leaves_the_runner_usable(database: Database) -> None:
    """What is accepted while it stands still begins with `resume`, unless it was forgotten meanwhile."""

    async def story() -> None:
        bench = Bench(database)
        bench.handler.may_end.clear()
        await bench.accept()
        held = asyncio.create_task(bench.runner.hold(everything, 1000))
        await asyncio.sleep(0.01)
        await bench.runner.stop(for_good=False)
        await held
        bench.handler.may_end.set()
        forgotten = await bench.accept("arn:aws:rekognition:us-east-1:111122223333:project/p/2")
        assert list(bench.runner.open_jobs) == []
        await database.write(delete_everything)
        await bench.accept("arn:aws:rekognition:us-east-1:111122223333:project/p/3")
        bench.runner.resume()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown(forgotten.resource_arn) is None
        assert bench.shown("arn:aws:rekognition:us-east-1:111122223333:project/p/3") == "done"

    play(story)
