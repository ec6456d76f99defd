"""What is measured of every request: counters for Prometheus (O-14), series for CloudWatch (api-facts §7)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum

from emulator.domain.metering.metrics_series import MetricStore, Model

SUCCESS = "OK"
THROTTLING_CODES = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException"})

LATENCY_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds, in seconds, of the latency histogram's buckets."""


ACCOUNTS_KEPT = 1_000
"""Accounts with counters of their own: anybody may call as any account."""


class Outcome(StrEnum):
    """The CloudWatch metric that a request counts under."""

    SUCCESS = "SuccessfulRequestCount"
    THROTTLED = "ThrottledCount"
    USER_ERROR = "UserErrorCount"
    SERVER_ERROR = "ServerErrorCount"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered request. `code` is SUCCESS or the AWS error code; `model` is given if it concerned a version."""

    operation: str
    code: str
    status: int
    seconds: float
    account: str
    region: str
    model: Model | None = None

    @property
    def outcome(self) -> Outcome:
        """Which of the four request metrics of CloudWatch it counts under; throttling counts as nothing else."""
        if self.code == SUCCESS:
            return Outcome.SUCCESS
        if self.code in THROTTLING_CODES:
            return Outcome.THROTTLED
        return Outcome.SERVER_ERROR if self.status >= 500 else Outcome.USER_ERROR


@dataclass(slots=True)
class Histogram:
    """Latencies of one operation: `counts[i]` of them are at most LATENCY_BOUNDS[i], the last for longer ones."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """One latency."""
        self.counts[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self.total_seconds += seconds


@dataclass(slots=True)
class Counters:
    """Answered requests by operation and code, and their latencies by operation."""

    requests: dict[tuple[str, str], int] = field(default_factory=dict)
    latencies: dict[str, Histogram] = field(default_factory=dict)

    def add(self, request: RequestRecord) -> None:
        """One answered request."""
        key = (request.operation, request.code)
        self.requests[key] = self.requests.get(key, 0) + 1
        histogram = self.latencies.get(request.operation)
        if histogram is None:
            histogram = self.latencies[request.operation] = Histogram()
        histogram.add(request.seconds)


class Measurements:
    """Counters since the process began, requests not answered yet, and the series. Belongs to the event loop."""

    def __init__(self) -> None:
        self.series = MetricStore()
        self.loop_lag = Histogram()
        self.in_progress = 0
        self._all = Counters()
        self._of_accounts: dict[str, Counters] = {}

    def counters(self, account: str | None = None) -> Counters:
        """Those of all requests, or of one account's since it was reset last."""
        return self._all if account is None else self._of_accounts.get(account, Counters())

    def forget(self, account: str) -> None:
        """Begin an account's counters and series anew (O-39); those of all requests count on, as counters do."""
        self._of_accounts.pop(account, None)
        self.series.clear(account)

    def record(self, request: RequestRecord, now: float) -> None:
        """Count one answered request at epoch second `now`."""
        self._all.add(request)
        own = self._of_accounts.get(request.account)
        if own is None:
            if len(self._of_accounts) >= ACCOUNTS_KEPT:
                self._of_accounts.pop(next(iter(self._of_accounts)))
            own = self._of_accounts[request.account] = Counters()
        own.add(request)
        self._count(request, (("Operation", request.operation),), now)
        if request.model is not None:
            self._count(request, request.model.dimensions, now)

    def _count(self, request: RequestRecord, dimensions: tuple[tuple[str, str], ...], now: float) -> None:
        outcome = request.outcome
        self.series.count(request.account, request.region, outcome.value, dimensions, 1.0, now)
        if outcome is Outcome.SUCCESS:
            milliseconds = request.seconds * 1000
            self.series.count(request.account, request.region, "ResponseTime", dimensions, milliseconds, now)
