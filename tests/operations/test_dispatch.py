"""Describing calls: which ones release a change, and which ones are held until it shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from emulator.operations import holding, projects
from emulator.storage.projects import list_projects
from support import postgresql
from support.calls import create_project, store
from support.in_process import ACCOUNT, REGION, InProcessEmulator, play
from support.stored_model import StoredModel

OTHER_ACCOUNT = "444455556666"
OLD = "Boto3/1.26.165 Python/3.11.7 Linux/6.1 Botocore/1.29.165"
WAITER = "Boto3/1.43 md/Botocore#1.43 ua/2.1 os/linux m/Z,B,b cfg/retry-mode#legacy Botocore/1.43"


def test_describing_calls_of_another_account_do_not_count(tmp_path: Path, stored_model: StoredModel) -> None:
    """O-17, O-20."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = store(emulator, project)
        await emulator.control("PUT", "/_emulator/transitions", {"starting": {"type": "describes", "count": 2}})
        await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)
        describe: dict[str, Any] = {"ProjectArn": project, "VersionNames": ["first"]}
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
        ("aws-cli/2.15.30 Python/3.11.8 exe/x86_64 command/rekognition.wait.project-version-running", "waiters", True),
        ("aws-cli/2.15.30 Python/3.11.8 exe/x86_64 command/rekognition.describe-project-versions", "waiters", False),
        (OLD, "waiters", True),
        (OLD, "off", False),
        ("Botocore/1.37.3 ua/2.0 os/linux cfg/retry-mode#legacy", "waiters", True),
        ("Boto3/1.37.4 md/Botocore#1.37.4 ua/2.0 m/Z,b Botocore/1.37.4", "waiters", False),
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

    play(tmp_path, story, waiter_hold_for=hold_for, starting_seconds="0.3" if is_held else "600")


