"""Sessions where signatures are verified: trust policies, session policies, role chaining, durations (O-33).

In mode `signature` nothing is decided: a role of the file may be assumed by whoever signs, one that is not in it too.
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.access.gatekeeper import Admission, Gatekeeper
from emulator.access.identities import Identity
from emulator.domain.iam.documents import PolicyError, PolicyKind, parse_policy
from emulator.domain.iam.requests import Context, PrincipalKind, keys_of_tags
from emulator.domain.iam.rights import Rights
from emulator.domain.temporary_credentials import SessionClaims
from emulator.sts.roles import (
    HOUR,
    Grant,
    StsError,
    WantedSession,
    Who,
    any_role,
    session_arn,
    split_role_arn,
)

_DAY = 86_400
_LARGEST_PACKED = 6_144  # characters of all session policies together


class FileRoles:
    """`sts.roles.Roles` over the file of identities."""

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper

    def caller(self, admission: object) -> Who:
        """See Roles. Needs no right, as in AWS."""
        principal = _known(admission).principal
        return Who(principal.account, principal.arn, principal.user_id or principal.account)

    def assume(self, admission: object, wanted: WantedSession) -> Grant:
        """See Roles. AccessDenied says the same whether the role is there or does not trust the caller."""
        caller = _known(admission)
        split_role_arn(wanted.role_arn)
        role = self._gatekeeper.identities.find(wanted.role_arn)
        if caller.rights is not None:
            self._decide(caller, caller.rights, role, wanted)
        policies = self._session_policies(wanted)
        if role is None:
            return any_role(wanted)
        account, name = split_role_arn(role.arn)
        claims = SessionClaims(
            account,
            session_arn(account, name, wanted.session_name),
            role.arn,
            f"{role.principal.user_id}:{wanted.session_name}",
            policies,
            wanted.tags,
        )
        return Grant(claims, _seconds(caller, role, wanted))

    def session_of_caller(self, admission: object, seconds: int | None) -> Grant:
        """See Roles. It needs no right, as in AWS. Sessions have none of their own; the root's lasts an hour."""
        caller = _known(admission)
        principal = caller.principal
        if caller.session is not None or caller.identity is None:
            raise StsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        is_root = principal.kind is PrincipalKind.ROOT
        if seconds is None:
            seconds = _DAY // 2
        if is_root:
            seconds = min(seconds, HOUR)
        user_id = principal.user_id or principal.account
        return Grant(SessionClaims(principal.account, principal.arn, caller.identity.arn, user_id), seconds)

    def _decide(self, caller: Admission, rights: Rights, role: Identity | None, wanted: WantedSession) -> None:
        if caller.principal.kind is PrincipalKind.ROOT:
            raise StsError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
        context: dict[str, Sequence[str]] = {"sts:rolesessionname": (wanted.session_name,)}
        if wanted.external_id is not None:
            context["sts:externalid"] = (wanted.external_id,)
        if wanted.tags:
            context |= keys_of_tags("aws:requesttag/", wanted.tags.items())
            context["aws:tagkeys"] = tuple(wanted.tags)
        for action in ("sts:AssumeRole", *(["sts:TagSession"] if wanted.tags else [])):
            _require(rights, action, wanted.role_arn, role, context)

    def _session_policies(self, wanted: WantedSession) -> tuple[str, ...]:
        """Documents that narrow the session. Raises StsError for one that is wrong or all that are too long."""
        documents: list[str] = []
        if wanted.policy is not None:
            try:
                documents.append(parse_policy(wanted.policy, PolicyKind.SESSION, "session").document)
            except PolicyError as error:
                raise StsError("MalformedPolicyDocument", "; ".join(map(str, error.problems))) from None
        for arn in wanted.policy_arns:
            policy = self._gatekeeper.identities.policy(arn)
            if policy is None:
                raise StsError("ValidationError", f"PolicyArns: {arn} is not known")
            try:
                documents.append(parse_policy(policy.document, PolicyKind.SESSION, policy.name).document)
            except PolicyError as error:
                raise StsError("PackedPolicyTooLarge", f"{arn}: {'; '.join(map(str, error.problems))}") from None
        if sum(map(len, documents)) > _LARGEST_PACKED:
            raise StsError("PackedPolicyTooLarge", f"The session policies have more than {_LARGEST_PACKED} characters.")
        return tuple(documents)


def _known(admission: object) -> Admission:
    assert isinstance(admission, Admission), "whoever is not let in does not come here"
    return admission


def _require(rights: Rights, action: str, role_arn: str, role: Identity | None, context: Context) -> None:
    """Raises StsError AccessDenied. A role that is not there is refused as one without trust, in iam-report too."""
    trust = () if role is None or role.trust is None else (role.trust,)
    decision = rights.ask(
        action,
        role_arn,
        owner=role_arn.split(":")[4],
        resource_policies=trust,
        context=context,
        resource_must_allow=True,
    )
    if not rights.permits(decision) or role is None:
        who = rights.principal.arn
        message = decision.message or f"User: {who} is not authorized to perform: {action} on resource: {role_arn}"
        raise StsError("AccessDenied", message, 403)


def _seconds(caller: Admission, role: Identity, wanted: WantedSession) -> int:
    """How long the session lasts. A role that is assumed by a role's session (chaining) gives an hour at most."""
    is_chained = caller.session is not None and caller.principal.kind is PrincipalKind.SESSION
    if is_chained and wanted.seconds is not None and wanted.seconds > HOUR:
        raise StsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if wanted.seconds is not None and wanted.seconds > role.longest_session:
        raise StsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return HOUR if wanted.seconds is None else wanted.seconds
