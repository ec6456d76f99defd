"""Object bytes as files with opaque names: written aside, forced to the disk, then renamed to where the index says.

Layout under the object directory: `blobs/<two hex digits>/<32 hex digits>` are files that the index may name, `spool/`
holds files that are still being written. No part of a request ever becomes part of a path.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from emulator.s3.swept import SweptFolder

_COPY_PIECE = 1 << 20
_FORCED_AT_ONCE = 8
INDEX_NAME, BLOBS_NAME = "objects.sqlite3", "blobs"
"""The index of a directory of objects, and the folder with their files."""
BLOB_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class StagedBlob:
    """Bytes that are safely on the disk but not yet in their place."""

    name: str
    size: int


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write every byte to an unbuffered file, which may take fewer at a time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class BlobFiles:
    """The two folders. Every method may be called from any thread; none keeps a file's bytes in memory."""

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / BLOBS_NAME
        self._spool = directory / "spool"
        self._swept = SweptFolder(directory)
        self._readers: Counter[str] = Counter()
        self._left_to_readers: set[str] = set()
        self._going: set[str] = set()
        self._readers_lock = threading.Lock()

    def create(self) -> None:
        """Make the folders."""
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._spool.mkdir(parents=True, exist_ok=True)

    def begin(self) -> tuple[str, BinaryIO]:
        """A new empty file in the spool: its name for `staged`, `place` or `discard`, and the file to write."""
        name = secrets.token_hex(16)
        return name, (self._spool / name).open("x+b", buffering=0)

    def staged(self, name: str, file: BinaryIO, size: int) -> StagedBlob:
        """Force a written spool file to the disk and close it."""
        os.fsync(file.fileno())
        file.close()
        return StagedBlob(name, size)

    def stage(self, pieces: Iterable[bytes]) -> StagedBlob:
        """Write pieces of bytes to the spool and force them to the disk."""
        name, file = self.begin()
        size = 0
        try:
            for piece in pieces:
                write_all(file, piece)
                size += len(piece)
            return self.staged(name, file, size)
        except BaseException:
            file.close()
            self.discard(name)
            raise

    def stage_copy(self, names: Iterable[str]) -> list[str]:
        """Second names in the spool for existing blobs, without moving a byte where the file system can link."""
        copies: list[str] = []
        for name in names:
            copy = secrets.token_hex(16)
            try:
                os.link(self._place(name), self._spool / copy)
            except OSError:
                _copy_to_disk(self._place(name), self._spool / copy)
            copies.append(copy)
        return copies

    def copy_out(self, name: str, target: Path) -> None:
        """A second name outside the store for a blob, without moving a byte where the file system can link."""
        try:
            os.link(self._place(name), target)
        except OSError:
            shutil.copyfile(self._place(name), target)

    def take_in(self, sources: Mapping[Path, str]) -> None:
        """Take finished files from outside the store into the spool, under names of 32 hex digits. They stay there.

        No byte is moved where the file system can link. Files are forced to the disk side by side: it takes several
        at once in the time of one.
        """
        with ThreadPoolExecutor(_FORCED_AT_ONCE) as threads:
            for _ in threads.map(self._take_in, sources.keys(), sources.values()):
                pass

    def _take_in(self, source: Path, name: str) -> None:
        with source.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            os.link(source, self._spool / name)
        except OSError:
            _copy_to_disk(source, self._spool / name)

    def place(self, name: str) -> None:
        """Move a staged file to where readers look. To be called inside the index's write transaction (see `sweep`)."""
        target = self._place(name)
        try:
            (self._spool / name).rename(target)
        except FileNotFoundError:
            target.parent.mkdir(exist_ok=True)
            (self._spool / name).rename(target)

    def discard(self, name: str) -> None:
        """Forget a spool file that will not be placed."""
        (self._spool / name).unlink(missing_ok=True)

    def discard_all(self, names: Iterable[str]) -> None:
        """`discard` for several."""
        for name in names:
            self.discard(name)

    def open(self, name: str) -> BinaryIO:
        """A placed blob for reading. `FileNotFoundError` when it was replaced since its name was read."""
        return self._place(name).open("rb", buffering=0)

    def hold(self, names: Iterable[str]) -> None:
        """Keep blobs until `release`, even if they are replaced meanwhile. FileNotFoundError: one is gone already."""
        held: list[str] = []
        try:
            for name in names:
                with self._readers_lock:
                    if name in self._going:
                        raise FileNotFoundError(name)
                    self._readers[name] += 1
                held.append(name)
                self._place(name).stat()
        except FileNotFoundError:
            self.release(held)
            raise

    def release(self, names: Iterable[str]) -> None:
        """End `hold`; blobs that were removed meanwhile go now."""
        for name in names:
            with self._readers_lock:
                self._readers[name] -= 1
                last = self._readers[name] <= 0
                if last:
                    del self._readers[name]
                is_left = last and name in self._left_to_readers
                if is_left:
                    self._left_to_readers.remove(name)
                    self._going.add(name)
            if is_left:
                self._unlink(name)

    def remove(self, names: Iterable[str]) -> None:
        """Remove blobs that no committed row names any more, those being read as soon as their readers are done."""
        for name in names:
            with self._readers_lock:
                if name in self._readers:
                    self._left_to_readers.add(name)
                    continue
                self._going.add(name)
            self._unlink(name)

    def set_aside(self, names: Iterable[str]) -> int:
        """Move blobs that no committed row names to where they are kept for a day; how many."""
        return self._swept.take(self._place(name) for name in names)

    def forget_set_aside(self) -> None:
        """Remove what was set aside a day ago."""
        self._swept.forget_old()

    def has_blobs(self) -> bool:
        """Whether any blob lies in its place."""
        return self._blobs.is_dir() and any(self.names_in(shard) for shard in self.shards())

    def clear_spool(self) -> int:
        """Remove what unfinished writes of an earlier life left behind; the number of files removed."""
        removed = 0
        for path in self._spool.iterdir():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed += 1
        return removed

    def shards(self) -> list[str]:
        """The folders that placed blobs are spread over, so that they can be looked through one at a time."""
        return sorted(entry.name for entry in os.scandir(self._blobs) if entry.is_dir())

    def names_in(self, shard: str) -> list[str]:
        """The names of the blobs in one folder."""
        return [path.name for path in (self._blobs / shard).iterdir() if BLOB_NAME.fullmatch(path.name)]

    def _place(self, name: str) -> Path:
        return self._blobs / name[:2] / name

    def _unlink(self, name: str) -> None:
        """Remove a blob that is in `_going`, where `hold` sees it: a large file takes its time, so no lock is held."""
        try:
            self._place(name).unlink(missing_ok=True)
        finally:
            with self._readers_lock:
                self._going.discard(name)


def _copy_to_disk(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("xb") as writing:
        shutil.copyfileobj(reading, writing, _COPY_PIECE)
        writing.flush()
        os.fsync(writing.fileno())
