"""Tasks as the page sees them."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel
from sqlalchemy import Connection

from emulator.console.authorization import may_describe
from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.storage.tasks import Task, TaskState, list_tasks


class TaskDocument(BaseModel):
    """What the console works on. `done` of `total` steps of a stage; moments in seconds since the epoch."""

    id: int
    kind: str
    state: TaskState
    stage: str
    done: int
    total: int
    message: str
    started: float
    ended: float | None
    project_arn: str | None
    result: JsonObject


class TaskAnswer(BaseModel):
    """A task that has begun."""

    task: TaskDocument


class TaskList(BaseModel):
    """Newest first."""

    tasks: list[TaskDocument]


def task_document(task: Task) -> TaskDocument:
    """A task without what is needed to do it."""
    return TaskDocument(
        id=task.id,
        kind=task.kind,
        state=task.state,
        stage=task.stage,
        done=task.done,
        total=task.total,
        message=task.message,
        started=task.started_at / 1000,
        ended=None if task.ended_at is None else task.ended_at / 1000,
        project_arn=task.project_arn,
        result=task.result,
    )


def sees(caller: Caller) -> Callable[[Task], bool]:
    """Tells which tasks of its account a caller may see: those about projects whose versions it may describe."""
    permits = may_describe(caller)
    return lambda task: task.project_arn is None or permits("DescribeProjectVersions", task.project_arn)


def read_tasks(connection: Connection, caller: Caller) -> list[TaskDocument]:
    """The tasks that the caller may see, newest first."""
    return [task_document(task) for task in filter(sees(caller), list_tasks(connection, caller.account, caller.region))]
