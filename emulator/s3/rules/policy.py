"""Bucket policies as they are put: what S3 would not store. What they allow and deny, `s3.access` asks `domain.iam`."""

from __future__ import annotations

import json
import re
from typing import Any

from emulator.domain.iam.patterns import like
from emulator.s3.errors import S3Error

_LONGEST_POLICY = 20 * 1024
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
    from emulator.domain.iam import documents as iam  # only where rights are looked at

    try:
        iam.parse_policy(document, iam.PolicyKind.BUCKET, bucket)
    except iam.PolicyError as error:
        raise S3Error("MalformedPolicy", f"Policy has a problem in {error.problems[0]}") from None


def action_on(action: str, version_id: str | None) -> str:
    """The name of an action on an object when it is done to one version of it, as `s3:DeleteObjectVersion`."""
    if version_id is None or action not in _ACTIONS_WITH_VERSIONS:
        return action
    return action.replace("Object", "ObjectVersion", 1)


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
    return match is not None and (match[1] == "*" or like(match[2], bucket))
