"""Who an external store speaks as, and what it makes of refusals (issue of ERROR_INVALID_PERMISSIONS and TE-10)."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.caller import Caller
from emulator.domain.iam.documents import PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet
from emulator.domain.iam.requests import Principal, PrincipalKind
from emulator.domain.iam.rights import Rights
from emulator.domain.object_store import (
    ObjectAccessDeniedError,
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStoreUnavailableError,
)
from emulator.s3 import external
from emulator.s3.external import (
    AccountCredentials,
    CredentialsFileError,
    ExternalS3Settings,
    ExternalS3Store,
    read_credentials_file,
)
from support import identities as known
from support.s3_server import S3Process, s3_client

OWNER, STRANGER = Caller("111122223333", "us-east-1"), Caller("222233334444", "us-east-1")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """A server in another process whose bucket refuses the stranger."""
    process = S3Process(tmp_path / "objects")
    process.start()
    client = s3_client(process.endpoint, OWNER.account)
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="key", Body=b"x")
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": STRANGER.account},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
    }
    client.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    yield process.endpoint, client
    client.close()
    process.kill()


def keys(account: str) -> dict[str, str]:
    return {"aws_access_key_id": account, "aws_secret_access_key": "x"}


def test_each_account_has_its_own_keys(guarded: tuple[str, Any], tmp_path: Path) -> None:
    endpoint, _ = guarded
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({caller.account: keys(caller.account) for caller in (OWNER, STRANGER)}))
    store = ExternalS3Store(ExternalS3Settings(endpoint, credentials_file=path, checksums="when_required"))
    location = ObjectLocation("bucket", "key")
    assert store.get(location, OWNER) == b"x"
    for call in (
        lambda: store.get(location, STRANGER),
        lambda: store.head(location, STRANGER),
        lambda: store.put(location, b"y", STRANGER, "text/plain"),
        lambda: list(store.list("bucket", "", STRANGER)),
        lambda: store.owner("bucket", STRANGER),
    ):
        with pytest.raises(ObjectAccessDeniedError):
            call()
    store.close()


def test_the_callers_own_policies_count_before_the_endpoint_is_asked(guarded: tuple[str, Any], tmp_path: Path) -> None:
    """S-9: an outside S3 knows nothing of the identities here, only of the credentials of their account."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({OWNER.account: keys(OWNER.account)}))
    store = ExternalS3Store(ExternalS3Settings(guarded[0], credentials_file=path, checksums="when_required"))
    decisions: list[Decision] = []
    location, other = ObjectLocation("bucket", "key"), ObjectLocation("bucket", "other")
    listing = {"Condition": {"StringEquals": {"s3:prefix": "k"}}}
    reader = _asker(
        decisions,
        known.allow("s3:GetObject", resource="arn:aws:s3:::bucket/key"),
        known.allow("s3:ListBucket", **listing),
    )
    store.require("s3:GetObject", location, reader)
    assert store.get(location, reader) == b"x"
    assert store.head(location, reader).size == 1
    assert [head.key for head in store.list("bucket", "k", reader)] == ["key"]
    assert all(decision.allowed for decision in decisions)
    refused: list[Callable[[], object]] = [
        lambda: store.require("s3:GetObject", other, reader),
        lambda: store.get(other, reader),
        lambda: store.head(other, reader),
        lambda: store.put(location, b"y", reader, "text/plain"),
        lambda: list(store.list("bucket", "", reader)),
        lambda: store.owner("bucket", reader),
        lambda: store.known_owner("bucket", reader),
        lambda: store.get(ObjectLocation("bucket", "key", "1"), reader),
    ]
    for call in refused:
        decisions.clear()
        with pytest.raises(ObjectAccessDeniedError, match="because no identity-based policy allows"):
            call()
        [decision] = decisions
        assert decision.needed
    assert decision.request.action == "s3:GetObjectVersion"
    # In iam-report all of them are recorded, and go on.
    assert reader.rights is not None
    reporting = replace(reader, rights=replace(reader.rights, is_enforced=False))
    decisions.clear()
    store.put(location, b"y", reporting, "text/plain")
    assert [one.allowed for one in decisions] == [False]
    store.close()


