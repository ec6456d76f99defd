"""What each answered request counts under (api-facts §7, O-14)."""

from __future__ import annotations

import pytest

from emulator.domain.metering.measurements import LATENCY_BOUNDS, SUCCESS, Measurements, Outcome, RequestRecord
from emulator.domain.metering.metrics_series import Model

NOW = 1_700_000_000.0
ACCOUNT, REGION = "111122223333", "us-east-1"


def record(code: str = SUCCESS, status: int = 200, seconds: float = 0.02, model: Model | None = None) -> RequestRecord:
    return RequestRecord("DetectCustomLabels", code, status, seconds, ACCOUNT, REGION, model)


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (SUCCESS, 200, Outcome.SUCCESS),
        ("ThrottlingException", 400, Outcome.THROTTLED),
        ("ThrottlingException", 500, Outcome.THROTTLED),
        ("ProvisionedThroughputExceededException", 400, Outcome.THROTTLED),
        ("InternalServerError", 500, Outcome.SERVER_ERROR),
        ("ResourceNotFoundException", 400, Outcome.USER_ERROR),
        ("ValidationException", 400, Outcome.USER_ERROR),
    ],
)
def test_the_outcome_of_a_request(code: str, status: int, outcome: Outcome) -> None:
    assert record(code, status).outcome is outcome


def test_a_request_counts_for_its_operation_and_its_version() -> None:
    measurements = Measurements()
    model = Model(ACCOUNT, REGION, "rooms", "one")
    measurements.record(record(model=model), NOW)
    measurements.record(record(), NOW)
    for dimensions, expected in (((("Operation", "DetectCustomLabels"),), 2), (model.dimensions, 1)):
        for name, total in (("SuccessfulRequestCount", expected), ("ResponseTime", 20.0 * expected)):
            (point,) = measurements.series.points(ACCOUNT, REGION, name, dimensions, int(NOW) - 60, NOW, 60, NOW)
            assert point.total == pytest.approx(total)


def test_refused_requests_have_no_response_time() -> None:
    measurements = Measurements()
    measurements.record(record("ThrottlingException", 400), NOW)
    assert {metric.name for metric in measurements.series.names(ACCOUNT, REGION, NOW)} == {"ThrottledCount"}


def test_counters_and_histogram() -> None:
    measurements = Measurements()
    for seconds in (0.0005, LATENCY_BOUNDS[0], 0.3, 1000.0):
        measurements.record(record(seconds=seconds), NOW)
    measurements.record(record("ValidationException", 400), NOW)
    assert measurements.counters().requests == {
        ("DetectCustomLabels", SUCCESS): 4,
        ("DetectCustomLabels", "ValidationException"): 1,
    }
    histogram = measurements.counters().latencies["DetectCustomLabels"]
    assert histogram.counts[0] == 2 and histogram.counts[-1] == 1 and sum(histogram.counts) == 5
    assert histogram.total_seconds == pytest.approx(1000.3215)
