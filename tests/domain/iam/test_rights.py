"""Rights as they travel, keys of KMS, and the policies that come with the emulator."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from emulator.domain.caller import Caller
from emulator.domain.iam.documents import PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet
from emulator.domain.iam.keys import DISABLED, Key, KeyDeniedError, KeyRing
from emulator.domain.iam.managed import FULL_ACCESS, S3_READ_ONLY, managed_policies
from emulator.domain.iam.requests import Principal, PrincipalKind, forwarded_keys, moment_keys
from emulator.domain.iam.rights import Rights, decision_from_json, decision_to_json

OWN, OTHER = "111122223333", "444455556666"
ANN = Principal(OWN, f"arn:aws:iam::{OWN}:user/ann", PrincipalKind.USER, name="ann", tags={"Team": "a"})
READ = parse_policy(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team}/*"},
    },
    PolicyKind.IDENTITY,
    "read",
)
KEY = Key("1234abcd-12ab-34cd-56ef-1234567890ab", OWN, "us-east-1", aliases=("alias/photos",))


def test_every_decision_is_recorded_and_a_report_lets_pass() -> None:
    seen: list[Decision] = []
    rights = Rights(ANN, PolicySet((READ,)), is_enforced=False, record=seen.append)
    assert rights.permits(rights.ask("s3:GetObject", "arn:aws:s3:::a/b.jpg"))
    refused = rights.ask("s3:PutObject", "arn:aws:s3:::a/b.jpg")
    assert not refused.allowed and rights.permits(refused)
    assert seen[1] is refused and len(seen) == 2


def test_keys_of_the_request_and_of_the_resource_are_seen_together() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                "StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/team}"},
                "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
            },
        },
    }
    policies = PolicySet((parse_policy(document, PolicyKind.IDENTITY, "mine"),))
    rights = Rights(ANN, policies, {"aws:sourceip": ["10.0.0.1"], **moment_keys(1_790_000_000)})
    assert rights.ask("s3:GetObject", "arn:aws:s3:::b/k", context={"aws:resourcetag/team": ["a"]}).allowed
    assert not rights.ask("s3:GetObject", "arn:aws:s3:::b/k").allowed


def test_an_address_of_ipv4_is_the_same_written_as_one_of_ipv6() -> None:
    """As a server that listens on IPv6 sees it."""
    near = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **near}
    policy = parse_policy({"Version": "2012-10-17", "Statement": statement}, PolicyKind.IDENTITY, "near")
    for address, allowed in (("10.0.0.1", True), ("::ffff:10.0.0.1", True), ("::ffff:11.0.0.1", False), ("::1", False)):
        rights = Rights(ANN, PolicySet((policy,)), {"aws:sourceip": [address]})
        assert rights.ask("s3:GetObject", "arn:aws:s3:::b/k").allowed is allowed


def test_rights_come_back_from_a_process_of_their_own() -> None:
    session = parse_policy(json.loads(READ.document), PolicyKind.SESSION, "session")
    rights = Rights(ANN, PolicySet((READ,), None, (session,)), {"aws:sourceip": ("::1",)}, reference="user ann")
    caller = Caller(OWN, "us-east-1", rights)
    back = Caller.from_json(json.loads(json.dumps(caller.to_json())))
    assert back == caller and back.rights is not None
    assert back.rights.principal == ANN
    assert back.rights.reference == "user ann"
    assert back.rights.ask("s3:GetObject", "arn:aws:s3:::a/b").allowed
    assert not back.rights.ask("s3:GetObject", "arn:aws:s3:::other/b").allowed
    assert Caller.from_json(Caller(OWN, "us-east-1").to_json()).rights is None


@pytest.mark.parametrize(
    "name",
    [KEY.key_id, KEY.arn, "alias/photos", f"arn:aws:kms:us-east-1:{OWN}:alias/photos"],
)
def test_a_key_is_found_by_id_arn_alias_and_the_aliass_arn(name: str) -> None:
    ring = KeyRing([Key("other", OWN, "us-east-1", DISABLED), KEY])
    assert ring.find(name, OWN, "us-east-1") is KEY
    is_arn = name.startswith("arn:")
    assert ring.find(name, OTHER, "us-east-1") is (KEY if is_arn else None)
    assert ring.find(name, OWN, "eu-west-1") is (KEY if is_arn else None)
    assert [key.key_id for key in ring.of(OWN, "us-east-1")] == ["other", KEY.key_id]


def test_a_process_of_its_own_tells_of_each_kind_of_decision_once() -> None:
    """As JSON, from which the emulator makes the same decision again (O-33)."""
    rights = Rights(ANN, PolicySet((READ,)))
    told: list[Decision] = []
    caller = Caller.from_json(Caller(OWN, "us-east-1", rights).to_json(), told.append)
    assert caller.rights is not None
    for key in ("b", "c", "b"):
        refused = caller.rights.ask("s3:PutObject", f"arn:aws:s3:::a/{key}")
        assert not refused.allowed
        assert caller.rights.ask("s3:GetObject", f"arn:aws:s3:::a/{key}").allowed
    assert [(decision.request.action, decision.request.resource[-1]) for decision in told] == [
        ("s3:PutObject", "b"),
        ("s3:GetObject", "b"),
        ("s3:PutObject", "c"),
    ]
    for decision in told:
        document = json.loads(json.dumps(decision_to_json(decision)))
        assert decision_from_json(document, caller.rights) == decision


def test_a_key_without_a_policy_leaves_it_to_its_account() -> None:
    use = parse_policy(
        {"Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY.arn}}, PolicyKind.IDENTITY, "use"
    )
    asked = {"owner": KEY.account, "resource_policies": KEY.policies, "resource_must_allow": True}
    assert Rights(ANN, PolicySet((use,))).ask("kms:Decrypt", KEY.arn, **asked).allowed  # type: ignore[arg-type]
    assert not Rights(ANN, PolicySet()).ask("kms:Decrypt", KEY.arn, **asked).allowed  # type: ignore[arg-type]


def test_the_managed_policies_of_the_guide() -> None:
    """S-8, api-facts §8."""
    full, read = managed_policies()[FULL_ACCESS], managed_policies()[S3_READ_ONLY]
    rights = Rights(ANN, PolicySet((full,)))
    version = f"arn:aws:rekognition:us-east-1:{OWN}:project/shapes/version/first/1690556751958"
    assert rights.ask("rekognition:DetectCustomLabels", version).allowed
    assert rights.ask("s3:PutObject", "arn:aws:s3:::custom-labels-console-us-east-1-1234/k").allowed
    assert not rights.ask("s3:GetObject", "arn:aws:s3:::photos/k").allowed
    assert not rights.ask("rekognition:DetectFaces", "*").allowed
    both = Rights(ANN, PolicySet((full, read)))
    assert both.ask("s3:GetObject", "arn:aws:s3:::photos/k").allowed
    assert not both.ask("s3:PutObject", "arn:aws:s3:::photos/k").allowed


def _document(**statement: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}


def test_a_key_policy_may_ask_which_service_uses_the_key_for_whom() -> None:
    """S-11, S-12: `kms:ViaService` and the keys of grants, as AWS's own key policies have them."""
    conditions = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": OWN}}
    grants = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    who = {"Principal": {"AWS": ANN.arn}}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition, **who}
            for action, condition in (("kms:Decrypt", conditions), ("kms:CreateGrant", grants))
        ],
    }
    key = replace(KEY, policy=parse_policy(document, PolicyKind.KEY, "key"))
    rights = Rights(ANN, PolicySet(), keys=KeyRing([key]))
    assert rights.require_key(key.arn, "kms:Decrypt", "us-east-1", "s3") is key
    with pytest.raises(KeyDeniedError):
        rights.require_key(key.arn, "kms:Decrypt", "us-east-1", "rekognition")
    assert rights.require_key(key.arn, "kms:CreateGrant", "us-east-1", "rekognition") is key


