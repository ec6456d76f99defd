"""Trained models for tests: trained once a run from a folder of pictures, copied into the account of each test.

The training happens in an account of its own, which is made from the pictures' content; a project policy lets every
account copy from there (CP-4), so that tests share the model and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from emulator.convert.folders import FolderConversion
from emulator.convert.writing import image_files
from emulator.lint.s3 import S3Folder
from emulator.testing.client import CustomLabels, client_of

TRAINING_SECONDS = 600.0
STEP_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_PROJECT, _VERSION, _BUCKET = "trained-for-tests", "kept", "trained-for-tests"
_COPIES_FOR_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "rekognition:CopyProjectVersion", "Resource": "*"}],
}


class ModelForTestsError(Exception):
    """A model for tests could not be made; the message is the training's own."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained version in the account of a test, not yet started."""

    project_arn: str
    project_name: str
    version_arn: str
    version_name: str
    bucket: str
    rekognition: Any

    def start(self) -> str:
        """Start it and wait until it is RUNNING; the version's ARN. Raises ModelForTestsError."""
        self.rekognition.start_project_version(ProjectVersionArn=self.version_arn, MinInferenceUnits=1)
        _wait_for(self.rekognition, self.project_arn, self.version_name, "RUNNING", STEP_SECONDS)
        return self.version_arn


def trained_model(custom_labels: CustomLabels, run: Path, pictures: str | Path, name: str = "model") -> TrainedModel:
    """A project `name` in the test's account with the trained version `1` and a bucket, trained from `pictures`.

    `pictures` is a folder whose folders are labels, as `custom-labels convert folders` takes it. `run` is the folder
    that all processes of the run share. Raises ModelForTestsError, also for a folder without images.
    """
    pictures = Path(pictures)
    content = _content(pictures)
    account = str(10**11 + int(content, 16) % (9 * 10**11))
    source_project, source_version = _once(run / f"model-{content}", partial(_train, custom_labels, account, pictures))
    rekognition, s3 = custom_labels.client("rekognition"), custom_labels.client("s3")
    bucket = f"{name.lower()}-{custom_labels.account}"
    s3.create_bucket(Bucket=bucket)
    project = rekognition.create_project(ProjectName=name)["ProjectArn"]
    version = rekognition.copy_project_version(
        SourceProjectArn=source_project,
        SourceProjectVersionArn=source_version,
        DestinationProjectArn=project,
        VersionName="1",
        OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "results"},
    )["ProjectVersionArn"]
    _wait_for(rekognition, project, "1", "COPYING_COMPLETED", STEP_SECONDS)
    return TrainedModel(project, name, version, "1", bucket, rekognition)


def _content(pictures: Path) -> str:
    """SHA-256 over names and bytes of all images, hexadecimal. Raises ModelForTestsError."""
    digest = hashlib.sha256()
    names = _names(pictures)
    for name in names:
        body = (pictures / name).read_bytes()
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()


def _names(pictures: Path) -> list[str]:
    names = list(image_files(pictures)) if pictures.is_dir() else []
    if not names:
        raise ModelForTestsError(f"{pictures} is not a folder with JPEG or PNG files in folders named as labels")
    return names


def _once(place: Path, make: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """What `make` gives in the first process of the run that asks; the others wait for it, and fail as it failed."""
    done = place / "done"
    try:
        place.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + TRAINING_SECONDS
        while not done.exists():
            if time.monotonic() > deadline:
                raise ModelForTestsError("another process of this run has not trained the model in time") from None
            time.sleep(_LOOK_SECONDS)
    else:
        try:
            outcome: dict[str, Any] = {"arns": make()}
        except BaseException as error:
            outcome = {"error": f"{type(error).__name__}: {error}"}
        (place / "new").write_text(json.dumps(outcome))
        (place / "new").rename(done)
    told = json.loads(done.read_text())
    if "error" in told:
        raise ModelForTestsError(told["error"])
    project, version = told["arns"]
    return project, version


def _train(custom_labels: CustomLabels, account: str, pictures: Path) -> tuple[str, str]:
    """Train in the given account; ARNs of project and version. Raises ModelForTestsError."""
    with ExitStack() as stack:
        rekognition, s3 = (
            stack.enter_context(client_of(service, custom_labels.endpoint_url, account))
            for service in ("rekognition", "s3")
        )
        bucket = f"{_BUCKET}-{account}"
        s3.create_bucket(Bucket=bucket)
        conversion = FolderConversion(S3Folder(bucket, "images"))
        lines = [json.dumps(line) for line in conversion.lines(pictures)]
        for name in conversion.file_names:
            s3.put_object(Bucket=bucket, Key=f"images/{name}", Body=(pictures / name).read_bytes())
        s3.put_object(Bucket=bucket, Key="train.manifest", Body="\n".join(lines).encode())
        project = rekognition.create_project(ProjectName=_PROJECT)["ProjectArn"]
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "train.manifest"}}}
        dataset = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)[
            "DatasetArn"
        ]
        _wait_for_dataset(rekognition, dataset)
        version = rekognition.create_project_version(
            ProjectArn=project, VersionName=_VERSION, OutputConfig={"S3Bucket": bucket}
        )["ProjectVersionArn"]
        _wait_for(rekognition, project, _VERSION, "TRAINING_COMPLETED", TRAINING_SECONDS)
        policy = json.dumps(_COPIES_FOR_ALL)
        rekognition.put_project_policy(ProjectArn=project, PolicyName="copies", PolicyDocument=policy)
    return project, version


def _wait_for_dataset(rekognition: Any, dataset: str) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        described = rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]
        if described["Status"] == "CREATE_COMPLETE":
            return
        if described["Status"] == "CREATE_FAILED" or time.monotonic() > deadline:
            raise ModelForTestsError(f"the dataset is {described['Status']}: {described['StatusMessage']}")
        time.sleep(_LOOK_SECONDS)


def _wait_for(rekognition: Any, project: str, version: str, wanted: str, seconds: float) -> None:
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
