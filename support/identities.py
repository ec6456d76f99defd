"""A file of identities for tests: two accounts, with users, groups, roles and keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from support.server import DEFAULT_REGION, EmulatorProcess

OWNER, OTHER = "111122223333", "444455556666"
ROOT_KEY = ("AKIAROOT111122223333", "root-secret-of-1111")
BOB_KEY = ("AKIABOB0000000000001", "bob-secret-0001")
EVE_KEY = ("AKIAEVE0000000000001", "eve-secret-0001")
ANN_KEY = ("AKIAANN0000000000001", "ann-secret-0001")
"""The root, a user with the managed policies and one without any policy of OWNER; an administrator of OTHER."""

ADMIN_ROLE = f"arn:aws:iam::{OWNER}:role/Admin"
PARTNER_ROLE = f"arn:aws:iam::{OWNER}:role/partners/Partner"
EXTERNAL_ID = "shared-words"


def allow(*actions: str, resource: object = "*", **more: object) -> dict[str, Any]:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(principal: object, *actions: str, **more: object) -> dict[str, Any]:
    """A role trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions or ("sts:AssumeRole",)), **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def key(pair: tuple[str, str]) -> dict[str, str]:
    """An access key as the file has it."""
    return {"id": pair[0], "secret": pair[1]}


def identities() -> dict[str, Any]:
    """The document."""
    owner = {
        "keys": [key(ROOT_KEY)],
        "policies": {"Assume": allow("sts:AssumeRole", "sts:TagSession")},
        "groups": {"ml": {"policies": ["AmazonRekognitionCustomLabelsFullAccess", "Assume"]}},
        "users": {
            "bob": {
                "path": "/team/",
                "keys": [key(BOB_KEY)],
                "groups": ["ml"],
                "policies": ["AmazonS3ReadOnlyAccess"],
                "tags": {"team": "blue"},
            },
            "eve": {"keys": [key(EVE_KEY)]},
        },
        "roles": {
            "Admin": {
                "trust": trust({"AWS": f"arn:aws:iam::{OWNER}:root"}, "sts:AssumeRole", "sts:TagSession"),
                "policies": [allow("*")],
                "max_session": 7200,
            },
            "Partner": {
                "path": "/partners/",
                "trust": trust({"AWS": OTHER}, Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}),
                "policies": [allow("rekognition:Describe*")],
            },
        },
    }
    return {
        "accounts": {
            OWNER: owner,
            OTHER: {"users": {"ann": {"keys": [key(ANN_KEY)], "policies": [allow("*")]}}},
        }
    }


def written(folder: Path, document: Mapping[str, Any] | None = None) -> Path:
    """The file, in a folder."""
    path = folder / "identities.json"
    path.write_text(json.dumps(document or identities(), indent=1))
    return path


def settings(folder: Path, mode: str, document: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The settings of an emulator in a mode, with the file in `folder`."""
    return {"CUSTOM_LABELS_AUTH": mode, "CUSTOM_LABELS_IDENTITIES": str(written(folder, document))}


def client(
    emulator: EmulatorProcess,
    service: str,
    pair: tuple[str, str],
    token: str | None = None,
    region: str = DEFAULT_REGION,
) -> Any:
    """A boto3 client that signs with an access key of the file, or with a session's. To be closed by the caller."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=emulator.endpoint,
        aws_access_key_id=pair[0],
        aws_secret_access_key=pair[1],
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4" if service == "s3" else None),
    )


def session_client(emulator: EmulatorProcess, service: str, credentials: Mapping[str, str]) -> Any:
    """A boto3 client with what AssumeRole or GetSessionToken gave."""
    pair = credentials["AccessKeyId"], credentials["SecretAccessKey"]
    return client(emulator, service, pair, credentials["SessionToken"])


def environment(emulator: EmulatorProcess, pair: tuple[str, str]) -> dict[str, str]:
    """What the AWS CLI and SDKs read from their environment."""
    return {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_ACCESS_KEY_ID": pair[0],
        "AWS_SECRET_ACCESS_KEY": pair[1],
        "AWS_EC2_METADATA_DISABLED": "true",
    }
