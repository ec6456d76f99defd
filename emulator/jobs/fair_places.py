"""Places for trainings, given to accounts in turn, so that one with a hundred trainings does not hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Waiting:
    name: str
    account: str
    due: float
    arrival: int
    turn: asyncio.Future[None]


class FairPlaces:
    """A number of places. Lives on the event loop.

    A free one goes to the account whose last turn is longest ago, and within an account to whoever is due first.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[_Waiting] = []
        self._last_turn: dict[str, int] = {}
        self._turns = 0
        self._arrivals = 0

    @asynccontextmanager
    async def place(self, name: str, account: str, due: float = 0.0) -> AsyncIterator[None]:
        """Wait for a place and hold it. `name` is what `order` knows it by; of equal `due` who came first is first."""
        await self._take(name, account, due)
        try:
            yield
        finally:
            self._free += 1
            self._give()

    def order(self) -> list[str]:
        """The names of those who wait, in the order in which they would get a place if nobody else came."""
        left = list(self._waiting)
        last_turn, turns = dict(self._last_turn), self._turns
        ordered: list[str] = []
        while left:
            chosen = _next(left, last_turn)
            left.remove(chosen)
            ordered.append(chosen.name)
            turns += 1
            last_turn[chosen.account] = turns
        return ordered

    async def _take(self, name: str, account: str, due: float) -> None:
        self._arrivals += 1
        waiting = _Waiting(name, account, due, self._arrivals, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._give()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.turn.cancelled():  # it got its place in the moment in which it was cancelled
                self._free += 1
                self._give()
            raise

    def _give(self) -> None:
        self._waiting = [one for one in self._waiting if not one.turn.cancelled()]
        while self._free and self._waiting:
            chosen = _next(self._waiting, self._last_turn)
            self._waiting.remove(chosen)
            self._turns += 1
            self._last_turn[chosen.account] = self._turns
            self._free -= 1
            chosen.turn.set_result(None)


def _next(waiting: list[_Waiting], last_turn: dict[str, int]) -> _Waiting:
    return min(waiting, key=lambda one: (last_turn.get(one.account, 0), one.due, one.arrival))
