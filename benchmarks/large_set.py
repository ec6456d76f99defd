"""Where the time of a large set goes: `python -m benchmarks large_set --images 250000 --directory DIR`.

Draws small pictures once, puts them into the embedded S3, imports their manifests, trains and evaluates, all through
the API, and prints time, CPU and memory of each stage. Everything is kept in DIR: what is done is not done again, and
a command that was ended goes on where it was, in the middle of a training too.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import re
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image, ImageDraw

from emulator.vision.parallel import in_order
from support.server import EmulatorProcess, wait_until

IMAGES = 5_000
SIDE = 64
"""Pixels, the smallest that a training takes."""
LABELS = ("circle", "square", "triangle", "cross", "ring", "bars", "dots", "arrow", "frame", "wedge")
TEST_SHARE = 5
BUCKET, PREFIX = "large-set", "pictures"

_UPLOADS_AT_ONCE = 4
_KEPT_EVERY = 5_000
_STAGE = re.compile(r"training \S+: (.+?) \d+/\d+ after")
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=111122223333/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
)


@dataclass
class Stage:
    """What a stage took: seconds, CPU seconds and the largest resident memory (10^6 bytes) of each process."""

    seconds: float = 0.0
    worker_cpu: float = 0.0
    server_cpu: float = 0.0
    worker_memory: float = 0.0
    server_memory: float = 0.0


class Notes:
    """What is done, in a file of the directory: results of stages by name, and other facts."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "notes.json"
        self.stages: dict[str, Stage] = {}
        self.facts: dict[str, Any] = {}
        if self._path.exists():
            document = json.loads(self._path.read_text())
            self.stages = {name: Stage(**values) for name, values in document["stages"].items()}
            self.facts = document["facts"]

    def forget_training(self) -> None:
        """Have the set that is there trained once more."""
        self.stages = {name: stage for name, stage in self.stages.items() if not name.startswith("train")}
        self.facts["done"] = [name for name in self.facts.get("done", []) if name != "train"]
        self.facts.pop("version", None)
        self.keep()

    def keep(self) -> None:
        """Write the file anew."""
        temporary = self._path.with_suffix(".new")
        temporary.write_text(
            json.dumps({"stages": {n: asdict(s) for n, s in self.stages.items()}, "facts": self.facts}, indent=1)
        )
        temporary.replace(self._path)


