"""Manifests and images that may not be read, or are too large: E-2, E-4, TE-3, TE-4, TE-8 over the API."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from support.manifests import BUCKET, as_bytes, image_line
from support.pictures import image_level_manifest, single_label_pictures, upload_pictures
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess

SIZE_LIMIT = 1 << 30
PART_BYTES = 128 << 20
IMAGES = 20

TOO_LARGE = "The manifest file size exceeds the maximum supported size."
FORBIDDEN_MANIFEST = "The S3 bucket permissions are incorrect."
FORBIDDEN_IMAGES = "The permissions for the images S3 bucket are invalid."


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    return new_project(emulator, account)


def deny_reading(project: Project, bucket: str) -> None:
    """A bucket policy under which nobody may read its objects."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    project.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def lines(bucket: str) -> bytes:
    """Good lines of two labels, with images in `bucket`."""
    text = b"".join(as_bytes(image_line(number, f"label {number % 2}")) + b"\n" for number in range(IMAGES))
    return text.replace(f"s3://{BUCKET}/".encode(), f"s3://{bucket}/".encode())


def put_large_object(project: Project, key: str) -> None:
    """An object one byte over 1 GB, from one uploaded part that is copied."""
    place = {"Bucket": project.bucket, "Key": key}
    project.s3.put_object(Bucket=project.bucket, Key="part", Body=bytes(PART_BYTES))
    upload = {**place, "UploadId": project.s3.create_multipart_upload(**place)["UploadId"]}
    parts = []
    for number in range(1, SIZE_LIMIT // PART_BYTES + 1):
        copied = project.s3.upload_part_copy(**upload, PartNumber=number, CopySource=f"{project.bucket}/part")
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    last = project.s3.upload_part(**upload, PartNumber=len(parts) + 1, Body=b"\n")
    parts.append({"PartNumber": len(parts) + 1, "ETag": last["ETag"]})
    project.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    project.s3.delete_object(Bucket=project.bucket, Key="part")


def dataset_failure(project: Project, bucket: str, key: str) -> dict[str, Any]:
    """The description of a dataset that could not be created."""
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": key}}}
    created = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN", DatasetSource=source)
    arn = created["DatasetArn"]
    description = project.wait_dataset(arn)
    assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_FAILED", "CLIENT_ERROR")
    project.rekognition.delete_dataset(DatasetArn=arn)
    return description


def training_failure(project: Project, bucket: str, key: str) -> dict[str, Any]:
    """The description of a training from an external manifest, after it has failed."""
    asset = {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": key}}}]}
    project.start_training(TrainingData=asset, TestingData={"AutoCreate": True})
    return project.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")


def test_a_manifest_over_one_gigabyte(project: Project) -> None:
    """E-2 and TE-3: refused by its size, without reading it; no result files."""
    put_large_object(project, "large.manifest")
    other = new_project_of(project)
    assert dataset_failure(project, project.bucket, "large.manifest")["StatusMessage"] == TOO_LARGE
    description = training_failure(other, project.bucket, "large.manifest")
    assert (description["Status"], description["StatusMessage"]) == ("TRAINING_FAILED", TOO_LARGE)
    assert "ManifestSummary" not in description
    project.s3.delete_object(Bucket=project.bucket, Key="large.manifest")


def new_project_of(project: Project) -> Project:
    """Another project of the same account, without datasets."""
    return Project(project.rekognition, project.s3).create()


def test_a_manifest_that_may_not_be_read(project: Project) -> None:
    """E-4 and TE-4."""
    secret = unique_name("secret")
    project.s3.create_bucket(Bucket=secret)
    project.s3.put_object(Bucket=secret, Key="a.manifest", Body=lines(project.bucket))
    deny_reading(project, secret)
    assert dataset_failure(project, secret, "a.manifest")["StatusMessage"] == FORBIDDEN_MANIFEST
    description = training_failure(new_project_of(project), secret, "a.manifest")
    assert (description["Status"], description["StatusMessage"]) == ("TRAINING_FAILED", FORBIDDEN_MANIFEST)
    assert "ManifestSummary" not in description


def test_images_that_may_not_be_read(project: Project) -> None:
    """TE-8: a content error, so that there is a summary with its code."""
    secret = unique_name("secret")
    project.s3.create_bucket(Bucket=secret)
    stream = io.BytesIO()
    Image.new("RGB", (100, 100), "olive").save(stream, "JPEG")
    for number in range(IMAGES):
        project.s3.put_object(Bucket=secret, Key=f"images/{number:06}.jpg", Body=stream.getvalue())
    deny_reading(project, secret)
    project.s3.put_object(Bucket=project.bucket, Key="a.manifest", Body=lines(secret))
    description = training_failure(project, project.bucket, "a.manifest")
    assert (description["Status"], description["StatusMessage"]) == ("TRAINING_FAILED", FORBIDDEN_IMAGES)
    place = description["ManifestSummary"]["S3Object"]
    summary = json.load(project.s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"])
    training = summary["statistics"]["training"]
    assert "ERROR_INVALID_PERMISSIONS_IMAGES_S3_BUCKET" in [error["code"] for error in training["errors"]]
    assert (training["total_json_lines"], training["invalid_json_lines"]) == (IMAGES, IMAGES)


@pytest.fixture
def abroad(project: Project, emulator: EmulatorProcess, account: str) -> str:
    """A bucket of the project's account in another Region, with a good manifest."""
    bucket = unique_name("abroad")
    client = emulator.client("s3", account, "eu-west-1")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket=bucket, Key="abroad.manifest", Body=lines(bucket))
    assert project.s3.get_object(Bucket=bucket, Key="abroad.manifest")["Body"].read(), "S3 itself serves it"
    return bucket


def test_a_manifest_of_another_region_makes_no_dataset(project: Project, abroad: str) -> None:
    """A-8, E-1."""
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": abroad, "Name": "abroad.manifest"}}}
    arn = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN", DatasetSource=manifest)
    described = project.wait_dataset(arn["DatasetArn"])
    assert (described["Status"], described["StatusMessage"]) == (
        "CREATE_FAILED",
        "The manifest file extension or contents are invalid.",
    )


def test_an_output_bucket_of_another_region_fails_the_training(project: Project, abroad: str) -> None:
    """A-8, TE-5."""
    pictures = single_label_pictures(["circle", "square"], 3)
    project.create_dataset("TRAIN", pictures)
    project.start_training(OutputConfig={"S3Bucket": abroad, "S3KeyPrefix": "results"})
    described = project.wait_version("first", "TRAINING_FAILED")
    assert described["StatusMessage"] == "Unable to write to output S3 bucket."


def test_images_of_another_owner_than_the_datasets_manifest(project: Project, emulator: EmulatorProcess) -> None:
    """TE-10 holds for datasets as for external manifests: the owner of the manifest's bucket is kept."""
    theirs = unique_name("theirs")
    other = emulator.client("s3", "999900001111")
    other.create_bucket(Bucket=theirs)
    pictures = single_label_pictures(["circle", "square"], 4)
    upload_pictures(other, pictures, theirs)
    project.s3.upload_fileobj(io.BytesIO(image_level_manifest(pictures, theirs)), project.bucket, "all.manifest")
    arn = project.start_dataset("TRAIN", "all.manifest")
    assert project.wait_dataset(arn)["Status"] == "CREATE_COMPLETE"
    project.start_training()
    described = project.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"] == "Invalid owner id for images S3 bucket."
