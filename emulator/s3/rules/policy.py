"""Bucket policies: checked when they are put, and their Deny statements enforced.

Access is allowed unless a policy says no, so Allow statements change nothing. Of a caller only the account is known: a
principal that names a user or a role counts for its whole account. A statement with a condition that cannot be decided
from the account is not applied (docs/s3.md lists what can).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from emulator.domain.json_values import JsonObject
from emulator.s3.errors import S3Error

_LONGEST_POLICY = 20 * 1024
_ACCOUNT = re.compile(r"\d{12}")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_VERSIONS = ("2008-10-17", "2012-10-17")
_ACTIONS_WITH_VERSIONS = frozenset(
    f"s3:{action}"
    for action in (
        *("GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectTagging", "PutObjectAcl", "PutObjectTagging"),
        *("DeleteObject", "DeleteObjectTagging"),
    )
)
_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


def check(document: bytes, bucket: str) -> None:
    """Raises MalformedPolicy for what S3 would not store."""
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise S3Error("MalformedPolicy") from error
    if not isinstance(policy, dict) or not document.lstrip().startswith(b"{"):
        raise S3Error("MalformedPolicy")
    if len(document) > _LONGEST_POLICY:
        raise S3Error("MalformedPolicy", "Normalized policy document exceeds the maximum allowed size of 20480 bytes.")
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise S3Error("MalformedPolicy", "The policy must contain a valid version string")
    statements = _listed(policy.get("Statement"))
    if not statements:
        raise S3Error("MalformedPolicy", "Missing required field Statement")
    for statement in statements:
        _check_statement(statement, bucket)


def action_on(action: str, version_id: str | None) -> str:
    """The name of an action on an object when it is done to one version of it, as `s3:DeleteObjectVersion`."""
    if version_id is None or action not in _ACTIONS_WITH_VERSIONS:
        return action
    return action.replace("Object", "ObjectVersion", 1)


def denies(document: bytes, account: str, action: str, resource: str) -> bool:
    """Whether a policy forbids `account` an action such as `s3:GetObject` on an ARN."""
    return any(
        statement.get("Effect") == "Deny"
        and _names_principal(statement, account)
        and _names(statement, "Action", action, ignore_case=True)
        and _names(statement, "Resource", resource, ignore_case=False)
        and all(
            _condition_holds(operator, key, _listed(values), account)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
        for statement in _statements(document)
    )


@lru_cache(maxsize=128)
def _statements(document: bytes) -> list[JsonObject]:
    statements: list[JsonObject] = _listed(json.loads(document)["Statement"])
    return statements


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _check_statement(statement: object, bucket: str) -> None:
    if not isinstance(statement, dict):
        raise S3Error("MalformedPolicy", "Policy statements must be objects")
    unknown = sorted(set(statement) - _ELEMENTS)
    if unknown:
        raise S3Error("MalformedPolicy", f"Unknown field {unknown[0]}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise S3Error("MalformedPolicy", f"Invalid effect: {statement.get('Effect')}")
    for name, negated in _PAIRS:
        if (name in statement) == (negated in statement):
            raise S3Error("MalformedPolicy", f"Missing required field {name}")
    if not _is_principal(statement.get("Principal", statement.get("NotPrincipal"))):
        raise S3Error("MalformedPolicy", "Invalid principal in policy")
    resources, actions = (_listed(statement.get(name, statement.get("Not" + name))) for name in ("Resource", "Action"))
    if not resources or not actions:
        raise S3Error("MalformedPolicy", "Policy statements must contain resources and actions")
    for resource in resources:
        if not isinstance(resource, str) or not _names_bucket(resource, bucket):
            raise S3Error("MalformedPolicy", "Policy has invalid resource")
    for action in actions:
        if not isinstance(action, str) or not (action == "*" or action.lower().startswith("s3:")):
            raise S3Error("MalformedPolicy", "Policy has invalid action")
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise S3Error("MalformedPolicy", "Policy has invalid condition")


def _is_principal(value: object) -> bool:
    """`*`, or lists of names by their kind."""
    if not isinstance(value, dict):
        return bool(value == "*")
    return bool(value) and all(
        kind in _PRINCIPAL_KINDS and _listed(names) and all(isinstance(name, str) and name for name in _listed(names))
        for kind, names in value.items()
    )


def _names_bucket(resource: str, bucket: str) -> bool:
    match = re.fullmatch(r"(\*|arn:[^:]+:s3:::([^/]+)(/.*)?)", resource, re.DOTALL)
    return match is not None and (match[1] == "*" or _like(match[2], bucket))


def _names_principal(statement: JsonObject, account: str) -> bool:
    if "NotPrincipal" in statement:
        return not _is_among(statement["NotPrincipal"], account)
    return _is_among(statement.get("Principal"), account)


def _is_among(principal: object, account: str) -> bool:
    named = _listed(principal.get("AWS")) if isinstance(principal, dict) else _listed(principal)
    return any(name == "*" or account in _ACCOUNT.findall(str(name)) for name in named)


def _names(statement: JsonObject, element: str, value: str, *, ignore_case: bool) -> bool:
    def is_in(patterns: list[str]) -> bool:
        return any(
            _like(pattern.lower(), value.lower()) if ignore_case else _like(pattern, value) for pattern in patterns
        )

    if element in statement:
        return is_in(_listed(statement[element]))
    return not is_in(_listed(statement["Not" + element]))


def _condition_holds(operator: str, key: str, values: list[str], account: str) -> bool:
    known = {
        "aws:principalaccount": account,
        "aws:principalarn": f"arn:aws:iam::{account}:root",
        "aws:securetransport": "true",  # the emulator speaks plain HTTP where AWS would be asked by HTTPS
    }.get(key.lower())
    if known is None:
        return False
    negated = "Not" in operator
    kind = operator.removesuffix("IfExists").replace("Not", "")
    if kind not in ("StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnEquals", "ArnLike", "Bool"):
        return False
    found = any(
        _like(str(value).lower(), known.lower()) if kind == "Bool" else _like(str(value), known) for value in values
    )
    return found != negated


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    """A wildcard pattern as a regular expression that never tries a star twice, so that stars cost no more than text.

    What lies between two stars is taken where it is found first (an atomic group): if the rest does not fit behind it
    there, it fits nowhere.
    """
    first, *others = (
        "".join("." if letter == "?" else re.escape(letter) for letter in piece) for piece in pattern.split("*")
    )
    if not others:
        return re.compile(first, re.DOTALL)
    between = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
    return re.compile(f"{first}{between}.*{others[-1]}", re.DOTALL)


def _like(pattern: str, value: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None
