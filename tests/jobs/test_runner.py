"""The runner: work is done once, shows when the policy says so, survives, and never hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from emulator.jobs import runner as runner_module
from emulator.jobs.clock import Clock
from emulator.jobs.runner import BROKE, DONE, JobRunner, Outcome
from emulator.jobs.transitions import TransitionPolicies
from emulator.storage.engine import Database
from emulator.storage.jobs import list_jobs
from emulator.storage.rows import Job
from emulator.storage.tags import read_tags, write_tags

ARN = "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1"
PATIENCE = 5.0


class Handler:
    """Work that ends when `may_end` is set; the effect is a tag, so that it can be looked up in the database."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome: Outcome = outcome or {"event": DONE}
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.works = 0
        self.settlements: list[Outcome] = []
        self.apply_errors: list[Exception] = []
        self.work_error: Exception | None = None
        self.settled_error: Exception | None = None

    async def work(self, _job: Job) -> Outcome:
        self.works += 1
        await self.may_end.wait()
        if self.work_error is not None:
            raise self.work_error
        return self.outcome

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        write_tags(connection, job.resource_arn, {"event": outcome["event"], "now": str(now)})
        if self.apply_errors:
            raise self.apply_errors.pop(0)

    def settled(self, _job: Job, outcome: Outcome) -> None:
        self.settlements.append(outcome)
        if self.settled_error is not None:
            raise self.settled_error


class Bench:
    """A runner with one kind of job, under a manual clock at 1000 s."""

    def __init__(self, database: Database, **policies: Any) -> None:
        self.database = database
        self.clock = Clock()
        self.clock.set_manual(1000)
        self.policies = TransitionPolicies({"starting": 0.5})
        if policies:
            self.policies.change(policies)
        self.handler = Handler()
        self.runner = JobRunner(database, self.clock, self.policies, {"start-version": self.handler})

    async def accept(self, arn: str = ARN) -> Job:
        """A job as an operation accepts it."""
        job = await self.database.write(lambda c: self.runner.accept(c, "start-version", "starting", arn, "project"))
        self.runner.submit(job)
        return job

    def shown(self, arn: str = ARN) -> str | None:
        """The event whose effect is the state, None before."""
        return self.database.read_now(lambda connection: read_tags(connection, arn)).get("event")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; TimeoutError after some seconds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)

    async def ended(self) -> None:
        """Wait until no job is open."""
        await self.until(lambda: not list(self.runner.open_jobs))


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story on an event loop of its own."""

    async def whole() -> None:
        async with asyncio.timeout(30):
            await story()

    asyncio.run(whole())


def everything(_job: Job) -> bool:
    return True


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
        assert bench.shown() == DONE
        assert bench.handler.settlements == [{"event": DONE}]
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
        assert bench.shown() == DONE

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
        assert seen == [None, None, DONE]
        bench.clock.advance(10)
        await bench.runner.observed(everything, PATIENCE)

    play(story)


def test_immediate_changes_need_no_describing_call(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database, starting={"type": "immediate"})
        await bench.accept()
        await bench.ended()
        assert bench.shown() == DONE
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
        job = await database.write(lambda c: bench.runner.accept(c, "start-version", "training", ARN, "project"))
        bench.runner.submit(job)
        bench.clock.set_manual(10)
        await bench.runner.settle_due(PATIENCE)
        bench.clock.advance(600)
        await bench.runner.settle_due(PATIENCE)
        bench.handler.may_end.set()
        await bench.ended()
        assert bench.shown() == DONE

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
        await asyncio.sleep(0.02)
        assert bench.shown() is None
        if bench.clock.mode == "manual":
            bench.clock.advance(0.2)
        await bench.ended()
        assert bench.shown() == DONE

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
        assert bench.shown() == DONE

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
        async with asyncio.timeout(2):
            await bench.runner.hold(everything, 60)
        await bench.runner.stop()

    play(story)


def test_held_calls_are_let_go_at_the_end(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        await bench.accept()
        held = asyncio.create_task(bench.runner.hold(everything, 60))
        await asyncio.sleep(0.01)
        bench.runner.let_go()
        async with asyncio.timeout(2):
            await held
        await bench.runner.stop()

    play(story)


def test_work_that_raises_is_the_services_fault(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """TE-0."""

    async def story() -> None:
        bench = Bench(database)
        bench.handler.work_error = RuntimeError("out of cake")
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == BROKE
        assert bench.handler.settlements == [
            {"event": BROKE, "message": "Amazon Rekognition experienced a service issue.", "code": "SERVICE_ERROR"}
        ]

    play(story)
    assert "out of cake" in caplog.text


def test_an_effect_that_fails_is_undone_and_is_the_services_fault(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        bench.handler.apply_errors = [ValueError("cannot be")]
        await bench.accept()
        bench.clock.advance(1)
        await bench.ended()
        assert bench.shown() == BROKE
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
        assert bench.shown() == DONE
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
        assert bench.shown() == DONE

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
        assert after.shown() == DONE
        assert after.handler.works == 1

    play(story)


def test_work_that_was_done_is_not_done_again(database: Database) -> None:
    """O-19: its outcome waits in the database for its moment."""

    async def story() -> None:
        bench = Bench(database, starting={"type": "seconds", "seconds": 60})
        bench.handler.outcome = {"event": DONE, "found": 42}
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
        assert after.handler.settlements == [{"event": DONE, "found": 42}]

    play(story)


def test_a_reset_leaves_the_runner_usable(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        bench.handler.may_end.clear()
        await bench.accept()
        held = asyncio.create_task(bench.runner.hold(everything, 60))
        await asyncio.sleep(0.01)
        await bench.runner.stop(for_good=False)
        async with asyncio.timeout(2):
            await held
        bench.handler.may_end.set()
        await bench.accept("arn:aws:rekognition:us-east-1:111122223333:project/p/2")
        bench.clock.advance(1)
        await bench.ended()

    play(story)


def test_the_account_of_a_job_is_that_of_its_resource(database: Database) -> None:
    async def story() -> None:
        bench = Bench(database)
        job = await bench.accept()
        assert (job.account, job.region, job.started_at) == ("111122223333", "us-east-1", 1_000_000)
        await bench.runner.stop()

    play(story)
