"""The lines of a manifest one by one, as a dataset takes them: on the spot, or beside whoever stores them.

Examining a line takes about as long as storing it, so a large import does both at once, on two cores.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from sys import intern

from emulator.domain.manifest.dataset import DatasetEntry, DroppedLine, examine_for_dataset
from emulator.domain.manifest.findings import LabelUse
from emulator.domain.manifest.reading import ManifestLine

Examined = tuple[int, DatasetEntry | DroppedLine]
"""The number of a line and what a dataset makes of it."""

Examine = Callable[[Iterable[ManifestLine]], Iterator[Examined]]

_LINES_AT_ONCE = 1024
_AHEAD = 3


def examined_on_the_spot(lines: Iterable[ManifestLine]) -> Iterator[Examined]:
    """In this process."""
    for line in lines:
        yield line.number, examine_for_dataset(line.raw, line.is_cut)


def examined_beside(lines: Iterable[ManifestLine]) -> Generator[Examined, None, None]:
    """The same, examined in a process of its own, a few thousand lines ahead. For worker processes, not for the server.

    Entries come without keys and findings, which nothing stores. What reading the lines raises is raised after those
    before it were given.
    """
    pending: deque[tuple[int, Future[list[DatasetEntry | DroppedLine]]]] = deque()
    rest, failure = iter(lines), None
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            while failure is None:
                piece, failure = _piece(rest)
                if not piece:
                    break
                raw = [(line.raw, line.is_cut) for line in piece]
                pending.append((piece[0].number, pool.submit(_examine, raw)))
                if len(pending) > _AHEAD:
                    first, examined = pending.popleft()
                    yield from enumerate(examined.result(), first)
            while pending:
                first, examined = pending.popleft()
                yield from enumerate(examined.result(), first)
        finally:
            pool.shutdown(cancel_futures=True)
    if failure is not None:
        raise failure


def _piece(lines: Iterator[ManifestLine]) -> tuple[list[ManifestLine], Exception | None]:
    """The next lines, and what reading the one behind them raised."""
    piece: list[ManifestLine] = []
    try:
        piece.extend(islice(lines, _LINES_AT_ONCE))  # keeps what came before an error
    except Exception as error:
        return piece, error
    return piece, None


def _examine(lines: list[tuple[bytes, bool]]) -> list[DatasetEntry | DroppedLine]:
    """What a dataset makes of lines, given as their bytes and whether they were cut off."""
    return [_compact(examine_for_dataset(raw, is_cut)) for raw, is_cut in lines]


def _compact(result: DatasetEntry | DroppedLine) -> DatasetEntry | DroppedLine:
    """The same with shared parts, which travel once."""
    if isinstance(result, DroppedLine):
        return result
    source_ref, bucket, _, line, labels, is_labeled, has_errors, _ = result
    shared = _labels(tuple(labels), tuple(labels.values()))
    return DatasetEntry(source_ref, intern(bucket), "", line, shared, is_labeled, has_errors)


@lru_cache(maxsize=4096)
def _labels(names: tuple[str, ...], uses: tuple[LabelUse, ...]) -> dict[str, LabelUse]:
    return dict(zip(names, uses, strict=True))


def _end_with_parent() -> None:
    """However the parent ends, by SIGKILL too, nothing is left behind."""
    parent = parent_process()
    assert parent is not None, "this is a child process"

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