def test_a_deny_by_address_may_spare_what_services_ask_for_the_caller() -> None:
    """IAM's own example: NotIpAddress would deny what Rekognition reads, whose address is not the caller's."""
    everywhere = parse_policy(_document(Action="s3:*"), PolicyKind.IDENTITY, "all")
    outside: dict[str, object] = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    direct = {"Bool": {"aws:ViaAWSService": "false"}}
    context = {"aws:sourceip": ("10.1.2.3",), "aws:viaawsservice": ("false",)}
    for condition, via_service in ((outside, False), (outside | direct, True)):
        deny = parse_policy(_document(Effect="Deny", Action="*", Condition=condition), PolicyKind.IDENTITY, "deny")
        rights = Rights(ANN, PolicySet((everywhere, deny)), context)
        assert rights.ask("s3:GetObject", "arn:aws:s3:::a/b").allowed
        asked = rights.ask("s3:GetObject", "arn:aws:s3:::a/b", context=forwarded_keys("rekognition"))
        assert asked.allowed == via_service
        elsewhere = replace(rights, context={**context, "aws:sourceip": ("192.0.2.1",)})
        assert not elsewhere.ask("s3:GetObject", "arn:aws:s3:::a/b").allowed
    absent = parse_policy(
        _document(Action="s3:*", Condition={"Null": {"aws:SourceIp": "true"}}), PolicyKind.IDENTITY, "absent"
    )
    rights = Rights(ANN, PolicySet((absent,)), context)
    assert not rights.ask("s3:GetObject", "arn:aws:s3:::a/b").allowed
    assert rights.ask("s3:GetObject", "arn:aws:s3:::a/b", context=forwarded_keys("rekognition")).allowed
