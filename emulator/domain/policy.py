"""Project policies: what a document must look like (CP-6 to CP-8). Whom it lets copy a model, `domain.iam` decides."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from emulator.domain.errors import RuleError

COPY_ACTION = "rekognition:CopyProjectVersion"

_REQUIRED = ("Effect", "Principal", "Action", "Resource")
_FORBIDDEN = ("NotPrincipal", "NotAction", "NotResource")
_KNOWN = frozenset({*_REQUIRED, "Sid", "Condition"})
_RESOURCE = re.compile(r"\*|arn:[a-z\d*-]+:rekognition:[a-z\d*-]*:[\d*]*:project/.+")
# Everybody, an account, the ARN of an identity, the id that IAM gives an identity in place of its ARN, another kind.
_PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:[a-z\d-]+:(?:iam|sts)::\d{12}:\S+|A[A-Z\d]{15,127}|(?:Service|Federated|CanonicalUser):.+",
    re.DOTALL,
)


class MalformedPolicyError(RuleError):
    """The policy document breaks the grammar of project policies."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocumentException", message)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a checked policy, as far as the grammar of project policies goes."""

    principals: tuple[str, ...]
    resources: tuple[str, ...]


def parse_policy(document: str) -> tuple[Statement, ...]:
    """Check a policy document against CP-6 and CP-7. Raises MalformedPolicyError with the reason."""
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise MalformedPolicyError("The policy document is not valid JSON.") from None
    if not isinstance(policy, dict):
        raise MalformedPolicyError("The policy document must be a JSON object.")
    if policy.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise MalformedPolicyError("The policy document has an unknown Version.")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyError("The policy document must have at least one Statement.")
    return tuple(_parse_statement(statement) for statement in statements)


def check_new_policy(document: str, project_arn: str) -> None:
    """Check a document before it is stored for a project: as `parse_policy`, and every AWS principal names somebody,
    every resource a version of the project, at least one that may come (CP-7), and every condition can be evaluated.

    Raises MalformedPolicyError. Documents of older releases may have principals and resources that match nothing.
    """
    versions = project_arn.rpartition("/")[0] + "/version/"
    for statement in parse_policy(document):
        for principal in statement.principals:
            if not _PRINCIPAL.fullmatch(principal):
                raise MalformedPolicyError(f"The policy element Principal has the invalid principal {principal}.")
        for resource in statement.resources:
            if not _can_begin_with(resource, versions):
                raise MalformedPolicyError(
                    f"The policy resource {resource} can match no version of the project: their ARNs are {versions}"
                    "VERSION/TIMESTAMP."
                )
    from emulator.domain.iam import documents as iam  # only where rights are looked at

    try:
        iam.parse_policy(document, iam.PolicyKind.PROJECT, "new")
    except iam.PolicyError as error:
        raise MalformedPolicyError(f"The policy document has a problem in {error.problems[0]}.") from None


def _parse_statement(statement: object) -> Statement:
    if not isinstance(statement, dict):
        raise MalformedPolicyError("Every Statement of the policy document must be a JSON object.")
    for name in _FORBIDDEN:
        if name in statement:
            raise MalformedPolicyError(f"The policy element {name} is not allowed in a project policy.")
    for name in _REQUIRED:
        if name not in statement:
            raise MalformedPolicyError(f"The policy document lacks the required element {name}.")
    for name in statement:
        if name not in _KNOWN:
            raise MalformedPolicyError(f"The policy document has the unknown element {name}.")
    effect = statement["Effect"]
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise MalformedPolicyError("The Effect of a policy statement must be Allow or Deny.")
    _check_actions(statement["Action"])
    return Statement(_principals(statement["Principal"]), _resources(statement["Resource"]))


def _strings(value: object, element: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(item, str) and item for item in values):
        raise MalformedPolicyError(f"The policy element {element} must be a string or a list of strings.")
    return tuple(values)


def _principals(value: object) -> tuple[str, ...]:
    if value == "*":
        return ("*",)
    if not isinstance(value, dict) or not value:
        raise MalformedPolicyError('The policy element Principal must be * or an object such as {"AWS": ...}.')
    found: list[str] = []
    for kind, names in value.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise MalformedPolicyError(f"The policy element Principal has the unknown kind {kind}.")
        found.extend(name if kind == "AWS" else f"{kind}:{name}" for name in _strings(names, "Principal"))
    return tuple(found)


def _check_actions(value: object) -> None:
    for action in _strings(value, "Action"):
        if action.lower() != COPY_ACTION.lower():
            raise MalformedPolicyError(f"The only action that a project policy may name is {COPY_ACTION}.")


def _resources(value: object) -> tuple[str, ...]:
    resources = _strings(value, "Resource")
    for resource in resources:
        if not _RESOURCE.fullmatch(resource):
            raise MalformedPolicyError(f"The policy resource {resource} is not the ARN of a project version, nor *.")
    return resources


def _can_begin_with(pattern: str, beginning: str) -> bool:
    """Whether the pattern (`*` any text, `?` any character) matches some text that goes on after `beginning`."""
    alive = {0}  # how much of the pattern may have been used up
    for character in beginning:
        alive |= {place + 1 for place in alive if pattern[place : place + 1] == "*"}
        alive = {place for place in alive if pattern[place : place + 1] == "*"} | {
            place + 1 for place in alive if pattern[place : place + 1] in (character, "?")
        }
    return any(pattern[place:] for place in alive)
