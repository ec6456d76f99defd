"""How far trainings are (O-26): a log line now and then, and figures for the metrics and the usage report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 2.0
_MOST_POINTS = 200


@dataclass(slots=True)
class TrainingProgress:
    """One training's progress. `stage` is what it does now, `done` of `total` steps of it; `effort` as in the settings.

    `billed_from` is when it got its place, in real time, the clock that trainings are billed by (T-4). `curve` has the
    losses of networks that learn, as (stage, step, mean loss since the point before), at most 200 points.
    """

    version_arn: str
    effort: str = ""
    stage: str = "waiting"
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)
    billed_from: float | None = None
    waits: bool = False
    stage_began: float = field(default_factory=time.monotonic)
    curve: list[tuple[str, int, float]] = field(default_factory=list)
    _losses: list[float] = field(default_factory=list)
    _last_line: float = 0.0

    def begin_billing(self) -> None:
        """It waits no more."""
        self.billed_from = time.monotonic()
        self.waits = False

    def seconds(self) -> float:
        """Real seconds since it was accepted, or taken up again after a restart."""
        return time.monotonic() - self.began

    def seconds_left(self) -> float | None:
        """What the present stage will take, by the steps that it has done; None before there are any."""
        if self.billed_from is None or not 0 < self.done <= self.total:
            return None
        return (time.monotonic() - self.stage_began) * (self.total - self.done) / self.done

    def billable_seconds(self) -> float:
        """What it would be billed for if it ended now."""
        return 0.0 if self.billed_from is None else time.monotonic() - self.billed_from

    def report(self, stage: str, done: int, total: int, loss: float | None = None) -> None:
        """Take note, and log a new stage, the end of one, and every two seconds."""
        now = time.monotonic()
        if stage != self.stage:
            self.stage_began = now
        if loss is not None:
            self._add_loss(stage, done, total, loss)
        is_news = stage != self.stage or done == total or now - self._last_line >= _SECONDS_BETWEEN_LINES
        self.stage, self.done, self.total = stage, done, total
        if is_news:
            self._last_line = now
            logger.info("training %s: %s %d/%d after %.1f s", self.version_arn, stage, done, total, now - self.began)

    def _add_loss(self, stage: str, done: int, total: int, loss: float) -> None:
        """A point for every hundredth of a stage. Another network of a stage goes on behind."""
        self._losses.append(loss)
        if done == total or len(self._losses) >= max(1, total // 100):
            self.curve.append((stage, done, sum(self._losses) / len(self._losses)))
            self._losses.clear()
            del self.curve[:-_MOST_POINTS]


class RunningTrainings:
    """The progress of every training that waits or runs. Lives on the event loop."""

    def __init__(self) -> None:
        self._running: dict[str, TrainingProgress] = {}
        self.order: Callable[[], list[str]] = list
        """Gives the versions that wait for their place, in the order in which they will get one."""

    @contextmanager
    def of(self, version_arn: str) -> Iterator[TrainingProgress]:
        """The progress of one training, listed for as long as the block runs."""
        progress = TrainingProgress(version_arn)
        self._running[version_arn] = progress
        try:
            yield progress
        finally:
            self._running.pop(version_arn, None)

    def place_in_queue(self, progress: TrainingProgress) -> int | None:
        """1 for the training that is next; None for one that has its place, or is still being prepared (O-32)."""
        if not progress.waits:
            return None
        order = self.order()
        return order.index(progress.version_arn) + 1 if progress.version_arn in order else None

    def all(self) -> list[TrainingProgress]:
        """All trainings that wait or run, oldest first."""
        return list(self._running.values())
