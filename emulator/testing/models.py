"""Trained models for tests: trained once from pictures, kept as an archive, added to the account of each test.

The training happens in an account of its own; a test gets one more version in its own account from the archive
(`POST /_emulator/models`), so that tests share nothing but the file.
"""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from emulator.domain.json_values import JsonObject
from emulator.lint.s3 import S3Folder
from emulator.testing.client import CustomLabels, client_of
from emulator.testing.control import fetch_file, refusal, send_file
from emulator.testing.keeping import TRAINING_SECONDS, Keeper
from emulator.testing.pictures import ModelForTestsError, Pictures, read_pictures

STEP_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_PROJECT, _VERSION, _MODELS = "trained-for-tests", "1", "models"

Client: TypeAlias = Any
"""A client of boto3, which ships no types."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained version in the account of a test, not yet started."""

    project_arn: str
    project_name: str
    version_arn: str
    version_name: str
    bucket: str
    rekognition: Client

    def start(self) -> str:
        """Start it and wait until it is RUNNING; the version's ARN. Raises ModelForTestsError."""
        self.rekognition.start_project_version(ProjectVersionArn=self.version_arn, MinInferenceUnits=1)
        _wait_for(self.rekognition, self.project_arn, self.version_name, "RUNNING", STEP_SECONDS)
        return self.version_arn


def trained_model(
    custom_labels: CustomLabels,
    pictures: str | Path,
    *,
    name: str = "model",
    images: str | Path | None = None,
    keep_in: str | Path | None = None,
) -> TrainedModel:
    """A project `name` in the test's account with the trained version `1` and a bucket, trained from `pictures`.

    `pictures` is a folder whose folders are labels, as `custom-labels convert folders` takes it, or a manifest of
    image-level labels or boxes, whose images lie below `images` (by default beside it). What was trained is kept in the
    folder `keep_in`, if one is given, and taken from there by the next run. Raises ModelForTestsError.
    """
    keeper = Keeper(custom_labels.run, None if keep_in is None else Path(keep_in))
    return model_in_account(custom_labels, keeper, pictures, name=name, images=images)


def model_in_account(
    custom_labels: CustomLabels,
    keeper: Keeper,
    pictures: str | Path,
    *,
    name: str = "model",
    images: str | Path | None = None,
) -> TrainedModel:
    """`trained_model` with what is kept by `keeper`."""
    source = read_pictures(Path(pictures), None if images is None else Path(images))
    content = source.content()
    train = partial(_train, custom_labels, source)
    archive = keeper.archive(content, train)
    rekognition, s3 = custom_labels.client("rekognition"), custom_labels.client("s3")
    bucket = f"{name.lower()}-{custom_labels.account}"
    s3.create_bucket(Bucket=bucket)
    project = rekognition.create_project(ProjectName=name)["ProjectArn"]
    version = {"project": project, "version_name": _VERSION, "bucket": bucket, "prefix": "results"}
    try:
        arn = _add(custom_labels.endpoint_url, archive, version)
    except UselessArchiveError:
        arn = _add(custom_labels.endpoint_url, keeper.retrained(content, train), version)
    return TrainedModel(project, name, arn, _VERSION, bucket, rekognition)


class UselessArchiveError(ModelForTestsError):
    """A kept archive is damaged."""


def _add(endpoint_url: str, archive: Path, version: Mapping[str, str]) -> str:
    """The ARN of a version made of an archive. Raises UselessArchiveError, ModelForTestsError."""
    try:
        arn: str = send_file(endpoint_url, _MODELS, archive, version)["project_version"]
    except urllib.error.HTTPError as error:
        code, message = refusal(error)
        raise (UselessArchiveError if code == "InvalidArchive" else ModelForTestsError)(message) from None
    return arn


def _train(custom_labels: CustomLabels, pictures: Pictures, archive: Path) -> None:
    """Train in an account of its own, and write the archive of what came of it. Raises ModelForTestsError."""
    endpoint_url = custom_labels.endpoint_url
    keys, is_shared = custom_labels.keys_for_training()
    with ExitStack() as stack:
        rekognition, s3 = (
            stack.enter_context(client_of(service, endpoint_url, keys)) for service in ("rekognition", "s3")
        )
        name = bucket = f"{_PROJECT}-{secrets.token_hex(6)}"
        s3.create_bucket(Bucket=bucket)
        place = S3Folder(bucket, "images")
        lines = [json.dumps(line) for line in pictures.lines(place)]
        for picture in pictures.names:
            s3.put_object(Bucket=bucket, Key=place.key(picture), Body=(pictures.folder / picture).read_bytes())
        s3.put_object(Bucket=bucket, Key="train.manifest", Body="\n".join(lines).encode())
        project = rekognition.create_project(ProjectName=name)["ProjectArn"]
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "train.manifest"}}}
        created = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)
        _wait_for_dataset(rekognition, created["DatasetArn"])
        version = rekognition.create_project_version(
            ProjectArn=project, VersionName=_VERSION, OutputConfig={"S3Bucket": bucket}
        )["ProjectVersionArn"]
        _wait_for(rekognition, project, _VERSION, "TRAINING_COMPLETED", TRAINING_SECONDS)
        fetch_file(endpoint_url, _MODELS, archive, {"project_version": version})
        if is_shared:
            _take_back(rekognition, s3, project, bucket)


def _take_back(rekognition: Client, s3: Client, project: str, bucket: str) -> None:
    """Leave the account as it was. Project and bucket have names that nobody else uses."""
    for version in rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]:
        rekognition.delete_project_version(ProjectVersionArn=version["ProjectVersionArn"])
    name = project.split("/")[1]

    def datasets() -> list[JsonObject]:
        [described] = rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        found: list[JsonObject] = described["Datasets"]
        return found

    for dataset in datasets():
        rekognition.delete_dataset(DatasetArn=dataset["DatasetArn"])
    deadline = time.monotonic() + STEP_SECONDS
    while datasets() or rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]:
        if time.monotonic() > deadline:
            raise ModelForTestsError(f"the project {name} of the training is still there")
        time.sleep(_LOOK_SECONDS)
    rekognition.delete_project(ProjectArn=project)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for stored in page.get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=stored["Key"])
    s3.delete_bucket(Bucket=bucket)


def _wait_for_dataset(rekognition: Client, dataset: str) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        described = rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]
        if described["Status"] == "CREATE_COMPLETE":
            return
        if described["Status"] == "CREATE_FAILED" or time.monotonic() > deadline:
            raise ModelForTestsError(f"the dataset is {described['Status']}: {described['StatusMessage']}")
        time.sleep(_LOOK_SECONDS)


def _wait_for(rekognition: Client, project: str, version: str, wanted: str, seconds: float) -> None:
    """Ask until the version has the wanted status. Raises ModelForTestsError for a failed one and after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        described = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[version])
        [description] = described["ProjectVersionDescriptions"]
        if description["Status"] == wanted:
            return
        if description["Status"].endswith("FAILED") or time.monotonic() > deadline:
            raise ModelForTestsError(f"the version is {description['Status']}: {description['StatusMessage']}")
        time.sleep(_LOOK_SECONDS)
