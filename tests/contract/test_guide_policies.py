"""Every policy that the guide prints, through boto3, the AWS CLI and the JavaScript SDK, in the three modes (O-33)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from support import guide_policies as guide
from support import identities as known
from support import node
from support.guide_policies import ASKS, Ask
from support.server import DEFAULT_REGION, EmulatorProcess, environment_without_settings

REFUSED = {"AccessDenied", "AccessDeniedException"}
MODES = ("signature", "iam-report", "iam")
Credentials = Mapping[str, str]


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def emulator(mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), mode, guide.document())
    with EmulatorProcess(environment=settings) as started:
        with closing(known.client(started, "s3", guide.pair("root"))) as s3:
            for bucket in guide.BUCKETS:
                s3.create_bucket(Bucket=bucket)
                for name in ("folder path/a.jpg", "elsewhere/a.jpg"):
                    s3.put_object(Bucket=bucket, Key=name, Body=b"a")
        with closing(known.client(started, "s3", guide.pair("key-user"))) as s3:
            encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": guide.KEY_ID}
            s3.put_object(Bucket=guide.PLAIN_BUCKET, Key="encrypted", Body=b"a", **encrypted)
        yield started


@pytest.fixture(scope="module")
def credentials(emulator: EmulatorProcess) -> dict[str, Credentials]:
    """Keys of the users, and of a session of each role."""
    found: dict[str, Credentials] = {}
    for name in guide.USERS:
        access_key, secret = guide.pair(name)
        found[name] = {"accessKeyId": access_key, "secretAccessKey": secret}
    with closing(known.client(emulator, "sts", guide.pair("copier"))) as sts:
        for role in (guide.ADMIN, guide.OTHER_ROLE):
            given = sts.assume_role(RoleArn=role, RoleSessionName="copies")["Credentials"]
            found[role] = {
                "accessKeyId": given["AccessKeyId"],
                "secretAccessKey": given["SecretAccessKey"],
                "sessionToken": given["SessionToken"],
            }
    return found


def by_boto3(emulator: EmulatorProcess, asks: Sequence[Ask], keys: Mapping[str, Credentials], _: Path) -> list[str]:
    codes = []
    for ask in asks:
        given = keys[ask.caller]
        pair = given["accessKeyId"], given["secretAccessKey"]
        with closing(known.client(emulator, ask.service, pair, given.get("sessionToken"))) as client:
            try:
                getattr(client, xform_name(ask.operation))(**ask.parameters)
                codes.append("")
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
    return codes


def environment(emulator: EmulatorProcess, given: Credentials) -> dict[str, str]:
    pair = given["accessKeyId"], given["secretAccessKey"]
    return known.environment(emulator, pair) | {"AWS_SESSION_TOKEN": given.get("sessionToken", "")}


def by_aws_cli(
    emulator: EmulatorProcess, asks: Sequence[Ask], keys: Mapping[str, Credentials], folder: Path
) -> list[str]:
    calls = [
        {
            "service": ask.service,
            "operation": ask.operation,
            "parameters": dict(ask.parameters),
            "environment": environment(emulator, keys[ask.caller]),
        }
        for ask in asks
    ]
    file = folder / "calls.json"
    file.write_text(json.dumps(calls))
    ended = subprocess.run(
        [sys.executable, "-m", "support.aws_cli_calls", str(file)],
        cwd=Path(__file__).parents[2],
        env=environment_without_settings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = [re.search(r"\((\w+)\) when calling", text) for text in json.loads(ended.stdout)]
    assert all(code is not None or not text for code, text in zip(found, json.loads(ended.stdout), strict=True))
    return ["" if code is None else code[1] for code in found]


def by_javascript(
    emulator: EmulatorProcess, asks: Sequence[Ask], keys: Mapping[str, Credentials], folder: Path
) -> list[str]:
    file = folder / "asks.json"
    file.write_text(
        json.dumps(
            [
                {
                    "service": ask.service,
                    "operation": ask.operation,
                    "parameters": dict(ask.parameters),
                    "credentials": keys[ask.caller],
                }
                for ask in asks
            ]
        )
    )
    variables = {"AWS_ENDPOINT_URL": emulator.endpoint, "AWS_REGION": DEFAULT_REGION}
    codes: list[str] = node.run_script(node.PACKAGE_FOLDER / "asks.cjs", str(file), environment=variables)
    return codes


CLIENTS = {"boto3": by_boto3, "AWS CLI": by_aws_cli, "JavaScript SDK": by_javascript}


def decided(emulator: EmulatorProcess) -> list[Any]:
    """The decisions that were made, the latest of all callers."""
    status, document = emulator.control("GET", "/_emulator/decisions")
    assert status == 200
    found: list[Any] = document["decisions"]
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_guides_policies_allow_and_deny(
    emulator: EmulatorProcess, mode: str, credentials: dict[str, Credentials], client: str, tmp_path: Path
) -> None:
    asks = [ask for ask in ASKS if client != "JavaScript SDK" or ask.service in ("s3", "rekognition")]
    codes = CLIENTS[client](emulator, asks, credentials, tmp_path)
    expected = [mode != "iam" or ask.is_allowed for ask in asks]
    wrong = [
        (ask, code) for ask, code, passes in zip(asks, codes, expected, strict=True) if (code not in REFUSED) != passes
    ]
    assert wrong == []
    if mode == "iam-report":
        seen = {(entry["principal"], entry["action"]) for entry in decided(emulator) if not entry["allowed"]}
        refused = {
            (f"arn:aws:iam::{guide.SOURCE}:user/{ask.caller}", ask.decided) for ask in asks if not ask.is_allowed
        }
        assert refused <= seen


@pytest.fixture(scope="module")
def copies(emulator: EmulatorProcess) -> dict[str, dict[str, Any]]:
    """Parameters of copies of two versions of a project, whose policy opens the first to the role Admin (CP-5)."""
    with (
        closing(known.client(emulator, "rekognition", guide.pair("root"))) as owner,
        closing(known.client(emulator, "rekognition", guide.pair("copier"))) as copier,
    ):
        source = owner.create_project(ProjectName="my_project")["ProjectArn"]
        destination = copier.create_project(ProjectName="copies")["ProjectArn"]
        versions = {name: f"{source.rpartition('/')[0]}/version/{name}/1627045542080" for name in ("test_1", "test_2")}
        statement = {
            "Effect": "ALLOW",
            "Principal": {"AWS": guide.ADMIN},
            "Action": "rekognition:CopyProjectVersion",
            "Resource": versions["test_1"],
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        owner.put_project_policy(ProjectArn=source, PolicyName="one-version", PolicyDocument=document)
    return {
        name: {
            "SourceProjectArn": source,
            "SourceProjectVersionArn": arn,
            "DestinationProjectArn": destination,
            "VersionName": name,
            "OutputConfig": {"S3Bucket": "copies", "S3KeyPrefix": "results"},
        }
        for name, arn in versions.items()
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_who_may_copy_by_the_guides_project_policy(
    emulator: EmulatorProcess,
    mode: str,
    credentials: dict[str, Credentials],
    copies: dict[str, dict[str, Any]],
    client: str,
    tmp_path: Path,
) -> None:
    """CP-5 to CP-8. Whoever may is told that the version does not exist; project policies hold in every mode.

    In mode `signature` a caller is known by its account, so a role of an account stands for all of it.
    """
    ask = Ask(guide.ADMIN, "rekognition", "CopyProjectVersion", True, copies["test_1"])
    asks = {
        "this version": ask,
        "another version": replace(ask, parameters=copies["test_2"]),
        "another role": replace(ask, caller=guide.OTHER_ROLE),
    }
    codes = dict(zip(asks, CLIENTS[client](emulator, list(asks.values()), credentials, tmp_path), strict=True))
    missing, denied = "ResourceNotFoundException", "AccessDeniedException"
    expected = {
        "signature": (missing, denied, missing),
        "iam-report": (missing, missing, missing),
        "iam": (missing, denied, denied),
    }[mode]
    assert codes == dict(zip(asks, expected, strict=True))
