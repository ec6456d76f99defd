"""A statement of a policy, and whether it speaks of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from emulator.domain.iam.conditions import Condition, Truth, matches_template
from emulator.domain.iam.patterns import Template
from emulator.domain.iam.requests import Facts, Principal, PrincipalKind, role_of_session

_ACCOUNT = re.compile(r"(?:arn:[a-z\d-]+:iam::)?(\d{12})(?::root)?")
_ACCOUNT_OF_ARN = re.compile(r"arn:[a-z\d-]+:(?:iam|sts)::(\d{12}):.+", re.DOTALL)


class Naming(IntEnum):
    """How a resource policy names a caller; it decides what else has to allow (IAM's evaluation of one account).

    ACCOUNT leaves it to the account's own policies. ROLE is limited by boundary and session policies. DIRECTLY, by the
    ARN of the user or the session or by `*`, needs nothing else.
    """

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECTLY = 3


@dataclass(frozen=True, slots=True)
class Actions:
    """The element Action or (`is_negated`) NotAction: names in lower case, and patterns."""

    is_negated: bool
    exact: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    def include(self, action: str) -> bool:
        """Whether the statement is about an action, which is given in lower case."""
        named = action in self.exact or any(pattern.fullmatch(action) for pattern in self.patterns)
        return named != self.is_negated


@dataclass(frozen=True, slots=True)
class Resources:
    """The element Resource or (`is_negated`) NotResource."""

    is_negated: bool
    patterns: tuple[re.Pattern[str], ...]
    templates: tuple[Template, ...]

    def include(self, resource: str, facts: Facts) -> bool:
        """Whether the statement is about a resource.

        A NotResource with a variable that has no value is about none: what it leaves out is not known.
        """
        if self.is_negated and any(template.pieces(facts.single) is None for template in self.templates):
            return False
        named = any(pattern.fullmatch(resource) for pattern in self.patterns) or any(
            matches_template(template, resource, facts.single, is_arn=True) for template in self.templates
        )
        return named != self.is_negated


@dataclass(frozen=True, slots=True)
class Principals:
    """The element Principal or (`is_negated`) NotPrincipal: `*`, or names by their kind."""

    is_negated: bool
    everybody: bool
    aws: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def naming(self, principal: Principal) -> Naming:
        """How the element names a caller."""
        found = self._naming(principal)
        if self.is_negated:
            return Naming.DIRECTLY if found is Naming.NOT else Naming.NOT
        return found

    def spares(self, principal: Principal, *, has_boundary: bool) -> bool:
        """Whether a Deny does not speak of a caller.

        An account in NotPrincipal spares its root, and not its users: they have to be named beside it. Whoever has a
        permissions boundary is never spared by NotPrincipal (IAM's reference of the element).
        """
        found = self._naming(principal)
        if not self.is_negated:
            return found is Naming.NOT
        is_root = principal.kind in (PrincipalKind.ROOT, PrincipalKind.ACCOUNT)
        return not has_boundary and (found > Naming.ACCOUNT or (is_root and found is Naming.ACCOUNT))

    def _naming(self, principal: Principal) -> Naming:
        if self.everybody:
            return Naming.DIRECTLY
        if principal.kind is PrincipalKind.ANONYMOUS:
            return Naming.NOT
        if principal.kind is PrincipalKind.SERVICE:
            return Naming.DIRECTLY if principal.arn in self.services else Naming.NOT
        return max((_naming(name, principal) for name in self.aws), default=Naming.NOT)


def _naming(name: str, principal: Principal) -> Naming:
    """How one name under `AWS` names a caller."""
    if name in (principal.arn, principal.user_id) and principal.kind is not PrincipalKind.ROOT:
        return Naming.DIRECTLY
    account = _ACCOUNT.fullmatch(name)
    if account is not None:
        return Naming.ACCOUNT if account[1] == principal.account else Naming.NOT
    if principal.kind is PrincipalKind.ACCOUNT:
        # Whoever calls in mode off is everybody of the account.
        of_arn = _ACCOUNT_OF_ARN.fullmatch(name)
        return Naming.DIRECTLY if of_arn is not None and of_arn[1] == principal.account else Naming.NOT
    if principal.role_arn is not None:
        if name == principal.role_arn or principal.user_id.partition(":")[0] == name:
            return Naming.ROLE
        if name == role_of_session(principal.arn):
            return Naming.ROLE
    return Naming.NOT


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a checked policy. `number` counts from 1; a policy of an identity has no `principals`."""

    sid: str
    number: int
    allows: bool
    actions: Actions
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition, ...]

    def covers(self, facts: Facts, action: str, resource: str) -> Naming:
        """How far the statement speaks of a request; NOT if it does not. `action` is in lower case.

        A condition that depends on what is unknown of the caller counts as met in an Allow and as not met in a Deny.
        """
        if not self.actions.include(action):
            return Naming.NOT
        naming = self._naming(facts)
        if naming is Naming.NOT or (self.resources is not None and not self.resources.include(resource, facts)):
            return Naming.NOT
        for condition in self.conditions:
            truth = condition.holds(facts)
            if truth is Truth.NO or (truth is Truth.UNKNOWN and not self.allows):
                return Naming.NOT
        return naming

    def _naming(self, facts: Facts) -> Naming:
        principal = facts.request.principal
        if self.principals is None:
            return Naming.DIRECTLY
        if self.allows:
            return self.principals.naming(principal)
        is_spared = self.principals.spares(principal, has_boundary=facts.has_boundary)
        return Naming.NOT if is_spared else Naming.DIRECTLY

    @property
    def label(self) -> str:
        """Its Sid, else its number."""
        return self.sid or str(self.number)
