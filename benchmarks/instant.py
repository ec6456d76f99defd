"""How long a model of the effort `instant` takes: `python -m benchmarks instant [SET ...]`.

Up to twenty pictures of a set of ../shared/data to train on and up to ten to test on, spread over its lists. Seconds
are from CreateProjectVersion to the end of the training; CPU seconds are those of its worker process, all threads.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence

import psutil

from benchmarks.trainings import BUCKET, PHOTOGRAPHS, train, upload
from support.server import EmulatorProcess

SETS = ("trees", "ants-bees", "cutlery", "bccd", "brands")
COUNTS = {"train": 20, "test": 10}
RUNS = 3


def spread(lines: Sequence[str], count: int) -> list[str]:
    """At most `count` of the lines, evenly taken."""
    chosen = min(count, len(lines))
    return [lines[number * len(lines) // chosen] for number in range(chosen)]


def shorten(emulator: EmulatorProcess, name: str) -> None:
    """Leave a few lines of the manifests that `upload` stored."""
    s3 = emulator.client("s3")
    for part, count in COUNTS.items():
        key = f"{name}/{part}.manifest"
        lines = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode().splitlines()
        s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(spread(lines, count)).encode())


def cpu_of_children(emulator: EmulatorProcess) -> float:
    """CPU seconds of the server's processes that have ended."""
    times = psutil.Process(emulator.process.pid).cpu_times()
    return float(times.children_user + times.children_system)


def measure(name: str) -> tuple[float, float, float]:
    """Seconds, CPU seconds of the worker and F1 of one training."""
    settings = {"CUSTOM_LABELS_TRAINING_EFFORT": "instant"}
    with EmulatorProcess(environment=settings) as emulator:
        emulator.client("s3").create_bucket(Bucket=BUCKET)
        upload(emulator.client("s3"), name)
        shorten(emulator, name)
        before = cpu_of_children(emulator)
        version, seconds = train(emulator, name, pause=0.02)
        if version["Status"] != "TRAINING_COMPLETED":
            raise SystemExit(f"{name}: {version['StatusMessage']}")
        return seconds, cpu_of_children(emulator) - before, version["EvaluationResult"]["F1Score"]


def main() -> None:
    """Print a row a set: the median of some runs, and the quickest."""
    if not PHOTOGRAPHS.is_dir():
        print("the photographs are not present")
        return
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    print("| set | seconds, the quickest | CPU-s of the worker | F1 |\n|---|---|---|---|", flush=True)
    for name in [name for name in sys.argv[1:] if name in SETS] or SETS:
        runs = [measure(name) for _ in range(RUNS)]
        seconds, cpu, f1 = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"| {name} | {seconds:.2f}, {min(runs)[0]:.2f} | {cpu:.2f} | {f1:.3f} |", flush=True)


if __name__ == "__main__":
    main()
