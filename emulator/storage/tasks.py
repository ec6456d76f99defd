"""What the console works on while its window may be closed: imports, example projects, deletions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, insert, select, update

from emulator.domain.json_values import JsonObject
from emulator.storage.rows import inserted_id
from emulator.storage.tables import console_tasks

TaskState = Literal["running", "done", "failed"]
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
MOST_ENDED = 100


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an account in a region. `done` of `total` steps of a stage; times in milliseconds."""

    id: int
    kind: str
    account: str
    region: str
    project_arn: str | None
    payload: JsonObject
    state: TaskState
    stage: str
    done: int
    total: int
    message: str
    result: JsonObject
    started_at: int
    ended_at: int | None


_COLUMNS = tuple(console_tasks.c[name] for name in Task.__slots__)


def add_task(
    connection: Connection,
    *,
    kind: str,
    account: str,
    region: str,
    project_arn: str | None,
    payload: JsonObject,
    stage: str,
    started_at: int,
) -> Task:
    """Store a task that begins now. Of those that ended, the oldest beyond 100 are forgotten."""
    values: JsonObject = {"kind": kind, "account": account, "region": region}
    values |= {"project_arn": project_arn, "payload": payload}
    values |= {"state": RUNNING, "stage": stage, "done": 0, "total": 0, "message": "", "result": {}}
    inserted = connection.execute(insert(console_tasks).values(**values, started_at=started_at))
    _forget_old(connection, account, region)
    task = find_task(connection, inserted_id(inserted))
    assert task is not None
    return task


def find_task(connection: Connection, task_id: int) -> Task | None:
    """The task with this id, or None."""
    row = connection.execute(select(*_COLUMNS).where(console_tasks.c.id == task_id)).one_or_none()
    return None if row is None else Task(*row)


def list_tasks(connection: Connection, account: str, region: str) -> list[Task]:
    """An account's tasks, newest first."""
    of_account = (console_tasks.c.account == account, console_tasks.c.region == region)
    statement = select(*_COLUMNS).where(*of_account).order_by(console_tasks.c.id.desc())
    return [Task(*row) for row in connection.execute(statement)]


def change_task(connection: Connection, task_id: int, **values: Any) -> None:
    """Change columns of a task; a task that was forgotten stays so."""
    connection.execute(update(console_tasks).where(console_tasks.c.id == task_id).values(**values))


def remove_task(connection: Connection, task_id: int) -> None:
    """Forget a task."""
    connection.execute(delete(console_tasks).where(console_tasks.c.id == task_id))


def _forget_old(connection: Connection, account: str, region: str) -> None:
    ended = (
        select(console_tasks.c.id)
        .where(console_tasks.c.account == account, console_tasks.c.region == region, console_tasks.c.state != RUNNING)
        .order_by(console_tasks.c.id.desc())
        .offset(MOST_ENDED)
    )
    old = list(connection.execute(ended).scalars())
    if old:
        connection.execute(delete(console_tasks).where(console_tasks.c.id.in_(old)))
