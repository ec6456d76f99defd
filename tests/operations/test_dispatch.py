"""Describing calls: which ones release a change, and which ones are held until it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.calls import create_project, store
from support.in_process import ACCOUNT, REGION, InProcessEmulator, play
from support.stored_model import StoredModel

OTHER_ACCOUNT = "444455556666"
WAITER = "Boto3/1.43 md/Botocore#1.43 ua/2.1 os/linux m/Z,B,b cfg/retry-mode#legacy Botocore/1.43"


def test_describing_calls_of_another_account_do_not_count(tmp_path: Path, stored_model: StoredModel) -> None:
    """O-17, O-20."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = store(emulator, project)
        await emulator.control("PUT", "/_emulator/transitions", {"starting": {"type": "describes", "count": 2}})
        await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)
        describe = {"ProjectArn": project, "VersionNames": ["first"]}
        for account, region in ((OTHER_ACCOUNT, REGION), (ACCOUNT, "eu-west-1")):
            for _ in range(3):
                call = {"account": account, "region": region, **describe}
                assert await emulator.code("DescribeProjectVersions", **call) == "ResourceNotFoundException"
        seen = [
            (await emulator.call("DescribeProjectVersions", **describe))["ProjectVersionDescriptions"][0]["Status"]
            for _ in range(2)
        ]
        assert seen == ["STARTING", "RUNNING"]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("user_agent", "hold_for", "is_held"),
    [
        (WAITER, "waiters", True),
        ("Boto3/1.43 m/Z,b Botocore/1.43", "waiters", False),
        ("aws-sdk-js/3.1141", "waiters", False),
        ("aws-sdk-js/3.1141", "describes", True),
        (WAITER, "off", False),
    ],
)
def test_which_calls_are_held(
    tmp_path: Path, stored_model: StoredModel, user_agent: str, hold_for: str, is_held: bool
) -> None:
    """O-18."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = store(emulator, project)
        await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)
        described = await emulator.call(
            "DescribeProjectVersions", user_agent=user_agent, ProjectArn=project, VersionNames=["first"]
        )
        expected = "RUNNING" if is_held else "STARTING"
        assert described["ProjectVersionDescriptions"][0]["Status"] == expected

    play(tmp_path, story, waiter_hold_for=hold_for, starting_seconds="0.3")
