"""The runner: work is done once and shows when the policy says so; calls are held until then, and never hang."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event

from emulator.domain.job_payloads import UpsertLines
from emulator.domain.jobs import Done, JobKind
from emulator.jobs.clock import Clock
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs
from support.runner_bench import ARN, PATIENCE, Bench, everything, play


def test_real_transitions_last_their_least_time(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        await bench.accept()
        await bench.until(lambda: bench.handler.works == 1)
        bench.clock.advance(0.4)
        await asyncio.sleep(0.05)
        assert bench.shown() is None
        bench.clock.advance(0.2)
        await bench.ended()
        assert bench.shown() == "done"
        assert bench.handler.settlements == [Done()]
        assert database.read_now(list_jobs) == []

    play(story)


def test_work_that_takes_longer_shows_when_it_is_done(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        bench.handler.may_end.clear()
        await bench.accept()
        bench.clock.advance(3600)
        await asyncio.sleep(0.05)
        assert bench.shown() is None
        bench.handler.may_end.set()
        await bench.ended()
        assert bench.shown() == "done"

    play(story)


def test_a_number_of_describing_calls(database: Database) -> None:
    """O-17: the n-th one shows the final state; other resources' calls do not count."""

    async def story() -> None:
        bench = Bench(database, starting={"type": "describes", "count": 3})
        await bench.accept()
        seen = []
        for _ in range(3):
            await bench.runner.observed(lambda _job: False, PATIENCE)
            await bench.runner.observed(lambda job: job.resource_arn == ARN, PATIENCE)
            seen.append(bench.shown())
        assert seen == [None, None, "done"]
        bench.clock.advance(10)
        await bench.runner.observed(everything, PATIENCE)

    play(story)


def test_immediate_changes_need_no_describing_call(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database, starting={"type": "immediate"})
        await bench.accept()
        await bench.ended()
        assert bench.shown() == "done"
        bench.handler.may_end.clear()
        await bench.accept("arn:aws:rekognition:us-east-1:111122223333:project/p/2")
        describing = asyncio.create_task(bench.runner.observed(everything, PATIENCE))
        await asyncio.sleep(0.05)
        assert not describing.done(), "a describing call waits for the work"
        bench.handler.may_end.set()
        await describing
        assert list(bench.runner.open_jobs) == []

    play(story)


def test_a_training_that_still_works_hears_of_a_clock_that_is_turned_back(database: Database) -> None:
    """O-10: what it has to last is counted from there, and not from when its work ends."""

    async def story() -> None:
        bench = Bench(database, training={"type": "seconds", "seconds": 600})
        bench.handler.may_end.clear()
        job = await database.write(lambda c: bench.runner.accept(c, JobKind.START_VERSION, "training", ARN, "project"))
        bench.runner.submit(job)
        bench.clock.set_manual(10)
        await bench.runner.settle_due(PATIENCE)
        bench.clock.advance(600)
        await bench.runner.settle_due(PATIENCE)
        bench.handler.may_end.set()
        await bench.ended()
        assert bench.shown() == "done"

    play(story)


@pytest.mark.parametrize("turn_back", [lambda clock: clock.set_real(), lambda clock: clock.set_manual(10)])
def test_a_clock_that_is_turned_back_keeps_nobody_waiting(
    database: Database, turn_back: Callable[[Clock], None]
) -> None:
    """After hours of manual time, work that began there ends soon in the present."""

    async def story() -> None:
        bench = Bench(database, starting={"type": "seconds", "seconds": 0.1})
        bench.clock.set_manual(4_000_000_000)
        await bench.accept()
        await bench.until(lambda: bench.handler.works == 1)
        turn_back(bench.clock)
        if bench.clock.mode == "manual":
            await asyncio.sleep(0.02)
            assert bench.shown() is None
            bench.clock.advance(0.2)
        await bench.ended()
        assert bench.shown() == "done"

    play(story)


def test_a_job_keeps_the_policy_that_it_began_with(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database, starting={"type": "seconds", "seconds": 60})
        await bench.accept()
        bench.policies.reset()
        bench.clock.advance(59)
        await asyncio.sleep(0.05)
        assert bench.shown() is None
        bench.clock.advance(1)
        await bench.ended()

    play(story)


def test_held_calls_return_when_the_state_changes(database: Database) -> None:
    """O-18: hundreds of them, all at once, and only those that wait for this job."""

    async def story() -> None:
        bench = Bench(database)
        await bench.accept()
        held = [asyncio.create_task(bench.runner.hold(everything, PATIENCE)) for _ in range(300)]
        await bench.runner.hold(lambda _job: False, PATIENCE)
        await asyncio.sleep(0.05)
        assert not any(call.done() for call in held)
        bench.clock.advance(1)
        await asyncio.gather(*held)
        assert bench.shown() == "done"

    play(story)


def test_held_calls_return_when_patience_is_over(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        await bench.accept()
        await bench.runner.hold(everything, 0.05)
        await bench.runner.hold(everything, 0)
        assert bench.shown() is None
        await bench.runner.stop()

    play(story)


def test_calls_are_not_held_for_what_describing_calls_release(database: Database) -> None:
    """Else a waiter would keep itself from ever counting to n."""

    async def story() -> None:
        bench = Bench(database, starting={"type": "describes", "count": 2})
        await bench.accept()
        await bench.runner.hold(everything, 1000)
        assert list(bench.runner.open_jobs), "the change waits for its second describing call"
        await bench.runner.stop()

    play(story)


def test_held_calls_are_let_go_at_the_end(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        await bench.accept()
        held = asyncio.create_task(bench.runner.hold(everything, 1000))
        await asyncio.sleep(0.01)
        assert not held.done()
        bench.runner.let_go()
        await held
        await bench.runner.stop()

    play(story)


def test_the_account_of_a_job_is_that_of_its_resource(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        job = await bench.accept()
        assert (job.account, job.region, job.started_at) == ("111122223333", "us-east-1", 1_000_000)
        await bench.runner.stop()

    play(story)


def test_a_job_of_megabytes_is_not_written_on_the_event_loop(database: Database) -> None:
    """Its outcome and its end: SQLite writes the whole row anew, the lines of an update among it."""
    threads: dict[str, int] = {}

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        threads[" ".join(statement.split()[:3])] = threading.get_ident()

    async def story() -> None:
        bench = Bench(database)
        await bench.accept(payload=UpsertLines(b"x" * 5_000_000))
        event.listen(database.engine, "before_cursor_execute", note)
        await bench.until(lambda: "UPDATE jobs SET" in threads)
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == "done"
        assert threading.get_ident() not in {threads["UPDATE jobs SET"], threads["DELETE FROM jobs"]}
        await bench.runner.stop()

    play(story)
