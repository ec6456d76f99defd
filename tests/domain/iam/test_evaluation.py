"""Decisions: layers of policies, accounts, principals, conditions, variables, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet, Reason, decide
from emulator.domain.iam.requests import Principal, PrincipalKind, Request, account_principal

OWN, OTHER = "111122223333", "444455556666"
ANN = Principal(
    OWN, f"arn:aws:iam::{OWN}:user/ann", PrincipalKind.USER, name="ann", user_id="AIDAANNANNANNANNA", tags={"Team": "a"}
)
ROLE = f"arn:aws:iam::{OWN}:role/teams/Reader"
SESSION_ARN = f"arn:aws:sts::{OWN}:assumed-role/Reader/run"
SESSION = Principal(OWN, SESSION_ARN, PrincipalKind.SESSION, user_id="AROAREADERREADERR:run", role_arn=ROLE)
ROOT = Principal(OWN, f"arn:aws:iam::{OWN}:root", PrincipalKind.ROOT)
NOBODY = Principal("", "", PrincipalKind.ANONYMOUS)
PHOTO = "arn:aws:s3:::photos/ann/a.jpg"


def policy(kind: PolicyKind = PolicyKind.IDENTITY, **changes: object) -> Policy:
    """A policy of one statement that allows all of S3, with these elements changed."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **changes}
    return parse_policy({"Version": "2012-10-17", "Statement": [statement]}, kind, "mine")


def bucket_policy(principal: object = "*", **changes: object) -> Policy:
    return policy(PolicyKind.BUCKET, Principal=principal, **changes)


def decided(
    *identity: Policy,
    boundary: Policy | None = None,
    session: Policy | None = None,
    resource: Sequence[Policy] = (),
    principal: Principal = ANN,
    owner: str = OWN,
    action: str = "s3:GetObject",
    must: bool = False,
    context: Mapping[str, Sequence[str]] | None = None,
) -> Decision:
    policies = PolicySet(
        identity,
        None if boundary is None else (boundary,),
        None if session is None else (session,),
        tuple(resource),
        resource_must_allow=must,
    )
    return decide(Request(action, PHOTO, principal, context or {}, owner), policies)


READ, WRITE = policy(Action="s3:GetObject"), policy(Action="s3:PutObject")
DENY = policy(Effect="Deny", Sid="No")


def test_what_nothing_allows_is_denied() -> None:
    decision = decided(WRITE)
    assert (decision.allowed, decision.reason, decision.statement) == (False, Reason.IMPLICIT_DENY, None)
    assert decision.message == (
        f"User: {ANN.arn} is not authorized to perform: s3:GetObject on resource: {PHOTO} because no identity-based "
        "policy allows the s3:GetObject action"
    )
    (needed,) = decision.needed
    assert needed.where is PolicyKind.IDENTITY
    assert needed.statement == {"Effect": "Allow", "Action": "s3:GetObject", "Resource": PHOTO}


def test_an_allow_names_its_statement() -> None:
    decision = decided(READ)
    assert (decision.allowed, decision.reason, decision.message) == (True, Reason.ALLOW, "")
    assert decision.statement == "identity-based policy mine, statement 1"


@pytest.mark.parametrize("place", ["identity", "boundary", "session", "resource"])
def test_an_explicit_deny_wins_wherever_it_stands(place: str) -> None:
    """SE-2."""
    no = {
        "identity": lambda: decided(READ, DENY),
        "boundary": lambda: decided(READ, boundary=policy(PolicyKind.BOUNDARY, Effect="Deny", Sid="No")),
        "session": lambda: decided(READ, session=policy(PolicyKind.SESSION, Effect="Deny", Sid="No")),
        "resource": lambda: decided(READ, resource=[bucket_policy(), bucket_policy(Effect="Deny", Sid="No")]),
    }
    decision = no[place]()
    assert decision.reason is Reason.EXPLICIT_DENY
    assert (decision.statement is not None and decision.statement.endswith("policy mine, statement No")) or (
        decision.statement == "permissions boundary mine, statement No"
    )
    spoken = {
        "identity": "an identity-based policy",
        "boundary": "a permissions boundary",
        "session": "a session policy",
        "resource": "a resource-based policy",
    }[place]
    assert decision.message.endswith(f"with an explicit deny in {spoken}")
    assert decision.needed == ()


def test_boundary_and_session_policies_limit_and_give_nothing() -> None:
    boundary, session = policy(PolicyKind.BOUNDARY, Action="s3:Get*"), policy(PolicyKind.SESSION, Action="s3:Get*")
    assert decided(READ, boundary=boundary, session=session).allowed
    assert not decided(boundary=boundary, session=session).allowed
    refused = decided(policy(), boundary=boundary, session=session, action="s3:PutObject")
    assert "because no permissions boundary allows the s3:PutObject action" in refused.message
    assert [needed.where for needed in refused.needed] == [PolicyKind.BOUNDARY, PolicyKind.SESSION]
    narrowed = decided(policy(), session=session, action="s3:PutObject")
    assert "because no session policy allows the s3:PutObject action" in narrowed.message


