"""Work of jobs in threads. A thread cannot be ended from outside, so whoever ends a job waits for its thread.

Otherwise it would go on writing into a state that was reset or replaced meanwhile (O-8, O-15). The threads are the
jobs' own: requests never wait for a free one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from emulator.jobs.undisturbed import undisturbed

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

THREADS = 4

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="jobs")


async def in_thread(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Run a function in a thread; when this is cancelled, it ends as soon as the function has, if that has begun."""
    work = _pool.submit(partial(function, *arguments, **named))
    ended = asyncio.wrap_future(work)
    try:
        return await undisturbed(ended)
    except asyncio.CancelledError:
        if not work.cancel():
            await asyncio.wait([ended])
            ended.exception()
        raise
