"""The decision: identity, boundary, session and resource policies together (IAM's evaluation logic; SE-2, CP-4).

An explicit Deny wins. Within one account an Allow of the identity's policies, under boundary and session policies, or
of the resource's policy is enough; between accounts both are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from emulator.domain.iam.documents import Policy, PolicyKind
from emulator.domain.iam.requests import Facts, PrincipalKind, Request
from emulator.domain.iam.statements import Naming, Statement
from emulator.domain.json_values import JsonObject


class Reason(StrEnum):
    """Why a decision came out as it did."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies that a request is decided by.

    None for `boundary` or `session` means that there is none; empty ones allow nothing. With `resource_must_allow`
    (KMS keys, trust policies) identity policies alone never suffice.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    resource: tuple[Policy, ...] = ()
    resource_must_allow: bool = False

    @property
    def all(self) -> tuple[Policy, ...]:
        """Every one of them."""
        return (*self.identity, *(self.boundary or ()), *(self.session or ()), *self.resource)


@dataclass(frozen=True, slots=True)
class Needed:
    """A statement that would have to be added, and to which kind of policy."""

    where: PolicyKind
    statement: JsonObject


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. `statement` names the policy and the statement that decided, None where none speaks.

    `message` is AWS's sentence for a refusal, "" for an Allow.
    """

    allowed: bool
    reason: Reason
    request: Request
    statement: str | None
    needed: tuple[Needed, ...] = ()
    message: str = ""


@dataclass(slots=True)
class _Layer:
    """What the policies of one kind say."""

    naming: Naming = Naming.NOT
    allow: str | None = None

    @property
    def allows(self) -> bool:
        return self.naming is not Naming.NOT


class _DeniedError(Exception):
    def __init__(self, policy: Policy, statement: Statement) -> None:
        self.policy = policy
        self.statement = statement


_UNLIMITED = frozenset({PrincipalKind.ROOT, PrincipalKind.ACCOUNT})
_WITHOUT_POLICIES = frozenset({PrincipalKind.ANONYMOUS, PrincipalKind.SERVICE})


def decide(request: Request, policies: PolicySet) -> Decision:
    """Decide a request. Policies for which the request's keys are missing do not match, as in IAM."""
    facts = Facts(request, has_boundary=policies.boundary is not None)
    action = request.action.lower()
    try:
        identity = _layer(policies.identity, facts, action)
        boundary = _layer(policies.boundary, facts, action)
        session = _layer(policies.session, facts, action)
        resource = _layer(policies.resource, facts, action)
    except _DeniedError as denied:
        return _explicitly_denied(request, denied)
    if request.principal.kind in _UNLIMITED:
        identity = _Layer(Naming.DIRECTLY, "the account itself")
    missing = _missing(request, policies, identity, boundary, session, resource)
    if missing:
        return _implicitly_denied(request, missing, policies)
    decided = resource if not _identity_allows(identity, boundary, session, policies) else identity
    return Decision(True, Reason.ALLOW, request, decided.allow or resource.allow)


def _layer(policies: Iterable[Policy] | None, facts: Facts, action: str) -> _Layer:
    """What the policies of one kind say of a request. Raises _DeniedError at a Deny."""
    found = _Layer()
    for policy in policies or ():
        for statement in policy.statements:
            naming = statement.covers(facts, action, facts.request.resource)
            if naming is Naming.NOT:
                continue
            if not statement.allows:
                raise _DeniedError(policy, statement)
            if naming > found.naming:
                found.naming, found.allow = naming, _named(policy, statement)
    return found


def _named(policy: Policy, statement: Statement) -> str:
    return f"{policy.kind} {policy.name}, statement {statement.label}"


def _identity_allows(identity: _Layer, boundary: _Layer, session: _Layer, policies: PolicySet) -> bool:
    return identity.allows and _limits_allow(boundary, session, policies)


