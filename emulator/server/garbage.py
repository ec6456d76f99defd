"""Short collections of garbage: what is there to stay is looked at once, and not again and again.

A full collection looks at every object and holds the interpreter meanwhile, and so the event loop: 60 ms for what the
emulator has imported. Objects that are frozen are still freed when nothing refers to them; only circles are not found.
"""

from __future__ import annotations

import gc
import time

LONG_SECONDS = 0.005


def keep_collections_short() -> None:
    """Freeze what is there now, and later whatever made a full collection long: models, and what they import."""
    gc.freeze()
    gc.callbacks.append(_Freezer())


class _Freezer:
    """Called by the interpreter before and after each collection."""

    def __init__(self) -> None:
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif info["generation"] == 2 and time.perf_counter() - self._began > LONG_SECONDS:
            gc.freeze()
