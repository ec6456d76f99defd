"""Chaos on versions of the project `trained`: "up" in service, "down" otherwise, "failed" where it was cancelled."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.account import TEST, Account, Step
from tests.faults.ledger import Absent, Lost
from tests.faults.project_changes import arn_of

PROJECT = "trained"
FIRST = "first"
_COPIES = ("copy-0", "copy-1")
_TRAINED = "again"
_OUTAGE_SECONDS = 10.0
_ALL = (FIRST, *_COPIES, _TRAINED)


class VersionChanges:
    """One version that stays, copies of it, and one that is trained again and again."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ledger = account.ledger

    def steps(self) -> list[tuple[Step, float]]:
        return [
            (self.copy, 0.3),
            (self.train, 0.1),
            (self.cancel, 0.1),
            (self.start_or_stop, 0.7),
            (self.detect, 0.4),
            (self.delete, 0.4),
        ]

    def prepare(self) -> None:
        """Begin to train `first`; both datasets of the project are there."""
        self._train(FIRST, PROJECT)
        self._ledger.allowed["version", FIRST] = {"down"}

    def copy(self) -> None:
        name = self._account.random.choice(_COPIES)
        found, project = self.described(), arn_of(self._account, PROJECT)
        if name not in found and FIRST in found:
            self._ledger.change(
                ("version", name),
                "down",
                self._account.rekognition.copy_project_version,
                SourceProjectArn=project,
                SourceProjectVersionArn=found[FIRST]["ProjectVersionArn"],
                DestinationProjectArn=project,
                VersionName=name,
                OutputConfig={"S3Bucket": self._account.bucket, "S3KeyPrefix": "copies"},
            )

    def train(self) -> None:
        if _TRAINED not in self.described() and arn_of(self._account, PROJECT) is not None:
            self._ledger.change(("version", _TRAINED), "down", self._train, name=_TRAINED, project=PROJECT)

    def cancel(self) -> None:
        """DELETE /_emulator/trainings/{arn}."""
        found = self.described().get(_TRAINED)
        if found is not None and found["Status"] == "TRAINING_IN_PROGRESS":
            path = f"trainings/{found['ProjectVersionArn']}"
            call = self._account.control
            self._ledger.change(
                ("version", _TRAINED), "failed", call, method="DELETE", path=path, counted_as="trainings/{arn}"
            )

    def start_or_stop(self) -> None:
        name = self._account.random.choice(_ALL)
        found = self.described().get(name)
        if found is None:
            return
        arn, rekognition = found["ProjectVersionArn"], self._account.rekognition
        if found["Status"] == "RUNNING":
            self._ledger.change(("version", name), "down", rekognition.stop_project_version, ProjectVersionArn=arn)
        else:
            call = rekognition.start_project_version
            self._ledger.change(("version", name), "up", call, ProjectVersionArn=arn, MinInferenceUnits=1)

    def detect(self) -> None:
        """With a running version, if there is one; one that is just being stopped may refuse."""
        for found in self.described().values():
            if found["Status"] == "RUNNING":
                self.labels(found["ProjectVersionArn"])
                return

    def delete(self) -> None:
        name = self._account.random.choice([*_COPIES, _TRAINED])
        found = self.described().get(name)
        if found is not None:
            arn, call = found["ProjectVersionArn"], self._account.rekognition.delete_project_version
            self._ledger.change(("version", name), Absent, call, ProjectVersionArn=arn)

    def described(self) -> dict[str, dict[str, Any]]:
        """What DescribeProjectVersions says of each, by name."""
        arn = arn_of(self._account, PROJECT)
        if arn is None:
            return {}
        described = self._account.rekognition.describe_project_versions(ProjectArn=arn)["ProjectVersionDescriptions"]
        return {one["ProjectVersionArn"].split("/")[3]: one for one in described}

    def check(self) -> None:
        found = self.described()
        for name in _ALL:
            version = found.get(name)
            state = Absent if version is None else _state(version["Status"])
            self._ledger.compare(("version", name), state)
            if version is None:
                continue
            if state == "up":
                self.labels(version["ProjectVersionArn"])
            if state != "failed" and not self._model(version["ProjectVersionArn"]):
                raise Lost(f"the model of {name} is empty")

    def _train(self, name: str, project: str) -> None:
        self._account.rekognition.create_project_version(
            ProjectArn=arn_of(self._account, project),
            VersionName=name,
            OutputConfig={"S3Bucket": self._account.bucket, "S3KeyPrefix": f"results-{name}"},
        )

    def labels(self, arn: str) -> list[str]:
        """What DetectCustomLabels answers; after an outage its units come back."""
        image, deadline = {"Bytes": TEST[0].body}, time.monotonic() + _OUTAGE_SECONDS
        while True:
            try:
                answer = self._account.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)
            except ClientError as error:
                throttled = error.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
                if not throttled or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return [label["Name"] for label in answer["CustomLabels"]]

    def _model(self, arn: str) -> Any:
        return self._account.control("GET", f"model?project_version={arn}", counted_as="model")


def _state(status: str) -> str:
    if status == "RUNNING":
        return "up"
    return "failed" if status.endswith("FAILED") else "down"
