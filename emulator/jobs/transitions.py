"""When a change of state becomes visible: the time policies of O-9 and O-17."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.domain.json_values import JsonObject

TRANSITIONS = ("training", "starting", "stopping", "copying", "deleting", "dataset")

MAXIMUM_SECONDS = 1_000_000_000

Policy = JsonObject

REAL: Policy = {"type": "real"}


class TransitionError(ValueError):
    """A policy that cannot be; the message says what was expected."""


class TransitionPolicies:
    """The policy of every transition; `real` until told otherwise. A job keeps the policy that held when it began."""

    def __init__(self, minimum_seconds: Mapping[str, float]) -> None:
        """`minimum_seconds`: the least time that a transition lasts under `real`, by transition (O-17)."""
        self._minimum_seconds = dict(minimum_seconds)
        self._policies: dict[str, Policy] = {}
        self._of_accounts: dict[str, dict[str, Policy]] = {}
        self.reset()

    def reset(self, account: str | None = None) -> None:
        """All policies `real`, those of accounts forgotten; or those of one account forgotten."""
        if account is not None:
            self._of_accounts.pop(account, None)
            return
        self._policies = {name: dict(REAL) for name in TRANSITIONS}
        self._of_accounts = {}

    def as_json(self, account: str | None = None) -> dict[str, Policy]:
        """All policies by transition; for an account its own, and those of all for the others."""
        policies = self._policies | self._of_accounts.get(account or "", {})
        return {name: dict(policy) for name, policy in policies.items()}

    def change(self, wanted: object, account: str | None = None) -> None:
        """Take over the given policies, for one account or all, leaving the others as they are.

        Raises TransitionError and changes nothing.
        """
        if not isinstance(wanted, dict):
            raise TransitionError("Expected an object that maps transitions to policies.")
        checked = {name: _checked(name, policy) for name, policy in wanted.items()}
        policies = self._policies if account is None else self._of_accounts.setdefault(account, {})
        policies.update(checked)

    def policy_of(self, transition: str, account: str | None = None) -> Policy:
        """The policy for an account's work that begins now, made concrete: `real` becomes the least seconds."""
        policy = self._of_accounts.get(account or "", {}).get(transition, self._policies[transition])
        if policy["type"] == "real":
            return {"type": "seconds", "seconds": self._minimum_seconds.get(transition, 0.0)}
        return dict(policy)


def describes_needed(policy: Policy) -> int | None:
    """How many describing calls release the change: n for `describes`, None where time does.

    0 for `immediate`: the change shows as soon as the work is done, and a describing call waits for that.
    """
    if policy["type"] == "immediate":
        return 0
    return int(policy["count"]) if policy["type"] == "describes" else None


def _checked(name: str, policy: object) -> Policy:
    if name not in TRANSITIONS:
        raise TransitionError(f"{name} is not a transition; there are {', '.join(TRANSITIONS)}.")
    if not isinstance(policy, dict):
        raise TransitionError(f"The policy of {name} must be an object with a type.")
    kind = policy.get("type")
    allowed = {"real": set(), "immediate": set(), "seconds": {"seconds"}, "describes": {"count"}}
    if not isinstance(kind, str) or kind not in allowed:
        raise TransitionError(f"The policy of {name} must have one of the types {', '.join(allowed)}.")
    if set(policy) != {"type"} | allowed[kind]:
        raise TransitionError(f"A policy of type {kind} has the members {', '.join(sorted({'type'} | allowed[kind]))}.")
    if kind == "seconds":
        seconds = policy["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAXIMUM_SECONDS:
            raise TransitionError(f"The seconds of {name} must be a number from 0 to {MAXIMUM_SECONDS}.")
    if kind == "describes":
        count = policy["count"]
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise TransitionError(f"The count of {name} must be a whole number of at least 1.")
    return dict(policy)
