"""What the policies of an outside S3's buckets say of one caller among those who share a key there (S-9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.domain.caller import Caller
from emulator.domain.iam.documents import PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet
from emulator.domain.iam.requests import Principal, PrincipalKind
from emulator.domain.iam.rights import Rights
from emulator.domain.object_store import ObjectAccessDeniedError, ObjectLocation
from emulator.s3.external import ExternalS3Settings, ExternalS3Store
from emulator.s3.outside_policies import LASTING, Asking, OutsidePolicies
from support.identities import OWNER, allow
from support.moto_server import running_moto_server
from support.s3_server import running_s3, s3_client

PHOTO = ObjectLocation("photos", "a.jpg")
READS = allow("s3:*")


def user(name: str, *policies: dict[str, Any], told: list[Decision] | None = None, **tags: str) -> Caller:
    """A user of OWNER; what is decided about it is noted in `told`."""
    principal = Principal(OWNER, f"arn:aws:iam::{OWNER}:user/{name}", PrincipalKind.USER, name, tags=tags)
    parsed = tuple(parse_policy(policy, PolicyKind.IDENTITY, name) for policy in policies)
    record = None if told is None else told.append
    return Caller(OWNER, "us-east-1", Rights(principal, PolicySet(parsed), record=record))


def statement(effect: str, action: str, principal: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::photos/*", **more}


def named(name: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{OWNER}:user/{name}"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def may(check: Callable[[], object]) -> bool:
    try:
        check()
    except ObjectAccessDeniedError:
        return False
    return True


def store_at(endpoint: str, folder: Path) -> ExternalS3Store:
    """An outside S3, which is asked with the key of the account."""
    path = folder / "keys.json"
    path.write_text(json.dumps({OWNER: {"aws_access_key_id": OWNER, "aws_secret_access_key": "x"}}))
    return ExternalS3Store(ExternalS3Settings(endpoint, credentials_file=path))


def test_a_policy_about_single_users(tmp_path: Path) -> None:
    """By ARN, by a condition on who asks, and by the tags of the object; the S3 itself sees the account's root."""
    policy = document(
        statement("Deny", "s3:GetObject", named("denied")),
        statement("Deny", "s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
        statement("Deny", "s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/kind": "secret"}}),
        statement("Allow", "s3:GetObject", named("guest")),
    )
    root = Rights(Principal(OWNER, f"arn:aws:iam::{OWNER}:root", PrincipalKind.ROOT), PolicySet())
    with (
        running_s3(tmp_path / "objects", lambda _: root) as (_, endpoint),
        closing(s3_client(endpoint, OWNER)) as client,
    ):
        client.create_bucket(Bucket="photos")
        client.put_object(Bucket="photos", Key="a.jpg", Body=b"a")
        client.put_object(Bucket="photos", Key="secret.jpg", Body=b"s", Tagging="kind=secret")
        client.put_bucket_policy(Bucket="photos", Policy=policy)
        store, secret = store_at(endpoint, tmp_path), ObjectLocation("photos", "secret.jpg")
        readers = [
            user("ci", READS),
            user("denied", READS),
            user("ci", READS, team="red"),
            user("guest"),
            user("other"),
        ]
        assert [may(partial(store.get, PHOTO, who)) for who in readers] == [True, False, False, True, False]
        assert [may(partial(store.head, secret, who)) for who in readers] == [False] * 5
        denied, guest = user("denied", READS), user("guest")
        assert may(lambda: list(store.list("photos", "", denied)))
        assert may(lambda: store.put(PHOTO, b"b", denied, "image/jpeg"))
        assert not may(lambda: store.put(PHOTO, b"b", guest, "image/jpeg"))
        # Read once, the policy is known when work is asked for, too.
        assert not may(lambda: store.require("s3:GetObject", PHOTO, denied))
        assert may(lambda: store.require("s3:GetObject", PHOTO, guest))
        store.close()


def test_an_s3_of_other_authors(tmp_path: Path) -> None:
    with running_moto_server() as endpoint, closing(s3_client(endpoint, OWNER)) as client:
        client.create_bucket(Bucket="photos")
        client.put_object(Bucket="photos", Key="a.jpg", Body=b"a")
        store = store_at(endpoint, tmp_path)
        readers = [user("ci", READS), user("guest"), user("other")]
        assert [may(partial(store.get, PHOTO, who)) for who in readers] == [True, False, False]
        store.close()
        client.put_bucket_policy(Bucket="photos", Policy=document(statement("Allow", "s3:GetObject", named("guest"))))
        store = store_at(endpoint, tmp_path)
        assert [may(partial(store.get, PHOTO, who)) for who in readers] == [True, True, False]
        store.close()


