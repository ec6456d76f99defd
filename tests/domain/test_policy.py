"""Project policies: their grammar, and whom they let copy a model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.iam.documents import PolicyKind, parse_stored_policy
from emulator.domain.iam.evaluation import PolicySet, Reason, decide
from emulator.domain.iam.requests import Request, account_principal
from emulator.domain.policy import MalformedPolicyError, check_new_policy, parse_policy

OWNER, TRUSTED, STRANGER = "111122223333", "444455556666", "777788889999"
PROJECT = f"arn:aws:rekognition:us-east-1:{OWNER}:project/shapes/1690556751958"
VERSION = f"arn:aws:rekognition:us-east-1:{OWNER}:project/shapes/version/first/1690556751958"


def statement(**changes: Any) -> dict[str, Any]:
    """A statement that lets TRUSTED copy any version; a change to None takes the element out."""
    whole = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{TRUSTED}:root"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": "*",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def document(*statements: Any, **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | members)


def decision_of(account: str, *documents: str) -> Reason:
    """Whether an account may copy VERSION of OWNER's project with these policies."""
    policies = tuple(parse_stored_policy(text, PolicyKind.PROJECT, "policy") for text in documents)
    copying = Request("rekognition:CopyProjectVersion", VERSION, account_principal(account), owner=OWNER)
    return decide(copying, PolicySet(resource=policies)).reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"Allow"',
        "[" * 100_000,
        "{}",
        '{"Statement": []}',
        '{"Statement": "all"}',
        '{"Statement": [1]}',
        document(statement(), Version="2020-01-01"),
        document(statement(Effect=None)),
        document(statement(Principal=None)),
        document(statement(Action=None)),
        document(statement(Resource=None)),
        document(statement(Effect="Permit")),
        document(statement(Effect=["Allow"])),
        document(statement(NotAction="rekognition:DetectLabels")),
        document(statement(NotResource="*")),
        document(statement(NotPrincipal={"AWS": "*"})),
        document(statement(Action="rekognition:*")),
        document(statement(Action=["rekognition:CopyProjectVersion", "rekognition:DeleteProject"])),
        document(statement(Action=[])),
        document(statement(Action=[1])),
        document(statement(Resource="arn:aws:s3:::bucket")),
        document(statement(Resource=[])),
        document(statement(Resource=[""])),
        document(statement(Principal="everybody")),
        document(statement(Principal={})),
        document(statement(Principal={"AWS": []})),
        document(statement(Principal={"Group": "x"})),
        document(statement(Surprise=1)),
        document(statement(), statement(Effect="Perhaps")),
    ],
)
def test_malformed_documents(text: str) -> None:
    """CP-6: required and forbidden elements, one action, version ARNs or *."""
    with pytest.raises(MalformedPolicyError) as caught:
        parse_policy(text)
    assert caught.value.code == "MalformedPolicyDocumentException"
    assert caught.value.message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["Statement", "Effect", "Principal", "Action", "Resource", "Version", "AWS", "Condition"]
                ),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_any_json_is_read_or_malformed(value: Any) -> None:
    try:
        assert parse_policy(json.dumps(value))
    except MalformedPolicyError as error:
        assert error.message.startswith(("The ", "Every "))


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": TRUSTED},
        {"AWS": f"arn:aws:iam::{TRUSTED}:root"},
        {"AWS": f"arn:aws:iam::{TRUSTED}:role/copier"},
        {"AWS": [f"arn:aws:iam::{STRANGER}:user/u", f"arn:aws:sts::{TRUSTED}:assumed-role/copier/session"]},
    ],
)
def test_principals_that_mean_the_account(principal: Any) -> None:
    """CP-6: any principal is allowed; identities below an account count as the account."""
    assert decision_of(TRUSTED, document(statement(Principal=principal))) is Reason.ALLOW


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": STRANGER},
        {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        {"AWS": f"{TRUSTED}0"},
        {"Service": "rekognition.amazonaws.com"},
        {"CanonicalUser": TRUSTED},
        {"Federated": "*"},
    ],
)
def test_principals_that_mean_others(principal: Any) -> None:
    assert decision_of(TRUSTED, document(statement(Principal=principal))) is Reason.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("resource", "is_covered"),
    [
        ("*", True),
        (VERSION, True),
        (f"arn:aws:rekognition:us-east-1:{OWNER}:project/shapes/version/*", True),
        (f"arn:aws:rekognition:*:{OWNER}:project/shapes/version/f?rst/*", True),
        (f"arn:aws:rekognition:us-east-1:{OWNER}:project/shapes/version/second/*", False),
        (f"arn:aws:rekognition:us-east-1:{OWNER}:project/shapes/version/[f]irst/*", False),
        (f"arn:aws:rekognition:us-east-1:{OWNER}:project/SHAPES/version/*", False),
        ([f"arn:aws:rekognition:us-east-1:{OWNER}:project/other/version/*", VERSION], True),
    ],
)
def test_resources_and_their_wildcards(resource: Any, is_covered: bool) -> None:
    """CP-7; * and ? are wildcards, brackets are not."""
    expected = Reason.ALLOW if is_covered else Reason.IMPLICIT_DENY
    assert decision_of(TRUSTED, document(statement(Resource=resource))) is expected


