"""Waiting for work that goes on when whoever waits for it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def undisturbed(work: Awaitable[Result]) -> Result:
    """What the work gives, or raises. When this is cancelled the work goes on, and its failure is nobody's any more.

    `asyncio.shield` does the same up to Python 3.13; that of 3.14 logs such a failure with a traceback.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        raise
    return task.result()
