"""How long any operation holds the event loop: `python -m benchmarks loop_holds [--only TEXT] [--rounds 3]`.

Every operation of Rekognition, S3 and the control API is called, with usual and with the largest inputs, one after
another. Printed is, by operation, the longest time on the processor that one callback of the loop took meanwhile: the
least of the rounds, so that a collection of garbage counts only where it comes each time. Beside it how late the loop
was at most, since a thread that holds the interpreter holds the loop as well; that includes what other processes took
of the machine. Nothing should be over 20 ms.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from support.pictures import SINGLE_LABELS, draw_picture, image_level_line, image_level_manifest, single_label_pictures
from support.projects import Project, copy_of
from support.raw_http import RawConnection, authorization, signed_headers
from support.watched_server import Hold, WatchedServer

ACCOUNT = "111122223333"
LIMIT_MS = 20.0
ENTRIES = 50_000
SECONDS_AFTER = 0.1  # what an operation leaves to do on the loop comes right after its answer

Named = tuple[str, Callable[[], Any]]


class Bench:
    """A server, its clients, and a project with a running model."""

    def __init__(self, server: WatchedServer) -> None:
        self.server = server
        config = Config(retries={"total_max_attempts": 1}, read_timeout=300)
        rekognition, self.s3 = (
            boto3.session.Session().client(
                service,
                endpoint_url=server.endpoint,
                region_name="us-east-1",
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="any",
                config=config,
            )
            for service in ("rekognition", "s3")
        )
        self.rekognition = rekognition
        self.project = Project(rekognition, self.s3).create()
        self.project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
        self.project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
        self.project.train()
        self.running = self.project.start_model()
        self.large = Project(rekognition, self.s3).create()
        self.large_dataset = self._large_dataset()
        for number in range(120):
            rekognition.create_project(ProjectName=f"many-{number}")
        for number in range(1000):
            self.s3.put_object(Bucket=self.bucket, Key=f"many/{number:04}", Body=b"")

    @property
    def bucket(self) -> str:
        """The project's bucket."""
        return self.project.bucket

    def _large_dataset(self) -> str:
        [picture] = single_label_pictures(SINGLE_LABELS[:1], 1)
        line = image_level_line(picture, self.large.bucket)
        lines = (line.replace(picture.name, f"{number}.png") for number in range(ENTRIES))
        self.s3.put_object(Bucket=self.large.bucket, Key="large.manifest", Body="\n".join(lines).encode())
        arn = self.large.start_dataset("TRAIN", "large.manifest")
        assert self.large.wait_dataset(arn, 600)["Status"] == "CREATE_COMPLETE"
        return arn

    def control(self, method: str, path: str, document: object = None) -> bytes:
        """A control call's answer, an error's too."""
        data = document if isinstance(document, bytes) else None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.server.endpoint}/_emulator/{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
        return body

    def raw(self, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status of a request as bytes."""
        host, port = self.server.endpoint.removeprefix("http://").split(":")
        with RawConnection((host, int(port))) as connection:
            return connection.request(method, path, headers, body).status

    def raw_s3(self, method: str, path: str, body: bytes, **headers: str) -> int:
        """The same, signed for S3."""
        signed = {"Authorization": authorization(ACCOUNT, service="s3")}
        return self.raw(method, path, signed | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def rekognition_operations(bench: Bench) -> Iterator[Named]:
    """All 23, some with the largest inputs."""
    client, project, running = bench.rekognition, bench.project, bench.running
    made: dict[str, str] = {}

    def create_project() -> None:
        made["project"] = client.create_project(ProjectName=f"held-{time.time_ns()}")["ProjectArn"]

    def create_dataset() -> None:
        key = {"Bucket": bench.bucket, "Name": "manifests/train.manifest"}
        for kind, given in (("TRAIN", {"DatasetSource": {"GroundTruthManifest": {"S3Object": key}}}), ("TEST", {})):
            made[kind] = client.create_dataset(ProjectArn=made["project"], DatasetType=kind, **given)["DatasetArn"]
            project.wait_dataset(made[kind])

    def distribute() -> None:
        client.distribute_dataset_entries(Datasets=[{"Arn": made["TRAIN"]}, {"Arn": made["TEST"]}])
        project.wait_dataset(made["TRAIN"])

    def train() -> None:
        name = made["version"] = f"v-{time.time_ns()}"
        project.train(name)

    def version() -> str:
        return project.version_arns[made["version"]]

    def copy() -> None:
        made["copy"] = f"c-{time.time_ns()}"
        arn = client.copy_project_version(**copy_of(project, project, made["copy"]))["ProjectVersionArn"]
        project.version_arns[made["copy"]] = arn
        project.wait_version(made["copy"], "COPYING_COMPLETED")

    pictures = single_label_pictures(SINGLE_LABELS, 5)
    small = image_level_manifest(pictures, bench.bucket)
    line = image_level_line(pictures[0], bench.large.bucket)
    many = "\n".join(line.replace(pictures[0].name, f"{number}.png") for number in range(12_000)).encode()[:5_000_000]
    many = many[: many.rindex(b"\n")]
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "999999999999"},
                    "Action": "rekognition:CopyProjectVersion",
                    "Resource": "*",
                }
            ],
        }
    )
    image = {"Bytes": draw_picture(["circle"], 1).body}
    noise = base64.b64encode(b"\xff\xd8" + bytes(4_194_000)).decode()
    detection = json.dumps({"ProjectVersionArn": running, "Image": {"Bytes": noise}}).encode()
    nested = b'{"Image": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    detect_headers = signed_headers("DetectCustomLabels", ACCOUNT)
    yield from {
        "CreateProject": create_project,
        "DescribeProjects, 100 at once": lambda: client.describe_projects(MaxResults=100),
        "DescribeProjects, one name": lambda: client.describe_projects(ProjectNames=[project.name]),
        "CreateDataset, of a manifest and empty": create_dataset,
        "DistributeDatasetEntries": distribute,
        "UpdateDatasetEntries, 10 lines": lambda: client.update_dataset_entries(
            DatasetArn=project.dataset_arns["TRAIN"], Changes={"GroundTruth": small}
        ),
        "UpdateDatasetEntries, 5 MB": lambda: client.update_dataset_entries(
            DatasetArn=bench.large_dataset, Changes={"GroundTruth": many}
        ),
        "DescribeDataset": lambda: client.describe_dataset(DatasetArn=bench.large_dataset),
        "ListDatasetEntries, 100 of 50,000": lambda: client.list_dataset_entries(
            DatasetArn=bench.large_dataset, MaxResults=100
        ),
        "ListDatasetEntries, a search in 50,000": lambda: client.list_dataset_entries(
            DatasetArn=bench.large_dataset, SourceRefContains="499", MaxResults=100
        ),
        "ListDatasetLabels": lambda: client.list_dataset_labels(DatasetArn=bench.large_dataset),
        "DeleteDataset": lambda: [client.delete_dataset(DatasetArn=made[kind]) for kind in ("TRAIN", "TEST")],
        "CreateProjectVersion, and its training": train,
        "DescribeProjectVersions": lambda: client.describe_project_versions(ProjectArn=project.arn),
        "CopyProjectVersion": copy,
        "StartProjectVersion": lambda: project.start_model(made["version"]),
        "DetectCustomLabels": lambda: client.detect_custom_labels(ProjectVersionArn=running, Image=image),
        "DetectCustomLabels, 4 MB that are not a JPEG": lambda: bench.raw("POST", "/", detect_headers, detection),
        "DetectCustomLabels, JSON 200,000 deep": lambda: bench.raw("POST", "/", detect_headers, nested),
        "StopProjectVersion": lambda: project.stop_model(made["version"]),
        "DeleteProjectVersion": lambda: [
            client.delete_project_version(ProjectVersionArn=arn)
            for arn in (version(), project.version_arns[made["copy"]])
        ],
        "PutProjectPolicy": lambda: client.put_project_policy(
            ProjectArn=made["project"], PolicyName="p", PolicyDocument=policy
        ),
        "ListProjectPolicies": lambda: client.list_project_policies(ProjectArn=made["project"]),
        "DeleteProjectPolicy": lambda: client.delete_project_policy(ProjectArn=made["project"], PolicyName="p"),
        "TagResource, 50 tags": lambda: client.tag_resource(
            ResourceArn=running, Tags={f"name {number}": "x" * 256 for number in range(50)}
        ),
        "ListTagsForResource": lambda: client.list_tags_for_resource(ResourceArn=running),
        "UntagResource": lambda: client.untag_resource(
            ResourceArn=running, TagKeys=[f"name {number}" for number in range(50)]
        ),
        "DeleteProject": lambda: client.delete_project(ProjectArn=made["project"]),
    }.items()


def s3_operations(bench: Bench) -> Iterator[Named]:
    """All kinds, some with the largest inputs."""
    s3, bucket = bench.s3, bench.bucket
    hundred = bytes(100_000_000)
    one_byte_chunks = b"1\r\nx\r\n" * 300_000 + b"0\r\n\r\n"
    deep = b"<Tagging>" * 80_000 + b"</Tagging>" * 80_000
    tags = b"<Tagging><TagSet>" + b"<Tag><Key>a</Key><Value>b</Value></Tag>" * 50_000 + b"</TagSet></Tagging>"
    rules = b"<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>" * 20_000
    objects = {"Objects": [{"Key": f"gone/{number:04}"} for number in range(1000)]}
    upload: dict[str, Any] = {}

    def begin() -> None:
        upload.update(s3.create_multipart_upload(Bucket=bucket, Key="parts"))

    def place() -> dict[str, str]:
        return {"Bucket": bucket, "Key": "parts", "UploadId": upload["UploadId"]}

    def part() -> None:
        upload["parts"] = [
            {"PartNumber": number, "ETag": s3.upload_part(**place(), PartNumber=number, Body=body)["ETag"]}
            for number, body in ((1, bytes(5 << 20)), (2, b"x"))
        ]

    spare = f"spare-{time.time_ns()}"
    chunked = {"content_encoding": "aws-chunked", "x_amz_decoded_content_length": "300000"}
    versioning = {"Status": "Enabled"}
    tag_set = {"TagSet": [{"Key": "a", "Value": "b"}]}
    yield from {
        "PutObject, 100 MB": lambda: s3.put_object(Bucket=bucket, Key="large", Body=hundred),
        "PutObject, 100 MB, no trailer": lambda: bench.raw_s3("PUT", f"/{bucket}/large", hundred),
        "PutObject, 300,000 chunks of a byte": lambda: bench.raw_s3(
            "PUT", f"/{bucket}/chunks", one_byte_chunks, **chunked
        ),
        "PutObject, 20 kB": lambda: s3.put_object(Bucket=bucket, Key="small", Body=bytes(20_000)),
        "GetObject, 100 MB": lambda: s3.get_object(Bucket=bucket, Key="large")["Body"].read(),
        "HeadObject": lambda: s3.head_object(Bucket=bucket, Key="large"),
        "GetObjectAttributes": lambda: s3.get_object_attributes(
            Bucket=bucket, Key="large", ObjectAttributes=["ObjectSize"]
        ),
        "CopyObject, 100 MB": lambda: s3.copy_object(
            Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": "large"}
        ),
        "DeleteObject": lambda: s3.delete_object(Bucket=bucket, Key="copied"),
        "DeleteObjects, 1,000": lambda: s3.delete_objects(Bucket=bucket, Delete=objects),
        "PutObjectTagging": lambda: s3.put_object_tagging(Bucket=bucket, Key="small", Tagging=tag_set),
        "PutObjectTagging, 50,000 tags": lambda: bench.raw_s3("PUT", f"/{bucket}/small?tagging", tags),
        "PutObjectTagging, 80,000 deep": lambda: bench.raw_s3("PUT", f"/{bucket}/small?tagging", deep),
        "GetObjectTagging": lambda: s3.get_object_tagging(Bucket=bucket, Key="small"),
        "DeleteObjectTagging": lambda: s3.delete_object_tagging(Bucket=bucket, Key="small"),
        "PutObjectAcl": lambda: s3.put_object_acl(Bucket=bucket, Key="small", ACL="public-read"),
        "GetObjectAcl": lambda: s3.get_object_acl(Bucket=bucket, Key="small"),
        "ListObjectsV2, 1,000": lambda: s3.list_objects_v2(Bucket=bucket, Prefix="many/"),
        "ListObjects, 1,000": lambda: s3.list_objects(Bucket=bucket, Prefix="many/"),
        "ListObjectVersions, 1,000": lambda: s3.list_object_versions(Bucket=bucket, Prefix="many/"),
        "CreateMultipartUpload": begin,
        "UploadPart, 5 MiB": part,
        "UploadPartCopy": lambda: s3.upload_part_copy(
            **place(), PartNumber=3, CopySource={"Bucket": bucket, "Key": "small"}
        ),
        "ListParts": lambda: s3.list_parts(**place()),
        "ListMultipartUploads": lambda: s3.list_multipart_uploads(Bucket=bucket),
        "CompleteMultipartUpload": lambda: s3.complete_multipart_upload(
            **place(), MultipartUpload={"Parts": upload["parts"]}
        ),
        "CreateMultipartUpload, again": begin,
        "AbortMultipartUpload": lambda: s3.abort_multipart_upload(**place()),
        "CreateBucket": lambda: s3.create_bucket(Bucket=spare),
        "HeadBucket": lambda: s3.head_bucket(Bucket=spare),
        "ListBuckets": lambda: s3.list_buckets(),
        "GetBucketLocation": lambda: s3.get_bucket_location(Bucket=spare),
        "PutBucketVersioning": lambda: s3.put_bucket_versioning(Bucket=spare, VersioningConfiguration=versioning),
        "GetBucketVersioning": lambda: s3.get_bucket_versioning(Bucket=spare),
        "PutBucketAcl": lambda: s3.put_bucket_acl(Bucket=spare, ACL="private"),
        "GetBucketAcl": lambda: s3.get_bucket_acl(Bucket=spare),
        "PutBucketTagging": lambda: s3.put_bucket_tagging(Bucket=spare, Tagging=tag_set),
        "GetBucketTagging": lambda: s3.get_bucket_tagging(Bucket=spare),
        "PutBucketCors, 20,000 rules": lambda: bench.raw_s3(
            "PUT", f"/{spare}?cors", b"<CORSConfiguration>" + rules + b"</CORSConfiguration>"
        ),
        "PutBucketPolicy, 1 MB": lambda: bench.raw_s3(
            "PUT", f"/{spare}?policy", b'{"a": [' + b"1, " * 300_000 + b"1]}"
        ),
        "PutBucketLifecycleConfiguration, 2 MB": lambda: bench.raw_s3(
            "PUT",
            f"/{spare}?lifecycle",
            b"<LifecycleConfiguration>" + b"<Rule/>" * 280_000 + b"</LifecycleConfiguration>",
        ),
        "DeleteBucket": lambda: s3.delete_bucket(Bucket=spare),
    }.items()


def control_operations(bench: Bench) -> Iterator[Named]:
    """All paths, some with the largest inputs; the state and the reset come last."""
    labels = [{"Name": f"label {number}", "Confidence": 50.0} for number in range(9_000)]
    answers = {"labels": labels, "project_version": "nobody"}
    faults = [{"operation": "ListTagsForResource", "error": "ThrottlingException", "account": "9" * 12}] * 8_000
    archive: list[bytes] = []
    for path in ("health", "ready", "transitions", "clock", "faults", "answers", "usage", "metrics", "openapi.json"):
        yield f"GET {path}", lambda path=path: bench.control("GET", path)  # type: ignore[misc]
    yield from {
        "PUT transitions": lambda: bench.control("PUT", "transitions", {"starting": {"type": "real"}}),
        "PUT clock": lambda: bench.control("PUT", "clock", {"mode": "manual"}),
        "POST clock/advance, a year": lambda: bench.control("POST", "clock/advance", {"seconds": 31_536_000}),
        "GET usage, after a year": lambda: bench.control("GET", "usage"),
        "GET metrics, after a year": lambda: bench.control("GET", "metrics"),
        "PUT clock, real": lambda: bench.control("PUT", "clock", {"mode": "real"}),
        "POST answers, 9,000 labels": lambda: bench.control("POST", "answers", answers),
        "GET answers, 9,000 labels": lambda: bench.control("GET", "answers"),
        "DELETE answers": lambda: bench.control("DELETE", "answers"),
        "POST faults, 8,000": lambda: bench.control("POST", "faults", faults),
        "GET faults, 8,000": lambda: bench.control("GET", "faults"),
        "a call that meets 8,000 faults": lambda: bench.rekognition.describe_projects(MaxResults=1),
        "DELETE faults/{id}": lambda: bench.control("DELETE", "faults/1"),
        "DELETE faults": lambda: bench.control("DELETE", "faults"),
        "POST faults, 1 MB of brackets": lambda: bench.control("POST", "faults", b"[" * 500_000),
        "POST outage": lambda: bench.control(
            "POST", "outage", {"project_version": bench.running, "units": 1, "seconds": 0.1}
        ),
        "GET model": lambda: bench.control("GET", f"model?project_version={bench.running}"),
        "DELETE trainings/{arn}": lambda: bench.control("DELETE", f"trainings/{bench.running}"),
        "GET state": lambda: archive.append(bench.control("GET", "state")),
        "PUT state": lambda: bench.control("PUT", "state", archive[-1]),
        "PUT state, 100 MB of zeros": lambda: bench.control("PUT", "state", bytes(100_000_000)),
    }.items()


def measure(bench: Bench, only: str, rounds: int) -> dict[str, Hold]:
    """The least of the longest holds of each operation."""
    found: dict[str, Hold] = {}
    for _ in range(rounds):
        for operations in (rekognition_operations, s3_operations, control_operations):
            for name, call in operations(bench):
                bench.project.wait_dataset(bench.large_dataset, 600)
                bench.server.longest()
                try:
                    call()
                except ClientError as error:
                    print(f"  {name}: {error}")
                time.sleep(SECONDS_AFTER)
                hold = bench.server.longest()
                if only in name:
                    found[name] = least(hold, found.get(name, hold))
    return found


def least(one: Hold, other: Hold) -> Hold:
    """The smaller figures of two rounds."""
    smaller = min(one, other, key=lambda hold: hold.cpu)
    return replace(smaller, late=min(one.late, other.late))


def main() -> None:
    """Measure and print, the longest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="print operations whose names contain this")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    settings = {"tps_per_unit": "0", "training_effort": "instant", "log_level": "error", "settle_hold": "0"}
    with tempfile.TemporaryDirectory() as folder, WatchedServer(Path(folder), settings) as server:
        bench = Bench(server)
        found = measure(bench, arguments.only, arguments.rounds)
        server.longest()
        bench.control("POST", "reset")
        found["POST reset"] = server.longest()
    for name, hold in sorted(found.items(), key=lambda item: -max(item[1].cpu, item[1].late)):
        mark = "  OVER" if hold.cpu * 1000 > LIMIT_MS else ""
        print(f"{hold.cpu * 1000:7.1f} ms on the processor, late by {hold.late * 1000:7.1f} ms  {name}{mark}")
        if mark:
            print(f"          {hold.what}")
    longest = max(hold.cpu for hold in found.values())
    latest = max(hold.late for hold in found.values())
    print(f"{len(found)} operations, the longest hold {longest * 1000:.1f} ms, the loop late by {latest * 1000:.1f} ms")


if __name__ == "__main__":
    main()
