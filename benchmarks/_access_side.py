"""One side of `python -m benchmarks access --base`: the emulator of a checkout in mode off, called when it is told to.

It is run as a script with that checkout on PYTHONPATH, so it uses nothing that a commit before access lacks. Each line
on standard input is a number of calls; the answer is their CPU seconds. With the argument `bypass` what mode off still
asks of the access layer on the way of a call is cut out.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from support.in_process import InProcessEmulator

BODY = b"{}"
CREDENTIAL = b"111122223333/20260101/us-east-1/rekognition/aws4_request"
SCOPE: dict[str, Any] = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "client": ("127.0.0.1", 50_000),
    "headers": [
        (b"host", b"127.0.0.1:4598"),
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"x-amz-target", b"RekognitionService.DescribeProjects"),
        (b"user-agent", b"Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux lang/python#3.11 cfg/retry-mode#legacy"),
        (b"x-amz-date", b"20260101T000000Z"),
        (
            b"authorization",
            b"AWS4-HMAC-SHA256 Credential=" + CREDENTIAL + b", SignedHeaders=host;x-amz-date, Signature=" + b"0" * 64,
        ),
    ],
}


@dataclass(frozen=True, slots=True)
class PlainCaller:
    """A caller as it was before there were rights."""

    account: str
    region: str
    rights: ClassVar[None] = None


def cut_access_out() -> None:
    """Let every call in as who its signature names, and look for nothing."""
    from emulator.operations import dispatch

    def admitted(_dispatcher: dispatch.Dispatcher, call: Any) -> PlainCaller:
        return PlainCaller(call.identity.account, call.identity.region)

    dispatch.Dispatcher._admitted = admitted  # type: ignore[method-assign,assignment]


async def calls(emulator: InProcessEmulator, number: int, scope: dict[str, Any]) -> float:
    """CPU seconds of so many calls of this ASGI scope, one after the other."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    began = time.process_time()
    for _ in range(number):
        await emulator.app(dict(scope), receive, send)
    spent = time.process_time() - began
    assert statuses == [200] * number
    return spent


async def serve(folder: Path) -> None:
    """Call as often as each line says."""
    async with InProcessEmulator(folder) as emulator:
        await calls(emulator, 500, SCOPE)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await calls(emulator, int(line), SCOPE), flush=True)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    if sys.argv[1:] == ["bypass"]:
        cut_access_out()
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(serve(Path(place)))
