"""kill -9 at any moment loses nothing acknowledged and leaves nothing in a transitional state (O-19)."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions

from support.pictures import SINGLE_LABELS, draw_picture, image_level_manifest, single_label_pictures
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"
SETTLED_SECONDS = 180.0
TRAIN = single_label_pictures(SINGLE_LABELS, 5)
TEST = single_label_pictures(SINGLE_LABELS, 2, seed=500)


class Killer:
    """Kill the emulator some seconds after `with` begins, while its body goes on calling."""

    def __init__(self, emulator: EmulatorProcess, seconds: float) -> None:
        self.emulator = emulator
        self.timer = threading.Timer(seconds, emulator.process.kill)

    def __enter__(self) -> Killer:
        self.timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Wait for the death; calls that it cut off are expected to fail."""
        self.timer.join()
        self.emulator.process.wait(SETTLED_SECONDS)
        return isinstance(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError)


def reconnected(project: Project, emulator: EmulatorProcess) -> Project:
    """The same project through clients of the restarted emulator."""
    project.rekognition = emulator.client("rekognition", ACCOUNT)
    project.s3 = emulator.client("s3", ACCOUNT)
    return project


def projects_of(emulator: EmulatorProcess) -> dict[str, dict[str, Any]]:
    """All descriptions by ARN."""
    pages = emulator.client("rekognition", ACCOUNT).get_paginator("describe_projects").paginate()
    return {project["ProjectArn"]: project for page in pages for project in page["ProjectDescriptions"]}


def statuses(emulator: EmulatorProcess) -> list[str]:
    """The status of every dataset and version of the account."""
    client = emulator.client("rekognition", ACCOUNT)
    found = []
    for arn, project in projects_of(emulator).items():
        found += [dataset["Status"] for dataset in project["Datasets"]]
        versions = client.describe_project_versions(ProjectArn=arn)["ProjectVersionDescriptions"]
        found += [version["Status"] for version in versions]
    return found


def check_nothing_hangs(emulator: EmulatorProcess) -> None:
    """Every status is final within a bounded time."""
    transitional = ("_IN_PROGRESS", "ING_IN_PROGRESS", "STARTING", "STOPPING", "DELETING", "CREATING")
    wait_until(
        lambda: not [status for status in statuses(emulator) if status.endswith(transitional)],
        SETTLED_SECONDS,
        what="the end of all transitional states",
    )


def moments(seed: int, count: int, latest: float) -> list[float]:
    """Seeded moments in seconds, each anywhere in its own part of the time up to `latest`."""
    generator = random.Random(seed)
    return [latest * (part + generator.random()) / count for part in range(count)]


def kill_while(emulator: EmulatorProcess, seconds: float, work: Callable[[EmulatorProcess], None]) -> EmulatorProcess:
    """Do the work until the kill comes, then start again on the same data."""
    with Killer(emulator, seconds):
        work(emulator)
        emulator.process.wait(SETTLED_SECONDS)
    return emulator.restart()


