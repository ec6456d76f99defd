"""10,000 random requests under random policies, decided by two evaluators."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from emulator.domain.iam.evaluation import decide
from emulator.domain.iam.requests import Request
from support.policies import Case, random_case
from support.policy_oracle import allowed

CASES_A_SEED = 500


def ask(request: Request) -> dict[str, object]:
    """A request as the second evaluator takes it."""
    principal = request.principal
    return {
        "action": request.action,
        "resource": request.resource,
        "context": {**request.context, **principal.context()},
        "owner": request.owner,
        "principal": {
            "account": principal.account,
            "arn": principal.arn,
            **({} if principal.role_arn is None else {"role": principal.role_arn}),
        },
    }


def by_second(case: Case) -> bool:
    return allowed(ask(case.request), case.identity, case.boundary, case.session, case.resource)


@pytest.mark.parametrize("seed", range(20))
def test_both_evaluators_decide_alike(seed: int) -> None:
    chance = random.Random(seed)
    came_out: set[bool] = set()
    for _ in range(CASES_A_SEED):
        case = random_case(chance)
        decision = decide(case.request, case.policies())
        assert decision.allowed == by_second(case), case
        assert decision.allowed == (decision.statement is not None and decision.message == "")
        came_out.add(decision.allowed)
    assert came_out == {True, False}


def test_the_statements_that_are_called_needed_are_enough() -> None:
    """What a refusal asks for, added to the policies that it names, lets the request pass."""
    chance = random.Random(20)
    tried = 0
    while tried < 300:
        case = random_case(chance)
        decision = decide(case.request, case.policies())
        if decision.allowed or not decision.needed:
            continue
        tried += 1
        assert decide(case.request, _with_needed(case).policies()).allowed, case


def _with_needed(case: Case) -> Case:
    added: dict[str, list[dict[str, object]]] = {}
    for needed in decide(case.request, case.policies()).needed:
        added.setdefault(needed.where.name, []).append({"Version": "2012-10-17", "Statement": [needed.statement]})
    return replace(
        case,
        identity=case.identity + added.get("IDENTITY", []),
        boundary=None if case.boundary is None else case.boundary + added.get("BOUNDARY", []),
        session=None if case.session is None else case.session + added.get("SESSION", []),
        resource=case.resource + added.get("BUCKET", []),
    )
