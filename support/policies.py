"""Random policies and requests, for comparing evaluators: small alphabets, so that much of it matches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import PolicySet
from emulator.domain.iam.requests import Principal, PrincipalKind, Request

OWN, OTHER = "111122223333", "444455556666"
_ROLE = f"arn:aws:iam::{OWN}:role/Reader"
PRINCIPALS = (
    Principal(
        OWN, f"arn:aws:iam::{OWN}:user/ann", PrincipalKind.USER, name="ann", user_id="AIDAANN", tags={"Team": "a"}
    ),
    Principal(OWN, f"arn:aws:iam::{OWN}:user/team/bob", PrincipalKind.USER, name="bob", user_id="AIDABOB"),
    Principal(
        OWN,
        f"arn:aws:sts::{OWN}:assumed-role/Reader/run",
        PrincipalKind.SESSION,
        user_id="AROAREADER:run",
        role_arn=_ROLE,
    ),
)
_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetObjectTagging")
_ACTION_PATTERNS = (*_ACTIONS, "s3:*", "*", "s3:Get*", "S3:getobject", "s3:?etObject", "s3:*Object*", "kms:*")
_BUCKETS = ("photos", "photos-2", "logs")
_KEYS = ("", "/a.jpg", "/ann/a.jpg", "/bob/b/c.jpg", "/x*y")
_RESOURCE_PATTERNS = (
    *("*", "arn:aws:s3:::*", "arn:aws:s3:::photos*", "arn:aws:s3:::photos/*", "arn:aws:s3:::photos/${aws:username}/*"),
    *(
        "arn:aws:s3:::*/${aws:username, 'bob'}/*",
        "arn:aws:s3:::photos/?.jpg",
        "arn:aws:s3:::logs",
        "arn:aws:s3:::*/*a*",
    ),
    *("arn:aws:s3:::photos/x${*}y", "arn:*:s3:::photos-?", "arn:aws:s3:::${aws:PrincipalTag/Team}*"),
)
_TEXTS = ("a", "b", "ab", "A", "${aws:username}", "a*", "*b", "?", "${*}")
_CONDITIONS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        *(
            (
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLike",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
            ),
        ),
        *(("aws:RequestTag/Kind", "s3:prefix", "aws:username", "aws:PrincipalTag/team"), _TEXTS),
    ),
    (
        (
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ),
        *(("s3:max-keys",), ("1", "10", "2.5")),
    ),
    (
        (
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ),
        *(("aws:CurrentTime",), ("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z")),
    ),
    (("Bool",), ("aws:SecureTransport",), ("true", "false")),
    (("IpAddress", "NotIpAddress"), ("aws:SourceIp",), ("10.0.0.0/8", "10.1.2.3", "192.168.0.0/16", "2001:db8::/32")),
    (
        *(("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"), ("aws:PrincipalArn", "aws:SourceArn")),
        (f"arn:aws:iam::{OWN}:*", f"arn:aws:iam::{OWN}:user/ann", "arn:aws:iam::*:role/*", "arn:aws:s3:::photos"),
    ),
    (("Null",), ("aws:RequestTag/Kind", "aws:SourceIp", "aws:username"), ("true", "false")),
)
_NAMES = (
    "*",
    OWN,
    f"arn:aws:iam::{OWN}:root",
    f"arn:aws:iam::{OWN}:user/ann",
    _ROLE,
    OTHER,
    f"arn:aws:sts::{OWN}:assumed-role/Reader/run",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the documents that it is decided by."""

    request: Request
    identity: list[dict[str, object]]
    boundary: list[dict[str, object]] | None
    session: list[dict[str, object]] | None
    resource: list[dict[str, object]]

    def policies(self) -> PolicySet:
        """The documents, parsed."""
        return PolicySet(
            _parsed(self.identity, PolicyKind.IDENTITY),
            None if self.boundary is None else _parsed(self.boundary, PolicyKind.BOUNDARY),
            None if self.session is None else _parsed(self.session, PolicyKind.SESSION),
            _parsed(self.resource, PolicyKind.BUCKET),
        )


