"""What chaos does to an emulator, and the ledger of all that was acknowledged (see `tests.faults.chaos`)."""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support.pictures import SINGLE_LABELS, image_level_line, image_level_manifest, single_label_pictures

KEYS = tuple(f"key {number}" for number in range(5))
SETTLED_SECONDS = 120.0
TRAIN = single_label_pictures(SINGLE_LABELS, 5)
TEST = single_label_pictures(SINGLE_LABELS, 2, seed=500)
ALLOWED_ERRORS = {
    *("NoSuchKey", "NoSuchUpload", "NoSuchBucket", "BucketNotEmpty", "BucketAlreadyOwnedByYou", "InvalidPart"),
    *("ResourceInUseException", "ResourceNotFoundException", "ResourceAlreadyExistsException", "NoSuchTagSet"),
    *("ResourceNotReadyException", "InvalidRequest", "PreconditionFailed", "InvalidPolicyRevisionIdException"),
    *("InvalidParameterException", "LimitExceededException"),
}
Absent = None


class Lost(AssertionError):  # noqa: N818
    """Something that was acknowledged is not there, or something is there that cannot be."""


@dataclass
class Ledger:
    """What may be there: for each thing its allowed values, one when the last change was answered."""

    allowed: dict[Hashable, set[Any]] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)

    def value(self, thing: Hashable) -> Any:
        """What is surely there; KeyError while that is not known."""
        [value] = self.allowed.get(thing, {Absent})
        return value

    def is_known(self, thing: Hashable) -> bool:
        """Whether there is only one possibility."""
        return len(self.allowed.get(thing, {Absent})) == 1

    def change(self, operation: str, thing: Hashable, value: Any, call: Callable[[], Any]) -> Any:
        """Call; the thing then has the value, or may have it where no answer came. An error changes nothing."""
        before = self.allowed.get(thing, {Absent})
        self.allowed[thing] = before | {value}
        try:
            answer = call()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise Lost(f"{operation} answered {error}") from error
            self.allowed[thing] = before
            raise
        self.allowed[thing] = {value}
        self.acknowledged[operation] += 1
        return answer

    def compare(self, thing: Hashable, found: Any) -> None:
        """Raise Lost unless the value is an allowed one, which is then the only one."""
        allowed = self.allowed.get(thing, {Absent})
        if found not in allowed:
            raise Lost(f"{thing}: found {_short(found)}, allowed were {[_short(value) for value in allowed]}")
        self.allowed[thing] = {found}


def _short(value: Any) -> str:
    return repr(value)[:120]


