"""Figures of the embedded S3: throughput beside a moto server, a 1 GB object, and very many objects.

    python -m benchmarks.s3 throughput        # puts and gets of 100 KB from 16 threads, the emulator and moto in turn
    python -m benchmarks.s3 large             # one object of 1 GB: memory added by storing and by reading it
    python -m benchmarks.s3 many --count 20000 --size 400000   # memory while storing, time until ready after a restart
    python -m benchmarks.s3 moto-memory       # what a moto server needs for objects of 400 KB

Each prints one line a figure. `large` and `many` need that much room in the folder of `--directory` (default: a
temporary one, removed at the end).
"""

from __future__ import annotations

import argparse
import functools
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).parents[1]
_THREADS = 16
_OBJECT_BYTES = 100_000
_MEBIBYTE = 1 << 20
_GIGABYTE = 1_000_000_000
_MOTO_PORT = 5610
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)


class Server:
    """A server process: where it listens and what memory it holds."""

    def __init__(self, name: str, endpoint: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.endpoint = endpoint
        self._process = process

    def resident(self, field: str = "VmRSS") -> int:
        """Resident memory in bytes, now (VmRSS) or at most so far (VmHWM)."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {field}")

    def connect(self) -> http.client.HTTPConnection:
        """A connection to it, kept alive."""
        address = urlsplit(self.endpoint)
        return http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)


@contextmanager
def emulator_s3(directory: Path) -> Iterator[Server]:
    """The embedded S3 alone under uvicorn, as the emulator runs it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.s3_server", str(directory)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Server("emulator", process.stdout.readline().strip(), process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def moto_server(python: str) -> Iterator[Server]:
    """A stand-alone moto server, which keeps everything in memory. `python` has moto[s3,server] installed."""
    process = subprocess.Popen(
        [python, "-m", "moto.server", "-p", str(_MOTO_PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    server = Server("moto", f"http://127.0.0.1:{_MOTO_PORT}", process)
    try:
        for _ in range(300):
            time.sleep(0.1)
            try:
                request(server.connect(), "GET", "/")
                break
            except OSError:
                continue
        yield server
    finally:
        process.kill()
        process.wait()


def request(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    """One request; raises unless it is answered with success."""
    connection.request(method, path, body, {"Authorization": _AUTHORIZATION, "Content-Length": str(len(body or b""))})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {content[:200]!r}")
    return content


def in_threads(count: int, server: Server, work: Callable[[http.client.HTTPConnection, int], bytes]) -> float:
    """Do `work(connection, number)` for each number below `count` from 16 threads; the seconds it took."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def run() -> None:
        connection = server.connect()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                connection.close()
                return
            work(connection, number)

    begun = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as threads:
        for running in [threads.submit(run) for _ in range(_THREADS)]:
            running.result()
    return time.perf_counter() - begun


def measure_throughput(server: Server, count: int) -> None:
    """Puts, then gets, of 100 KB."""
    body = os.urandom(_OBJECT_BYTES)
    request(server.connect(), "PUT", "/benchmark")
    puts = in_threads(count, server, lambda c, number: request(c, "PUT", f"/benchmark/{number}", body))
    gets = in_threads(count, server, lambda c, number: request(c, "GET", f"/benchmark/{number}"))
    print(f"{server.name}: {count / puts:.0f} puts/s, {count / gets:.0f} gets/s (100 KB, {_THREADS} threads)")


def throughput(arguments: argparse.Namespace) -> None:
    """The emulator and moto, in turn, three times."""
    for _ in range(3):
        with folder(arguments) as directory, emulator_s3(directory) as server:
            measure_throughput(server, 2_000)
        with moto_server(arguments.moto_python) as server:
            measure_throughput(server, 2_000)


def large(arguments: argparse.Namespace) -> None:
    """Store and read 1 GB."""
    with folder(arguments) as directory, emulator_s3(directory) as server:
        connection = server.connect()
        request(connection, "PUT", "/benchmark")
        request(connection, "PUT", "/benchmark/small", b"x")
        before = server.resident()
        piece = os.urandom(_MEBIBYTE)
        begun = time.perf_counter()
        connection.putrequest("PUT", "/benchmark/large")
        connection.putheader("Content-Length", str(_GIGABYTE))
        connection.endheaders()
        for start in range(0, _GIGABYTE, _MEBIBYTE):
            connection.send(piece[: _GIGABYTE - start])
        assert connection.getresponse().read() == b""
        stored = time.perf_counter()
        print(f"1 GB stored in {stored - begun:.1f} s; peak memory {added(server, before)}")
        connection.request("GET", "/benchmark/large")
        answer, read = connection.getresponse(), 0
        while data := answer.read(_MEBIBYTE):
            read += len(data)
        assert read == _GIGABYTE
        print(f"1 GB read in {time.perf_counter() - stored:.1f} s; peak memory {added(server, before)}")


def added(server: Server, before: int) -> str:
    """The peak of a server's memory against an earlier value."""
    peak = server.resident("VmHWM")
    return f"{peak / 1e6:.0f} MB, {(peak - before) / 1e6:+.0f} MB"


def put_numbered(connection: http.client.HTTPConnection, number: int, folder: str, body: bytes) -> bytes:
    """Store one of many objects."""
    return request(connection, "PUT", f"{folder}/{number}.jpg", body)


def many(arguments: argparse.Namespace) -> None:
    """Store many objects, kill, start again."""
    body = os.urandom(arguments.size)
    tenth = arguments.count // 10
    with folder(arguments) as directory:
        with emulator_s3(directory) as server:
            request(server.connect(), "PUT", "/benchmark")
            for step in range(10):
                put = functools.partial(put_numbered, folder=f"/benchmark/{step}", body=body)
                seconds = in_threads(tenth, server, put)
                print(f"{(step + 1) * tenth} objects: {server.resident() / 1e6:.0f} MB, {tenth / seconds:.0f} puts/s")
        for _ in range(3):
            begun = time.perf_counter()
            with emulator_s3(directory) as server:
                ready = time.perf_counter()
                connection = server.connect()
                page = request(connection, "GET", "/benchmark?list-type=2&prefix=5/")
                assert page.count(b"<Key>") == min(1000, tenth)
                listed = time.perf_counter()
                assert request(connection, "GET", "/benchmark/5/0.jpg") == body
                first = f"first listing {(listed - ready) * 1e3:.0f} ms, {server.resident() / 1e6:.0f} MB"
                print(f"ready {ready - begun:.2f} s after SIGKILL and start, {first}")


def moto_memory(arguments: argparse.Namespace) -> None:
    """How a moto server grows."""
    body = os.urandom(400_000)
    with moto_server(arguments.moto_python) as server:
        request(server.connect(), "PUT", "/benchmark")
        before = server.resident()
        in_threads(1_000, server, lambda c, number: request(c, "PUT", f"/benchmark/{number}", body))
        print(f"moto: 1000 objects of 400 KB: {(server.resident() - before) / 1e6:+.0f} MB")


@contextmanager
def folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """An empty folder for the objects, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="s3-benchmark-", dir=arguments.directory))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def main() -> None:
    """Parse the command line and run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measurements = {"throughput": throughput, "large": large, "many": many, "moto-memory": moto_memory}
    parser.add_argument("measurement", choices=measurements)
    parser.add_argument("--directory", type=Path, help="where the objects are kept while measuring")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=400_000, help="bytes of each object of `many`")
    parser.add_argument("--moto-python", default=sys.executable, help="a Python with moto[s3,server]")
    arguments = parser.parse_args()
    measurements[arguments.measurement](arguments)


if __name__ == "__main__":
    main()
