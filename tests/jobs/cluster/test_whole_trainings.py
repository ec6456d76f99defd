"""Whole trainings on a Dask cluster, as users of the API see them: as here, whoever is killed meanwhile."""

from __future__ import annotations

import importlib.util
import json
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.dask_cluster import DaskCluster, children, exists
from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.server import DEFAULT_ACCOUNT, EmulatorProcess, wait_until

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are needed"),
]


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        for name in ("first", "second"):
            cluster.add_worker(name)
        yield cluster


@pytest.fixture(scope="module")
def emulator(dask: DaskCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = {
        "CUSTOM_LABELS_DASK_SCHEDULER": dask.address,
        "CUSTOM_LABELS_DASK_SPREAD": "trainings",
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }
    with EmulatorProcess(tmp_path_factory.mktemp("emulator") / "data", settings) as started:
        yield started


@pytest.fixture(scope="module")
def project(emulator: EmulatorProcess) -> Project:
    project = new_project(emulator, DEFAULT_ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(("circle", "square"), 12))
    project.create_dataset("TEST", single_label_pictures(("circle", "square"), 5, seed=100))
    return project


def model_files(emulator: EmulatorProcess) -> set[Path]:
    assert emulator.data_directory is not None
    return set((emulator.data_directory / "models").glob("*.onnx"))


def trained_by(dask: DaskCluster) -> str:
    """The worker that trains now, once one does."""
    found = wait_until(
        lambda: [name for name in ("first", "second") if children(dask.pid(name))], pause=0.02, what="a training"
    )
    return found[0]


def results_of(project: Project, version: str) -> list[str]:
    """The result files of a version, without their names' ends."""
    listed = project.s3.list_objects_v2(Bucket=project.bucket, Prefix="results/")["Contents"]
    return sorted(item["Key"].rpartition("-")[0] for item in listed if item["Key"].endswith(f"-{version}.json"))


def test_a_training_is_the_same_bytes_wherever_it_is_done_and_whoever_is_killed(
    dask: DaskCluster, emulator: EmulatorProcess, project: Project
) -> None:
    project.start_training("elsewhere")
    killed = trained_by(dask)
    left = children(dask.pid(killed))
    dask.kill(killed)
    described = project.wait_version("elsewhere", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["Status"] == "TRAINING_COMPLETED", emulator.log()
    wait_until(lambda: not any(map(exists, left)), what="the end of what the killed worker began")
    [elsewhere] = model_files(emulator)
    dask.add_worker(killed)

    project.start_training("later")
    trained_by(dask)
    dask.kill("scheduler")
    for name in ("first", "second"):
        dask.kill(name)
    dask.start_scheduler()
    for name in ("first", "second"):
        dask.add_worker(name)
    described = project.wait_version("later", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["Status"] == "TRAINING_COMPLETED", emulator.log()

    emulator.terminate()
    scheduler = emulator.environment.pop("CUSTOM_LABELS_DASK_SCHEDULER")
    emulator.restart()
    here = Project(emulator.client("rekognition"), emulator.client("s3"), project.name, project.bucket, project.arn)
    here.train("here")
    emulator.environment["CUSTOM_LABELS_DASK_SCHEDULER"] = scheduler
    assert {path.read_bytes() for path in model_files(emulator)} == {elsewhere.read_bytes()}
    assert len(model_files(emulator)) == 3
    assert results_of(here, "elsewhere") == results_of(here, "later") == results_of(here, "here")
    assert len(results_of(here, "here")) == 6


def test_a_cancelled_training_ends_on_its_worker(
    dask: DaskCluster, emulator: EmulatorProcess, project: Project
) -> None:
    if emulator.process.poll() is None:
        emulator.terminate()
    emulator.restart()
    again = Project(emulator.client("rekognition"), emulator.client("s3"), project.name, project.bucket, project.arn)
    arn = again.start_training("cancelled")
    left = children(dask.pid(trained_by(dask)))
    status, _ = emulator.control("DELETE", "/_emulator/trainings/" + urllib.parse.quote(arn, safe=":"))
    assert status == 200
    assert again.describe_version("cancelled")["Status"] == "TRAINING_FAILED"
    wait_until(lambda: not any(map(exists, left)), what="the end of the training's process")


def test_a_training_that_breaks_fails_as_here(emulator: EmulatorProcess) -> None:
    again = new_project(emulator, DEFAULT_ACCOUNT)
    missing = {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": again.bucket, "Name": "one.manifest"}}}]}
    line = {"source-ref": f"s3://{again.bucket}/nothing.png", "kind": 0, "kind-metadata": {}}
    again.s3.put_object(Bucket=again.bucket, Key="one.manifest", Body=json.dumps(line).encode())
    again.start_training("broken", TrainingData=missing, TestingData={"AutoCreate": True})
    described = again.wait_version("broken", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["Status"] == "TRAINING_FAILED"
    assert "Amazon Rekognition experienced a service issue" not in described["StatusMessage"]


def test_an_error_of_the_workers_disk_is_told_and_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulator.jobs.cluster import trainings

    (tmp_path / "file").touch()
    worker = SimpleNamespace(local_directory=str(tmp_path / "file" / "worker"), name="first")
    monkeypatch.setattr(trainings, "get_worker", lambda: worker)
    trained = trainings.train_here("{}", "{}", {}, "topic")
    assert trained.outcome is None and trained.problem.startswith("first: ")
    assert str(tmp_path / "file") in trained.problem
