"""Writers of chaos: each changes what belongs to one account, step by step (see `tests.faults.chaos`)."""

from __future__ import annotations

import http.client
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from support.pictures import image_level_manifest
from support.webhook import Webhook
from tests.faults.account import TEST, TRAIN, Account, Part, Step
from tests.faults.bucket_changes import BucketChanges
from tests.faults.control_changes import ControlChanges
from tests.faults.event_changes import EventChanges
from tests.faults.ledger import ControlRefusedError, Ledger, Lost, short
from tests.faults.object_changes import ObjectChanges
from tests.faults.project_changes import ProjectChanges
from tests.faults.upload_changes import UploadChanges
from tests.faults.version_changes import PROJECT, VersionChanges

SETTLED_SECONDS = 120.0
ALLOWED_ERRORS = {
    *("NoSuchKey", "NoSuchUpload", "NoSuchBucket", "BucketNotEmpty", "BucketAlreadyOwnedByYou", "InvalidPart"),
    *("ResourceInUseException", "ResourceNotFoundException", "ResourceAlreadyExistsException", "NoSuchTagSet"),
    *("ResourceNotReadyException", "InvalidRequest", "PreconditionFailed", "InvalidPolicyRevisionIdException"),
    *("InvalidParameterException", "LimitExceededException"),
}
ALLOWED_REFUSALS = {"NotFound", "NotRunning", "NotTraining", "InvalidClock"}


class Writer:
    """One account, what is done in it, and what is there.

    `with_models`: whether it trains. `with_control`: whether it turns what belongs to the whole emulator.
    """

    def __init__(
        self,
        name: str,
        seed: int,
        webhook: Webhook,
        *,
        with_models: bool,
        settled_seconds: float,
        with_control: bool = False,
    ) -> None:
        self.settled_seconds = settled_seconds
        self.account = Account(name, seed)
        self.uploads = UploadChanges(self.account)
        self.versions = VersionChanges(self.account) if with_models else None
        self.events = EventChanges(self.account, webhook, settled_seconds)
        self.parts: list[Part] = [
            ObjectChanges(self.account),
            BucketChanges(self.account),
            self.uploads,
            ProjectChanges(self.account),
            self.events,
        ]
        if self.versions is not None:
            self.parts.append(self.versions)
        if with_control:
            self.parts.append(ControlChanges(self.account, self.versions))
        self.failure: Lost | None = None

    @property
    def ledger(self) -> Ledger:
        """What was acknowledged."""
        return self.account.ledger

    def steps(self) -> list[tuple[Step, float]]:
        """What this writer does, and how often."""
        return [step for part in self.parts for step in part.steps()]

    def run(self, stop: threading.Event) -> None:
        """Change things until the emulator dies."""
        steps, weights = zip(*self.steps(), strict=True)
        while not stop.is_set():
            [step] = self.account.random.choices(steps, weights)
            try:
                if not self.take(step):
                    return
            except Lost as lost:
                self.failure = lost
                return

    def take(self, step: Step) -> bool:
        """Take one step; False once the emulator is dead. Raises Lost for an answer that cannot be."""
        try:
            step()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ALLOWED_ERRORS:
                raise Lost(f"{step.__name__}: {error}") from error
        except ControlRefusedError as error:
            if str(error) not in ALLOWED_REFUSALS:
                raise Lost(f"{step.__name__}: {error}") from error
        except (BotoCoreError, OSError, http.client.HTTPException, KeyError):
            return False  # killed, perhaps in the middle of an answer
        return True

    def prepare(self) -> None:
        """The bucket, the manifests, and one trained version."""
        s3, bucket = self.account.s3, self.account.bucket
        s3.create_bucket(Bucket=bucket)
        for picture in (*TRAIN, *TEST):
            s3.put_object(Bucket=bucket, Key=f"images/{picture.name}", Body=picture.body)
        manifests = {"entries-6": TRAIN[:6], f"entries-{len(TRAIN)}": TRAIN, "train": TRAIN, "test": TEST}
        for name, pictures in manifests.items():
            s3.put_object(Bucket=bucket, Key=f"{name}.manifest", Body=image_level_manifest(pictures, bucket))
        if self.versions is None:
            return
        arn = self.account.rekognition.create_project(ProjectName=PROJECT)["ProjectArn"]
        for kind in ("train", "test"):
            source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": f"{kind}.manifest"}}}
            self.account.rekognition.create_dataset(ProjectArn=arn, DatasetType=kind.upper(), DatasetSource=source)
        self.wait_until_settled()
        self.versions.prepare()

    def forget(self) -> None:
        """After a reset: nothing is there."""
        self.ledger.allowed.clear()
        self.uploads.uploads.clear()
        self.events.forget()

    def wait_until_settled(self) -> None:
        """Nothing stays in a transitional state (O-19)."""
        deadline = time.monotonic() + self.settled_seconds
        while pending := self._transitional():
            if time.monotonic() > deadline:
                raise Lost(f"still transitional after {self.settled_seconds} s: {pending}")
            time.sleep(0.1)

    def _transitional(self) -> list[str]:
        described = self.account.rekognition.describe_projects()["ProjectDescriptions"]
        found = [one["Status"] for one in described if one["Status"] != "CREATED"]
        found += [dataset["Status"] for one in described for dataset in one["Datasets"]]
        found += [one["Status"] for one in self.versions.described().values()] if self.versions else []
        return [status for status in found if status.endswith(("_IN_PROGRESS", "ING")) and status != "RUNNING"]

    def check(self) -> None:
        """Compare everything with the ledger."""
        self.wait_until_settled()
        for part in self.parts:
            part.check()

    def check_that_nothing_is_there(self) -> None:
        """After a reset that was answered."""
        s3, rekognition = self.account.s3, self.account.rekognition
        left = [*s3.list_buckets()["Buckets"], *rekognition.describe_projects()["ProjectDescriptions"]]
        if left:
            raise Lost(f"a reset left {short(left)}")
