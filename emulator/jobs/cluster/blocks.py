"""`Workers` on a Dask cluster: items are read here and go in blocks to whichever worker is free."""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from emulator.jobs.cluster.connection import Asked, Cluster
from emulator.vision.parallel import Known, Threads, in_order

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Result = TypeVar("Result")

BLOCK = 64
"""Items of the first blocks, and the fewest that are handed out at all."""

_FEWEST, _MOST = 32, 1024
_BLOCK_SECONDS = 1.0
"""What a block is to take: long beside the 13 ms that it costs to hand out, short beside the stage."""

_BLOCK_BYTES = 8_000_000
_BLOCKS_A_THREAD = 3
"""One that is computed, one that is on its way, and one whose results wait for those before it."""

_READ_TOGETHER = 16
"""Items that a thread reads in one go: handing a thread one item takes as long as a tenth of looking at a picture."""

_alone = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a function raised: errors travel as values, so that those of Dask can be told from them."""

    error: Exception


@dataclass(frozen=True, slots=True)
class _Block(Generic[Result]):
    """Items in order: of some the result is known, the others were asked for."""

    known: list[Known[Result] | _Failed | None]
    asked: Asked[tuple[float, bytes]] | None

    def is_done(self) -> bool:
        """Whether nobody has to be waited for."""
        return self.asked is None or self.asked.is_done()

    def results(self, size: _BlockSize) -> Iterator[Result]:
        """In order; raises what the functions raised, in its place."""
        computed: Iterator[Result | _Failed] = iter([])
        if self.asked is not None:
            seconds, answered = self.asked.result()
            found: list[Result | _Failed] = pickle.loads(answered)
            size.learn(len(found), seconds)
            computed = iter(found)
        for known in self.known:
            if isinstance(known, Known):
                yield known.result
                continue
            result = next(computed) if known is None else known
            if isinstance(result, _Failed):
                raise result.error
            yield result


class _BlockSize:
    """How many items make a block of a second; at most twice as many as in the one before."""

    def __init__(self) -> None:
        self.items = BLOCK

    def learn(self, items: int, seconds: float) -> None:
        """So many took a worker so long."""
        wanted = min(_BLOCK_SECONDS * items / max(seconds, 1e-9), 2 * items, _MOST)
        self.items = max(_FEWEST, round(wanted))


class DaskWorkers:
    """`Workers` of a cluster. `threads` of this process read the items, and do by themselves what fills no block.

    In memory are three blocks for each thread of the cluster, each of about 8 MB at most.
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
        together: Iterator[list[tuple[Known[Result] | _Failed | None, bytes]]]
        together = in_order(_read_by(load), _cut(chain(first, iterator)), self._threads)
        size = _BlockSize()
        read = _blocks(chain.from_iterable(together), size)
        blocks = self._handed_out(pickle.dumps(function), read, at_once == 1)
        pending: deque[_Block[Result]] = deque()
        while True:
            while self._have_room(len(pending)) and (block := next(blocks, None)) is not None:
                pending.append(block)
            if not pending:
                return
            if pending[0].is_done():
                yield from pending.popleft().results(size)
            else:
                self._cluster.wait()

    def _handed_out(
        self, function: bytes, read: Iterable[tuple[list[Known[Result] | _Failed | None], list[bytes]]], alone: bool
    ) -> Iterator[_Block[Result]]:
        for known, payloads in read:
            # Bytes would be copied by each of the processes that they pass; an array is not.
            sent = np.frombuffer(b"".join(payloads), np.uint8)
            lengths = np.array([len(payload) for payload in payloads], np.uint32)
            asked = self._cluster.start_shared(function, sent, _done, lengths, alone) if payloads else None
            yield _Block(known, asked)

    def _have_room(self, pending: int) -> bool:
        """Whether a worker waits for more, and not too many results for those before them."""
        threads = sum(self._cluster.workers().values())
        return pending < _BLOCKS_A_THREAD * threads and self._cluster.roomiest()[1] > 0


def _done(
    function: Callable[[Loaded], Result], sent: npt.NDArray[np.uint8], lengths: npt.NDArray[np.uint32], alone: bool
) -> tuple[float, bytes]:
    """One block of items, pickled one after the other: seconds on a worker, and the pickled list of results or _Failed.

    With `alone` it is the only such one of the worker's threads.
    """
    with _alone if alone else nullcontext():
        began = time.monotonic()
        items: Iterator[Loaded] = _unpickled(sent.data, lengths.tolist())
        done = [_caught(function)(item) for item in items]
        return time.monotonic() - began, pickle.dumps(done, pickle.HIGHEST_PROTOCOL)


def _unpickled(sent: memoryview, lengths: Iterable[int]) -> Iterator[Loaded]:
    begin = 0
    for length in lengths:
        yield pickle.loads(sent[begin : begin + length])
        begin += length


def _caught(function: Callable[[Item], Result]) -> Callable[[Item], Result | _Failed]:
    def call(item: Item) -> Result | _Failed:
        try:
            return function(item)
        except Exception as error:
            return _Failed(error)

    return call


def _read_by(
    load: Callable[[Item], Loaded | Known[Result]],
) -> Callable[[list[Item]], list[tuple[Known[Result] | _Failed | None, bytes]]]:
    """Of each item what is known of it, or None and the pickle of what has to be computed for it."""
    caught = _caught(load)

    def read(item: Item) -> tuple[Known[Result] | _Failed | None, bytes]:
        loaded = caught(item)
        if isinstance(loaded, Known | _Failed):
            return loaded, b""
        return None, pickle.dumps(loaded, pickle.HIGHEST_PROTOCOL)

    return lambda items: [read(item) for item in items]


def _cut(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while together := list(islice(iterator, _READ_TOGETHER)):
        yield together


def _blocks(
    read: Iterable[tuple[Known[Result] | _Failed | None, bytes]], size: _BlockSize
) -> Iterator[tuple[list[Known[Result] | _Failed | None], list[bytes]]]:
    """The same of a number of items together."""
    known: list[Known[Result] | _Failed | None] = []
    payloads: list[bytes] = []
    length = 0
    for found, wanted in read:
        known.append(found)
        if found is None:
            payloads.append(wanted)
            length += len(wanted)
        if len(payloads) >= size.items or len(known) >= _MOST or length >= _BLOCK_BYTES:
            yield known, payloads
            known, payloads, length = [], [], 0
    if known:
        yield known, payloads
