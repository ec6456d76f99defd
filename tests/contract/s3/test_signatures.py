"""Signatures that cannot be read, at the whole emulator: it reads the caller before the S3 is asked (O-20)."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from tests.support.server import EmulatorProcess

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


def test_urls_whose_credential_cannot_be_read(address: str) -> None:
    answer = httpx.get(address, params={"X-Amz-Credential": "none", "X-Amz-Signature": "0"})
    assert (answer.status_code, "<Code>AuthorizationQueryParametersError</Code>" in answer.text) == (400, True)


def test_no_signature_is_anonymous(address: str) -> None:
    assert httpx.get(address).content == b"x"
    assert httpx.get(address, headers={"authorization": ""}).content == b"x"
