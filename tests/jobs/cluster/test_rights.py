"""Whole trainings on a Dask cluster where signatures are verified: S3 decides as about whoever asked for them (S-9)."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support import identities as known
from support.dask_cluster import DaskCluster
from support.identities import OWNER, allow, key
from support.pictures import single_label_pictures
from support.projects import Project
from support.server import EmulatorProcess

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are needed"),
]

FULL = "AmazonRekognitionCustomLabelsFullAccess"
OTHERS = "arn:aws:s3:::pictures-*"
USERS: dict[str, list[object]] = {
    "whole": [FULL, "AmazonS3ReadOnlyAccess", allow("s3:PutObject", resource=OTHERS)],
    "no-images": [FULL, allow("s3:*")],
}


def pair(name: str) -> tuple[str, str]:
    """The access key of a user."""
    return f"AKIA{name.upper():0<16}", f"secret-of-{name}"


def document() -> dict[str, Any]:
    users = {name: {"keys": [key(pair(name))], "policies": policies} for name, policies in USERS.items()}
    return {"accounts": {OWNER: {"keys": [key(pair("root"))], "users": users}}}


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.add_worker("only")
        yield cluster


@pytest.mark.parametrize("mode", ["iam", "signature"])
def test_a_training_elsewhere_has_the_rights_of_whoever_asked(mode: str, dask: DaskCluster, tmp_path: Path) -> None:
    settings = {
        "CUSTOM_LABELS_DASK_SCHEDULER": dask.address,
        "CUSTOM_LABELS_DASK_SPREAD": "trainings",
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }
    settings |= known.settings(tmp_path, mode, document())
    with ExitStack() as stack:
        emulator = stack.enter_context(EmulatorProcess(environment=settings))

        def clients(name: str) -> tuple[Any, Any]:
            made = [known.client(emulator, service, pair(name)) for service in ("rekognition", "s3")]
            for client in made:
                stack.callback(client.close)
            return made[0], made[1]

        owned = Project(*clients("root")).create()
        owned.create_dataset("TRAIN", single_label_pictures(("circle", "square"), 3))
        owned.create_dataset("TEST", single_label_pictures(("circle", "square"), 1, seed=900))
        # What one user may not: of its own policies nothing says so.
        no_images = {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:user/no-images"}}
        no_images |= {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{owned.bucket}/images/*"}
        policy = {"Version": "2012-10-17", "Statement": [no_images]}
        if mode == "iam":  # elsewhere only the account is known, and a policy about a user is about all of it
            owned.s3.put_bucket_policy(Bucket=owned.bucket, Policy=json.dumps(policy))
        described = {}
        for name in USERS if mode == "iam" else ["whole"]:
            theirs = Project(*clients(name), owned.name, owned.bucket, owned.arn)
            theirs.start_training(name)
            described[name] = theirs.wait_version(name, "TRAINING_COMPLETED", "TRAINING_FAILED")
        assert described["whole"]["Status"] == "TRAINING_COMPLETED", emulator.log() + dask.log("worker only")
        secrets = [pair(name)[1] for name in USERS]
        assert not any(secret in dask.log("worker only") + emulator.log() for secret in secrets)
        if mode == "signature":
            return
        _, answer = emulator.control("GET", f"/_emulator/decisions?account={OWNER}")
        assert described["no-images"]["StatusMessage"] == "The permissions for the images S3 bucket are invalid."
        decided = [one for one in answer["decisions"] if one["principal"].endswith(":user/no-images")]
        refused = [one for one in decided if not one["allowed"] and "/images/" in one["resource"]]
        assert {(one["action"], one["reason"]) for one in refused} == {("s3:GetObject", "explicit deny")}, answer
