"""Twenty calls a second for hours: do memory, descriptors, threads and the data directory stay as they are?

    python -m benchmarks.soak --hours 0.5 --rate 20

prints a line every minute and, at the end, how each grew after the first tenth of the time, in which caches fill, and a
verdict in one line. The exit code is 0 if every call was answered and everything stayed flat: memory within 16 MiB,
descriptors within 4, threads within 2, the data directory within 8 MiB an hour.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from support.pictures import SINGLE_LABELS, draw_picture, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
CALLS_A_SECOND = 20.0
ANSWERED = "answered"
SECONDS_BETWEEN_LINES = 60.0


Sample = dict[str, float]


def sample(process: psutil.Process, directory: Path) -> Sample:
    """What must stay flat; MiB, numbers, and MiB on the disk."""
    disk = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return {
        "memory": round(process.memory_info().rss / 2**20, 1),
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "disk": round(disk / 2**20, 1),
    }


def calls(emulator: EmulatorProcess, project: Project, arn: str) -> list[Callable[[int], Any]]:
    """One of each kind, by the number of the call; what is made is also taken away."""
    rekognition, s3 = emulator.client("rekognition", ACCOUNT), emulator.client("s3", ACCOUNT)
    image = {"Bytes": draw_picture(["circle"], 1).body}
    bucket = project.bucket

    def make_and_delete(number: int) -> None:
        made = rekognition.create_project(ProjectName=f"soak-{number}")["ProjectArn"]
        rekognition.delete_project(ProjectArn=made)

    return [
        lambda _: rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image),
        lambda _: rekognition.describe_projects(),
        lambda _: rekognition.describe_project_versions(ProjectArn=project.arn),
        make_and_delete,
        lambda number: s3.put_object(Bucket=bucket, Key=f"soak-{number % 50}", Body=b"x" * 20_000),
        lambda number: s3.delete_object(Bucket=bucket, Key=f"soak-{(number + 25) % 50}"),
        lambda _: s3.list_objects_v2(Bucket=bucket),
        lambda _: urllib.request.urlopen(f"{emulator.endpoint}/_emulator/metrics", timeout=30).read(),
    ]


def lag(emulator: EmulatorProcess) -> str:
    """Mean lag of the event loop in milliseconds, since the start."""
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = {name: float(number) for name, number in re.findall(r"event_loop_lag_seconds_(sum|count) (\S+)", text)}
    return f"{1000 * found['sum'] / max(1.0, found['count']):.2f}"


def soak(emulator: EmulatorProcess, folder: Path, seconds: float, rate: float) -> tuple[Counter[str], Sample, Sample]:
    """What was answered, and samples after the first tenth of the time and at its end."""
    project = new_project(emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    arn = project.train()
    project.start_model()
    kinds, drawn = calls(emulator, project, arn), random.Random(0)
    process, began = psutil.Process(emulator.process.pid), time.monotonic()
    samples: list[Sample] = []
    answered: Counter[str] = Counter()
    while (now := time.monotonic() - began) < seconds:
        number = sum(answered.values())
        if now >= len(samples) * min(SECONDS_BETWEEN_LINES, seconds / 10):
            samples.append(sample(process, folder))
            print(json.dumps({"seconds": round(now), **samples[-1], "lag_ms": lag(emulator)}), flush=True)
        try:
            drawn.choice(kinds)(number)
            answered[ANSWERED] += 1
        except Exception as error:  # counted and shown, whatever it is
            answered[str(error)[:60]] += 1
        time.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
    return answered, samples[min(len(samples) - 1, max(1, len(samples) // 10))], sample(process, folder)


def verdict(answered: Counter[str], first: Sample, last: Sample, seconds: float) -> list[str]:
    """What did not stay as it was, and what was not answered; nothing if all is well."""
    hours = max(1.0, seconds / 3600)
    bounds = {"memory": 16.0, "descriptors": 4, "threads": 2, "disk": 8 * hours}
    grown = {name: last[name] - first[name] for name in bounds}
    wrong = [f"{name} grew by {grown[name]:.1f}" for name, most in bounds.items() if grown[name] > most]
    return wrong + [f"{count} times: {said}" for said, count in answered.items() if said != ANSWERED]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.5, help="such as 0.1 or 8; default: 0.5")
    parser.add_argument("--rate", type=float, default=CALLS_A_SECOND, help="calls a second; default: 20")
    arguments = parser.parse_args()
    if arguments.hours <= 0 or arguments.rate <= 0:
        parser.error("--hours and --rate are numbers above 0")
    seconds = arguments.hours * 3600
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder) / "data") as emulator:
        answered, first, last = soak(emulator, Path(folder), seconds, arguments.rate)
    wrong = verdict(answered, first, last, seconds)
    print(json.dumps({"calls": answered, "growth": {name: round(last[name] - first[name], 1) for name in last}}))
    made = sum(answered.values())
    print(f"{made} calls, {made / seconds:.1f} a second: {'; '.join(wrong) or 'all answered, and all stayed flat'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
