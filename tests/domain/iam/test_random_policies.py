"""10,000 random requests under random policies, decided by two evaluators."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from emulator.domain.iam.evaluation import Decision, decide
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


@pytest.mark.parametrize("must_allow", [False, True], ids=["buckets", "keys and trust"])
def test_the_statements_that_are_called_needed_are_enough(must_allow: bool) -> None:
    """What a refusal asks for, added to the policies that it names, lets the request pass."""
    chance = random.Random(20)
    tried = 0
    while tried < 300:
        case = random_case(chance)
        name = chance.choice((case.request.resource, "arn:aws:s3:::photos/${aws:username}", "arn:aws:s3:::photos/${"))
        case = replace(case, request=replace(case.request, resource=name))
        decision = _decided(case, must_allow)
        if decision.allowed or not decision.needed:
            continue
        tried += 1
        assert _decided(_with_needed(case, decision), must_allow).allowed, case


def _decided(case: Case, must_allow: bool) -> Decision:
    return decide(case.request, replace(case.policies(), resource_must_allow=must_allow))


def _with_needed(case: Case, decision: Decision) -> Case:
    added: dict[str, list[dict[str, object]]] = {}
    for needed in decision.needed:
        added.setdefault(needed.where.name, []).append({"Version": "2012-10-17", "Statement": [needed.statement]})
    return replace(
        case,
        identity=case.identity + added.get("IDENTITY", []),
        boundary=None if case.boundary is None else case.boundary + added.get("BOUNDARY", []),
        session=None if case.session is None else case.session + added.get("SESSION", []),
        resource=case.resource + added.get("BUCKET", []),
    )
