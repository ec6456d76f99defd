"""Writes what a release leaves: an archive of its state, and a data directory after a kill in the middle of work.

    python -m tests.upgrade.write_release CHECKOUT NAME

CHECKOUT is a clean checkout of the release; its server is run with this Python. `releases/NAME/` gets `state.tar.gz`,
`data.tar.gz` and `expected.json`, which says what is in them. Model files are replaced by a few bytes, so that a
release takes some kilobytes; tests load a model of their own in their place. To be run once for a release, when it is
made (CONTRIBUTING.md).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from support.pictures import Picture, image_level_manifest, single_label_pictures
from support.server import environment_without_settings, wait_until

ACCOUNT = "111122223333"
BUCKET = "release-pictures"
PROJECT = "shapes"
RELEASES = Path(__file__).with_name("releases")
MODEL = b"a model"
STORED = {"plain": b"plain", "whole": b"first part", "empty": b"", "of versions": b"second"}
"""What objects have; `copied` has the bytes of `plain`."""


class Release:
    """A server of the release on a data directory."""

    def __init__(self, checkout: Path, directory: Path) -> None:
        self._checkout = checkout
        self.directory = directory
        self.endpoint = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        log = self.directory.with_suffix(".log")
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data-dir", str(self.directory)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--training-effort", "fast"],
                cwd=self._checkout,
                env=environment_without_settings() | {"PYTHONPATH": str(self._checkout), "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        found = wait_until(lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()), what="the address")
        assert found is not None
        self.endpoint = found[0]
        wait_until(lambda: " ready" in log.read_text() or self.get("ready"), what="readiness")

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.session.Session().client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="any",
        )

    def get(self, path: str) -> bytes:
        """A control path's body."""
        with urllib.request.urlopen(f"{self.endpoint}/_emulator/{path}", timeout=60) as answer:
            body: bytes = answer.read()
        return body

    def put(self, path: str, document: object) -> None:
        """A control call."""
        request = urllib.request.Request(
            f"{self.endpoint}/_emulator/{path}", json.dumps(document).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=60).close()

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def store(s3: Any) -> None:
    """Objects of every kind, and settings of the bucket."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="plain", Body=STORED["plain"], Metadata={"who": "me"}, ContentType="text/plain")
    s3.put_object_tagging(Bucket=BUCKET, Key="plain", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "plain"})
    s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")
    upload = {
        "Bucket": BUCKET,
        "Key": "whole",
        "UploadId": s3.create_multipart_upload(Bucket=BUCKET, Key="whole")["UploadId"],
    }
    etag = s3.upload_part(**upload, PartNumber=1, Body=STORED["whole"])["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    s3.create_multipart_upload(Bucket=BUCKET, Key="unfinished")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", STORED["of versions"]):
        s3.put_object(Bucket=BUCKET, Key="of versions", Body=body)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})


def train(rekognition: Any, s3: Any) -> dict[str, str]:
    """A project with both datasets, a policy, tags, a version that is trained and one that runs; their ARNs."""
    size, kind = (64, 64), "JPEG"
    sides: dict[str, list[Picture]] = {
        "TRAIN": single_label_pictures(("circle", "square"), 5, size=size, kind=kind),
        "TEST": single_label_pictures(("circle", "square"), 1, 500, size=size, kind=kind),
    }
    project = rekognition.create_project(ProjectName=PROJECT)["ProjectArn"]
    arns = {"project": project}
    for side, pictures in sides.items():
        for picture in pictures:
            s3.put_object(Bucket=BUCKET, Key=f"images/{picture.name}", Body=picture.body)
        key = f"{side.lower()}.manifest"
        s3.put_object(Bucket=BUCKET, Key=key, Body=image_level_manifest(pictures, BUCKET))
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": key}}}
        arn = rekognition.create_dataset(ProjectArn=project, DatasetType=side, DatasetSource=source)["DatasetArn"]
        arns[side] = arn
        wait_for_dataset(rekognition, arn)
    output = {"S3Bucket": BUCKET, "S3KeyPrefix": "results"}
    for name in ("running", "trained"):
        arns[name] = rekognition.create_project_version(ProjectArn=project, VersionName=name, OutputConfig=output)[
            "ProjectVersionArn"
        ]
    wait_for(rekognition, project, {"running": "TRAINING_COMPLETED", "trained": "TRAINING_COMPLETED"})
    rekognition.start_project_version(ProjectVersionArn=arns["running"], MinInferenceUnits=2)
    wait_for(rekognition, project, {"running": "RUNNING"})
    rekognition.tag_resource(ResourceArn=arns["trained"], Tags={"stage": "release"})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "444455556666"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    rekognition.put_project_policy(ProjectArn=project, PolicyName="copy", PolicyDocument=document)
    return arns


def wait_for_dataset(rekognition: Any, arn: str) -> None:
    """Until it is there."""

    def is_complete() -> bool:
        described = rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]
        return bool(described["Status"] == "CREATE_COMPLETE")

    wait_until(is_complete, what=arn)


def wait_for(rekognition: Any, project: str, wanted: dict[str, str]) -> None:
    """Until versions have these states."""

    def states() -> bool:
        described = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        found = {one["ProjectVersionArn"].split("/")[3]: one["Status"] for one in described}
        return all(found[name] == state for name, state in wanted.items())

    wait_until(states, 300, what=str(wanted))


def main(checkout: Path, name: str) -> None:
    """Fill, save, kill in the middle of a start, pack."""
    target = RELEASES / name
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        release = Release(checkout, Path(folder) / "data")
        release.start()
        rekognition, s3 = release.client("rekognition"), release.client("s3")
        store(s3)
        arns = train(rekognition, s3)
        models = {path: path.read_bytes() for path in (release.directory / "models").iterdir()}
        for path in models:
            path.write_bytes(MODEL)
        (target / "state.tar.gz").write_bytes(gzip.compress(release.get("state"), mtime=0))
        objects = {
            one["Key"]: hashlib.sha256(s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()).hexdigest()
            for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        }
        document = {"account": ACCOUNT, "bucket": BUCKET, "arns": arns, "objects": objects}
        (target / "expected.json").write_text(json.dumps(document, indent=1) + "\n")
        for path, model in models.items():
            path.write_bytes(model)
        release.put("transitions", {"starting": {"type": "seconds", "seconds": 600}})
        rekognition.start_project_version(ProjectVersionArn=arns["trained"], MinInferenceUnits=1)
        release.kill()
        for path in models:
            path.write_bytes(MODEL)
        shutil.rmtree(release.directory / "cache", ignore_errors=True)
        with tarfile.open(target / "data.tar.gz", "w:gz") as packed:
            packed.add(release.directory, "data", filter=anonymous)
    print({path.name: path.stat().st_size for path in target.iterdir()})


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without its owner."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
