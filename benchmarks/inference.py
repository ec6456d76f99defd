"""DetectCustomLabels against a bare loop of decode + onnxruntime on the same JPEG: `python -m benchmarks inference`.

Three comparisons, since a client on the same machine takes its share of the cores: rates with the server pinned to
one core and the client to another, against a bare loop on one core; rates with nothing pinned, as measured and with the
client's CPU time subtracted; and CPU time an image, which other work on the machine hardly changes.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import selectors
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import numpy as np
import psutil
import pybase64
from PIL import Image, ImageFilter

from benchmarks.trainings import BUCKET, SETS, train, upload
from emulator.vision.images import decode_resized
from emulator.vision.onnx_session import Session
from emulator.vision.served_model import CONFIDENCES, INPUT, ServedModel, input_tensor
from emulator.wire.service_model import load_service_model
from emulator.wire.validation import parse_input, parse_json, use_quick_parser
from support.raw_http import RawConnection
from support.running import RunningLab
from support.server import EmulatorProcess

SECONDS = 4.0
ROUNDS = 3
PAIRS = 7
ACCOUNT = "111122223333"
SIZE = (640, 480)
QUALITY = 90


@dataclass(frozen=True)
class Measured:
    """Images a second, and CPU milliseconds an image of the measured process and of the client."""

    rate: float
    cpu_ms: float
    client_cpu_ms: float = 0.0
    latency_ms: float = 0.0


@dataclass(frozen=True)
class Pair:
    """A bare loop of `threads` threads, and the server right after it: what the machine does meanwhile hits both."""

    threads: int
    bare: Measured
    served: Measured

    @property
    def share(self) -> float:
        """The server's rate as a part of the bare loop's."""
        return self.served.rate / self.bare.rate

    @property
    def share_without_client(self) -> float:
        """The same if the client had not taken its CPU time from the server's cores."""
        left = self.threads - self.served.rate * self.served.client_cpu_ms / 1e3
        return self.share * self.threads / left

    @property
    def share_by_cpu(self) -> float:
        """CPU time an image of the bare loop as a part of the server's."""
        return self.bare.cpu_ms / self.served.cpu_ms

    @property
    def added_ms(self) -> float:
        """What a call waits longer than decode and inference take in the loop of one thread."""
        return self.served.latency_ms - 1e3 * self.threads / self.bare.rate


