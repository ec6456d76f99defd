"""The layout of a data directory."""

from __future__ import annotations

from pathlib import Path


class Directories:
    """Where things lie inside the data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "state.sqlite"
        self.objects = root / "objects"
        self.models = root / "models"
        self.work = root / "work"
        self.cache = root / "cache"
        self.previews = root / "previews"

    def create(self) -> None:
        """Make those that are missing."""
        for directory in (self.root, self.objects, self.models, self.work, self.cache, self.previews):
            directory.mkdir(parents=True, exist_ok=True)