def _parsed(documents: Sequence[dict[str, object]], kind: PolicyKind) -> tuple[Policy, ...]:
    return tuple(parse_policy(document, kind, str(number)) for number, document in enumerate(documents))


def random_case(chance: random.Random) -> Case:
    """A request with policies of all kinds, the resource's sometimes of another account."""
    principal = chance.choice(PRINCIPALS)
    action = chance.choice(_ACTIONS)
    resource = f"arn:aws:s3:::{chance.choice(_BUCKETS)}{chance.choice(_KEYS)}"
    request = Request(action, resource, principal, _context(chance), chance.choice((OWN, OWN, OTHER)))
    return Case(
        request,
        [_document(chance) for _ in range(chance.choice((0, 1, 1, 2)))],
        [_document(chance)] if chance.random() < 0.2 else None,
        [_document(chance)] if chance.random() < 0.2 and principal.kind is PrincipalKind.SESSION else None,
        [_document(chance, names=True) for _ in range(chance.choice((0, 1)))],
    )


def _context(chance: random.Random) -> dict[str, list[str]]:
    possible: dict[str, list[str]] = {
        "aws:requesttag/kind": [chance.choice(("a", "b", "ab", "A", "*"))],
        "s3:prefix": [chance.choice(("a", "b", "ab", "ann"))],
        "s3:max-keys": [chance.choice(("1", "10", "2.50", "many"))],
        "aws:currenttime": [chance.choice(("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"))],
        "aws:securetransport": [chance.choice(("true", "false"))],
        "aws:sourceip": [chance.choice(("10.1.2.3", "192.168.1.1", "2001:db8::1", "8.8.8.8"))],
        "aws:tagkeys": chance.sample(("a", "b", "ab"), chance.randrange(1, 4)),
    }
    return {key: values for key, values in possible.items() if chance.random() < 0.7}


def _document(chance: random.Random, *, names: bool = False) -> dict[str, object]:
    version = chance.choice(("2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"))
    return {
        "Version": version,
        "Statement": [_statement(chance, names=names) for _ in range(chance.choice((1, 1, 2, 3)))],
    }


def _statement(chance: random.Random, *, names: bool) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": chance.choice(("Allow", "Allow", "Allow", "Deny"))}
    if names:
        given = chance.choice(("*", {"AWS": _some(chance, _NAMES)}, {"AWS": _some(chance, _NAMES)}))
        statement["NotPrincipal" if chance.random() < 0.1 else "Principal"] = given
    statement["NotAction" if chance.random() < 0.1 else "Action"] = _some(chance, _ACTION_PATTERNS)
    statement["NotResource" if chance.random() < 0.1 else "Resource"] = _some(chance, _RESOURCE_PATTERNS)
    if chance.random() < 0.5:
        conditions: dict[str, dict[str, object]] = {}
        for _ in range(chance.choice((1, 1, 2))):
            operators, keys, values = chance.choice(_CONDITIONS)
            operator, key = chance.choice(operators), chance.choice(keys)
            if operator != "Null":
                if operators[0] == "StringEquals" and chance.random() < 0.3:
                    key = "aws:TagKeys"
                    operator = f"{chance.choice(('ForAllValues', 'ForAnyValue'))}:{operator}"
                operator += chance.choice(("", "", "IfExists"))
            conditions.setdefault(operator, {})[key] = _some(chance, values)
        statement["Condition"] = conditions
    return statement


def _some(chance: random.Random, values: Sequence[str]) -> str | list[str]:
    chosen = chance.sample(values, chance.choice((1, 1, 2)) if len(values) > 1 else 1)
    return chosen[0] if len(chosen) == 1 and chance.random() < 0.5 else list(chosen)