def picture(number: int) -> bytes:
    """A JPEG of SIDE × SIDE: the shape of one of the ten labels, of any colour, size and place, on noise."""
    random = np.random.default_rng(number)
    back = random.integers(0, 256, 3)
    noise = random.normal(0, 18, (SIDE, SIDE, 1)) + back
    image = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    colour = tuple(int(value) for value in (back + random.integers(60, 196, 3)) % 256)
    size = int(random.integers(SIDE // 3, SIDE * 3 // 4))
    left, top = (int(value) for value in random.integers(0, SIDE - size, 2))
    _draw(draw, LABELS[number % len(LABELS)], (left, top, left + size, top + size), colour)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _draw(draw: ImageDraw.ImageDraw, label: str, box: tuple[int, int, int, int], colour: tuple[int, ...]) -> None:
    left, top, right, bottom = box
    across, down, wide = (left + right) // 2, (top + bottom) // 2, max(3, (right - left) // 6)
    match label:
        case "circle":
            draw.ellipse(box, fill=colour)
        case "square":
            draw.rectangle(box, fill=colour)
        case "triangle":
            draw.polygon([(across, top), (right, bottom), (left, bottom)], fill=colour)
        case "cross":
            draw.line([(left, top), (right, bottom)], fill=colour, width=wide)
            draw.line([(right, top), (left, bottom)], fill=colour, width=wide)
        case "ring":
            draw.ellipse(box, outline=colour, width=wide)
        case "bars":
            for x in range(left, right, 2 * wide):
                draw.rectangle((x, top, x + wide, bottom), fill=colour)
        case "dots":
            for x in range(left, right, 2 * wide):
                for y in range(top, bottom, 2 * wide):
                    draw.ellipse((x, y, x + wide, y + wide), fill=colour)
        case "arrow":
            draw.line([(left, down), (right, down)], fill=colour, width=wide)
            draw.polygon([(right, down), (across, top), (across, bottom)], fill=colour)
        case "frame":
            draw.rectangle(box, outline=colour, width=wide)
        case _:
            draw.pieslice(box, 20, 110, fill=colour)


class Pictures:
    """All pictures in one file, drawn once."""

    def __init__(self, directory: Path, count: int) -> None:
        self._file, self._index = directory / "pictures.bin", directory / "pictures.npy"
        self._count = count

    def draw(self) -> None:
        """Draw them all on two processes' worth of threads; nothing where they are there."""
        if self._index.exists() and len(np.load(self._index)) == self._count + 1:
            return
        offsets = np.zeros(self._count + 1, np.int64)
        with self._file.open("wb") as stream:
            for number, data in enumerate(in_order(picture, range(self._count), 2)):
                stream.write(data)
                offsets[number + 1] = offsets[number] + len(data)
        np.save(self._index, offsets)

    def read(self, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The pictures first … end - 1 with their numbers."""
        offsets = np.load(self._index)
        with self._file.open("rb") as stream:
            stream.seek(int(offsets[first]))
            for number in range(first, end):
                yield number, stream.read(int(offsets[number + 1] - offsets[number]))


def key(number: int) -> str:
    """The object key of a picture."""
    return f"{PREFIX}/{number // 1000:03d}/{number:06d}.jpg"


def manifest(numbers: range, is_test: bool) -> bytes:
    """The manifest of every fifth picture, or of the others."""
    metadata = {
        "confidence": 1,
        "job-name": "labeling-job/kind",
        "human-annotated": "yes",
        "creation-date": "2026-01-01T00:00:00",
        "type": "groundtruth/image-classification",
    }
    lines = []
    for number in numbers:
        # Shifted with each ten, so that every label is in both.
        if (number // len(LABELS) % TEST_SHARE == 0) is is_test:
            named = {**metadata, "class-name": LABELS[number % len(LABELS)]}
            line = {"source-ref": f"s3://{BUCKET}/{key(number)}", "kind": number % len(LABELS), "kind-metadata": named}
            lines.append(json.dumps(line))
    return "\n".join(lines).encode() + b"\n"


class LargeSet:
    """One run of all stages over one emulator."""

    def __init__(self, directory: Path, images: int, emulator: EmulatorProcess) -> None:
        self._images = images
        self._emulator = emulator
        self._notes = Notes(directory)
        self._pictures = Pictures(directory, images)
        self._rekognition = emulator.client("rekognition")
        self._server = psutil.Process(emulator.process.pid)

    def run(self, only: set[str]) -> None:
        """Every stage that is not done yet; with `only`, of those."""
        for name, stage in (
            ("draw", self._pictures.draw),
            ("upload", self._upload),
            ("import", self._import),
            ("train", self._train),
        ):
            if not only or name in only:
                self._do(name, stage)
        self.report()

    def report(self) -> None:
        """Print what every stage took."""
        print(
            f"{self._images} images of {SIDE} × {SIDE} pixels; seconds, CPU seconds, MB of resident memory at the peak"
        )
        print(
            "stage                                     seconds  worker CPU  server CPU  worker MB  server MB  images/s"
        )
        for name, stage in self._notes.stages.items():
            rate = self._images / stage.seconds if stage.seconds else 0.0
            print(
                f"{name:40s} {stage.seconds:8.1f} {stage.worker_cpu:11.1f} {stage.server_cpu:11.1f} "
                f"{stage.worker_memory:10.0f} {stage.server_memory:10.0f} {rate:9.0f}"
            )
        if "f1" in self._notes.facts:
            print(f"F1 {self._notes.facts['f1']}")

    def _do(self, name: str, work: Callable[[], None]) -> None:
        done = self._notes.facts.setdefault("done", [])
        if name in done:
            return
        print(f"{name} …", file=sys.stderr, flush=True)
        began, cpu = time.monotonic(), _cpu(self._server)
        work()
        if name != "train":
            stage = self._notes.stages.setdefault(name, Stage())
            stage.seconds += time.monotonic() - began
            stage.server_cpu += _cpu(self._server) - cpu
            stage.server_memory = max(stage.server_memory, self._server.memory_info().rss / 1e6)
        done.append(name)
        self._notes.keep()

    def _upload(self) -> None:
        s3 = self._emulator.client("s3")
        first = self._notes.facts.setdefault("uploaded", 0)
        if not first:
            s3.create_bucket(Bucket=BUCKET)
        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            for start in range(first, self._images, _KEPT_EVERY):
                pieces = [
                    range(start + part, min(start + _KEPT_EVERY, self._images), _UPLOADS_AT_ONCE)
                    for part in range(_UPLOADS_AT_ONCE)
                ]
                found = dict(self._pictures.read(start, min(start + _KEPT_EVERY, self._images)))
                list(pool.map(partial(self._put, found), pieces))
                self._notes.facts["uploaded"] = start + _KEPT_EVERY
                self._notes.keep()
        for kind in ("train", "test"):
            body = manifest(range(self._images), is_test=kind == "test")
            s3.put_object(Bucket=BUCKET, Key=f"{kind}.manifest", Body=body)

    def _put(self, found: dict[int, bytes], numbers: range) -> None:
        place = urllib.parse.urlsplit(self._emulator.endpoint)
        connection = http.client.HTTPConnection(str(place.hostname), place.port)
        headers = {"Authorization": _AUTHORIZATION, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        for number in numbers:
            connection.request("PUT", f"/{BUCKET}/{key(number)}", found[number], headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()

    def _import(self) -> None:
        project = self._notes.facts.get("project")
        if project is None:
            project = self._rekognition.create_project(ProjectName="large-set")["ProjectArn"]
            self._notes.facts["project"] = project
            self._notes.keep()
        for kind in ("train", "test"):
            place = {"S3Object": {"Bucket": BUCKET, "Name": f"{kind}.manifest"}}
            arn = self._notes.facts.get(kind)
            if arn is None:
                arn = self._rekognition.create_dataset(
                    ProjectArn=project, DatasetType=kind.upper(), DatasetSource={"GroundTruthManifest": place}
                )["DatasetArn"]
                self._notes.facts[kind] = arn
                self._notes.keep()
            wait_until(partial(self._is_complete, arn), 3600)

    def _is_complete(self, arn: str) -> bool:
        status: str = self._rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]["Status"]
        assert not status.endswith("FAILED"), status
        return status == "CREATE_COMPLETE"

    def _train(self) -> None:
        project = self._notes.facts["project"]
        if "version" not in self._notes.facts:
            output = {"S3Bucket": BUCKET, "S3KeyPrefix": "results"}
            self._notes.facts["version"] = self._rekognition.create_project_version(
                ProjectArn=project, VersionName=f"at-{int(time.time())}", OutputConfig=output
            )["ProjectVersionArn"]
            self._notes.keep()
        version: dict[str, Any] = {"Status": ""}
        while version["Status"] not in ("TRAINING_COMPLETED", "TRAINING_FAILED"):
            self._watch(seconds=5.0)
            described = self._rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
            version = next(one for one in described if one["ProjectVersionArn"] == self._notes.facts["version"])
        assert version["Status"] == "TRAINING_COMPLETED", version
        self._notes.facts["f1"] = round(version["EvaluationResult"]["F1Score"], 4)

    def _watch(self, seconds: float) -> None:
        """Count what the training's process and the server use towards the stage that the log names."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began, worker = time.monotonic(), _worker(self._server)
            cpu = _cpu(self._server), _cpu(worker)
            time.sleep(0.5)
            named = _STAGE.findall(self._emulator.log()[-20_000:])
            stage = self._notes.stages.setdefault(f"train: {named[-1] if named else 'manifests'}", Stage())
            stage.seconds += time.monotonic() - began
            stage.server_cpu += max(0.0, _cpu(self._server) - cpu[0])
            stage.worker_cpu += max(0.0, _cpu(worker) - cpu[1])
            stage.server_memory = max(stage.server_memory, _memory(self._server))
            stage.worker_memory = max(stage.worker_memory, _memory(worker))
        self._notes.keep()


def _worker(server: psutil.Process) -> psutil.Process | None:
    """The process of the training, if there is one now."""
    try:
        found = [child for child in server.children() if "emulator.jobs.worker" in child.cmdline()]
    except psutil.NoSuchProcess:
        return None
    return found[0] if found else None


def _cpu(process: psutil.Process | None) -> float:
    try:
        return 0.0 if process is None else sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


def _memory(process: psutil.Process | None) -> float:
    try:
        return 0.0 if process is None else process.memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks large_set", description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--directory", type=Path, help="where everything is kept; without it nothing is")
    parser.add_argument("--effort", default="fast", choices=("instant", "fast", "standard", "best"))
    parser.add_argument("--only", nargs="+", choices=("draw", "upload", "import", "train"), default=[])
    parser.add_argument("--again", action="store_true", help="train once more what is in the directory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = arguments.directory or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        if arguments.again:
            Notes(directory).forget_training()
        settings = {"CUSTOM_LABELS_TRAINING_EFFORT": arguments.effort}
        with EmulatorProcess(directory / "data", settings) as emulator:
            LargeSet(directory, arguments.images, emulator).run(set(arguments.only))


if __name__ == "__main__":
    main()
