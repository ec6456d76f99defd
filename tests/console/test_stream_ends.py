"""The console's stream of changes ends with the session of whoever reads it (O-31, O-33)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.console.api import ROOT
from emulator.domain.temporary_credentials import SessionClaims, SessionTokens
from support import identities as known
from support.in_process import InProcessEmulator, play

_ARN = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/console"


async def watched(emulator: InProcessEmulator, credentials: Credentials) -> asyncio.Task[bytes]:
    """A stream that has told its snapshot; the task gives all that it says until it ends."""
    request = AWSRequest("GET", f"http://emulator{ROOT}/events")
    SigV4Auth(credentials, "rekognition", "us-east-1").add_auth(request)
    headers = [(b"host", b"emulator")]
    headers += [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    scope = {"type": "http", "method": "GET", "path": f"{ROOT}/events", "query_string": b"", "headers": headers}
    scope |= {"raw_path": f"{ROOT}/events".encode(), "http_version": "1.1", "client": ("127.0.0.1", 1)}
    told, has_begun, asked = bytearray(), asyncio.Event(), [False]

    async def receive() -> dict[str, Any]:
        if not asked[0]:
            asked[0] = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError("the client stays")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        elif message.get("body"):
            told.extend(message["body"])
            has_begun.set()

    async def whole() -> bytes:
        await emulator.app(scope, receive, send)
        return bytes(told)

    task = asyncio.create_task(whole())
    await asyncio.wait_for(has_begun.wait(), 60)
    return task


@pytest.mark.parametrize("mode", ["signature", "iam"])
def test_a_stream_ends_when_its_session_does(tmp_path: Path, mode: str) -> None:
    later = [0.0]
    tokens = SessionTokens(b"key of the test", mode, lambda: time.time() + later[0])
    issued = tokens.issue(SessionClaims(known.OWNER, _ARN, known.ADMIN_ROLE, "AROA:console"), 900)

    async def story(emulator: InProcessEmulator) -> None:
        emulator.app.session_tokens = tokens
        session = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
        of_session = await watched(emulator, session)
        of_root = await watched(emulator, Credentials(*known.ROOT_KEY))
        later[0] = 901
        text = await asyncio.wait_for(of_session, 60)
        assert text.startswith(b"event: snapshot\n")
        assert not of_root.done()
        emulator.app.lifecycle.ending.set()
        await asyncio.wait_for(of_root, 60)

    play(tmp_path / "data", story, auth=mode, identities=str(known.written(tmp_path)))


def test_a_stream_ends_when_the_identities_are_read_again(tmp_path: Path) -> None:
    """Whoever reads on signs once more, and sees what it may see by then."""

    async def story(emulator: InProcessEmulator) -> None:
        assert emulator.app.access is not None
        task = await watched(emulator, Credentials(*known.BOB_KEY))
        await asyncio.to_thread(emulator.app.access.reload)
        await asyncio.wait_for(task, 60)

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)))
