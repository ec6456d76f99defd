"""The console's tasks as jobs: they go on when the window closes, after a restart and after a kill (O-19).

A task is a row that the page sees, and a job that does it. What a task makes by AWS's operations it makes in one
transaction with the note that it did, so that taking it up again repeats nothing.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.context import ConsoleBuckets
from emulator.domain.caller import Caller
from emulator.domain.errors import RuleError
from emulator.domain.job_payloads import ConsoleTask
from emulator.domain.jobs import CONSOLE, Broke, Done, JobKind, Outcome
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectStore, ObjectStoreError
from emulator.jobs.askers import Askers
from emulator.jobs.undisturbed import undisturbed
from emulator.operations.context import AnyContext, Context, Services
from emulator.storage import tasks
from emulator.storage.engine import Database
from emulator.storage.jobs import add_job
from emulator.storage.rows import Job
from emulator.storage.tasks import Task

_SECONDS_BETWEEN_REPORTS = 0.3
_AT_ONCE = {"type": "seconds", "seconds": 0.0}

Result = TypeVar("Result")


class TaskFailedError(Exception):
    """A task cannot be done for what it was given; the message is for the user."""


@dataclass(slots=True)
class TaskRun:
    """One run of a task. `result` is what the page gets, and what tells a later run what is done already."""

    task: Task
    caller: Caller
    database: Database
    objects: ObjectStore
    buckets: ConsoleBuckets
    services: Services
    result: JsonObject
    _reported: float = 0.0
    _stage: str = ""

    def report(self, stage: str, done: int, total: int) -> None:
        """Let the page see how far it is. Blocking: for threads; several times a second are written once."""
        moment = time.monotonic()
        if stage == self._stage and done < total and moment - self._reported < _SECONDS_BETWEEN_REPORTS:
            return
        self._reported, self._stage = moment, stage
        self.database.write_now(
            lambda connection: tasks.change_task(connection, self.task.id, stage=stage, done=done, total=total)
        )

    async def operation(self, change: Callable[[AnyContext], Result]) -> Result:
        """Run AWS operations in one transaction, together with the note of what `result` holds afterwards."""
        accepted: list[Job] = []

        def run(connection: Connection) -> Result:
            context: AnyContext = Context("", self.caller, {}, self.services, connection)
            made = change(context)
            tasks.change_task(connection, self.task.id, result=self.result, project_arn=self.result.get("project_arn"))
            accepted.extend(context.accepted)
            return made

        return await undisturbed(self._write(run, accepted))

    async def _write(self, run: Callable[[Connection], Result], accepted: list[Job]) -> Result:
        made = await self.database.write(run)
        for job in accepted:
            self.services.runner.submit(job)
        return made


Work = Callable[[TaskRun], Awaitable[None]]


class TaskHandler:
    """Does the jobs of tasks. `services` is there once the emulator serves, `works` has what does each kind of task."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        buckets: ConsoleBuckets,
        services: Callable[[], Services],
        works: Mapping[str, Work],
        askers: Askers | None = None,
    ) -> None:
        self._database = database
        self._objects = objects
        self._buckets = buckets
        self._services = services
        self._works = works
        self._askers = askers or Askers()

    async def work(self, job: Job) -> Outcome:
        """Do the task, from where an earlier run left it."""
        payload = job.payload_as(ConsoleTask)
        task_id = payload.task
        task = self._database.read(lambda connection: tasks.find_task(connection, task_id))
        if task is None:
            return Done()
        caller = self._askers.caller(task.account, task.region, payload.asked_by)
        run = TaskRun(task, caller, self._database, self._objects, self._buckets, self._services(), dict(task.result))
        outcome: Outcome = Done()
        try:
            await self._works[task.kind](run)
        except (TaskFailedError, RuleError, ObjectStoreError) as error:
            outcome = Broke(str(error))
        await self._database.write(lambda connection: tasks.change_task(connection, task_id, result=run.result))
        return outcome

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        """The page sees that the task has ended."""
        state, message = (tasks.DONE, "") if isinstance(outcome, Done) else (tasks.FAILED, outcome.message or "")
        task_id = job.payload_as(ConsoleTask).task
        tasks.change_task(connection, task_id, state=state, message=message, ended_at=now)

    def settled(self, job: Job, outcome: Outcome) -> None:
        """Nothing more to do."""


def accept_task(context: AnyContext, kind: str, stage: str, project_arn: str | None, wish: BaseModel) -> Task:
    """Store a task, its wish and its job within the context's transaction; the job begins after the commit."""
    caller, now = context.caller, context.now()
    task = tasks.add_task(
        context.connection,
        kind=kind,
        account=caller.account,
        region=caller.region,
        project_arn=project_arn,
        payload=wish.model_dump(),
        stage=stage,
        started_at=now,
    )
    if project_arn is not None:
        tasks.change_task(context.connection, task.id, result={"project_arn": project_arn})
    job = add_job(
        context.connection,
        kind=JobKind.CONSOLE_TASK,
        transition=CONSOLE,
        # Its own name and no resource's: whoever waits for the project's jobs does not wait for this one.
        resource_arn=f"arn:aws:rekognition:{caller.region}:{caller.account}:project/console-task/{task.id}",
        project_arn=project_arn or "",
        account=caller.account,
        region=caller.region,
        payload=ConsoleTask(task.id, context.asked_by),
        policy=_AT_ONCE,
        started_at=now,
    )
    context.accepted.append(job)
    return task
