"""One process at a time, over several test runs: a lock on a file that is gone again afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOOK_SECONDS = 0.05


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Have the lock `path` for the block, after waiting for whoever has it. The file is made, and removed at the end.

    The system frees the lock of a process that dies, however it dies. Raises TimeoutError after `seconds`. Where the
    system has no such locks (Windows) nobody waits.
    """
    descriptor = _lock(path, time.monotonic() + seconds)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _lock(path: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if _has_locked(descriptor) and _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise TimeoutError(f"another process has held {path} all the time")
        time.sleep(_LOOK_SECONDS)


def _has_locked(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the path names the locked file: whoever had the lock before may have removed it meanwhile."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
