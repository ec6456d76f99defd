"""Prometheus text, read back by Prometheus' own Python parser (O-14)."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from emulator.control.metrics import RunningModel, Snapshot, TrainingShare, prometheus_text
from emulator.domain.metering.measurements import Measurements, RequestRecord
from emulator.domain.metering.metrics_series import Model
from emulator.domain.metering.units import UnitLevels

ACCOUNT, REGION = "111122223333", "us-east-1"
MODEL = Model(ACCOUNT, REGION, "rooms", 'odd "name" \\ with\nlines')
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(measurements: Measurements, snapshot: Snapshot) -> Samples:
    families = text_string_to_metric_families(prometheus_text(measurements, snapshot))
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_the_lag_of_the_event_loop() -> None:
    measurements = Measurements()
    for seconds in (0.0, 0.003, 0.3):
        measurements.loop_lag.add(seconds)
    samples = parsed(measurements, Snapshot("1.2.3"))
    name = "custom_labels_event_loop_lag_seconds"
    assert value(samples, f"{name}_count") == 3 and value(samples, f"{name}_sum") == pytest.approx(0.303)
    assert [value(samples, f"{name}_bucket", le=bound) for bound in ("0.0025", "0.005", "+Inf")] == [1, 2, 3]


def test_requests_that_are_not_answered_yet() -> None:
    measurements = Measurements()
    measurements.in_progress = 3
    assert value(parsed(measurements, Snapshot("1.2.3")), "custom_labels_requests_in_progress") == 3


def test_requests_and_latencies() -> None:
    measurements = Measurements()
    for code, status, seconds in (("OK", 200, 0.004), ("OK", 200, 0.3), ("ThrottlingException", 400, 99.0)):
        record = RequestRecord("DetectCustomLabels", code, status, seconds, ACCOUNT, REGION)
        measurements.record(record, 1_700_000_000)
    samples = parsed(measurements, Snapshot("1.2.3"))
    name = "custom_labels_requests_total"
    assert value(samples, name, operation="DetectCustomLabels", code="OK") == 2
    assert value(samples, name, operation="DetectCustomLabels", code="ThrottlingException") == 1
    bucket = "custom_labels_request_seconds_bucket"
    bounds = ("0.0025", "0.005", "0.5", "60", "+Inf")
    found = {bound: value(samples, bucket, operation="DetectCustomLabels", le=bound) for bound in bounds}
    assert found == {"0.0025": 0, "0.005": 1, "0.5": 2, "60": 2, "+Inf": 3}
    assert value(samples, "custom_labels_request_seconds_count", operation="DetectCustomLabels") == 3
    assert value(samples, "custom_labels_request_seconds_sum", operation="DetectCustomLabels") == pytest.approx(99.304)
    assert value(samples, "custom_labels_build_info", version="1.2.3") == 1


def test_models_units_queues_and_trainings() -> None:
    snapshot = Snapshot(
        "1.2.3",
        running=(RunningModel(MODEL, UnitLevels(0.0, 3, 2, 1, 5)),),
        trainings=(TrainingShare(MODEL, 0.25),),
        queues={"train": 2, "copy": 0},
    )
    samples = parsed(Measurements(), snapshot)
    labels = {"account": ACCOUNT, "region": REGION, "project": "rooms", "version": MODEL.version}
    names = ("desired", "in_service", "minimum", "maximum")
    levels = {name: value(samples, f"custom_labels_inference_units_{name}", **labels) for name in names}
    assert levels == {"desired": 3, "in_service": 2, "minimum": 1, "maximum": 5}
    assert value(samples, "custom_labels_running_models") == 1
    assert value(samples, "custom_labels_queue_length", kind="train") == 2
    assert value(samples, "custom_labels_queue_length", kind="copy") == 0
    assert value(samples, "custom_labels_training_progress", **labels) == 0.25


def test_nothing_measured_yet_is_still_a_valid_text() -> None:
    samples = parsed(Measurements(), Snapshot("1.2.3"))
    assert value(samples, "custom_labels_running_models") == 0