def test_kill_while_datasets_are_made(tmp_path: Path) -> None:
    """Four kills while projects, objects and datasets are written one after the other."""
    with EmulatorProcess(tmp_path / "data") as emulator:
        project = new_project(emulator, ACCOUNT)
        project.put_manifest(TRAIN, "train.manifest")
        acknowledged: dict[str, str] = {}
        objects: dict[str, bytes] = {}

        def write(running: EmulatorProcess) -> None:
            client, s3 = running.client("rekognition", ACCOUNT), running.client("s3", ACCOUNT)
            for number in range(1000):
                name = unique_name("kill")
                arn = client.create_project(ProjectName=name)["ProjectArn"]
                acknowledged[arn] = "project"
                body = image_level_manifest(TRAIN, project.bucket) * (1 + number % 3)
                s3.put_object(Bucket=project.bucket, Key=f"objects/{name}", Body=body)
                objects[f"objects/{name}"] = body
                source = {"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "train.manifest"}}}
                dataset = client.create_dataset(ProjectArn=arn, DatasetType="TRAIN", DatasetSource=source)
                acknowledged[dataset["DatasetArn"]] = arn

        for seconds in moments(1, 4, 1.2):
            kill_while(emulator, seconds, write)
            check_nothing_hangs(emulator)
            check_acknowledged(emulator, acknowledged)
            s3 = emulator.client("s3", ACCOUNT)
            for key, body in objects.items():
                assert s3.get_object(Bucket=project.bucket, Key=key)["Body"].read() == body
        assert objects and acknowledged


def check_acknowledged(emulator: EmulatorProcess, acknowledged: dict[str, str]) -> None:
    """Every project and dataset whose creation was answered is there, datasets complete with all entries."""
    described = projects_of(emulator)
    client = emulator.client("rekognition", ACCOUNT)
    for arn, project_arn in acknowledged.items():
        if project_arn == "project":
            assert described[arn]["Status"] == "CREATED"
            continue
        assert arn in {dataset["DatasetArn"] for dataset in described[project_arn]["Datasets"]}
        dataset = client.describe_dataset(DatasetArn=arn)["DatasetDescription"]
        assert dataset["Status"] == "CREATE_COMPLETE", dataset
        assert dataset["DatasetStats"]["TotalEntries"] == len(TRAIN)


def test_kill_while_a_model_is_trained_and_started(tmp_path: Path) -> None:
    """Three kills during one training, three while the version starts or runs; it ends trained, then RUNNING."""
    with EmulatorProcess(tmp_path / "data") as emulator:
        project = new_project(emulator, ACCOUNT)
        project.create_dataset("TRAIN", TRAIN)
        project.create_dataset("TEST", TEST)
        arn = project.start_training()
        for seconds in moments(2, 3, 3.0):
            time.sleep(seconds)
            emulator.kill()
            reconnected(project, emulator.restart())
            assert project.describe_version("first")["Status"] in {"TRAINING_IN_PROGRESS", "TRAINING_COMPLETED"}
        described = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED", seconds=SETTLED_SECONDS)
        assert described["Status"] == "TRAINING_COMPLETED", described["StatusMessage"]

        project.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
        image = {"Bytes": draw_picture(["circle"], 900).body}
        answers = []
        for seconds in moments(3, 3, 1.5):
            time.sleep(seconds)
            emulator.kill()
            reconnected(project, emulator.restart())
            described = project.wait_version("first", "RUNNING", "FAILED", seconds=SETTLED_SECONDS)
            assert described["Status"] == "RUNNING", described["StatusMessage"]
            asked = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
            answers.append(asked["CustomLabels"])
        assert answers[0] == answers[1] == answers[2]
        check_nothing_hangs(emulator)
        project.stop_model()


def test_sigterm_leaves_a_training_resumable(tmp_path: Path) -> None:
    """O-3: a graceful end during a training is quick, exits 0, and the training ends after the next start."""
    with EmulatorProcess(tmp_path / "data") as emulator:
        project = new_project(emulator, ACCOUNT)
        project.create_dataset("TRAIN", TRAIN)
        project.create_dataset("TEST", TEST)
        project.start_training()
        assert emulator.terminate() == 0
        reconnected(project, emulator.restart())
        described = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED", seconds=SETTLED_SECONDS)
        assert described["Status"] == "TRAINING_COMPLETED", described["StatusMessage"]


def test_kill_while_an_archive_is_loaded(tmp_path: Path) -> None:
    """O-15, O-19: afterwards projects and objects are both those of the archive or both those of before."""

    def fill(emulator: EmulatorProcess, name: str) -> None:
        s3 = emulator.client("s3", ACCOUNT)
        s3.create_bucket(Bucket="bucket")
        for number in range(40):
            s3.put_object(Bucket="bucket", Key=f"{number}", Body=name.encode())
        emulator.client("rekognition", ACCOUNT).create_project(ProjectName=name)

    def what_is_there(emulator: EmulatorProcess) -> set[str]:
        s3 = emulator.client("s3", ACCOUNT)
        bodies = [s3.get_object(Bucket="bucket", Key=f"{number}")["Body"].read().decode() for number in range(40)]
        return {arn.split("/")[1] for arn in projects_of(emulator)} | set(bodies)

    def load(emulator: EmulatorProcess) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            request = urllib.request.Request(f"{emulator.endpoint}/_emulator/state", archive, method="PUT")
            urllib.request.urlopen(request, timeout=SETTLED_SECONDS).close()

    with EmulatorProcess(tmp_path / "data") as emulator:
        fill(emulator, "saved")
        with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/state") as answer:
            archive = answer.read()
        for moment in moments(6, 6, 0.3):
            assert emulator.control("POST", "/_emulator/reset")[0] == 200
            fill(emulator, "present")
            emulator = kill_while(emulator, moment, load)
            assert what_is_there(emulator) in ({"saved"}, {"present"}), moment
