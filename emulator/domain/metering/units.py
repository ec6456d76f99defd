"""Inference units of one running version: what it serves a second, scaling, outages (O-21 to O-23, R-4 to R-9).

Time is always given by the caller as epoch seconds, so that a manual clock moves buckets and scaling as real time
does. A jump of hours costs a handful of steps, not one a second: seconds without a request are never visited.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from math import floor, inf

DEMAND_WINDOW_SECONDS = 5
CHANGES_KEPT = 4096
TOKEN_TOLERANCE = 1e-4
"""What a token may lack: epoch seconds as floats are exact to a quarter of a microsecond only."""


@dataclass(frozen=True, slots=True)
class UnitSettings:
    """The numbers of O-21 and O-22.

    `tps_per_unit` is requests a second that one unit serves (0: no limit). Shares are of what is in service, 0 to 1;
    the rest are seconds. Raises ValueError for numbers that make no sense.
    """

    tps_per_unit: float = 5.0
    scale_up_share: float = 0.8
    scale_up_seconds: float = 10.0
    in_service_delay_seconds: float = 5.0
    scale_down_share: float = 0.4
    scale_down_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.tps_per_unit < 0:
            raise ValueError("tps_per_unit must be 0 (no limit) or more")
        if not 0 < self.scale_down_share < self.scale_up_share:
            raise ValueError("scale_down_share must be over 0 and below scale_up_share")
        if self.scale_up_seconds <= 0 or self.scale_down_seconds <= 0 or self.in_service_delay_seconds < 0:
            raise ValueError("scaling needs scale_up_seconds and scale_down_seconds over 0, no negative delay")


@dataclass(frozen=True, slots=True)
class UnitLevels:
    """How many units there are from `at` (epoch seconds) on: the four CloudWatch metrics of O-22."""

    at: float
    desired: int
    in_service: int
    minimum: int
    maximum: int


class RunningUnits:
    """The units of one version from its start to its stop. Not thread-safe: belongs to the event loop.

    Demand is every request asked for, served or refused. A second counts as busy if its own requests, or the mean of
    the last five seconds, are over `scale_up_share` of what is in service; it counts as idle if that mean is under
    `scale_down_share`. The mean keeps an uneven trickle from looking like calm, and one burst from looking like load.
    """

    def __init__(
        self, minimum: int, maximum: int | None, started_at: float, settings: UnitSettings | None = None
    ) -> None:
        """Start with `minimum` units in service; fixed there if no maximum (R-6). Raises ValueError for bad bounds."""
        if minimum < 1:
            raise ValueError("a running version has at least one inference unit")
        self.settings = settings or UnitSettings()
        self.minimum = minimum
        self.maximum = minimum if maximum is None else maximum
        if self.maximum < minimum:
            raise ValueError("MaxInferenceUnits is below MinInferenceUnits")
        self._now = started_at
        self._desired = self._provisioned = self._in_service = minimum
        self._lost = 0
        self._due: list[tuple[float, int, int]] = []  # heap of (when, change of provisioned, change of lost)
        self._second = floor(started_at)
        self._asked = 0
        self._demand_seen = False
        self._earlier_seconds: deque[int] = deque(maxlen=DEMAND_WINDOW_SECONDS - 1)
        self._busy_since: float | None = None
        self._idle_since: float | None = started_at
        self._tokens = self._burst()
        self._tokens_at = started_at
        self._changes: deque[UnitLevels] = deque(maxlen=CHANGES_KEPT)
        self._note_levels(started_at)

    def take(self, now: float) -> bool:
        """Ask for one request's capacity: False means ProvisionedThroughputExceededException (R-4)."""
        now = self.advance(now)
        if self.settings.tps_per_unit == 0:
            return self._in_service > 0
        self._enter_second(now)
        self._asked += 1
        self._demand_seen = True
        self._refill(now)
        if self._tokens < 1.0 - TOKEN_TOLERANCE:
            return False
        self._tokens -= 1.0
        return True

    def advance(self, now: float) -> float:
        """Let everything happen that is due by `now`; returns it. A clock that was turned back is followed."""
        if now < self._now:
            self._turn_back(now)
        while (moment := self._next_moment()) <= now:
            self._pass(moment)
        self._now = now
        return now

    def desired(self, now: float) -> int:
        """DesiredInferenceUnits."""
        self.advance(now)
        return self._desired

    def in_service(self, now: float) -> int:
        """InServiceInferenceUnits: what serves requests, outages taken away."""
        self.advance(now)
        return self._in_service

    def take_away(self, units: int, seconds: float, now: float) -> None:
        """An outage (O-23, R-9): `units` are out of service for `seconds`, then back.

        Raises ValueError if either is not over 0.
        """
        if units < 1 or seconds <= 0:
            raise ValueError("an outage needs units and seconds over 0")
        now = self.advance(now)
        self._change_levels(now, lost=units)
        heapq.heappush(self._due, (now + seconds, 0, -units))

    def drain_changes(self) -> list[UnitLevels]:
        """The changes of level since the last call, oldest first; the first ever is the start. At most 4,096 wait."""
        changes = list(self._changes)
        self._changes.clear()
        return changes

    def _turn_back(self, now: float) -> None:
        """Everything that waits for a moment waits as long as before, counted from `now`; nothing is gained by it."""
        back = self._now - now
        self._due = [(when - back, provisioned, lost) for when, provisioned, lost in self._due]
        self._busy_since = None if self._busy_since is None else self._busy_since - back
        self._idle_since = None if self._idle_since is None else self._idle_since - back
        self._second = floor(now)
        self._tokens_at -= back
        self._now = now

    def _next_moment(self) -> float:
        moment = self._due[0][0] if self._due else inf
        if self._demand_seen:
            moment = min(moment, self._second + 1.0)
        if self._idle_since is not None and self._desired > self.minimum:
            moment = min(moment, self._idle_since + self.settings.scale_down_seconds)
        return moment

    def _pass(self, moment: float) -> None:
        while self._due and self._due[0][0] <= moment:
            when, provisioned, lost = heapq.heappop(self._due)
            self._change_levels(when, provisioned, lost)
        if self._demand_seen and self._second + 1.0 <= moment:
            self._close_second()
        if self._idle_since is not None and self._idle_since + self.settings.scale_down_seconds <= moment:
            self._idle_since = moment
            if self._desired > self.minimum:
                self._scale(moment, -1)

    def _enter_second(self, now: float) -> None:
        """`advance` closed every second with demand; whatever lies between had none."""
        if floor(now) > self._second:
            self._second = floor(now)
            self._earlier_seconds.clear()

    def _close_second(self) -> None:
        began, ended = float(self._second), self._second + 1.0
        mean = (sum(self._earlier_seconds) + self._asked) / DEMAND_WINDOW_SECONDS
        capacity = self._in_service * self.settings.tps_per_unit
        busy = max(float(self._asked), mean) > self.settings.scale_up_share * capacity
        # Nothing asked for is idle too while an outage leaves no capacity to compare with.
        idle = not busy and (mean == 0 or mean < self.settings.scale_down_share * capacity)
        self._busy_since = (began if self._busy_since is None else self._busy_since) if busy else None
        self._idle_since = (began if self._idle_since is None else self._idle_since) if idle else None
        self._earlier_seconds.append(self._asked)
        self._asked = 0
        self._second += 1
        self._demand_seen = mean > 0
        if self._busy_since is not None and ended - self._busy_since >= self.settings.scale_up_seconds:
            self._busy_since = ended
            if self._desired < self.maximum:
                self._scale(ended, 1)

    def _scale(self, moment: float, step: int) -> None:
        self._desired += step
        self._note_levels(moment)
        heapq.heappush(self._due, (moment + self.settings.in_service_delay_seconds, step, 0))

    def _change_levels(self, moment: float, provisioned: int = 0, lost: int = 0) -> None:
        self._refill(moment)
        before = self._in_service
        self._provisioned += provisioned
        self._lost += lost
        self._in_service = max(0, self._provisioned - self._lost)
        if self._in_service > before:  # a unit that comes into service brings its own full bucket
            self._tokens += (self._in_service - before) * self.settings.tps_per_unit
        self._tokens = min(self._tokens, self._burst())
        self._note_levels(moment)

    def _burst(self) -> float:
        """Requests that may come at once: one second's worth, at least one where less than one a second is served."""
        capacity = self._in_service * self.settings.tps_per_unit
        return max(1.0, capacity) if capacity > 0 else 0.0

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._tokens_at)
        self._tokens = min(self._burst(), self._tokens + elapsed * self._in_service * self.settings.tps_per_unit)
        self._tokens_at = max(now, self._tokens_at)

    def _note_levels(self, moment: float) -> None:
        self._changes.append(UnitLevels(moment, self._desired, self._in_service, self.minimum, self.maximum))
