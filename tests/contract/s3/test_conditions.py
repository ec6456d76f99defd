"""Conditional requests, for reads and for writes."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from support.s3_errors import knows, s3_error
from support.s3_server import s3_client


@pytest.fixture
def stored(client: Any, bucket: str) -> dict[str, Any]:
    """An object, its entity tag and the moments around its last change."""
    etag = client.put_object(Bucket=bucket, Key="key", Body=b"content")["ETag"]
    modified = client.head_object(Bucket=bucket, Key="key")["LastModified"]
    return {"etag": etag, "modified": modified, "before": modified - timedelta(1), "after": modified + timedelta(1)}


def test_reads_that_hold(client: Any, bucket: str, stored: dict[str, Any]) -> None:
    for conditions in (
        {"IfMatch": stored["etag"]},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"0"'},
        {"IfModifiedSince": stored["before"]},
        {"IfUnmodifiedSince": stored["after"]},
        {"IfUnmodifiedSince": stored["modified"]},
        {"IfMatch": stored["etag"], "IfUnmodifiedSince": stored["before"]},
        {"IfNoneMatch": '"0"', "IfModifiedSince": stored["after"]},
    ):
        assert client.get_object(Bucket=bucket, Key="key", **conditions)["Body"].read() == b"content"
        assert client.head_object(Bucket=bucket, Key="key", **conditions)["ContentLength"] == 7


def test_reads_that_do_not_hold(client: Any, bucket: str, stored: dict[str, Any]) -> None:
    for conditions, code, status in (
        ({"IfMatch": '"0"'}, "PreconditionFailed", 412),
        ({"IfUnmodifiedSince": stored["before"]}, "PreconditionFailed", 412),
        ({"IfNoneMatch": stored["etag"]}, "304", 304),
        ({"IfModifiedSince": stored["modified"]}, "304", 304),
        ({"IfModifiedSince": stored["after"]}, "304", 304),
    ):
        with s3_error(code, status) as response:
            client.get_object(Bucket=bucket, Key="key", **conditions)
        if status == 304:
            assert response["ResponseMetadata"]["HTTPHeaders"]["etag"] == stored["etag"]
        with s3_error(str(status), status):
            client.head_object(Bucket=bucket, Key="key", **conditions)


def test_writing_only_what_is_not_there(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"first", IfNoneMatch="*")
    with s3_error("PreconditionFailed", 412):
        client.put_object(Bucket=bucket, Key="key", Body=b"second", IfNoneMatch="*")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"first"
    client.delete_object(Bucket=bucket, Key="key")
    client.put_object(Bucket=bucket, Key="key", Body=b"third", IfNoneMatch="*")


def test_writing_only_over_what_is_known(client: Any, bucket: str, stored: dict[str, Any]) -> None:
    with s3_error("PreconditionFailed", 412):
        client.put_object(Bucket=bucket, Key="key", Body=b"x", IfMatch='"0"')
    with s3_error("NoSuchKey", 404):
        client.put_object(Bucket=bucket, Key="other", Body=b"x", IfMatch=stored["etag"])
    client.put_object(Bucket=bucket, Key="key", Body=b"new", IfMatch=stored["etag"])
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"new"


def test_of_many_writers_of_a_new_key_one_wins(client: Any, bucket: str, endpoint: str, account: str) -> None:
    outcomes: list[str] = []

    def write(number: int) -> None:
        own = s3_client(endpoint, account)
        try:
            own.put_object(Bucket=bucket, Key="key", Body=str(number).encode(), IfNoneMatch="*")
            outcomes.append("won")
        except own.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
        finally:
            own.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["PreconditionFailed"] * 5 + ["won"]
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() in {str(number).encode() for number in range(6)}


def test_conditional_completion_and_deletion(client: Any, bucket: str, stored: dict[str, Any]) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
    part = client.upload_part(Bucket=bucket, Key="key", UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    with s3_error("PreconditionFailed", 412):
        client.complete_multipart_upload(
            Bucket=bucket, Key="key", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*"
        )
    with s3_error("PreconditionFailed", 412):
        client.delete_object(Bucket=bucket, Key="key", IfMatch='"0"')
    client.delete_object(Bucket=bucket, Key="key", IfMatch=stored["etag"])
    client.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"part"


def test_conditional_copies(client: Any, bucket: str, stored: dict[str, Any]) -> None:
    source = {"Bucket": bucket, "Key": "key"}
    client.copy_object(Bucket=bucket, Key="copy", CopySource=source, CopySourceIfMatch=stored["etag"])
    for conditions in (
        {"CopySourceIfMatch": '"0"'},
        {"CopySourceIfNoneMatch": stored["etag"]},
        {"CopySourceIfModifiedSince": stored["modified"]},
        {"CopySourceIfUnmodifiedSince": stored["before"]},
        *([{"IfNoneMatch": "*"}] if knows(client, "CopyObject", "IfNoneMatch") else []),
    ):
        with s3_error("PreconditionFailed", 412):
            client.copy_object(Bucket=bucket, Key="copy", CopySource=source, **conditions)


def test_of_many_only_those_that_are_still_the_same_are_deleted(client: Any, bucket: str) -> None:
    etags = {key: client.put_object(Bucket=bucket, Key=key, Body=key.encode())["ETag"] for key in ("a", "b", "c")}
    client.put_object(Bucket=bucket, Key="b", Body=b"changed meanwhile")
    meant = [{"Key": key, "ETag": etag} for key, etag in etags.items()] + [{"Key": "none", "ETag": etags["a"]}]
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": meant})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["a", "c"]
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [
        ("b", "PreconditionFailed"),
        ("none", "NoSuchKey"),
    ]
    assert client.get_object(Bucket=bucket, Key="b")["Body"].read() == b"changed meanwhile"
