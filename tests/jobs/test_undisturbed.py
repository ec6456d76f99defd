"""Work goes on when whoever waits for it leaves, and nobody hears of its failure then, under every Python."""

from __future__ import annotations

import asyncio
import gc

import pytest

from emulator.jobs.undisturbed import undisturbed


def test_what_the_work_gives_and_raises() -> None:
    async def work(error: Exception | None) -> str:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return "done"

    assert asyncio.run(undisturbed(work(None))) == "done"
    with pytest.raises(LookupError, match="gone"):
        asyncio.run(undisturbed(work(LookupError("gone"))))


@pytest.mark.parametrize("fails", [False, True])
def test_it_goes_on_and_fails_in_silence(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def story() -> None:
        may_end = asyncio.Event()

        async def work() -> None:
            await may_end.wait()
            ended.append("yes")
            if fails:
                raise LookupError("gone")

        waiting = asyncio.create_task(undisturbed(work()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended == []
        may_end.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(story())
    gc.collect()
    assert ended == ["yes"] and caplog.records == []
