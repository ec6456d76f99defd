"""The whole emulator without a socket: its ASGI application in the test's own event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from emulator.server.app import Emulator, create_app
from emulator.settings import Settings
from support import postgresql

ACCOUNT = "111122223333"
REGION = "us-east-1"
STORY_SECONDS = 180.0


class CallError(Exception):
    """An AWS error, by code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InProcessEmulator:
    """Use as an async context manager. Settings are given by their field names, as text; units are unlimited, and only
    the calls of waiters are held, so that tests see the states between.
    """

    def __init__(self, directory: Path, **settings: str) -> None:
        scripts = directory / "no-init-scripts"
        scripts.mkdir(parents=True, exist_ok=True)
        place = {"database_url": postgresql.database_url(directory)} if postgresql.is_chosen() else {}
        values = {**place, "tps_per_unit": "0", "settle_hold": "0", "init_dir": str(scripts), **settings}
        self.app: Emulator = create_app(Settings.read({}, values), directory)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://emulator")

    async def __aenter__(self) -> Self:
        self.app.lifecycle.prepare()
        await self.app.lifecycle.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()
        await self.app.lifecycle.stop()

    async def call(
        self, operation: str, account: str = ACCOUNT, region: str = REGION, user_agent: str = "test", **parameters: Any
    ) -> dict[str, Any]:
        """The result of an operation. Raises CallError."""
        credential = f"{account}/20200101/{region}/rekognition/aws4_request"
        headers = {
            "X-Amz-Target": f"RekognitionService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00",
            "User-Agent": user_agent,
        }
        answer = await self.http.post("/", content=json.dumps(parameters), headers=headers, timeout=STORY_SECONDS)
        body: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise CallError(body["__type"], body.get("Message") or body.get("message") or "")
        return body

    async def code(self, operation: str, **parameters: Any) -> str:
        """The code of the error that an operation answers, OK if it answers none."""
        try:
            await self.call(operation, **parameters)
        except CallError as error:
            return error.code
        return "OK"

    async def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a call beside the AWS APIs."""
        answer = await self.http.request(method, path, json=body)
        return answer.status_code, answer.json()

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a condition; TimeoutError after some seconds."""
        async with asyncio.timeout(STORY_SECONDS):
            while not await condition():
                await asyncio.sleep(0.01)


def play(directory: Path, story: Callable[[InProcessEmulator], Awaitable[None]], **settings: str) -> None:
    """Tell a story of one emulator on an event loop of its own."""

    async def whole() -> None:
        async with asyncio.timeout(2 * STORY_SECONDS), InProcessEmulator(directory, **settings) as emulator:
            await story(emulator)

    asyncio.run(whole())
