"""Throttling, then scaling, then none, in real time, and what CloudWatch tells of it: `python -m benchmarks load`."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from support.running import RunningLab
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
REQUESTS_PER_SECOND = 8
SECONDS = 35
MAXIMUM_UNITS = 3


def main() -> None:
    """Send eight requests a second to a version with 1 to 3 units; print each second's answers and the metrics."""
    settings = {"CUSTOM_LABELS_LOG_LEVEL": "warning", "CUSTOM_LABELS_TPS_PER_UNIT": "5"}
    with EmulatorProcess(environment=settings) as emulator:
        lab = RunningLab.create(emulator, ACCOUNT)
        # What is measured is the units: the answer is forced, so that a slow machine can keep the pace.
        lab.control("POST", "answers", {"labels": [{"Name": "circle", "Confidence": 99.0}]})
        arn = lab.new_version()
        lab.start(arn, minimum=1, maximum=MAXIMUM_UNITS)
        began = time.time()
        print(f"{REQUESTS_PER_SECOND} requests a second, 1 to {MAXIMUM_UNITS} units of 5 a second")
        for second in range(SECONDS):
            codes: Counter[str] = Counter()
            for request in range(REQUESTS_PER_SECOND):
                pause = began + second + request / REQUESTS_PER_SECOND - time.time()
                if pause > 0:
                    time.sleep(pause)
                codes[lab.detect_code(arn)] += 1
            if second % 5 == 4 or second == 0:
                print(f"  second {second + 1}: {dict(codes)}")
        for name in ("DesiredInferenceUnits", "InServiceInferenceUnits", "ThrottledCount", "SuccessfulRequestCount"):
            print(f"  CloudWatch, {name}: {_by_minute(lab, arn, name, began)}")


def _by_minute(lab: RunningLab, arn: str, name: str, began: float) -> list[tuple[float, float]]:
    """(minimum, maximum) of units, or the sum of requests twice, for each minute since the start."""
    _, project, _, version, _ = arn.split("/")
    dimensions = [{"Name": "ProjectName", "Value": project}, {"Name": "VersionName", "Value": version}]
    points: list[dict[str, Any]] = lab.emulator.client("cloudwatch", lab.account).get_metric_statistics(
        Namespace="AWS/Rekognition",
        MetricName=name,
        Dimensions=dimensions,
        StartTime=datetime.fromtimestamp(began - 60, UTC),
        EndTime=datetime.fromtimestamp(began + 600, UTC),
        Period=60,
        Statistics=["Minimum", "Maximum", "Sum"],
    )["Datapoints"]
    counts = name.endswith("Count")
    return [(point["Sum"],) * 2 if counts else (point["Minimum"], point["Maximum"]) for point in points]


if __name__ == "__main__":
    main()
