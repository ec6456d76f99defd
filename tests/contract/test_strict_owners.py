"""Strict owners without identities: buckets of other accounts need a bucket policy (O-33, E-4, TE-5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

OWNER, OTHER = "111122223333", "444455556666"
PICTURES = single_label_pictures(("circle", "square"), 3)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(environment={"CUSTOM_LABELS_S3_OWNERS": "strict"}) as started:
        yield started


def open_to(project: Project, account: str, *actions: str) -> None:
    """Let an account do these things with a project's bucket."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{project.bucket}", f"arn:aws:s3:::{project.bucket}/*"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    project.s3.put_bucket_policy(Bucket=project.bucket, Policy=document)


def test_manifests_and_outputs_of_another_accounts_bucket(emulator: EmulatorProcess) -> None:
    owner = new_project(emulator, OWNER)
    owner.put_manifest(PICTURES, "manifests/train.manifest")
    other = Project(emulator.client("rekognition", OTHER), emulator.client("s3", OTHER), bucket=owner.bucket)
    other.arn = other.rekognition.create_project(ProjectName=other.name)["ProjectArn"]

    dataset = other.start_dataset("TRAIN", "manifests/train.manifest")
    described = other.wait_dataset(dataset)
    assert described["Status"] == "CREATE_FAILED"
    assert described["StatusMessage"] == "The S3 bucket permissions are incorrect."
    other.rekognition.delete_dataset(DatasetArn=dataset)

    open_to(owner, OTHER, "s3:GetObject", "s3:ListBucket", "s3:GetBucketAcl")
    second = Project(other.rekognition, other.s3, bucket=owner.bucket)
    second.arn = second.rekognition.create_project(ProjectName=second.name)["ProjectArn"]
    assert second.wait_dataset(second.start_dataset("TRAIN", "manifests/train.manifest"))["Status"] == "CREATE_COMPLETE"
    second.start_training()
    described = second.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"].startswith("Unable to write to output S3 bucket.")
