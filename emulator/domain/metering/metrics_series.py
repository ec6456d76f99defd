"""What the emulator measures over time, in the shape of CloudWatch (api-facts §7, O-22, R-7, R-8).

Two kinds of series. Requests are counted by the minute. Units of running versions are kept as the moments at which they
changed, and become one data point a minute only when somebody asks: eight hours of manual time cost nothing.
All times are epoch seconds and come from the caller.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from emulator.domain.json_values import JsonObject
from emulator.domain.metering.units import UnitLevels

NAMESPACE = "AWS/Rekognition"
MINUTE = 60
HOUR = 3600

MINUTES_KEPT = 1440
HOURS_KEPT = 455 * 24  # fifteen months, as CloudWatch keeps hourly points
SERIES_KEPT = 20_000
CHANGES_KEPT = 20_000

_BUCKET_RATIO = 1.02
_SMALLEST_SAMPLE = 1e-6
_ZERO_BUCKET = -100_000

Dimensions = tuple[tuple[str, str], ...]

UNIT_OF_METRIC = {
    "SuccessfulRequestCount": "Count",
    "ThrottledCount": "Count",
    "UserErrorCount": "Count",
    "ServerErrorCount": "Count",
    "ResponseTime": "Milliseconds",
    "DesiredInferenceUnits": "Count",
    "InServiceInferenceUnits": "Count",
    "MinInferenceUnits": "Count",
    "MaxInferenceUnits": "Count",
}
LEVEL_OF_METRIC = {
    "DesiredInferenceUnits": "desired",
    "InServiceInferenceUnits": "in_service",
    "MinInferenceUnits": "minimum",
    "MaxInferenceUnits": "maximum",
}


@dataclass(slots=True)
class DataPoint:
    """A statistic set: samples taken from `at` on, for a minute, or for an hour if old or steady.

    `distribution`: how many samples lie in each bucket of `bucket_of`, None while all of them are equal, as far as is
    known.
    """

    at: int
    sample_count: float
    total: float
    minimum: float
    maximum: float
    distribution: dict[int, float] | None = field(default=None, compare=False)

    def add(self, other: DataPoint) -> None:
        """Take another point's samples in."""
        if self.sample_count and other.sample_count:
            mine, theirs = self._buckets(), other._buckets()
            if mine.keys() != theirs.keys() or len(mine) > 1:
                self.distribution = {one: mine.get(one, 0) + theirs.get(one, 0) for one in mine | theirs}
        self.sample_count += other.sample_count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)

    def add_sample(self, value: float) -> None:
        """Take one sample in."""
        bucket = bucket_of(value)
        if self.distribution is None and self.minimum == self.maximum != value:
            self.distribution = self._buckets()
        if self.distribution is not None:
            self.distribution[bucket] = self.distribution.get(bucket, 0) + 1
        self.sample_count += 1
        self.total += value
        if value < self.minimum:
            self.minimum = value
        elif value > self.maximum:
            self.maximum = value

    def percentile(self, percent: float) -> float:
        """The value that `percent` (0 to 100) of the samples do not pass, to within 1 %."""
        buckets = self._buckets()
        wanted, counted, bucket = percent / 100 * self.sample_count, 0.0, 0
        for bucket in sorted(buckets):
            counted += buckets[bucket]
            if counted >= wanted:
                break
        middle = 0.0 if bucket == _ZERO_BUCKET else 2 * _BUCKET_RATIO**bucket / (_BUCKET_RATIO + 1)
        if percent == 0 or len(buckets) == 1 == len({self.minimum, self.maximum}):
            return self.minimum
        return self.maximum if percent == 100 else min(max(middle, self.minimum), self.maximum)

    def _buckets(self) -> dict[int, float]:
        if self.distribution is not None:
            return dict(self.distribution)
        return {bucket_of(self.total / self.sample_count): self.sample_count}


def bucket_of(value: float) -> int:
    """The bucket of a sample: buckets grow by 2 %, so that their middle is at most 1 % from any of their samples."""
    return math.ceil(math.log(value, _BUCKET_RATIO)) if value > _SMALLEST_SAMPLE else _ZERO_BUCKET


@dataclass(frozen=True, slots=True)
class MetricName:
    """One metric of one account and region; `dimensions` in order of their names. `last_at` is its newest sample."""

    account: str
    region: str
    name: str
    dimensions: Dimensions
    last_at: float


@dataclass(frozen=True, slots=True)
class Model:
    """The version that a series is about, by names as CloudWatch's dimensions have them."""

    account: str
    region: str
    project: str
    version: str

    @property
    def dimensions(self) -> Dimensions:
        """ProjectName and VersionName."""
        return (("ProjectName", self.project), ("VersionName", self.version))


