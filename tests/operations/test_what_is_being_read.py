"""What a training or a copy was accepted for may change or go at once: it gets what was there when it was accepted."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.jobs import Done, Outcome
from emulator.jobs import dataset_jobs, version_jobs
from emulator.jobs.training_preparation import Preparation
from emulator.training.task import TrainingTask
from support.calls import (
    BUCKET,
    changes,
    create_dataset,
    create_project,
    describe_dataset,
    put_object,
    store,
    until_dataset_is,
    until_version_is,
    version_status,
)
from support.in_process import InProcessEmulator, play
from support.manifest_lines import line

LINES = [line(f"image{number}", "x") for number in range(10)]
WAIT_SECONDS = 120.0
IMMEDIATE = {name: {"type": "immediate"} for name in ("deleting", "dataset", "copying", "training")}
PATIENCE = {"waiter_hold": "1"}
"""For so many seconds a describing call waits for an immediate change, which does not come while it is held back."""

Change = Callable[[InProcessEmulator, str], Awaitable[Any]]


async def delete(emulator: InProcessEmulator, dataset: str) -> None:
    await emulator.call("DeleteDataset", DatasetArn=dataset)


async def update(emulator: InProcessEmulator, dataset: str) -> None:
    await emulator.call("UpdateDatasetEntries", DatasetArn=dataset, Changes=changes(line("new", "x")))


def held_back(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> threading.Event:
    """Let a function, which runs in a thread, begin only when the event is set."""
    may_begin = threading.Event()
    function = getattr(owner, name)

    def later(*arguments: Any, **named: Any) -> Any:
        assert may_begin.wait(WAIT_SECONDS)
        return function(*arguments, **named)

    monkeypatch.setattr(owner, name, later)
    return may_begin


async def until_all_is_done(emulator: InProcessEmulator) -> None:
    async def is_done() -> bool:
        return not list(emulator.app.runner.open_jobs)

    await emulator.until(is_done)


def sources(*lines: str) -> list[str]:
    """The pictures of some lines, in order of their names."""
    return sorted(json.loads(text)["source-ref"] for text in lines)


@pytest.mark.parametrize("change", [delete, update])
def test_a_training_has_the_lines_of_when_it_was_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    """The dataset changes, or goes, once its lines are written down."""
    may_read = held_back(monkeypatch, Preparation, "_prepare")
    trained: list[str] = []

    async def fake_worker(_settings: Any, task: TrainingTask, _report: Any) -> Outcome:
        assert task.manifests.testing is not None
        for manifest in (task.manifests.training, task.manifests.testing):
            trained.extend(manifest.read_text().splitlines())
        return Done()

    monkeypatch.setattr(version_jobs, "run_in_worker", fake_worker)

    async def story(emulator: InProcessEmulator) -> None:
        await emulator.control("PUT", "/_emulator/transitions", IMMEDIATE)
        project = await create_project(emulator)
        dataset = await create_dataset(emulator, project, *LINES)
        create: dict[str, Any] = {"ProjectArn": project, "VersionName": "first", "OutputConfig": {"S3Bucket": BUCKET}}
        version = (await emulator.call("CreateProjectVersion", **create))["ProjectVersionArn"]
        await change(emulator, dataset)
        assert (await describe_dataset(emulator, dataset))["Status"].endswith("_IN_PROGRESS")
        may_read.set()
        await until_version_is(emulator, version, "TRAINING_COMPLETED")
        assert sources(*trained) == sources(*LINES)
        await until_all_is_done(emulator)
        gone = "ResourceNotFoundException"
        assert await emulator.code("DescribeDataset", DatasetArn=dataset) == (gone if change is delete else "OK")

    play(tmp_path, story, **PATIENCE)


@pytest.mark.parametrize("change", [delete, update])
def test_a_copied_dataset_has_the_lines_of_when_it_was_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    may_read = held_back(monkeypatch, dataset_jobs, "copy_entries")

    async def story(emulator: InProcessEmulator) -> None:
        await emulator.control("PUT", "/_emulator/transitions", IMMEDIATE)
        source = await create_dataset(emulator, await create_project(emulator, "source"), *LINES)
        target = await create_project(emulator, "target")
        create: dict[str, Any] = {"ProjectArn": target, "DatasetType": "TRAIN", "DatasetSource": {"DatasetArn": source}}
        copy = (await emulator.call("CreateDataset", **create))["DatasetArn"]
        await change(emulator, source)
        assert (await describe_dataset(emulator, source))["Status"].endswith("_IN_PROGRESS")
        may_read.set()
        await until_dataset_is(emulator, copy, "CREATE_COMPLETE")
        assert sources(*(await emulator.call("ListDatasetEntries", DatasetArn=copy))["DatasetEntries"]) == sources(
            *LINES
        )

    play(tmp_path, story, **PATIENCE)


def test_a_copied_model_is_whole_though_its_source_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M-5: the source goes once it is copied."""
    may_read = held_back(monkeypatch, version_jobs, "copy_file")

    async def story(emulator: InProcessEmulator) -> None:
        await emulator.control("PUT", "/_emulator/transitions", IMMEDIATE)
        project = await create_project(emulator)
        await put_object(emulator, "any", b"")
        source = store(emulator, project)
        copy: dict[str, Any] = {
            "SourceProjectArn": project,
            "SourceProjectVersionArn": source,
            "DestinationProjectArn": project,
            "VersionName": "second",
            "OutputConfig": {"S3Bucket": BUCKET},
        }
        target = (await emulator.call("CopyProjectVersion", **copy))["ProjectVersionArn"]
        await emulator.call("DeleteProjectVersion", ProjectVersionArn=source)
        await emulator.call("DescribeProjectVersions", ProjectArn=project, VersionNames=["first"])
        assert await version_status(emulator, source) == "DELETING"
        may_read.set()
        await until_version_is(emulator, target, "COPYING_COMPLETED")
        await until_all_is_done(emulator)
        assert await version_status(emulator, source) is None
        [model] = emulator.app.directories.models.iterdir()
        assert model.read_bytes() == b"a model"

    play(tmp_path, story, **PATIENCE)
