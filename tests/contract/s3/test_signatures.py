"""Signatures that cannot be read, at the whole emulator: it reads the caller before the S3 is asked (O-20)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from emulator.s3.index import buckets
from emulator.s3.rules import acl
from emulator.s3.vault import Vault
from support.s3_server import s3_client
from support.server import EmulatorProcess

CREDENTIAL = "Credential=111122223333/20261121/us-east-1/s3/aws4_request"
NO_REGION = CREDENTIAL.replace("us-east-1", "US_EAST")


@pytest.fixture
def address(emulator: EmulatorProcess, s3: Any) -> str:
    bucket = f"test-{secrets.token_hex(8)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    return f"{emulator.endpoint}/{bucket}/key"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("AWS4-HMAC-SHA256 garbage", "AuthorizationHeaderMalformed"),
        (f"AWS4-HMAC-SHA256 {CREDENTIAL}", "AuthorizationHeaderMalformed"),
        (f"AWS4-HMAC-SHA256 {NO_REGION}, SignedHeaders=host, Signature=0", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=1111, SignedHeaders=host, Signature=0", "AuthorizationHeaderMalformed"),
        ("AWS no-signature", "AuthorizationHeaderMalformed"),
        ("Bearer token", "InvalidArgument"),
    ],
)
def test_headers_that_cannot_be_read(address: str, header: str, code: str) -> None:
    answer = httpx.get(address, headers={"authorization": header})
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (400, True), answer.text
    assert httpx.head(address, headers={"authorization": header}).status_code == 400


def test_a_client_that_signs_for_the_region_us_is_served(emulator: EmulatorProcess) -> None:
    """As s3cmd does; the bucket is one of us-east-1."""
    client = emulator.client("s3", "111122223333", "US")
    bucket = f"test-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"x"
    assert emulator.client("s3", "111122223333").head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"


def test_urls_whose_credential_cannot_be_read(address: str) -> None:
    answer = httpx.get(address, params={"X-Amz-Credential": "none", "X-Amz-Signature": "0"})
    assert (answer.status_code, "<Code>AuthorizationQueryParametersError</Code>" in answer.text) == (400, True)


def test_no_signature_is_anonymous(address: str) -> None:
    assert httpx.get(address).content == b"x"
    assert httpx.get(address, headers={"authorization": ""}).content == b"x"


def test_a_presigned_url_of_sts_tells_who_signed_it(emulator: EmulatorProcess) -> None:
    sts = emulator.client("sts", "111122223333")
    answer = httpx.get(sts.generate_presigned_url("get_caller_identity"))
    assert answer.status_code == 200
    assert "<Arn>arn:aws:iam::111122223333:root</Arn>" in answer.text
    role = sts.assume_role(RoleArn="arn:aws:iam::222233334444:role/trainer", RoleSessionName="session")
    keys = role["Credentials"]
    assumed = boto3.client(
        "sts",
        endpoint_url=emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    answer = httpx.get(assumed.generate_presigned_url("get_caller_identity"))
    assumed.close()
    assert f"<Arn>{role['AssumedRoleUser']['Arn']}</Arn>" in answer.text


def test_a_bucket_with_the_name_of_the_console_from_before_is_reached_by_signed_calls(
    tmp_path: Path, start_emulator: Callable[..., EmulatorProcess]
) -> None:
    """New ones are refused (O-31); this one is of a time when they were not."""
    account = "111122223333"
    vault = Vault(tmp_path / "data" / "objects")
    vault.start()
    with vault.changing() as change:
        buckets.add(change.connection, "console", account, "us-east-1", 0, acl.private(account))
    vault.close()
    emulator = start_emulator()
    for key in ("index.html", "api/about"):
        emulator.client("s3", account).put_object(Bucket="console", Key=key, Body=b"mine")
        for version in ("s3", "s3v4"):
            signing = s3_client(emulator.endpoint, account, signature_version=version)
            address = signing.generate_presigned_url("get_object", Params={"Bucket": "console", "Key": key})
            signing.close()
            assert httpx.get(address).content == b"mine"
