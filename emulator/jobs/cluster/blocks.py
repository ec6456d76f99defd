"""`Workers` on a Dask cluster: items are read here and go in blocks to whichever worker is free."""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

from emulator.jobs.cluster.connection import Asked, Cluster
from emulator.vision.parallel import Known, Threads, in_order

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Result = TypeVar("Result")

BLOCK = 64
"""Items of a block; fewer where they are large."""

_BLOCK_BYTES = 8_000_000
_BLOCKS_A_THREAD = 2
"""One that is computed and one that is on its way."""

_alone = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a function raised: errors travel as values, so that those of Dask can be told from them."""

    error: Exception


@dataclass(slots=True)
class _Block(Generic[Result]):
    """Items in order: of some the result is known, the others were asked for."""

    known: list[Known[Result] | _Failed | None]
    asked: Asked[list[Result | _Failed]] | None

    def results(self) -> Iterator[Result]:
        """In order; raises what the functions raised, in its place."""
        computed = iter(self.asked.result() if self.asked else [])
        for known in self.known:
            if isinstance(known, Known):
                yield known.result
                continue
            result = next(computed) if known is None else known
            if isinstance(result, _Failed):
                raise result.error
            yield result


class DaskWorkers:
    """`Workers` of a cluster. `threads` of this process read the items, and do by themselves what fills no block.

    In memory are two blocks for each thread of the cluster, each of at most 64 items or about 8 MB.
    """

    def __init__(self, cluster: Cluster, threads: int) -> None:
        self._cluster = cluster
        self._threads = threads

    def in_order(
        self,
        function: Callable[[Loaded], Result],
        items: Iterable[Item],
        load: Callable[[Item], Loaded | Known[Result]],
        at_once: int | None = None,
    ) -> Iterator[Result]:
        """See Workers. Blocks whose worker is lost are done again by another one."""
        iterator = iter(items)
        first = list(islice(iterator, BLOCK + 1))
        if len(first) <= BLOCK:
            yield from Threads(self._threads).in_order(function, first, load, at_once)
            return
        read: Iterator[tuple[Known[Result] | _Failed | None, bytes]]
        read = in_order(_read_by(load), chain(first, iterator), self._threads)
        shared = pickle.dumps(function)
        pending: deque[_Block[Result]] = deque()
        for known, payloads in _blocks(read):
            asked = None
            if payloads:
                asked = self._cluster.start(_done, payloads, at_once == 1, shared=shared)
            pending.append(_Block(known, asked))
            if len(pending) >= _BLOCKS_A_THREAD * sum(self._cluster.workers().values()):
                yield from pending.popleft().results()
        while pending:
            yield from pending.popleft().results()


def _done(function: Callable[[Loaded], Result], payloads: Sequence[bytes], alone: bool) -> list[Result | _Failed]:
    """One block of pickled items, on a worker. With `alone` it is the only such one of the worker's threads."""
    with _alone if alone else nullcontext():
        return [_caught(function)(pickle.loads(payload)) for payload in payloads]


def _caught(function: Callable[[Item], Result]) -> Callable[[Item], Result | _Failed]:
    def call(item: Item) -> Result | _Failed:
        try:
            return function(item)
        except Exception as error:
            return _Failed(error)

    return call


def _read_by(
    load: Callable[[Item], Loaded | Known[Result]],
) -> Callable[[Item], tuple[Known[Result] | _Failed | None, bytes]]:
    """What is known of an item, or None and the pickle of what has to be computed for it."""

    def read(item: Item) -> tuple[Known[Result] | _Failed | None, bytes]:
        try:
            loaded = load(item)
        except Exception as error:
            return _Failed(error), b""
        return (loaded, b"") if isinstance(loaded, Known) else (None, pickle.dumps(loaded, pickle.HIGHEST_PROTOCOL))

    return read


def _blocks(
    read: Iterable[tuple[Known[Result] | _Failed | None, bytes]],
) -> Iterator[tuple[list[Known[Result] | _Failed | None], list[bytes]]]:
    """The same of a number of items together."""
    known: list[Known[Result] | _Failed | None] = []
    payloads: list[bytes] = []
    size = 0
    for found, wanted in read:
        known.append(found)
        if found is None:
            payloads.append(wanted)
            size += len(wanted)
        if len(payloads) == BLOCK or len(known) == BLOCK * 16 or size >= _BLOCK_BYTES:
            yield known, payloads
            known, payloads, size = [], [], 0
    if known:
        yield known, payloads
