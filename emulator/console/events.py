"""The stream of changes that a console reads (O-31): text/event-stream, read by fetch since EventSource cannot sign."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from emulator.console.context import ConsoleCall, SignedCall
from emulator.console.event_documents import ConsoleEvents
from emulator.console.watching import SECONDS_BETWEEN_PINGS, event

router = APIRouter()

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get("/events", response_class=EventStream, responses={200: {"model": ConsoleEvents}})
async def get_events(call: SignedCall) -> EventStream:
    """A snapshot of the account's resources in the region, then what changes.

    It ends with the emulator, with the session of its caller, and when the file of identities is read again.
    """
    return EventStream(_events(call), headers=_HEADERS)


async def _events(call: ConsoleCall) -> AsyncIterator[bytes]:
    async with call.parts.watcher.watch(call.caller, call.is_still_admitted) as subscription:
        while True:
            try:
                # Not wait_for, which makes a task for each event of each console.
                async with asyncio.timeout(SECONDS_BETWEEN_PINGS):
                    told = await subscription.events.get()
            except TimeoutError:
                told = event("ping", "{}")
            if told is None:
                return
            yield told