class CountedSeries:
    """Samples by the minute: a day of minutes, before that fifteen months of hours."""

    def __init__(self) -> None:
        self._minutes: dict[int, DataPoint] = {}
        self._hours: dict[int, DataPoint] = {}

    def add(self, value: float, now: float) -> None:
        """One sample."""
        at = int(now // MINUTE) * MINUTE
        point = self._minutes.get(at)
        if point is None:
            self._begin_minute(DataPoint(at, 1, value, value, value))
            return
        point.add_sample(value)

    def points(self) -> list[DataPoint]:
        """All points, in order of time."""
        return sorted([*self._hours.values(), *self._minutes.values()], key=lambda point: point.at)

    @property
    def last_at(self) -> float:
        """The minute of the newest sample."""
        return max(self._minutes, default=0)

    def document(self) -> JsonObject:
        """As JSON; `restore` reads it back."""
        rows = {"minutes": self._minutes, "hours": self._hours}
        return {
            kind: [
                [p.at, p.sample_count, p.total, p.minimum, p.maximum]
                + ([] if p.distribution is None else [list(p.distribution.items())])
                for p in points.values()
            ]
            for kind, points in rows.items()
        }

    @classmethod
    def restore(cls, document: JsonObject) -> CountedSeries:
        """Read `document` back."""
        series = cls()
        for kind, points in (("minutes", series._minutes), ("hours", series._hours)):
            for at, count, total, low, high, *more in document[kind]:  # what earlier releases wrote ends here
                distribution = {int(bucket): float(n) for bucket, n in more[0]} if more else None
                points[int(at)] = DataPoint(int(at), float(count), float(total), float(low), float(high), distribution)
        return series

    def _begin_minute(self, point: DataPoint) -> None:
        self._minutes[point.at] = point
        if len(self._minutes) <= MINUTES_KEPT:
            return
        oldest = self._minutes.pop(next(iter(self._minutes)))
        oldest.at = oldest.at // HOUR * HOUR
        hour = self._hours.get(oldest.at)
        if hour is not None:
            hour.add(oldest)
            return
        self._hours[oldest.at] = oldest
        if len(self._hours) > HOURS_KEPT:
            self._hours.pop(next(iter(self._hours)))


class UnitSeries:
    """The units of one version through its runs: the moments of change; levels None from when it stopped.

    A moment before the last one noted means that the clock was turned back (O-10). What is told from then on replaces,
    as far as it goes, what was told of the same time before.
    """

    def __init__(self) -> None:
        self._changes: deque[tuple[float, UnitLevels | None]] = deque(maxlen=CHANGES_KEPT)

    def note(self, at: float, levels: UnitLevels | None) -> None:
        """Levels hold from `at` on."""
        self._changes.append((at, levels))

    @property
    def running(self) -> bool:
        """Whether the version has units now."""
        return bool(self._changes) and self._changes[-1][1] is not None

    @property
    def last_at(self) -> float:
        """When it last changed."""
        return self._changes[-1][0] if self._changes else 0.0

    def stretches(self, now: float) -> list[tuple[float, float, UnitLevels]]:
        """(from, to, levels) of every time with units, oldest first; one that still lasts goes to `now`."""
        # A version that began this very instant shows at once.
        told = [*self._changes, (max(now, self.last_at + 0.001), None)]
        found: list[tuple[float, float, UnitLevels]] = []
        told_again: list[tuple[float, float]] = []
        told_until = told[-1][0]
        for (at, levels), (until, _) in reversed(list(pairwise(told))):
            if until < at:
                told_again.append((until, told_until))
                told_until = at
            elif levels is not None:
                found += [(began, ended, levels) for began, ended in _without(at, until, told_again)]
        return sorted(found, key=lambda stretch: stretch[0])

    def points(self, level: str, start: int, end: float, period: int, now: float) -> Iterator[DataPoint]:
        """One sample a minute for as long as the version ran, the first at its start; `start` is a whole minute.

        A sample's value is the average, weighted by time, over the minute that it begins. Steady hours, counted from
        `start`, come as one point of sixty samples if `period` is in whole hours. Points have start <= at < end.
        """
        collected: DataPoint | None = None
        weight = 0.0
        for at, seconds, value in self._pieces(level, start, end, period % HOUR == 0, now):
            if collected is not None and collected.at != at:
                yield _minute(collected, weight)
                collected = None
            if seconds == HOUR:
                yield DataPoint(at, MINUTE, MINUTE * value, value, value)
                continue
            if collected is None:
                collected, weight = DataPoint(at, 0, 0.0, value, value), 0.0
            collected.add(DataPoint(at, 0, value * seconds, value, value))
            weight += seconds
        if collected is not None:
            yield _minute(collected, weight)

    def _pieces(
        self, level: str, start: int, end: float, hourly: bool, now: float
    ) -> Iterator[tuple[int, float, float]]:
        """(minute, seconds of it or HOUR for a whole one, value), in order of time.

        A run's samples begin at its start, not at the full minute: eight hours are 480 samples whenever they began. So
        each run is shifted back to a full minute first.
        """
        shift, run_until = 0.0, -1.0
        for began, ended, levels in self.stretches(now):
            if began != run_until:
                shift = began % MINUTE
            run_until = ended
            value = float(getattr(levels, level))
            begin, until = began - shift, ended - shift
            at = max(int(begin // MINUTE) * MINUTE, start)
            while at < min(until, end):
                whole_hour = hourly and (at - start) % HOUR == 0 and begin <= at and at + HOUR <= min(until, end)
                yield at, float(HOUR) if whole_hour else min(until, at + MINUTE) - max(begin, at), value
                at += HOUR if whole_hour else MINUTE


def _without(began: float, ended: float, taken: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """What is left of a stretch of time without those that are taken."""
    left = [(began, ended)]
    for low, high in taken:
        left = [part for a, b in left for part in ((a, min(b, low)), (max(a, high), b))]
    return [(a, b) for a, b in left if a < b]


def _minute(sums: DataPoint, weight: float) -> DataPoint:
    return DataPoint(sums.at, 1, sums.total / weight, sums.minimum, sums.maximum)


class MetricStore:
    """Every series of every account and region, within bounds. Written on the event loop, read from any thread."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str, Dimensions], CountedSeries] = {}
        self._units: dict[Model, UnitSeries] = {}
        self.samples = 0
        """How many samples were counted: changes whenever there is something new to keep."""

    def count(self, account: str, region: str, name: str, dimensions: Dimensions, value: float, now: float) -> None:
        """One sample of a request metric."""
        self.samples += 1
        key = (account, region, name, dimensions)
        series = self._counted.get(key)
        if series is None:
            if len(self._counted) >= SERIES_KEPT:
                self._counted.pop(next(iter(self._counted)))
            series = self._counted[key] = CountedSeries()
        series.add(value, now)

    def note_units(self, model: Model, changes: Iterable[UnitLevels]) -> None:
        """Units of a running version changed (the first change is its start)."""
        for levels in changes:
            self._series_of(model).note(levels.at, levels)

    def note_stopped(self, model: Model, at: float) -> None:
        """A version stopped: a gap in its series begins (R-8)."""
        if model in self._units and self._units[model].running:
            self._units[model].note(at, None)

    def names(self, account: str, region: str, now: float) -> Iterator[MetricName]:
        """Every metric that has or had data."""
        for (owner, place, name, dimensions), series in list(self._counted.items()):
            if (owner, place) == (account, region):
                yield MetricName(account, region, name, dimensions, series.last_at)
        for model, units in list(self._units.items()):
            if (model.account, model.region) == (account, region):
                last_at = now if units.running else units.last_at
                for name in LEVEL_OF_METRIC:
                    yield MetricName(account, region, name, model.dimensions, last_at)

    def points(
        self,
        account: str,
        region: str,
        name: str,
        dimensions: Dimensions,
        start: int,
        end: float,
        period: int,
        now: float,
    ) -> Iterator[DataPoint]:
        """The points of one metric with start <= at < end, in order of time; none if there is no such metric.

        `start` is a whole minute; `period` is what the points will be added up to, counted from `start`. Dimensions
        must be exactly those of the metric, in order of their names. A running version's points end at `now`.
        """
        counted = self._counted.get((account, region, name, dimensions))
        if counted is not None:
            yield from (point for point in counted.points() if start <= point.at < end)
        level = LEVEL_OF_METRIC.get(name)
        names = dict(dimensions)
        if level is not None and set(names) == {"ProjectName", "VersionName"}:
            units = self._units.get(Model(account, region, names["ProjectName"], names["VersionName"]))
            if units is not None:
                yield from units.points(level, start, end, period, now)

    def clear(self, account: str | None = None) -> None:
        """Forget everything, or all of one account (O-8, O-39)."""
        if account is None:
            self._counted.clear()
            self._units.clear()
            return
        self._counted = {key: series for key, series in self._counted.items() if key[0] != account}
        self._units = {model: units for model, units in self._units.items() if model.account != account}

    def document(self) -> list[Any]:
        """The counted series as JSON; `restore` reads it back. Units are told anew from the times of running."""
        return [[*key[:3], [list(pair) for pair in key[3]], s.document()] for key, s in self._counted.items()]

    def restore(self, document: list[Any]) -> None:
        """Replace the counted series by what `document` gave. Raises KeyError, TypeError or ValueError."""
        self._counted = {
            (account, region, name, tuple((key, value) for key, value in dimensions)): CountedSeries.restore(series)
            for account, region, name, dimensions, series in document
        }

    def _series_of(self, model: Model) -> UnitSeries:
        if model not in self._units:
            if len(self._units) >= SERIES_KEPT:
                self._units.pop(next(iter(self._units)))
            self._units[model] = UnitSeries()
        return self._units[model]
