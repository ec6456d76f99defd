"""The AWS command line: cp, sync and s3api."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.photo_folder import contents, write_photo_folder
from support.server import environment_without_settings

Aws = Callable[..., str]


@pytest.fixture
def aws(endpoint: str, account: str) -> Aws:
    """Run `aws …` and give back what it printed."""
    beside = Path(sys.executable).with_name("aws")
    command = str(beside) if beside.exists() else shutil.which("aws")
    if command is None:
        pytest.skip("the AWS command line is not installed")
    environment = environment_without_settings() | {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(*words: str) -> str:
        ended = subprocess.run([command, *words], env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"aws {words}: {ended.stdout}\n{ended.stderr}"
        return ended.stdout

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files as a user's folder of photographs has them, one large enough for a multipart upload."""
    return write_photo_folder(tmp_path / "photos", 9 << 20)


def test_cp_recursive_and_sync(aws: Aws, folder: Path, tmp_path: Path) -> None:
    url = f"s3://cli-{secrets.token_hex(6)}"
    aws("s3", "mb", url)
    aws("s3", "cp", "--recursive", str(folder), f"{url}/photos/", "--only-show-errors")
    aws("s3", "cp", "--recursive", f"{url}/photos/", str(tmp_path / "back"), "--only-show-errors")
    assert contents(tmp_path / "back") == contents(folder)
    (folder / "a.jpg").unlink()
    (folder / "new.jpg").write_bytes(b"new")
    printed = aws("s3", "sync", "--delete", str(folder), f"{url}/photos/")
    assert sorted(line.split(":")[0] for line in printed.split("\n") if line and "ompleted" not in line) == [
        "delete",
        "upload",
    ]
    aws("s3", "sync", f"{url}/photos/", f"{url}/copy/", "--only-show-errors")
    aws("s3", "sync", f"{url}/copy/", str(tmp_path / "synced"), "--only-show-errors")
    assert contents(tmp_path / "synced") == contents(folder)
    aws("s3", "rb", "--force", url)


def test_s3api(aws: Aws, tmp_path: Path) -> None:
    bucket = f"cli-{secrets.token_hex(6)}"

    def api(operation: str, *words: str) -> Any:
        printed = aws("s3api", operation, "--bucket", bucket, *words)
        return json.loads(printed) if printed.strip() else None

    (tmp_path / "body").write_bytes(b"body")
    api("create-bucket")
    api("put-bucket-versioning", "--versioning-configuration", "Status=Enabled")
    put = api("put-object", "--key", "a key", "--body", str(tmp_path / "body"), "--checksum-algorithm", "SHA256")
    assert put["ChecksumSHA256"]
    # The guide compares the owners of two buckets by this call.
    assert len(api("get-bucket-acl")["Owner"]["ID"]) == 64
    assert api("head-object", "--key", "a key")["VersionId"] == put["VersionId"]
    api("get-object", "--key", "a key", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"body"
    assert [found["Key"] for found in api("list-objects-v2")["Contents"]] == ["a key"]
    assert api("delete-object", "--key", "a key")["DeleteMarker"] is True
    assert len(api("list-object-versions")["Versions"]) == 1
