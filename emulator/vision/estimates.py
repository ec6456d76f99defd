"""How long a stage will take and how much memory it needs, foretold from its first steps and logged."""

from __future__ import annotations

import logging
import sys
import time

logger = logging.getLogger(__name__)


class Estimate:
    """Counts the steps of one stage and logs once, after the first few, what they let expect."""

    def __init__(self, stage: str, total: int, *, after: int, kept_megabytes: float = 0.0) -> None:
        """`after`: how many steps to watch; `kept_megabytes`: what will have been added to memory at the end."""
        self._stage = stage
        self._total = total
        self._after = after
        self._kept_megabytes = kept_megabytes
        self._begin = time.monotonic()

    def tick(self, done: int) -> None:
        """Call after each step with the number of steps done."""
        if done != self._after or done >= self._total:
            return
        seconds = (time.monotonic() - self._begin) / done * (self._total - done)
        logger.info(
            "%s: about %.0f s more, %.0f MB of memory at the peak",
            self._stage,
            seconds,
            peak_megabytes() + self._kept_megabytes,
        )


def peak_megabytes() -> float:
    """The largest resident memory of this process so far, in units of 10^6 bytes; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    # Bytes on macOS, KiB on Linux.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
