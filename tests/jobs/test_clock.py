"""Real and manual time."""

from __future__ import annotations

import asyncio
import time

import pytest

from emulator.domain.moments import LATEST_SECOND
from emulator.jobs.clock import Clock

SECONDS = 60


def test_real_time_passes() -> None:
    clock = Clock()
    assert clock.mode == "real"
    assert abs(clock.now() - time.time()) < 60
    assert abs(clock.milliseconds() - time.time() * 1000) < 60_000


def test_stamps_are_never_the_same_twice() -> None:
    """api-facts §0.12: they end ARNs; also under a clock that stands still."""
    clock = Clock()
    for _ in range(2):
        stamps = [clock.stamp() for _ in range(50)]
        assert stamps == sorted(set(stamps))
        clock.set_manual(1000)
    assert stamps == list(range(1_000_000, 1_000_050))


def test_stamps_follow_a_clock_that_is_turned_back() -> None:
    """What is created after an excursion into the future is created now."""
    clock = Clock()
    clock.set_manual(time.time() + 8 * 3600)
    clock.stamp()
    clock.set_real()
    assert abs(clock.stamp() - time.time() * 1000) < 60_000


@pytest.mark.parametrize(("step", "times"), [(0.1, 600), (0.01, 6000), (0.3, 200)])
def test_small_steps_add_up(step: float, times: int) -> None:
    clock = Clock()
    clock.set_manual(1_800_000_000)
    for _ in range(times):
        clock.advance(step)
    assert clock.now() == 1_800_000_060


def test_manual_time_stands_until_it_is_advanced() -> None:
    clock = Clock()
    clock.set_manual(1000)
    assert (clock.mode, clock.now()) == ("manual", 1000)
    clock.advance(8 * 3600)
    assert clock.milliseconds() == 29_800_000
    clock.set_real()
    assert clock.mode == "real"


def test_moves_that_cannot_be() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="real time"):
        clock.advance(1)
    clock.set_manual(1000)
    for seconds in (-1, LATEST_SECOND):
        with pytest.raises(ValueError):
            clock.advance(seconds)
    assert clock.now() == 1000


def test_waiting_ends_whoever_moves_the_clock() -> None:
    async def play() -> list[str]:
        clock, order = Clock(), []
        clock.set_manual(1000)

        async def wait(name: str, moment: float) -> None:
            while clock.now() < moment:
                await clock.wait_until_or_moved(moment)
            order.append(name)

        waiting = [asyncio.create_task(wait(name, at)) for name, at in (("late", 1020), ("soon", 1010), ("never", 1e9))]
        await asyncio.sleep(0)
        clock.advance(5)
        await asyncio.sleep(0.01)
        assert order == []
        clock.advance(5)
        async with asyncio.timeout(SECONDS):
            await waiting[1]
            assert order == ["soon"]
            clock.set_real()
            await asyncio.gather(*waiting)
        return order

    assert set(asyncio.run(play())) == {"soon", "late", "never"}


def test_waiting_in_real_time() -> None:
    async def play() -> float:
        clock, began = Clock(), time.monotonic()
        await clock.wait_until_or_moved(clock.now() - 5)
        await clock.wait_until_or_moved(clock.now() + 0.05)
        return time.monotonic() - began

    assert 0.04 < asyncio.run(play()) < SECONDS
