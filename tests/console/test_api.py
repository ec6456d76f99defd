"""Who may use /console/api and for whom it answers; about, bucket, errors (O-31)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.domain.manifest.rules.catalogue import RULES
from support.console import ConsoleClient
from support.s3_errors import s3_error
from support.server import EmulatorProcess


def test_a_page_learns_what_emulator_this_is_without_a_signature(console: ConsoleClient) -> None:
    about = console.send("GET", "/console/api/about").json
    assert about["s3"] == "embedded"
    assert about["control_token_required"] is False


def test_the_rest_wants_a_signature(console: ConsoleClient) -> None:
    answer = console.send("GET", "/console/api/bucket")
    assert (answer.status, answer.code) == (401, "MissingAuthenticationToken")


def test_a_signature_that_cannot_be_read_is_refused(console: ConsoleClient) -> None:
    answer = console.send("GET", "/console/api/bucket", headers={"Authorization": "AWS4-HMAC-SHA256 nonsense"})
    assert answer.status in (400, 403)
    assert answer.code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebound.example", "User-Agent": "Mozilla/5.0"},
    ],
)
def test_pages_of_other_sites_are_refused(console: ConsoleClient, headers: dict[str, str]) -> None:
    for path in ("/console/api/about", "/console/api/bucket"):
        answer = console.send("GET", path, headers=headers)
        assert (answer.status, answer.code) == (403, "ForeignOrigin")
        assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_is_let_in(console: ConsoleClient) -> None:
    headers = {"Origin": console.emulator.endpoint, "Sec-Fetch-Site": "same-origin", "User-Agent": "Mozilla/5.0"}
    assert console.call("GET", "/bucket", headers=headers).status == 200


def test_unknown_paths_methods_and_members_are_told(console: ConsoleClient) -> None:
    assert console.refused("GET", "/nonsense") == (404, "NotFound")
    assert console.refused("PUT", "/bucket") == (405, "MethodNotAllowed")
    answer = console.call("POST", "/bucket", {"name": 5})
    assert (answer.status, answer.code) == (422, "InvalidRequest")
    assert answer.json["error"]["message"].startswith("name: ")


def test_bodies_have_a_length_and_a_limit(console: ConsoleClient) -> None:
    chunked = console.send("POST", "/console/api/bucket", None, {"Transfer-Encoding": "chunked"})
    assert (chunked.status, chunked.code) == (411, "LengthRequired")
    large = console.send("POST", "/console/api/bucket", None, {"Content-Length": str(2**40)})
    assert (large.status, large.code) == (413, "BodyTooLarge")


def test_there_is_no_bucket_until_it_is_made(console: ConsoleClient, s3: Any) -> None:
    before = console.get("/bucket")
    assert before["name"] is None
    assert re.fullmatch(r"custom-labels-console-us-east-1-[a-z0-9]{10}", before["proposal"])
    made = console.post("/bucket", {"name": before["proposal"]})["name"]
    assert made == before["proposal"] == console.get("/bucket")["name"] == console.post("/bucket", {})["name"]
    assert made in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_every_region_has_a_bucket_of_its_own(console: ConsoleClient) -> None:
    here = console.post("/bucket", {})["name"]
    elsewhere = ConsoleClient(console.emulator, console.account, "eu-west-1").post("/bucket", {})["name"]
    assert here.startswith("custom-labels-console-us-east-1-")
    assert elsewhere.startswith("custom-labels-console-eu-west-1-")


def test_a_bucket_that_was_deleted_is_made_again_under_another_name(console: ConsoleClient, s3: Any) -> None:
    name = console.post("/bucket", {})["name"]
    s3.delete_bucket(Bucket=name)
    assert console.get("/bucket")["name"] is None
    assert console.post("/bucket", {})["name"] != name


@pytest.mark.parametrize(
    "name", ["mine", "custom-labels-console-us-east-1-short", "custom-labels-console-eu-west-1-abcdefghij"]
)
def test_other_names_are_refused(console: ConsoleClient, name: str) -> None:
    assert console.refused("POST", "/bucket", {"name": name}) == (400, "InvalidBucketName")


def test_a_name_that_another_account_has_is_refused(console: ConsoleClient) -> None:
    taken = console.post("/bucket", {})["name"]
    other = ConsoleClient(console.emulator, "999900001111")
    assert other.refused("POST", "/bucket", {"name": taken}) == (400, "InvalidBucketName")


def test_the_catalogue_has_every_rule(console: ConsoleClient) -> None:
    errors = console.send("GET", "/console/api/errors").json["errors"]
    assert [error["code"] for error in errors] == [rule.code for rule in RULES]
    assert all(error["cause"] and error["cure"] for error in errors)


def test_no_new_bucket_is_named_as_the_page(s3: Any) -> None:
    with s3_error("InvalidBucketName", 400):
        s3.create_bucket(Bucket="console")


def test_what_the_page_does_holds_with_a_control_token_and_without_control(start_emulator: Any) -> None:
    for settings in ({"CUSTOM_LABELS_CONTROL_TOKEN": "secret"}, {"CUSTOM_LABELS_CONTROL": "off"}):
        emulator: EmulatorProcess = start_emulator(settings)
        console = ConsoleClient(emulator, "111122223333")
        about = console.send("GET", "/console/api/about").json
        assert about["control_token_required"] is ("CUSTOM_LABELS_CONTROL_TOKEN" in settings)
        assert about["control_enabled"] is ("CUSTOM_LABELS_CONTROL" not in settings)
        assert console.post("/bucket", {})["name"]
        emulator.terminate()
