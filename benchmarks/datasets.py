"""Datasets of 250,000 entries through the running emulator: `python -m benchmarks datasets`.

Import, pages by filter, an update of 5 MB, distribution, copy, and how quick other calls are meanwhile.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.memory import MemoryWatch
from support.server import EmulatorProcess

ENTRIES = 250_000
PAGES = 12
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"ContainsLabels": ["label0"]},
    {"ContainsLabels": ["label110"]},
    {"ContainsLabels": ["label110", "label3", "extra"]},
    {"HasErrors": True},
    {"Labeled": False},
    {"SourceRefContains": "photo-249"},
    {"SourceRefContains": "absent"},
    {"SourceRefContains": "z"},
    {"SourceRefContains": "photo-2499", "ContainsLabels": ["label0"], "Labeled": True},
    {"HasErrors": True, "ContainsLabels": ["label1"]},
    {"ContainsLabels": ["late"]},
    {"ContainsLabels": ["late"], "HasErrors": True},
    {"ContainsLabels": ["late"], "SourceRefContains": "/42/"},
    {"SourceRefContains": "photo", "ContainsLabels": ["absent"]},
    {"SourceRefContains": "5.jpg", "Labeled": False},
)


def manifest_lines() -> Iterator[str]:
    """Lines of about 500 bytes, nine of ten labelled, some with two labels, one in a thousand with an error.

    One label is in the last twentieth alone, as in manifests that are sorted by label.
    """
    chance = random.Random(1)
    for number in range(ENTRIES):
        line: dict[str, Any] = {"source-ref": f"s3://pictures/images/{number % 97:02d}/photo-{number:06d}.jpg"}
        if number % 10:
            line |= _label("kind", f"label{min(119, int(chance.expovariate(1 / 20)))}")
            line |= _label("more", "extra") if number % 5 == 0 or number % 3 == 0 else {}
            line |= _label("late", "late") if number >= ENTRIES - 20_000 else {}
        if number % 1000 == 1:
            line["kind-metadata"]["type"] = "groundtruth/unknown"
        yield json.dumps(line) + "\n"


def _label(attribute: str, name: str) -> dict[str, Any]:
    metadata = {
        "confidence": 1,
        "job-name": "labeling-job/pictures-of-many-things-labelled-by-many-people-in-many-places",
        "class-name": name,
        "human-annotated": "yes",
        "creation-date": "2026-11-21T00:00:00.000000",
        "type": "groundtruth/image-classification",
    }
    return {attribute: 1, f"{attribute}-metadata": metadata}


class Observer:
    """Waits for datasets by describing them, and notes how long each answer took."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def settle(self, what: str, begin: Callable[[], Any], arn: Callable[[Any], str]) -> str:
        """Run `begin`, wait until the dataset is at rest, print both figures; gives the dataset's ARN."""
        began = time.perf_counter()
        dataset = arn(begin())
        answers = []
        while True:
            asked = time.perf_counter()
            status = self._client.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"]
            answers.append(time.perf_counter() - asked)
            if not status.endswith("PROGRESS"):
                break
            time.sleep(0.02)
        slow = sorted(answers)[int(len(answers) * 0.99)]
        print(
            f"{what}: {time.perf_counter() - began:.1f} s, {status}; "
            f"DescribeDataset meanwhile p99 {slow * 1e3:.0f} ms, longest {max(answers) * 1e3:.0f} ms",
            flush=True,
        )
        return dataset


def page_times(client: Any, dataset: str, filters: dict[str, Any]) -> tuple[list[float], int]:
    """Milliseconds of up to twelve pages of 100, and how many entries came."""
    times: list[float] = []
    entries, token = 0, ""
    while len(times) < PAGES:
        began = time.perf_counter()
        page = client.list_dataset_entries(DatasetArn=dataset, MaxResults=100, NextToken=token, **filters)
        times.append((time.perf_counter() - began) * 1e3)
        entries += len(page["DatasetEntries"])
        token = page.get("NextToken", "")
        if not token:
            break
    return times, entries


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder) / "data") as emulator:
        client, s3 = emulator.client("rekognition"), emulator.client("s3")
        manifest = Path(folder) / "pictures.manifest"
        manifest.write_text("".join(manifest_lines()))
        s3.create_bucket(Bucket="pictures")
        s3.upload_file(str(manifest), "pictures", manifest.name)
        print(f"{ENTRIES} lines, {manifest.stat().st_size / 1e6:.0f} MB")
        with MemoryWatch(emulator.process.pid) as memory:
            _measure(client, manifest)
        print(f"most memory of the server and its worker: {memory.largest_memory / 1e6:.0f} MB")


def _measure(client: Any, manifest: Path) -> None:
    project = client.create_project(ProjectName="large")["ProjectArn"]
    observer = Observer(client)
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": "pictures", "Name": manifest.name}}}

    def create() -> Any:
        return client.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)

    train = observer.settle("import", create, lambda answer: str(answer["DatasetArn"]))
    for filters in FILTERS:
        times, entries = page_times(client, train, filters)
        print(
            f"ListDatasetEntries {json.dumps(filters)}: median {statistics.median(times):.0f} ms, "
            f"longest {max(times):.0f} ms over {len(times)} pages ({entries} entries)"
        )
    _change(client, observer, project, train, manifest)


def _change(client: Any, observer: Observer, project: str, train: str, manifest: Path) -> None:
    text = manifest.read_text()[:5_000_000]
    lines = text[: text.rindex("\n") + 1].encode()

    def update() -> Any:
        return client.update_dataset_entries(DatasetArn=train, Changes={"GroundTruth": lines})

    observer.settle(f"update of {len(lines) / 1e6:.1f} MB", update, lambda _: train)
    other = client.create_project(ProjectName="copy")["ProjectArn"]

    def copy() -> Any:
        return client.create_dataset(ProjectArn=other, DatasetType="TRAIN", DatasetSource={"DatasetArn": train})

    observer.settle("copy", copy, lambda answer: str(answer["DatasetArn"]))
    test = client.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]

    def distribute() -> Any:
        return client.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])

    observer.settle("distribution", distribute, lambda _: train)


if __name__ == "__main__":
    main()
