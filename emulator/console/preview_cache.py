"""Files that can be made again, on disk and within a bound: the oldest go first."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from pathlib import Path

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024 * 1024


class PreviewCache:
    """Bytes by name. Thread-safe. Whatever the disk refuses is as if it had not been kept."""

    def __init__(self, directory: Path, most_bytes: int = MOST_BYTES) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] | None = None
        self._bytes = 0

    def get(self, name: str) -> bytes | None:
        """What was kept under a name, or None."""
        digest = _digest(name)
        try:
            content = self._path(digest).read_bytes()
        except OSError:
            return None
        with self._lock:
            sizes = self._known()
            if digest in sizes:
                sizes.move_to_end(digest)
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes under a name; the files that were asked for least lately make room."""
        digest = _digest(name)
        path = self._path(digest)
        unfinished = path.with_suffix(f".{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            logger.warning("a preview could not be kept: %s", error)
            unfinished.unlink(missing_ok=True)
            return
        with self._lock:
            sizes = self._known()
            self._bytes += len(content) - sizes.pop(digest, 0)
            sizes[digest] = len(content)
            while self._bytes > self._most_bytes and len(sizes) > 1:
                oldest, size = sizes.popitem(last=False)
                self._bytes -= size
                self._path(oldest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / digest

    def _known(self) -> OrderedDict[str, int]:
        """What an earlier process kept is found at the first use, oldest first."""
        if self._sizes is None:
            found: list[tuple[float, str, int]] = []
            for folder in self._directory.iterdir() if self._directory.is_dir() else ():
                for entry in os.scandir(folder):
                    status = entry.stat()
                    found.append((status.st_mtime, entry.name, status.st_size))
            self._sizes = OrderedDict((name, size) for _, name, size in sorted(found))
            self._bytes = sum(self._sizes.values())
        return self._sizes


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
