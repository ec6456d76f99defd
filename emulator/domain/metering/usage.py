"""What running and training would have cost (O-13, R-2): pure arithmetic over intervals of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emulator.domain.json_values import JsonObject

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for an hour of one inference unit and for an hour of training (api-facts §4.4)."""

    unit_hour: float = 4.00
    training_hour: float = 1.00


@dataclass(frozen=True, slots=True)
class RunningInterval:
    """A stretch of time in which a version had `units` inference units; `ended_at` None: it still has them.

    Times are epoch seconds. A scaled version has one interval for every number of units.
    """

    started_at: float
    ended_at: float | None
    units: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds and dollars of one version, or of several added up."""

    running_seconds: float = 0.0
    unit_seconds: float = 0.0
    training_seconds: float = 0.0
    running_cost: float = 0.0
    training_cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.running_seconds + other.running_seconds,
            self.unit_seconds + other.unit_seconds,
            self.training_seconds + other.training_seconds,
            self.running_cost + other.running_cost,
            self.training_cost + other.training_cost,
        )

    def document(self) -> JsonObject:
        """As JSON: seconds to the millisecond, money in USD to a hundredth of a cent."""
        return {
            "running_seconds": round(self.running_seconds, 3),
            "unit_seconds": round(self.unit_seconds, 3),
            "training_seconds": round(self.training_seconds, 3),
            "cost_usd": {
                "running": round(self.running_cost, 4),
                "training": round(self.training_cost, 4),
                "total": round(self.running_cost + self.training_cost, 4),
            },
        }


def usage_of(
    running: Iterable[RunningInterval],
    training_seconds: float,
    now: float,
    prices: Prices | None = None,
) -> Usage:
    """The usage up to `now` (epoch seconds). A version costs as long as it runs, used or not (R-2).

    `training_seconds` are what its training is billed for.
    """
    prices = prices or Prices()
    running_seconds = unit_seconds = 0.0
    for stretch in running:
        seconds = _seconds(stretch.started_at, stretch.ended_at, now)
        running_seconds += seconds
        unit_seconds += seconds * stretch.units
    return Usage(
        running_seconds=running_seconds,
        unit_seconds=unit_seconds,
        training_seconds=training_seconds,
        running_cost=unit_seconds / SECONDS_PER_HOUR * prices.unit_hour,
        training_cost=training_seconds / SECONDS_PER_HOUR * prices.training_hour,
    )


def _seconds(started_at: float, ended_at: float | None, now: float) -> float:
    """An interval's length so far; nothing for one that has not begun (a clock that was set back)."""
    return max(0.0, (now if ended_at is None else ended_at) - started_at)
