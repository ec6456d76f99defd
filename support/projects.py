"""The steps of a model's life as short functions over boto3 clients, for tests whose subject is something else."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions
import pytest

from support.pictures import Picture, image_level_manifest, upload_pictures
from support.server import EmulatorProcess, wait_until

Manifest = Callable[[Sequence[Picture], str], bytes]
TRAINING_SECONDS = 400.0
DATASET_SECONDS = 180.0
HOSTING_SECONDS = 180.0


def unique_name(prefix: str = "shapes") -> str:
    """A name that no other test uses, valid for projects, versions and buckets."""
    return f"{prefix}-{secrets.token_hex(5)}"


def error_of(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """The error part of the ClientError that the call must raise: Code, Message and HTTPStatusCode."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    response: dict[str, Any] = caught.value.response
    return {**response["Error"], "HTTPStatusCode": response["ResponseMetadata"]["HTTPStatusCode"]}


def error_code(call: Callable[..., Any], **parameters: Any) -> str:
    """The code of the ClientError that the call must raise."""
    return str(error_of(call, **parameters)["Code"])


@dataclass
class Project:
    """A project on a running emulator with the clients and the bucket that belong to it."""

    rekognition: Any
    s3: Any
    name: str = field(default_factory=unique_name)
    bucket: str = field(default_factory=lambda: unique_name("pictures"))
    arn: str = ""
    dataset_arns: dict[str, str] = field(default_factory=dict)
    version_arns: dict[str, str] = field(default_factory=dict)

    def create(self) -> Project:
        """Make the bucket and the project."""
        self.s3.create_bucket(Bucket=self.bucket)
        self.arn = self.rekognition.create_project(ProjectName=self.name)["ProjectArn"]
        return self

    def put_manifest(self, pictures: Sequence[Picture], key: str, manifest: Manifest = image_level_manifest) -> None:
        """Upload the pictures under `images/` and their manifest under `key`."""
        upload_pictures(self.s3, pictures, self.bucket)
        self.s3.upload_fileobj(io.BytesIO(manifest(pictures, self.bucket)), self.bucket, key)

    def create_dataset(
        self, dataset_type: str, pictures: Sequence[Picture], manifest: Manifest = image_level_manifest
    ) -> str:
        """Upload, create the dataset from its manifest and wait for CREATE_COMPLETE; the dataset's ARN."""
        key = f"manifests/{dataset_type.lower()}.manifest"
        self.put_manifest(pictures, key, manifest)
        arn = self.start_dataset(dataset_type, key)
        assert self.wait_dataset(arn)["Status"] == "CREATE_COMPLETE"
        return arn

    def start_dataset(self, dataset_type: str, manifest_key: str) -> str:
        """CreateDataset from a manifest of the project's bucket, not waiting; the dataset's ARN."""
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": self.bucket, "Name": manifest_key}}}
        arn: str = self.rekognition.create_dataset(ProjectArn=self.arn, DatasetType=dataset_type, DatasetSource=source)[
            "DatasetArn"
        ]
        self.dataset_arns[dataset_type] = arn
        return arn

    def describe_dataset(self, arn: str) -> dict[str, Any]:
        """DescribeDataset's description."""
        description: dict[str, Any] = self.rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]
        return description

    def wait_dataset(self, arn: str, seconds: float = DATASET_SECONDS) -> dict[str, Any]:
        """The description as soon as its status is final."""

        def final() -> dict[str, Any] | None:
            description = self.describe_dataset(arn)
            return None if description["Status"].endswith("_IN_PROGRESS") else description

        description = wait_until(final, seconds, what=f"the end of work on {arn}")
        assert description is not None
        return description

    def describe_version(self, version: str) -> dict[str, Any]:
        """DescribeProjectVersions' only description of that name."""
        [description] = self.rekognition.describe_project_versions(ProjectArn=self.arn, VersionNames=[version])[
            "ProjectVersionDescriptions"
        ]
        found: dict[str, Any] = description
        return found

    def wait_version(self, version: str, *statuses: str, seconds: float = TRAINING_SECONDS) -> dict[str, Any]:
        """The description as soon as its status is one of `statuses`."""

        def reached() -> dict[str, Any] | None:
            description = self.describe_version(version)
            return description if description["Status"] in statuses else None

        description = wait_until(reached, seconds, what=f"{version} in {' or '.join(statuses)}")
        assert description is not None
        return description

    def start_training(self, version: str = "first", **parameters: Any) -> str:
        """CreateProjectVersion with results under `results/`, not waiting; the version's ARN."""
        output = {"S3Bucket": self.bucket, "S3KeyPrefix": "results"}
        arn: str = self.rekognition.create_project_version(
            **{"ProjectArn": self.arn, "VersionName": version, "OutputConfig": output} | parameters
        )["ProjectVersionArn"]
        self.version_arns[version] = arn
        return arn

    def train(self, version: str = "first", seconds: float = TRAINING_SECONDS, **parameters: Any) -> str:
        """Train and wait at most `seconds` for TRAINING_COMPLETED; the version's ARN."""
        arn = self.start_training(version, **parameters)
        description = self.wait_version(version, "TRAINING_COMPLETED", "TRAINING_FAILED", seconds=seconds)
        assert description["Status"] == "TRAINING_COMPLETED", description["StatusMessage"]
        return arn

    def start_model(self, version: str = "first", units: int = 1) -> str:
        """Start and wait for RUNNING; the version's ARN."""
        arn = self.version_arns[version]
        self.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=units)
        description = self.wait_version(version, "RUNNING", "FAILED", seconds=HOSTING_SECONDS)
        assert description["Status"] == "RUNNING", description["StatusMessage"]
        return arn

    def stop_model(self, version: str = "first") -> None:
        """Stop and wait for STOPPED."""
        self.rekognition.stop_project_version(ProjectVersionArn=self.version_arns[version])
        self.wait_version(version, "STOPPED", seconds=HOSTING_SECONDS)


def new_project(emulator: EmulatorProcess, account: str, **options: Any) -> Project:
    """Create a project and its bucket for an account."""
    return Project(emulator.client("rekognition", account), emulator.client("s3", account), **options).create()


def trained_project(
    emulator: EmulatorProcess, account: str, train: Sequence[Picture], test: Sequence[Picture], **options: Any
) -> Project:
    """A project with both datasets and the trained version `first`."""
    project = new_project(emulator, account, **options)
    project.create_dataset("TRAIN", train)
    project.create_dataset("TEST", test)
    project.train()
    return project


def copy_of(source: Project, destination: Project, name: str = "copied") -> dict[str, Any]:
    """Parameters of CopyProjectVersion for the version `first` of a project."""
    return {
        "SourceProjectArn": source.arn,
        "SourceProjectVersionArn": source.version_arns["first"],
        "DestinationProjectArn": destination.arn,
        "VersionName": name,
        "OutputConfig": {"S3Bucket": destination.bucket, "S3KeyPrefix": "results"},
    }
