"""Before a training: manifests are written down, and a missing test dataset is split off (O-27)."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from emulator.domain.caller import Caller
from emulator.domain.job_payloads import TrainingSource
from emulator.domain.jobs import Broke, Done, JobKind
from emulator.domain.states import DatasetState, VersionState
from emulator.jobs.clock import Clocks
from emulator.jobs.ingest import IngestTask, build_content
from emulator.jobs.readers import Readers
from emulator.jobs.training_preparation import Preparation
from emulator.storage.contents import content_stats, iterate_lines
from emulator.storage.datasets import (
    add_dataset,
    find_dataset,
    find_dataset_of_project,
    remove_dataset,
    set_dataset_content,
    set_dataset_status,
)
from emulator.storage.engine import Database
from emulator.storage.projects import add_project, find_project
from emulator.storage.rows import Dataset, Job, Version
from emulator.storage.versions import add_version, find_version
from emulator.training.task import Manifests
from support.manifest_lines import line, manifest
from support.memory_store import MemoryObjectStore

ACCOUNT, REGION = "111122223333", "us-east-1"
PREFIX = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/p"
CALLER = Caller(ACCOUNT, REGION)


class NotPreparedError(Exception):
    """The preparation failed; the message is the version's."""


class House:
    """A project with datasets and a version that is to be trained."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.objects = MemoryObjectStore()
        self.preparation = Preparation(database, self.objects, Clocks(), Readers(), seed=0)
        database.write_now(
            lambda c: add_project(
                c,
                account=ACCOUNT,
                region=REGION,
                name="p",
                arn=f"{PREFIX}/1",
                feature="CUSTOM_LABELS",
                auto_update=None,
                created_at=1,
            )
        )
        project = database.read_now(lambda connection: find_project(connection, f"{PREFIX}/1"))
        assert project is not None
        self.project_id = project.id

    def add_dataset(self, kind: str, *lines: str, state: DatasetState = DatasetState.CREATE_COMPLETE) -> None:
        def add(connection: Connection) -> int:
            return add_dataset(
                connection,
                project_id=self.project_id,
                kind=kind,
                arn=f"{PREFIX}/dataset/{kind}/2",
                created_at=2,
                status=state,
                status_message="",
            )

        dataset_id = self.database.write_now(add)
        location = self.objects.add("manifests", f"{kind}.manifest", manifest(*lines))
        outcome = build_content(self.database, self.objects, IngestTask(CALLER, location, dataset_id))
        assert isinstance(outcome, Done) and outcome.content_id is not None
        content_id = outcome.content_id
        self.database.write_now(lambda c: set_dataset_content(c, dataset_id, content_id))

    def dataset(self, kind: str) -> Dataset | None:
        return self.database.read_now(lambda c: find_dataset_of_project(c, self.project_id, kind))

    def entries(self, kind: str) -> list[dict[str, Any]]:
        dataset = self.dataset(kind)
        assert dataset is not None and dataset.content_id is not None
        content = dataset.content_id
        return [json.loads(text) for text in self.database.read_now(lambda c: list(iterate_lines(c, content)))]

    def prepare(self, training: Any = None, testing: Any = None, *, job_id: int = 7) -> Manifests:
        arn = f"{PREFIX}/version/v/{job_id}"
        values: dict[str, Any] = {"training_input": training or {}, "testing_input": testing or {"AutoCreate": False}}

        def add(connection: Connection) -> Version:
            if find_version(connection, arn) is None:
                add_version(
                    connection,
                    project_id=self.project_id,
                    name=f"v{job_id}",
                    arn=arn,
                    created_at=3,
                    status=VersionState.TRAINING_IN_PROGRESS,
                    status_message="",
                    output_bucket="results",
                    **values,
                )
            found = find_version(connection, arn)
            assert found is not None
            return found

        version = self.database.write_now(add)
        payload = TrainingSource(from_datasets=training is None)
        job = Job(job_id, JobKind.TRAIN_VERSION, "training", arn, f"{PREFIX}/1", ACCOUNT, REGION, payload, {}, 1, None)
        prepared = asyncio.run(self.preparation.prepare(job, version, self.directory / str(job_id)))
        if isinstance(prepared, Broke):
            raise NotPreparedError(prepared.message)
        return prepared


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path / "work")


def written(path: Path | None) -> list[dict[str, Any]]:
    assert path is not None
    return [json.loads(text) for text in path.read_text().splitlines()]


def asset(name: str) -> dict[str, Any]:
    return {"GroundTruthManifest": {"S3Object": {"Bucket": "manifests", "Name": name}}}


def test_both_datasets_are_written_down_as_they_were_given(house: House) -> None:
    house.add_dataset("train", *[line(f"a{number}", "x") for number in range(4)])
    house.add_dataset("test", line("t", "x"))
    prepared = house.prepare()
    assert written(prepared.training) == [json.loads(line(f"a{number}", "x")) for number in range(4)]
    assert written(prepared.testing) == [json.loads(line("t", "x"))]
    assert (prepared.training_buckets, prepared.testing_buckets) == ((), ())


def test_a_missing_test_dataset_is_split_off(house: House) -> None:
    """O-27: a fifth of each label moves; both datasets are complete and can be described."""
    house.add_dataset("train", *[line(f"{label}{number}", label) for label in "xyz" for number in range(10)])
    prepared = house.prepare()
    assert len(written(prepared.training)) == 24
    assert sorted(entry["l0-metadata"]["class-name"] for entry in house.entries("test")) == [*"xxyyzz"]
    moved = {entry["source-ref"] for entry in house.entries("test")}
    assert moved == {entry["source-ref"] for entry in written(prepared.testing)}
    assert not moved & {entry["source-ref"] for entry in house.entries("train")}
    train, test = house.dataset("train"), house.dataset("test")
    assert train is not None and test is not None
    assert (train.status, test.status) == (DatasetState.UPDATE_COMPLETE, DatasetState.CREATE_COMPLETE)
    assert test.arn.startswith(f"{PREFIX}/dataset/test/")
    stats = house.database.read_now(lambda connection: content_stats(connection, train.content_id))
    assert (stats.total_entries, stats.labeled_entries, stats.total_labels) == (24, 24, 3)


def test_what_was_written_down_is_not_written_again(house: House) -> None:
    """O-19, O-24: a restart trains with the same lines, whatever became of the datasets."""
    house.add_dataset("train", *[line(f"a{number}", "x") for number in range(10)])
    first = house.prepare()
    lines = written(first.training)
    for kind in ("train", "test"):
        dataset = house.dataset(kind)
        assert dataset is not None
        house.database.write_now(partial(remove_dataset, dataset_id=dataset.id))
    assert house.prepare() == first
    assert written(first.training) == lines


def test_too_few_images_to_split(house: House) -> None:
    """TE-11 is the worker's to report, with a manifest summary; the dataset stays whole."""
    house.add_dataset("train", line("a", "x"), line("b", "y"))
    prepared = house.prepare()
    assert prepared.testing is None
    assert len(written(prepared.training)) == 2
    assert len(house.entries("train")) == 2
    assert house.dataset("test") is None


