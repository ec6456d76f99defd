"""Datasets of 250,000 entries through the running emulator: `python -m benchmarks datasets`.

Import, pages by filter, updates of 5 MB, distribution, copy, and how quick other calls are meanwhile.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice, product
from pathlib import Path
from string import ascii_lowercase, digits
from types import TracebackType
from typing import Any, Self

from support.memory import MemoryWatch
from support.server import EmulatorProcess

ENTRIES = 250_000
SHORTEST = 160_000
PAGES = 12
OTHER_ACCOUNT = "222222222222"
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


def shortest_lines() -> bytes:
    """As many lines as fit into one UpdateDatasetEntries call, 5 MB: each names an image by the shortest source-ref."""
    keys = islice(product(digits + ascii_lowercase, repeat=4), SHORTEST)
    return "".join(f'{{"source-ref":"s3://bkt/{"".join(key)}"}}\n' for key in keys).encode()


@dataclass(frozen=True, slots=True)
class Settled:
    """How long work on a dataset took, in seconds, and DescribeDataset meanwhile."""

    dataset: str
    status: str
    seconds: float
    answers: list[float]

    def told(self, what: str) -> str:
        """One line."""
        slow = sorted(self.answers)[int(len(self.answers) * 0.99)]
        return (
            f"{what}: {self.seconds:.1f} s, {self.status}; "
            f"DescribeDataset meanwhile p99 {slow * 1e3:.0f} ms, longest {max(self.answers) * 1e3:.0f} ms"
        )


def settled(client: Any, begin: Callable[[], Any], dataset: str = "") -> Settled:
    """Run `begin`, and describe the dataset, or the one that it makes, until it is at rest."""
    began = time.perf_counter()
    dataset = begin().get("DatasetArn", "") or dataset
    answers = []
    while True:
        asked = time.perf_counter()
        status = client.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"]
        answers.append(time.perf_counter() - asked)
        if not status.endswith("PROGRESS"):
            return Settled(dataset, status, time.perf_counter() - began, answers)
        time.sleep(0.02)


class Writer:
    """Another account, which makes a project every 10 ms while the block runs; `waits` are the seconds of each call."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self._client = emulator.client("rekognition", OTHER_ACCOUNT)
        self._client.describe_projects()
        self.waits: list[float] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _write(self) -> None:
        for number in count():
            began = time.perf_counter()
            self._client.create_project(ProjectName=f"meanwhile-{id(self)}-{number}")
            self.waits.append(time.perf_counter() - began)
            if self._ending.wait(0.01):
                return


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


def uploaded(emulator: EmulatorProcess, folder: Path) -> Path:
    """The manifest, in the bucket that its images are in."""
    s3 = emulator.client("s3")
    manifest = folder / "pictures.manifest"
    manifest.write_text("".join(manifest_lines()))
    s3.create_bucket(Bucket="pictures")
    s3.upload_file(str(manifest), "pictures", manifest.name)
    return manifest


def imported(client: Any, project: str, manifest: Path) -> Settled:
    """CreateDataset from the manifest."""
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": "pictures", "Name": manifest.name}}}
    return settled(client, lambda: client.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source))


def copied(client: Any, dataset: str) -> Settled:
    """The same dataset in another project."""
    other = client.create_project(ProjectName="copy")["ProjectArn"]
    source = {"DatasetArn": dataset}
    return settled(client, lambda: client.create_dataset(ProjectArn=other, DatasetType="TRAIN", DatasetSource=source))


def distributed(client: Any, project: str, dataset: str) -> Settled:
    """A fifth of a training dataset in a new test dataset."""
    test = client.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    pair = [{"Arn": dataset}, {"Arn": test}]
    return settled(client, lambda: client.distribute_dataset_entries(Datasets=pair), dataset)


def updated(client: Any, dataset: str, lines: bytes) -> Settled:
    """Lines upserted into a dataset."""
    changes = {"GroundTruth": lines}
    return settled(client, lambda: client.update_dataset_entries(DatasetArn=dataset, Changes=changes), dataset)


def filled_with_shortest_lines(emulator: EmulatorProcess) -> tuple[Settled, Settled, list[float]]:
    """An empty dataset with the shortest lines, these lines once more, and how long writers waited meanwhile."""
    client = emulator.client("rekognition")
    project = client.create_project(ProjectName="shortest")["ProjectArn"]
    dataset = settled(client, lambda: client.create_dataset(ProjectArn=project, DatasetType="TRAIN")).dataset
    lines = shortest_lines()
    with Writer(emulator) as writer:
        first, again = (updated(client, dataset, lines) for _ in range(2))
    return first, again, writer.waits


def figures(emulator: EmulatorProcess) -> dict[str, float]:
    """Seconds of each, and the longest wait of a writer in milliseconds, by the names that `table` has for them."""
    client = emulator.client("rekognition")
    with tempfile.TemporaryDirectory() as folder:
        manifest = uploaded(emulator, Path(folder))
        project = client.create_project(ProjectName="large")["ProjectArn"]
        brought = imported(client, project, manifest)
        copy = copied(client, brought.dataset)
        distribution = distributed(client, project, brought.dataset)
    first, again, waits = filled_with_shortest_lines(emulator)
    assert {one.status.partition("_")[2] for one in (brought, copy, distribution, first, again)} == {"COMPLETE"}
    return {
        "import of 250,000 lines": brought.seconds,
        "copy of them": copy.seconds,
        "distribution of them": distribution.seconds,
        "update with 160,000 new lines": first.seconds,
        "update that replaces them": again.seconds,
        "longest wait of a writer": max(waits) * 1e3,
    }


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder) / "data") as emulator:
        client = emulator.client("rekognition")
        manifest = uploaded(emulator, Path(folder))
        print(f"{ENTRIES} lines, {manifest.stat().st_size / 1e6:.0f} MB")
        with MemoryWatch(emulator.process.pid) as memory:
            _measure(client, manifest)
            first, again, waits = filled_with_shortest_lines(emulator)
        print(first.told(f"update with {SHORTEST} shortest lines"))
        print(again.told("the same lines once more"))
        print(
            f"{len(waits)} CreateProject calls meanwhile: median {statistics.median(waits) * 1e3:.0f} ms, "
            f"longest {max(waits) * 1e3:.0f} ms"
        )
        print(f"most memory of the server and its worker: {memory.largest_memory / 1e6:.0f} MB")


def _measure(client: Any, manifest: Path) -> None:
    project = client.create_project(ProjectName="large")["ProjectArn"]
    brought = imported(client, project, manifest)
    train = brought.dataset
    print(brought.told("import"), flush=True)
    for filters in FILTERS:
        times, entries = page_times(client, train, filters)
        print(
            f"ListDatasetEntries {json.dumps(filters)}: median {statistics.median(times):.0f} ms, "
            f"longest {max(times):.0f} ms over {len(times)} pages ({entries} entries)"
        )
    text = manifest.read_text()[:5_000_000]
    lines = text[: text.rindex("\n") + 1].encode()
    print(updated(client, train, lines).told(f"update of {len(lines) / 1e6:.1f} MB"), flush=True)
    print(copied(client, train).told("copy"), flush=True)
    print(distributed(client, project, train).told("distribution"), flush=True)


if __name__ == "__main__":
    main()