@pytest.mark.parametrize(
    ("named", "principal", "allowed"),
    [
        (ANN.arn, ANN, True),
        ("AIDAANNANNANNANNA", ANN, True),
        ("*", ANN, True),
        (OWN, ANN, False),  # leaves it to the account's own policies, of which there are none
        (f"arn:aws:iam::{OWN}:root", ANN, False),
        (ROLE, SESSION, True),
        ("AROAREADERREADERR", SESSION, True),
        (SESSION_ARN, SESSION, True),
        (ROLE, ANN, False),
        (f"arn:aws:iam::{OWN}:user/bob", ANN, False),
        (OWN, ROOT, True),
    ],
)
def test_within_an_account_the_buckets_policy_alone_may_allow(named: str, principal: Principal, allowed: bool) -> None:
    assert decided(resource=[bucket_policy({"AWS": named})], principal=principal).allowed is allowed


def test_the_arn_of_a_role_does_not_pass_over_its_limits_that_of_a_session_does() -> None:
    session = policy(PolicyKind.SESSION, Action="s3:PutObject")
    role, run = ({"AWS": name} for name in (ROLE, SESSION_ARN))
    assert not decided(resource=[bucket_policy(role)], session=session, principal=SESSION).allowed
    assert decided(resource=[bucket_policy(run)], session=session, principal=SESSION).allowed


@pytest.mark.parametrize("named", ["*", OWN, f"arn:aws:iam::{OWN}:root", ANN.arn])
def test_between_accounts_both_sides_must_allow(named: str) -> None:
    opened = [bucket_policy({"AWS": named})]
    assert decided(READ, resource=opened, owner=OTHER).allowed
    assert not decided(READ, owner=OTHER).allowed
    only_bucket = decided(resource=opened, owner=OTHER)
    assert "no identity-based policy allows" in only_bucket.message
    only_identity = decided(READ, owner=OTHER)
    assert "no resource-based policy allows" in only_identity.message
    (needed,) = only_identity.needed
    assert needed.where is PolicyKind.BUCKET
    assert needed.statement["Principal"] == {"AWS": ANN.arn}


def test_the_root_of_an_account_may_all_but_what_is_denied() -> None:
    assert decided(principal=ROOT).allowed
    assert not decided(principal=ROOT, owner=OTHER).allowed
    assert decided(principal=ROOT, owner=OTHER, resource=[bucket_policy({"AWS": OWN})]).allowed
    assert not decided(principal=ROOT, resource=[bucket_policy(Effect="Deny")]).allowed


def test_who_does_not_sign_gets_what_is_open_to_everybody() -> None:
    assert decided(principal=NOBODY, resource=[bucket_policy()]).allowed
    refused = decided(principal=NOBODY, resource=[bucket_policy({"AWS": OWN})])
    assert refused.message.startswith("User: Anonymous is not authorized")
    assert refused.needed[0].statement["Principal"] == "*"


def test_not_principal_speaks_of_everybody_else() -> None:
    document = {"Effect": "Deny", "NotPrincipal": {"AWS": [ANN.arn]}, "Action": "s3:*", "Resource": "*"}
    others = parse_policy({"Version": "2012-10-17", "Statement": document}, PolicyKind.BUCKET, "others")
    assert decided(READ, resource=[others]).allowed
    assert not decided(READ, resource=[others], principal=SESSION).allowed
    assert not decided(READ, resource=[others], boundary=policy()).allowed


@pytest.mark.parametrize(
    ("named", "spared"),
    [
        ((ANN.arn, ROOT.arn), (ANN, ROOT)),
        ((ROOT.arn,), (ROOT,)),
        ((ROLE, ROOT.arn), (SESSION, ROOT)),
        ((SESSION_ARN, ROLE, ROOT.arn), (SESSION, ROOT)),
        ((OTHER,), ()),
    ],
)
def test_an_account_in_not_principal_does_not_spare_its_users(
    named: tuple[str, ...], spared: tuple[Principal, ...]
) -> None:
    """They have to be named beside it, as IAM's reference of the element says."""
    document = {"Effect": "Deny", "NotPrincipal": {"AWS": list(named)}, "Action": "s3:*", "Resource": "*"}
    others = parse_policy({"Version": "2012-10-17", "Statement": document}, PolicyKind.BUCKET, "others")
    for principal in (ANN, SESSION, ROOT):
        assert decided(READ, resource=[others], principal=principal).allowed == (principal in spared)


