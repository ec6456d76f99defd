"""Work needs its caller's rights twice: when it is asked for, and when it reads and writes (S-9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.access.gatekeeper import Gatekeeper
from emulator.access.identities import Identities, load_identities
from support import identities as known
from support.in_process import InProcessEmulator, play
from support.pictures import image_level_manifest, single_label_pictures
from tests.access.test_held_calls import call

BUCKET = "manifests-of-the-owner"
PERMISSIONS = "The S3 bucket permissions are incorrect."
OUTPUT = "Unable to write to output S3 bucket."
_EVE = Credentials(*known.EVE_KEY)
_SERVICE = known.allow("rekognition:*")


def _may(*actions: str) -> dict[str, Any]:
    return known.allow(*actions, resource=f"arn:aws:s3:::{BUCKET}/*")


def _identities(folder: Path, name: str, *policies: dict[str, Any]) -> Identities:
    """The file with these policies of eve's."""
    document = known.identities()
    document["accounts"][known.OWNER]["users"]["eve"]["policies"] = [_SERVICE, *policies]
    (folder / name).mkdir(exist_ok=True)
    return load_identities(known.written(folder / name, document))


async def _ended(emulator: InProcessEmulator, operation: str, member: str, **named: Any) -> dict[str, Any]:
    """What describes a resource, once its state is final."""
    described: dict[str, Any] = {}

    async def is_final() -> bool:
        nonlocal described
        answer = (await call(emulator, _EVE, operation, **named))[1][member]
        described = answer[0] if isinstance(answer, list) else answer
        return not described["Status"].endswith("IN_PROGRESS")

    await emulator.until(is_final)
    return described


@pytest.mark.parametrize(
    ("when_asked", "at_work", "status"),
    [
        ((_may("s3:GetObject"),), (_may("s3:GetObject"),), "CREATE_COMPLETE"),
        ((_may("s3:GetObject"),), (), "CREATE_FAILED"),
        ((), (_may("s3:GetObject"),), "CREATE_FAILED"),
    ],
    ids=["both", "only-when-asked", "only-at-work"],
)
def test_a_dataset_needs_the_right_to_its_manifest_at_both_moments(
    tmp_path: Path, when_asked: tuple[dict[str, Any], ...], at_work: tuple[dict[str, Any], ...], status: str
) -> None:
    """E-4: the call answers, and the dataset says what was missing."""

    async def story(emulator: InProcessEmulator) -> None:
        gatekeeper, project = await _about_to_ask(emulator, _identities(tmp_path, "asked", *when_asked))
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "train.manifest"}}}
        created, dataset = await call(
            emulator, _EVE, "CreateDataset", DatasetType="TRAIN", DatasetSource=source, **project
        )
        assert created == 200
        decided = gatekeeper.decisions.document(known.OWNER)[0]
        assert (decided["action"], decided["allowed"]) == ("s3:GetObject", bool(when_asked))
        if not when_asked:
            [needed] = decided["needed"]
            assert needed["statement"]["Resource"] == f"arn:aws:s3:::{BUCKET}/train.manifest"
        gatekeeper.identities = _identities(tmp_path, "works", *at_work)
        emulator.app.runner.resume()
        described = await _ended(emulator, "DescribeDataset", "DatasetDescription", **dataset)
        assert described["Status"] == status
        assert (described["StatusMessage"] == PERMISSIONS) == (status == "CREATE_FAILED")

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)))


@pytest.mark.parametrize(
    ("when_asked", "message"),
    [((), PERMISSIONS), ((_may("s3:GetObject"),), OUTPUT)],
    ids=["manifest", "output"],
)
def test_a_training_that_was_asked_for_without_rights_fails_though_they_come_later(
    tmp_path: Path, when_asked: tuple[dict[str, Any], ...], message: str
) -> None:
    """TE-4, TE-5."""

    async def story(emulator: InProcessEmulator) -> None:
        gatekeeper, project = await _about_to_ask(emulator, _identities(tmp_path, "asked", *when_asked))
        manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "train.manifest"}}}
        begun, _ = await call(
            emulator,
            _EVE,
            "CreateProjectVersion",
            VersionName="first",
            OutputConfig={"S3Bucket": BUCKET},
            TrainingData={"Assets": [manifest]},
            TestingData={"AutoCreate": True},
            **project,
        )
        assert begun == 200
        gatekeeper.identities = _identities(tmp_path, "works", _may("s3:*"))
        emulator.app.runner.resume()
        described = await _ended(emulator, "DescribeProjectVersions", "ProjectVersionDescriptions", **project)
        assert (described["Status"], described["StatusMessage"]) == ("TRAINING_FAILED", message)

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)))


