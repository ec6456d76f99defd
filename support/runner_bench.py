"""A runner with one kind of job, and a clock that tests turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import Connection

from emulator.domain.job_payloads import NO_PAYLOAD, JobPayload
from emulator.domain.jobs import Done, JobKind, Outcome, outcome_to_json
from emulator.jobs.clock import Clocks
from emulator.jobs.runner import JobRunner
from emulator.jobs.transitions import TransitionPolicies
from emulator.storage.engine import Database
from emulator.storage.rows import Job
from emulator.storage.tags import read_tags, write_tags

ARN = "arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1"
PATIENCE = 30.0


class Handler:
    """Work that ends when `may_end` is set; the effect is a tag, so that it can be looked up in the database."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome: Outcome = outcome or Done()
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
        write_tags(connection, job.resource_arn, {"event": outcome_to_json(outcome)["event"], "now": str(now)})
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
        self.clock = Clocks()
        self.clock.set_manual(1000)
        self.policies = TransitionPolicies({"starting": 0.5})
        if policies:
            self.policies.change(policies)
        self.handler = Handler()
        self.runner = JobRunner(database, self.clock, self.policies, {JobKind.START_VERSION: self.handler})

    async def accept(self, arn: str = ARN, payload: JobPayload = NO_PAYLOAD) -> Job:
        """A job as an operation accepts it."""
        job = await self.database.write(
            lambda c: self.runner.accept(c, JobKind.START_VERSION, "starting", arn, "project", payload)
        )
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
        async with asyncio.timeout(2 * PATIENCE):
            await story()

    asyncio.run(whole())


def everything(_job: Job) -> bool:
    """Calls that look at every job."""
    return True
