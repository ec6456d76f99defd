"""What a training found out picture by picture, on disk: one that is taken up again does not do it twice (O-19)."""

from __future__ import annotations

import json
import logging
import mmap
import os
from array import array
from errno import ENOSPC
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from emulator.domain.json_values import JsonValue

logger = logging.getLogger(__name__)

_BYTES_BETWEEN_WRITES = 1 << 15
_MISSING = -1


class Journal:
    """JSON values by position. Losing the file, or its end, costs time and never a result; a full disk likewise.

    `key` tells what the values are of: those that were kept under another one are forgotten. In memory are eight bytes
    a position. `get` may be called from several threads.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._offsets = array("q")
        self._kept: mmap.mmap | None = None
        self._unwritten = bytearray()
        head = json.dumps(key).encode() + b"\n"
        path.touch()
        with path.open("rb") as kept:
            end = self._take_up(kept, head)
        self._stream: FileIO | None = path.open("r+b", buffering=0)
        self._stream.truncate(end)
        self._stream.seek(end)
        if not end:
            self._unwritten += head

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()
        if self._kept is not None:
            self._kept.close()
        if self._stream is not None:
            self._stream.close()

    def get(self, position: int) -> JsonValue:
        """What was kept of this position before this training was taken up; None if nothing was."""
        offset = self._offsets[position] if position < len(self._offsets) else _MISSING
        if offset == _MISSING or self._kept is None:
            return None
        value: JsonValue = json.loads(self._kept[offset : self._kept.find(b"\n", offset)])[1]
        return value

    def put(self, position: int, value: JsonValue) -> None:
        """Keep a value; it is on disk soon after."""
        self._unwritten += json.dumps([position, value], separators=(",", ":")).encode() + b"\n"
        if len(self._unwritten) >= _BYTES_BETWEEN_WRITES:
            self._write()

    def _take_up(self, stream: BinaryIO, head: bytes) -> int:
        """Find what was kept; gives where the last whole line ends."""
        if stream.readline() != head:
            return 0
        end = len(head)
        for line in stream:
            try:
                position = json.loads(line)[0] if line.endswith(b"\n") else None
            except ValueError:
                break
            if position is None:
                break
            self._offsets.extend([_MISSING] * (position + 1 - len(self._offsets)))
            self._offsets[position] = end
            end += len(line)
        if self._offsets:
            self._kept = mmap.mmap(stream.fileno(), end, access=mmap.ACCESS_READ)
        return end

    def _write(self) -> None:
        try:
            if self._stream is not None and self._stream.write(self._unwritten) != len(self._unwritten):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        except OSError as error:
            # The line that was cut is left out by whoever takes the file up; nothing may follow it.
            logger.warning("what a training finds out is kept no more: %s", error)
            if self._stream is not None:
                self._stream.close()
            self._stream = None
        self._unwritten.clear()
