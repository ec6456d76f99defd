"""Multipart uploads and copies."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import Any

import httpx
import pytest

from support.s3_errors import s3_error

MEBIBYTE = 1 << 20
FIRST = os.urandom(5 * MEBIBYTE)


def begin(client: Any, bucket: str, key: str = "key", **options: Any) -> str:
    upload: str = client.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]
    return upload


def send(client: Any, bucket: str, upload: str, number: int, body: bytes, key: str = "key") -> dict[str, Any]:
    part = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
    return {"PartNumber": number, "ETag": part["ETag"]}


def finish(client: Any, bucket: str, upload: str, parts: list[dict[str, Any]], key: str = "key") -> dict[str, Any]:
    answer: dict[str, Any] = client.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
    )
    return answer


def test_an_upload_in_parts(client: Any, bucket: str) -> None:
    upload = begin(client, bucket, ContentType="image/png", Metadata={"a": "b"}, Tagging="x=y")
    last = send(client, bucket, upload, 7, b"last")
    first = send(client, bucket, upload, 2, FIRST)
    with s3_error("NoSuchKey", 404):
        client.get_object(Bucket=bucket, Key="key")
    done = finish(client, bucket, upload, [first, last])
    digests = hashlib.md5(FIRST).digest() + hashlib.md5(b"last").digest()
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    answer = client.get_object(Bucket=bucket, Key="key")
    assert answer["Body"].read() == FIRST + b"last"
    assert (answer["ContentType"], answer["Metadata"], answer["TagCount"]) == ("image/png", {"a": "b"}, 1)
    across = client.get_object(Bucket=bucket, Key="key", Range=f"bytes={len(FIRST) - 3}-{len(FIRST) + 1}")
    assert across["Body"].read() == FIRST[-3:] + b"la"
    part = client.get_object(Bucket=bucket, Key="key", PartNumber=7)
    assert (part["Body"].read(), part["PartsCount"]) == (b"last", 2)
    with s3_error("NoSuchUpload", 404):
        client.list_parts(Bucket=bucket, Key="key", UploadId=upload)


def test_completing_again_answers_the_same(client: Any, bucket: str) -> None:
    """A client whose connection broke after the commit asks again."""
    upload = begin(client, bucket)
    parts = [send(client, bucket, upload, 1, b"x")]
    first, again = (finish(client, bucket, upload, parts) for _ in range(2))
    assert (first["ETag"], first["Key"]) == (again["ETag"], again["Key"])


def test_parts_are_replaced_and_left_out(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    send(client, bucket, upload, 1, b"wrong")
    right = send(client, bucket, upload, 1, b"right")
    send(client, bucket, upload, 2, b"not wanted")
    finish(client, bucket, upload, [right])
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"right"


def test_completions_that_s3_refuses(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    small, last = send(client, bucket, upload, 1, b"small"), send(client, bucket, upload, 2, b"last")
    with s3_error("EntityTooSmall", 400):
        finish(client, bucket, upload, [small, last])
    with s3_error("InvalidPartOrder", 400):
        finish(client, bucket, upload, [last, small])
    with s3_error("InvalidPart", 400):
        finish(client, bucket, upload, [{"PartNumber": 3, "ETag": small["ETag"]}])
    with s3_error("InvalidPart", 400):
        finish(client, bucket, upload, [{"PartNumber": 1, "ETag": last["ETag"]}])
    with s3_error("MalformedXML", 400):
        finish(client, bucket, upload, [])
    with s3_error("NoSuchUpload", 404):
        finish(client, bucket, "unknown", [small])
    for number in (0, 10_001):
        with s3_error("InvalidArgument", 400):
            send(client, bucket, upload, number, b"x")
    finish(client, bucket, upload, [last])


def test_an_aborted_upload_is_gone(client: Any, bucket: str) -> None:
    upload = begin(client, bucket)
    part = send(client, bucket, upload, 1, b"x")
    client.abort_multipart_upload(Bucket=bucket, Key="key", UploadId=upload)
    for call in (
        lambda: finish(client, bucket, upload, [part]),
        lambda: send(client, bucket, upload, 1, b"x"),
        lambda: client.abort_multipart_upload(Bucket=bucket, Key="key", UploadId=upload),
    ):
        with s3_error("NoSuchUpload", 404):
            call()
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


def test_listing_parts_and_uploads_in_pages(client: Any, bucket: str) -> None:
    uploads = sorted((key, begin(client, bucket, key)) for key in ("a", "a", "b/1", "b/2", "c"))
    for number in range(1, 6):
        send(client, bucket, uploads[0][1], number, b"x" * number, uploads[0][0])
    paginator = client.get_paginator("list_parts")
    pages = paginator.paginate(Bucket=bucket, Key="a", UploadId=uploads[0][1], PaginationConfig={"PageSize": 2})
    assert [[part["Size"] for part in page["Parts"]] for page in pages] == [[1, 2], [3, 4], [5]]
    for size in (1, 2, 3, 10):
        paginator = client.get_paginator("list_multipart_uploads")
        pages = list(paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": size}))
        listed = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page["Uploads"]]
        assert listed == uploads
    grouped = client.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [found["Prefix"] for found in grouped["CommonPrefixes"]] == ["b/"]
    assert [upload["Key"] for upload in grouped["Uploads"]] == ["a", "a", "c"]


def test_the_uploads_of_a_key_are_listed_by_their_beginning(client: Any, bucket: str) -> None:
    for _ in range(12):
        begin(client, bucket)
    paginator = client.get_paginator("list_multipart_uploads")
    pages = paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 5})
    begun = [upload["Initiated"] for page in pages for upload in page["Uploads"]]
    assert len(begun) == 12
    assert begun == sorted(begun)


def test_a_bucket_with_only_uploads_in_progress_can_be_deleted(client: Any, bucket: str) -> None:
    send(client, bucket, begin(client, bucket), 1, b"x")
    client.delete_bucket(Bucket=bucket)


def test_parts_copied_from_objects(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="source", Body=FIRST + b"rest")
    source = {"Bucket": bucket, "Key": "source"}
    upload = begin(client, bucket)
    parts = []
    for number, span in enumerate((f"bytes=0-{len(FIRST) - 1}", f"bytes={len(FIRST)}-{len(FIRST) + 3}"), 1):
        copied = client.upload_part_copy(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, CopySource=source, CopySourceRange=span
        )
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    finish(client, bucket, upload, parts)
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == FIRST + b"rest"
    with s3_error("InvalidArgument", 400):
        client.upload_part_copy(
            Bucket=bucket,
            Key="key",
            UploadId=begin(client, bucket),
            PartNumber=1,
            CopySource=source,
            CopySourceRange=f"bytes=0-{len(FIRST) + 4}",
        )


def test_copies_keep_or_replace_what_describes_the_object(client: Any, bucket: str) -> None:
    client.put_object(
        Bucket=bucket, Key="source", Body=b"x", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1"
    )
    source = {"Bucket": bucket, "Key": "source"}
    client.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    kept = client.get_object(Bucket=bucket, Key="kept")
    assert (kept["ContentType"], kept["Metadata"], kept["TagCount"]) == ("text/plain", {"a": "1"}, 1)
    assert kept["Body"].read() == b"x"
    client.copy_object(
        Bucket=bucket,
        Key="replaced",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
        TaggingDirective="REPLACE",
        Tagging="u=2&v=3",
    )
    replaced = client.get_object(Bucket=bucket, Key="replaced")
    assert (replaced["ContentType"], replaced["Metadata"], replaced["TagCount"]) == (
        "binary/octet-stream",
        {"b": "2"},
        2,
    )
    assert replaced["Body"].read() == b"x"
    with s3_error("InvalidRequest", 400):
        client.copy_object(Bucket=bucket, Key="source", CopySource=source)
    client.copy_object(Bucket=bucket, Key="source", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"})
    assert client.head_object(Bucket=bucket, Key="source")["Metadata"] == {"c": "3"}
    assert client.get_object(Bucket=bucket, Key="source")["Body"].read() == b"x"


def test_a_copy_redirects_where_it_says_itself(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="source", Body=b"x", WebsiteRedirectLocation="/old", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "source"}
    client.copy_object(Bucket=bucket, Key="plain", CopySource=source)
    assert "WebsiteRedirectLocation" not in client.head_object(Bucket=bucket, Key="plain")
    client.copy_object(Bucket=bucket, Key="source", CopySource=source, WebsiteRedirectLocation="/new")
    head = client.head_object(Bucket=bucket, Key="source")
    assert (head["WebsiteRedirectLocation"], head["Metadata"]) == ("/new", {"a": "1"})


def test_a_copy_outlives_its_source(client: Any, bucket: str) -> None:
    body = os.urandom(3 * MEBIBYTE)
    client.put_object(Bucket=bucket, Key="source", Body=body)
    etag = client.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/source")["CopyObjectResult"]["ETag"]
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'
    client.put_object(Bucket=bucket, Key="source", Body=b"changed")
    client.delete_object(Bucket=bucket, Key="source")
    assert client.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


@pytest.mark.parametrize("source", ["nothing", "/", ""])
def test_copies_from_nowhere(client: Any, bucket: str, source: str) -> None:
    with s3_error("InvalidArgument", 400):
        client.copy_object(Bucket=bucket, Key="copy", CopySource=source or "/bucket-only/")
    with s3_error("NoSuchKey", 404):
        client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "missing"})


def test_the_parts_of_an_object_in_pages(client: Any, bucket: str) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="SHA256")["UploadId"]
    sent = []
    for number, body in ((1, b"a" * (5 << 20)), (4, b"b" * (5 << 20)), (9, b"c")):
        part = client.upload_part(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        checksum = part["ChecksumSHA256"]
        sent.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": checksum})
    client.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload, MultipartUpload={"Parts": sent})
    asked = {"Bucket": bucket, "Key": "key", "ObjectAttributes": ["ObjectParts"], "MaxParts": 2}
    first = client.get_object_attributes(**asked)["ObjectParts"]
    assert [part["PartNumber"] for part in first["Parts"]] == [1, 4]
    assert (first["TotalPartsCount"], first["IsTruncated"], first["NextPartNumberMarker"]) == (3, True, 4)
    rest = client.get_object_attributes(**asked, PartNumberMarker=4)["ObjectParts"]
    assert [(part["PartNumber"], part["Size"]) for part in rest["Parts"]] == [(9, 1)]
    assert (rest["TotalPartsCount"], rest["IsTruncated"], rest["PartNumberMarker"]) == (3, False, 4)


def test_a_part_can_be_read_while_the_object_is_replaced(client: Any, bucket: str, endpoint: str) -> None:
    def replace(number: int) -> None:
        upload = begin(client, bucket)
        finish(client, bucket, upload, [send(client, bucket, upload, 1, b"%d" % (number % 10) * 50)])

    done = threading.Event()
    wrong: list[tuple[str, int, bytes]] = []

    def read(method: str) -> None:
        with httpx.Client() as http:
            while not done.is_set():
                answer = http.request(method, f"{endpoint}/{bucket}/key?partNumber=1")
                if answer.status_code != 206 or len(set(answer.content)) > 1:
                    wrong.append((method, answer.status_code, answer.content))

    replace(0)
    readers = [threading.Thread(target=read, args=(method,)) for method in ("GET", "HEAD")]
    for reader in readers:
        reader.start()
    try:
        for number in range(60):
            replace(number)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