async def _about_to_ask(emulator: InProcessEmulator, identities: Identities) -> tuple[Gatekeeper, dict[str, Any]]:
    """With these identities, a manifest, and a project of eve's; no work begins until the runner resumes."""
    await _bucket(emulator)
    assert emulator.app.access is not None
    gatekeeper = emulator.app.access.gatekeeper
    gatekeeper.identities = identities
    _, project = await call(emulator, _EVE, "CreateProject", ProjectName="rights")
    await emulator.app.runner.stop(for_good=False)
    return gatekeeper, project


async def _bucket(emulator: InProcessEmulator) -> None:
    """A bucket of the owner's with a manifest."""
    manifest = image_level_manifest(single_label_pictures(("circle", "square"), 2), BUCKET)
    await _put(emulator, f"/{BUCKET}", b"")
    await _put(emulator, f"/{BUCKET}/train.manifest", manifest)


@pytest.mark.parametrize("when", ["asked", "works"])
def test_images_of_another_owner_are_found_at_both_moments(tmp_path: Path, when: str) -> None:
    """TE-10: a bucket that is removed and made again may belong to somebody else."""
    foreign, images = Credentials(*known.ANN_KEY), "images-of-somebody"
    pictures = single_label_pictures(("circle", "square"), 2)

    async def story(emulator: InProcessEmulator) -> None:
        _, project = await _about_to_ask(emulator, _identities(tmp_path, "asked", known.allow("s3:*")))
        emulator.app.runner.resume()
        root = Credentials(*known.ROOT_KEY)
        await _put(emulator, f"/{BUCKET}/train.manifest", image_level_manifest(pictures, images))
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "train.manifest"}}}
        _, dataset = await call(emulator, _EVE, "CreateDataset", DatasetType="TRAIN", DatasetSource=source, **project)
        described = await _ended(emulator, "DescribeDataset", "DatasetDescription", **dataset)
        assert described["Status"] == "CREATE_COMPLETE"

        async def made_by(owner: Credentials) -> None:
            await _put(emulator, f"/{images}", b"", owner)
            statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
            resources = {"Resource": [f"arn:aws:s3:::{images}", f"arn:aws:s3:::{images}/*"]}
            document = {"Version": "2012-10-17", "Statement": [statement | resources]}
            await _put(emulator, f"/{images}?policy", json.dumps(document).encode(), owner)
            for picture in pictures:
                await _put(emulator, f"/{images}/images/{picture.name}", picture.body, owner)

        await emulator.app.runner.stop(for_good=False)
        await made_by(foreign if when == "asked" else root)
        wanted: dict[str, Any] = {"OutputConfig": {"S3Bucket": BUCKET}, "VersionName": "first", **project}
        assert (await call(emulator, _EVE, "CreateProjectVersion", **wanted))[0] == 200
        emulator.app.s3.reset(known.OTHER if when == "asked" else None)
        await _bucket(emulator)
        await made_by(root if when == "asked" else foreign)
        emulator.app.runner.resume()
        described = await _ended(emulator, "DescribeProjectVersions", "ProjectVersionDescriptions", **project)
        assert described["StatusMessage"] == "Invalid owner id for images S3 bucket."

    play(tmp_path / "data", story, auth="iam", identities=str(known.written(tmp_path)), training_effort="instant")


async def _put(emulator: InProcessEmulator, path: str, body: bytes, owner: Credentials | None = None) -> None:
    """A PUT to S3, by the root of the account unless said otherwise."""
    request = AWSRequest("PUT", f"http://emulator{path}", data=body)
    S3SigV4Auth(owner or Credentials(*known.ROOT_KEY), "s3", "us-east-1").add_auth(request)
    answer = await emulator.http.put(path, content=body, headers=dict(request.headers.items()))
    assert answer.is_success, answer.text
