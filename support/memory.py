"""How much memory a process and its children hold."""

from __future__ import annotations

import threading

import psutil

SAMPLING_SECONDS = 0.1


def resident_memory(process: psutil.Process) -> int:
    """Bytes of resident memory of a process and its children, as far as they still exist."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


class MemoryWatch:
    """The largest resident memory (bytes, sampled) of a process and its children while the block runs."""

    def __init__(self, process_id: int) -> None:
        self.largest_memory = 0
        self._process = psutil.Process(process_id)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLING_SECONDS):
            self.largest_memory = max(self.largest_memory, resident_memory(self._process))
