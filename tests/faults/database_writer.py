"""One account whose state is in PostgreSQL, with a ledger of what was acknowledged to it (see `database_chaos`)."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support.manifest_lines import line, manifest
from support.server import SECRET_KEY
from tests.faults.ledger import Absent, Ledger, Lost

MODELLED = {"InternalServerError", "ThrottlingException"}
"""What a call may be answered while the database is away; SDKs repeat both."""
LONGEST_SECONDS = 45.0
"""A call without an answer for so long hangs: four times what is given to a lost link, for busy machines."""
SETTLED_SECONDS = 120.0
IMPORTED = 2_000


class ForgivingLedger(Ledger):
    """A ledger for calls of which some are answered InternalServerError: those may have happened or not."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: Counter[str] = Counter()
        self.longest = 0.0

    def change(self, thing: Hashable, value: Any, call: Callable[..., Any], **parameters: Any) -> Any:
        """None where it is not known whether it happened."""
        before = self.allowed.get(thing, {Absent})
        self.allowed[thing] = before | {value}
        try:
            answer = self.told(call, **parameters)
        except ClientError:
            self.allowed[thing] = before
            raise
        if answer is not None:
            self.allowed[thing] = {value}
        return answer

    def told(self, call: Callable[..., Any], **parameters: Any) -> Any:
        """The answer; None where there was none, or one of the errors that say so. Raises Lost for other failures."""
        began = time.monotonic()
        try:
            answer = call(**parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            self.errors[code] += 1
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            if code not in MODELLED:
                raise Lost(f"{error.operation_name} answered {error}") from error
            time.sleep(0.02)
            return None
        except BotoCoreError as error:
            self.errors[type(error).__name__] += 1
            time.sleep(0.05)
            return None
        finally:
            self.longest = max(self.longest, time.monotonic() - began)
            if self.longest > LONGEST_SECONDS:
                raise Lost(f"a call took {self.longest:.0f} s")
        self.acknowledged[call.__name__] += 1
        return answer


class DatabaseWriter:
    """Projects, tags, lines of a dataset and imports of an account."""

    def __init__(self, account: str, seed: int, endpoint: Callable[[], str]) -> None:
        self.account = account
        self.bucket = f"bucket-{account}"
        self.random = random.Random(f"{account} {seed}")
        self.ledger = ForgivingLedger()
        self.failure: str | None = None
        self._endpoint = endpoint
        self._connected = ""
        self._clients: dict[str, Any] = {}
        self._serial = 0
        self._home = ""
        self._dataset = ""

    def client(self, service: str) -> Any:
        """A client that never repeats a call, for the emulator that serves now."""
        endpoint = self._endpoint()
        if endpoint != self._connected:
            self._clients.clear()
            self._connected = endpoint
        if service not in self._clients:
            self._clients[service] = boto3.session.Session().client(
                service,
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.account,
                aws_secret_access_key=SECRET_KEY,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=5),
            )
        return self._clients[service]

    @property
    def service(self) -> Any:
        """The client for Rekognition."""
        return self.client("rekognition")

    def prepare(self) -> None:
        """A project that stays, with a dataset, and a manifest to import; before anything is killed."""
        self._home = self.service.create_project(ProjectName="home")["ProjectArn"]
        self._dataset = self.service.create_dataset(ProjectArn=self._home, DatasetType="TRAIN")["DatasetArn"]
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        lines = [line(f"imported{number}", "xyz"[number % 3], bucket=self.bucket) for number in range(IMPORTED)]
        s3.put_object(Bucket=self.bucket, Key="a.manifest", Body=manifest(*lines))

    def run(self, stop: threading.Event) -> None:
        """Call until told to stop, or something is wrong."""
        steps = (self.create_project, self.delete_project, self.tag, self.untag, self.update, self.make_import)
        while not stop.is_set() and self.failure is None:
            try:
                self.random.choices(steps, (3, 2, 4, 2, 4, 1))[0]()
            except ClientError:
                continue  # refused for what an unanswered call may have done
            except Exception as error:
                self.failure = f"{type(error).__name__}: {error}"

    def create_project(self) -> None:
        self._serial += 1
        name = f"p{self._serial}"
        self.ledger.change(("project", name), "there", self.service.create_project, ProjectName=name)

    def delete_project(self) -> None:
        names = [thing[1] for thing in self.ledger.things("project") if self.ledger.surely(thing) == "there"]
        if not names:
            return
        name = self.random.choice(names)
        found = self.ledger.told(self.service.describe_projects, ProjectNames=[name])
        if found is None:
            return
        if not found["ProjectDescriptions"]:
            raise Lost(f"the project {name} is gone")
        arn = found["ProjectDescriptions"][0]["ProjectArn"]
        self.ledger.change(("project", name), Absent, self.service.delete_project, ProjectArn=arn)

    def tag(self) -> None:
        key, value = f"k{self.random.randrange(20)}", str(self.random.randrange(10**6))
        self.ledger.change(("tag", key), value, self.service.tag_resource, ResourceArn=self._home, Tags={key: value})

    def untag(self) -> None:
        key = f"k{self.random.randrange(20)}"
        self.ledger.change(("tag", key), Absent, self.service.untag_resource, ResourceArn=self._home, TagKeys=[key])

    def update(self) -> None:
        """A line of the dataset, whose job may be in the middle when something is killed."""
        name, label = f"i{self.random.randrange(30)}", self.random.choice("xyz")
        changes = {"GroundTruth": manifest(line(name, label, bucket=self.bucket))}
        self.ledger.change(
            ("line", f"s3://{self.bucket}/{name}.jpg"),
            label,
            self.service.update_dataset_entries,
            DatasetArn=self._dataset,
            Changes=changes,
        )

    def make_import(self) -> None:
        """A project with a dataset that is read from S3."""
        self._serial += 1
        made = self.ledger.told(self.service.create_project, ProjectName=f"import{self._serial}")
        if made is None:
            return
        location = {"S3Object": {"Bucket": self.bucket, "Name": "a.manifest"}}
        self.ledger.change(
            ("import", f"import{self._serial}"),
            IMPORTED,
            self.service.create_dataset,
            ProjectArn=made["ProjectArn"],
            DatasetType="TRAIN",
            DatasetSource={"GroundTruthManifest": location},
        )

    def check(self) -> None:
        """Compare all that there is with the ledger, and see that nothing stays in between. Raises Lost."""
        if self.failure is not None:
            raise Lost(self.failure)
        self._settle()
        projects = {one["ProjectArn"].split("/")[1]: one for one in self._pages("describe_projects")}
        for thing in self.ledger.things("project"):
            self.ledger.compare(thing, "there" if thing[1] in projects else Absent)
        tags = self.service.list_tags_for_resource(ResourceArn=self._home)["Tags"]
        for thing in self.ledger.things("tag"):
            self.ledger.compare(thing, tags.get(thing[1], Absent))
        lines = [json.loads(text) for text in self._pages("list_dataset_entries", DatasetArn=self._dataset)]
        labels = {entry["source-ref"]: entry["l0-metadata"]["class-name"] for entry in lines}
        for thing in self.ledger.things("line"):
            self.ledger.compare(thing, labels.get(thing[1], Absent))
        for thing in self.ledger.things("import"):
            datasets = projects[thing[1]]["Datasets"]
            counts = [self._described(dataset["DatasetArn"])["DatasetStats"]["TotalEntries"] for dataset in datasets]
            self.ledger.compare(thing, counts[0] if counts else Absent)

    def _settle(self) -> None:
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            projects = self._pages("describe_projects")
            states = {one["ProjectArn"]: one["Status"] for one in projects if one["Status"] != "CREATED"}
            for project in projects:
                states |= {one["DatasetArn"]: one["Status"] for one in project["Datasets"]}
            failed = [arn for arn, state in states.items() if state.endswith("FAILED")]
            if failed:
                raise Lost(f"{failed[0]}: {self._described(failed[0])['StatusMessage']}")
            if all(state.endswith("COMPLETE") for state in states.values()):
                return
            if time.monotonic() > deadline:
                raise Lost(f"still in between after {SETTLED_SECONDS} s: {states}")
            time.sleep(0.1)

    def _described(self, arn: str) -> Any:
        return self.service.describe_dataset(DatasetArn=arn)["DatasetDescription"]

    def _pages(self, operation: str, **parameters: Any) -> list[Any]:
        return [
            item
            for page in self.service.get_paginator(operation).paginate(**parameters)
            for item in page["DatasetEntries" if "entries" in operation else "ProjectDescriptions"]
        ]
