"""A bound in time and memory on whatever runs a model in service: a hostile graph must not take the process with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import onnxruntime

LONGEST_RUN_SECONDS = 60.0
"""After so long a run is ended; the slowest model takes about a second on one core."""

MOST_MEMORY_BYTES = 2 << 30
"""What all served models together may take for tensors and weights; one model takes some 100 MB."""

SHARED_MEMORY_OPTION = "session.use_env_allocators"
"""The session option by which a session takes its memory from the bounded pool."""


class RunWatch:
    """Ends runs that take too long. One thread looks after all of them, and only while there are any."""

    def __init__(self, seconds: float = LONGEST_RUN_SECONDS) -> None:
        self._seconds = seconds
        self._runs: dict[int, tuple[float, Any]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[Any]:
        """RunOptions for one run, which is ended when its time is over."""
        options = onnxruntime.RunOptions()
        with self._changed:
            self._runs[id(options)] = (time.monotonic() + self._seconds, options)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="model-watch", daemon=True)
                self._thread.start()
        try:
            yield options
        finally:
            with self._changed:
                self._runs.pop(id(options), None)

    def end_all(self) -> None:
        """End every run now: the emulator ends."""
        with self._changed:
            for _, options in self._runs.values():
                options.terminate = True

    def _watch(self) -> None:
        with self._changed:
            while self._runs:
                now = time.monotonic()
                for deadline, options in self._runs.values():
                    if deadline <= now:
                        options.terminate = True
                # Runs begin later than those before them, so none ends before the first that is due.
                due = [deadline for deadline, _ in self._runs.values() if deadline > now]
                self._changed.wait(min(due, default=now + self._seconds) - now)
            self._thread = None


@cache
def bound_memory(most: int = MOST_MEMORY_BYTES) -> None:
    """Make the pool that sessions with SHARED_MEMORY_OPTION take their memory from; once a process."""
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # Strategy 1: it grows by what is asked for, not by doubling.
    pool = onnxruntime.OrtArenaCfg({"max_mem": most, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(place, pool)
