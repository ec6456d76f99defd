"""An embedded S3 that all S3 tests of this worker share; each test has an account and bucket of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.s3.embedded import EmbeddedS3
from support.s3_server import running_s3, s3_client


@pytest.fixture(scope="session")
def embedded_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedS3, str]]:
    """The S3 and its endpoint."""
    with running_s3(tmp_path_factory.mktemp("s3") / "objects") as running:
        yield running


@pytest.fixture
def endpoint(embedded_s3: tuple[EmbeddedS3, str]) -> str:
    """Where the S3 listens."""
    return embedded_s3[1]


@pytest.fixture
def client(endpoint: str, account: str) -> Iterator[Any]:
    """boto3 with its default configuration, as the test's account."""
    made = s3_client(endpoint, account)
    yield made
    made.close()


@pytest.fixture
def bucket(client: Any) -> str:
    """An empty bucket of the test's account."""
    name = f"test-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=name)
    return name
