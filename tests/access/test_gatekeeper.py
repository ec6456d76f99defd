"""Sessions that end while a call is held, and roles that are gone (O-18, O-33)."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.access.decisions import Decisions
from emulator.access.gatekeeper import Gatekeeper
from emulator.access.identities import load_identities
from emulator.access.signatures import EMPTY_HASH
from emulator.domain.caller import Caller
from emulator.domain.iam.documents import PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Reason
from emulator.domain.temporary_credentials import SessionClaims, SessionTokens, TemporaryCredentials
from emulator.jobs.askers import Askers
from emulator.wire.asgi import Scope
from emulator.wire.errors import AwsError
from support import identities as known


class Moment:
    """Real time, and as much more as a test says."""

    def __init__(self) -> None:
        self.later = 0.0

    def __call__(self) -> float:

        return time.time() + self.later


def signed(issued: TemporaryCredentials, service: str = "rekognition") -> Scope:
    request = AWSRequest("POST", "http://emulator/")
    credentials = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(credentials, service, "us-east-1").add_auth(request)
    headers = [(b"host", b"emulator")]
    headers += [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}


@pytest.mark.parametrize("decides", [True, False])
def test_a_session_that_ends_while_a_call_is_held_is_refused_then(tmp_path: Path, decides: bool) -> None:
    now = Moment()
    tokens = SessionTokens(b"key", "iam", now)
    identities = load_identities(known.written(tmp_path))
    gatekeeper = Gatekeeper(
        identities, Decisions(is_enforced=True), lambda: tokens, decides=decides, is_enforced=True, now=now
    )
    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/me"
    issued = tokens.issue(SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:me"), 900)
    admitted = gatekeeper.admit_for_json(signed(issued), EMPTY_HASH)
    rights = gatekeeper.rights_of(admitted)
    if decides:
        assert rights is not None
        assert rights.ask("rekognition:DescribeProjects", "*").allowed
    else:
        assert rights is None
    now.later = 901
    with pytest.raises(AwsError) as caught:
        gatekeeper.rights_of(admitted)
    assert caught.value.code == "ExpiredTokenException"


def test_who_is_held_while_the_file_is_read_again_has_the_rights_of_the_new_one(tmp_path: Path) -> None:
    tokens = SessionTokens(b"key", "iam")
    file = load_identities(known.written(tmp_path))
    gatekeeper = Gatekeeper(file, Decisions(is_enforced=True), lambda: tokens, decides=True, is_enforced=True)
    narrow = json.dumps(known.allow("rekognition:*"))
    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/me"
    claims = SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:me", (narrow,))
    admitted = gatekeeper.admit_for_json(signed(tokens.issue(claims, 900)), EMPTY_HASH)

    def may(action: str) -> bool:
        rights = gatekeeper.rights_of(admitted)
        assert rights is not None
        return rights.ask(action, "*").allowed

    document = known.identities()
    assert [may("rekognition:DescribeProjects"), may("s3:ListAllMyBuckets")] == [True, False]
    document["accounts"][known.OWNER]["roles"]["Admin"]["policies"] = [known.allow("s3:*", "rekognition:Detect*")]
    gatekeeper.identities = load_identities(known.written(tmp_path, document))
    actions = ("rekognition:DescribeProjects", "s3:ListAllMyBuckets", "rekognition:DetectCustomLabels")
    assert [may(action) for action in actions] == [False, False, True]
    del document["accounts"][known.OWNER]["roles"]["Admin"]
    gatekeeper.identities = load_identities(known.written(tmp_path, document))
    assert [may(action) for action in actions] == [False, False, False]


def test_a_session_of_a_role_that_is_gone_may_do_nothing(tmp_path: Path) -> None:
    tokens = SessionTokens(b"key", "iam")
    gatekeeper = Gatekeeper(
        load_identities(known.written(tmp_path)),
        Decisions(is_enforced=True),
        lambda: tokens,
        decides=True,
        is_enforced=True,
    )
    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/me"
    issued = tokens.issue(SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:me"), 900)
    document = known.identities()
    del document["accounts"][known.OWNER]["roles"]["Admin"]
    gatekeeper.identities = load_identities(known.written(tmp_path, document))
    rights = gatekeeper.rights_of(gatekeeper.admit_for_json(signed(issued), EMPTY_HASH))
    assert rights is not None
    assert not rights.ask("rekognition:DescribeProjects", "*").allowed


def test_work_has_the_rights_that_its_asker_has_when_it_begins(tmp_path: Path) -> None:
    """S-9: also long after, in another process, when the session is over; and none once the role is gone."""
    now = Moment()
    tokens = SessionTokens(b"key", "iam", now)

    def gatekeeper(document: dict[str, Any]) -> Gatekeeper:
        file = load_identities(known.written(tmp_path, document))
        return Gatekeeper(file, Decisions(is_enforced=True), lambda: tokens, decides=True, is_enforced=True, now=now)

    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/me"
    issued = tokens.issue(SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:me"), 900)
    before = gatekeeper(known.identities())
    asked = before.rights_of(before.admit_for_json(signed(issued), EMPTY_HASH))
    assert asked is not None
    now.later = 3_600
    askers = Askers(gatekeeper(known.identities()).rights_at_work)
    at_work = askers.caller(known.OWNER, "us-east-1", asked.reference).rights
    assert at_work is not None and at_work.principal == asked.principal
    assert at_work.context["aws:requestedregion"] == ("us-east-1",)
    assert at_work.ask("s3:PutObject", "arn:aws:s3:::results/a").allowed
    narrowed = known.identities()
    narrowed["accounts"][known.OWNER]["roles"]["Admin"]["policies"] = [known.allow("rekognition:*")]
    at_work = Askers(gatekeeper(narrowed).rights_at_work).caller(known.OWNER, "us-east-1", asked.reference).rights
    assert at_work is not None and not at_work.ask("s3:PutObject", "arn:aws:s3:::results/a").allowed
    gone = known.identities()
    del gone["accounts"][known.OWNER]["roles"]["Admin"]
    at_work = Askers(gatekeeper(gone).rights_at_work).caller(known.OWNER, "us-east-1", asked.reference).rights
    assert at_work is not None and not at_work.ask("rekognition:DescribeProjects", "*").allowed


def test_work_of_users_and_of_nobody_in_particular(tmp_path: Path) -> None:
    identities = load_identities(known.written(tmp_path))
    gatekeeper = Gatekeeper(
        identities, Decisions(is_enforced=True), lambda: SessionTokens(b"key", "iam"), decides=True, is_enforced=True
    )
    bob = f"arn:aws:iam::{known.OWNER}:user/team/bob"
    rights = gatekeeper.rights_at_work(json.dumps({"identity": bob}))
    assert rights.principal.arn == bob
    assert rights.ask("s3:GetObject", "arn:aws:s3:::photos/a").allowed
    assert not rights.ask("s3:PutObject", "arn:aws:s3:::photos/a").allowed
    assert Askers(gatekeeper.rights_at_work).caller(known.OWNER, "us-east-1", "").rights is None
    assert Askers().caller(known.OWNER, "us-east-1", json.dumps({"identity": bob})).rights is None


def test_work_elsewhere_gets_keys_that_act_as_its_asker(tmp_path: Path) -> None:
    """S-9: of a user, of a role's session with its tags and policies, and of an account of which no more is known."""
    tokens = SessionTokens(b"key", "iam")
    file = load_identities(known.written(tmp_path))
    gatekeeper = Gatekeeper(file, Decisions(is_enforced=True), lambda: tokens, decides=True, is_enforced=True)
    narrow = json.dumps(known.allow("s3:GetObject"))
    arn = f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/me"
    claims = SessionClaims(known.OWNER, arn, known.ADMIN_ROLE, "AROA:me", (narrow,), {"team": "blue"})
    asked = gatekeeper.rights_of(gatekeeper.admit_for_json(signed(tokens.issue(claims, 900)), EMPTY_HASH))
    bob = gatekeeper.rights_at_work(json.dumps({"identity": f"arn:aws:iam::{known.OWNER}:user/team/bob"}))
    for rights in (asked, bob):
        issued = gatekeeper.session_for_work(Caller(known.OWNER, "us-east-1", rights))
        acting = gatekeeper.admit_to_s3(signed(issued, "s3")).admission.rights
        assert acting is not None and rights is not None
        assert (acting.principal, acting.reference == rights.reference) == (rights.principal, rights is asked)
        assert acting.ask("s3:GetObject", "arn:aws:s3:::photos/a").allowed
        assert not acting.ask("s3:PutObject", "arn:aws:s3:::photos/a").allowed
        assert acting.context["aws:viaawsservice"] == ("true",) and not acting.context["aws:sourceip"]
    root = gatekeeper.session_for_work(Caller(known.OWNER, "us-east-1"))
    acting = gatekeeper.admit_to_s3(signed(root, "s3")).admission.rights
    assert acting is not None and acting.ask("s3:PutObject", "arn:aws:s3:::photos/a").allowed
    # Nowhere else: a machine that lends its hands for a training makes and deletes nothing.
    for issued in (root, gatekeeper.session_for_work(Caller(known.OWNER, "us-east-1", bob))):
        with pytest.raises(AwsError) as caught:
            gatekeeper.admit_for_json(signed(issued), EMPTY_HASH)
        assert caught.value.code == "UnrecognizedClientException"


def test_every_request_says_that_no_service_asks(tmp_path: Path) -> None:
    """Policies that spare AWS's services deny everybody else by these two keys."""
    file = load_identities(known.written(tmp_path))
    gatekeeper = Gatekeeper(
        file, Decisions(is_enforced=True), lambda: SessionTokens(b"key", "iam"), decides=True, is_enforced=True
    )
    rights = gatekeeper.rights_at_work(json.dumps({"identity": f"arn:aws:iam::{known.OWNER}:user/team/bob"}))
    elsewhere = {
        "StringNotEquals": {"aws:ResourceAccount": known.OWNER},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    deny = parse_policy(known.allow("*", Effect="Deny", Condition=elsewhere), PolicyKind.IDENTITY, "perimeter")
    rights = replace(rights, policies=replace(rights.policies, identity=(*rights.policies.identity, deny)))
    assert rights.ask("rekognition:DescribeProjects", "*").allowed
    assert rights.ask("rekognition:DescribeProjects", "*", owner=known.OTHER).reason is Reason.EXPLICIT_DENY