def test_an_old_botocore_that_looks_for_the_first_time_later_is_answered_and_held_when_it_asks_again(
    tmp_path: Path, stored_model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O-18: a waiter that does not mark its calls asks the very same again; another question is answered at once."""
    assert stored_model.may_answer.is_set()
    monkeypatch.setattr(holding, "_FRESH_SECONDS", 0.0)

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = store(emulator, project)
        await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)

        async def status(**more: Any) -> str:
            described = await emulator.call(
                "DescribeProjectVersions", user_agent=OLD, ProjectArn=project, VersionNames=["first"], **more
            )
            return str(described["ProjectVersionDescriptions"][0]["Status"])

        assert await status() == "STARTING"
        assert await status(MaxResults=5) == "STARTING"
        assert await status() == "RUNNING"

    play(tmp_path, story, starting_seconds="3")


Step = Callable[[InProcessEmulator, str], Awaitable[dict[str, Any]]]


async def copied(emulator: InProcessEmulator, project: str) -> dict[str, Any]:
    source = store(emulator, project)
    await emulator.call(
        "CopyProjectVersion",
        SourceProjectArn=project,
        SourceProjectVersionArn=source,
        DestinationProjectArn=project,
        VersionName="copy",
        OutputConfig={"S3Bucket": "nowhere"},
    )
    return await emulator.call("DescribeProjectVersions", ProjectArn=project, VersionNames=["copy"])


async def deleted_version(emulator: InProcessEmulator, project: str) -> dict[str, Any]:
    await emulator.call("DeleteProjectVersion", ProjectVersionArn=store(emulator, project))
    return await emulator.call("DescribeProjectVersions", ProjectArn=project, VersionNames=["first"])


async def deleted_project(emulator: InProcessEmulator, project: str) -> dict[str, Any]:
    await emulator.call("DeleteProject", ProjectArn=project)
    return await emulator.call("DescribeProjects", ProjectNames=[project.split("/")[1]])


async def missing_manifest(emulator: InProcessEmulator, project: str) -> dict[str, Any]:
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": "no-such-bucket", "Name": "a.manifest"}}}
    made = await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN", DatasetSource=manifest)
    return await emulator.call("DescribeDataset", DatasetArn=made["DatasetArn"])


async def started_and_listed(emulator: InProcessEmulator, project: str) -> dict[str, Any]:
    """Names no version: all of the project are listed."""
    await emulator.call("StartProjectVersion", ProjectVersionArn=store(emulator, project), MinInferenceUnits=1)
    return await emulator.call("DescribeProjectVersions", ProjectArn=project)


@pytest.mark.parametrize(
    ("step", "settled", "unsettled"),
    [
        (copied, "COPYING_COMPLETED", "COPYING_IN_PROGRESS"),
        (deleted_version, "[]", "DELETING"),
        (deleted_project, "[]", "DELETING"),
        (missing_manifest, "CREATE_FAILED", "CREATE_IN_PROGRESS"),
        (started_and_listed, "STARTING", "STARTING"),
    ],
)
@pytest.mark.parametrize("hold", ["20", "0"])
def test_a_call_that_names_one_resource_waits_a_moment_for_what_the_caller_has_just_begun(
    tmp_path: Path, stored_model: StoredModel, step: Step, settled: str, unsettled: str, hold: str
) -> None:
    """O-34: one rule for all describing calls; 0 switches it off."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        least = {"type": "seconds", "seconds": 600 if hold == "0" else 0.3}
        names = ("copying", "dataset", "deleting")
        await emulator.control("PUT", "/_emulator/transitions", dict.fromkeys(names, least))
        described = json.dumps(await step(emulator, await create_project(emulator)))
        assert (unsettled if hold == "0" else settled) in described

    play(tmp_path, story, settle_hold=hold, starting_seconds="10")


def test_nothing_is_held_that_time_will_not_end_soon_or_that_a_tester_ends(
    tmp_path: Path, stored_model: StoredModel
) -> None:
    """O-34: not under a manual clock, the policy `describes`, or `seconds` beyond the hold."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        for policy in ({"type": "seconds", "seconds": 600}, {"type": "describes", "count": 2}, None):
            if policy is None:
                await emulator.control("PUT", "/_emulator/clock", {"mode": "manual"})
            else:
                await emulator.control("PUT", "/_emulator/transitions", {"starting": policy})
            name = f"version-{policy and policy['type']}"
            arn = store(emulator, project, name)
            await emulator.call("StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=1)
            async with asyncio.timeout(20):
                described = await emulator.call("DescribeProjectVersions", ProjectArn=project, VersionNames=[name])
            assert described["ProjectVersionDescriptions"][0]["Status"] == "STARTING"

    play(tmp_path, story, settle_hold="30")


def test_a_repeated_description_is_kept_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept belongs to its account, its region and its parameters, and not beyond any change."""
    asked: list[str] = []
    tells_twice = postgresql.is_chosen()  # of a commit of one's own
    listed = list_projects

    def counted(connection: Connection, account: str, *others: Any, **named: Any) -> Any:
        asked.append(account)
        return listed(connection, account, *others, **named)

    monkeypatch.setattr(projects, "list_projects", counted)

    async def names(emulator: InProcessEmulator, **call: Any) -> list[str]:
        described = await emulator.call("DescribeProjects", **call)
        return [item["ProjectArn"].split("/")[1] for item in described["ProjectDescriptions"]]

    async def story(emulator: InProcessEmulator) -> None:
        await emulator.call("CreateProject", ProjectName="first")
        assert [await names(emulator) for _ in range(3)] == [["first"]] * 3
        assert asked == [ACCOUNT] or tells_twice
        assert await names(emulator, account=OTHER_ACCOUNT) == await names(emulator, region="eu-west-1") == []
        assert await names(emulator, ProjectNames=["other"]) == []
        await emulator.call("CreateProject", ProjectName="second")
        assert [await names(emulator) for _ in range(2)] == [["second", "first"]] * 2
        assert asked == [ACCOUNT, OTHER_ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT] or tells_twice
        await emulator.control("POST", "/_emulator/reset")
        assert await names(emulator) == []

    play(tmp_path, story)
