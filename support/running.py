"""Running models for tests: one trained version, copied and started as often as tests need it, under a manual clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from support.pictures import draw_picture, single_label_pictures
from support.projects import Project, copy_of, trained_project
from support.server import EmulatorProcess, wait_until

LABELS = ("circle", "square")


@dataclass
class RunningLab:
    """An emulator with a trained model. Tests take copies of it, in the same account, and set the emulator's knobs."""

    emulator: EmulatorProcess
    account: str
    trained: Project
    image: bytes = field(default_factory=lambda: draw_picture(["circle"], 7).body)
    _copies: int = 0

    @classmethod
    def create(cls, emulator: EmulatorProcess, account: str) -> RunningLab:
        """Train a small model of two labels."""
        train, test = single_label_pictures(LABELS, 5), single_label_pictures(LABELS, 2, seed=500)
        return cls(emulator, account, trained_project(emulator, account, train, test))

    @property
    def rekognition(self) -> Any:
        """A client that never retries."""
        return self.emulator.client("rekognition", self.account)

    def reconnect(self) -> None:
        """After a restart, which takes another port."""
        self.trained.rekognition = self.emulator.client("rekognition", self.account)
        self.trained.s3 = self.emulator.client("s3", self.account)

    def new_version(self) -> str:
        """A trained version that no other test uses; its ARN."""
        self._copies += 1
        name = f"copy-{self._copies}"
        self.rekognition.copy_project_version(**copy_of(self.trained, self.trained, name))
        description = self.trained.wait_version(name, "COPYING_COMPLETED", "COPYING_FAILED")
        assert description["Status"] == "COPYING_COMPLETED", description["StatusMessage"]
        arn: str = description["ProjectVersionArn"]
        return arn

    def status(self, arn: str) -> str:
        """The status of a version, by one DescribeProjectVersions call."""
        name = arn.split("/")[3]
        status: str = self.trained.describe_version(name)["Status"]
        return status

    def start(self, arn: str, minimum: int = 1, maximum: int | None = None) -> None:
        """StartProjectVersion and wait until it is RUNNING; manual time is moved on by one second for it."""
        units = {"MinInferenceUnits": minimum} | ({} if maximum is None else {"MaxInferenceUnits": maximum})
        self.rekognition.start_project_version(ProjectVersionArn=arn, **units)
        if self.clock()["mode"] == "manual":
            self.advance(1)
        wait_until(lambda: self.status(arn) == "RUNNING", what=f"{arn} in RUNNING")

    def stop(self, arn: str) -> None:
        """StopProjectVersion and wait until it is STOPPED."""
        self.rekognition.stop_project_version(ProjectVersionArn=arn)
        if self.clock()["mode"] == "manual":
            self.advance(1)
        wait_until(lambda: self.status(arn) == "STOPPED", what=f"{arn} in STOPPED")

    def detect(self, arn: str, **parameters: Any) -> list[dict[str, Any]]:
        """DetectCustomLabels with the lab's image, or with `Image`."""
        request = {"Image": {"Bytes": self.image}, **parameters}
        labels: list[dict[str, Any]] = self.rekognition.detect_custom_labels(ProjectVersionArn=arn, **request)[
            "CustomLabels"
        ]
        return labels

    def detect_code(self, arn: str) -> str:
        """OK, or the error code of a detection."""
        try:
            self.detect(arn)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "OK"

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A control call that must succeed; its JSON."""
        status, answer = self.emulator.control(method, f"/_emulator/{path}", body)
        assert status == 200, answer
        return answer

    def clock(self) -> dict[str, Any]:
        """The clock."""
        answer: dict[str, Any] = self.control("GET", "clock")
        return answer

    def manual_time(self) -> float:
        """Stop the clock at a full hour from now; the time."""
        now = (self.clock()["now"] // 3600 + 1) * 3600
        self.control("PUT", "clock", {"mode": "manual", "now": now})
        return float(now)

    def advance(self, seconds: float) -> float:
        """Move manual time; the new time."""
        return float(self.control("POST", "clock/advance", {"seconds": seconds})["now"])

    def restore_knobs(self) -> None:
        """Put back what tests turn; models stay."""
        self.control("PUT", "clock", {"mode": "real"})
        self.control("DELETE", "faults")
        self.control("DELETE", "answers")
        real = {"type": "real"}
        names = ("training", "starting", "stopping", "copying", "deleting", "dataset")
        self.control("PUT", "transitions", dict.fromkeys(names, real))
