"""The state of an unfinished training on disk, so that a stopped emulator goes on where it was (O-19)."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emulator.vision.export import write_atomically
from emulator.vision.layers import Array

logger = logging.getLogger(__name__)

KEPT_CHECKPOINTS = 16


class Checkpoint:
    """One file, NAME.checkpoint.npz in `directory`. The name should tell trainings apart that differ in anything."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / f"{name}.checkpoint.npz"

    def load(self) -> dict[str, Array] | None:
        """The state saved last, or None where there is none that can be read."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as state:
                return dict(state)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, state: Mapping[str, Array]) -> None:
        """Replaces the file; after a crash it holds either the old state or the new one.

        Of abandoned trainings only the latest few are kept. A disk that takes no more costs the checkpoint, not the
        training.
        """
        buffer = io.BytesIO()
        np.savez(buffer, **dict(state))  # type: ignore[arg-type]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, buffer.getvalue())
            self._prune()
        except OSError as error:
            logger.warning("the checkpoint of a training could not be written: %s", error)

    def _prune(self) -> None:
        checkpoints = sorted(self.path.parent.glob("*.checkpoint.npz"), key=_age)
        for path in checkpoints[KEPT_CHECKPOINTS:]:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Grows with the age; a file that another training has just removed counts as old."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
