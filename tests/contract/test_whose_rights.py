"""Whose rights work has: trainings, copies, ingests and images in S3, in mode `iam` (S-9, S-11, S-12, CP-4, CP-14)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support import identities as known
from support.identities import OTHER, OWNER, allow, key
from support.pictures import draw_picture, image_level_manifest, single_label_pictures
from support.projects import Project, copy_of, error_of
from support.server import EmulatorProcess

LABELS = ("circle", "square")
TRAIN, TEST = single_label_pictures(LABELS, 3), single_label_pictures(LABELS, 1, seed=900)
KEY_ID, OFF_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "0ff0abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:{OWNER}:key/{KEY_ID}"
FULL, READ = "AmazonRekognitionCustomLabelsFullAccess", "AmazonS3ReadOnlyAccess"
_OF_IMAGES = ("s3:GetObject", "s3:ListBucket", "s3:GetBucketAcl")

USERS: dict[str, list[object]] = {
    "whole": [FULL, READ, allow("s3:PutObject", resource="arn:aws:s3:::pictures-*")],
    "no-s3": [FULL],
    "read-only": [FULL, READ],
    "manifests-only": [FULL, allow("s3:GetObject", resource="arn:aws:s3:::pictures-*/manifests/*"),
                       allow("s3:PutObject", resource="arn:aws:s3:::pictures-*")],
    "no-images": [FULL, allow("s3:GetObject", resource="arn:aws:s3:::pictures-*/manifests/*"),
                  allow("s3:GetBucketAcl", "s3:PutObject", resource="arn:aws:s3:::pictures-*")],
    "one-folder": [FULL, allow("s3:GetObject", resource="arn:aws:s3:::pictures-*/open/*")],
    "encrypts": [FULL, READ, allow("s3:PutObject", resource="arn:aws:s3:::pictures-*"),
                 allow("kms:CreateGrant", "kms:DescribeKey", resource=KEY_ARN)],
    "half": [FULL, READ, allow("s3:PutObject", resource="arn:aws:s3:::pictures-*"),
             allow("kms:DescribeKey", resource=KEY_ARN)],
}  # fmt: skip


def pair(name: str) -> tuple[str, str]:
    """The access key of a user."""
    return f"AKIA{name.upper():0<16}", f"secret-of-{name}"


def document() -> dict[str, Any]:
    """Every user of USERS in OWNER, and the roots of both accounts."""
    users = {name: {"keys": [key(pair(name))], "policies": policies} for name, policies in USERS.items()}
    kms = {
        KEY_ID: {"region": "us-east-1", "aliases": ["alias/training"]},
        OFF_ID: {"region": "us-east-1", "state": "Disabled"},
    }
    return {
        "accounts": {
            OWNER: {"keys": [key(pair("root"))], "users": users, "kms": kms},
            OTHER: {"keys": [key(pair("stranger"))]},
        }
    }


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam", document())
    with EmulatorProcess(environment={**settings, "CUSTOM_LABELS_TRAINING_EFFORT": "instant"}) as started:
        yield started


Clients = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def clients(emulator: EmulatorProcess) -> Iterator[Clients]:
    made: dict[tuple[str, str], Any] = {}
    with ExitStack() as stack:

        def client(service: str, name: str) -> Any:
            if (service, name) not in made:
                made[service, name] = known.client(emulator, service, pair(name))
                stack.callback(made[service, name].close)
            return made[service, name]

        yield client


def same_project(project: Project, clients: Clients, name: str) -> Project:
    """A project of the account as a user of it sees it."""
    return Project(
        clients("rekognition", name),
        clients("s3", name),
        project.name,
        project.bucket,
        project.arn,
        dict(project.dataset_arns),
        dict(project.version_arns),
    )


@pytest.fixture(scope="module")
def owned(clients: Clients) -> Project:
    """A trained project of the root, whose bucket everybody's policies are about."""
    project = Project(clients("rekognition", "root"), clients("s3", "root")).create()
    project.create_dataset("TRAIN", TRAIN)
    project.create_dataset("TEST", TEST)
    project.train()
    return project


def empty(clients: Clients, name: str, bucket: str) -> Project:
    """A new project of a user, with the pictures of a bucket that is there."""
    project = Project(clients("rekognition", name), clients("s3", name), bucket=bucket)
    project.arn = project.rekognition.create_project(ProjectName=project.name)["ProjectArn"]
    return project


