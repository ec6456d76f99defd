"""What each state of projects, datasets and versions allows (api-facts §2 and §3.2).

The emulator of these tests lets work last until it was described three times (O-17), so that a state can be met in the
middle however fast or busy the machine is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from support.pictures import SINGLE_LABELS, draw_picture, image_level_manifest, single_label_pictures
from support.projects import Project, copy_of, error_code, error_of, new_project, trained_project
from support.server import EmulatorProcess

IN_USE = "ResourceInUseException"
NOT_READY = "ResourceNotReadyException"
INVALID = "InvalidParameterException"
TRANSITIONS = ("training", "starting", "stopping", "copying", "deleting", "dataset")


@pytest.fixture(scope="module")
def patient_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator of this module alone, because transition policies hold for all accounts."""
    with EmulatorProcess(tmp_path_factory.mktemp("states") / "data") as process:
        yield process


def let_last(emulator: EmulatorProcess, *transitions: str) -> None:
    """Let some transitions last until the third describing call, and all others as long as they take."""
    policies: dict[str, dict[str, Any]] = {name: {"type": "real"} for name in TRANSITIONS}
    policies |= {name: {"type": "describes", "count": 3} for name in transitions}
    status, answer = emulator.control("PUT", "/_emulator/transitions", policies)
    assert status == 200, answer


@pytest.fixture(scope="module")
def trained(patient_emulator: EmulatorProcess) -> Project:
    """A trained version on that emulator; tests leave it stopped."""
    let_last(patient_emulator)
    account = str(secrets.randbelow(9 * 10**11) + 10**11)
    train, test = single_label_pictures(SINGLE_LABELS, 5), single_label_pictures(SINGLE_LABELS, 2, seed=500)
    return trained_project(patient_emulator, account, train, test)


def test_a_dataset_in_creation_or_update(patient_emulator: EmulatorProcess, account: str) -> None:
    let_last(patient_emulator, "dataset")
    project = new_project(patient_emulator, account)
    pictures = single_label_pictures(SINGLE_LABELS, 3)
    project.put_manifest(pictures, "train.manifest")
    arn = project.start_dataset("TRAIN", "train.manifest")
    client = project.rekognition
    changes = {"GroundTruth": image_level_manifest(pictures[:1], project.bucket)}
    assert project.describe_dataset(arn)["Status"] == "CREATE_IN_PROGRESS"
    assert error_code(client.list_dataset_entries, DatasetArn=arn) == NOT_READY
    assert error_code(client.list_dataset_labels, DatasetArn=arn) == NOT_READY
    assert error_code(client.update_dataset_entries, DatasetArn=arn, Changes=changes) == IN_USE
    assert error_code(client.delete_dataset, DatasetArn=arn) == IN_USE
    assert error_code(client.delete_project, ProjectArn=project.arn) == IN_USE
    test = client.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    both = [{"Arn": arn}, {"Arn": test}]
    assert error_code(client.distribute_dataset_entries, Datasets=both) == NOT_READY
    assert project.wait_dataset(arn)["Status"] == "CREATE_COMPLETE"
    client.update_dataset_entries(DatasetArn=arn, Changes=changes)
    assert project.describe_dataset(arn)["Status"] == "UPDATE_IN_PROGRESS"
    assert error_code(client.list_dataset_entries, DatasetArn=arn) == IN_USE
    assert error_code(client.update_dataset_entries, DatasetArn=arn, Changes=changes) == IN_USE
    assert error_code(client.delete_dataset, DatasetArn=arn) == IN_USE
    assert project.wait_dataset(arn)["Status"] == "UPDATE_COMPLETE"


def test_deletion_can_be_seen(patient_emulator: EmulatorProcess, account: str) -> None:
    let_last(patient_emulator, "deleting")
    project = new_project(patient_emulator, account)
    client = project.rekognition
    dataset = client.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN")["DatasetArn"]
    project.wait_dataset(dataset)
    client.delete_dataset(DatasetArn=dataset)
    assert project.describe_dataset(dataset)["Status"] == "DELETE_IN_PROGRESS"
    assert error_code(client.delete_dataset, DatasetArn=dataset) == IN_USE
    assert error_code(client.delete_project, ProjectArn=project.arn) == IN_USE
    let_last(patient_emulator)
    empty = new_project(patient_emulator, account)
    let_last(patient_emulator, "deleting")
    assert client.delete_project(ProjectArn=empty.arn)["Status"] == "DELETING"
    [described] = client.describe_projects(ProjectNames=[empty.name])["ProjectDescriptions"]
    assert described["Status"] == "DELETING"
    to_deleted = {"ProjectArn": empty.arn, "DatasetType": "TRAIN"}
    assert error_code(client.create_dataset, **to_deleted) in {"ResourceNotFoundException", INVALID}


