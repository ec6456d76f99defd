"""Which call goes first where all want the one interpreter: short calls of the APIs before long ones of S3.

Short calls run on the event loop from end to end. Long ones work in threads, which take the interpreter from it at each
of their steps: eight of them leave a ninth of it to all short calls together. So while many short ones come, a
long one begins in a turn of the event loop that brought none, and few are at work. Whoever has waited for
`LONGEST_WAIT_SECONDS` begins whatever comes. Where few or no short calls come, nobody waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_WORK_BESIDE_SHORT_CALLS = 2
"""Long calls in threads while many short ones come: one computes while another waits for the disk."""

SHORT_CALLS_OF_COMPANY, COMPANY_SECONDS = 5, 0.05
"""Many short calls come as long as so many began within this time: a program that polls is not many."""

LONGEST_WAIT_SECONDS = 0.5
"""After this a long call begins, in the order in which they came."""


class Precedence:
    """The order in which long calls begin. Lives on the event loop."""

    def __init__(
        self, company_seconds: float = COMPANY_SECONDS, longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    ) -> None:
        self._company = company_seconds
        self._longest_wait = longest_wait_seconds
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._at_work = 0
        self._short_calls = 0
        self._short_calls_seen = 0
        self._last_short_calls = deque([float("-inf")] * SHORT_CALLS_OF_COMPANY, SHORT_CALLS_OF_COMPANY)
        self._looks_soon = False
        self._later_look: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many long calls wait to begin."""
        return len(self._waiting)

    def short_call(self) -> None:
        """A short call begins, at once."""
        self._short_calls += 1
        self._last_short_calls.append(time.monotonic())

    @asynccontextmanager
    async def long_call(self) -> AsyncIterator[None]:
        """Wait until it is this call's turn; it is at work for the block, which waits for nothing from its client."""
        if self._waiting or self._is_in_company():
            await self._turn()
        else:
            self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if self._waiting:
                self._look_soon()

    async def _turn(self) -> None:
        """Wait to be among those at work."""
        begins: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (time.monotonic() + self._longest_wait, begins)
        self._waiting.append(entry)
        self._look_soon()
        try:
            await begins
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:  # it had begun already, and gives its place to the next
                self._at_work -= 1
                self._look_soon()
            raise

    def _is_in_company(self) -> bool:
        return time.monotonic() - self._last_short_calls[0] < self._company

    def _look_soon(self) -> None:
        """Look after the present turn of the event loop, in which short calls may come."""
        if not self._looks_soon:
            self._looks_soon = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Let those begin that have waited too long, and one more unless many short calls come and brought one."""
        self._looks_soon = False
        if self._later_look is not None:
            self._later_look.cancel()
            self._later_look = None
        came, self._short_calls_seen = self._short_calls != self._short_calls_seen, self._short_calls
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            self._begin_first()
        is_in_company = self._is_in_company()
        is_free = self._at_work < AT_WORK_BESIDE_SHORT_CALLS or not is_in_company
        if self._waiting and is_free and not (came and is_in_company):
            self._begin_first()
        if self._waiting and is_free:
            self._look_soon()
        elif self._waiting:  # whoever ends looks as well
            pause = min(self._company, self._waiting[0][0] - now)
            self._later_look = asyncio.get_running_loop().call_later(pause, self._look)

    def _begin_first(self) -> None:
        _, begins = self._waiting.popleft()
        self._at_work += 1
        if not begins.done():
            begins.set_result(None)
