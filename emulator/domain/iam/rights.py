"""What a caller may do, as it travels with the caller: into operations, S3, jobs and their processes (S-9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from emulator.domain.iam.documents import Policy, PolicyKind, parse_policy
from emulator.domain.iam.evaluation import Decision, Needed, PolicySet, Reason, decide
from emulator.domain.iam.keys import Key, KeyDeniedError, KeyRing
from emulator.domain.iam.requests import Context, Principal, PrincipalKind, Request, forwarded_keys
from emulator.domain.json_values import JsonMapping, JsonObject

_MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Rights:
    """A principal with its policies, those of resources apart.

    `context` has the condition keys of the request at hand. With `is_enforced` False a refusal is recorded and let pass
    (`iam-report`). `record` is told of every decision. By `reference` the rights are found again when work that was
    accepted is taken up after a restart. `keys` are those of KMS that there are.
    """

    principal: Principal
    policies: PolicySet
    context: Context = field(default_factory=dict)
    is_enforced: bool = True
    record: Callable[[Decision], None] | None = None
    reference: str = ""
    keys: KeyRing = field(default_factory=KeyRing)

    def ask(
        self,
        action: str,
        resource: str,
        *,
        owner: str | None = None,
        resource_policies: tuple[Policy, ...] = (),
        context: Context | None = None,
        resource_must_allow: bool = False,
        pattern: str | None = None,
    ) -> Decision:
        """Decide, and record it. `owner` is the account of the resource, None for the principal's own; `pattern` is
        what a policy would name it by, if that is not its ARN.
        """
        keys = self.context if not context else {**self.context, **context}
        policies = self.policies
        if resource_policies or resource_must_allow:
            policies = replace(policies, resource=resource_policies, resource_must_allow=resource_must_allow)
        decision = decide(Request(action, resource, self.principal, keys, owner, pattern), policies)
        if self.record is not None:
            self.record(decision)
        return decision

    def require_key(self, name: str, action: str, region: str, service: str) -> Key:
        """The key of KMS that an id, an ARN or an alias names, if it can be used, and by the caller for `action`.

        KMS is asked by `service` (`s3`, `rekognition`) on the caller's behalf. Raises KeyNotFoundError,
        KeyDisabledError or KeyDeniedError (S-11, S-12). A report lets all of them pass but the first two.
        """
        key = self.keys.usable(name, self.principal.account, region)
        decision = self.ask(
            action,
            key.arn,
            owner=key.account,
            resource_policies=key.policies,
            context={**forwarded_keys(service), **_keys_of_kms(action, self.principal, region, service)},
            resource_must_allow=True,
        )
        if not self.permits(decision):
            raise KeyDeniedError(decision.message)
        return key

    def permits(self, decision: Decision) -> bool:
        """Whether a decision lets the caller pass: allowed, or only reported."""
        return decision.allowed or not self.is_enforced

    def to_json(self) -> JsonObject:
        """For a process of its own: principal and documents. `record` stays behind."""
        policies = self.policies
        return {
            "principal": asdict(replace(self.principal, tags=dict(self.principal.tags))),
            "identity": _written(policies.identity),
            "boundary": None if policies.boundary is None else _written(policies.boundary),
            "session": None if policies.session is None else _written(policies.session),
            "context": {key: list(values) for key, values in self.context.items()},
            "is_enforced": self.is_enforced,
            "reference": self.reference,
            "keys": [key.to_json() for key in self.keys.keys],
        }

    @classmethod
    def from_json(cls, document: JsonMapping) -> Rights:
        """What `to_json` wrote."""
        principal = document["principal"]
        boundary, session = document["boundary"], document["session"]
        return cls(
            Principal(**{**principal, "kind": PrincipalKind(principal["kind"])}),
            PolicySet(
                _read(document["identity"], PolicyKind.IDENTITY),
                None if boundary is None else _read(boundary, PolicyKind.BOUNDARY),
                None if session is None else _read(session, PolicyKind.SESSION),
            ),
            document["context"],
            document["is_enforced"],
            None,
            document["reference"],
            KeyRing(map(Key.from_json, document["keys"])),
        )


def _keys_of_kms(action: str, principal: Principal, region: str, service: str) -> Context:
    """KMS's own condition keys, as its reference names them."""
    keys = {"kms:viaservice": (f"{service}.{region}.amazonaws.com",), "kms:calleraccount": (principal.account,)}
    return keys | ({"kms:grantisforawsresource": ("true",)} if action == "kms:CreateGrant" else {})


def telling(rights: Rights, tell: Callable[[Decision], None]) -> Rights:
    """The same rights; `tell` hears each refusal once, and once of each statement that allows an action.

    Work on a quarter of a million images decides as often; a hundred of either are told.
    """
    refused: set[str] = set()
    allowed: set[tuple[str, str | None]] = set()

    def record(decision: Decision) -> None:
        if decision.allowed:
            kind = decision.request.action, decision.statement
            is_new = kind not in allowed and len(allowed) < _MOST_TOLD
            allowed.add(kind)
        else:
            is_new = decision.message not in refused and len(refused) < _MOST_TOLD
            refused.add(decision.message)
        if is_new:
            tell(decision)

    return replace(rights, record=record)


def decision_to_json(decision: Decision) -> JsonObject:
    """A decision on its way to another process, which knows who asked and with which keys."""
    return {
        "action": decision.request.action,
        "resource": decision.request.resource,
        "owner": decision.request.owner,
        "allowed": decision.allowed,
        "reason": decision.reason.value,
        "statement": decision.statement,
        "needed": [[needed.where.value, needed.statement] for needed in decision.needed],
        "message": decision.message,
    }


def decision_from_json(document: JsonMapping, rights: Rights) -> Decision:
    """What `decision_to_json` wrote, about these rights."""
    request = Request(document["action"], document["resource"], rights.principal, rights.context, document["owner"])
    needed = tuple(Needed(PolicyKind(where), statement) for where, statement in document["needed"])
    return Decision(
        document["allowed"], Reason(document["reason"]), request, document["statement"], needed, document["message"]
    )


def _written(policies: Sequence[Policy]) -> list[list[str]]:
    return [[policy.name, policy.document] for policy in policies]


def _read(documents: Sequence[Sequence[str]], kind: PolicyKind) -> tuple[Policy, ...]:
    return tuple(parse_policy(document, kind, name) for name, document in documents)
