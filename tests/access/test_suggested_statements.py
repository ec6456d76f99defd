"""Whoever adds what a refusal says is missing is let in: every operation, S3, roles and keys (O-33)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.access.identities import load_identities
from emulator.operations.registry import registered_operations
from support import identities as known
from support.in_process import InProcessEmulator, play
from tests.access.test_held_calls import call

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "of-the-root"
_EVE = Credentials(*known.EVE_KEY)
_PROJECT = f"arn:aws:rekognition:us-east-1:{known.OWNER}:project/mine"
_ARNS = {
    "ProjectArn": f"{_PROJECT}/1700000000000",
    "ProjectVersionArn": f"{_PROJECT}/version/first/1700000000001",
    "DatasetArn": f"{_PROJECT}/dataset/train/1700000000002",
}
_TAGS = {"team": "blue"}
_OUTPUT = {"OutputConfig": {"S3Bucket": BUCKET}, "VersionName": "second", "Tags": _TAGS}

CALLS: dict[str, dict[str, Any]] = {
    "CopyProjectVersion": {
        "SourceProjectArn": _ARNS["ProjectArn"],
        "SourceProjectVersionArn": _ARNS["ProjectVersionArn"],
        "DestinationProjectArn": f"{_PROJECT}-too/1700000000003",
        **_OUTPUT,
    },
    "CreateDataset": {
        "ProjectArn": _ARNS["ProjectArn"],
        "DatasetType": "TEST",
        "DatasetSource": {"DatasetArn": _ARNS["DatasetArn"]},
        "Tags": _TAGS,
    },
    "CreateProject": {"ProjectName": "mine", "Tags": _TAGS},
    "CreateProjectVersion": {"ProjectArn": _ARNS["ProjectArn"], **_OUTPUT},
    "DescribeProjects": {},
    "DetectCustomLabels": {
        "ProjectVersionArn": _ARNS["ProjectVersionArn"],
        "Image": {"S3Object": {"Bucket": BUCKET, "Name": "a.jpg"}},
    },
    "DistributeDatasetEntries": {
        "Datasets": [{"Arn": _ARNS["DatasetArn"]}, {"Arn": f"{_PROJECT}/dataset/test/1700000000004"}]
    },
    "PutProjectPolicy": {"ProjectArn": _ARNS["ProjectArn"], "PolicyName": "open", "PolicyDocument": "{}"},
    "DeleteProjectPolicy": {"ProjectArn": _ARNS["ProjectArn"], "PolicyName": "open"},
    "StartProjectVersion": {"ProjectVersionArn": _ARNS["ProjectVersionArn"], "MinInferenceUnits": 1},
    "TagResource": {"ResourceArn": _ARNS["ProjectVersionArn"], "Tags": _TAGS},
    "UntagResource": {"ResourceArn": _ARNS["ProjectVersionArn"], "TagKeys": ["team"]},
    "ListTagsForResource": {"ResourceArn": _ARNS["ProjectVersionArn"]},
    "UpdateDatasetEntries": {"DatasetArn": _ARNS["DatasetArn"], "Changes": {"GroundTruth": "e30="}},
    **{
        name: {"DatasetArn": _ARNS["DatasetArn"]}
        for name in ("DescribeDataset", "DeleteDataset", "ListDatasetEntries", "ListDatasetLabels")
    },
    **{
        name: {"ProjectArn": _ARNS["ProjectArn"]}
        for name in ("DeleteProject", "DescribeProjectVersions", "ListProjectPolicies")
    },
    **{
        name: {"ProjectVersionArn": _ARNS["ProjectVersionArn"]}
        for name in ("DeleteProjectVersion", "StopProjectVersion")
    },
}
"""A call of each operation, about what is or is not there: whoever may not make it is not told which."""

Ask = Callable[[], Awaitable[str]]
"""Makes a call of eve's and gives the code of its error, "" without one."""


