"""The console's server: pages of 100,000 images, previews that nobody has seen, and what ten watching consoles cost.

python -m benchmarks console
"""

from __future__ import annotations

import io
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from support.console import ConsoleClient
from support.server import EmulatorProcess

IMAGES = 100_000
ACCOUNT = "111122223333"
PAGES = 15
PREVIEWS = 20
CALLS = 400
CONSOLES = 10


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder)) as emulator:
        console = ConsoleClient(emulator, ACCOUNT)
        bucket = console.post("/bucket", {})["name"]
        _pages(console, _dataset(emulator, bucket))
        _previews(console, bucket)
        _watching(emulator, console)


def _dataset(emulator: EmulatorProcess, bucket: str) -> str:
    """A dataset of 100,000 images with 20 labels; its ARN."""
    lines = []
    for number in range(IMAGES):
        label = {
            "class-name": f"label {number % 20}",
            "confidence": 1,
            "type": "groundtruth/image-classification",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/x",
        }
        line: dict[str, Any] = {
            "source-ref": f"s3://{bucket}/folder {number % 50}/image-{number * 7919 % IMAGES:06d}.jpg"
        }
        lines.append(json.dumps(line | ({"x": 1, "x-metadata": label} if number % 5 else {})))
    rekognition, s3 = emulator.client("rekognition", ACCOUNT), emulator.client("s3", ACCOUNT)
    s3.put_object(Bucket=bucket, Key="all.manifest", Body="\n".join(lines).encode())
    project = rekognition.create_project(ProjectName="gallery")["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "all.manifest"}}}
    arn: str = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)["DatasetArn"]
    while rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS":
        time.sleep(0.5)
    return arn


def _pages(console: ConsoleClient, arn: str) -> None:
    wanted: dict[str, dict[str, object]] = {
        "first page": {},
        "a page in the middle": {"offset": IMAGES // 2},
        "by name, first time": {"sort": "name"},
        "by name, again": {"sort": "name", "offset": IMAGES // 2},
        "unlabelled": {"state": "unlabeled", "offset": 10_000},
        "a label": {"label": "label 7", "offset": 3_000},
        "a part of the name": {"name": "image-0123"},
    }
    for name, query in wanted.items():
        times = 1 if name.endswith("first time") else PAGES
        print(f"{name}: {_milliseconds(partial(console.get, '/dataset/entries', dataset=arn, **query), times)}")
    print(f"counts: {_milliseconds(lambda: console.get('/dataset/counts', dataset=arn), PAGES)}")
    within = _milliseconds(lambda: console.get("/dataset/counts", dataset=arn, name="image-01"), PAGES)
    print(f"counts within a part of the name: {within}")


def _milliseconds(call: Callable[[], object], times: int) -> str:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - began))
    return f"median {statistics.median(spent):.0f} ms, longest {max(spent):.0f} ms"


def _previews(console: ConsoleClient, bucket: str) -> None:
    s3 = console.emulator.client("s3", console.account)
    for name, size, kind in (("4 megapixels", (2400, 1600), "JPEG"), ("12 megapixels", (4032, 3024), "JPEG")):
        noise = Image.effect_noise((size[0] // 8, size[1] // 8), 60).resize(size, Image.Resampling.BICUBIC)
        image = Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise))
        for number in range(PREVIEWS):
            image.putpixel((0, 0), (number, 0, 0))
            file = io.BytesIO()
            image.save(file, kind, quality=90)
            s3.put_object(Bucket=bucket, Key=f"{name}/{number}.jpg", Body=file.getvalue())
        server = psutil.Process(console.emulator.process.pid)
        before = sum(server.cpu_times()[:2])
        spent = []
        for number in range(PREVIEWS):
            url = console.presigned("/preview", {"bucket": bucket, "key": f"{name}/{number}.jpg", "w": 256})
            began = time.perf_counter()
            assert console.send("GET", url).status == 200
            spent.append(1000 * (time.perf_counter() - began))
        cpu = 1000 * (sum(server.cpu_times()[:2]) - before) / PREVIEWS
        print(f"preview of {name}, unseen: median {statistics.median(spent):.0f} ms, server CPU {cpu:.0f} ms each")


def _watching(emulator: EmulatorProcess, console: ConsoleClient) -> None:
    """DescribeProjects and a writing call, alone and while ten consoles watch, in turn."""
    client = emulator.client("rekognition", ACCOUNT)
    server = psutil.Process(emulator.process.pid)

    def measured() -> tuple[float, float]:
        before, spent = sum(server.cpu_times()[:2]), []
        for number in range(CALLS):
            began = time.perf_counter()
            client.describe_projects()
            spent.append(1000 * (time.perf_counter() - began))
            if number % 10 == 0:
                arn = client.create_project(ProjectName=f"watched-{time.time_ns()}")["ProjectArn"]
                client.delete_project(ProjectArn=arn)
        return statistics.median(spent), 1000 * (sum(server.cpu_times()[:2]) - before) / CALLS

    alone, watched = [], []
    for _ in range(3):
        alone.append(measured())
        with _Consoles(console):
            watched.append(measured())
    for name, found in (("alone", alone), (f"{CONSOLES} consoles", watched)):
        median, cpu = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"DescribeProjects, {name}: median {median:.2f} ms, server CPU {cpu:.2f} ms a call")


class _Consoles:
    """Ten consoles that read the stream of changes."""

    def __init__(self, console: ConsoleClient) -> None:
        self._console = console
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(CONSOLES)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()
        time.sleep(1)

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)

    def _read(self) -> None:
        url, headers = self._console.signed_headers("GET", "/events")
        with self._console.stream("GET", url, headers=headers) as response:
            for _line in response:
                if self._over.is_set():
                    return


if __name__ == "__main__":
    main()
