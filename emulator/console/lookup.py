"""What several routes look up, and how they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from emulator.console.context import ConsoleCall
from emulator.console.errors import ConsoleError
from emulator.domain.errors import ResourceInUseError
from emulator.domain.job_payloads import JobPayload
from emulator.domain.jobs import JobKind
from emulator.domain.messages import DATASET_MESSAGES
from emulator.domain.states import DATASET_MOVES, DatasetState, Event, next_state
from emulator.operations.context import AnyContext
from emulator.operations.lookup import dataset_of, project_of_dataset
from emulator.storage.datasets import set_dataset_status
from emulator.storage.rows import Dataset

Result = TypeVar("Result")


def content_of(call: ConsoleCall, connection: Connection, arn: str) -> tuple[Dataset, int]:
    """The caller's dataset and its content. Raises ResourceNotFoundError; ConsoleError while there is no content."""
    dataset = dataset_of(call.operation(connection), arn)
    return dataset, require_content(dataset)


def require_content(dataset: Dataset) -> int:
    """The id of a dataset's content. Raises ConsoleError while there is none."""
    if dataset.content_id is None:
        message = f"The dataset {dataset.arn} is in state {dataset.status} and has no images yet."
        raise ConsoleError("ResourceNotReadyException", message, status=409)
    return dataset.content_id


async def in_store_thread(look: Callable[[], Result]) -> Result:
    """Run what asks the object store in a thread. Its errors become answers (`errors`)."""
    return await asyncio.to_thread(look)


async def console_bucket(call: ConsoleCall) -> str:
    """The console's bucket. Raises ConsoleError while it is not made."""
    name = await asyncio.to_thread(call.parts.buckets.find, call.caller)
    if name is None:
        raise ConsoleError("NoConsoleBucket", "The console's bucket is not made yet.", status=409)
    return name


def begin_update(context: AnyContext, dataset: Dataset, kind: JobKind, payload: JobPayload) -> None:
    """Make a dataset UPDATE_IN_PROGRESS and accept the job that ends it. Raises ResourceInUseError."""
    state = next_state(DATASET_MOVES, dataset.status, Event.UPDATE)
    if state is None:
        raise ResourceInUseError(f"The dataset {dataset.arn} is in state {dataset.status} and cannot be updated.")
    message = DATASET_MESSAGES[DatasetState.UPDATE_IN_PROGRESS]
    set_dataset_status(context.connection, dataset.id, state, message, updated_at=context.now())
    context.accept(kind, "dataset", dataset.arn, project_of_dataset(context, dataset).arn, payload)


def as_json(document: BaseModel) -> Response:
    """A document as an answer, made in the thread that read it: thousands of lines would hold up the event loop."""
    return Response(document.model_dump_json(), media_type="application/json")