class Administrator:
    """Adds to the file what refusals say."""

    def __init__(self, emulator: InProcessEmulator, folder: Path) -> None:
        assert emulator.app.access is not None
        self._gatekeeper = emulator.app.access.gatekeeper
        self._folder = folder
        self._document = known.identities()
        owner = self._document["accounts"][known.OWNER]
        owner["users"]["eve"]["policies"] = []
        owner["kms"] = {KEY_ID: {"region": "us-east-1", "policy": self._nobody("kms:*", Resource="*")}}
        owner["roles"]["Admin"]["trust"] = self._nobody("sts:AssumeRole")
        self._load()

    def forgets(self) -> None:
        """Take everything from eve again."""
        self._document["accounts"][known.OWNER]["users"]["eve"]["policies"] = []
        self._load()

    async def heeds(self, ask: Ask) -> int:
        """Add what is missing until the call is not refused any more; how many refusals that took."""
        refusals = 0
        self._gatekeeper.decisions.clear()
        while (await ask()).startswith("AccessDenied"):
            missing = list(self._missing())
            assert missing, "a refusal that could be mended says how"
            assert refusals < 3, missing
            for where, statement in missing:
                self._policy(where)["Statement"].append(statement)
            self._load()
            self._gatekeeper.decisions.clear()
            refusals += 1
        return refusals

    def _missing(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for decision in self._gatekeeper.decisions.document(known.OWNER):
            for needed in decision["needed"]:
                yield needed["where"], needed["statement"]

    def _policy(self, where: str) -> dict[str, Any]:
        owner = self._document["accounts"][known.OWNER]
        if where == "identity-based policy":
            added: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
            owner["users"]["eve"]["policies"].append(added)
            return added
        policies: dict[str, dict[str, Any]] = {
            "key policy": owner["kms"][KEY_ID]["policy"],
            "role trust policy": owner["roles"]["Admin"]["trust"],
        }
        return policies[where]

    def _load(self) -> None:
        self._gatekeeper.identities = load_identities(known.written(self._folder, self._document))

    @staticmethod
    def _nobody(action: str, **more: str) -> dict[str, Any]:
        """A policy that allows nobody of the tests."""
        found = known.trust({"AWS": f"arn:aws:iam::{known.OTHER}:root"}, action)
        found["Statement"][0] |= more
        return found


def test_every_operation_can_be_called_with_what_its_refusals_ask_for(tmp_path: Path) -> None:
    assert set(CALLS) == set(registered_operations())

    async def story(emulator: InProcessEmulator) -> None:
        administrator = Administrator(emulator, tmp_path)
        _, destination = await call(emulator, Credentials(*known.ROOT_KEY), "CreateProject", ProjectName="destination")
        copy = CALLS["CopyProjectVersion"] | {"DestinationProjectArn": destination["ProjectArn"]}
        for operation, parameters in (CALLS | {"CopyProjectVersion": copy}).items():
            administrator.forgets()

            async def ask(operation: str = operation, parameters: dict[str, Any] = parameters) -> str:
                status, answer = await call(emulator, _EVE, operation, **parameters)
                return "" if status == 200 else str(answer["__type"])

            # What a copy needs of the source version is asked once the rest is there (CP-4).
            expected = 2 if operation == "CopyProjectVersion" else 1
            assert await administrator.heeds(ask) == expected, operation

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)))


def test_buckets_keys_and_roles_can_be_used_with_what_refusals_ask_for(tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        administrator = Administrator(emulator, tmp_path)
        root = Credentials(*known.ROOT_KEY)
        assert await _s3(emulator, "PUT", f"/{BUCKET}", credentials=root) == ""
        sealed = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": KEY_ID}
        name = quote("a ${aws:username} b/${", safe="/")
        asks: list[Ask] = [
            lambda: _s3(emulator, "PUT", f"/{BUCKET}/{name}", body=b"a"),
            lambda: _s3(emulator, "GET", f"/{BUCKET}/{name}"),
            lambda: _s3(emulator, "GET", f"/{BUCKET}?list-type=2"),
            lambda: _s3(emulator, "PUT", f"/{BUCKET}/sealed", body=b"a", headers=sealed),
            lambda: _s3(emulator, "GET", f"/{BUCKET}/sealed"),
            lambda: _s3(emulator, "GET", f"/{BUCKET}?acl"),
            lambda: _s3(emulator, "GET", "/"),
            lambda: _s3(emulator, "PUT", "/another-of-the-tests"),
            lambda: _s3(emulator, "DELETE", f"/{BUCKET}/{name}"),
            lambda: _assume(emulator),
        ]
        for number, ask in enumerate(asks):
            assert await administrator.heeds(ask) >= 1, number
            assert await ask() == "", number

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)))


async def _s3(
    emulator: InProcessEmulator,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    credentials: Credentials = _EVE,
) -> str:
    request = AWSRequest(method, f"http://emulator{path}", headers or {}, body)
    S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    answer = await emulator.http.request(method, path, content=body, headers=dict(request.headers.items()))
    return _code(answer)


async def _assume(emulator: InProcessEmulator) -> str:
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": known.ADMIN_ROLE, "RoleSessionName": "eve"}
    body = urlencode(form).encode()
    request = AWSRequest("POST", "http://emulator/", {"content-type": "application/x-www-form-urlencoded"}, body)
    SigV4Auth(_EVE, "sts", "us-east-1").add_auth(request)
    return _code(await emulator.http.post("/", content=body, headers=dict(request.headers.items())))


def _code(answer: httpx.Response) -> str:
    return "" if answer.is_success else answer.text.partition("<Code>")[2].partition("</Code>")[0]
