"""What verifying and deciding costs a small call: `python -m benchmarks access`.

One emulator a mode, in this process and without sockets; the same signed DescribeProjects is called in turns of the
modes, so that all of them see the same machine. Printed is the CPU time of this process a call, and the difference to
mode off.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support import identities as known
from support.in_process import InProcessEmulator

MODES = ("off", "signature", "iam-report", "iam")
ROUNDS = 40
CALLS = 200
BODY = b"{}"


def signed_scope() -> dict[str, Any]:
    """A signed call as the server hands it on; good for fifteen minutes."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "RekognitionService.DescribeProjects",
        "user-agent": "Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux lang/python#3.11 cfg/retry-mode#legacy",
    }
    request = AWSRequest("POST", "http://127.0.0.1:4598/", headers, BODY)
    SigV4Auth(Credentials(*known.BOB_KEY), "rekognition", "us-east-1").add_auth(request)
    raw = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [(b"host", b"127.0.0.1:4598"), *raw],
    }


async def calls(emulator: InProcessEmulator, number: int) -> float:
    """CPU seconds of so many calls, one after the other."""
    answers: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    scope = signed_scope()
    began = time.process_time()
    for _ in range(number):
        await emulator.app(dict(scope), receive, send)
    spent = time.process_time() - began
    assert answers == [200] * number
    return spent


async def measure(folder: Path) -> dict[str, list[float]]:
    """CPU seconds a call, by mode, one figure a round."""
    costs: dict[str, list[float]] = {mode: [] for mode in MODES}
    file = str(known.written(folder))
    async with AsyncExitStack() as stack:
        emulators = {}
        for mode in MODES:
            identities = {} if mode == "off" else {"identities": file}
            emulator = InProcessEmulator(folder / mode, auth=mode, **identities)
            emulators[mode] = await stack.enter_async_context(emulator)
            await calls(emulators[mode], CALLS)
        for turn in range(ROUNDS):
            for mode in MODES if turn % 2 else reversed(MODES):
                costs[mode].append(await calls(emulators[mode], CALLS) / CALLS)
    return costs


def main() -> None:
    """Print the median of every mode, and the median of the differences to mode off within a round."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        costs = asyncio.run(measure(Path(folder)))
    for mode in MODES:
        differences = [cost - off for cost, off in zip(costs[mode], costs["off"], strict=True)]
        print(
            f"DescribeProjects, mode {mode}: {statistics.median(costs[mode]) * 1e3:.3f} ms CPU a call, "
            f"{statistics.median(differences) * 1e3:+.3f} ms to mode off"
        )


if __name__ == "__main__":
    main()
