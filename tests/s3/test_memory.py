"""Objects pass through the process; they do not stay in it."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.s3_server import S3Process

SIZE = 200 << 20
MEBIBYTE = 1 << 20
ALLOWED = 60 << 20


def peak_memory(pid: int) -> int:
    """The most resident memory that a process had, in bytes."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("the memory of another process is read from /proc")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_a_large_object_is_never_in_memory(tmp_path: Path) -> None:
    process = S3Process(tmp_path)
    process.start()
    try:
        address = urlsplit(process.endpoint)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        for path, body in (("/bucket", b""), ("/bucket/small", b"x")):
            connection.request("PUT", path, body)
            assert connection.getresponse().read() == b""
        before = peak_memory(process.pid)
        piece = bytes(MEBIBYTE)
        connection.request(
            "PUT", "/bucket/large", (piece for _ in range(SIZE // MEBIBYTE)), {"Content-Length": str(SIZE)}
        )
        assert connection.getresponse().read() == b""
        connection.request("GET", "/bucket/large")
        answer, size = connection.getresponse(), 0
        while data := answer.read(MEBIBYTE):
            size += len(data)
        assert size == SIZE
        connection.close()
        assert peak_memory(process.pid) - before < ALLOWED
    finally:
        process.kill()
