"""The ObjectStore port: the same for the embedded S3, in process and beside it, and for S3 servers elsewhere."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.caller import Caller
from emulator.domain.object_store import (
    ObjectLocation,
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
    ObjectStoreUnavailableError,
)
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.external import ExternalS3Settings, ExternalS3Store
from emulator.s3.object_store import open_embedded_store
from support.moto_server import running_moto_server
from support.s3_server import S3Process, running_s3, s3_client

ACCOUNT = "111122223333"
CALLER = Caller(ACCOUNT, "us-east-1")


@dataclass
class Stored:
    """A store and a boto3 client that sees the same objects."""

    store: ObjectStore
    client: Any
    owner: Callable[[str], str]


def credentials_file(folder: Path, *accounts: str) -> Path:
    """Keys that are the account, which the emulator's own S3 understands."""
    path = folder / "credentials"
    sections = [f"[{account}]\naws_access_key_id = {account}\naws_secret_access_key = x\n" for account in accounts]
    path.write_text("\n".join(sections))
    return path


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with running_moto_server() as endpoint:
        yield endpoint


@pytest.fixture(params=["in process", "beside the process", "another emulator", "moto server"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stored]:
    if request.param == "moto server":
        endpoint = request.getfixturevalue("moto_endpoint")
        client = s3_client(endpoint, ACCOUNT)
        store = ExternalS3Store(ExternalS3Settings(endpoint, credentials_file=credentials_file(tmp_path, ACCOUNT)))
        yield Stored(store, client, lambda name: client.get_bucket_acl(Bucket=name)["Owner"]["ID"])
        store.close()
    elif request.param == "another emulator":
        process = S3Process(tmp_path / "objects")
        process.start()
        client = s3_client(process.endpoint, ACCOUNT)
        external = ExternalS3Settings(process.endpoint, credentials_file=credentials_file(tmp_path, ACCOUNT))
        store = ExternalS3Store(external)
        yield Stored(store, client, lambda name: client.get_bucket_acl(Bucket=name)["Owner"]["ID"])
        store.close()
        process.kill()
    else:
        with running_s3(tmp_path / "objects") as (s3, endpoint):
            client = s3_client(endpoint, ACCOUNT)
            own = s3.store() if request.param == "in process" else open_embedded_store(tmp_path / "objects")
            yield Stored(own, client, lambda _: ACCOUNT)
            own.close()
    client.close()


@pytest.fixture
def bucket(stored: Stored) -> str:
    name = f"store-{secrets.token_hex(6)}"
    stored.client.create_bucket(Bucket=name)
    return name


def test_what_is_put_is_there_for_everybody(stored: Stored, bucket: str) -> None:
    key, body = "results/ä b+c.json", os.urandom(2_500_000)
    location = ObjectLocation(bucket, key)
    stored.store.put(location, body, CALLER, "application/json")
    answer = stored.client.get_object(Bucket=bucket, Key=key)
    assert (answer["Body"].read(), answer["ContentType"]) == (body, "application/json")
    assert stored.store.get(location, CALLER) == body
    head = stored.store.head(location, CALLER)
    assert (head.key, head.size, head.etag) == (key, len(body), answer["ETag"].strip('"'))
    with stored.store.open(location, CALLER) as stream:
        assert stream.read(10) == body[:10]
        assert stream.read() == body[10:]


def test_streams_are_put_in_pieces(stored: Stored, bucket: str) -> None:
    body = os.urandom(9_000_000)
    stored.store.put(ObjectLocation(bucket, "key"), io.BytesIO(body), CALLER, "application/octet-stream")
    assert stored.client.get_object(Bucket=bucket, Key="key")["Body"].read() == body
    stored.store.put(ObjectLocation(bucket, "key"), io.BytesIO(b""), CALLER, "text/plain")
    assert stored.store.get(ObjectLocation(bucket, "key"), CALLER) == b""


@pytest.mark.parametrize(("key", "version"), [("key", "no-version"), ("ä" * 600, None)], ids=["version", "key"])
def test_names_that_no_object_can_have_are_not_found(
    stored: Stored, bucket: str, key: str, version: str | None
) -> None:
    """Endpoints refuse them with 400 rather than 404, and HEAD without saying why."""
    stored.client.put_object(Bucket=bucket, Key="key", Body=b"x")
    location = ObjectLocation(bucket, key, version)
    for call in (stored.store.head, stored.store.get):
        with pytest.raises(ObjectNotFoundError):
            call(location, CALLER)


def test_versions(stored: Stored, bucket: str) -> None:
    stored.client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = stored.client.put_object(Bucket=bucket, Key="key", Body=b"first")["VersionId"]
    second = stored.client.put_object(Bucket=bucket, Key="key", Body=b"second")["VersionId"]
    assert stored.store.get(ObjectLocation(bucket, "key", first), CALLER) == b"first"
    assert stored.store.head(ObjectLocation(bucket, "key"), CALLER).version == second
    with pytest.raises(ObjectNotFoundError):
        stored.store.get(ObjectLocation(bucket, "key", "0" * 32), CALLER)


def test_listing(stored: Stored, bucket: str) -> None:
    for key in ("a/2", "a/1", "b", "a/ü"):
        stored.store.put(ObjectLocation(bucket, key), key.encode(), CALLER, "text/plain")
    assert [(head.key, head.size) for head in stored.store.list(bucket, "a/", CALLER)] == [
        ("a/1", 3),
        ("a/2", 3),
        ("a/ü", 4),
    ]
    assert len(list(stored.store.list(bucket, "", CALLER))) == 4


def test_the_owner_of_a_bucket(stored: Stored, bucket: str) -> None:
    """TE-10."""
    assert stored.store.owner(bucket, CALLER) == stored.owner(bucket)


def test_the_console_bucket_elsewhere(stored: Stored) -> None:
    """S-4."""
    if not isinstance(stored.store, ExternalS3Store):
        pytest.skip("tested over HTTP for the embedded S3")
    names = [stored.store.console_bucket(CALLER, "http://127.0.0.1:4598") for _ in range(2)]
    europe = stored.store.console_bucket(Caller(ACCOUNT, "eu-west-1"), "http://127.0.0.1:4598")
    assert names[0] == names[1]
    assert names[0].startswith("custom-labels-console-us-east-1-")
    assert europe.startswith("custom-labels-console-eu-west-1-")
    rules = stored.client.get_bucket_cors(Bucket=names[0])["CORSRules"]
    assert rules[0]["AllowedOrigins"] == ["http://127.0.0.1:4598"]


def test_what_is_not_there(stored: Stored, bucket: str) -> None:
    missing = ObjectLocation(bucket, "missing")
    nowhere = ObjectLocation("no-such-bucket-anywhere", "key")
    for location in (missing, nowhere):
        with pytest.raises(ObjectNotFoundError, match="s3://"):
            stored.store.get(location, CALLER)
        with pytest.raises(ObjectNotFoundError):
            stored.store.head(location, CALLER)
        with pytest.raises(ObjectNotFoundError), stored.store.open(location, CALLER):
            pass
    with pytest.raises(ObjectNotFoundError):
        stored.store.put(nowhere, b"x", CALLER, "text/plain")
    with pytest.raises(ObjectNotFoundError):
        stored.store.put(nowhere, io.BytesIO(b"x" * 9_000_000), CALLER, "text/plain")
    with pytest.raises(ObjectNotFoundError):
        list(stored.store.list(nowhere.bucket, "", CALLER))
    with pytest.raises(ObjectNotFoundError):
        stored.store.owner(nowhere.bucket, CALLER)


def test_keys_end_at_1024_bytes(tmp_path: Path) -> None:
    """What could not be read through S3 is not written either."""
    with running_s3(tmp_path / "objects") as (s3, endpoint):
        client, store = s3_client(endpoint, ACCOUNT), s3.store()
        client.create_bucket(Bucket="keys")
        longest = ObjectLocation("keys", "é" * 512)
        store.put(longest, b"x", CALLER, "text/plain")
        assert client.get_object(Bucket="keys", Key=longest.key)["Body"].read() == b"x"
        with pytest.raises(ObjectStoreError, match="key is too long"):
            store.put(ObjectLocation("keys", longest.key + "k"), b"x", CALLER, "text/plain")
        assert [head.key for head in store.list("keys", "", CALLER)] == [longest.key]
        client.close()


def test_an_open_object_is_not_disturbed_by_its_replacement(tmp_path: Path) -> None:
    with running_s3(tmp_path) as (s3, endpoint):
        client, store = s3_client(endpoint, ACCOUNT), s3.store()
        client.create_bucket(Bucket="bucket")
        location, body = ObjectLocation("bucket", "key"), os.urandom(3_000_000)
        store.put(location, body, CALLER, "text/plain")
        with store.open(location, CALLER) as stream:
            stream.read(1)
            store.put(location, b"new", CALLER, "text/plain")
            client.delete_object(Bucket="bucket", Key="key")
            stream.seek(-1_000_000, os.SEEK_END)
            assert stream.read() == body[-1_000_000:]
        assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
        client.close()


def _write_from_a_process(directory: Path, start: int) -> None:
    store = open_embedded_store(directory)
    for number in range(start, start + 20):
        store.put(ObjectLocation("bucket", f"{number:03d}"), str(number).encode(), CALLER, "text/plain")
        assert store.get(ObjectLocation("bucket", f"{number:03d}"), CALLER) == str(number).encode()
    store.close()


def test_worker_processes_write_beside_the_server(tmp_path: Path) -> None:
    with running_s3(tmp_path) as (s3, endpoint):
        client = s3_client(endpoint, ACCOUNT)
        client.create_bucket(Bucket="bucket")
        spawn = multiprocessing.get_context("spawn")
        workers = [spawn.Process(target=_write_from_a_process, args=(tmp_path, start)) for start in (0, 20)]
        for worker in workers:
            worker.start()
        for number in range(40, 60):
            client.put_object(Bucket="bucket", Key=f"{number:03d}", Body=str(number).encode())
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0]
        listed = [head.key for head in s3.store().list("bucket", "", CALLER)]
        assert listed == [f"{number:03d}" for number in range(60)]
        client.close()


def test_an_endpoint_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    settings = ExternalS3Settings("http://127.0.0.1:9", retries=1, connect_timeout=0.2, read_timeout=0.2)
    store = pickle.loads(pickle.dumps(ExternalS3Store(settings)))
    with pytest.raises(ObjectStoreUnavailableError):
        store.head(ObjectLocation("bucket", "key"), CALLER)


def test_opening_costs_nothing_before_it_is_used(tmp_path: Path) -> None:
    EmbeddedS3(tmp_path / "not made yet").close()
    assert not (tmp_path / "not made yet").exists()