def test_datasets_that_went_meanwhile_fail_the_training(house: House) -> None:
    """TE-1."""
    with pytest.raises(NotPreparedError, match=r"^The manifest file extension or contents are invalid\.$"):
        house.prepare()


@pytest.mark.parametrize("state", [DatasetState.UPDATE_IN_PROGRESS, DatasetState.DELETE_IN_PROGRESS])
def test_a_split_does_not_end_what_has_just_begun(house: House, state: DatasetState) -> None:
    """An update or deletion that was accepted between the training and its split ends by itself."""
    house.add_dataset("train", *[line(f"a{number}", "x") for number in range(10)])
    train = house.dataset("train")
    assert train is not None
    house.database.write_now(lambda c: set_dataset_status(c, train.id, state, "busy", updated_at=9))
    house.prepare()
    found = house.database.read_now(lambda connection: find_dataset(connection, train.arn))
    assert found is not None
    assert (found.status, found.status_message) == (state, "busy")


def test_external_manifests_are_put_together(house: House) -> None:
    """api-facts §2.11: several assets are one manifest; their buckets are told for TE-10."""
    house.objects.add("manifests", "a.manifest", manifest(line("a", "x")))
    house.objects.add("manifests", "b.manifest", manifest(line("b", "x")))
    prepared = house.prepare({"Assets": [asset("a.manifest"), asset("b.manifest")]}, {"Assets": [asset("b.manifest")]})
    assert [entry["source-ref"][-5] for entry in written(prepared.training)] == ["a", "b"]
    assert (prepared.training_buckets, prepared.testing_buckets) == (("manifests",), ("manifests",))
    split_later = house.prepare({"Assets": [asset("a.manifest")]}, {"AutoCreate": True}, job_id=8)
    assert split_later.testing is None


def test_manifests_put_together_stay_apart_by_line(house: House) -> None:
    """A manifest without a line feed at its end does not swallow the first line of the next."""
    house.objects.add("manifests", "a.manifest", line("a", "x").encode())
    house.objects.add("manifests", "b.manifest", line("b", "x").encode())
    prepared = house.prepare({"Assets": [asset("a.manifest"), asset("b.manifest")]}, {"AutoCreate": True})
    assert [entry["source-ref"][-5] for entry in written(prepared.training)] == ["a", "b"]


def test_a_missing_manifest_fails_the_training(house: House) -> None:
    with pytest.raises(NotPreparedError, match=r"^The manifest file extension or contents are invalid\.$"):
        house.prepare({"Assets": [asset("none.manifest")]}, {"AutoCreate": True})
    assert not list((house.directory / "7").iterdir())
