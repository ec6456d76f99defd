"""Objects: what goes in comes out, under every key that S3 allows."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.s3_errors import s3_error

KEYS = [
    "plain",
    "with space",
    "trailing space ",
    "ümläut/日本語/🦊",
    "a+b",
    "100%",
    "%20",
    "%2F",
    "a&b=c",
    "what?",
    "#fragment",
    "one//two",
    "/leading",
    "//two leading",
    "trailing/",
    "../up",
    "a/../b",
    "./here",
    "a/./b",
    "..",
    "quote'\"<tag>&amp;",
    "semi;colon:at@comma,",
    "back\\slash|pipe^caret`",
    "[brackets]{braces}~",
    "line\nbreak\ttab",
    "k" * 1000,
    "é" * 500,
]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_comes_back_as_it_went_in(client: Any, bucket: str, key: str) -> None:
    body = key.encode()
    client.put_object(Bucket=bucket, Key=key, Body=body)
    assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert client.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(body)
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert [found["Key"] for found in client.list_objects(Bucket=bucket)["Contents"]] == [key]
    client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert client.get_object(Bucket=bucket, Key="copy")["Body"].read() == body
    deleted = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})["Deleted"]
    assert sorted(found["Key"] for found in deleted) == sorted([key, "copy"])
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_keys_that_a_normalising_server_would_mix_up_stay_apart(client: Any, bucket: str) -> None:
    for key in KEYS:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in KEYS:
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(KEYS, key=lambda key: key.encode())


def test_a_key_and_a_folder_of_the_same_name(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"file")
    client.put_object(Bucket=bucket, Key="a/b", Body=b"inside")
    client.put_object(Bucket=bucket, Key="a/", Body=b"")
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"file"
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"inside"
    assert client.get_object(Bucket=bucket, Key="a/")["Body"].read() == b""
    client.delete_object(Bucket=bucket, Key="a")
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"inside"


def test_a_key_may_have_1024_bytes_and_no_more(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k" * 1024, Body=b"x")
    with s3_error("KeyTooLongError", 400):
        client.put_object(Bucket=bucket, Key="k" * 1025, Body=b"x")


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_048_575, 1_048_576, 1_048_577, 5_000_000])
def test_bodies_of_all_sizes(client: Any, bucket: str, size: int) -> None:
    body = os.urandom(size)
    client.put_object(Bucket=bucket, Key="key", Body=body)
    answer = client.get_object(Bucket=bucket, Key="key")
    assert answer["ContentLength"] == size
    assert answer["Body"].read() == body


def test_overwriting_replaces_everything(client: Any, bucket: str) -> None:
    client.put_object(
        Bucket=bucket, Key="key", Body=b"old", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1"
    )
    client.put_object(Bucket=bucket, Key="key", Body=b"newer")
    answer = client.get_object(Bucket=bucket, Key="key")
    assert answer["Body"].read() == b"newer"
    assert answer["ContentType"] == "binary/octet-stream"
    assert answer["Metadata"] == {}
    assert client.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == []


def test_headers_and_metadata_are_given_back(client: Any, bucket: str) -> None:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    client.put_object(
        Bucket=bucket,
        Key="key",
        Body=b"x",
        ContentType="image/jpeg",
        CacheControl="max-age=60",
        ContentDisposition='attachment; filename="a.jpg"',
        ContentEncoding="gzip",
        ContentLanguage="de",
        Expires=expires,
        Metadata={"Camera": "A 7", "empty": ""},
        StorageClass="STANDARD_IA",
    )
    head = client.head_object(Bucket=bucket, Key="key")
    assert head["ContentType"] == "image/jpeg"
    assert head["CacheControl"] == "max-age=60"
    assert head["ContentDisposition"] == 'attachment; filename="a.jpg"'
    assert head["ContentEncoding"] == "gzip"
    assert head["ContentLanguage"] == "de"
    assert head["ExpiresString"] == expires.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert head["Metadata"] == {"camera": "A 7", "empty": ""}
    assert head["StorageClass"] == "STANDARD_IA"
    overridden = client.get_object(
        Bucket=bucket, Key="key", ResponseContentType="text/plain", ResponseContentDisposition="inline"
    )
    assert (overridden["ContentType"], overridden["ContentDisposition"]) == ("text/plain", "inline")
    assert overridden["Body"].read() == b"x"


def test_too_much_metadata_is_refused(client: Any, bucket: str) -> None:
    with s3_error("MetadataTooLarge", 400):
        client.put_object(Bucket=bucket, Key="key", Body=b"x", Metadata={"a": "x" * 2048})


def test_a_kind_of_encryption_that_does_not_exist_is_refused(client: Any, bucket: str) -> None:
    for kind in ("aws-kms", "none"):
        with s3_error("InvalidEncryptionAlgorithmError", 400):
            client.put_object(Bucket=bucket, Key="key", Body=b"x", ServerSideEncryption=kind)
        with s3_error("InvalidEncryptionAlgorithmError", 400):
            client.create_multipart_upload(Bucket=bucket, Key="key", ServerSideEncryption=kind)


def test_what_cannot_be_promised_is_refused(client: Any, bucket: str) -> None:
    with s3_error("NotImplemented", 501):
        client.put_object(Bucket=bucket, Key="key", Body=b"x", SSECustomerKey="k" * 32, SSECustomerAlgorithm="AES256")
    with s3_error("InvalidStorageClass", 400):
        client.put_object(Bucket=bucket, Key="key", Body=b"x", StorageClass="MAGNETIC")
    with s3_error("NoSuchKey", 404):
        client.get_object(Bucket=bucket, Key="key")


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=-10", 99_990, 100_000),
        ("bytes=-200000", 0, 100_000),
        ("bytes=50-200000", 50, 100_000),
    ],
)
def test_ranges(client: Any, bucket: str, header: str, start: int, end: int) -> None:
    body = os.urandom(100_000)
    client.put_object(Bucket=bucket, Key="key", Body=body)
    answer = client.get_object(Bucket=bucket, Key="key", Range=header)
    assert answer["Body"].read() == body[start:end]
    assert answer["ContentRange"] == f"bytes {start}-{end - 1}/100000"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_ranges_outside_and_ranges_that_mean_nothing(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"0123456789")
    with s3_error("InvalidRange", 416) as response:
        client.get_object(Bucket=bucket, Key="key", Range="bytes=10-20")
    assert response["Error"]["ActualObjectSize"] == "10"
    for header in ("bytes=5-2", "lines=1-2", "bytes=a-b"):
        assert client.get_object(Bucket=bucket, Key="key", Range=header)["Body"].read() == b"0123456789"


def test_missing_objects(client: Any, bucket: str) -> None:
    with s3_error("NoSuchKey", 404) as response:
        client.get_object(Bucket=bucket, Key="missing/key")
    assert response["Error"]["Key"] == "missing/key"
    assert response["Error"]["Message"] == "The specified key does not exist."
    with s3_error("404", 404):
        client.head_object(Bucket=bucket, Key="missing")
    client.delete_object(Bucket=bucket, Key="missing")  # deleting nothing is not an error


def test_deleting_many(client: Any, bucket: str) -> None:
    keys = [f"key-{number}" for number in range(30)]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*keys[:20], "nothing"]]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == [*keys[:20], "nothing"]
    quiet = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": keys[20]}], "Quiet": True})
    assert "Deleted" not in quiet
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 9
    with s3_error("MalformedXML", 400):
        client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(number)} for number in range(1001)]})


def test_tags_of_an_object(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x", Tagging="kind=photo&place=M%C3%BCnchen")
    tags = [{"Key": "kind", "Value": "photo"}, {"Key": "place", "Value": "München"}]
    assert client.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == tags
    tagged = client.get_object(Bucket=bucket, Key="key")
    assert (tagged["TagCount"], tagged["Body"].read()) == (2, b"x")
    client.put_object_tagging(Bucket=bucket, Key="key", Tagging={"TagSet": tags[:1]})
    assert client.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == tags[:1]
    client.delete_object_tagging(Bucket=bucket, Key="key")
    assert client.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == []


@pytest.mark.parametrize(
    "tags",
    [
        [("a", "1"), ("a", "2")],
        [("aws:reserved", "1")],
        [("k" * 129, "1")],
        [("a", "v" * 257)],
        [(f"key{number}", "") for number in range(11)],
    ],
)
def test_tags_that_s3_refuses(client: Any, bucket: str, tags: list[tuple[str, str]]) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    tag_set = [{"Key": key, "Value": value} for key, value in tags]
    with s3_error("InvalidTag", 400):
        client.put_object_tagging(Bucket=bucket, Key="key", Tagging={"TagSet": tag_set})


def test_acl_of_an_object_names_its_owner(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x", ACL="public-read")
    acl = client.get_object_acl(Bucket=bucket, Key="key")
    assert acl["Owner"]["ID"] == client.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    assert sorted(grant["Permission"] for grant in acl["Grants"]) == ["FULL_CONTROL", "READ"]
    client.put_object_acl(Bucket=bucket, Key="key", ACL="private")
    assert [grant["Permission"] for grant in client.get_object_acl(Bucket=bucket, Key="key")["Grants"]] == [
        "FULL_CONTROL"
    ]


def test_attributes(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"hello", ChecksumAlgorithm="SHA256")
    attributes = client.get_object_attributes(
        Bucket=bucket, Key="key", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"]
    )
    assert attributes["ETag"] == "5d41402abc4b2a76b9719d911017c592"
    assert attributes["ObjectSize"] == 5
    assert attributes["StorageClass"] == "STANDARD"
    assert attributes["Checksum"]["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    assert "ObjectParts" not in attributes
    with s3_error("InvalidArgument", 400):
        client.get_object_attributes(Bucket=bucket, Key="key", ObjectAttributes=["Owner"])


@pytest.mark.parametrize(
    "operation", ["put_object", "get_object", "head_object", "get_object_attributes", "upload_part", "list_parts"]
)
def test_keys_of_the_customer_are_refused_with_every_operation(client: Any, bucket: str, operation: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    more: dict[str, Any] = {"get_object_attributes": {"ObjectAttributes": ["ETag"]}}.get(operation, {})
    if operation.endswith(("part", "parts")):
        more = {"UploadId": client.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]}
        more |= {"PartNumber": 1} if operation == "upload_part" else {}
    with s3_error("501" if operation == "head_object" else "NotImplemented", 501):
        getattr(client, operation)(
            Bucket=bucket, Key="key", SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32, **more
        )


def test_streams_that_cannot_be_sought_are_uploaded_and_downloaded(client: Any, bucket: str) -> None:
    body = os.urandom(9 << 20)
    client.upload_fileobj(
        io.BytesIO(body), bucket, "key", ExtraArgs={"ContentType": "image/png", "Metadata": {"a": "b"}}
    )
    target = io.BytesIO()
    client.download_fileobj(bucket, "key", target)
    assert target.getvalue() == body
    head = client.head_object(Bucket=bucket, Key="key")
    assert (head["ContentType"], head["Metadata"]) == ("image/png", {"a": "b"})
