"""The state in PostgreSQL beside SQLite: `python -m benchmarks databases`.

Two emulators, which take turns in every round; shown are medians, and how many times as long PostgreSQL takes. Its
server is of this machine, over a socket, with its own defaults: a commit is on the disk, where SQLite leaves it to the
operating system.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from support.database_cluster import DatabaseCluster
from support.manifest_lines import line, manifest
from support.server import EmulatorProcess

ROUNDS = 3
CALLS = 100
LINES = 50_000
UPDATED = 10_000
LABELS = "abcdefghij"
BUCKET = "pictures"

Figures = dict[str, tuple[float, float]]
"""Milliseconds and the emulator's own milliseconds of CPU, its workers' included, by what was done."""


class Side:
    """An emulator and what is measured of it."""

    def __init__(self, emulator: EmulatorProcess, manifest_file: bytes) -> None:
        self._process = psutil.Process(emulator.process.pid)
        self._client = emulator.client("rekognition")
        self._update = manifest(*(line(f"picture-{number * 5}", "updated") for number in range(UPDATED)))
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="all.manifest", Body=manifest_file)
        self._rounds = 0

    def measure(self) -> Figures:
        """One round."""
        self._rounds += 1
        found: Figures = {}
        client, base = self._client, f"round-{self._rounds}"
        names = [f"{base}-{number}" for number in range(CALLS)]
        made = self._each(found, "CreateProject", [partial(client.create_project, ProjectName=name) for name in names])
        arns = [answer["ProjectArn"] for answer in made]
        self._each(
            found, "TagResource", [partial(client.tag_resource, ResourceArn=arn, Tags={"a": "b"}) for arn in arns]
        )
        self._each(found, "DescribeProjects, kept", [client.describe_projects] * CALLS)
        self._each(
            found, "ListTagsForResource", [partial(client.list_tags_for_resource, ResourceArn=arn) for arn in arns]
        )
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "all.manifest"}}}
        place = {"ProjectArn": arns[0], "DatasetType": "TRAIN", "DatasetSource": source}
        with self._timed(found, f"import of {LINES:,} lines"):
            dataset = client.create_dataset(**place)["DatasetArn"]
            self._settle(dataset)
        with self._timed(found, f"update of {UPDATED:,} lines"):
            client.update_dataset_entries(DatasetArn=dataset, Changes={"GroundTruth": self._update})
            self._settle(dataset)
        pages: list[dict[str, Any]] = [{}, {"ContainsLabels": ["updated"]}, {"SourceRefContains": "picture-4999"}]
        page = client.list_dataset_entries
        self._each(found, "ListDatasetEntries", [partial(page, DatasetArn=dataset, **given) for given in pages * 10])
        client.delete_dataset(DatasetArn=dataset)
        self._each(found, "DeleteProject", [partial(client.delete_project, ProjectArn=arn) for arn in arns[1:]])
        return found

    def _each(self, found: Figures, what: str, calls: list[Callable[[], Any]]) -> list[Any]:
        """Milliseconds of a call: the median; CPU of a call: the mean."""
        answers, times, before = [], [], self._cpu()
        for call in calls:
            began = time.perf_counter()
            answers.append(call())
            times.append((time.perf_counter() - began) * 1e3)
        found[what] = statistics.median(times), (self._cpu() - before) * 1e3 / len(calls)
        return answers

    @contextmanager
    def _timed(self, found: Figures, what: str) -> Iterator[None]:
        before, began = self._cpu(), time.perf_counter()
        yield
        found[what] = (time.perf_counter() - began) * 1e3, (self._cpu() - before) * 1e3

    def _settle(self, dataset: str) -> None:
        while True:
            described = self._client.describe_dataset(DatasetArn=dataset)["DatasetDescription"]
            if not described["Status"].endswith("PROGRESS"):
                assert described["Status"].endswith("COMPLETE"), described
                return
            time.sleep(0.05)

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)


def main() -> None:
    """Print the table."""
    labels = [LABELS[number % len(LABELS)] for number in range(LINES)]
    lines = manifest(*(line(f"picture-{number}", label) for number, label in enumerate(labels)))
    with closing(DatabaseCluster(syncs=True)) as cluster, tempfile.TemporaryDirectory() as folder:
        places = {"SQLite": {}, "PostgreSQL": {"CUSTOM_LABELS_DATABASE_URL": cluster.url}}
        with (
            EmulatorProcess(Path(folder) / "sqlite", places["SQLite"]) as one,
            EmulatorProcess(Path(folder) / "postgresql", places["PostgreSQL"]) as other,
        ):
            sides = {"SQLite": Side(one, lines), "PostgreSQL": Side(other, lines)}
            seen: dict[str, list[Figures]] = {name: [] for name in sides}
            for number in range(ROUNDS):
                for name, side in sides.items():
                    print(f"round {number + 1} of {ROUNDS}: {name}", file=sys.stderr, flush=True)
                    seen[name].append(side.measure())
    print(table(seen["SQLite"], seen["PostgreSQL"]))


def table(sqlite: list[Figures], postgresql: list[Figures]) -> str:
    """The medians as Markdown."""
    rows = [
        "| what | SQLite, ms | PostgreSQL, ms | ratio | CPU, ms | CPU, ms | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for what in sqlite[0]:
        cells = []
        for which in (0, 1):
            here, there = (statistics.median(one[what][which] for one in side) for side in (sqlite, postgresql))
            cells += [f"{here:,.1f}", f"{there:,.1f}", f"{there / here:.2f}"]
        rows.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
