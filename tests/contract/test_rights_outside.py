"""Whose rights count where the objects lie in an S3 outside: the caller's own policies, before it is asked (S-9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support import identities as known
from support.identities import OWNER, allow, key
from support.pictures import draw_picture, single_label_pictures
from support.projects import Project, error_of, new_project
from support.server import EmulatorProcess

PICTURES = single_label_pictures(("circle", "square"), 3)
FULL = "AmazonRekognitionCustomLabelsFullAccess"
USERS: dict[str, list[object]] = {
    "all": [FULL, allow("s3:*")],
    "none": [FULL],
    "reads": [FULL, "AmazonS3ReadOnlyAccess"],
    "manifests": [FULL, allow("s3:GetObject", resource="arn:aws:s3:::*/manifests/*"), allow("s3:PutObject")],
}


def pair(name: str) -> tuple[str, str]:
    """The access key of a user."""
    return f"AKIA{name.upper():0<16}", f"secret-of-{name}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator in mode `iam`, whose S3 is that of another one, which verifies nothing."""
    folder: Path = tmp_path_factory.mktemp("outside")
    users = {name: {"keys": [key(pair(name))], "policies": policies} for name, policies in USERS.items()}
    keys = folder / "credentials.json"
    keys.write_text(json.dumps({OWNER: {"aws_access_key_id": OWNER, "aws_secret_access_key": "x"}}))
    with EmulatorProcess() as outside:
        settings = {
            **known.settings(folder, "iam", {"accounts": {OWNER: {"users": users}}}),
            "CUSTOM_LABELS_S3_ENDPOINT_URL": outside.endpoint,
            "CUSTOM_LABELS_S3_CREDENTIALS": str(keys),
            "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
        }
        with EmulatorProcess(environment=settings) as started:
            project = new_project(outside, OWNER)
            project.put_manifest(PICTURES, "manifests/train.manifest")
            guarded = new_project(outside, OWNER)
            guarded.put_manifest(PICTURES[:1], "manifests/train.manifest")
            guarded.s3.put_bucket_policy(Bucket=guarded.bucket, Policy=json.dumps(_policy_about_users(guarded.bucket)))
            started.environment |= {"BUCKET": project.bucket, "GUARDED": guarded.bucket}
            yield started


def _policy_about_users(bucket: str) -> dict[str, Any]:
    """Denies one user and allows another; the outside S3, which knows no users, takes neither for its own callers."""

    def statement(effect: str, name: str) -> dict[str, Any]:
        condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWNER}:user/{name}"}}
        spoken_of = {"Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        return {"Effect": effect, "Condition": condition, **spoken_of}

    return {"Version": "2012-10-17", "Statement": [statement("Deny", "all"), statement("Allow", "none")]}


@contextmanager
def new_project_of(shared: EmulatorProcess, name: str, bucket: str = "BUCKET") -> Iterator[Project]:
    """A new project of a user."""
    with closing(known.client(shared, "rekognition", pair(name))) as client:
        project = Project(client, None, bucket=shared.environment[bucket])
        project.arn = client.create_project(ProjectName=project.name)["ProjectArn"]
        yield project


def decisions(shared: EmulatorProcess, name: str) -> list[dict[str, Any]]:
    """What was decided about a user, without what came first of all alike."""
    rows = shared.control("GET", "/_emulator/decisions")[1]["decisions"]
    return [one for one in rows if one["principal"].endswith(f"user/{name}") and one["action"].startswith("s3:")]


def test_a_manifest_is_read_with_the_callers_rights(shared: EmulatorProcess) -> None:
    """E-4: before any byte is asked for."""
    with new_project_of(shared, "none") as mine:
        described = mine.wait_dataset(mine.start_dataset("TRAIN", "manifests/train.manifest"))
    assert described["StatusMessage"] == "The S3 bucket permissions are incorrect."
    refused, *_ = [one for one in decisions(shared, "none") if shared.environment["BUCKET"] in one["resource"]]
    assert (refused["action"], refused["allowed"]) == ("s3:GetObject", False)
    assert refused["needed"][0]["statement"]["Resource"].endswith("/manifests/train.manifest")


def test_the_buckets_policy_counts_too(shared: EmulatorProcess) -> None:
    """E-4: what it denies one user, and allows another, among those for whom the outside S3 is asked with one key."""
    outcomes = {}
    for name in ("all", "none", "manifests"):
        with new_project_of(shared, name, "GUARDED") as mine:
            outcomes[name] = mine.wait_dataset(mine.start_dataset("TRAIN", "manifests/train.manifest"))
    assert [one["Status"] for one in outcomes.values()] == ["CREATE_FAILED", "CREATE_COMPLETE", "CREATE_COMPLETE"]
    assert outcomes["all"]["StatusMessage"] == "The S3 bucket permissions are incorrect."
    refused = [one for one in decisions(shared, "all") if not one["allowed"]]
    assert {one["reason"] for one in refused if shared.environment["GUARDED"] in one["resource"]} == {"explicit deny"}


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("all", "TRAINING_COMPLETED", ""),
        ("reads", "TRAINING_FAILED", "Unable to write to output S3 bucket."),
        ("manifests", "TRAINING_FAILED", "The permissions for the images S3 bucket are invalid."),
    ],
)
def test_a_training_acts_with_the_callers_rights(shared: EmulatorProcess, name: str, status: str, message: str) -> None:
    """TE-5, TE-8."""
    with new_project_of(shared, name) as mine:
        for kind in ("TRAIN", "TEST"):
            dataset = mine.wait_dataset(mine.start_dataset(kind, "manifests/train.manifest"))
            assert dataset["Status"] == "CREATE_COMPLETE"
        mine.start_training()
        described = mine.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
        assert described["Status"] == status, described
        if message:
            assert described["StatusMessage"].startswith(message)
            assert not all(one["allowed"] for one in decisions(shared, name))
        else:
            image = {"S3Object": {"Bucket": mine.bucket, "Name": f"images/{PICTURES[0].name}"}}
            _detect_with_ones_own_rights(shared, mine, image)


def _detect_with_ones_own_rights(shared: EmulatorProcess, trained: Project, image: dict[str, Any]) -> None:
    """LB-1: who may use the model, and not the image, is told that it cannot be had."""
    trained.start_model()
    arn = trained.version_arns["first"]
    with closing(known.client(shared, "rekognition", pair("none"))) as client:
        error = error_of(client.detect_custom_labels, ProjectVersionArn=arn, Image=image)
        assert error["Code"] == "InvalidS3ObjectException"
        body = {"Bytes": draw_picture(["circle"], 7).body}
        assert "CustomLabels" in client.detect_custom_labels(ProjectVersionArn=arn, Image=body)
    assert "CustomLabels" in trained.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)
