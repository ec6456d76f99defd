"""What is measured, as Prometheus text (O-14); the format is version 0.0.4 of Prometheus' exposition formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from emulator.domain.metering.measurements import LATENCY_BOUNDS, Counters, Histogram, Measurements
from emulator.domain.metering.metrics_series import Model
from emulator.domain.metering.units import UnitLevels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunningModel:
    """A running version and its units now."""

    model: Model
    levels: UnitLevels


@dataclass(frozen=True, slots=True)
class TrainingShare:
    """A version in training: `share` done, 0 to 1."""

    model: Model
    share: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is true at this moment, beside the counters. `queues` is the number of waiting jobs by kind.

    With an `account` everything is of that account alone, and what the whole process measures is left out.
    """

    version: str
    running: tuple[RunningModel, ...] = ()
    trainings: tuple[TrainingShare, ...] = ()
    queues: Mapping[str, int] = field(default_factory=dict)
    account: str | None = None


def prometheus_text(measurements: Measurements, snapshot: Snapshot) -> str:
    """All metrics. Counters count since the process began; times are seconds."""
    counters = measurements.counters(snapshot.account)
    lines = [
        *_family("custom_labels_build_info", "gauge", "The emulator's version.", [({"version": snapshot.version}, 1)]),
        *_family(
            "custom_labels_requests_total",
            "counter",
            "Answered requests by operation and AWS error code (OK for none).",
            [({"operation": op, "code": code}, count) for (op, code), count in sorted(counters.requests.items())],
        ),
        *_latencies(counters),
        *(_of_process(measurements) if snapshot.account is None else ()),
        *_family("custom_labels_running_models", "gauge", "Versions that are RUNNING.", [({}, len(snapshot.running))]),
        *_units(snapshot.running),
        *_family(
            "custom_labels_queue_length",
            "gauge",
            "Jobs that wait or work, by kind.",
            [({"kind": kind}, length) for kind, length in sorted(snapshot.queues.items())],
        ),
        *_family(
            "custom_labels_training_progress",
            "gauge",
            "How much of a training is done, 0 to 1.",
            [(_labels(training.model), training.share) for training in snapshot.trainings],
        ),
    ]
    return "\n".join(lines) + "\n"


def _of_process(measurements: Measurements) -> list[str]:
    """What no account has alone."""
    lag = "custom_labels_event_loop_lag_seconds"
    return [
        *_family(
            "custom_labels_requests_in_progress",
            "gauge",
            "Requests of Rekognition that are not answered yet; held and delayed ones too.",
            [({}, measurements.in_progress)],
        ),
        *_family(lag, "histogram", "How late the event loop is, ten times a second.", []),
        *_histogram(lag, {}, measurements.loop_lag),
    ]


def _units(running: Iterable[RunningModel]) -> list[str]:
    families = {"desired": "wanted", "in_service": "serving", "minimum": "at least", "maximum": "at most"}
    models = list(running)
    return [
        line
        for level, meaning in families.items()
        for line in _family(
            f"custom_labels_inference_units_{level}",
            "gauge",
            f"Inference units {meaning}, by running version.",
            [(_labels(one.model), getattr(one.levels, level)) for one in models],
        )
    ]


def _latencies(counters: Counters) -> list[str]:
    name = "custom_labels_request_seconds"
    lines = _family(name, "histogram", "Time from a request to its answer.", [])
    for operation, histogram in sorted(counters.latencies.items()):
        lines += _histogram(name, {"operation": operation}, histogram)
    return lines


def _histogram(name: str, labels: Labels, histogram: Histogram) -> list[str]:
    counts = list(accumulate(histogram.counts))
    bounds = (*map(_number, LATENCY_BOUNDS), "+Inf")
    lines = [
        _sample(f"{name}_bucket", {**labels, "le": bound}, count) for bound, count in zip(bounds, counts, strict=True)
    ]
    lines.append(_sample(f"{name}_sum", labels, histogram.total_seconds))
    lines.append(_sample(f"{name}_count", labels, counts[-1]))
    return lines


def _family(name: str, kind: str, meaning: str, samples: Iterable[tuple[Labels, float]]) -> list[str]:
    return [
        f"# HELP {name} {meaning}",
        f"# TYPE {name} {kind}",
        *(_sample(name, labels, value) for labels, value in samples),
    ]


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _labels(model: Model) -> Labels:
    return {"account": model.account, "region": model.region, "project": model.project, "version": model.version}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return f"{value:.10g}"
