"""Calls that meet: whichever comes first, the other one finds a state that makes sense."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from emulator.domain.jobs import Done, Outcome
from emulator.jobs import sweeper, version_jobs
from emulator.storage.tables import installation, metadata
from emulator.training.task import TrainingTask
from support.calls import (
    BUCKET,
    FAST,
    JPEG,
    changes,
    create_dataset,
    create_project,
    describe_dataset,
    put_object,
    run_version,
    store,
    until_dataset_is,
    until_version_is,
    version_status,
)
from support.in_process import CallError, InProcessEmulator, play
from support.manifest_lines import line, manifest
from support.stored_model import StoredModel


def test_one_of_two_equal_creations_wins(tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        codes = await asyncio.gather(*(emulator.code("CreateProject", ProjectName="same") for _ in range(8)))
        assert sorted(codes) == ["OK"] + ["ResourceInUseException"] * 7
        [project] = (await emulator.call("DescribeProjects"))["ProjectDescriptions"]
        create: dict[str, Any] = {"ProjectArn": project["ProjectArn"], "DatasetType": "TRAIN"}
        codes = await asyncio.gather(*(emulator.code("CreateDataset", **create) for _ in range(8)))
        assert sorted(codes) == ["OK"] + ["ResourceAlreadyExistsException"] * 7

    play(tmp_path, story)


def test_a_project_is_deleted_while_datasets_are_created_in_it(tmp_path: Path) -> None:
    """Either the deletion is refused, or every creation is; nothing is left without its project."""

    async def story(emulator: InProcessEmulator) -> None:
        for number in range(10):
            arn = await create_project(emulator, f"p{number}")
            calls = [
                emulator.code("CreateDataset", ProjectArn=arn, DatasetType="TRAIN"),
                emulator.code("DeleteProject", ProjectArn=arn),
                emulator.code("CreateDataset", ProjectArn=arn, DatasetType="TEST"),
            ]
            if number % 2:
                calls.reverse()
            codes = await asyncio.gather(*calls)
            created = [code for index, code in enumerate(codes) if index != 1]
            if codes[1] == "OK":
                assert created == ["ResourceNotFoundException"] * 2
            else:
                assert codes[1] == "ResourceInUseException" and "OK" in created

    play(tmp_path, story, **FAST)


def test_two_updates_at_once(tmp_path: Path) -> None:
    """The second one is refused (api-facts §2.8), not lost."""

    async def story(emulator: InProcessEmulator) -> None:
        dataset = await create_dataset(emulator, await create_project(emulator), line("a", "x"))
        updates = [changes(line(f"new{number}", "x")) for number in range(6)]
        codes = await asyncio.gather(
            *(emulator.code("UpdateDatasetEntries", DatasetArn=dataset, Changes=update) for update in updates)
        )
        assert set(codes) <= {"OK", "ResourceInUseException"} and codes.count("OK") >= 1
        await until_dataset_is(emulator, dataset, "UPDATE_COMPLETE")
        stats = (await describe_dataset(emulator, dataset))["DatasetStats"]
        assert stats["TotalEntries"] == 1 + codes.count("OK")

    play(tmp_path, story)


def test_a_dataset_made_anew_at_once_keeps_its_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one's entries are swept piece by piece beside the new ones."""
    monkeypatch.setattr(sweeper, "_ENTRIES_AT_ONCE", 20)

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        await put_object(emulator, "train.manifest", manifest(*[line(f"image{number}", "x") for number in range(400)]))
        location = {"Bucket": BUCKET, "Name": "train.manifest"}
        source = {"GroundTruthManifest": {"S3Object": location}}
        for _ in range(4):
            create: dict[str, Any] = {"ProjectArn": project, "DatasetType": "TRAIN", "DatasetSource": source}
            arn = (await emulator.call("CreateDataset", **create))["DatasetArn"]
            await until_dataset_is(emulator, arn, "CREATE_COMPLETE")
            await asyncio.sleep(0.02)
            assert (await describe_dataset(emulator, arn))["DatasetStats"]["TotalEntries"] == 400
            assert len((await emulator.call("ListDatasetEntries", DatasetArn=arn))["DatasetEntries"]) == 100
            await emulator.call("DeleteDataset", DatasetArn=arn)

            async def is_gone(gone: str = arn) -> bool:
                return await emulator.code("DescribeDataset", DatasetArn=gone) == "ResourceNotFoundException"

            await emulator.until(is_gone)

    play(tmp_path, story, **FAST)


