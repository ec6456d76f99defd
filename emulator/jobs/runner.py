"""The runner: does accepted work, lets its effect show when the transition policy says so, and resumes after a restart.

A resource is in a transitional state exactly while it has an open job, so nothing can stay in one for ever (O-19).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from emulator.domain.full_disk import is_full_disk
from emulator.domain.job_payloads import NO_PAYLOAD, JobPayload, is_small
from emulator.domain.jobs import CONSOLE, SERVICE_FAULT, JobKind, Outcome
from emulator.jobs.clock import Clock, Clocks
from emulator.jobs.transitions import TransitionPolicies, describes_needed
from emulator.storage.engine import Database
from emulator.storage.jobs import add_job, list_jobs, remove_job, set_job_outcome
from emulator.storage.rows import Job

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_TRIES = 2.0
_LONG = 1e6
_LONG_WORK = frozenset({"training", CONSOLE})


class JobHandler(Protocol):
    """What one kind of job does. `work` may be repeated after a restart; `apply` happens exactly once."""

    async def work(self, job: Job) -> Outcome:
        """Do what takes time and say what came of it."""
        ...

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """Make the outcome the state, in the transaction that also ends the job. `now` in milliseconds."""
        ...

    def settled(self, job: Job, outcome: Outcome) -> None:
        """Called on the event loop after `apply` was committed."""
        ...


@dataclass(slots=True, eq=False)
class OpenJob:
    """A job that is not over, as the event loop sees it. `began` is in seconds, by the clock of its account."""

    job: Job
    describes_needed: int | None
    began: float
    describes: int = 0
    is_worked: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    is_settling: bool = False


class JobRunner:
    """Owns all open jobs; lives on the event loop."""

    def __init__(
        self, database: Database, clocks: Clocks, policies: TransitionPolicies, handlers: Mapping[JobKind, JobHandler]
    ) -> None:
        self._database = database
        self._clocks = clocks
        self._policies = policies
        self._handlers = handlers
        self._open: dict[int, OpenJob] = {}
        self._changed = asyncio.Event()
        self._closing = False
        self._stopped = False
        self._letting_go = False

    @property
    def open_jobs(self) -> Iterable[Job]:
        """The jobs that are not over, oldest first."""
        return [item.job for item in self._open.values()]

    @property
    def job_kinds(self) -> tuple[JobKind, ...]:
        """The kinds of jobs that there are."""
        return tuple(self._handlers)

    def resume(self) -> None:
        """Take up all work that is stored: what an earlier process left (O-19), or what was accepted since a stop."""
        self._stopped = False
        for job in self._database.read_now(list_jobs):
            self.submit(job)

    def accept(
        self,
        connection: Connection,
        kind: JobKind,
        transition: str,
        resource_arn: str,
        project_arn: str,
        payload: JobPayload = NO_PAYLOAD,
    ) -> Job:
        """Store work in the request's own transaction; `submit` it after the commit.

        The account and region of the job are those of the resource.
        """
        _, _, _, region, account, _ = resource_arn.split(":", 5)
        return add_job(
            connection,
            kind=kind,
            transition=transition,
            resource_arn=resource_arn,
            project_arn=project_arn,
            account=account,
            region=region,
            payload=payload,
            policy=self._policies.policy_of(transition, account),
            started_at=self._clocks.of(account).milliseconds(),
        )

    def submit(self, job: Job) -> None:
        """Begin work that is stored, once; after a stop it waits for `resume`, which looks whether it still is."""
        if self._closing or self._stopped or job.id in self._open:
            return
        item = OpenJob(job, describes_needed(job.policy), job.started_at / 1000)
        if item.describes_needed == 0:
            item.released.set()
        self._open[job.id] = item
        item.task = asyncio.create_task(self._run(item), name=f"{job.kind} {job.resource_arn}")

    async def observed(self, matches: Callable[[Job], bool], patience: float) -> None:
        """Count a describing call for the matching jobs; wait for those that this call releases (O-17).

        Waits at most `patience` seconds of real time.
        """
        due = []
        for item in list(self._open.values()):
            if item.describes_needed is not None and matches(item.job):
                item.describes += 1
                if item.describes >= item.describes_needed:
                    item.released.set()
                    due.append(item.job.id)
        await self._wait_while(lambda: any(job_id in self._open for job_id in due), patience)

    async def hold(self, matches: Callable[[Job], bool], patience: float) -> None:
        """Wait while a matching job is open that only time and work can end (O-18); at most `patience` seconds."""
        await self._wait_while(lambda: bool(self.pending(matches)), patience)

    async def ended(self, *resource_arns: str) -> None:
        """Wait until no job of these resources is open, or the end begins."""
        await self._wait_while(lambda: any(i.job.resource_arn in resource_arns for i in self._open.values()), _LONG)

    async def hold_fresh(self, matches: Callable[[Job], bool], patience: float) -> None:
        """Wait, at most `patience` seconds, for matching jobs that began less than that ago and may end by then (O-34).

        A clock moved by hand and the policy `describes` say themselves when a change shows; nothing is held for them.
        """
        fresh = {item.job.id for item in self._fresh(matches, patience)}
        await self._wait_while(lambda: any(job_id in self._open for job_id in fresh), patience)

    def is_fresh(self, matches: Callable[[Job], bool], seconds: float) -> bool:
        """Whether a matching job that time and work end began less than `seconds` ago."""
        return any(self._began_within(item, seconds) and matches(item.job) for item in self._open.values())

    def pending(self, matches: Callable[[Job], bool]) -> frozenset[int]:
        """The ids of the matching jobs that only time and work can end."""
        return frozenset(
            item.job.id for item in self._open.values() if item.describes_needed is None and matches(item.job)
        )

    def _fresh(self, matches: Callable[[Job], bool], seconds: float) -> list[OpenJob]:
        return [
            item
            for item in self._open.values()
            if self._clock_of(item).mode == "real"
            and self._began_within(item, seconds)
            and _due_moment(item) <= self._clock_of(item).now() + seconds
            and matches(item.job)
        ]

    def _began_within(self, item: OpenJob, seconds: float) -> bool:
        return item.describes_needed is None and 0 <= self._clock_of(item).now() - item.began < seconds

    def _clock_of(self, item: OpenJob) -> Clock:
        return self._clocks.of(item.job.account)

    async def settle_due(self, patience: float) -> None:
        """After the clock was moved: wait until every change that is due by now shows (O-10), at most `patience` s.

        Trainings and tasks of the console that still work are not waited for: no clock makes them quicker.
        """
        for item in self._open.values():
            self._is_due(item)  # whatever works on hears now that the clock was turned back

        def pending() -> bool:
            return any(
                item.describes_needed is None
                and (item.is_worked or item.job.transition not in _LONG_WORK)
                and self._is_due(item)
                for item in self._open.values()
            )

        await self._wait_while(pending, patience)

    async def abandon(self, kind: JobKind, resource_arn: str, outcome: Outcome) -> bool:
        """Give a job another outcome than its work would have, and show it at once; what it does ends now (O-32).

        False if there is no such job, or its own outcome is being made the state already. Once this returns True the
        outcome is stored.
        """
        item = next((i for i in self._open.values() if (i.job.kind, i.job.resource_arn) == (kind, resource_arn)), None)
        if item is None or item.is_settling or item.task is None:
            return False
        # The work ends first: what it wrote until now must not come after the outcome that takes its place.
        item.task.cancel()
        await asyncio.gather(item.task, return_exceptions=True)
        await self._write(lambda connection: set_job_outcome(connection, item.job.id, outcome))
        if self._open.get(item.job.id) is not item:  # all work was stopped meanwhile: it is taken up with this outcome
            return True
        item.job = replace(item.job, outcome=outcome)
        item.describes_needed = 0
        item.released.set()
        item.task = asyncio.create_task(self._run(item), name=f"{kind} {resource_arn}")
        await self._wait_while(lambda: item.job.id in self._open, SECONDS_BETWEEN_TRIES)
        return True

    async def drop(self, matches: Callable[[Job], bool]) -> None:
        """End the matching work where it stands and forget it; calls that were held for it are let go."""
        dropped = [item for item in self._open.values() if matches(item.job)]
        for item in dropped:
            self._open.pop(item.job.id, None)
            if item.task is not None:
                item.task.cancel()
        await asyncio.gather(*(item.task for item in dropped if item.task is not None), return_exceptions=True)
        self._notify()

    def let_go(self) -> None:
        """Answer all held calls now, and hold none any more: the end begins (O-3, O-18)."""
        self._letting_go = True
        self._notify()

    async def stop(self, *, for_good: bool = True) -> None:
        """End all work where it stands; what is stored can be resumed. Held calls are let go."""
        self._closing, self._stopped = for_good, True
        tasks = [item.task for item in self._open.values() if item.task is not None]
        self._open.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._notify()

    async def _wait_while(self, pending: Callable[[], bool], patience: float) -> None:
        deadline = asyncio.get_running_loop().time() + patience
        while pending() and not self._closing and not self._letting_go:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    async def _run(self, item: OpenJob) -> None:
        job = item.job
        handler = self._handlers[job.kind]
        outcome = job.outcome
        if outcome is None:
            outcome = await self._work(handler, job)
            # Kept only if it has to wait: a change that shows at once is stored with the end of the job, in one write.
            if not self._is_due(item):
                found = outcome
                await self._write(
                    lambda connection: set_job_outcome(connection, job.id, found), is_quick=_is_quick(job)
                )
        item.is_worked = True
        await self._wait_until_due(item)
        # From here on the outcome is becoming the state: it is too late to cancel (`abandon`).
        item.is_settling = True
        shown = await self._settle(handler, job, outcome)
        if shown is not None:
            self._tell_settled(handler, job, shown)
        # After `settled`: whoever sees the job gone may rely on what it did, a model in service for one.
        self._open.pop(job.id, None)
        self._notify()

    async def _work(self, handler: JobHandler, job: Job) -> Outcome:
        """Work, again and again where the database goes away meanwhile."""
        while True:
            try:
                return await handler.work(job)
            except Exception as error:
                if not self._database.is_lost(error):
                    logger.exception("%s of %s failed", job.kind, job.resource_arn)
                    return SERVICE_FAULT
                logger.error(
                    "the database went away from %s of %s, next try soon: %s", job.kind, job.resource_arn, error
                )
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)

    async def _settle(self, handler: JobHandler, job: Job, outcome: Outcome) -> Outcome | None:
        """Make the outcome the state and end the job; one that cannot be is the service's fault and ends as such.

        None if even that cannot be; the job is then taken up again at the next start.
        """

        def end(connection: Connection, result: Outcome) -> None:
            handler.apply(connection, job, result, self._clocks.of(job.account).milliseconds())
            remove_job(connection, job.id)

        for result in (outcome, SERVICE_FAULT):
            try:
                await self._write(partial(end, result=result), is_quick=_is_quick(job))
            except Exception:
                logger.exception("%s of %s could not be settled", job.kind, job.resource_arn)
            else:
                return result
        return None

    async def _write(self, change: Callable[[Connection], None], *, is_quick: bool = False) -> None:
        """Write, again and again while the database cannot be written (a full disk): no work is lost for it."""
        while True:
            try:
                return await (self._database.write_quick(change) if is_quick else self._database.write(change))
            except OperationalError as error:
                told = error if is_full_disk(error) else None  # the log says that once for all jobs
                pause = SECONDS_BETWEEN_TRIES
                logger.error("the state cannot be written, next try in %g s: %s", pause, error.orig, exc_info=told)
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)

    def _tell_settled(self, handler: JobHandler, job: Job, outcome: Outcome) -> None:
        try:
            handler.settled(job, outcome)
        except Exception:
            logger.exception("%s of %s left something behind", job.kind, job.resource_arn)

    def _is_due(self, item: OpenJob) -> bool:
        if item.describes_needed is not None:
            return item.released.is_set()
        now = self._clock_of(item).now()
        # A clock that was turned back says nothing of the time that has passed; it is counted from then on.
        item.began = min(item.began, now)
        return now >= _due_moment(item)

    async def _wait_until_due(self, item: OpenJob) -> None:
        if item.describes_needed is not None:
            await item.released.wait()
            return
        while not self._is_due(item):
            await self._clock_of(item).wait_until_or_moved(_due_moment(item))

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _is_quick(job: Job) -> bool:
    """Whether its outcome is stored in a millisecond: a training may have thousands of results, an update megabytes."""
    return job.kind is not JobKind.TRAIN_VERSION and is_small(job.payload)


def _due_moment(item: OpenJob) -> float:
    seconds: float = item.job.policy["seconds"]
    return item.began + seconds
