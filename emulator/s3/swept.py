"""What a start finds and nothing names goes into a folder for a day before it is removed.

A start removes files that a killed process left behind. Should the index be the one that is wrong, restored from an old
copy or lost, those files are all that is left of what it named.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

KEPT_SECONDS = 86_400


class SweptFolder:
    """A folder `swept` with one folder for each start that swept something, named by its second since 1970."""

    def __init__(self, directory: Path) -> None:
        """`directory` is where the folder lies: on the disk of the files that come into it."""
        self._directory = directory / "swept"

    def take(self, paths: Iterable[Path]) -> int:
        """Move files here; how many. Of files with equal names the last one is kept."""
        folder = self._directory / str(int(time.time()))
        moved = 0
        for path in paths:
            folder.mkdir(parents=True, exist_ok=True)
            path.replace(folder / path.name)
            moved += 1
        return moved

    def forget_old(self) -> None:
        """Remove what has been here for a day."""
        if not self._directory.is_dir():
            return
        for folder in self._directory.iterdir():
            if not folder.name.isdigit() or int(folder.name) < time.time() - KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
