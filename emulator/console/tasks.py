"""The console's tasks: what goes on, how far it is, and what came of it."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.task_documents import TaskDocument, TaskList, read_tasks, sees, task_document
from emulator.operations.context import AnyContext
from emulator.storage.tasks import RUNNING, Task, find_task, remove_task

router = APIRouter()


@router.get("/tasks")
async def get_tasks(call: SignedCall) -> TaskList:
    """All tasks of the account in the region; those that ended stay until they are dismissed, at most 100."""
    found = await call.database.read_in_thread(lambda connection: read_tasks(connection, call.caller))
    return TaskList(tasks=found)


@router.get("/task")
async def get_task(call: SignedCall, id: int) -> TaskDocument:  # noqa: A002 (its name in the query)
    """One task."""
    return task_document(call.database.read(lambda connection: _task_of(call, connection, id)))


@router.delete("/task", status_code=204)
async def dismiss_task(call: SignedCall, id: int) -> Response:  # noqa: A002 (its name in the query)
    """Forget a task that has ended."""

    def change(context: AnyContext) -> None:
        if _task_of(call, context.connection, id).state == RUNNING:
            raise ConsoleError("ResourceInUseException", "The task is not over yet.", status=409)
        remove_task(context.connection, id)

    await call.write(change)
    return Response(status_code=204)


def _task_of(call: ConsoleCall, connection: Connection, task_id: int) -> Task:
    task = find_task(connection, task_id)
    is_own = task is not None and (task.account, task.region) == (call.caller.account, call.caller.region)
    if task is None or not is_own or not sees(call.caller)(task):
        raise ConsoleError("NotFound", f"There is no task {task_id}.", status=404)
    return task