class Writer:
    """Changes what belongs to one account, and keeps the ledger."""

    def __init__(self, account: str, seed: int, *, with_models: bool, settled_seconds: float) -> None:
        self.settled_seconds = settled_seconds
        self.with_models = with_models
        self.account = account
        self.random = random.Random(f"{account} {seed}")
        self.ledger = Ledger()
        self.bucket = f"bucket-{account}"
        self.uploads: dict[str, str] = {}
        self.serial = 0
        self.s3: Any = None
        self.rekognition: Any = None
        self.failure: Lost | None = None

    def connect(self, endpoint: str) -> None:
        """Clients for the emulator that runs now."""
        self.close()
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=5)
        self.s3, self.rekognition = (
            boto3.session.Session().client(
                service,
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.account,
                aws_secret_access_key="any",
                config=config,
            )
            for service in ("s3", "rekognition")
        )

    def close(self) -> None:
        for client in (self.s3, self.rekognition):
            if client is not None:
                client.close()
        self.s3 = self.rekognition = None

    def run(self, stop: threading.Event) -> None:
        """Change things until the emulator dies."""
        steps = [*self.steps()]
        while not stop.is_set():
            step = self.random.choices([step for step, _ in steps], [weight for _, weight in steps])[0]
            try:
                step()
            except ClientError as error:
                if error.response["Error"]["Code"] not in ALLOWED_ERRORS:
                    self.failure = Lost(f"{step.__name__}: {error}")
                    return
            except (BotoCoreError, KeyError):
                return  # killed, perhaps in the middle of an answer
            except Lost as lost:
                self.failure = lost
                return

    def steps(self) -> list[tuple[Callable[[], None], float]]:
        """What this writer does, and how often."""
        return [
            (self.put, 8),
            (self.copy, 4),
            (self.delete, 2),
            (self.delete_several, 1),
            (self.tag, 3),
            (self.untag, 1),
            (self.acl, 1),
            (self.configure_bucket, 2),
            (self.spare_bucket, 1),
            (self.begin_upload, 2),
            (self.upload_part, 3),
            (self.copy_part, 1),
            (self.complete, 2),
            (self.abort, 1),
            (self.project, 3),
            (self.delete_project, 1),
            (self.dataset, 3),
            (self.update_entries, 3),
            (self.delete_dataset, 1),
            (self.project_tags, 2),
            (self.policy, 2),
            (self.copy_version, 0.3),
            (self.start_or_stop, 0.7),
            (self.delete_version, 0.4),
        ]

    # S3. An object is (body, tags, acl).

    def _key(self) -> tuple[str, str, str]:
        return ("object", self.bucket, self.random.choice(KEYS))

    def _body(self) -> bytes:
        self.serial += 1
        return f"{self.account} {self.serial} ".encode() + self.random.randbytes(
            self.random.choice([0, 500, 70_000, 1_200_000])
        )

    def put(self) -> None:
        thing, body = self._key(), self._body()
        call = lambda: self.s3.put_object(Bucket=self.bucket, Key=thing[2], Body=body)  # noqa: E731
        self.ledger.change("PutObject", thing, (body, (), 1), call)

    def copy(self) -> None:
        source, target = self._key(), self._key()
        if source == target or not self.ledger.is_known(source) or self.ledger.value(source) is Absent:
            return
        body, tags, _ = self.ledger.value(source)
        place = {"Bucket": self.bucket, "Key": source[2]}
        call = lambda: self.s3.copy_object(Bucket=self.bucket, Key=target[2], CopySource=place)  # noqa: E731
        self.ledger.change("CopyObject", target, (body, tags, 1), call)

    def delete(self) -> None:
        thing = self._key()
        call = lambda: self.s3.delete_object(Bucket=self.bucket, Key=thing[2])  # noqa: E731
        self.ledger.change("DeleteObject", thing, Absent, call)

    def delete_several(self) -> None:
        thing = self._key()
        named = {"Objects": [{"Key": thing[2]}, {"Key": "not there"}]}
        call = lambda: self.s3.delete_objects(Bucket=self.bucket, Delete=named)  # noqa: E731
        self.ledger.change("DeleteObjects", thing, Absent, call)

    def _changed(self, operation: str, change: Callable[[tuple[Any, ...]], tuple[Any, ...]], call: Any) -> None:
        thing = self._key()
        if self.ledger.is_known(thing) and self.ledger.value(thing) is not Absent:
            value = change(self.ledger.value(thing))
            self.ledger.change(operation, thing, value, lambda: call(thing[2]))

    def tag(self) -> None:
        self.serial += 1
        value = str(self.serial)
        tags = {"TagSet": [{"Key": "n", "Value": value}]}
        self._changed(
            "PutObjectTagging",
            lambda old: (old[0], (value,), old[2]),
            lambda key: self.s3.put_object_tagging(Bucket=self.bucket, Key=key, Tagging=tags),
        )

    def untag(self) -> None:
        self._changed(
            "DeleteObjectTagging",
            lambda old: (old[0], (), old[2]),
            lambda key: self.s3.delete_object_tagging(Bucket=self.bucket, Key=key),
        )

    def acl(self) -> None:
        self._changed(
            "PutObjectAcl",
            lambda old: (old[0], old[1], 2),
            lambda key: self.s3.put_object_acl(Bucket=self.bucket, Key=key, ACL="public-read"),
        )

    def configure_bucket(self) -> None:
        self.serial += 1
        kind, value = self.random.choice(["tagging", "cors", "policy"]), str(self.serial)
        thing = (kind, self.bucket)
        if self.random.random() < 0.25:
            call = getattr(self.s3, f"delete_bucket_{kind}")
            self.ledger.change(f"DeleteBucket {kind}", thing, Absent, lambda: call(Bucket=self.bucket))
            return
        documents: dict[str, dict[str, Any]] = {
            "tagging": {"Tagging": {"TagSet": [{"Key": "n", "Value": value}]}},
            "cors": {
                "CORSConfiguration": {
                    "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": [f"https://{value}.example"]}]
                }
            },
            "policy": {"Policy": json.dumps(_bucket_policy(self.bucket, value))},
        }
        arguments = documents[kind]
        call = getattr(self.s3, f"put_bucket_{kind}")
        self.ledger.change(f"PutBucket {kind}", thing, value, lambda: call(Bucket=self.bucket, **arguments))

    def spare_bucket(self) -> None:
        """CreateBucket, PutBucketVersioning, DeleteBucket."""
        name = f"spare-{self.account}-{self.random.randrange(2)}"
        thing = ("bucket", name)
        match self.random.randrange(3):
            case 0:
                if self.ledger.is_known(thing) and self.ledger.value(thing) is Absent:
                    self.ledger.change("CreateBucket", thing, "", lambda: self.s3.create_bucket(Bucket=name))
            case 1:
                status = {"Status": "Enabled"}
                if self.ledger.is_known(thing) and self.ledger.value(thing) is not Absent:
                    call = lambda: self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=status)  # noqa: E731
                    self.ledger.change("PutBucketVersioning", thing, "Enabled", call)
            case _:
                self.ledger.change("DeleteBucket", thing, Absent, lambda: self.s3.delete_bucket(Bucket=name))

    # Uploads. One is the frozenset of its (number, etag); Absent once it ended.

    def begin_upload(self) -> None:
        if len(self.uploads) < 4:
            key = f"upload {self.random.randrange(3)}"
            upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]
            self.ledger.acknowledged["CreateMultipartUpload"] += 1
            self.uploads[upload] = key
            self.ledger.allowed["upload", upload] = {frozenset()}

    def _upload(self) -> tuple[dict[str, str], tuple[str, str]] | None:
        if not self.uploads:
            return None
        upload = self.random.choice(sorted(self.uploads))
        thing = ("upload", upload)
        if not self.ledger.is_known(thing) or self.ledger.value(thing) is Absent:
            return None
        return {"Bucket": self.bucket, "Key": self.uploads[upload], "UploadId": upload}, thing

    def upload_part(self) -> None:
        self._put_part("UploadPart", lambda place, number, body: self.s3.upload_part(
            **place, PartNumber=number, Body=body))  # fmt: skip

    def _put_part(self, operation: str, call: Callable[[dict[str, str], int, bytes], Any]) -> None:
        found = self._upload()
        if found is None:
            return
        place, thing = found
        body, number = self._body(), self.random.randrange(1, 4)
        parts = dict(self.ledger.value(thing)) | {number: body}
        self.ledger.change(operation, thing, frozenset(parts.items()), lambda: call(place, number, body))

    def copy_part(self) -> None:
        found, source = self._upload(), self._key()
        if found is None or not self.ledger.is_known(source) or self.ledger.value(source) is Absent:
            return
        place, thing = found
        parts = dict(self.ledger.value(thing)) | {1: self.ledger.value(source)[0]}
        origin = {"Bucket": self.bucket, "Key": source[2]}
        call = lambda: self.s3.upload_part_copy(**place, PartNumber=1, CopySource=origin)  # noqa: E731
        self.ledger.change("UploadPartCopy", thing, frozenset(parts.items()), call)

    def complete(self) -> None:
        """With the last part alone, which may be small."""
        found = self._upload()
        if found is None or not self.ledger.value(found[1]):
            return
        place, thing = found
        number, body = max(self.ledger.value(thing))
        [etag] = [part["ETag"] for part in self.s3.list_parts(**place).get("Parts", []) if part["PartNumber"] == number]
        target = ("object", self.bucket, place["Key"])
        named = {"Parts": [{"PartNumber": number, "ETag": etag}]}
        # Either both the upload is gone and the object there, or neither: `compare` sees each.
        before = self.ledger.allowed[thing]
        self.ledger.allowed[thing] = before | {Absent}
        call = lambda: self.s3.complete_multipart_upload(**place, MultipartUpload=named)  # noqa: E731
        self.ledger.change("CompleteMultipartUpload", target, (body, (), 1), call)
        self.ledger.allowed[thing] = {Absent}

    def abort(self) -> None:
        found = self._upload()
        if found is not None:
            place, thing = found
            call = lambda: self.s3.abort_multipart_upload(**place)  # noqa: E731
            self.ledger.change("AbortMultipartUpload", thing, Absent, call)

    # Rekognition

    def _name(self) -> str:
        return f"project-{self.random.randrange(3)}"

    def _arn(self, name: str) -> str | None:
        """The ARN of a project of this name, if it is there and nothing is done to it."""
        found = self.rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        return found[0]["ProjectArn"] if found and found[0]["Status"] == "CREATED" else None

    def project(self) -> None:
        name = self._name()
        call = lambda: self.rekognition.create_project(ProjectName=name)  # noqa: E731
        self.ledger.change("CreateProject", ("project", name), True, call)

    def delete_project(self) -> None:
        name = self._name()
        arn = self._arn(name)
        if arn is not None:
            call = lambda: self.rekognition.delete_project(ProjectArn=arn)  # noqa: E731
            self.ledger.change("DeleteProject", ("project", name), Absent, call)
            for kind in ("dataset", "tags", "policy"):
                self.ledger.allowed.pop((kind, name), None)

    def dataset(self) -> None:
        name = self._name()
        arn = self._arn(name)
        if arn is None:
            return
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": self.bucket, "Name": "entries.manifest"}}}
        given, entries = ({"DatasetSource": source}, frozenset(_refs(6))) if self.random.random() < 0.5 else ({}, None)
        call = lambda: self.rekognition.create_dataset(ProjectArn=arn, DatasetType="TRAIN", **given)  # noqa: E731
        self.ledger.change("CreateDataset", ("dataset", name), entries or frozenset(), call)

    def _dataset_arn(self, name: str) -> str | None:
        found = self.rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        datasets = found[0]["Datasets"] if found else []
        return datasets[0]["DatasetArn"] if datasets else None

    def update_entries(self) -> None:
        name = self._name()
        thing = ("dataset", name)
        arn = self._dataset_arn(name)
        if arn is None or not self.ledger.is_known(thing) or self.ledger.value(thing) is Absent:
            return
        count = self.random.randrange(1, 11)
        lines = "".join(image_level_line(picture, self.bucket) + "\n" for picture in TRAIN[:count]).encode()
        value = self.ledger.value(thing) | frozenset(_refs(count))
        call = lambda: self.rekognition.update_dataset_entries(  # noqa: E731
            DatasetArn=arn, Changes={"GroundTruth": lines}
        )
        self.ledger.change("UpdateDatasetEntries", thing, value, call)

    def delete_dataset(self) -> None:
        name = self._name()
        arn = self._dataset_arn(name)
        if arn is not None:
            call = lambda: self.rekognition.delete_dataset(DatasetArn=arn)  # noqa: E731
            self.ledger.change("DeleteDataset", ("dataset", name), Absent, call)

    def project_tags(self) -> None:
        name = self._name()
        arn = self._arn(name)
        if arn is None:
            return
        self.serial += 1
        value = str(self.serial)
        if self.random.random() < 0.3:
            call = lambda: self.rekognition.untag_resource(ResourceArn=arn, TagKeys=["n"])  # noqa: E731
            self.ledger.change("UntagResource", ("tags", name), Absent, call)
        else:
            call = lambda: self.rekognition.tag_resource(ResourceArn=arn, Tags={"n": value})  # noqa: E731
            self.ledger.change("TagResource", ("tags", name), value, call)

    def policy(self) -> None:
        name = self._name()
        arn = self._arn(name)
        if arn is None:
            return
        self.serial += 1
        document, value = _project_policy(self.serial)
        if self.random.random() < 0.3:
            call = lambda: self.rekognition.delete_project_policy(ProjectArn=arn, PolicyName="p")  # noqa: E731
            self.ledger.change("DeleteProjectPolicy", ("policy", name), Absent, call)
        else:
            call = lambda: self.rekognition.put_project_policy(  # noqa: E731
                ProjectArn=arn, PolicyName="p", PolicyDocument=document
            )
            self.ledger.change("PutProjectPolicy", ("policy", name), value, call)

    # Versions of the project `trained`: "up", "down", Absent.

    def _version(self) -> tuple[str, tuple[str, str]]:
        name = self.random.choice(["first", "copy-0", "copy-1"])
        return name, ("version", name)

    def _versions(self) -> dict[str, dict[str, Any]]:
        arn = self._arn("trained")
        if arn is None:
            return {}
        described = self.rekognition.describe_project_versions(ProjectArn=arn)["ProjectVersionDescriptions"]
        return {one["ProjectVersionArn"].split("/")[3]: one for one in described}

    def copy_version(self) -> None:
        name, thing = self._version()
        found = self._versions()
        if name == "first" or name in found or "first" not in found:
            return
        call = lambda: self.rekognition.copy_project_version(  # noqa: E731
            SourceProjectArn=self._arn("trained"),
            SourceProjectVersionArn=found["first"]["ProjectVersionArn"],
            DestinationProjectArn=self._arn("trained"),
            VersionName=name,
            OutputConfig={"S3Bucket": self.bucket, "S3KeyPrefix": "copies"},
        )
        self.ledger.change("CopyProjectVersion", thing, "down", call)

    def start_or_stop(self) -> None:
        name, thing = self._version()
        found = self._versions().get(name)
        if found is None:
            return
        arn = found["ProjectVersionArn"]
        if found["Status"] == "RUNNING":
            call = lambda: self.rekognition.stop_project_version(ProjectVersionArn=arn)  # noqa: E731
            self.ledger.change("StopProjectVersion", thing, "down", call)
        else:
            call = lambda: self.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)  # noqa: E731
            self.ledger.change("StartProjectVersion", thing, "up", call)

    def delete_version(self) -> None:
        name, thing = self._version()
        found = self._versions().get(name)
        if found is not None and name != "first":
            arn = found["ProjectVersionArn"]
            call = lambda: self.rekognition.delete_project_version(ProjectVersionArn=arn)  # noqa: E731
            self.ledger.change("DeleteProjectVersion", thing, Absent, call)

    # What is there

    def prepare(self) -> None:
        """The bucket, the manifest, and one trained version."""
        self.s3.create_bucket(Bucket=self.bucket)
        for picture in (*TRAIN, *TEST):
            self.s3.put_object(Bucket=self.bucket, Key=f"images/{picture.name}", Body=picture.body)
        for name, pictures in (("entries", TRAIN[:6]), ("train", TRAIN), ("test", TEST)):
            self.s3.put_object(
                Bucket=self.bucket, Key=f"{name}.manifest", Body=image_level_manifest(pictures, self.bucket)
            )
        if not self.with_models:
            return
        arn = self.rekognition.create_project(ProjectName="trained")["ProjectArn"]
        for kind in ("train", "test"):
            source = {"GroundTruthManifest": {"S3Object": {"Bucket": self.bucket, "Name": f"{kind}.manifest"}}}
            self.rekognition.create_dataset(ProjectArn=arn, DatasetType=kind.upper(), DatasetSource=source)
        self.wait_until_settled()
        self.train()
        self.ledger.allowed["version", "first"] = {"down"}

    def train(self) -> None:
        """Begin to train `first`."""
        output = {"S3Bucket": self.bucket, "S3KeyPrefix": "results"}
        arn = self._arn("trained")
        self.rekognition.create_project_version(ProjectArn=arn, VersionName="first", OutputConfig=output)

    def wait_until_settled(self) -> None:
        """Nothing stays in a transitional state (O-19)."""
        deadline = time.monotonic() + self.settled_seconds
        while True:
            pending = self._transitional()
            if not pending:
                return
            if time.monotonic() > deadline:
                raise Lost(f"still transitional after {self.settled_seconds} s: {pending}")
            time.sleep(0.1)

    def _transitional(self) -> list[str]:
        described = self.rekognition.describe_projects()["ProjectDescriptions"]
        found = [one["Status"] for one in described if one["Status"] != "CREATED"]
        found += [dataset["Status"] for one in described for dataset in one["Datasets"]]
        found += [one["Status"] for one in self._versions().values()]
        return [status for status in found if status.endswith(("_IN_PROGRESS", "ING")) and status != "RUNNING"]

    def check(self) -> None:
        """Compare everything with the ledger."""
        self.wait_until_settled()
        self._check_objects()
        self._check_buckets()
        self._check_uploads()
        self._check_projects()
        self._check_versions()

    def check_that_nothing_is_there(self) -> None:
        """After a reset that was answered."""
        left = [*self.s3.list_buckets()["Buckets"], *self.rekognition.describe_projects()["ProjectDescriptions"]]
        if left:
            raise Lost(f"a reset left {_short(left)}")

    def _check_objects(self) -> None:
        listed = {one["Key"] for one in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])}
        for key in {*KEYS, *(thing[2] for thing in self._things("object"))}:
            found: Any = Absent
            if key in listed:
                body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                tags = self.s3.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
                grants = self.s3.get_object_acl(Bucket=self.bucket, Key=key)["Grants"]
                found = (body, tuple(tag["Value"] for tag in tags), len(grants))
            self.ledger.compare(("object", self.bucket, key), found)

    def _things(self, kind: str) -> list[Any]:
        return [thing for thing in self.ledger.allowed if isinstance(thing, tuple) and thing[0] == kind]

    def _check_buckets(self) -> None:
        names = {one["Name"] for one in self.s3.list_buckets()["Buckets"]}
        for thing in self._things("bucket"):
            found: Any = Absent
            if thing[1] in names:
                found = self.s3.get_bucket_versioning(Bucket=thing[1]).get("Status", "")
            self.ledger.compare(thing, found)
        readers: dict[str, Callable[[dict[str, Any]], str]] = {
            "tagging": lambda answer: answer["TagSet"][0]["Value"],
            "cors": lambda answer: re.sub(r"\D", "", answer["CORSRules"][0]["AllowedOrigins"][0]),
            "policy": lambda answer: json.loads(answer["Policy"])["Statement"][0]["Sid"][1:],
        }
        for kind, value_of in readers.items():
            try:
                found = value_of(getattr(self.s3, f"get_bucket_{kind}")(Bucket=self.bucket))
            except ClientError:
                found = Absent
            self.ledger.compare((kind, self.bucket), found)

    def _check_uploads(self) -> None:
        listed = {one["UploadId"] for one in self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])}
        for upload, key in list(self.uploads.items()):
            thing = ("upload", upload)
            if upload not in listed:
                self.ledger.compare(thing, Absent)
                del self.uploads[upload]
                continue
            parts = self.s3.list_parts(Bucket=self.bucket, Key=key, UploadId=upload).get("Parts", [])
            found = frozenset((part["PartNumber"], part["Size"], part["ETag"]) for part in parts)
            for value in self.ledger.allowed[thing]:
                if value is not Absent and _told(value) == found:
                    self.ledger.compare(thing, value)
                    break
            else:
                raise Lost(f"the parts of {upload} are {_short(found)}")

    def _check_projects(self) -> None:
        described = {
            one["ProjectArn"].split("/")[1]: one for one in self.rekognition.describe_projects()["ProjectDescriptions"]
        }
        for name in (f"project-{number}" for number in range(3)):
            project = described.get(name)
            was_sure = self.ledger.is_known(("project", name))
            self.ledger.compare(("project", name), True if project else Absent)
            if project is None:
                for kind in ("dataset", "tags", "policy"):
                    self.ledger.allowed.pop((kind, name), None)
                continue
            if not was_sure:  # perhaps made anew, by a call without an answer
                for kind in ("dataset", "tags", "policy"):
                    self.ledger.allowed.setdefault((kind, name), {Absent}).add(Absent)
            self._check_project(name, project)

    def _check_project(self, name: str, project: dict[str, Any]) -> None:
        arn = project["ProjectArn"]
        entries: Any = Absent
        if project["Datasets"]:
            if project["Datasets"][0]["Status"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                raise Lost(f"the dataset of {name} is {project['Datasets'][0]['Status']}")
            dataset = project["Datasets"][0]["DatasetArn"]
            lines = self.rekognition.list_dataset_entries(DatasetArn=dataset, MaxResults=100)["DatasetEntries"]
            entries = frozenset(json.loads(line)["source-ref"].rpartition("/")[2] for line in lines)
        self.ledger.compare(("dataset", name), entries)
        self.ledger.compare(("tags", name), self.rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"].get("n"))
        policies = self.rekognition.list_project_policies(ProjectArn=arn)["ProjectPolicies"]
        sid = json.loads(policies[0]["PolicyDocument"])["Statement"][0]["Sid"] if policies else Absent
        self.ledger.compare(("policy", name), sid)

    def _check_versions(self) -> None:
        found = self._versions()
        for name in ("first", "copy-0", "copy-1"):
            version = found.get(name)
            state = Absent if version is None else "up" if version["Status"] == "RUNNING" else "down"
            if version is not None and version["Status"].endswith("FAILED"):
                raise Lost(f"the version {name} is {version['Status']}: {version['StatusMessage']}")
            self.ledger.compare(("version", name), state)
            if state == "up" and version is not None:
                self.rekognition.detect_custom_labels(
                    ProjectVersionArn=version["ProjectVersionArn"], Image={"Bytes": TEST[0].body}
                )
                self.ledger.acknowledged["DetectCustomLabels"] += 1


def _told(parts: frozenset[tuple[int, bytes]]) -> frozenset[tuple[int, int, str]]:
    return frozenset(
        (number, len(body), f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"') for number, body in parts
    )


def _refs(count: int) -> list[str]:
    return [picture.name for picture in TRAIN[:count]]


def _bucket_policy(bucket: str, sid: str) -> dict[str, Any]:
    statement = {
        "Sid": f"s{sid}",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _project_policy(number: int) -> tuple[str, str]:
    sid = f"s{number}"
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "999999999999"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}), sid
