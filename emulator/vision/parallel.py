"""The port through which the work on many pictures goes: `in_order(function, items)`.

Here it is threads of this process with bounded memory; `emulator.jobs.cluster` does the same on other machines.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Known(Generic[Result]):
    """Given by a `load` for an item that needs no work any more."""

    result: Result


class Built(Generic[Loaded, Result]):
    """A function that is built where it first runs, once a process; what travels is `build`, which can be pickled."""

    def __init__(self, build: Callable[[], Callable[[Loaded], Result]]) -> None:
        self._build = build
        self._built: Callable[[Loaded], Result] | None = None
        self._building = threading.Lock()

    def __reduce__(self) -> tuple[type[Built[Loaded, Result]], tuple[Callable[[], Callable[[Loaded], Result]]]]:
        return (Built, (self._build,))

    def __call__(self, loaded: Loaded) -> Result:
        with self._building:
            if self._built is None:
                self._built = self._build()
        return self._built(loaded)


class Workers(Protocol):
    """Who does work that can be spread."""

    def in_order(
        self,
        function: Callable[[Loaded], Result],
        items: Iterable[Item],
        load: Callable[[Item], Loaded | Known[Result]],
        at_once: int | None = None,
    ) -> Iterator[Result]:
        """`function(load(item))` of every item, in the order of the items, a bounded number ahead of the reader.

        `load` runs in threads of this process, where the object store and the caches are; `function` runs wherever the
        workers are, so that it, its arguments and its results can be pickled, and it is the same for all items.
        `at_once` is the most calls of it that one process makes at a time. What either raises is raised in its place.
        """
        ...


@dataclass(frozen=True, slots=True)
class Threads:
    """`Workers` in this process."""

    threads: int

    def in_order(
        self,
        function: Callable[[Loaded], Result],
        items: Iterable[Item],
        load: Callable[[Item], Loaded | Known[Result]],
        at_once: int | None = None,
    ) -> Iterator[Result]:
        """See Workers."""

        def done(item: Item) -> Result:
            loaded = load(item)
            return loaded.result if isinstance(loaded, Known) else function(loaded)

        return in_order(done, items, at_once or self.threads)


def in_order(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
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
