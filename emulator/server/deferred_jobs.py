"""Handlers of jobs that a start does not wait for: imported and built behind it, or with the first job."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection

from emulator.domain.jobs import JobKind, Outcome
from emulator.jobs.runner import JobHandler
from emulator.storage.rows import Job

Build = Callable[[], Mapping[JobKind, JobHandler]]


class DeferredHandlers:
    """Handlers that `build` imports and makes, all together and once."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._handlers: Mapping[JobKind, JobHandler] | None = None
        self._building = threading.Lock()
        self._turn = asyncio.Lock()

    def of(self, kinds: Iterable[JobKind]) -> dict[JobKind, JobHandler]:
        """What stands in for the handlers of these kinds until they are there, and after."""
        return {kind: _DeferredHandler(self, kind) for kind in kinds}

    def now(self) -> Mapping[JobKind, JobHandler]:
        """The handlers, after building them on the calling thread if need be."""
        with self._building:
            if self._handlers is None:
                self._handlers = self._build()
            return self._handlers

    async def soon(self) -> Mapping[JobKind, JobHandler]:
        """The handlers, built in a thread if need be."""
        async with self._turn:  # in the order in which they ask, since jobs begin in the order of their acceptance
            if self._handlers is None:
                await asyncio.to_thread(self.now)
        return self.now()


class _DeferredHandler:
    """`JobHandler` of one kind."""

    def __init__(self, handlers: DeferredHandlers, kind: JobKind) -> None:
        self._handlers = handlers
        self._kind = kind

    async def work(self, job: Job) -> Outcome:
        return await (await self._handlers.soon())[self._kind].work(job)

    def apply(self, connection: Connection, job: Job, outcome: Outcome, now: int) -> None:
        self._handlers.now()[self._kind].apply(connection, job, outcome, now)

    def settled(self, job: Job, outcome: Outcome) -> None:
        self._handlers.now()[self._kind].settled(job, outcome)
