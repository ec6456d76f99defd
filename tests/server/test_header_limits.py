"""Headers without end, by size and by time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import uvicorn

from emulator.server import header_limits
from support.server import EmulatorProcess

LINE = b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def connection(emulator: EmulatorProcess) -> Iterator[socket.socket]:
    address = emulator.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=20) as opened:
        yield opened


def answer(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
            if b"\r\n\r\n" in received:
                break
    except ConnectionResetError:
        pass
    return received.partition(b"\r\n")[0]


def send_all(connection: socket.socket, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it was refused before its end
        connection.sendall(content)


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 200_000,
        b"X: a\r\n" * 40_000,
        b"X: " + b"a" * 5_000_000,
        b"Cookie: " + b"a=b; " * 100_000 + b"\r\n\r\n",
    ],
    ids=["one, unfinished", "many", "a large one, unfinished", "a finished one"],
)
def test_large_headers_are_refused(connection: socket.socket, headers: bytes) -> None:
    send_all(connection, LINE + headers)
    assert answer(connection) in (b"HTTP/1.1 431 Request Header Fields Too Large", b"")


def test_a_long_path_is_refused(connection: socket.socket) -> None:
    send_all(connection, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer(connection) in (b"HTTP/1.1 431 Request Header Fields Too Large", b"HTTP/1.1 400 Bad Request")


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"


@pytest.mark.parametrize("pieces", [1, 4])
@pytest.mark.parametrize(
    ("head", "answers"), [(LINE, 0), (LINE + b"\r\n" + LINE, 1), (CHUNKED, 0)], ids=["first", "second", "trailers"]
)
def test_however_large_headers_come_they_are_refused(
    connection: socket.socket, head: bytes, answers: int, pieces: int
) -> None:
    """Those of a second request behind a first in one piece, and the trailers behind a body, count as well."""
    content = head + b"X-Long: aaaaaaa\r\n" * 10_000 + b"\r\n"
    for number in range(pieces):
        send_all(connection, content[number * len(content) // pieces : (number + 1) * len(content) // pieces])
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    statuses = [line.split()[1] for line in received.splitlines() if line.startswith(b"HTTP/1.1 ")]
    assert len([status for status in statuses if status != b"431"]) <= answers, statuses


def test_headers_within_the_bound_pass(connection: socket.socket) -> None:
    send_all(connection, LINE + b"X-Long: " + b"a" * 60_000 + b"\r\n\r\n")
    assert answer(connection) == b"HTTP/1.1 200 OK"


def test_large_bodies_in_small_chunks_are_not_taken_for_headers(connection: socket.socket) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    send_all(connection, head + b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n")
    assert answer(connection) == b"HTTP/1.1 400 Bad Request"  # for want of a signature


def test_the_bounds_are_those_that_are_documented() -> None:
    assert (header_limits.MOST_HEADER_BYTES, header_limits.HEADER_SECONDS) == (65_536, 30.0)


def test_headers_that_do_not_end_are_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In process, with a short time."""
    monkeypatch.setattr(header_limits, "HEADER_SECONDS", 0.2)

    async def application(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("no request is complete")

    async def story() -> bytes:
        config = uvicorn.Config(
            application, http=header_limits.LimitedProtocol, lifespan="off", port=0, log_config=None
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LINE)
        received = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        server.should_exit = True
        await serving
        return received

    began = time.monotonic()
    assert asyncio.run(story()).startswith(b"HTTP/1.1 408 Request Timeout")
    assert time.monotonic() - began < 20
