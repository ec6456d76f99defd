"""Threads of jobs are waited for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from emulator.jobs import threads
from emulator.jobs.threads import in_thread


def test_results_and_errors_come_through() -> None:
    assert asyncio.run(in_thread(pow, 2, exp=5)) == 32
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 1, 0))


@pytest.mark.parametrize("fails", [False, True])
def test_cancelling_waits_for_the_thread(fails: bool) -> None:
    begun, may_end = threading.Event(), threading.Event()
    ended = []

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.append(True)
        if fails:
            raise RuntimeError("nobody asks any more")

    async def play() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [True]

    asyncio.run(play())


def test_what_has_not_begun_never_does() -> None:
    """A reset does not wait for work that only waits for a thread."""
    may_end = threading.Event()
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        may_end.wait(10)

    async def play() -> None:
        tasks = [asyncio.create_task(in_thread(work, number)) for number in range(40)]
        async with asyncio.timeout(30):
            while len(begun) < threads.THREADS:
                await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.02)
        assert sum(task.done() for task in tasks) == len(tasks) - threads.THREADS
        may_end.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())
    assert len(begun) == threads.THREADS