def photograph() -> bytes:
    """A 640×480 JPEG with detail at every scale, as a photograph has."""
    random = np.random.default_rng(1)
    layers = np.zeros((SIZE[1], SIZE[0], 3))
    for scale in (4, 16, 64):
        noise = random.integers(0, 256, (SIZE[1] // scale + 1, SIZE[0] // scale + 1, 3), dtype=np.uint8)
        layers += np.asarray(Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC), dtype=float) / 3
    image = Image.fromarray(layers.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def bare_loop(model_file: str, image: bytes, threads: int, core: int | None, seconds: float) -> Measured:
    """Decode and run in `threads` threads without a server, as fast as it goes."""
    process = psutil.Process()
    if core is not None:
        process.cpu_affinity([core])
    model = ServedModel.load(Path(model_file), threads=1)
    model.predict(image)
    deadline = time.perf_counter() + seconds

    def loop() -> int:
        done = 0
        while time.perf_counter() < deadline:
            model.predict(image)
            done += 1
        return done

    before, began = _cpu(process), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(future.result() for future in [pool.submit(loop) for _ in range(threads)])
    return Measured(done / (time.perf_counter() - began), (_cpu(process) - before) / done * 1e3)


def drive(
    address: tuple[str, int], request: bytes, connections: int, core: int | None, seconds: float
) -> tuple[int, int, float, float, float]:
    """Requests answered within `seconds` and in all, the exact seconds, the client's own CPU seconds, and the median
    latency in ms; each connection has a request under way."""
    process = psutil.Process()
    if core is not None:
        process.cpu_affinity([core])
    latencies = []
    with selectors.DefaultSelector() as selector:
        before, began = _cpu(process), time.perf_counter()
        for _ in range(connections):
            connection = RawConnection(address)
            selector.register(connection, selectors.EVENT_READ, time.perf_counter())
            connection.send(request)
        while (now := time.perf_counter()) - began < seconds:
            for key, _ in selector.select():
                connection = cast(RawConnection, key.fileobj)
                answer = connection.read_response()
                assert answer.status == 200, answer.body
                latencies.append((time.perf_counter() - key.data) * 1e3)
                selector.modify(connection, selectors.EVENT_READ, time.perf_counter())
                connection.send(request)
        done, took = len(latencies), now - began
        # The server's CPU time is read after this: what is still under way belongs to it.
        for key in selector.get_map().values():
            cast(RawConnection, key.fileobj).read_response()
    return done, done + connections, took, _cpu(process) - before, statistics.median(latencies)


def pin(process: psutil.Process, cores: list[int]) -> None:
    """Keep all threads that a process has by now to some cores."""
    for thread in process.threads():
        os.sched_setaffinity(thread.id, cores)


def served(emulator: EmulatorProcess, request: bytes, connections: int, core: int | None) -> Measured:
    """The same through HTTP."""
    place = urlsplit(emulator.endpoint)
    address = (place.hostname or "127.0.0.1", place.port or 80)
    server = psutil.Process(emulator.process.pid)
    before = _cpu(server)
    with get_context("spawn").Pool(1) as pool:
        done, handled, took, client, latency = pool.apply(drive, (address, request, connections, core, SECONDS))
    return Measured(done / took, (_cpu(server) - before) / handled * 1e3, client / handled * 1e3, latency)


def split(model_file: Path, image: bytes, body: bytes) -> dict[str, float]:
    """CPU milliseconds of each part of a call, measured apart."""
    session = Session(model_file, 1)
    shape = json.loads(session.metadata["input"])
    size = int(shape["width"]), int(shape["height"])
    pixels = decode_resized(image, *size)
    text = parse_json(body)["Image"]["Bytes"]
    model = load_service_model()
    use_quick_parser()  # as an emulator does whose start is over
    whole = _milliseconds(lambda: parse_input(model, "DetectCustomLabels", body))
    decoded = _milliseconds(lambda: pybase64.b64decode(text, validate=True))
    return {
        "base64": decoded,
        "JSON and validation": whole - decoded,
        "decode and resize": _milliseconds(lambda: decode_resized(image, *size)),
        "inference": _milliseconds(lambda: session.run({INPUT: input_tensor(pixels)}, [CONFIDENCES])),
    }


def request_bytes(arn: str, image: bytes) -> tuple[bytes, bytes]:
    """The HTTP request and its body."""
    body = json.dumps({"ProjectVersionArn": arn, "Image": {"Bytes": base64.b64encode(image).decode()}}).encode()
    credential = f"{ACCOUNT}/20261121/us-east-1/rekognition/aws4_request"
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "X-Amz-Target: RekognitionService.DetectCustomLabels\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body, body


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks inference", description=__doc__)
    parser.add_argument(
        "--photographs", choices=SETS, help="a model of this set of ../shared/data, not of drawn pictures"
    )
    photographs: str | None = parser.parse_args().photographs
    image = photograph()
    print(f"{SIZE[0]}×{SIZE[1]} JPEG of {len(image)} bytes, classification, {psutil.cpu_count()} cores")
    for core, threads in ((0, 1), (None, 2)):
        settings = {
            "CUSTOM_LABELS_LOG_LEVEL": "warning",
            "CUSTOM_LABELS_TPS_PER_UNIT": "0",
            "CUSTOM_LABELS_INFERENCE_THREADS": str(threads),
        }
        with EmulatorProcess(environment=settings) as emulator:
            lab = None if photographs else RunningLab.create(emulator, ACCOUNT)
            arn = lab.trained.start_model() if lab else _running_model(emulator, photographs or "")
            request, body = request_bytes(arn, image)
            [model_file] = model_files(emulator)
            if core is None and lab is not None:
                _print_split(emulator, lab, model_file, image, request, body)
            if core is not None:
                pin(psutil.Process(emulator.process.pid), [core])
            _compare(emulator, request, model_file, image, threads, core)


def _running_model(emulator: EmulatorProcess, photographs: str) -> str:
    """A running model of a set of photographs; its ARN."""
    s3, rekognition = emulator.client("s3", ACCOUNT), emulator.client("rekognition", ACCOUNT)
    s3.create_bucket(Bucket=BUCKET)
    upload(s3, photographs)
    version, _ = train(emulator, photographs)
    arn: str = version["ProjectVersionArn"]
    rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    project = rekognition.describe_projects(ProjectNames=[photographs])["ProjectDescriptions"][0]["ProjectArn"]
    rekognition.get_waiter("project_version_running").wait(ProjectArn=project, VersionNames=["1"])
    return arn


def _print_split(
    emulator: EmulatorProcess, lab: RunningLab, model_file: Path, image: bytes, request: bytes, body: bytes
) -> None:
    for name, milliseconds in split(model_file, image, body).items():
        print(f"  {name}: {milliseconds:.3f} ms CPU")
    lab.control("POST", "answers", {"labels": []})
    forced = _median([served(emulator, request, 16, None) for _ in range(ROUNDS)])
    lab.control("DELETE", "answers")
    print(f"  everything but decode and inference, a forced answer: {forced.cpu_ms:.2f} ms CPU")


def _compare(
    emulator: EmulatorProcess, request: bytes, model_file: Path, image: bytes, threads: int, core: int | None
) -> None:
    where = "nothing pinned" if core is None else f"server and bare loop on core {core}, client on another"
    for connections, of_loop in ((1, 1), (16, threads)):
        pairs = []
        for _ in range(PAIRS):
            bare = _bare(model_file, image, of_loop, core)
            pairs.append(Pair(of_loop, bare, served(emulator, request, connections, None if core is None else 1)))
        print(f"{where}, {connections} connection(s), bare loop of {of_loop} thread(s):")
        _print_pairs(pairs, is_pinned=core is not None, is_single=connections == 1)


def _print_pairs(pairs: list[Pair], is_pinned: bool, is_single: bool) -> None:
    def told(values: Iterable[float]) -> str:
        ordered = sorted(values)
        return f"{ordered[len(ordered) // 2]:.2f} ({ordered[0]:.2f} to {ordered[-1]:.2f})"

    print(f"  images a second: {told(p.served.rate for p in pairs)}, bare {told(p.bare.rate for p in pairs)}")
    print(f"  part of the bare loop: {told(p.share for p in pairs)}")
    if not is_pinned:
        print(f"  with the client's CPU time subtracted: {told(p.share_without_client for p in pairs)}")
    print(f"  server CPU ms a call: {told(p.served.cpu_ms for p in pairs)}, bare {told(p.bare.cpu_ms for p in pairs)}")
    print(f"  part of the bare loop by CPU time: {told(p.share_by_cpu for p in pairs)}")
    if is_single:
        print(f"  latency: {told(p.served.latency_ms for p in pairs)} ms, added {told(p.added_ms for p in pairs)} ms")


def _bare(model_file: Path, image: bytes, threads: int, core: int | None) -> Measured:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(bare_loop, (str(model_file), image, threads, core, SECONDS))


def _median(rounds: list[Measured]) -> Measured:
    return sorted(rounds, key=lambda measured: measured.rate)[len(rounds) // 2]


def model_files(emulator: EmulatorProcess) -> list[Path]:
    """The emulator runs on a temporary directory; its models are found through the process's open files."""
    directory = next(
        parent
        for opened in psutil.Process(emulator.process.pid).open_files()
        for parent in Path(opened.path).parents
        if (parent / "models").is_dir() and (parent / "state.sqlite").is_file()
    )
    return list((directory / "models").iterdir())


def _cpu(process: psutil.Process) -> float:
    user, system = process.cpu_times()[:2]
    return float(user + system)


def _milliseconds(step: Callable[[], object]) -> float:
    """CPU milliseconds of one call: the best of five times a fifth of a second."""
    best = float("inf")
    for _ in range(5):
        done, began, until = 0, time.thread_time(), time.perf_counter() + 0.2
        while time.perf_counter() < until:
            step()
            done += 1
        best = min(best, (time.thread_time() - began) / done)
    return best * 1e3


if __name__ == "__main__":
    main()
