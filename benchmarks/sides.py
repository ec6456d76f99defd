"""What is measured of one side of a comparison: this checkout, another one, or moto. All of it from outside.

Each function gives figures by name: seconds, milliseconds, megabytes or calls a second, as `UNITS` says.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil

from benchmarks import datasets, inference
from benchmarks.requests import ACCOUNT, drive
from support.moto_server import running_moto_server
from support.raw_http import RawConnection, authorization
from support.running import RunningLab
from support.server import EmulatorProcess, environment_without_settings

Figures = dict[str, float]

# Figure and unit, in the order of the table. Of those a second more is better, of all others less.
UNITS = {
    "start, new directory": "s",
    "start, existing directory": "s",
    "slowest first call": "ms",
    "--help": "s",
    "lint --help": "s",
    "convert --help": "s",
    "healthcheck without an emulator": "s",
    "calls a second, 1 connection": "/s",
    "calls a second, 16 connections": "/s",
    "server CPU a call, 1 connection": "ms",
    "server CPU a call, 16 connections": "ms",
    "object put and read": "ms",
    "reset": "ms",
    "save a state with a model": "s",
    "load it": "s",
    "detections a second, 1 connection": "/s",
    "detections a second, 16 connections": "/s",
    "of a server with one core, 1 connection": "/s",
    "of a server with one core, 16 connections": "/s",
    "a detection of it, 1 connection": "ms",
    "import of 250,000 lines": "s",
    "copy of them": "s",
    "distribution of them": "s",
    "update with 160,000 new lines": "s",
    "update that replaces them": "s",
    "longest wait of a writer": "ms",
    "memory": "MB",
}

SECONDS = 2.0
QUIET = {"CUSTOM_LABELS_LOG_LEVEL": "warning"}
SERVER_CORE, CLIENT_CORE = 0, 1
RESETS = 20
OBJECTS = 20
STATES = 5
STARTS = 3
_FLOOR = "import uvicorn, uvloop, httptools, uvicorn.protocols.http.httptools_impl, sqlalchemy.dialects.sqlite"
_COMMANDS = {
    "--help": ("--help",),
    "lint --help": ("lint", "--help"),
    "convert --help": ("convert", "--help"),
    "healthcheck without an emulator": ("healthcheck", "--endpoint-url", "http://127.0.0.1:9"),
}
# Calls that need nothing to be there; their answers may be errors of the service.
_FIRST_CALLS = {
    "DescribeProjects": {},
    "CreateProject": {"ProjectName": "first"},
    "ListTagsForResource": {"ResourceArn": "arn:aws:rekognition:us-east-1:111122223333:project/none/1"},
    "DescribeDataset": {"DatasetArn": "arn:aws:rekognition:us-east-1:111122223333:project/none/dataset/train/1"},
    "ListProjectPolicies": {"ProjectArn": "arn:aws:rekognition:us-east-1:111122223333:project/none/1"},
}


def limits() -> Figures:
    """What nobody gets below: a Python that imports the libraries, or nothing; bytes that reach the disk."""
    floor = _seconds(lambda: subprocess.run([sys.executable, "-c", _FLOOR], check=True))
    python = _seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    starts = {"start, new directory": floor, "start, existing directory": floor}
    return starts | dict.fromkeys(_COMMANDS, python) | _bare_detections() | _bare_import()


def _bare_detections() -> Figures:
    """Decode and inference in a loop: in one thread, in as many as the emulator has, and in one on the server's core.

    On all cores the client of the emulator takes its time from the server, and here nobody takes any.
    """
    with EmulatorProcess(environment=QUIET) as running:
        RunningLab.create(running, ACCOUNT)
        [model_file] = inference.model_files(running)
        image, cores = inference.photograph(), len(os.sched_getaffinity(0))
        with get_context("spawn").Pool(1) as pool:
            alone, together, on_one_core = (
                pool.apply(inference.bare_loop, (str(model_file), image, threads, core, SECONDS)).rate
                for threads, core in ((1, None), (cores, None), (1, SERVER_CORE))
            )
    return {
        "detections a second, 1 connection": alone,
        "detections a second, 16 connections": together,
        "of a server with one core, 1 connection": on_one_core,
        "of a server with one core, 16 connections": on_one_core,
        "a detection of it, 1 connection": 1e3 / on_one_core,
    }


def _bare_import() -> Figures:
    """Reading the JSON of each line of the manifest and putting it into a table of SQLite."""
    lines = list(datasets.manifest_lines())
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "bare.sqlite")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE entries (source_ref TEXT UNIQUE, line TEXT)")

        def put() -> None:
            rows = ((json.loads(line)["source-ref"], line) for line in lines)
            database.executemany("INSERT INTO entries VALUES (?, ?)", rows)
            database.commit()

        return {"import of 250,000 lines": _seconds(put)}


def emulator(project: Path) -> Figures:
    """One round of everything, of the emulator of a checkout."""
    figures: Figures = {}
    for measure in PARTS.values():
        figures |= measure(project)
    return figures


def _running(project: Path, **settings: str) -> EmulatorProcess:
    """An emulator of a checkout without the settings that it does not know yet: it would refuse them."""
    running = EmulatorProcess(environment=QUIET | settings, project=project)
    known = set(re.findall(r"CUSTOM_LABELS_\w+", (project / "docs" / "settings.md").read_text()))
    running.environment = {name: value for name, value in running.environment.items() if name in known}
    return running


def _starts(project: Path) -> Figures:
    """The medians of starts in new directories, and of starts in the directories that those left."""
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / str(number) for number in range(STARTS)]
        return {
            name: statistics.median(_start_seconds(project, place) for place in places)
            for name in ("start, new directory", "start, existing directory")
        }


def _commands(project: Path) -> Figures:
    """The medians of commands that need no emulator."""
    return {
        name: statistics.median(
            _seconds(partial(_quietly, [sys.executable, "-m", "emulator", *arguments], project)) for _ in range(STARTS)
        )
        for name, arguments in _COMMANDS.items()
    }


def _calls(project: Path) -> Figures:
    """First calls, many small ones, objects, and resets."""
    with _running(project) as running:
        figures = {"slowest first call": _slowest_first_call(running)}
        client = running.client("rekognition", account=ACCOUNT)
        for number in range(2):
            client.create_project(ProjectName=f"project-{number}")
        figures |= _rates(running.endpoint, running.process.pid, "RekognitionService.DescribeProjects", b"{}")
        figures |= _objects(running.client("s3", account=ACCOUNT))
        figures["reset"] = _reset_milliseconds(running.endpoint, "/_emulator/reset", running.client("s3", ACCOUNT))
        return figures


def _large_sets(project: Path) -> Figures:
    """Datasets of 250,000 entries."""
    with _running(project) as running:
        return datasets.figures(running)


def moto() -> Figures:
    """The same of moto's server, as far as it has it; its Rekognition has canned answers."""
    figures = {"start, new directory": _moto_start_seconds()}
    figures["start, existing directory"] = figures["start, new directory"]
    with running_moto_server() as endpoint:
        port = urlsplit(endpoint).port
        pid = next(c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid)
        body = b'{"Image":{"S3Object":{"Bucket":"b","Name":"n"}}}'
        figures |= _rates(endpoint, pid, "RekognitionService.DetectLabels", body, keeps_alive=False)
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        figures |= _objects(s3)
        figures["reset"] = _reset_milliseconds(endpoint, "/moto-api/reset", s3)
        s3.close()
    return figures


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _quietly(command: list[str], project: Path) -> None:
    subprocess.run(
        command, cwd=project, env=environment_without_settings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_seconds(project: Path, data: Path) -> float:
    """Until GET /_emulator/ready answers 200, asked every 5 ms."""
    port = _free_port()
    command = [sys.executable, "-m", "emulator", "serve", "--port", str(port), "--data-dir", str(data)]

    def is_ready() -> bool:
        with RawConnection(("127.0.0.1", port)) as connection:
            return connection.request("GET", "/_emulator/ready", {}).status == 200

    return _until(command, project, is_ready)


def _moto_start_seconds() -> float:
    """Until the port is open: it has no other readiness, and imports a service with its first call."""
    port = _free_port()

    def is_open() -> bool:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True

    return _until([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], Path.cwd(), is_open)


def _until(command: list[str], directory: Path, is_there: Callable[[], bool]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment_without_settings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            assert process.poll() is None, "it ended"
            try:
                if is_there():
                    return time.perf_counter() - began
            except OSError:
                pass
            time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()


def _address(endpoint: str) -> tuple[str, int]:
    place = urlsplit(endpoint)
    return place.hostname or "127.0.0.1", place.port or 80


def _slowest_first_call(running: EmulatorProcess) -> float:
    """Milliseconds, right after it was ready."""
    slowest = 0.0
    with RawConnection(_address(running.endpoint)) as connection:
        for operation, parameters in _FIRST_CALLS.items():
            began = time.perf_counter()
            connection.call(operation, parameters, account=ACCOUNT)
            slowest = max(slowest, time.perf_counter() - began)
    return slowest * 1e3


def _rates(endpoint: str, pid: int, target: str, body: bytes, *, keeps_alive: bool = True) -> Figures:
    request = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
        f"X-Amz-Target: {target}\r\nAuthorization: {authorization(ACCOUNT)}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    server = psutil.Process(pid)
    _wait_until_idle(server)
    figures: Figures = {}
    for connections in (1, 16):
        before = sum(server.cpu_times()[:2])
        rate = drive(_address(endpoint), connections, SECONDS, request, keeps_alive=keeps_alive)
        figures[f"calls a second, {connections} connection{'s' * (connections > 1)}"] = rate
        figures[f"server CPU a call, {connections} connection{'s' * (connections > 1)}"] = (
            (sum(server.cpu_times()[:2]) - before) / (rate * SECONDS) * 1e3
        )
    figures["memory"] = server.memory_info().rss / 1e6
    return figures


def _wait_until_idle(server: psutil.Process) -> None:
    """Until what it imports behind its start is there."""
    spent = -1.0
    while (now := sum(server.cpu_times()[:2])) - spent > 0.02:
        spent = now
        time.sleep(0.5)


def _objects(client: Any) -> Figures:
    """Milliseconds of an object of 10 kB that is put and read again, by boto3."""
    client.create_bucket(Bucket="measured")

    def put_and_get() -> None:
        for number in range(OBJECTS):
            client.put_object(Bucket="measured", Key=str(number), Body=b"x" * 10_000)
            client.get_object(Bucket="measured", Key=str(number))["Body"].read()

    return {"object put and read": _seconds(put_and_get) / OBJECTS * 1e3}


def _model(project: Path) -> Figures:
    """A small model answers; its state is saved and loaded."""
    with _running(project) as running:
        lab = RunningLab.create(running, ACCOUNT)
        request, _ = inference.request_bytes(lab.trained.start_model(), inference.photograph())
        answers = {
            f"detections a second, {connections} connection{'s' * (connections > 1)}": inference.served(
                running, request, connections, None
            ).rate
            for connections in (1, 16)
        }
        return answers | _state(running)


def _model_on_one_core(project: Path) -> Figures:
    """The same model on a server that has one core and one thread for images, while its client has another core."""
    with _running(project, CUSTOM_LABELS_INFERENCE_THREADS="1") as running:
        lab = RunningLab.create(running, ACCOUNT)
        request, _ = inference.request_bytes(lab.trained.start_model(), inference.photograph())
        inference.pin(psutil.Process(running.process.pid), [SERVER_CORE])
        alone, together = (inference.served(running, request, connections, CLIENT_CORE) for connections in (1, 16))
    return {
        "of a server with one core, 1 connection": alone.rate,
        "of a server with one core, 16 connections": together.rate,
        "a detection of it, 1 connection": alone.latency_ms,
    }


def _state(running: EmulatorProcess) -> Figures:
    """Seconds that a state with one small model and its pictures takes to be saved and loaded."""
    saved, loaded = [], []
    for _ in range(STATES):
        with RawConnection(_address(running.endpoint)) as connection:
            began = time.perf_counter()
            archive = connection.request("GET", "/_emulator/state", {})
            saved.append(time.perf_counter() - began)
            assert archive.status == 200, archive.body
            began = time.perf_counter()
            assert connection.request("PUT", "/_emulator/state", {}, archive.body).status == 200
            loaded.append(time.perf_counter() - began)
    return {"save a state with a model": statistics.median(saved), "load it": statistics.median(loaded)}


def _reset_milliseconds(endpoint: str, path: str, client: Any) -> float:
    """The median of resets after a small case: a bucket with five objects."""
    spent = []
    for _ in range(RESETS):
        client.create_bucket(Bucket="case")
        for number in range(5):
            client.put_object(Bucket="case", Key=str(number), Body=b"x" * 10_000)
        with RawConnection(_address(endpoint)) as connection:
            began = time.perf_counter()
            assert connection.request("POST", path, {}).status == 200
            spent.append(time.perf_counter() - began)
    return sorted(spent)[RESETS // 2] * 1e3


def shown(value: float, unit: str) -> str:
    """A figure with its unit."""
    digits = 0 if unit == "/s" or value >= 100 else 2 if value < 10 else 1
    return f"{value:,.{digits}f} {unit}"


# What is measured of an emulator, each with one of its own where it needs a running one.
PARTS: dict[str, Callable[[Path], Figures]] = {
    "starts": _starts,
    "commands": _commands,
    "calls": _calls,
    "model": _model,
    "one-core": _model_on_one_core,
    "datasets": _large_sets,
}
