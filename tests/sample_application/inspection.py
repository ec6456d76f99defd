"""A small application: photographs arrive in a bucket, and those of cracked parts are reported.

It knows nothing of tests or of an emulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

CRACK = "crack"


@dataclass(frozen=True)
class Finding:
    """What the model says about one photograph; `confidence` in percent."""

    key: str
    is_cracked: bool
    confidence: float


def find_project(name: str) -> str | None:
    """The ARN of the project, or None."""
    described = boto3.client("rekognition").describe_projects(ProjectNames=[name])["ProjectDescriptions"]
    return described[0]["ProjectArn"] if described else None


def set_up(name: str, bucket: str) -> str:
    """Make the project and the bucket of a new plant; the project's ARN."""
    boto3.client("s3").create_bucket(Bucket=bucket)
    arn: str = boto3.client("rekognition").create_project(ProjectName=name)["ProjectArn"]
    return arn


def start(project: str, version: str) -> None:
    """Start the model and wait until it serves."""
    rekognition: Any = boto3.client("rekognition")
    described = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[version])
    [description] = described["ProjectVersionDescriptions"]
    rekognition.start_project_version(ProjectVersionArn=description["ProjectVersionArn"], MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(ProjectArn=project, VersionNames=[version])


def inspect(version_arn: str, bucket: str, key: str) -> Finding:
    """Ask the model about one photograph."""
    image = {"S3Object": {"Bucket": bucket, "Name": key}}
    labels = boto3.client("rekognition").detect_custom_labels(ProjectVersionArn=version_arn, Image=image)[
        "CustomLabels"
    ]
    confidence = max((label["Confidence"] for label in labels if label["Name"] == CRACK), default=0.0)
    return Finding(key, confidence > 0, confidence)


def report(version_arn: str, bucket: str) -> list[str]:
    """The keys of all cracked parts, the surest first."""
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="photos/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    findings = [inspect(version_arn, bucket, key) for key in keys]
    cracked = sorted((finding for finding in findings if finding.is_cracked), key=lambda finding: -finding.confidence)
    return [finding.key for finding in cracked]