def test_a_detection_ends_normally_when_its_model_is_stopped(tmp_path: Path, stored_model: StoredModel) -> None:
    """R-10; and the model is not loaded again."""

    async def story(emulator: InProcessEmulator) -> None:
        arn = store(emulator, await create_project(emulator))
        await run_version(emulator, arn)
        detection: dict[str, Any] = {"ProjectVersionArn": arn, "Image": {"Bytes": JPEG}}
        assert (await emulator.call("DetectCustomLabels", **detection))["CustomLabels"][0]["Confidence"] == 75
        stored_model.may_answer.clear()
        stored_model.is_asked.clear()
        under_way = asyncio.create_task(emulator.call("DetectCustomLabels", **detection))
        assert await asyncio.to_thread(stored_model.is_asked.wait, 30)
        await emulator.call("StopProjectVersion", ProjectVersionArn=arn)
        assert await emulator.code("DetectCustomLabels", **detection) == "ResourceNotReadyException"
        await until_version_is(emulator, arn, "STOPPED")
        stored_model.may_answer.set()
        assert (await under_way)["CustomLabels"][0]["Name"] == "circle"
        assert emulator.app.hosting.loaded == ()

    play(tmp_path, story, **FAST)


def test_a_stop_while_the_image_is_read(
    tmp_path: Path, stored_model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stored_model.may_answer.is_set()
    reading, may_go_on = asyncio.Event(), asyncio.Event()
    data = base64.b64decode(JPEG)

    async def slowly(_function: Any, *_arguments: Any) -> bytes:
        reading.set()
        await may_go_on.wait()
        return data

    async def story(emulator: InProcessEmulator) -> None:
        arn = store(emulator, await create_project(emulator))
        await run_version(emulator, arn)
        monkeypatch.setattr(asyncio, "to_thread", slowly)
        image = {"S3Object": {"Bucket": BUCKET, "Name": "image.jpg"}}
        under_way = asyncio.create_task(emulator.call("DetectCustomLabels", ProjectVersionArn=arn, Image=image))
        await reading.wait()
        monkeypatch.undo()
        await emulator.call("StopProjectVersion", ProjectVersionArn=arn)
        await until_version_is(emulator, arn, "STOPPED")
        may_go_on.set()
        assert (await under_way)["CustomLabels"][0]["Name"] == "circle"
        assert emulator.app.hosting.loaded == ()

    play(tmp_path, story, **FAST)


def test_a_client_that_leaves_does_not_take_its_work_along(tmp_path: Path) -> None:
    """The transaction commits, so the job begins."""

    async def story(emulator: InProcessEmulator) -> None:
        dataset = await create_dataset(emulator, await create_project(emulator), line("a", "x"))
        for number in range(10):
            update = {"DatasetArn": dataset, "Changes": changes(line(f"b{number}", "x"))}
            leaving = asyncio.create_task(emulator.code("UpdateDatasetEntries", **update))
            await asyncio.sleep(number / 1000)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

            async def is_final() -> bool:
                return bool((await describe_dataset(emulator, dataset))["Status"] == "UPDATE_COMPLETE")

            await emulator.until(is_final)

    play(tmp_path, story)


def test_copies_have_model_files_of_their_own(tmp_path: Path, stored_model: StoredModel) -> None:
    """M-5: deleting one leaves the others able to run."""
    assert stored_model.may_answer.is_set()

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        await put_object(emulator, "any", b"")
        arn = store(emulator, project)
        arns = [arn]
        for name in ("second", "third"):
            copy: dict[str, Any] = {
                "SourceProjectArn": project,
                "SourceProjectVersionArn": arns[-1],
                "DestinationProjectArn": project,
                "VersionName": name,
                "OutputConfig": {"S3Bucket": BUCKET},
            }
            arns.append((await emulator.call("CopyProjectVersion", **copy))["ProjectVersionArn"])
            await until_version_is(emulator, arns[-1], "COPYING_COMPLETED")
        for deleted in arns[:2]:
            await emulator.call("DeleteProjectVersion", ProjectVersionArn=deleted)
            await until_version_is(emulator, deleted, None)
        await run_version(emulator, arns[2])
        await emulator.call("DetectCustomLabels", ProjectVersionArn=arns[2], Image={"Bytes": JPEG})

    play(tmp_path, story, **FAST)


def test_a_waiting_training_has_its_lines_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset may change or go as soon as CreateProjectVersion has answered, also while another training runs."""
    may_end = asyncio.Event()
    trained: list[list[str]] = []

    async def fake_worker(_settings: Any, task: TrainingTask, _report: Any) -> Outcome:
        lines = task.manifests.training.read_text().splitlines()
        await may_end.wait()
        trained.append(sorted(json.loads(text)["source-ref"] for text in lines))
        return Done()

    monkeypatch.setattr(version_jobs, "run_in_worker", fake_worker)

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        dataset = await create_dataset(emulator, project, *[line(f"image{number}", "x") for number in range(10)])
        versions = []
        for name in ("first", "second"):
            create: dict[str, Any] = {"ProjectArn": project, "VersionName": name, "OutputConfig": {"S3Bucket": BUCKET}}
            versions.append((await emulator.call("CreateProjectVersion", **create))["ProjectVersionArn"])
        await emulator.call("DeleteDataset", DatasetArn=dataset)
        may_end.set()
        for arn in versions:
            await until_version_is(emulator, arn, "TRAINING_COMPLETED")
        assert trained[0] == trained[1] and len(trained[0]) == 8
        listed = await emulator.call("DescribeProjectVersions", ProjectArn=project)
        assert all("TrainingEndTimestamp" in version for version in listed["ProjectVersionDescriptions"])

    play(tmp_path, story, concurrent_trainings="1", **FAST)


def test_a_reset_in_the_middle_of_everything(tmp_path: Path) -> None:
    """O-8: no row, no open job, no held call is left, and what comes after finds an empty house."""

    def rows(connection: Connection) -> int:
        tables = [table for table in metadata.sorted_tables if table is not installation]
        return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)

    async def busy(emulator: InProcessEmulator, number: int) -> None:
        for turn in range(30):
            try:
                await create_dataset(emulator, await create_project(emulator, f"p{number}-{turn}"), line("a", "x"))
            except CallError as error:
                assert error.code in {"ResourceNotFoundException", "ResourceInUseException"}

    async def story(emulator: InProcessEmulator) -> None:
        crowd = [asyncio.create_task(busy(emulator, number)) for number in range(4)]
        for _ in range(5):
            await asyncio.sleep(0.05)
            assert (await emulator.control("POST", "/_emulator/reset"))[0] == 200
        for person in crowd:
            person.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)

        async def is_quiet() -> bool:
            return not list(emulator.app.runner.open_jobs)

        await emulator.until(is_quiet)
        assert (await emulator.control("POST", "/_emulator/reset"))[0] == 200
        assert emulator.app.database.read_now(rows) == 0
        await create_dataset(emulator, await create_project(emulator), line("a", "x"))

    play(tmp_path, story)


def test_a_running_version_whose_model_is_gone_has_failed(tmp_path: Path, stored_model: StoredModel) -> None:
    """At a restart; it can be deleted then, and the others run."""
    assert stored_model.may_answer.is_set()
    arns: list[str] = []

    async def before(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        for name in ("first", "second"):
            arns.append(store(emulator, project, name))
            await run_version(emulator, arns[-1])
        (emulator.app.directories.models / "first.stored.onnx").unlink()

    async def after(emulator: InProcessEmulator) -> None:
        assert [await version_status(emulator, arn) for arn in arns] == ["FAILED", "RUNNING"]
        detection: dict[str, Any] = {"Image": {"Bytes": JPEG}}
        assert await emulator.code("DetectCustomLabels", ProjectVersionArn=arns[0], **detection) == (
            "ResourceNotReadyException"
        )
        assert await emulator.code("DetectCustomLabels", ProjectVersionArn=arns[1], **detection) == "OK"
        assert await emulator.code("DeleteProjectVersion", ProjectVersionArn=arns[0]) == "OK"

    play(tmp_path, before, **FAST)
    play(tmp_path, after, **FAST)


def test_a_copy_of_a_dataset_that_is_distributed_meanwhile_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source's entries are replaced and swept while the copy begins: it has those of before or of after."""
    monkeypatch.setattr(sweeper, "_ENTRIES_AT_ONCE", 7)

    async def story(emulator: InProcessEmulator) -> None:
        for turn in range(4):
            source, target = await create_project(emulator, f"source{turn}"), await create_project(emulator, f"t{turn}")
            train = await create_dataset(emulator, source, *[line(f"image{number}", "x") for number in range(100)])
            test = (await emulator.call("CreateDataset", ProjectArn=source, DatasetType="TEST"))["DatasetArn"]
            await emulator.call("DistributeDatasetEntries", Datasets=[{"Arn": train}, {"Arn": test}])
            await asyncio.sleep(turn / 100)
            create: dict[str, Any] = {
                "ProjectArn": target,
                "DatasetType": "TRAIN",
                "DatasetSource": {"DatasetArn": train},
            }
            copy = (await emulator.call("CreateDataset", **create))["DatasetArn"]
            await until_dataset_is(emulator, copy, "CREATE_COMPLETE")
            stats = (await describe_dataset(emulator, copy))["DatasetStats"]
            assert stats["TotalEntries"] in (80, 100)
            await until_dataset_is(emulator, test, "UPDATE_COMPLETE")
            totals = [(await describe_dataset(emulator, arn))["DatasetStats"]["TotalEntries"] for arn in (train, test)]
            assert totals == [80, 20]

    play(tmp_path, story)