def test_a_user_with_all_rights_trains_like_the_root(owned: Project, clients: Clients) -> None:
    mine = same_project(owned, clients, "whole")
    mine.train("by-user")
    mine.rekognition.delete_project_version(ProjectVersionArn=mine.version_arns["by-user"])


def test_a_manifest_that_may_not_be_read(owned: Project, clients: Clients) -> None:
    """E-4."""
    mine = empty(clients, "no-s3", owned.bucket)
    described = mine.wait_dataset(mine.start_dataset("TRAIN", "manifests/train.manifest"))
    assert (described["Status"], described["StatusMessage"]) == (
        "CREATE_FAILED",
        "The S3 bucket permissions are incorrect.",
    )


def test_an_external_manifest_that_may_not_be_read(owned: Project, clients: Clients) -> None:
    """TE-4."""
    mine = empty(clients, "no-s3", owned.bucket)
    asset = {"GroundTruthManifest": {"S3Object": {"Bucket": owned.bucket, "Name": "manifests/train.manifest"}}}
    mine.start_training(TrainingData={"Assets": [asset]}, TestingData={"AutoCreate": True})
    described = mine.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"] == "The S3 bucket permissions are incorrect."


def test_an_output_bucket_that_may_not_be_written(owned: Project, clients: Clients) -> None:
    """TE-5."""
    mine = same_project(owned, clients, "read-only")
    mine.start_training("unwritten")
    described = mine.wait_version("unwritten", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"].startswith("Unable to write to output S3 bucket.")


def test_images_that_may_not_be_used(owned: Project, clients: Clients) -> None:
    """TE-8."""
    mine = same_project(owned, clients, "manifests-only")
    mine.start_training("unseen")
    described = mine.wait_version("unseen", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"] == "The permissions for the images S3 bucket are invalid."


def test_what_is_decided_in_a_training_is_told(owned: Project, clients: Clients, emulator: EmulatorProcess) -> None:
    """O-33: also what its process of its own was refused, with the statement that would have to be added."""
    mine = same_project(owned, clients, "no-images")
    mine.start_training("blind")
    described = mine.wait_version("blind", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["Status"] == "TRAINING_FAILED"
    status, answer = emulator.control("GET", f"/_emulator/decisions?account={OWNER}")
    assert status == 200
    decisions = [one for one in answer["decisions"] if one["principal"].endswith(":user/no-images")]
    refused = [one for one in decisions if not one["allowed"] and one["action"] == "s3:GetObject"]
    images = {f"arn:aws:s3:::{owned.bucket}/images/{picture.name}" for picture in (*TRAIN, *TEST)}
    assert {one["resource"] for one in refused} == images
    for one in refused:
        [needed] = one["needed"]
        assert needed["where"] == "identity-based policy"
        assert needed["statement"] == {"Effect": "Allow", "Action": "s3:GetObject", "Resource": one["resource"]}
    written = {one["statement"] for one in decisions if one["allowed"] and one["action"] == "s3:PutObject"}
    assert len(written) == 1


def test_images_of_another_owner_than_the_manifests(owned: Project, clients: Clients) -> None:
    """TE-10: the images' bucket is open to us, and belongs to another account."""
    stranger = clients("s3", "stranger")
    stranger.create_bucket(Bucket="pictures-of-a-stranger")
    resources = ["arn:aws:s3:::pictures-of-a-stranger", "arn:aws:s3:::pictures-of-a-stranger/*"]
    statement = {"Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "s3:*", "Resource": resources}
    stranger.put_bucket_policy(
        Bucket="pictures-of-a-stranger", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    foreign = Project(clients("rekognition", "stranger"), stranger, bucket="pictures-of-a-stranger")
    foreign.put_manifest([*TRAIN, *TEST], "manifests/theirs.manifest")
    manifest = image_level_manifest([*TRAIN, *TEST], "pictures-of-a-stranger")
    owned.s3.put_object(Bucket=owned.bucket, Key="manifests/foreign.manifest", Body=manifest)
    mine = empty(clients, "whole", owned.bucket)
    dataset = mine.start_dataset("TRAIN", "manifests/foreign.manifest")
    assert mine.wait_dataset(dataset)["Status"] == "CREATE_COMPLETE"
    mine.start_training("theirs")
    described = mine.wait_version("theirs", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"] == "Invalid owner id for images S3 bucket."


def test_images_for_detection_are_read_with_the_callers_rights(owned: Project, clients: Clients) -> None:
    """LB-1."""
    owned.start_model()
    picture = draw_picture(["circle"], 905).body
    for name in ("open/a b.jpg", "closed/a.jpg"):
        owned.s3.put_object(Bucket=owned.bucket, Key=name, Body=picture)
    detect = clients("rekognition", "one-folder").detect_custom_labels
    arn = owned.version_arns["first"]

    def image(name: str) -> dict[str, Any]:
        return {"S3Object": {"Bucket": owned.bucket, "Name": name}}

    assert "CustomLabels" in detect(ProjectVersionArn=arn, Image=image("open/a b.jpg"), MinConfidence=0)
    assert error_of(detect, ProjectVersionArn=arn, Image=image("closed/a.jpg"))["Code"] == "InvalidS3ObjectException"
    assert "CustomLabels" in detect(ProjectVersionArn=arn, Image={"Bytes": picture}, MinConfidence=0)
    owned.stop_model()


def test_copies_write_with_the_rights_of_who_asked(owned: Project, clients: Clients) -> None:
    """CP-4, CP-14: within an account no project policy is needed, rights to the output bucket are."""
    for name, status in (("whole", "COPYING_COMPLETED"), ("read-only", "COPYING_FAILED")):
        mine = empty(clients, name, owned.bucket)
        mine.rekognition.copy_project_version(**copy_of(owned, mine))
        assert mine.wait_version("copied", "COPYING_COMPLETED", "COPYING_FAILED")["Status"] == status


@pytest.mark.parametrize("name", [KEY_ID, KEY_ARN, "alias/training", f"arn:aws:kms:us-east-1:{OWNER}:alias/training"])
def test_a_key_for_the_copies_of_a_training(owned: Project, clients: Clients, name: str) -> None:
    """S-12: kms:DescribeKey and kms:CreateGrant; nothing is encrypted."""
    for user, code in (("whole", "kms:DescribeKey"), ("half", "kms:CreateGrant")):
        mine = same_project(owned, clients, user)
        error = error_of(mine.start_training, version="refused", KmsKeyId=name)
        assert error["Code"] == "AccessDeniedException"
        assert f"{code} on resource: {KEY_ARN}" in error["Message"]
    version = f"under-{name.rpartition('/')[2]}-{len(name)}"
    mine = same_project(owned, clients, "encrypts")
    mine.start_training(version, KmsKeyId=name)
    assert mine.describe_version(version)["KmsKeyId"] == name


@pytest.mark.parametrize("name", ["none", "alias/none", OFF_ID, f"arn:aws:kms:eu-west-1:{OWNER}:key/{KEY_ID}"])
def test_keys_that_cannot_be_used(owned: Project, clients: Clients, name: str) -> None:
    error = error_of(same_project(owned, clients, "root").start_training, version="refused", KmsKeyId=name)
    assert error["Code"] == "InvalidParameterException"
    assert "KmsKeyId cannot be used" in error["Message"]


def test_which_keys_there_are(clients: Clients) -> None:
    """The console's chooser asks so."""
    root, half, whole = (clients("kms", name) for name in ("root", "half", "whole"))
    assert {found["KeyId"] for found in root.list_keys()["Keys"]} == {KEY_ID, OFF_ID}
    [alias] = root.list_aliases()["Aliases"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/training", KEY_ID)
    assert alias["AliasArn"] == f"arn:aws:kms:us-east-1:{OWNER}:alias/training"
    assert [
        found["KeyId"]
        for page in root.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
        for found in page["Keys"]
    ] == [found["KeyId"] for found in root.list_keys()["Keys"]]
    described = half.describe_key(KeyId="alias/training")["KeyMetadata"]
    assert (described["Arn"], described["KeyState"], described["Enabled"]) == (KEY_ARN, "Enabled", True)
    assert root.describe_key(KeyId=OFF_ID)["KeyMetadata"]["KeyState"] == "Disabled"
    assert error_of(whole.describe_key, KeyId=KEY_ID)["Code"] == "AccessDeniedException"
    assert error_of(whole.list_keys)["Code"] == "AccessDeniedException"
    assert error_of(root.describe_key, KeyId="none")["Code"] == "NotFoundException"
    assert error_of(root.list_keys, Limit=1, Marker="many")["Code"] == "InvalidMarkerException"
    assert error_of(root.encrypt, KeyId=KEY_ID, Plaintext=b"a")["Code"] == "UnsupportedOperationException"
