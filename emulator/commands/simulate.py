"""`custom-labels simulate`: what a user or role of the file of identities may do, without a server (O-33)."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from emulator.access.identities import Identities, IdentitiesError, Identity, load_identities
from emulator.domain.iam.documents import Policy, PolicyError, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, PolicySet, decide
from emulator.domain.iam.requests import Principal, Request, moment_keys
from emulator.settings import PREFIX

_SESSION = re.compile(r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/(.+)/([^/]+)")
_KINDS = {"s3": PolicyKind.BUCKET, "kms": PolicyKind.KEY, "sts": PolicyKind.TRUST, "rekognition": PolicyKind.PROJECT}


class SimulationError(Exception):
    """Something that was given is not understood; the message is one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who wants to do what, with what, in which circumstances."""
    parser.add_argument(
        "--as", dest="caller", metavar="WHO", required=True, help="ARN of a user, role, session or root; or user/NAME"
    )
    parser.add_argument("--action", required=True, help="such as rekognition:DetectCustomLabels or s3:GetObject")
    parser.add_argument("--resource", default="*", help="an ARN; default: *")
    parser.add_argument(
        "--identities",
        metavar="FILE",
        default=os.environ.get(f"{PREFIX}IDENTITIES"),
        help=f"the file of identities; default: that of {PREFIX}IDENTITIES",
    )
    parser.add_argument(
        "--owner", metavar="ACCOUNT", help="whose the resource is; default: the ARN's, else the caller's"
    )
    parser.add_argument(
        "--resource-policy", metavar="FILE", help="the policy of the bucket, the project or the key, as JSON"
    )
    parser.add_argument(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a condition key, such as aws:SourceIp=10.0.0.1; may be repeated, also for more values of one key",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """0 if it is allowed, 1 if it is not or something given is wrong."""
    try:
        decision = _decide(arguments)
    except (IdentitiesError, PolicyError, SimulationError, OSError) as error:
        print(f"custom-labels simulate: {error}", file=sys.stderr)
        return 1
    print(json.dumps(_document(decision)) if arguments.json else _text(decision))
    return 0 if decision.allowed else 1


def _decide(arguments: argparse.Namespace) -> Decision:
    if not arguments.identities:
        raise SimulationError(f"--identities FILE or {PREFIX}IDENTITIES is needed")
    identities = load_identities(Path(arguments.identities))
    principal, policies = _caller(identities, arguments.caller)
    service = arguments.action.partition(":")[0].lower()
    owner = arguments.owner or _owner_in(arguments.resource) or principal.account
    resource, must_allow = _resource_policies(identities, arguments, service)
    context = {**moment_keys(time.time()), "aws:securetransport": ["true"], **_context(arguments.context)}
    together = PolicySet(policies.identity, policies.boundary, policies.session, resource, must_allow)
    return decide(Request(arguments.action, arguments.resource, principal, context, owner), together)


def _caller(identities: Identities, name: str) -> tuple[Principal, PolicySet]:
    """The principal and its policies. Raises SimulationError for nobody, or for a name that several have."""
    session = _SESSION.fullmatch(name)
    if session is not None:
        roles = [one for one in identities.all() if _is_role(one, session[1], session[2])]
        if len(roles) == 1:
            role = roles[0].principal
            held = Principal(
                role.account,
                name,
                role.kind,
                user_id=f"{role.user_id}:{session[3]}",
                role_arn=roles[0].arn,
                tags=role.tags,
            )
            return held, roles[0].policies
    found = identities.find(name)
    named = [found] if found else [one for one in identities.all() if _is_called(one, name)]
    if len(named) != 1:
        known = ", ".join(one.arn for one in identities.all())
        raise SimulationError(f"{name} is {'several' if named else 'nobody'} of the file; it has {known}")
    return named[0].principal, named[0].policies


def _is_role(identity: Identity, account: str, name: str) -> bool:
    prefix = f"arn:aws:iam::{account}:role/"
    return identity.arn.startswith(prefix) and identity.arn.rpartition("/")[2] == name


def _is_called(identity: Identity, name: str) -> bool:
    """Whether `user/NAME` or `role/NAME` means it, whatever its path."""
    kind, _, path = identity.arn.split(":", 5)[5].partition("/")
    return name == f"{kind}/{path.rpartition('/')[2]}"


def _owner_in(resource: str) -> str | None:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4]) else None


def _resource_policies(
    identities: Identities, arguments: argparse.Namespace, service: str
) -> tuple[tuple[Policy, ...], bool]:
    """The resource's policies, and whether they must allow: of KMS keys and roles those of the file."""
    if arguments.resource_policy:
        if service not in _KINDS:
            raise SimulationError(f"resources of {service} have no policy")
        path = Path(arguments.resource_policy)
        return (parse_policy(path.read_bytes(), _KINDS[service], path.name),), service in ("kms", "sts")
    if service == "kms" and arguments.resource != "*":
        account, region = _owner_in(arguments.resource) or "", arguments.resource.split(":")[3:4]
        key = identities.keys.find(arguments.resource, account, "".join(region))
        return (() if key is None else key.policies), True
    if service == "sts" and arguments.action.lower() == "sts:assumerole":
        role = identities.find(arguments.resource)
        return (() if role is None or role.trust is None else (role.trust,)), True
    return (), False


def _context(given: Sequence[str]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for pair in given:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise SimulationError(f"--context {pair}: write KEY=VALUE")
        keys.setdefault(key.lower(), []).append(value)
    return keys


def _document(decision: Decision) -> dict[str, object]:
    return {
        "allowed": decision.allowed,
        "reason": decision.reason,
        "statement": decision.statement,
        "message": decision.message,
        "needed": [{"where": needed.where, "statement": needed.statement} for needed in decision.needed],
    }


def _text(decision: Decision) -> str:
    if decision.allowed:
        return f"allowed by {decision.statement}"
    lines = [f"refused: {decision.message}"]
    if decision.statement is not None:
        lines.append(f"denied by {decision.statement}")
    lines += [
        f"needed in {'an' if needed.where[0] in 'aeiou' else 'a'} {needed.where}: {json.dumps(needed.statement)}"
        for needed in decision.needed
    ]
    return "\n".join(lines)
