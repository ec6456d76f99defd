"""Work on several threads with bounded memory."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """`map` on several threads, never more than a few results ahead of the reader; errors come in their place."""
    waiting: deque[Future[Result]] = deque()
    iterator = iter(items)
    with ThreadPoolExecutor(threads) as executor:
        waiting.extend(executor.submit(function, item) for item in itertools.islice(iterator, 2 * threads))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(executor.submit(function, item) for item in itertools.islice(iterator, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
