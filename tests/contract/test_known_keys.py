"""KMS keys in the modes that look at nobody's rights: which there are, their states and Regions (S-11, S-12)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support import identities as known
from support.identities import OTHER, OWNER
from support.pictures import image_level_manifest, single_label_pictures
from support.projects import Project, error_of
from support.server import EmulatorProcess, wait_until

KEY_ID, OFF_ID, GONE_ID = (f"{start}-12ab-34cd-56ef-1234567890ab" for start in ("1234abcd", "0ff0abcd", "dead0bad"))
LATER_ID = "1a7e0bad-12ab-34cd-56ef-1234567890ab"
ABROAD = f"arn:aws:kms:eu-west-1:{OWNER}:key/{KEY_ID}"
PICTURES = single_label_pictures(("circle", "square"), 2)


def document(*more: str) -> dict[str, Any]:
    """The usual identities, with keys of OWNER."""
    found = known.identities()
    found["accounts"][OWNER]["kms"] = {
        KEY_ID: {"region": "us-east-1", "aliases": ["alias/training"]},
        OFF_ID: {"region": "us-east-1", "state": "Disabled"},
        GONE_ID: {"region": "us-east-1", "state": "PendingDeletion"},
        **{key: {"region": "us-east-1"} for key in more},
    }
    return found


class Emulator:
    """An emulator in a mode; `client` signs as that mode wants it."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.folder = folder
        self.mode = mode
        self.process = EmulatorProcess(
            environment={
                **known.settings(folder, mode, document()),
                "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
            }
        )
        self.stack = ExitStack()

    def client(self, service: str, account: str = OWNER) -> Any:
        pairs = {OWNER: known.ROOT_KEY, OTHER: known.ANN_KEY}
        pair = pairs[account] if self.mode == "signature" else (account, "any")
        made = known.client(self.process, service, pair)
        self.stack.callback(made.close)
        return made

    def project(self) -> Project:
        return Project(self.client("rekognition"), self.client("s3")).create()


@pytest.fixture(scope="module", params=["off", "signature"])
def emulator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(request.param, tmp_path_factory.mktemp("identities"))
    with emulator.process, emulator.stack:
        yield emulator


@pytest.mark.parametrize(
    "name", [OFF_ID, GONE_ID, "none", "alias/none", ABROAD, f"arn:aws:kms:us-east-1:{OTHER}:key/1"]
)
def test_keys_that_a_training_cannot_use(emulator: Emulator, name: str) -> None:
    project = emulator.project()
    asset = {"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "a.manifest"}}}
    external: dict[str, Any] = {"TrainingData": {"Assets": [asset]}, "TestingData": {"AutoCreate": True}}
    error = error_of(project.start_training, KmsKeyId=name, **external)
    assert error["Code"] == "InvalidParameterException"
    assert "KmsKeyId cannot be used" in error["Message"]
    assert project.rekognition.describe_project_versions(ProjectArn=project.arn)["ProjectVersionDescriptions"] == []
    project.start_training(KmsKeyId="alias/training", **external)
    assert project.describe_version("first")["KmsKeyId"] == "alias/training"


def test_objects_under_keys_that_cannot_be_used(emulator: Emulator) -> None:
    """Written with a key that is there, by whoever; not with one that is missing, disabled or of another Region."""
    s3, other = emulator.client("s3"), emulator.client("s3", OTHER)
    s3.create_bucket(Bucket="sealed")

    def put(name: str, client: Any = s3) -> Any:
        return client.put_object(
            Bucket="sealed", Key="a.txt", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId=name
        )

    assert error_of(put, name="none")["Code"] == "KMS.NotFoundException"
    assert error_of(put, name=ABROAD)["Code"] == "KMS.NotFoundException"
    assert error_of(put, name=OFF_ID)["Code"] == "KMS.DisabledException"
    assert error_of(put, name="alias/training", client=other)["Code"] == "KMS.NotFoundException"
    put(f"arn:aws:kms:us-east-1:{OWNER}:alias/training", other)
    put("alias/training")
    assert other.get_object(Bucket="sealed", Key="a.txt")["Body"].read() == b"a"


def test_images_under_a_key_that_is_disabled_later(emulator: Emulator) -> None:
    """S-11; the file is read again on SIGHUP, and a training's own process knows the keys of that moment."""
    project = emulator.project()
    known.written(emulator.folder, document(LATER_ID))
    keys = emulator.client("kms")

    def is_there(state: str) -> bool:
        emulator.process.process.send_signal(signal.SIGHUP)
        found = {one["KeyId"] for one in keys.list_keys()["Keys"]}
        return LATER_ID in found and keys.describe_key(KeyId=LATER_ID)["KeyMetadata"]["KeyState"] == state

    wait_until(lambda: is_there("Enabled"), what="the key that was added")
    for picture in PICTURES:
        project.s3.put_object(
            Bucket=project.bucket,
            Key=f"images/{picture.name}",
            Body=picture.body,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=LATER_ID,
        )
    manifest = image_level_manifest(PICTURES, project.bucket)
    project.s3.put_object(Bucket=project.bucket, Key="train.manifest", Body=manifest)
    changed = document(LATER_ID)
    changed["accounts"][OWNER]["kms"][LATER_ID]["state"] = "Disabled"
    known.written(emulator.folder, changed)
    wait_until(lambda: is_there("Disabled"), what="the key that was disabled")
    dataset = project.start_dataset("TRAIN", "train.manifest")
    assert project.wait_dataset(dataset)["Status"] == "CREATE_COMPLETE"
    project.start_training()
    described = project.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")
    assert described["StatusMessage"] == "The permissions for the images S3 bucket are invalid."