def test_a_version_in_training(patient_emulator: EmulatorProcess, account: str) -> None:
    let_last(patient_emulator, "training")
    project = new_project(patient_emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    arn = project.start_training()
    client = project.rekognition
    image = {"Bytes": draw_picture(["circle"], 1).body}
    assert error_code(client.detect_custom_labels, ProjectVersionArn=arn, Image=image) == NOT_READY
    assert error_code(client.start_project_version, ProjectVersionArn=arn, MinInferenceUnits=1) == IN_USE
    assert error_code(client.stop_project_version, ProjectVersionArn=arn) == IN_USE
    assert error_code(client.delete_project_version, ProjectVersionArn=arn) == IN_USE
    assert error_code(client.delete_project, ProjectArn=project.arn) == IN_USE
    assert error_code(project.start_training, version="first") == IN_USE
    destination = new_project(patient_emulator, account)
    assert error_code(client.copy_project_version, **copy_of(project, destination)) in {IN_USE, INVALID}
    project.start_training("second")
    assert project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")["Status"] == "TRAINING_COMPLETED"
    project.wait_version("second", "TRAINING_COMPLETED")


def test_a_version_on_its_way_up_and_down(patient_emulator: EmulatorProcess, trained: Project) -> None:
    let_last(patient_emulator, "starting", "stopping")
    client, arn = trained.rekognition, trained.version_arns["first"]
    one_unit = {"ProjectVersionArn": arn, "MinInferenceUnits": 1}
    image = {"Bytes": draw_picture(["circle"], 1).body}
    two_to_one = {"ProjectVersionArn": arn, "MinInferenceUnits": 2, "MaxInferenceUnits": 1}
    assert error_code(client.start_project_version, **two_to_one) == INVALID
    ask = {"ProjectVersionArn": arn, "Image": image}
    assert error_of(client.detect_custom_labels, **ask)["Message"].endswith("It does not run: start it first.")
    assert client.start_project_version(**one_unit)["Status"] == "STARTING"
    refused = error_of(client.detect_custom_labels, **ask)
    assert refused["Code"] == NOT_READY and "is in state STARTING and cannot be used" in refused["Message"]
    assert error_code(client.start_project_version, **one_unit) == IN_USE
    assert error_code(client.delete_project_version, ProjectVersionArn=arn) == IN_USE
    assert trained.wait_version("first", "RUNNING", "FAILED")["Status"] == "RUNNING"
    assert error_code(client.start_project_version, **one_unit) == IN_USE
    assert error_code(client.delete_project_version, ProjectVersionArn=arn) == IN_USE
    assert client.detect_custom_labels(ProjectVersionArn=arn, Image=image)["CustomLabels"]
    assert client.stop_project_version(ProjectVersionArn=arn)["Status"] == "STOPPING"
    assert trained.describe_version("first")["Status"] == "STOPPING"
    assert error_code(client.detect_custom_labels, ProjectVersionArn=arn, Image=image) == NOT_READY
    assert error_code(client.stop_project_version, ProjectVersionArn=arn) == IN_USE
    assert error_code(client.start_project_version, **one_unit) == IN_USE
    trained.wait_version("first", "STOPPED")
    assert error_code(client.stop_project_version, ProjectVersionArn=arn) == IN_USE
    let_last(patient_emulator)
    trained.start_model()
    trained.stop_model()


def test_copies_in_progress_and_two_running_models(patient_emulator: EmulatorProcess, trained: Project) -> None:
    let_last(patient_emulator, "copying")
    client = trained.rekognition
    destination = Project(client, trained.s3).create()
    for name in ("one", "two"):
        destination.version_arns[name] = client.copy_project_version(**copy_of(trained, destination, name))[
            "ProjectVersionArn"
        ]
    arn = destination.version_arns["one"]
    assert destination.describe_version("one")["Status"] == "COPYING_IN_PROGRESS"
    assert error_code(client.copy_project_version, **copy_of(trained, destination, "one")) == IN_USE
    assert error_code(client.start_project_version, ProjectVersionArn=arn, MinInferenceUnits=1) == IN_USE
    assert error_code(client.delete_project_version, ProjectVersionArn=arn) == IN_USE
    for name in ("one", "two"):
        destination.wait_version(name, "COPYING_COMPLETED")
    let_last(patient_emulator)
    destination.start_model("one")
    destination.start_model("two")
    for name in ("one", "two"):
        destination.stop_model(name)


def test_trainings_that_cannot_begin(patient_emulator: EmulatorProcess, account: str) -> None:
    let_last(patient_emulator)
    project = new_project(patient_emulator, account)
    assert error_code(project.start_training) == INVALID, "there are no datasets"
    train = project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 3))
    assets = {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "any.manifest"}}}]}
    external = {"TrainingData": assets, "TestingData": {"AutoCreate": True}}
    assert error_code(project.start_training, **external) == INVALID, "the project has datasets"
    moderation = {"FeatureConfig": {"ContentModeration": {"ConfidenceThreshold": 50}}}
    assert error_code(project.start_training, **moderation) == INVALID, "the project has another feature"
    test = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    project.wait_dataset(test)
    assert error_code(project.start_training) == INVALID, "the test dataset is empty (O-27)"
    assert error_code(project.start_training, ProjectArn=project.arn + "0") == "ResourceNotFoundException"
    named = {"ProjectArn": project.arn, "VersionNames": ["first"]}
    assert project.rekognition.describe_project_versions(**named)["ProjectVersionDescriptions"] == []
    assert project.describe_dataset(train)["DatasetStats"]["TotalEntries"] == 6


def test_names_are_taken_once(patient_emulator: EmulatorProcess, account: str) -> None:
    project = new_project(patient_emulator, account)
    create = project.rekognition.create_project
    assert error_code(create, ProjectName=project.name) == IN_USE
    unknown = project.arn.rpartition("/")[0] + "/1234567890123"
    assert error_code(project.rekognition.delete_project, ProjectArn=unknown) == "ResourceNotFoundException"
    version = unknown.rpartition("/")[0] + "/version/none/1234567890123"
    for name, more in (
        ("start_project_version", {"MinInferenceUnits": 1}),
        ("stop_project_version", {}),
        ("delete_project_version", {}),
    ):
        call = getattr(project.rekognition, name)
        assert error_code(call, ProjectVersionArn=version, **more) == "ResourceNotFoundException"
