"""Manifests, images and results in an S3 outside (CUSTOM_LABELS_S3_ENDPOINT_URL): here that of a second emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pictures import single_label_pictures
from support.projects import Project, error_of
from support.server import DEFAULT_ACCOUNT, EmulatorProcess


@pytest.fixture
def outside(emulator: EmulatorProcess) -> EmulatorProcess:
    """The emulator whose S3 is used."""
    return emulator


@pytest.fixture
def without_objects(outside: EmulatorProcess, tmp_path: Path) -> Iterator[EmulatorProcess]:
    """An emulator that keeps no objects of its own; the account's keys stand in a file."""
    keys = tmp_path / "credentials.json"
    keys.write_text(
        f'{{"{DEFAULT_ACCOUNT}": {{"aws_access_key_id": "{DEFAULT_ACCOUNT}", "aws_secret_access_key": "x"}}}}'
    )
    environment = {
        "CUSTOM_LABELS_S3_ENDPOINT_URL": outside.endpoint,
        "CUSTOM_LABELS_S3_CREDENTIALS": str(keys),
        "CUSTOM_LABELS_TRAINING_EFFORT": "fast",
    }
    with EmulatorProcess(tmp_path / "data", environment) as process:
        yield process


def test_a_model_lives_on_objects_outside(outside: EmulatorProcess, without_objects: EmulatorProcess) -> None:
    """Dataset, training, results, detection; missing objects are the modelled errors."""
    project = Project(without_objects.client("rekognition"), outside.client("s3")).create()
    project.create_dataset("TRAIN", single_label_pictures(("circle", "square"), each=5))
    project.train()
    keys = project.s3.list_objects_v2(Bucket=project.bucket, Prefix="results/")["Contents"]
    assert len(keys) == 6
    arn = project.start_model()
    image = next(
        item["Key"] for item in project.s3.list_objects_v2(Bucket=project.bucket, Prefix="images/")["Contents"]
    )
    parameters = {"ProjectVersionArn": arn, "MinConfidence": 0}
    found = project.rekognition.detect_custom_labels(
        Image={"S3Object": {"Bucket": project.bucket, "Name": image}}, **parameters
    )
    assert found["CustomLabels"]
    missing = {"S3Object": {"Bucket": project.bucket, "Name": "images/none.png"}}
    error = error_of(project.rekognition.detect_custom_labels, Image=missing, **parameters)
    assert error["Code"] == "InvalidS3ObjectException"
    project.stop_model()
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "none.manifest"}}}
    test = project.rekognition.create_project(ProjectName=f"{project.name}-2")["ProjectArn"]
    dataset = project.rekognition.create_dataset(ProjectArn=test, DatasetType="TRAIN", DatasetSource=source)[
        "DatasetArn"
    ]
    description = project.wait_dataset(dataset)
    assert description["StatusMessage"] == "The manifest file extension or contents are invalid."
