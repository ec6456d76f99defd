"""Features of more pictures than memory should hold: blocks of rows in one file, each with a checksum."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import zlib
from errno import ENOSPC
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float16]

BLOCK_ROWS = 1024
_CHECKSUM_BYTES = 4
# Files of trainings that were given up are kept for a while, as checkpoints are; they are larger.
_KEPT_FILES = 2
_SUFFIX = ".rows"


class FeatureStore:
    """A table float16 [rows, columns] that grows by blocks of BLOCK_ROWS rows, the last one perhaps shorter.

    With a path it is taken up again where it ends: blocks whose checksum is right are there. Without one it is a file
    that nobody else sees. `block` may be called from several threads.
    """

    def __init__(self, path: Path | None, rows: int, columns: int) -> None:
        """`rows`: how many there are when it is complete. Raises OSError."""
        self._path = path
        self._rows = rows
        self._columns = columns
        self._turn = threading.Lock()
        self.blocks = 0
        """How many blocks are there."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            _forget_others(path)
        self._stream: IO[bytes] = _unnamed() if path is None else path.open("r+b", buffering=0)
        while self._begin(self.blocks) < rows and self._read(self.blocks) is not None:
            self.blocks += 1
        self._stream.truncate(self._offset(self.blocks))

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def rows_of(self, number: int) -> slice:
        """Which rows a block has, or will have."""
        return slice(self._begin(number), min(self._rows, self._begin(number + 1)))

    def append(self, block: Rows) -> None:
        """Add the next block. Raises OSError where the disk takes no more; the blocks before it stay good."""
        data = np.ascontiguousarray(block, np.float16).tobytes()
        with self._turn:
            self._stream.seek(self._offset(self.blocks))
            data += zlib.crc32(data).to_bytes(_CHECKSUM_BYTES, "big")
            if self._stream.write(data) != len(data):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        self.blocks += 1

    def block(self, number: int) -> Rows:
        """Float16 [rows, columns]. Raises OSError for one that is not there or has changed."""
        found = self._read(number)
        if found is None:
            raise OSError(f"block {number} of a table of features cannot be read")
        return found

    def remove(self) -> None:
        """It is of no more use."""
        self._stream.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _read(self, number: int) -> Rows | None:
        rows = self.rows_of(number)
        size = (rows.stop - rows.start) * self._columns * np.dtype(np.float16).itemsize
        with self._turn:
            self._stream.seek(self._offset(number))
            data = self._stream.read(size + _CHECKSUM_BYTES)
        values, checksum = memoryview(data)[:size], data[size:]
        if len(checksum) < _CHECKSUM_BYTES or zlib.crc32(values) != int.from_bytes(checksum, "big"):
            return None
        return np.frombuffer(values, np.float16).reshape(-1, self._columns)

    def _begin(self, number: int) -> int:
        return number * BLOCK_ROWS

    def _offset(self, number: int) -> int:
        """Where a block begins in the file; only the last one is shorter."""
        full, rows = divmod(min(self._rows, self._begin(number)), BLOCK_ROWS)
        checksums = full + bool(rows)
        return (full * BLOCK_ROWS + rows) * self._columns * np.dtype(np.float16).itemsize + checksums * _CHECKSUM_BYTES


def _unnamed() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


def store_path(directory: Path, name: str) -> Path:
    """The file of the store called `name`; the name should tell trainings apart that differ in anything."""
    return directory / "large" / f"{name}{_SUFFIX}"


def _forget_others(path: Path) -> None:
    """Of trainings that did not end only the latest few keep their files; this one is the latest."""
    with contextlib.suppress(OSError):
        found = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda other: other.stat().st_mtime, reverse=True)
        for other in [other for other in found if other != path][_KEPT_FILES - 1 :]:
            other.unlink(missing_ok=True)
