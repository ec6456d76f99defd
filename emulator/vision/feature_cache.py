"""Computed features on disk, so that training again on a grown data set computes only what is new."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emulator.vision import backbone
from emulator.vision.features import Look

# Changed whenever the same picture and look would give other features, so that old entries are not found any more.
_VERSION = 1
DEFAULT_LIMIT = 512 * 1024 * 1024


class FeatureCache:
    """Features by the content of their pictures. Losing it costs time, never a result."""

    def __init__(self, directory: Path, look: Look, limit: int = DEFAULT_LIMIT) -> None:
        """`limit`: bytes that all looks together may keep in `directory`, enforced by `prune`."""
        digest = hashlib.sha256(backbone.backbone_path(look.backbone).read_bytes()).hexdigest()
        key = hashlib.sha256(f"{_VERSION} {look.name} {digest}".encode()).hexdigest()
        self._root = directory / "features"
        self._folder = self._root / key[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._limit = limit
        self._length = look.length

    def get(self, content: str, views: int = 2) -> npt.NDArray[np.float16] | None:
        """The features [views, look.length] of the picture whose SHA-256 is `content`, or None."""
        path = self._folder / content
        try:
            data = path.read_bytes()
            os.utime(path)  # what was used last is pruned last
        except OSError:
            return None
        size = self._length * np.dtype(np.float16).itemsize
        # A file cut short by a full disk or a lost power supply is as good as none.
        if len(data) % size or len(data) < views * size:
            return None
        return np.frombuffer(data, np.float16).reshape(-1, self._length)[:views]

    def put(self, content: str, features: npt.NDArray[np.float16]) -> None:
        """Keep features; a disk that takes no more is not an error."""
        with contextlib.suppress(OSError):
            descriptor, temporary = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(features.tobytes())
            Path(temporary).replace(self._folder / content)

    def prune(self) -> None:
        """Remove what was not used for longest until the limit is kept."""
        entries = []
        for path in self._root.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                entries.append((status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, size, _ in entries) - self._limit
        for _, size, path in sorted(entries):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size