def _limits_allow(boundary: _Layer, session: _Layer, policies: PolicySet) -> bool:
    return (policies.boundary is None or boundary.allows) and (policies.session is None or session.allows)


def _missing(
    request: Request, policies: PolicySet, identity: _Layer, boundary: _Layer, session: _Layer, resource: _Layer
) -> list[PolicyKind]:
    """The kinds of policies that would have to allow and do not; none if the request is allowed."""
    is_within = request.is_within_account
    if resource.naming is Naming.DIRECTLY and (is_within or request.principal.kind in _WITHOUT_POLICIES):
        return []
    is_named_role = is_within and resource.naming is Naming.ROLE
    if is_named_role and _limits_allow(boundary, session, policies):
        return []
    missing: list[PolicyKind] = []
    if not identity.allows and not is_named_role:
        missing.append(PolicyKind.IDENTITY)
    if policies.boundary is not None and not boundary.allows:
        missing.append(PolicyKind.BOUNDARY)
    if policies.session is not None and not session.allows:
        missing.append(PolicyKind.SESSION)
    needs_resource = policies.resource_must_allow or not is_within
    if needs_resource and not resource.allows:
        missing.append(_kind_of_resource(request))
    return missing


def _kind_of_resource(request: Request) -> PolicyKind:
    service = request.action.partition(":")[0].lower()
    return {"s3": PolicyKind.BUCKET, "kms": PolicyKind.KEY, "sts": PolicyKind.TRUST}.get(service, PolicyKind.PROJECT)


def _explicitly_denied(request: Request, denied: _DeniedError) -> Decision:
    kind = denied.policy.kind
    spoken = _spoken(kind)
    message = f"{_refused(request)} with an explicit deny in {'an' if spoken[0] in 'aeiou' else 'a'} {spoken}"
    return Decision(False, Reason.EXPLICIT_DENY, request, _named(denied.policy, denied.statement), (), message)


def _implicitly_denied(request: Request, missing: list[PolicyKind], policies: PolicySet) -> Decision:
    if request.principal.kind in _WITHOUT_POLICIES:
        missing = [_kind_of_resource(request)]
    elif request.is_within_account and policies.resource_must_allow and missing[-1] not in _OF_IDENTITIES:
        # The resource's policy decides alone, if it names the caller; a role that it names stays within its limits.
        limits = _LIMITS if request.principal.role_arn is not None else ()
        missing = [kind for kind in missing if kind in (*limits, missing[-1])]
    needed = tuple(Needed(kind, _needed(request, kind)) for kind in missing)
    message = f"{_refused(request)} because no {_spoken(missing[0])} allows the {request.action} action"
    return Decision(False, Reason.IMPLICIT_DENY, request, None, needed, message)


_LIMITS = (PolicyKind.BOUNDARY, PolicyKind.SESSION)
_OF_IDENTITIES = (PolicyKind.IDENTITY, *_LIMITS)


def _spoken(kind: PolicyKind) -> str:
    """A kind of policy as AWS's messages name it."""
    return kind if kind in (*_OF_IDENTITIES, PolicyKind.TRUST) else "resource-based policy"


def _refused(request: Request) -> str:
    principal = request.principal
    who = "Anonymous" if principal.kind is PrincipalKind.ANONYMOUS else principal.arn
    return f"User: {who} is not authorized to perform: {request.action} on resource: {request.resource}"


def _needed(request: Request, kind: PolicyKind) -> JsonObject:
    principal = request.principal
    statement: JsonObject = {"Effect": "Allow"}
    if kind not in _OF_IDENTITIES:
        who = "*" if principal.kind is PrincipalKind.ANONYMOUS else {"AWS": principal.role_arn or principal.arn}
        statement["Principal"] = who
    statement["Action"] = request.action
    if kind is not PolicyKind.TRUST:
        # The name of an object may look like a variable.
        resource = request.pattern or request.resource.replace("${", "${$}{")
        statement["Resource"] = "*" if kind is PolicyKind.KEY else resource
    return statement
