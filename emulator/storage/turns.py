"""Who may write next in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Turns:
    """One turn to write, for a request before the work of jobs. Threads sleep until they have it, the loop goes on.

    SQLite's own lock is left to other processes: who waits for it sleeps up to a tenth of a second between two tries.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._requests = 0
        self._given_back: asyncio.Future[None] | None = None

    @contextmanager
    def turn(self, *, of_request: bool) -> Iterator[None]:
        """Wait for the turn, and keep it for the block."""
        # Whoever writes on the event loop holds up the requests that wait there: they cannot go before it.
        goes_first = of_request or _is_on_loop()
        with self._changed:
            self._requests += of_request
            try:
                self._changed.wait_for(lambda: not self._is_taken and (goes_first or not self._requests))
            finally:
                self._requests -= of_request
            self._is_taken = True
        try:
            yield
        finally:
            self.give_back()

    async def take(self) -> None:
        """Wait for the turn of a request without holding the event loop; `give_back` follows before anything else."""
        if self._take_at_once():
            return
        with self._changed:
            self._requests += 1
        try:
            while not self._take_at_once():
                await self._until_given_back()
        finally:
            with self._changed:
                self._requests -= 1
                self._changed.notify_all()

    def give_back(self) -> None:
        """The turn is free again."""
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()
            awaited, self._given_back = self._given_back, None
        if awaited is not None:
            with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits there
                awaited.get_loop().call_soon_threadsafe(_tell, awaited)

    def _take_at_once(self) -> bool:
        with self._changed:
            if self._is_taken:
                return False
            self._is_taken = True
            return True

    async def _until_given_back(self) -> None:
        loop = asyncio.get_running_loop()
        with self._changed:
            if not self._is_taken:
                return
            if self._given_back is None or self._given_back.get_loop() is not loop:
                self._given_back = loop.create_future()
            awaited = self._given_back
        await asyncio.shield(awaited)  # all who wait share it


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _tell(awaited: asyncio.Future[None]) -> None:
    if not awaited.done():
        awaited.set_result(None)
