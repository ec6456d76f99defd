"""Projects, datasets and versions in one answer; the progress of trainings."""

from __future__ import annotations

from typing import Any

import pytest

from support.console import ConsoleClient
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess, wait_until


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project with both datasets."""
    found = new_project(emulator, account)
    found.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 8))
    found.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 3, seed=500))
    return found


def test_a_project_comes_with_datasets_and_versions(console: ConsoleClient, project: Project) -> None:
    other = project.rekognition.create_project(ProjectName=unique_name())["ProjectArn"]
    found = console.get("/projects")["projects"]
    assert [document["arn"] for document in found] == [other, project.arn]
    train, test = found[1]["datasets"]
    assert (train["type"], train["name"], train["total_entries"]) == ("TRAIN", f"{project.name}_training_dataset", 16)
    assert (test["type"], test["labeled_entries"], test["total_labels"]) == ("TEST", 6, 2)
    assert console.get("/project", project=project.arn) == found[1]
    assert console.refused("GET", "/project", project=project.arn + "0") == (404, "ResourceNotFoundException")


def test_a_training_is_seen_from_its_beginning_to_its_figures(console: ConsoleClient, project: Project) -> None:
    arn = project.start_training("first", VersionDescription="the first one")
    [training] = console.get("/trainings")["trainings"]
    assert (training["version_arn"], training["place_in_queue"]) in ((arn, None), (arn, 1))
    stages: set[str] = set()

    def ended() -> Any:
        stages.update(one["stage"] for one in console.get("/trainings")["trainings"])
        [version] = console.get("/project", project=project.arn)["versions"]
        return version if version["status"] != "TRAINING_IN_PROGRESS" else None

    version = wait_until(ended, 120, what="the training")
    assert version["status"] == "TRAINING_COMPLETED", version
    assert (version["name"], version["description"]) == ("first", "the first one")
    assert 0 <= version["f1_score"] <= 1
    assert version["billable_seconds"] > 0
    assert version["training_ended"] >= version["created"]
    assert version["training_dataset"] == f"{project.name}_training_dataset"
    assert version["test_dataset"] == f"{project.name}_test_dataset"
    assert console.get("/trainings")["trainings"] == []
    assert stages


def test_a_version_of_manifests_names_them(console: ConsoleClient, emulator: EmulatorProcess, account: str) -> None:
    project = new_project(emulator, account)
    for name, seed in (("train", 0), ("test", 500)):
        project.put_manifest(single_label_pictures(SINGLE_LABELS, 3, seed=seed), f"{name}.manifest")

    def assets(name: str) -> dict[str, Any]:
        place = {"Bucket": project.bucket, "Name": f"{name}.manifest"}
        return {"Assets": [{"GroundTruthManifest": {"S3Object": place}}]}

    project.start_training("first", TrainingData=assets("train"), TestingData=assets("test"))
    [version] = console.get("/project", project=project.arn)["versions"]
    assert version["training_dataset"] == f"s3://{project.bucket}/train.manifest"
    assert version["test_dataset"] == f"s3://{project.bucket}/test.manifest"
    console.post("/training/cancel", {"version": version["arn"]})