class Endpoint:
    """Answers GetBucketPolicy as a test says, and counts."""

    def __init__(self, answer: str | int) -> None:
        self.answer = answer
        self.asked = 0
        self.time = 0.0

    @property
    def asking(self) -> Asking:
        return Asking(self._policy, self._tags)

    def _policy(self) -> str:
        self.asked += 1
        return self.answer if isinstance(self.answer, str) else self._raise(self.answer)

    def _tags(self) -> Mapping[str, str]:
        self._raise(403)
        return {}

    def _raise(self, status: int) -> str:
        code = {403: "AccessDenied", 404: "NoSuchBucketPolicy", 405: "MethodNotAllowed", 501: "NotImplemented"}
        error = {"Error": {"Code": code.get(status, "SlowDown")}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(error, "GetBucketPolicy")


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_policy_that_cannot_be_read_is_told_once(status: int, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint(status)
    policies = OutsidePolicies(lambda: endpoint.time)
    for _ in range(3):
        assert may(lambda: policies.require(user("ci", READS), "s3:GetObject", PHOTO, endpoint.asking))
        assert not may(lambda: policies.require(user("other"), "s3:GetObject", PHOTO, endpoint.asking))
        endpoint.time += LASTING
    [line] = caplog.messages
    assert "bucket photos: its policy, if any, is not looked at" in line


def test_nothing_is_let_through_while_the_endpoint_fails(caplog: pytest.LogCaptureFixture) -> None:
    """503 says nothing of the policy; who is denied by its own policies is refused without it."""
    endpoint = Endpoint(503)
    policies = OutsidePolicies(lambda: endpoint.time)
    with pytest.raises(ClientError):
        policies.require(user("ci", READS), "s3:GetObject", PHOTO, endpoint.asking)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]}
    assert not may(lambda: policies.require(user("ci", READS, deny), "s3:GetObject", PHOTO, endpoint.asking))
    assert (endpoint.asked, caplog.messages) == (1, [])


def test_a_policy_is_asked_for_again_after_some_seconds() -> None:
    endpoint = Endpoint(404)
    policies = OutsidePolicies(lambda: endpoint.time)

    def reads() -> bool:
        return may(lambda: policies.require(user("ci", READS), "s3:GetObject", PHOTO, endpoint.asking))

    assert [reads(), reads()] == [True, True]
    endpoint.answer = document(statement("Deny", "s3:*", named("ci")))
    endpoint.time = LASTING - 1
    assert (reads(), endpoint.asked) == (True, 1)
    endpoint.time = LASTING
    assert (reads(), endpoint.asked) == (False, 2)


def test_what_is_known_when_work_is_asked_for() -> None:
    """Nobody is asked then: what the bucket's policy may allow is left to the work, what is denied is not."""
    endpoint = Endpoint(document(statement("Allow", "s3:GetObject", named("guest"))))
    policies, told = OutsidePolicies(lambda: endpoint.time), list[Decision]()
    guest, other = user("guest", told=told), user("other", told=told)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]}

    def beforehand(who: Caller) -> bool:
        return may(lambda: policies.require_beforehand(who, "s3:GetObject", PHOTO))

    assert [beforehand(guest), beforehand(other), beforehand(user("ci", deny, told=told))] == [True, True, False]
    assert (endpoint.asked, [one.reason.value for one in told]) == (0, ["explicit deny"])
    assert may(lambda: policies.require(guest, "s3:GetObject", PHOTO, endpoint.asking))
    assert [beforehand(guest), beforehand(other)] == [True, False]


def test_tags_that_cannot_be_read_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    tagged = {"StringEquals": {"s3:ExistingObjectTag/a": "b"}}
    endpoint = Endpoint(document(statement("Deny", "s3:*", Condition=tagged)))
    policies = OutsidePolicies(lambda: endpoint.time)
    assert may(lambda: policies.require(user("ci", READS), "s3:GetObject", PHOTO, endpoint.asking))
    assert "the tags of its objects are not looked at" in caplog.text


def test_statements_that_cannot_be_understood_are_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    strange = statement("Deny", "s3:*", Condition={"StringResembles": {"aws:username": "ci"}})
    endpoint = Endpoint(document(strange, statement("Deny", "s3:*", named("denied"))))
    policies = OutsidePolicies(lambda: endpoint.time)
    assert may(lambda: policies.require(user("ci", READS), "s3:GetObject", PHOTO, endpoint.asking))
    assert not may(lambda: policies.require(user("denied", READS), "s3:GetObject", PHOTO, endpoint.asking))
    assert "StringResembles" in caplog.text
