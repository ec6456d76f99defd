"""The life of a model, step by step through boto3, and the way back: what the demo does to an emulator."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.commands.client import EmulatorUnreachableError, call_control
from emulator.commands.demo.material import SCENES_NAME, Material, material
from emulator.commands.demo.screen import Screen, Step
from emulator.domain.json_values import JsonObject

REGION = "us-east-1"
VERSION = "first"
TRAINING_SECONDS = 1800.0
SHORT_WORK_SECONDS = 300.0
_PAUSE_SECONDS = 0.4
_LEAST_CONFIDENCE_SHOWN = 1.0
_REFUSED = frozenset(
    {
        *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"),
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        *("AccessDeniedException", "AccessDenied"),
    }
)

Description = JsonObject
Result = TypeVar("Result")


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


class Demo:
    """One run of the demo against the emulator at `endpoint`. Both methods raise DemoError."""

    def __init__(self, endpoint: str, screen: Screen, pictures: str = SCENES_NAME) -> None:
        """`pictures`: `scenes`, or the id of an example project."""
        self.endpoint = endpoint
        self._pictures = pictures
        self.screen = screen
        self.name = f"demo-{secrets.token_hex(4)}"
        # Set before the call that makes them: an interrupt may come between that call and its answer.
        self._bucket_begun = False
        self._project_begun = False
        self._project_arn = ""
        self._mode = _auth_mode(endpoint)
        session = _session() if self._mode == "off" else _own_session(self._mode)
        options: JsonObject = {"endpoint_url": endpoint, "region_name": REGION, "config": _client_config()}
        if self._mode != "off":  # before anything is made
            self._call(session.client("sts", **options).get_caller_identity)
        self._s3 = session.client("s3", **options)
        self._rekognition = session.client("rekognition", **options)

    def show(self) -> None:
        """From nothing to the labels of a picture that the model has not seen."""
        with self.screen.step("draw pictures") as step:
            drawn = material(self._pictures)
            step.result(f"{drawn.training} to train, {drawn.testing} to test with: {', '.join(drawn.labels)}")
        self._upload(drawn)
        self._make_datasets()
        version_arn = self._train()
        self._start(version_arn)
        with self.screen.step("analyse a new picture") as step:
            found = self._call(
                self._rekognition.detect_custom_labels,
                ProjectVersionArn=version_arn,
                Image={"Bytes": drawn.new_picture},
                MinConfidence=_LEAST_CONFIDENCE_SHOWN,
            )["CustomLabels"]
            step.result(f"a drawing of: {drawn.shows}")
        self.screen.detections([(label["Name"], label["Confidence"]) for label in found])

    def clean_up(self) -> None:
        """Take back whatever of it was done so far."""
        with self.screen.step("clean up") as step:
            if self._project_begun and (project := self._project()) is not None:
                self._project_arn = project["ProjectArn"]
                self._delete_version(step)
                step.progress(0, 0, "deleting the project")
                self._delete_project()
            if self._bucket_begun and self.name in self._buckets():
                step.progress(0, 0, "deleting the bucket")
                self._delete_bucket()
            step.result("nothing is left")

    def _upload(self, drawn: Material) -> None:
        objects = drawn.objects(self.name)
        with self.screen.step("upload to S3") as step:
            self._bucket_begun = True
            self._call(self._s3.create_bucket, Bucket=self.name)
            for number, (key, body) in enumerate(objects.items()):
                step.progress(number, len(objects), key)
                self._call(self._s3.put_object, Bucket=self.name, Key=key, Body=body)
            step.result(f"s3://{self.name}/")

    def _make_datasets(self) -> None:
        with self.screen.step("create the datasets") as step:
            self._project_begun = True
            self._project_arn = self._call(self._rekognition.create_project, ProjectName=self.name)["ProjectArn"]
            for kind in ("TRAIN", "TEST"):
                step.progress(0, 0, kind)
                manifest = {"Bucket": self.name, "Name": f"{kind.lower()}.manifest"}
                arn = self._call(
                    self._rekognition.create_dataset,
                    ProjectArn=self._project_arn,
                    DatasetType=kind,
                    DatasetSource={"GroundTruthManifest": {"S3Object": manifest}},
                )["DatasetArn"]
                self._wait_for_dataset(arn)
            step.result(f"project {self.name}")

    def _wait_for_dataset(self, arn: str) -> None:
        def described() -> Description | None:
            dataset = self._call(self._rekognition.describe_dataset, DatasetArn=arn)["DatasetDescription"]
            return None if dataset["Status"] == "CREATE_IN_PROGRESS" else dataset

        dataset = _wait(described, SHORT_WORK_SECONDS, "the dataset")
        if dataset["Status"] != "CREATE_COMPLETE":
            raise DemoError(f"the dataset is {dataset['Status']}: {dataset['StatusMessage']}")

    def _train(self) -> str:
        """The version's ARN, once it is trained."""
        with self.screen.step("train") as step:
            arn: str = self._call(
                self._rekognition.create_project_version,
                ProjectArn=self._project_arn,
                VersionName=VERSION,
                OutputConfig={"S3Bucket": self.name, "S3KeyPrefix": "results"},
            )["ProjectVersionArn"]

            def show_progress() -> None:
                step.progress(*self._training_progress(arn))

            version = self._wait_for_version("TRAINING_COMPLETED", TRAINING_SECONDS, show_progress)
            f1_score = version["EvaluationResult"]["F1Score"]
            step.result(f"F1 {f1_score:.3f} on the pictures to test with")
        return arn

    def _training_progress(self, arn: str) -> tuple[int, int, str]:
        """Steps done, steps in all and what is done now, from the usage report (O-26); (0, 0, "") where it is off."""
        try:
            status, usage = call_control(self.endpoint, "GET", "/_emulator/usage", timeout=5.0)
        except EmulatorUnreachableError:
            return 0, 0, ""
        if status == 200:
            for version in usage["versions"]:
                if version["project_version"] == arn and "training" in version:
                    training = version["training"]
                    return training["done"], training["total"], training["stage"]
        return 0, 0, ""

    def _start(self, version_arn: str) -> None:
        with self.screen.step("start the model"):
            self._call(self._rekognition.start_project_version, ProjectVersionArn=version_arn, MinInferenceUnits=1)
            self._wait_for_version("RUNNING", SHORT_WORK_SECONDS)

    def _version(self) -> Description | None:
        """What DescribeProjectVersions says about the version, None if there is none."""
        versions = self._call(
            self._rekognition.describe_project_versions, ProjectArn=self._project_arn, VersionNames=[VERSION]
        )["ProjectVersionDescriptions"]
        return versions[0] if versions else None

    def _wait_for_version(
        self, wanted: str, seconds: float, meanwhile: Callable[[], None] | None = None
    ) -> Description:
        def described() -> Description | None:
            version = self._version()
            if version is None:
                raise DemoError("the model is gone")
            if version["Status"] == wanted:
                return version
            if version["Status"] in ("TRAINING_FAILED", "FAILED"):
                raise DemoError(f"the model is {version['Status']}: {version['StatusMessage']}")
            if meanwhile is not None:
                meanwhile()
            return None

        return _wait(described, seconds, f"{wanted} of the model")

    def _project(self) -> Description | None:
        """What DescribeProjects says about the project, None if there is none."""
        projects = self._call(self._rekognition.describe_projects, ProjectNames=[self.name])["ProjectDescriptions"]
        return projects[0] if projects else None

    def _buckets(self) -> list[str]:
        return [bucket["Name"] for bucket in self._call(self._s3.list_buckets)["Buckets"]]

    def _delete_version(self, step: Step) -> None:
        """Delete the version in whatever state it is, waiting where that takes a while, and until it is gone."""

        def try_to_delete() -> bool | None:
            version = self._version()
            if version is None:
                return True
            status, arn = version["Status"], version["ProjectVersionArn"]
            step.progress(0, 0, f"the model is {status}")
            if status == "RUNNING":
                self._call(self._rekognition.stop_project_version, ProjectVersionArn=arn)
            elif not status.endswith("ING") and status != "TRAINING_IN_PROGRESS":
                self._call(self._rekognition.delete_project_version, ProjectVersionArn=arn)
            return None

        _wait(try_to_delete, TRAINING_SECONDS, "the end of the model")

    def _delete_project(self) -> None:
        """Delete the datasets and then the project, each as soon as it is not changing."""

        def try_to_delete() -> bool | None:
            project = self._project()
            if project is None:
                return True
            datasets = project["Datasets"]
            for dataset in datasets:
                if not dataset["Status"].endswith("_IN_PROGRESS"):
                    self._call(self._rekognition.delete_dataset, DatasetArn=dataset["DatasetArn"])
            if not datasets and project["Status"] != "DELETING":
                self._call(self._rekognition.delete_project, ProjectArn=self._project_arn)
            return None

        _wait(try_to_delete, SHORT_WORK_SECONDS, "the end of the project")

    def _delete_bucket(self) -> None:
        while True:
            objects = self._call(self._s3.list_objects_v2, Bucket=self.name).get("Contents", [])
            if not objects:
                break
            keys = [{"Key": entry["Key"]} for entry in objects]
            self._call(self._s3.delete_objects, Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
        self._call(self._s3.delete_bucket, Bucket=self.name)

    def _call(self, operation: Callable[..., Any], **parameters: Any) -> Any:
        """A call whose errors are the demo's."""
        try:
            return operation(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in _REFUSED:
                raise DemoError(f"{_told(error)}; {_how(self._mode)}") from error
            raise DemoError(str(error)) from error
        except BotoCoreError as error:
            raise DemoError(f"the emulator at {self.endpoint} stopped answering: {error}") from error


def _wait(attempt: Callable[[], Result | None], seconds: float, what: str) -> Result:
    """The first answer of `attempt` that is not None. Raises DemoError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = attempt()
        if answer is not None:
            return answer
        if time.monotonic() > deadline:
            raise DemoError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)


def _auth_mode(endpoint: str) -> str:
    """The emulator's CUSTOM_LABELS_AUTH. Raises DemoError."""
    try:
        status, about = call_control(endpoint, "GET", "/console/api/about", timeout=5.0)
    except EmulatorUnreachableError as error:
        raise DemoError(str(error)) from error
    return str(about.get("auth", "off")) if status == 200 else "off"


def _told(error: ClientError) -> str:
    """Code and first sentence of a refusal: behind it stand canonical requests of many lines."""
    told = error.response["Error"]
    return f"{told['Code']}: {told.get('Message', '').partition(chr(10))[0]}"


def _how(mode: str) -> str:
    return (
        f"the emulator decides about identities (CUSTOM_LABELS_AUTH={mode}): give the demo a key of its file by "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by AWS_PROFILE"
    )


def _own_session(mode: str) -> boto3.Session:
    """A session with the user's own keys, from AWS's variables or a profile. Raises DemoError where there are none."""
    try:
        session = boto3.Session()
        has_keys = session.get_credentials() is not None
    except BotoCoreError as error:
        raise DemoError(f"{error}; {_how(mode)}") from error
    if not has_keys:
        raise DemoError(_how(mode))
    return session


def _session() -> boto3.Session:
    """A session that knows nothing of the user's own AWS profiles, and so cannot stumble over them."""
    variables: object = {
        "profile": (None, [], None, None),
        "config_file": (None, [], os.devnull, None),
        "credentials_file": (None, [], os.devnull, None),
    }
    return boto3.Session(
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        botocore_session=botocore.session.Session(session_vars=variables),
    )


def _client_config() -> Config:
    """No proxy stands between the demo and an emulator; throttled calls are tried again."""
    return Config(
        proxies={},
        connect_timeout=5,
        read_timeout=90,
        retries={"mode": "standard", "total_max_attempts": 5},
        s3={"addressing_style": "path"},
    )
