"""Moments on the wire agree with each other while the clock stands still (O-10, api-facts §0.12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.domain.jobs import Done, Outcome
from emulator.jobs import version_jobs
from support.calls import (
    BUCKET,
    FAST,
    changes,
    create_project,
    describe_dataset,
    until_dataset_is,
    until_version_is,
)
from support.in_process import InProcessEmulator, play
from support.manifest_lines import line

NOW = 2_000_000_000


def epoch(arn: str) -> int:
    """The milliseconds that end an ARN."""
    return int(arn.rpartition("/")[2])


def test_nothing_changes_before_it_was_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments in ARNs are never the same twice, so they run ahead of a clock that stands still."""

    async def fake_worker(*_arguments: Any) -> Outcome:
        return Done()

    monkeypatch.setattr(version_jobs, "run_in_worker", fake_worker)

    async def story(emulator: InProcessEmulator) -> None:
        await emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": NOW})
        for number in range(4):
            project = await create_project(emulator, f"p{number}")
        dataset = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN"))["DatasetArn"]
        update = changes(*[line(f"image{number}", "x") for number in range(10)])
        await emulator.call("UpdateDatasetEntries", DatasetArn=dataset, Changes=update)
        await until_dataset_is(emulator, dataset, "UPDATE_COMPLETE")
        create: dict[str, Any] = {"ProjectArn": project, "VersionName": "first", "OutputConfig": {"S3Bucket": BUCKET}}
        version = (await emulator.call("CreateProjectVersion", **create))["ProjectVersionArn"]
        await until_version_is(emulator, version, "TRAINING_COMPLETED")

        [described] = (await emulator.call("DescribeProjects", ProjectNames=["p3"]))["ProjectDescriptions"]
        arns = [item["DatasetArn"] for item in described["Datasets"]]
        assert len(arns) == 2
        for arn in arns:
            description = await describe_dataset(emulator, arn)
            assert round(description["CreationTimestamp"] * 1000) == epoch(arn) > NOW * 1000
            assert description["LastUpdatedTimestamp"] >= description["CreationTimestamp"]
        [trained] = (await emulator.call("DescribeProjectVersions", ProjectArn=project))["ProjectVersionDescriptions"]
        assert round(trained["CreationTimestamp"] * 1000) == epoch(version)
        assert trained["TrainingEndTimestamp"] >= trained["CreationTimestamp"]

    play(tmp_path, story, **FAST)
