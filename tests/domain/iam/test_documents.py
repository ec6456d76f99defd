"""Policy documents: what is refused, and how it is said."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.iam.documents import PolicyError, PolicyKind, parse_policy, parse_stored_policy

ALLOW: Mapping[str, object] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
OF_BUCKET: Mapping[str, object] = {**ALLOW, "Principal": "*"}


def problems(
    *statements: object, kind: PolicyKind = PolicyKind.IDENTITY, version: object = "2012-10-17", **members: object
) -> list[str]:
    """What is said of a document with these statements."""
    document = {"Version": version, "Statement": list(statements), **members}
    with pytest.raises(PolicyError) as raised:
        parse_policy(document, kind, "mine")
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "document: is not JSON"),
        ("[]", "document: is not a JSON object"),
        ("{}", "Statement: is missing"),
        ('{"Statement": []}', "Statement: is missing"),
        ('{"Statement": [3]}', "Statement[1]: is not a JSON object"),
        ('{"Statement": {}, "Statement": {}}', "document: is not JSON: Statement is written twice"),
        ("[" * 100_000, "document: is not JSON"),
    ],
)
def test_texts_that_are_not_policies(text: str, problem: str) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text, PolicyKind.IDENTITY, "mine")
    assert str(raised.value.problems[0]).startswith(problem)
    assert str(raised.value).startswith("policy mine: ")


def test_every_problem_names_its_statement_and_element() -> None:
    found = problems(
        ALLOW,
        {"Effect": "allow", "Action": "GetObject", "Resource": "bucket/*"},
        {"Action": [], "Resourcez": "*"},
        version="2012-10-18",
    )
    assert found == [
        "Version: is neither 2012-10-17 nor 2008-10-17",
        "Statement[2].Effect: is neither Allow nor Deny: allow",
        "Statement[2].Action: GetObject is not an action: write SERVICE:ACTION",
        "Statement[2].Resource: bucket/* is neither * nor an ARN",
        "Statement[3].Resourcez: is not an element of a statement",
        "Statement[3].Effect: is missing",
        "Statement[3].Action: is neither a string nor a list of strings",
        "Statement[3].Resource: is missing",
    ]


@pytest.mark.parametrize(
    ("operator", "said"),
    [
        ("StringEqual", "the operator StringEqual is not known; StringEquals is"),
        ("StringLikeIfExist", "the operator StringLikeIfExist is not known; StringLike is"),
        ("ForSomeValues:StringLike", "the operator ForSomeValues:StringLike is not known"),
        ("NullIfExists", "the operator NullIfExists is not known"),
        ("Wibble", "the operator Wibble is not known"),
    ],
)
def test_unknown_operators_are_refused_by_name(operator: str, said: str) -> None:
    found = problems({**ALLOW, "Condition": {operator: {"aws:username": "ann"}}})
    assert len(found) == 1
    assert found[0].startswith(f"Statement[1].Condition.{operator}: {said}")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"NumericEquals": {"s3:max-keys": "many"}}, "many is not a number"),
        ({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}, "tomorrow is not a date"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/40"}}, "10.0.0.0/40 is neither an IP address"),
        ({"Bool": {"aws:SecureTransport": "yes"}}, "yes is neither true nor false"),
        ({"BinaryEquals": {"key": "?"}}, "? is not base64"),
        ({"StringEquals": {"aws:username": "${aws:username"}}, "has a variable that does not end"),
        ({"StringEquals": {"aws:username": "${a b}"}}, "${a b} is not a variable"),
        ({"StringEquals": {"aws:username": [{}]}}, "has a value that is neither text"),
        ({"StringEquals": "ann"}, "is not an object of condition keys"),
        ("StringEquals", "is not a JSON object"),
    ],
)
def test_conditions_that_nothing_can_meet(condition: object, said: str) -> None:
    (found,) = problems({**ALLOW, "Condition": condition})
    assert said in found


@pytest.mark.parametrize(
    ("kind", "statement", "said"),
    [
        (PolicyKind.IDENTITY, OF_BUCKET, "Principal: is not allowed in an identity-based policy"),
        (PolicyKind.SESSION, OF_BUCKET, "Principal: is not allowed"),
        (PolicyKind.BUCKET, ALLOW, "Principal: is missing"),
        (PolicyKind.BUCKET, {**OF_BUCKET, "NotPrincipal": "*"}, "Principal: and NotPrincipal exclude each other"),
        (PolicyKind.KEY, {**OF_BUCKET, "Principal": {"AWS": "ann"}}, "ann is neither an account nor the ARN"),
        (PolicyKind.KEY, {**OF_BUCKET, "Principal": {"Aws": "*"}}, "Aws is not a kind of principal"),
        (PolicyKind.TRUST, OF_BUCKET, "s3:GetObject is not an action of STS"),
        (PolicyKind.TRUST, {**OF_BUCKET, "Action": "sts:AssumeRole"}, "Resource: is not allowed"),
        (PolicyKind.PROJECT, {**OF_BUCKET, "NotAction": "s3:*"}, "NotAction: is not allowed in a project policy"),
        (PolicyKind.IDENTITY, {**ALLOW, "Sid": "a b"}, "Sid: may have letters and digits only"),
    ],
)
def test_each_kind_of_policy_has_its_elements(kind: PolicyKind, statement: object, said: str) -> None:
    assert any(said in problem for problem in problems(statement, kind=kind))


def test_sids_are_unique() -> None:
    assert problems({**ALLOW, "Sid": "a"}, {**ALLOW, "Sid": "a"}) == ["Statement: has the Sid a more than once"]


def test_the_effect_of_a_project_policy_is_read_in_any_case() -> None:
    """CP-8."""
    document = {"Statement": [{**OF_BUCKET, "Effect": "ALLOW"}]}
    assert parse_policy(document, PolicyKind.PROJECT, "mine").statements[0].allows
    with pytest.raises(PolicyError):
        parse_policy(document, PolicyKind.BUCKET, "mine")


@pytest.mark.parametrize("document", ["[" * 6_000_000, b"x" * 6_000_000, {"Statement": ["x" * 1000] * 6_000}])
def test_a_policy_of_6_mb_is_refused_before_it_is_parsed(document: str | bytes | Mapping[str, object]) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_policy(document, PolicyKind.IDENTITY, "large")
    (problem,) = raised.value.problems
    assert "131,072 are the most" in str(problem)


@pytest.mark.parametrize(("kind", "most"), [(PolicyKind.SESSION, 2_048), (PolicyKind.IDENTITY, 10_240)])
def test_white_space_does_not_count_for_the_size(kind: PolicyKind, most: int) -> None:
    resources = [f"arn:aws:s3:::photos/{number:04}" for number in range(most // 30)]
    document = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Resource": resources}]}
    assert parse_policy(json.dumps(document, indent=10), kind, "mine").statements
    document["Statement"] = [{**ALLOW, "Resource": resources * 2}]
    with pytest.raises(PolicyError, match=f"{most:,} are the most"):
        parse_policy(json.dumps(document), kind, "mine")


def test_a_stored_policy_loses_only_the_statements_that_cannot_be_read() -> None:
    """Releases before this one looked neither at operators nor at values."""
    document = {"Statement": [{**OF_BUCKET, "Condition": {"Wibble": {"a": "b"}}}, {**OF_BUCKET, "Sid": "kept"}]}
    stored = parse_stored_policy(json.dumps(document), PolicyKind.BUCKET, "old")
    assert [statement.sid for statement in stored.statements] == ["kept"]
    assert parse_stored_policy("not JSON", PolicyKind.BUCKET, "old").statements == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
elements = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
likely = st.sampled_from(["Allow", "Deny", "*", "s3:*", {"AWS": "*"}, {"StringLike": {"a": "${b}"}}, "${", "${a,'b'}"])


@given(
    st.lists(st.dictionaries(st.sampled_from(elements), json_values | likely, max_size=6) | json_values, max_size=3),
    st.sampled_from(PolicyKind),
)
def test_any_object_is_a_policy_or_has_problems(statements: list[object], kind: PolicyKind) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    try:
        policy = parse_policy(document, kind, "any")
    except PolicyError as error:
        assert error.problems
    else:
        assert len(policy.statements) == len(statements)
        assert json.loads(policy.document) == document
