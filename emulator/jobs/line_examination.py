"""The lines of a manifest one by one, as a dataset takes them: on the spot, or beside whoever stores them.

Examining a line takes about as long as storing it, so a large import does both at once, on two cores.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

from emulator.domain.manifest.dataset import DatasetEntry, DroppedLine, examine_for_dataset
from emulator.domain.manifest.findings import LabelUse
from emulator.domain.manifest.reading import ManifestLine

Examined = tuple[ManifestLine, DatasetEntry | DroppedLine]
Examine = Callable[[Iterable[ManifestLine]], Iterator[Examined]]

_LINES_AT_ONCE = 1024
_AHEAD = 3


def examined_on_the_spot(lines: Iterable[ManifestLine]) -> Iterator[Examined]:
    """Each line and what a dataset makes of it."""
    for line in lines:
        yield line, examine_for_dataset(line.raw, line.is_cut)


def examined_beside(lines: Iterable[ManifestLine]) -> Generator[Examined, None, None]:
    """The same, examined in a process of its own, a few thousand lines ahead. For worker processes, not for the server.

    The lines come without their bytes. What reading them raises is raised after the lines before it were given.
    """
    pending: deque[Future[list[Examined]]] = deque()
    rest, failure = iter(lines), None
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            while failure is None:
                piece, failure = _piece(rest)
                if not piece:
                    break
                pending.append(pool.submit(_examine, piece))
                if len(pending) > _AHEAD:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
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


def _examine(lines: list[ManifestLine]) -> list[Examined]:
    return [
        (ManifestLine(line.number, b"", line.is_cut), _compact(examine_for_dataset(line.raw, line.is_cut)))
        for line in lines
    ]


def _compact(result: DatasetEntry | DroppedLine) -> DatasetEntry | DroppedLine:
    """The same with shared parts, which travel once."""
    if isinstance(result, DatasetEntry):
        return result._replace(labels={name: _use(use.image_level, use.boxes) for name, use in result.labels.items()})
    return result


@cache
def _use(image_level: bool, boxes: int) -> LabelUse:
    return LabelUse(image_level, boxes)


def _end_with_parent() -> None:
    """However the parent ends, by SIGKILL too, nothing is left behind."""
    parent = parent_process()
    assert parent is not None, "this is a child process"

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
