"""Files that are whole or absent: written beside their name, synced, renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def written_file(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file `path` at the end; on an exception nothing is left."""
    temporary = path.with_name(path.name + ".partial")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, atomically."""
    with source.open("rb") as reading, written_file(target) as writing:
        shutil.copyfileobj(reading, writing, 1024 * 1024)
