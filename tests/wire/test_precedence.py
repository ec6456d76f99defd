"""The order in which calls begin: told by what begins in which turn of the event loop, never by the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from emulator.wire.precedence import AT_WORK_BESIDE_SHORT_CALLS, SHORT_CALLS_OF_COMPANY, Precedence

A_LONG_TIME = 3600.0
MANY_TURNS = 50


class LongCalls:
    """Long calls that note when they begin, and end when they are told to."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._may_end: dict[str, asyncio.Event] = {}
        self.began: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def send(self, *names: str) -> None:
        """These calls come, in this order."""
        for name in names:
            self._may_end[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._call(name))

    async def end(self, *names: str) -> None:
        """These calls end."""
        for name in names:
            self._may_end[name].set()
            await self.tasks[name]

    async def _call(self, name: str) -> None:
        async with self._precedence.long_call():
            self.began.append(name)
            await self._may_end[name].wait()


def come_many(precedence: Precedence) -> None:
    """So many short calls come that they are company."""
    for _ in range(SHORT_CALLS_OF_COMPANY):
        precedence.short_call()


async def turns(count: int, precedence: Precedence | None = None) -> None:
    """So many turns of the event loop, with a short call in each."""
    for _ in range(count):
        if precedence is not None:
            precedence.short_call()
        await asyncio.sleep(0)


def run(
    scenario: Callable[[Precedence, LongCalls], Awaitable[None]],
    *,
    company_seconds: float = A_LONG_TIME,
    longest_wait_seconds: float = A_LONG_TIME,
) -> None:
    async def main() -> None:
        precedence = Precedence(company_seconds, longest_wait_seconds)
        calls = LongCalls(precedence)
        await scenario(precedence, calls)
        for task in calls.tasks.values():
            task.cancel()
        await asyncio.gather(*calls.tasks.values(), return_exceptions=True)

    asyncio.run(main())


def test_long_calls_alone_begin_at_once() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        names = [str(number) for number in range(20)]
        calls.send(*names)
        await turns(1)
        assert calls.began == names
        assert precedence.waiting == 0

    run(scenario)


def test_few_short_calls_delay_nobody() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        names = [str(number) for number in range(20)]
        for _ in range(SHORT_CALLS_OF_COMPANY - 1):
            precedence.short_call()
        calls.send(*names)
        await turns(1)
        assert calls.began == names

    run(scenario)


def test_a_long_call_waits_for_a_turn_without_short_ones() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        calls.send("long")
        await turns(MANY_TURNS, precedence)
        assert calls.began == []
        await turns(MANY_TURNS)
        assert calls.began == ["long"]

    run(scenario)


def test_few_long_calls_are_at_work_beside_short_ones() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        names = [str(number) for number in range(AT_WORK_BESIDE_SHORT_CALLS + 2)]
        calls.send(*names)
        for _ in range(MANY_TURNS):  # every other turn brings a short call
            await turns(1, precedence)
            await turns(2)
        assert calls.began == names[:AT_WORK_BESIDE_SHORT_CALLS]
        await calls.end(names[0])
        for _ in range(MANY_TURNS):
            await turns(1, precedence)
            await turns(2)
        assert calls.began == names[: AT_WORK_BESIDE_SHORT_CALLS + 1]

    run(scenario)


def test_all_begin_in_their_order_when_short_calls_come_no_more() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        names = [str(number) for number in range(10)]
        calls.send(*names)
        while precedence.waiting or len(calls.began) < len(names):
            await asyncio.sleep(0.01)
        assert calls.began == names

    run(scenario, company_seconds=0.01)


def test_whoever_has_waited_long_enough_begins_beside_short_calls() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        names = [str(number) for number in range(10)]
        calls.send(*names)
        await turns(5, precedence)
        assert calls.began == names

    run(scenario, longest_wait_seconds=0.0)


def test_a_call_whose_client_leaves_while_it_waits_takes_no_place() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        calls.send("gone", "next")
        await turns(2, precedence)
        calls.tasks["gone"].cancel()
        await turns(MANY_TURNS)
        assert calls.began == ["next"]
        assert precedence.waiting == 0

    run(scenario)


def test_a_call_that_leaves_as_it_begins_gives_its_place_to_the_next() -> None:
    async def scenario(precedence: Precedence, calls: LongCalls) -> None:
        come_many(precedence)
        names = [str(number) for number in range(AT_WORK_BESIDE_SHORT_CALLS + 1)]
        calls.send(*names)
        await turns(1)
        while precedence.waiting == len(names):
            await turns(1)
        calls.tasks[names[0]].cancel()
        await turns(MANY_TURNS)
        assert calls.began == names[1:]

    run(scenario)
