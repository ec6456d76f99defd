"""GetMetricData, GetMetricStatistics and ListMetrics over the emulator's own series (O-22, R-7, R-8)."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from emulator.cloudwatch.errors import (
    InvalidNextTokenError,
    InvalidParameterCombinationError,
    InvalidParameterValueError,
    MissingParameterError,
    QueryValidationError,
)
from emulator.cloudwatch.metric_math import Expression, MathError, Series
from emulator.cloudwatch.parameters import STATISTICS, Parameters, dimensions_of, period_of
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.metrics_series import (
    NAMESPACE,
    UNIT_OF_METRIC,
    DataPoint,
    Dimensions,
    MetricName,
    MetricStore,
)

MINUTE, HOUR, DAY = 60, 3600, 86_400
RECENT_SECONDS = 3 * HOUR
STATISTICS_POINTS_LIMIT = 1440
DATA_POINTS_LIMIT = 100_800
QUERIES_LIMIT = 500
REFERENCES_LIMIT = 20
LIST_PAGE = 500

CANONICAL_NAMES = {name.lower(): name for name in UNIT_OF_METRIC}
"""The names of metrics are read in any case: the guide prints several."""

_PERCENTILE = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)")
_QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


class Entries(dict[str, float]):
    """A map in an answer, which the query protocol writes as a list of entries."""


class Moment(float):
    """Epoch seconds in an answer: each protocol writes them its own way."""


@dataclass(frozen=True, slots=True)
class MetricReader:
    """What one request may see: the series of its account and region, up to `now` (epoch seconds)."""

    store: MetricStore
    account: str
    region: str
    now: float

    def buckets(self, name: str, dimensions: Dimensions, start: float, end: float, period: int) -> dict[int, DataPoint]:
        """Points added up over `period` seconds from the start, rounded down to its minute; empty periods are absent.

        As in CloudWatch, what lies back more than 15 days is there for periods of whole five minutes, more than 63
        days for whole hours.
        """
        origin = int(start // MINUTE) * MINUTE
        first = max(origin, self._oldest(period) // MINUTE * MINUTE)
        if first > origin:
            first = origin + -(-(first - origin) // period) * period
        buckets: dict[int, DataPoint] = {}
        name = CANONICAL_NAMES.get(name.lower(), name)
        points = self.store.points(self.account, self.region, name, dimensions, first, end, period, self.now)
        for point in points:
            at = origin + (point.at - origin) // period * period
            present = buckets.get(at)
            if present is None:
                buckets[at] = replace(point, at=at)
            else:
                present.add(point)
        return buckets

    def names(self) -> list[MetricName]:
        """The metrics there are, in order of name and dimensions."""
        found = self.store.names(self.account, self.region, self.now)
        return sorted(found, key=lambda metric: (metric.name, metric.dimensions))

    def _oldest(self, period: int) -> int:
        days = 455 if period % HOUR == 0 else 63 if period % (5 * MINUTE) == 0 else 15
        return int(self.now) - days * DAY


def statistic(point: DataPoint, name: str) -> float:
    """One of the five statistics of a statistic set, or a percentile such as p99 or p99.9."""
    if percentile := _PERCENTILE.fullmatch(name):
        return point.percentile(float(percentile[1]))
    values = {
        "SampleCount": point.sample_count,
        "Average": point.total / point.sample_count,
        "Sum": point.total,
        "Minimum": point.minimum,
        "Maximum": point.maximum,
    }
    return float(values[name])


def _asked_statistics(parameters: Parameters) -> tuple[list[str], list[str]]:
    """Statistics and ExtendedStatistics, one of which there must be."""
    asked, extended = parameters.texts("Statistics", 1, 5), parameters.texts("ExtendedStatistics", 1, 10)
    if not asked and not extended:
        raise MissingParameterError("The parameter Statistics or the parameter ExtendedStatistics is required.")
    unknown = [one for one in asked if one not in STATISTICS]
    if unknown:
        raise parameters.invalid("Statistics", f"has {unknown[0]}; it takes {', '.join(STATISTICS)}")
    unknown = [one for one in extended if not _PERCENTILE.fullmatch(one)]
    if unknown:
        raise parameters.invalid("ExtendedStatistics", f"has {unknown[0]}; it takes percentiles such as p50 and p99.9")
    return asked, extended


def get_metric_statistics(parameters: Parameters, reader: MetricReader) -> JsonObject:
    """Data points of one metric, oldest first."""
    name, namespace = parameters.text("MetricName"), parameters.text("Namespace")
    dimensions, period = dimensions_of(parameters), period_of(parameters)
    start, end = _range(parameters)
    asked, extended = _asked_statistics(parameters)
    if (end - start) / period > STATISTICS_POINTS_LIMIT:
        raise InvalidParameterCombinationError(
            f"You have requested up to {int((end - start) / period):,} datapoints, which exceeds the limit of "
            f"{STATISTICS_POINTS_LIMIT:,}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range."
        )
    unit = _unit_of(name)
    found: Mapping[int, DataPoint] = {}
    if namespace == NAMESPACE and parameters.text("Unit", unit) == unit:
        found = reader.buckets(name, dimensions, start, end, period)
    points: list[JsonObject] = []
    for at in sorted(found):
        point: JsonObject = {"Timestamp": Moment(at), **{one: statistic(found[at], one) for one in asked}}
        if extended:
            point["ExtendedStatistics"] = Entries({one: statistic(found[at], one) for one in extended})
        points.append(point | {"Unit": unit})
    return {"Label": name, "Datapoints": points}


def list_metrics(parameters: Parameters, reader: MetricReader) -> JsonObject:
    """The metrics that fit the filters, 500 a page."""
    namespace, name = parameters.text("Namespace", NAMESPACE), parameters.text("MetricName", "*")
    wanted = [
        (one.text("Name"), one.text("Value", limit=1024) if one.has("Value") else None)
        for one in parameters.structures("Dimensions", 1, 10)
    ]
    recent = bool(parameters.choice("RecentlyActive", ("PT3H", "no"), "no") == "PT3H")
    found = [
        metric
        for metric in reader.names()
        if namespace == NAMESPACE
        and name.lower() in ("*", metric.name.lower())
        and all(_has_dimension(metric.dimensions, *dimension) for dimension in wanted)
        and not (recent and metric.last_at < reader.now - RECENT_SECONDS)
    ]
    offset = _offset(parameters)
    page = [
        {
            "Namespace": NAMESPACE,
            "MetricName": metric.name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions],
        }
        for metric in found[offset : offset + LIST_PAGE]
    ]
    return {"Metrics": page, **_next(offset + LIST_PAGE, len(found))}


def get_metric_data(parameters: Parameters, reader: MetricReader) -> JsonObject:
    """Metrics and expressions over them; newest first unless ScanBy says otherwise, MaxDatapoints a page."""
    start, end = _range(parameters)
    descending = parameters.choice("ScanBy", ("TimestampDescending", "TimestampAscending"), "TimestampDescending")
    most = parameters.integer("MaxDatapoints", DATA_POINTS_LIMIT, 1, DATA_POINTS_LIMIT)
    queries = [_Query.read(one) for one in parameters.structures("MetricDataQueries", 1, QUERIES_LIMIT, required=True)]
    by_id = {query.id: query for query in queries}
    if len(by_id) < len(queries):
        raise QueryValidationError("The values for parameter id in MetricDataQueries are not unique.")
    evaluation = _Evaluation(by_id, reader, start, end)
    flat: list[tuple[str, int, float]] = []
    for query in queries:
        if query.returned:
            series = evaluation.series_of(query.id)
            moments = sorted(series, reverse=descending == "TimestampDescending")
            flat.extend((query.id, at, series[at]) for at in moments)
    offset = _offset(parameters)
    page = flat[offset : offset + most]
    later = {query_id for query_id, _, _ in flat[offset + most :]}
    results = [
        {
            "Id": query.id,
            "Label": query.label,
            "Timestamps": [Moment(at) for query_id, at, _ in page if query_id == query.id],
            "Values": [value for query_id, _, value in page if query_id == query.id],
            "StatusCode": "PartialData" if query.id in later else "Complete",
        }
        for query in queries
        if query.returned
    ]
    return {"MetricDataResults": results, "Messages": [], **_next(offset + most, len(flat))}


@dataclass(frozen=True, slots=True)
class _Query:
    """One of MetricDataQueries: a metric with a statistic, or an expression."""

    id: str
    label: str
    returned: bool
    expression: str | None
    name: str = ""
    namespace: str = NAMESPACE
    dimensions: Dimensions = ()
    statistic: str = "Average"
    period: int = MINUTE
    unit: str | None = None

    @classmethod
    def read(cls, parameters: Parameters) -> _Query:
        query_id = parameters.text("Id")
        if not _QUERY_ID.fullmatch(query_id):
            raise QueryValidationError(
                f'The value for parameter Id "{query_id}" is not matching the expression ^[a-z][a-zA-Z0-9_]*$.'
            )
        if parameters.has("Expression") == parameters.has("MetricStat"):
            raise QueryValidationError(f"The query {query_id} takes either MetricStat or Expression.")
        returned = parameters.flag("ReturnData", True)
        if parameters.has("Expression"):
            label = parameters.text("Label", query_id, limit=2048)
            return cls(query_id, label, returned, parameters.text("Expression", limit=2048))
        stat = parameters.structure("MetricStat")
        metric = stat.structure("Metric")
        name = metric.text("MetricName")
        asked = stat.text("Stat")
        if asked not in STATISTICS and not _PERCENTILE.fullmatch(asked):
            raise QueryValidationError(
                f"The statistic {asked} is not available; {', '.join(STATISTICS)} and percentiles such as p99 are."
            )
        return cls(
            query_id,
            parameters.text("Label", name, limit=2048),
            returned,
            None,
            name,
            metric.text("Namespace"),
            dimensions_of(metric),
            asked,
            period_of(stat),
            stat.text("Unit") if stat.has("Unit") else None,
        )


class _Evaluation:
    """The queries of one request, each computed once, in whatever order they refer to each other."""

    def __init__(self, queries: Mapping[str, _Query], reader: MetricReader, start: float, end: float) -> None:
        self._queries = queries
        self._reader = reader
        self._start = start
        self._end = end
        self._known: dict[str, Series] = {}
        self._open: list[str] = []

    def series_of(self, query_id: str) -> Series:
        """Raises KeyError for an id that no query has, QueryValidationError for an expression that fails."""
        if query_id not in self._known:
            query = self._queries[query_id]
            self._known[query_id] = self._metric(query) if query.expression is None else self._expression(query)
        return self._known[query_id]

    def _metric(self, query: _Query) -> Series:
        if query.namespace != NAMESPACE or query.unit not in (None, _unit_of(query.name)):
            return {}
        buckets = self._reader.buckets(query.name, query.dimensions, self._start, self._end, query.period)
        return {at: statistic(point, query.statistic) for at, point in buckets.items()}

    def _expression(self, query: _Query) -> Series:
        if query.id in self._open or len(self._open) >= REFERENCES_LIMIT:
            raise QueryValidationError(
                f"Error in expression '{query.id}': expressions refer to each other in a circle."
            )
        self._open.append(query.id)
        periods = {one.id: one.period for one in self._queries.values() if one.expression is None}
        metrics: Callable[[str], list[Series]] = lambda text: [  # noqa: E731
            self.series_of(one) for one in periods if text in one
        ]
        moments: Callable[[], range] = lambda: self._moments(min(periods.values(), default=MINUTE))  # noqa: E731
        try:
            return Expression(query.expression or "", self.series_of, metrics, periods, moments).evaluate()
        except MathError as error:
            raise QueryValidationError(f"Error in expression '{query.id}': {error}.") from None
        finally:
            self._open.pop()

    def _moments(self, period: int) -> range:
        """The beginnings of all periods in the time asked for, as buckets have them. Raises MathError for too many."""
        moments = range(int(self._start // MINUTE) * MINUTE, math.ceil(self._end), period)
        if len(moments) > DATA_POINTS_LIMIT:
            raise MathError(f"FILL would give more than {DATA_POINTS_LIMIT:,} data points")
        return moments


def _unit_of(name: str) -> str:
    return UNIT_OF_METRIC.get(CANONICAL_NAMES.get(name.lower(), name), "None")


def _range(parameters: Parameters) -> tuple[float, float]:
    start, end = parameters.moment("StartTime"), parameters.moment("EndTime")
    if start >= end:
        raise InvalidParameterValueError("The parameter StartTime must be less than the parameter EndTime.")
    return start, end


def _has_dimension(dimensions: Dimensions, name: str, value: str | None) -> bool:
    return any(name == key and value in (None, present) for key, present in dimensions)


def _offset(parameters: Parameters) -> int:
    """Where the page that NextToken stands for begins."""
    if not parameters.has("NextToken"):
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(parameters.text("NextToken", limit=1024)).removeprefix(b"page:"))
    except (binascii.Error, ValueError):
        raise InvalidNextTokenError("The next token specified is invalid.") from None
    if not 0 < offset < 10**9:
        raise InvalidNextTokenError("The next token specified is invalid.")
    return offset


def _next(offset: int, total: int) -> dict[str, str]:
    return {"NextToken": base64.urlsafe_b64encode(b"page:%d" % offset).decode()} if offset < total else {}
