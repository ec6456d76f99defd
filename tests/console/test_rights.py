"""The console's API shows and does what its identity may (O-31, O-33)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.console.api import ROOT, create_console_api
from emulator.console.authorization import NEEDS
from support import identities as known
from support.server import EmulatorProcess

DELETER = ("AKIADELETER000000001", "deleter-secret-0001")
VIEWER = ("AKIAVIEWER0000000001", "viewer-secret-0001")


def document() -> dict[str, Any]:
    """With a user who sees the versions of the project `shown` alone, and one who may not delete datasets."""
    found = known.identities()
    versions = known.allow(
        "rekognition:DescribeProjectVersions",
        "rekognition:DescribeDataset",
        resource="arn:aws:rekognition:*:*:project/shown/*",
    )
    user = {"keys": [known.key(VIEWER)], "policies": [known.allow("rekognition:DescribeProjects"), versions]}
    found["accounts"][known.OWNER]["users"]["viewer"] = user
    no_datasets = known.allow("rekognition:DeleteDataset", Effect="Deny")
    deleter = {"keys": [known.key(DELETER)], "policies": [known.allow("rekognition:*"), no_datasets]}
    found["accounts"][known.OWNER]["users"]["deleter"] = deleter
    return found


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam", document())
    with EmulatorProcess(environment=settings) as started:
        yield started


def ask(emulator: EmulatorProcess, method: str, path: str, pair: tuple[str, str], body: Any = None) -> httpx.Response:
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if body is not None else {}
    request = AWSRequest(method, f"{emulator.endpoint}{ROOT}{path}", headers, data)
    SigV4Auth(Credentials(*pair), "rekognition", "us-east-1").add_auth(request)
    return httpx.request(method, request.url, headers=dict(request.headers.items()), content=data)


def test_every_signed_route_says_what_it_needs() -> None:
    paths = create_console_api(None).openapi()["paths"]
    routes = {(method.upper(), path.removeprefix(ROOT)) for path, methods in paths.items() for method in methods}
    routes -= {("GET", "/about"), ("GET", "/errors")}  # need no signature
    assert routes == set(NEEDS)


def test_a_list_has_what_its_caller_may_see(emulator: EmulatorProcess) -> None:
    with closing(known.client(emulator, "rekognition", known.BOB_KEY)) as client:
        arns = {name: client.create_project(ProjectName=name)["ProjectArn"] for name in ("shown", "hidden")}
        for arn in arns.values():
            client.create_dataset(ProjectArn=arn, DatasetType="TRAIN")
    mine = {one["name"]: one for one in ask(emulator, "GET", "/projects", known.BOB_KEY).json()["projects"]}
    assert [len(mine[name]["datasets"]) for name in ("shown", "hidden")] == [1, 1]
    seen = {one["name"]: one for one in ask(emulator, "GET", "/projects", VIEWER).json()["projects"]}
    assert [len(seen[name]["datasets"]) for name in ("shown", "hidden")] == [1, 0]

    answer = ask(emulator, "GET", "/projects", known.EVE_KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AccessDeniedException")
    assert "because no identity-based policy allows the rekognition:DescribeProjects action" in answer.text
    dataset = mine["shown"]["datasets"][0]["arn"]
    assert ask(emulator, "GET", f"/dataset/counts?dataset={quote(dataset, safe='')}", known.BOB_KEY).status_code == 200
    assert ask(emulator, "GET", f"/dataset/counts?dataset={quote(dataset, safe='')}", VIEWER).status_code == 403
    wish = {"dataset": dataset, "added": ["label"], "renamed": [], "removed": []}
    assert ask(emulator, "POST", "/dataset/labels", VIEWER, wish).status_code == 403
    assert ask(emulator, "GET", "/bucket", VIEWER).status_code == 403
    assert ask(emulator, "POST", "/bucket", VIEWER, {}).status_code == 403
    [needed] = ask(emulator, "GET", "/decisions", VIEWER).json()["decisions"][0]["needed"]
    assert needed["statement"]["Resource"] == "arn:aws:s3:::custom-labels-console-us-east-1-*"
    assert ask(emulator, "GET", f"/project?project={quote(arns['hidden'], safe='')}", VIEWER).status_code == 403
    assert ask(emulator, "GET", f"/project?project={quote(arns['shown'], safe='')}", VIEWER).status_code == 200
    assert ask(emulator, "GET", "/version/figures?version=nonsense", known.BOB_KEY).status_code in (400, 404)


def test_who_deletes_a_project_may_delete_all_that_goes_with_it(emulator: EmulatorProcess) -> None:
    with closing(known.client(emulator, "rekognition", known.BOB_KEY)) as client:
        arn = client.create_project(ProjectName="leaving")["ProjectArn"]
        client.create_dataset(ProjectArn=arn, DatasetType="TRAIN")
        wish = {"project": arn, "what": "project"}
        answer = ask(emulator, "POST", "/deletions", DELETER, wish)
        assert answer.status_code == 403
        assert "rekognition:DeleteDataset on resource" in answer.text and "explicit deny" in answer.text
        assert client.describe_projects(ProjectNames=["leaving"])["ProjectDescriptions"][0]["Datasets"]
        assert ask(emulator, "POST", "/deletions", DELETER, {**wish, "what": "models"}).status_code == 202
        assert ask(emulator, "POST", "/deletions", VIEWER, wish).status_code == 403
        assert ask(emulator, "POST", "/deletions", known.BOB_KEY, wish).status_code == 202
    # What is under way with a project that one may not look into is nobody else's business.
    rows = {pair: ask(emulator, "GET", "/tasks", pair).json()["tasks"] for pair in (known.BOB_KEY, VIEWER)}
    assert [row["project_arn"] for row in rows[known.BOB_KEY]] == [arn, arn]
    assert rows[VIEWER] == []
    number = rows[known.BOB_KEY][0]["id"]
    assert ask(emulator, "GET", f"/task?id={number}", known.BOB_KEY).status_code == 200
    assert ask(emulator, "GET", f"/task?id={number}", VIEWER).status_code == 404
    assert ask(emulator, "DELETE", f"/task?id={number}", VIEWER).status_code == 404


def test_a_signature_of_another_secret_is_refused(emulator: EmulatorProcess) -> None:
    answer = ask(emulator, "GET", "/projects", (VIEWER[0], "another-secret"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "InvalidSignatureException")


def test_decisions_about_ones_account_are_there_for_the_page(emulator: EmulatorProcess) -> None:
    assert ask(emulator, "GET", "/projects", known.EVE_KEY).status_code == 403
    rows = ask(emulator, "GET", "/decisions", known.EVE_KEY).json()["decisions"]
    refused = rows[0]
    assert (refused["principal"], refused["allowed"]) == (f"arn:aws:iam::{known.OWNER}:user/eve", False)
    assert refused["needed"][0]["statement"]["Action"] == "rekognition:DescribeProjects"
    of_others = ask(emulator, "GET", "/decisions", known.ANN_KEY).json()["decisions"]
    assert all(row["account"] == known.OTHER for row in of_others)