def test_a_single_statement_needs_no_list_and_case_does_not_matter() -> None:
    """X-23."""
    text = json.dumps({"Statement": statement(Effect="ALLOW", Action="Rekognition:copyprojectversion")})
    assert decision_of(TRUSTED, text) is Reason.ALLOW


@given(st.permutations(["allow", "deny", "silent"]))
def test_an_explicit_deny_wins_in_any_order(order: list[str]) -> None:
    """SE-2, api-facts §8.4: within one policy and across policies."""
    statements = {
        "allow": statement(),
        "deny": statement(Effect="Deny"),
        "silent": statement(Principal={"AWS": STRANGER}),
    }
    assert decision_of(TRUSTED, document(*(statements[name] for name in order))) is Reason.EXPLICIT_DENY
    assert decision_of(TRUSTED, *(document(statements[name]) for name in order)) is Reason.EXPLICIT_DENY


def test_conditions_on_what_is_known_are_evaluated() -> None:
    """Findings 6.3: a conditional Deny denies."""
    is_trusted = {"StringEquals": {"aws:PrincipalAccount": TRUSTED}}
    assert decision_of(TRUSTED, document(statement(Condition=is_trusted))) is Reason.ALLOW
    assert decision_of(STRANGER, document(statement(Principal="*", Condition=is_trusted))) is Reason.IMPLICIT_DENY
    denied = document(statement(), statement(Effect="Deny", Condition=is_trusted))
    assert decision_of(TRUSTED, denied) is Reason.EXPLICIT_DENY


def test_conditions_on_what_is_unknown_allow_and_do_not_deny() -> None:
    """Ours (docs/parity.md): without identities nothing but the account is known of a caller."""
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert decision_of(TRUSTED, document(statement(Condition=condition))) is Reason.ALLOW
    denied = document(statement(), statement(Effect="Deny", Condition=condition))
    assert decision_of(TRUSTED, denied) is Reason.ALLOW


def test_no_policy_says_nothing() -> None:
    assert decision_of(TRUSTED) is Reason.IMPLICIT_DENY


def test_new_policies_have_conditions_that_can_be_evaluated() -> None:
    with pytest.raises(MalformedPolicyError, match="the operator StringEqual is not known; StringEquals is"):
        check_new_policy(document(statement(Condition={"StringEqual": {"aws:PrincipalOrgID": "o-1"}})), PROJECT)


@pytest.mark.parametrize("name", ["foo", "12345", f"{TRUSTED}0", "arn:aws:iam::somebody:root", "arn:aws:s3:::bucket"])
def test_new_policies_name_somebody(name: str) -> None:
    """CP-6; what an older release stored is still read, and matches nobody."""
    text = document(statement(Principal={"AWS": [TRUSTED, name]}))
    with pytest.raises(MalformedPolicyError):
        check_new_policy(text, PROJECT)
    assert decision_of(STRANGER, text) is Reason.IMPLICIT_DENY


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": ["*", TRUSTED, f"arn:aws-cn:iam::{TRUSTED}:role/a/b", "AIDACKCEVSQ6C2EXAMPLE"]},
        {"AWS": f"arn:aws:sts::{TRUSTED}:assumed-role/copier/me@example.com"},
        {"Service": "rekognition.amazonaws.com", "Federated": "cognito-identity.amazonaws.com"},
    ],
)
def test_principals_of_new_policies(principal: Any) -> None:
    check_new_policy(document(statement(Principal=principal)), PROJECT)
