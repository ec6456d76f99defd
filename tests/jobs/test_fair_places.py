"""Trainings get their places by turns of accounts (O-32, O-39)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from emulator.jobs.fair_places import FairPlaces


def play(story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(whole())


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_account_with_many_does_not_hold_up_another() -> None:
    async def story() -> None:
        places, begun = FairPlaces(1), list[str]()
        release = asyncio.Semaphore(0)

        async def train(name: str, account: str) -> None:
            async with places.place(name, account):
                begun.append(name)
                await release.acquire()

        tasks = [asyncio.create_task(train(f"a{number}", "a")) for number in range(4)]
        await settled()
        tasks += [asyncio.create_task(train("b0", "b")), asyncio.create_task(train("c0", "c"))]
        await settled()
        assert begun == ["a0"]
        assert places.order() == ["b0", "c0", "a1", "a2", "a3"]
        for _ in tasks:
            release.release()
        await asyncio.gather(*tasks)
        assert begun == ["a0", "b0", "c0", "a1", "a2", "a3"]
        assert places.order() == []

    play(story)


def test_who_is_due_first_overtakes_within_an_account() -> None:
    async def story() -> None:
        places, begun = FairPlaces(1), list[str]()

        async def train(name: str, due: float) -> None:
            async with places.place(name, "a", due):
                begun.append(name)
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(train(*one)) for one in (("runs", 9), ("large", 8), ("late", 7.5), ("small", 1))]
        await asyncio.sleep(0)
        assert places.order() == ["small", "late", "large"]
        await asyncio.gather(*tasks)
        assert begun == ["runs", "small", "late", "large"]

    play(story)


def test_a_training_that_is_cancelled_gives_its_place_back() -> None:
    async def story() -> None:
        places = FairPlaces(1)

        async def train(name: str, account: str) -> None:
            async with places.place(name, account):
                await asyncio.sleep(100)

        first = asyncio.create_task(train("first", "a"))
        second = asyncio.create_task(train("second", "a"))
        third = asyncio.create_task(train("third", "b"))
        await settled()
        second.cancel()
        await settled()
        assert places.order() == ["third"]
        # Both at once: the third has its place for a moment and gives it back.
        first.cancel()
        third.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        async with places.place("fourth", "c"):
            assert places.order() == []

    play(story)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 3))
def test_the_order_told_is_the_order_given(accounts: list[str], number: int) -> None:
    async def story() -> None:
        places, begun = FairPlaces(number), list[str]()
        release = asyncio.Semaphore(0)

        async def train(name: str, account: str) -> None:
            async with places.place(name, account):
                begun.append(name)
                await release.acquire()

        tasks = [asyncio.create_task(train(f"{at}", account)) for at, account in enumerate(accounts)]
        await settled()
        assert len(begun) == min(number, len(accounts))
        if number == 1:
            told = begun + places.order()
            for _ in tasks:
                release.release()
                await settled()
            assert begun == told
        else:
            for _ in tasks:
                release.release()
        await asyncio.gather(*tasks)
        assert sorted(begun, key=int) == [str(at) for at in range(len(accounts))]

    play(story)
