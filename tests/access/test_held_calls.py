"""A session that ends in the middle of a waiter's held call gets no answer but that it has ended (O-18, O-33)."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.domain.temporary_credentials import SessionClaims, SessionTokens
from support import identities as known
from support.in_process import InProcessEmulator, play

HELD_SECONDS = "1"


async def call(
    emulator: InProcessEmulator, credentials: Credentials, operation: str, user_agent: str = "test", **parameters: Any
) -> tuple[int, dict[str, Any]]:
    """Status and body of a signed call."""
    body = json.dumps(parameters).encode()
    headers = {"x-amz-target": f"RekognitionService.{operation}", "content-type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", "http://emulator/", headers, body)
    SigV4Auth(credentials, "rekognition", "us-east-1").add_auth(request)
    signed = {**dict(request.headers.items()), "user-agent": user_agent}
    answer = await emulator.http.post("/", content=body, headers=signed)
    return answer.status_code, answer.json()


async def training(emulator: InProcessEmulator, root: Credentials) -> str:
    """A project with a version whose training does not end by itself; the project's ARN."""
    policy = {"training": {"type": "seconds", "seconds": 3600}}
    assert (await emulator.control("PUT", "/_emulator/transitions", policy))[0] == 200
    _, created = await call(emulator, root, "CreateProject", ProjectName="held")
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": "nowhere", "Name": "a.manifest"}}}
    status, _ = await call(
        emulator,
        root,
        "CreateProjectVersion",
        ProjectArn=created["ProjectArn"],
        VersionName="first",
        OutputConfig={"S3Bucket": "nowhere"},
        TrainingData={"Assets": [manifest]},
        TestingData={"AutoCreate": True},
    )
    assert status == 200
    arn: str = created["ProjectArn"]
    return arn


def test_a_session_that_ends_while_its_waiter_is_held(tmp_path: Path) -> None:
    later = [0.0]
    tokens = SessionTokens(b"key of the test", "iam", lambda: time.time() + later[0])
    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/waiter"

    async def story(emulator: InProcessEmulator) -> None:
        emulator.app.session_tokens = tokens
        project = await training(emulator, Credentials(*known.ROOT_KEY))

        async def wait() -> tuple[int, dict[str, Any]]:
            issued = tokens.issue(SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:waiter"), 900)
            session = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
            names = {"ProjectArn": project, "VersionNames": ["first"]}
            held = asyncio.create_task(call(emulator, session, "DescribeProjectVersions", "m/B", **names))
            await asyncio.sleep(0.05)
            assert not held.done()
            later[0] += ends_after
            return await held

        ends_after = 0.0
        status, answer = await wait()
        assert (status, answer["ProjectVersionDescriptions"][0]["Status"]) == (200, "TRAINING_IN_PROGRESS")
        ends_after = 901.0
        status, answer = await wait()
        assert (status, answer["__type"]) == (400, "ExpiredTokenException")

    file = str(known.written(tmp_path))
    play(tmp_path / "data", story, auth="iam", identities=file, waiter_hold=HELD_SECONDS)
