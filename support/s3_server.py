"""The embedded S3 alone under uvicorn: in a thread for most tests, in a process of its own for those that kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from emulator.domain.iam.rights import Rights
from emulator.s3.embedded import EmbeddedS3

PROJECT = Path(__file__).parents[1]
DEFAULT_ACCOUNT = "000000000000"
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/]*/([^/]*)/")


RightsOf = Callable[[str | None], Rights | None]
"""Gives what the owner of an access key may do, and who has none; None where nobody's rights are looked at."""


class AccountFromSignature:
    """What the emulator's application does before it calls the S3: account, region and rights into the scope (O-20)."""

    def __init__(self, s3: EmbeddedS3, rights_of: RightsOf | None = None) -> None:
        self._s3 = s3
        self._rights_of = rights_of

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        match = _CREDENTIAL.search(headers.get(b"authorization", b"").decode())
        account, region = (match[1], match[2]) if match else (DEFAULT_ACCOUNT, "us-east-1")
        scope["aws.account"] = account if re.fullmatch(r"\d{12}", account) else DEFAULT_ACCOUNT
        scope["aws.region"] = region
        if self._rights_of is not None:
            scope["aws.rights"] = rights = self._rights_of(account if match else None)
            if rights is not None:
                scope["aws.account"] = rights.principal.account
        await self._s3(scope, receive, send)


@contextmanager
def running_s3(directory: Path, rights_of: RightsOf | None = None, **options: Any) -> Iterator[tuple[EmbeddedS3, str]]:
    """An S3 in a thread: itself and its endpoint."""
    s3 = EmbeddedS3(directory, **options)
    s3.start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        AccountFromSignature(s3, rights_of), log_level="warning", lifespan="off", loop="asyncio", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield s3, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        s3.close()


class S3Process:
    """An S3 in a process of its own, which can be killed and started again on the same directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None
        self.endpoint = ""

    def start(self) -> float:
        """Start and wait until it serves; the seconds that took."""
        begun = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.s3_server", str(self._directory)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        return time.monotonic() - begun

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


def s3_client(endpoint: str, account: str = "111122223333", region: str = "us-east-1", **config: Any) -> Any:
    """boto3's S3 client with its default configuration, as a user of the account."""
    options = {"retries": {"max_attempts": 1}, **config}
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        config=Config(**options),
    )


def _main() -> None:
    s3 = EmbeddedS3(Path(sys.argv[1]))
    s3.start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(AccountFromSignature(s3), log_level="warning", lifespan="off", ws="none", backlog=2048)
    server = uvicorn.Server(config)

    async def serve() -> None:
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.002)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await task

    asyncio.run(serve())


if __name__ == "__main__":
    _main()
