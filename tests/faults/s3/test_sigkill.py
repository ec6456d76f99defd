"""SIGKILL while writing: what was acknowledged is there, nothing is unreadable, no file is left over (O-19)."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from support.s3_server import S3Process, s3_client

ROUNDS = 10
CHANGES = 200
WRITERS = 4
PART = b"p" * (5 << 20)


@dataclass
class Expected:
    """What one writer was told. A change without an answer may have happened or not: both states are allowed."""

    current: dict[str, set[bytes | None]] = field(default_factory=dict)
    versions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    uploads: dict[str, dict[int, str]] = field(default_factory=dict)


class Writer:
    """Changes objects under its own prefix until the server dies, and keeps account of the answers."""

    def __init__(self, number: int, plain: str, versioned: str) -> None:
        self.prefix = f"writer-{number}/"
        self.plain, self.versioned = plain, versioned
        self.expected = Expected()
        self._random = random.Random(number)
        self._serial = 0

    def run(self, endpoint: str, changes: int) -> None:
        client = s3_client(endpoint, read_timeout=10, connect_timeout=5)
        kinds = [self._overwrite, self._delete, self._version, self._tag, self._multipart]
        try:
            for _ in range(changes):
                self._random.choices(kinds, weights=[4, 1, 3, 2, 1])[0](client)
        except (BotoCoreError, ClientError, KeyError):
            pass  # killed, perhaps between the head of an answer and its body, which botocore does not notice
        finally:
            client.close()

    def _body(self) -> bytes:
        self._serial += 1
        return f"{self.prefix}{self._serial}:".encode() + self._random.randbytes(self._random.choice([0, 900, 60_000]))

    def _key(self) -> str:
        return self.prefix + str(self._random.randrange(6))

    def _overwrite(self, client: Any) -> None:
        key, body = self._key(), self._body()
        self._change(key, body, lambda: client.put_object(Bucket=self.plain, Key=key, Body=body, Tagging="n=0"))
        self.expected.tags[key] = {"0"}

    def _delete(self, client: Any) -> None:
        key = self._key()
        self._change(key, None, lambda: client.delete_object(Bucket=self.plain, Key=key))
        self.expected.tags.pop(key, None)

    def _change(self, key: str, state: bytes | None, call: Callable[[], Any]) -> None:
        before = self.expected.current.get(key, {None})
        self.expected.current[key] = before | {state}
        self.expected.tags.pop(key, None)
        call()
        self.expected.current[key] = {state}

    def _version(self, client: Any) -> None:
        key, body = self._key(), self._body()
        version = client.put_object(Bucket=self.versioned, Key=key, Body=body)["VersionId"]
        self.expected.versions[key, version] = body
        if self._random.random() < 0.2:
            del self.expected.versions[key, version]
            client.delete_object(Bucket=self.versioned, Key=key, VersionId=version)

    def _tag(self, client: Any) -> None:
        tagged = sorted(self.expected.tags)
        if tagged:
            key, value = self._random.choice(tagged), str(self._serial)
            self.expected.tags[key].add(value)
            tag_set = [{"Key": "n", "Value": value}]
            client.put_object_tagging(Bucket=self.plain, Key=key, Tagging={"TagSet": tag_set})
            self.expected.tags[key] = {value}

    def _multipart(self, client: Any) -> None:
        key = f"{self.prefix}multipart-{self._serial}"
        upload = client.create_multipart_upload(Bucket=self.plain, Key=key)["UploadId"]
        parts = self.expected.uploads[upload] = {}
        large = self._random.random() < 0.1
        for number, body in enumerate([PART, self._body()] if large else [self._body()], 1):
            address = {"Bucket": self.plain, "Key": key, "UploadId": upload}
            parts[number] = client.upload_part(**address, PartNumber=number, Body=body)["ETag"]
        if self._random.random() < 0.7:
            del self.expected.uploads[upload]
            named = [{"PartNumber": number, "ETag": etag} for number, etag in parts.items()]
            whole = (PART + body) if large else body
            finish = {"Bucket": self.plain, "Key": key, "UploadId": upload, "MultipartUpload": {"Parts": named}}
            self._change(key, whole, lambda: client.complete_multipart_upload(**finish))


def test_every_acknowledged_state_survives(tmp_path: Path) -> None:
    process = S3Process(tmp_path)
    writers = [Writer(number, "plain-bucket", "versioned-bucket") for number in range(WRITERS)]
    process.start()
    try:
        client = s3_client(process.endpoint)
        client.create_bucket(Bucket="plain-bucket")
        client.create_bucket(Bucket="versioned-bucket")
        client.put_bucket_versioning(Bucket="versioned-bucket", VersioningConfiguration={"Status": "Enabled"})
        client.close()
        for round_number in range(ROUNDS):
            _write_until_killed(process, writers, seconds=0.15 + 0.05 * round_number)
            process.start()
            _assert_no_file_is_left_over(tmp_path)
            _assert_states(process.endpoint, writers)
        assert sum(writer._serial for writer in writers) > CHANGES / 4
    finally:
        process.kill()


def _write_until_killed(process: S3Process, writers: list[Writer], seconds: float) -> None:
    threads = [threading.Thread(target=writer.run, args=(process.endpoint, CHANGES // WRITERS)) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    process.kill()
    for thread in threads:
        thread.join()


def _assert_no_file_is_left_over(directory: Path) -> None:
    index = sqlite3.connect(directory / "objects.sqlite3")
    named = {name for (name,) in index.execute("SELECT name FROM blobs")}
    index.close()
    assert {path.name for path in (directory / "blobs").rglob("*") if path.is_file()} == named
    assert list((directory / "spool").iterdir()) == []


def _assert_states(endpoint: str, writers: list[Writer]) -> None:
    client = s3_client(endpoint)
    for writer in writers:
        expected = writer.expected
        for key, allowed in expected.current.items():
            state = _read(client, Bucket="plain-bucket", Key=key)
            assert state in allowed, f"{key}: {state and hashlib.md5(state).hexdigest()}"
            expected.current[key] = {state}
            if state is None:
                expected.tags.pop(key, None)
        for (key, version), body in expected.versions.items():
            assert _read(client, Bucket="versioned-bucket", Key=key, VersionId=version) == body
        for key, values in expected.tags.items():
            tags = client.get_object_tagging(Bucket="plain-bucket", Key=key)["TagSet"]
            assert tags[0]["Value"] in values
            expected.tags[key] = {tags[0]["Value"]}
        _assert_uploads(client, writer)
    client.close()


def _assert_uploads(client: Any, writer: Writer) -> None:
    listed = client.list_multipart_uploads(Bucket="plain-bucket", Prefix=writer.prefix).get("Uploads", [])
    keys = {upload["UploadId"]: upload["Key"] for upload in listed}
    for upload, parts in writer.expected.uploads.items():
        answer = client.list_parts(Bucket="plain-bucket", Key=keys[upload], UploadId=upload)
        found = {part["PartNumber"]: part["ETag"] for part in answer.get("Parts", [])}
        assert parts.items() <= found.items()


def _read(client: Any, **address: str) -> bytes | None:
    try:
        body: bytes = client.get_object(**address)["Body"].read()
    except client.exceptions.NoSuchKey:
        return None
    return body
