"""10,000 random requests, judged by an evaluator of other people: @cloud-copilot/iam-simulate from npm.

Its licence (AGPL) lets it judge, and keeps it out of what is shipped, also out of the dependencies of tests: the test
runs where IAM_SIMULATE_MODULES names the folder that it was installed into.

    npm install --prefix FOLDER @cloud-copilot/iam-simulate
    IAM_SIMULATE_MODULES=FOLDER/node_modules python -m pytest tests/domain/iam/test_referee.py

Where the two differ (tried with 0.1.173):

* Policies of version 2008-10-17: it replaces variables in them. IAM's reference says that there they are text.
* ForAnyValue with IfExists, of a key that is absent: it says no. IAM's reference says of IfExists that an absent key
  makes the condition true, and of ForAnyValue alone that it makes it false; of both together it says nothing.
* Requests whose resource has a star in it: it takes the star of the request for a pattern. Here a key is a key.
* NumericNotEquals of what is not a number: it says no. Here what is not a number is not equal to one.
* NotIpAddress of an IPv6 address and an IPv4 range: it says no. Here the address is not in the range.
* Session policies beside a bucket policy that names the session's ARN or `*`: it lets them limit what the bucket's
  policy gives. IAM's evaluation logic says that it is not limited.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from emulator.domain.iam.evaluation import decide
from support.node import node_command
from support.policies import Case, random_case

MODULES = os.environ.get("IAM_SIMULATE_MODULES", "")
CASES = 10_000


def is_comparable(case: Case) -> bool:
    """Whether nothing in it is of the three kinds above."""
    documents = [*case.identity, *(case.boundary or ()), *(case.session or ()), *case.resource]
    text = json.dumps(documents)
    is_both_sets = "ForAnyValue" in text and "IfExists" in text
    context = case.request.context
    is_plain = context.get("s3:max-keys", ["1"]) != ["many"] and ":" not in context.get("aws:sourceip", [""])[0]
    is_limited_twice = case.session is not None and bool(case.resource)
    is_of_one_kind = "2008-10-17" in text or is_both_sets or is_limited_twice
    return not is_of_one_kind and is_plain and "*" not in case.request.resource


def described(case: Case) -> dict[str, object]:
    request = case.request
    context = {**request.context, **request.principal.context()}
    return {
        "principal": request.principal.arn,
        "action": request.action,
        "resource": request.resource,
        "owner": request.owner,
        "context": {key: list(values) if key == "aws:tagkeys" else values[0] for key, values in context.items()},
        "identity": case.identity,
        "boundary": case.boundary,
        "session": case.session,
        "policies": case.resource,
    }


@pytest.mark.skipif(not MODULES, reason="IAM_SIMULATE_MODULES does not name a folder with @cloud-copilot/iam-simulate")
def test_an_evaluator_of_others_decides_alike(tmp_path: Path) -> None:
    command = node_command()
    if command is None:
        pytest.skip("Node is not installed")
    chance = random.Random(7)
    cases: list[Case] = []
    while len(cases) < CASES:
        case = random_case(chance)
        if is_comparable(case):
            cases.append(case)
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([described(case) for case in cases]))
    script = Path(__file__).with_name("referee.cjs")
    ended = subprocess.run([*command, str(script), MODULES, str(file)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2_000:]
    theirs: list[bool] = json.loads(ended.stdout)
    ours = [decide(case.request, case.policies()).allowed for case in cases]
    assert [case for case, one, other in zip(cases, ours, theirs, strict=True) if one != other] == []
