"""DescribeProjects per second at 1 and 16 connections: `python -m benchmarks requests`.

The client is a raw keep-alive socket in a process of its own, so that little of what is measured is the client.
"""

from __future__ import annotations

import statistics
import time
from multiprocessing import get_context
from urllib.parse import urlsplit

import psutil

from support.raw_http import RawConnection
from support.server import EmulatorProcess

SECONDS = 4.0
ROUNDS = 3
ACCOUNT = "111122223333"


def drive(
    address: tuple[str, int], connections: int, seconds: float, request: bytes = b"", *, keeps_alive: bool = True
) -> float:
    """Requests per second over several connections that take turns, each with one request under way.

    A server that does not keep connections alive gets a new one for each request.
    """
    opened = [RawConnection(address) for _ in range(connections)]
    request = request or _request_bytes()
    done = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for connection in opened:
            connection.send(request)
        for connection in opened:
            assert connection.read_response().status == 200
        done += connections
        if not keeps_alive:
            _close(opened)
            opened = [RawConnection(address) for _ in range(connections)]
    _close(opened)
    return done / (time.perf_counter() - began)


def _close(opened: list[RawConnection]) -> None:
    for connection in opened:
        connection.__exit__()


def _request_bytes() -> bytes:
    credential = f"{ACCOUNT}/20261121/us-east-1/rekognition/aws4_request"
    return (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "X-Amz-Target: RekognitionService.DescribeProjects\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n"
        "Content-Length: 2\r\n\r\n{}"
    ).encode()


def main() -> None:
    """Print requests per second and the server's own CPU time a request."""
    with EmulatorProcess(environment={"CUSTOM_LABELS_LOG_LEVEL": "warning"}) as emulator:
        client = emulator.client("rekognition", account=ACCOUNT)
        for number in range(3):
            client.create_project(ProjectName=f"project-{number}")
        place = urlsplit(emulator.endpoint)
        address = (place.hostname or "127.0.0.1", place.port or 80)
        server = psutil.Process(emulator.process.pid)
        for connections in (1, 16):
            rates, costs = [], []
            for _ in range(ROUNDS):
                before = sum(server.cpu_times()[:2])
                with get_context("spawn").Pool(1) as pool:
                    rate = pool.apply(drive, (address, connections, SECONDS))
                rates.append(rate)
                costs.append((sum(server.cpu_times()[:2]) - before) / (rate * SECONDS))
            print(
                f"DescribeProjects, 3 projects, {connections} connection(s): median {statistics.median(rates):.0f}/s, "
                f"best {max(rates):.0f}/s; server CPU {statistics.median(costs) * 1e3:.2f} ms a request"
            )


if __name__ == "__main__":
    main()
