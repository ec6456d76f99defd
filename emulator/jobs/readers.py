"""Jobs that read a resource: what changes or removes it waits until those that were accepted before have read it.

Jobs begin in the order in which they were accepted, after a restart too, and say that they read before anything else.
Readers wait for nobody, so nobody waits in a circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Readers:
    """Who reads what, by ARN: the datasets of a project, a dataset, a version. Lives on the event loop."""

    def __init__(self) -> None:
        self._reading: dict[asyncio.Event, tuple[str, ...]] = {}

    @contextmanager
    def reading(self, *arns: str) -> Iterator[None]:
        """The block reads these resources."""
        finished = asyncio.Event()
        self._reading[finished] = arns
        try:
            yield
        finally:
            del self._reading[finished]
            finished.set()

    async def finished(self, *arns: str) -> None:
        """Wait for those who read one of these resources now; not for those who begin meanwhile."""
        for event in [event for event, read in self._reading.items() if set(read) & set(arns)]:
            await event.wait()