def _asker(decisions: list[Decision], *policies: dict[str, Any]) -> Caller:
    """A user of OWNER with these policies; what is decided is noted."""
    principal = Principal(OWNER.account, f"arn:aws:iam::{OWNER.account}:user/eve", PrincipalKind.USER)
    parsed = tuple(parse_policy(policy, PolicyKind.IDENTITY, "eve") for policy in policies)
    return replace(OWNER, rights=Rights(principal, PolicySet(parsed), record=decisions.append))


def test_accounts_without_an_entry_use_the_default_chain(
    guarded: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = guarded
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nobody = ExternalS3Store(ExternalS3Settings(endpoint))
    with pytest.raises(ObjectAccessDeniedError, match="credentials"):
        nobody.get(ObjectLocation("bucket", "key"), OWNER)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWNER.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    store = ExternalS3Store(ExternalS3Settings(endpoint))
    assert store.get(ObjectLocation("bucket", "key"), STRANGER) == b"x"
    for made in (nobody, store):
        made.close()


def test_profiles_of_the_aws_configuration(
    guarded: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = guarded
    shared = tmp_path / "shared"
    shared.write_text(f"[photos]\naws_access_key_id = {OWNER.account}\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({OWNER.account: "photos", STRANGER.account: {"profile": "unknown"}}))
    store = ExternalS3Store(ExternalS3Settings(endpoint, credentials_file=path))
    assert store.get(ObjectLocation("bucket", "key"), OWNER) == b"x"
    with pytest.raises(ObjectAccessDeniedError, match="unknown"):
        store.get(ObjectLocation("bucket", "key"), STRANGER)
    store.close()


def test_both_forms_of_the_credentials_file(tmp_path: Path) -> None:
    ini, document = tmp_path / "ini", tmp_path / "json"
    ini.write_text("[111122223333]\naws_access_key_id = a\naws_secret_access_key = b%c\n[222233334444]\nprofile = p\n")
    document.write_text(json.dumps({"111122223333": keys("a") | {"aws_secret_access_key": "b%c"}, "222233334444": "p"}))
    expected = {"111122223333": AccountCredentials("a", "b%c"), "222233334444": AccountCredentials(profile="p")}
    assert read_credentials_file(ini) == read_credentials_file(document) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[111122223333",
        '{"111122223333": {"aws_access_key_id": "a"}}',
        '{"111122223333": {"profile": "p", "aws_access_key_id": "a", "aws_secret_access_key": "b"}}',
        '{"111122223333": {"secret": "b"}}',
        '{"111122223333": 5}',
        "{",
    ],
)
def test_credentials_files_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    path.write_text(text)
    with pytest.raises(CredentialsFileError, match="credentials"):
        ExternalS3Store(ExternalS3Settings(None, credentials_file=path))


@pytest.mark.parametrize(
    "text",
    [
        "[111122223333]\naws_access_key_id = a\naws_secret_access_key the-secret\n",
        "aws_secret_access_key = the-secret\n",
        "[111122223333]\naws_secret_access_key = the-secret\naws_secret_access_key = the-secret\n",
    ],
)
def test_a_credentials_file_with_a_slip_is_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    path.write_text(text)
    with pytest.raises(CredentialsFileError, match=f"line {text.count(chr(10))}") as caught:
        read_credentials_file(path)
    shown = "".join(traceback.format_exception(caught.value))
    assert "the-secret" not in shown.replace(text, "") + repr(AccountCredentials("a", "the-secret", "the-secret"))


def test_the_log_says_once_why_the_endpoint_gives_nothing(
    guarded: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(external, "_last_told", {})
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({caller.account: keys(caller.account) for caller in (OWNER, STRANGER)}))
    store = ExternalS3Store(ExternalS3Settings(guarded[0], credentials_file=path))
    nowhere = ExternalS3Store(ExternalS3Settings("http://127.0.0.1:9", credentials_file=path, retries=1))
    with pytest.raises(ObjectNotFoundError):
        store.get(ObjectLocation("bucket", "missing"), OWNER)
    assert not caplog.records
    for key in ("key", "other"):
        with pytest.raises(ObjectAccessDeniedError):
            store.get(ObjectLocation("bucket", key), STRANGER)
        with pytest.raises(ObjectStoreUnavailableError):
            nowhere.get(ObjectLocation("bucket", key), OWNER)
    denied, unreachable = (record.getMessage() for record in caplog.records)
    assert "(AccessDenied)" in denied
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/bucket/key"' in unreachable
    for made in (store, nowhere):
        made.close()
