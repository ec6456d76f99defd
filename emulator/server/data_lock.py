"""One process a data directory (O-3)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS_BETWEEN_TRIES = 0.05


class DataDirectoryError(Exception):
    """The data directory cannot be used; the message says why and what to do."""


@contextmanager
def hold_data_directory(directory: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the directory's lock, creating the directory if need be. The system frees the lock of a killed process.

    One that another process holds is tried again for `patience` seconds.

    Directories that were made for it are gone afterwards if nothing else was written: the port was in use.
    Raises DataDirectoryError where another process holds it or it cannot be written.
    """
    try:
        made = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("a+")
    except OSError as error:
        raise _not_writable(directory, error) from error
    with lock:
        deadline = time.monotonic() + patience
        while not (is_held := _try_to_lock(lock.fileno())) and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_TRIES)
        if not is_held:
            lock.seek(0)
            raise DataDirectoryError(
                f"the data directory {directory} is in use by process {lock.read().strip() or 'unknown'}; "
                "stop it or choose another directory with --data-dir"
            )
        try:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        except OSError as error:
            raise _not_writable(directory, error) from error
        try:
            yield
        finally:
            _remove_unused(directory, made)


def _not_writable(directory: Path, error: OSError) -> DataDirectoryError:
    return DataDirectoryError(
        f"the data directory {directory} cannot be written: {error.strerror}; choose another with --data-dir"
    )


def _remove_unused(directory: Path, made: list[Path]) -> None:
    """Remove the directories that were made, the innermost first, if the lock is all that is in them."""
    with suppress(OSError):
        if made and [path.name for path in directory.iterdir()] == ["lock"]:
            (directory / "lock").unlink()
            for path in made:
                path.rmdir()


def _try_to_lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
