"""A crash of the training process, and a reset in the middle of work, leave the server whole."""

from __future__ import annotations

import threading
from typing import Any

import botocore.exceptions
import pytest

from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess, wait_until

psutil = pytest.importorskip("psutil", reason="psutil is not installed")

ACCOUNT = "111122223333"
ORPHAN_SECONDS = 60.0
KNOWN_AFTER_SUCCESS = {"EvaluationResult", "BillableTrainingTimeInSeconds"}


def workers(emulator: EmulatorProcess) -> list[Any]:
    """The processes that the server started."""
    return list(psutil.Process(emulator.process.pid).children(recursive=True))


@pytest.fixture
def project(fresh_emulator: EmulatorProcess) -> Project:
    """A project with both datasets on an emulator of its own."""
    project = new_project(fresh_emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    return project


def test_a_killed_worker_is_a_failed_training(fresh_emulator: EmulatorProcess, project: Project) -> None:
    """The training fails with the service's message; the server serves on and trains the next version."""
    project.start_training("killed")
    for worker in wait_until(lambda: workers(fresh_emulator), what="the training process"):
        worker.kill()
    described = project.wait_version("killed", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert (described["Status"], described["StatusMessage"]) == (
        "TRAINING_FAILED",
        "Amazon Rekognition experienced a service issue.",
    )
    assert not KNOWN_AFTER_SUCCESS & set(described)
    project.train("next")
    project.rekognition.delete_project_version(ProjectVersionArn=project.version_arns["killed"])
    names = {"ProjectArn": project.arn, "VersionNames": ["killed"]}
    described_versions = project.rekognition.describe_project_versions
    wait_until(lambda: not described_versions(**names)["ProjectVersionDescriptions"], what="deletion of the version")


def test_datasets_may_be_deleted_during_the_training(project: Project) -> None:
    """A training works on the entries that there were when it was asked for."""
    project.start_training()
    for arn in project.dataset_arns.values():
        project.rekognition.delete_dataset(DatasetArn=arn)
    described = project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
    assert described["Status"] == "TRAINING_COMPLETED", described["StatusMessage"]


def test_reset_in_the_middle_of_work(fresh_emulator: EmulatorProcess, project: Project) -> None:
    """O-8: a running model, a training and a held waiter's call end at once; the emulator is as new."""
    project.train("running")
    project.start_model("running")
    project.start_training("interrupted")
    wait_until(lambda: workers(fresh_emulator), what="the training process")
    codes: list[str] = []

    def wait() -> None:
        waiter = project.rekognition.get_waiter("project_version_training_completed")
        try:
            often = {"Delay": 1, "MaxAttempts": 10}
            waiter.wait(ProjectArn=project.arn, VersionNames=["interrupted"], WaiterConfig=often)
        except botocore.exceptions.WaiterError as error:
            codes.append(error.last_response["Error"]["Code"])

    thread = threading.Thread(target=wait)
    thread.start()
    fresh_emulator.wait_for_requests(1)
    assert fresh_emulator.control("POST", "/_emulator/reset")[0] == 200
    thread.join(60)
    assert codes == ["ResourceNotFoundException"]
    assert project.rekognition.describe_projects()["ProjectDescriptions"] == []
    assert project.s3.list_buckets()["Buckets"] == []
    wait_until(lambda: not workers(fresh_emulator), what="the end of the training process")
    again = new_project(fresh_emulator, ACCOUNT, name=project.name)
    assert again.rekognition.describe_project_versions(ProjectArn=again.arn)["ProjectVersionDescriptions"] == []


def test_a_killed_server_leaves_no_process_behind(fresh_emulator: EmulatorProcess, project: Project) -> None:
    """kill -9 of the server during a training: its workers notice and end."""
    project.start_training()
    left = wait_until(lambda: workers(fresh_emulator), what="the training process")
    fresh_emulator.kill()
    gone, alive = psutil.wait_procs(left, timeout=ORPHAN_SECONDS)
    assert gone
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