def test_a_key_or_a_trust_policy_must_allow_itself() -> None:
    """KMS and STS: identity policies alone never suffice."""
    root = policy(PolicyKind.KEY, Principal={"AWS": OWN}, Action="kms:*")
    mine = policy(Action="kms:Decrypt")
    assert decided(mine, resource=[root], must=True, action="kms:Decrypt").allowed
    assert not decided(resource=[root], must=True, action="kms:Decrypt").allowed
    refused = decided(mine, must=True, action="kms:Decrypt")
    assert [needed.where for needed in refused.needed] == [PolicyKind.KEY]
    trust = parse_policy(
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": ANN.arn}, "Action": "sts:AssumeRole"}},
        PolicyKind.TRUST,
        "trust",
    )
    assert decided(resource=[trust], must=True, action="sts:AssumeRole").allowed
    unnamed = decided(resource=[trust], must=True, action="sts:AssumeRole", principal=SESSION)
    assert unnamed.needed[-1].statement == {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize("action", ["s3:getobject", "S3:GetObject", "s3:Get*", "s3:?etObject", "*"])
def test_actions_are_compared_in_any_case(action: str) -> None:
    assert decided(policy(Action=action)).allowed


@pytest.mark.parametrize(
    ("resource", "matches"),
    [
        (PHOTO, True),
        ("arn:aws:s3:::photos/*", True),
        ("arn:aws:s3:::photos/${aws:username}/*", True),
        ("arn:aws:s3:::photos/${aws:username}/${aws:username}*", False),
        ("arn:aws:s3:::photos/${aws:userid}/*", False),
        ("arn:aws:s3:::photos/${aws:PrincipalTag/team}nn/*", True),
        ("arn:aws:s3:::photos/${aws:PrincipalTag/colour}/*", False),
        ("arn:aws:s3:::photos/${aws:PrincipalTag/colour, 'ann'}/*", True),
        ("arn:aws:s3:::photos/ann/${*}.jpg", False),
        ("arn:aws:s3:::photos/ann/?.jpg", True),
        ("arn:aws:s3:::PHOTOS/*", False),
        ("arn:aws:s3", True),
        ("arn:aws:s3:*", True),
        ("arn:aws:*:photos/ann/a.jpg", False),  # a star stays within its field
    ],
)
def test_resources_and_their_variables(resource: str, matches: bool) -> None:
    assert decided(policy(Resource=resource)).allowed is matches
    if "colour}" in resource:
        matches = True  # Nothing is known of what such a NotResource leaves out, so it speaks of nothing.
    negated = {"Effect": "Allow", "Action": "s3:*", "NotResource": resource}
    others = parse_policy({"Version": "2012-10-17", "Statement": negated}, PolicyKind.IDENTITY, "others")
    assert decided(others).allowed is not matches


def test_the_old_version_has_no_variables() -> None:
    resource = "arn:aws:s3:::photos/${aws:username}/*"
    document = {"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": resource}}
    assert not decided(parse_policy(document, PolicyKind.IDENTITY, "old")).allowed


def test_a_value_with_a_star_is_no_pattern() -> None:
    """Whoever chooses a tag or a name does not widen a policy by it."""
    sly = Principal(OWN, ANN.arn, PrincipalKind.USER, name="*")
    mine = policy(Resource="arn:aws:s3:::photos/${aws:username}/*")
    assert not decided(mine, principal=sly).allowed
    like = policy(Condition={"StringLike": {"s3:prefix": "${aws:username}"}})
    assert not decided(like, principal=sly, context={"s3:prefix": ["ann"]}).allowed


def test_conditions_look_only_at_the_account_where_nothing_else_is_known() -> None:
    """`CUSTOM_LABELS_AUTH=off`: what depends on the identity counts as met in an Allow and as not met in a Deny."""
    caller = account_principal(OWN)
    key = {"aws:PrincipalOrgID": "o-1"}
    assert decided(principal=caller, resource=[bucket_policy(Condition={"StringEquals": key})], owner=OTHER).allowed
    assert decided(principal=caller, resource=[bucket_policy(Effect="Deny", Condition={"StringEquals": key})]).allowed
    account = {"StringNotEquals": {"aws:PrincipalAccount": OTHER}}
    assert not decided(principal=caller, resource=[bucket_policy(Effect="Deny", Condition=account)]).allowed
    user = {"AWS": f"arn:aws:iam::{OWN}:user/anybody"}
    assert not decided(principal=caller, resource=[bucket_policy(user, Effect="Deny")]).allowed


def test_patterns_of_many_stars_cost_no_more_than_text() -> None:
    """Eight stars and more, against texts on which backtracking would take longer than anybody waits."""
    stars = "arn:aws:s3:::" + "*a" * 40 + "b"
    request = Request("s3:GetObject", "arn:aws:s3:::" + "a" * 1_000, ANN)
    assert not decide(request, PolicySet((policy(Resource=stars),))).allowed
    like = policy(Condition={"StringLike": {"s3:prefix": "*?" * 40 + "b"}})
    request = Request("s3:GetObject", PHOTO, ANN, {"s3:prefix": ["a" * 1_000]})
    assert not decide(request, PolicySet((like,))).allowed
