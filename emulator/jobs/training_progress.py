"""How far trainings are (O-26): a log line now and then, and figures for the metrics and the usage report."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

logger = logging.getLogger("custom_labels.training")

_SECONDS_BETWEEN_LINES = 2.0


@dataclass(slots=True)
class Progress:
    """One training's progress. `stage` is what it does now, `done` of `total` steps of it.

    `billed_from` is when it got its place, in real time, the clock that trainings are billed by (T-4).
    """

    version_arn: str
    stage: str = "waiting"
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)
    billed_from: float | None = None
    _last_line: float = 0.0

    def begin_billing(self) -> None:
        """It waits no more."""
        self.billed_from = time.monotonic()

    def billable_seconds(self) -> float:
        """What it would be billed for if it ended now."""
        return 0.0 if self.billed_from is None else time.monotonic() - self.billed_from

    def report(self, stage: str, done: int, total: int) -> None:
        """Take note, and log a new stage, the end of one, and every two seconds."""
        now = time.monotonic()
        is_news = stage != self.stage or done == total or now - self._last_line >= _SECONDS_BETWEEN_LINES
        self.stage, self.done, self.total = stage, done, total
        if is_news:
            self._last_line = now
            logger.info("training %s: %s %d/%d after %.1f s", self.version_arn, stage, done, total, now - self.began)


class TrainingProgress:
    """The progress of every training that waits or runs. Lives on the event loop."""

    def __init__(self) -> None:
        self._running: dict[str, Progress] = {}

    @contextmanager
    def of(self, version_arn: str) -> Iterator[Progress]:
        """The progress of one training, listed for as long as the block runs."""
        progress = Progress(version_arn)
        self._running[version_arn] = progress
        try:
            yield progress
        finally:
            self._running.pop(version_arn, None)

    def all(self) -> list[Progress]:
        """All trainings that wait or run, oldest first."""
        return list(self._running.values())
