"""Requests below the SDKs: aws-chunked bodies, bodies that break off, documents that are none."""

from __future__ import annotations

import base64
import os
import socket
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.s3.http import crc
from support.s3_errors import s3_error
from support.s3_server import s3_client
from support.server import wait_until

STREAMING = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def crc64nvme(body: bytes) -> str:
    return base64.b64encode(crc.update(crc.CRC64NVME, 0, body).to_bytes(8)).decode()


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()


def coded(body: bytes, chunk: int, trailer: str = "", extension: str = "") -> bytes:
    """`body` in the aws-chunked coding."""
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    chunks = [b"%x%b\r\n%b\r\n" % (len(piece), extension.encode(), piece) for piece in pieces]
    end = f"{trailer}\r\n" if trailer else ""
    return b"".join(chunks) + b"0%b\r\n" % extension.encode() + end.encode() + b"\r\n"


def put_coded(url: str, content: bytes, size: int, **headers: str) -> httpx.Response:
    fixed = {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": STREAMING,
        "x-amz-decoded-content-length": str(size),
    }
    return httpx.put(url, content=content, headers=fixed | {name.replace("_", "-"): v for name, v in headers.items()})


@pytest.mark.parametrize(("size", "chunk"), [(0, 10), (1, 1), (100_000, 65_536), (3_000_000, 8_192)])
@pytest.mark.parametrize(("name", "compute"), [("crc64nvme", crc64nvme), ("crc32", crc32)])
def test_a_stream_with_its_checksum_in_the_trailer(
    client: Any, endpoint: str, bucket: str, size: int, chunk: int, name: str, compute: Any
) -> None:
    body = os.urandom(size)
    content = coded(body, chunk, f"x-amz-checksum-{name}:{compute(body)}")
    answer = put_coded(f"{endpoint}/{bucket}/key", content, size, x_amz_trailer=f"x-amz-checksum-{name}")
    assert answer.status_code == 200, answer.text
    assert answer.headers[f"x-amz-checksum-{name}"] == compute(body)
    stored = client.get_object(Bucket=bucket, Key="key")
    assert stored["Body"].read() == body
    assert "ContentEncoding" not in stored


def test_signed_chunks_and_a_second_coding(client: Any, endpoint: str, bucket: str) -> None:
    content = coded(b"payload", 4, extension=";chunk-signature=" + "0" * 64)
    answer = put_coded(
        f"{endpoint}/{bucket}/key",
        content,
        7,
        content_encoding="gzip,aws-chunked",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    )
    assert answer.status_code == 200
    stored = client.head_object(Bucket=bucket, Key="key")
    assert (stored["ContentEncoding"], stored["ContentLength"]) == ("gzip", 7)


@pytest.mark.parametrize(
    ("content", "size", "code"),
    [
        (coded(b"payload", 4, "x-amz-checksum-crc32:AAAAAA=="), 7, "BadDigest"),
        (coded(b"payload", 4), 7, "MalformedTrailerError"),
        (coded(b"payload", 4, "no colon"), 7, "MalformedTrailerError"),
        (coded(b"payload", 4, f"x-amz-checksum-crc32:{crc32(b'payload')}"), 8, "IncompleteBody"),
        (coded(b"payload", 4)[:-5], 7, "IncompleteBody"),
        (b"zz\r\npayload\r\n0\r\n\r\n", 7, "IncompleteBody"),
        (b"3\r\npayload\r\n0\r\n\r\n", 7, "IncompleteBody"),
        (b"not chunked at all", 18, "IncompleteBody"),
    ],
)
def test_streams_that_are_not_what_they_say(
    client: Any, endpoint: str, bucket: str, content: bytes, size: int, code: str
) -> None:
    answer = put_coded(f"{endpoint}/{bucket}/key", content, size, x_amz_trailer="x-amz-checksum-crc32")
    assert answer.status_code == 400
    assert f"<Code>{code}</Code>" in answer.text
    with s3_error("NoSuchKey", 404):
        client.get_object(Bucket=bucket, Key="key")


def test_a_payload_hash_that_does_not_fit(endpoint: str, bucket: str) -> None:
    answer = httpx.put(f"{endpoint}/{bucket}/key", content=b"x", headers={"x-amz-content-sha256": "0" * 64})
    assert answer.status_code == 400
    assert "<Code>XAmzContentSHA256Mismatch</Code>" in answer.text


@pytest.mark.parametrize("sent", [0, 1_000, 3_000_000])
def test_an_upload_that_breaks_off_stores_nothing(
    client: Any, embedded_s3: Any, bucket: str, endpoint: str, sent: int
) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"before")
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"PUT /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4000000\r\n\r\n"
        connection.sendall(head.encode() + os.urandom(sent))
    wait_until(lambda: not _spooled(embedded_s3), pause=0.02, what="the end of the call")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"before"


def _spooled(embedded_s3: Any) -> list[Path]:
    directory: Path = embedded_s3[0].directory
    return list((directory / "spool").iterdir())


UTF_16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>'.encode("utf-16")


@pytest.mark.parametrize(
    ("method", "path", "content", "code", "status"),
    [
        ("POST", "?delete", b"<Delete><Object><Key>a</Key>", "MalformedXML", 400),
        ("POST", "?delete", b"<Wrong/>", "MalformedXML", 400),
        ("PUT", "?versioning", b"not xml", "MalformedXML", 400),
        ("PUT", "?tagging", b'<!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>', "MalformedXML", 400),
        ("PUT", "?tagging", UTF_16, "MalformedXML", 400),
        ("PUT", "?policy", b"[]", "MalformedPolicy", 400),
        ("PUT", "?acl", b"<AccessControlPolicy/>", "MalformedACLError", 400),
        ("PUT", "?cors", b"x" * 3_000_000, "MaxMessageLengthExceeded", 400),
        ("PATCH", "", b"", "MethodNotAllowed", 405),
        ("POST", "/key?select&select-type=2", b"", "NotImplemented", 501),
        ("GET", "/%ff%fe", b"", "InvalidURI", 400),
    ],
)
def test_errors_are_documents_of_s3(
    endpoint: str, bucket: str, method: str, path: str, content: bytes, code: str, status: int
) -> None:
    answer = httpx.request(method, f"{endpoint}/{bucket}{path}", content=content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/xml"
    assert f"<Error><Code>{code}</Code><Message>" in answer.text
    assert f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>" in answer.text


def test_what_has_a_part_that_cannot_be_deleted_or_written_stays_itself(
    client: Any, endpoint: str, bucket: str
) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    for method, address in (
        *(("DELETE", f"{bucket}?{name}") for name in ("acl", "versioning", "location", "uploads")),
        *(("DELETE", f"{bucket}/key?{name}") for name in ("acl", "attributes")),
        *(("PUT", f"{bucket}/key?{name}") for name in ("attributes", "uploads")),
    ):
        answer = httpx.request(method, f"{endpoint}/{address}", content=b"")
        assert (answer.status_code, "<Code>MethodNotAllowed</Code>" in answer.text) == (405, True), address
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"x"


def test_no_value_of_a_request_begins_a_new_header(client: Any, endpoint: str, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    injected = "a%0d%0aSet-Cookie:%20b=c"
    answers = [
        httpx.get(f"{endpoint}/{bucket}/key?response-content-disposition={injected}"),
        httpx.get(f"{endpoint}/{bucket}/key?response-content-type={injected}"),
        httpx.delete(f"{endpoint}/{bucket}/key?versionId={injected}"),
    ]
    form = {"key": "form", "content-type": "a\r\nSet-Cookie: b=c", "x-amz-meta-a": "b\r\nSet-Cookie: b=c"}
    assert httpx.post(f"{endpoint}/{bucket}", data=form, files={"file": b"x"}).status_code == 204
    answers.append(httpx.get(f"{endpoint}/{bucket}/form"))
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert answer.status_code in (200, 204)
    assert answers[3].headers["x-amz-meta-a"] == "b  Set-Cookie: b=c"


def test_without_a_signature_the_default_account_asks(endpoint: str) -> None:
    name = f"anonymous-{os.urandom(6).hex()}"
    assert httpx.put(f"{endpoint}/{name}").status_code == 200
    assert f"<Name>{name}</Name>" in httpx.get(endpoint).text
    assert "<DisplayName>000000000000</DisplayName>" in httpx.get(f"{endpoint}/{name}?acl").text


def test_a_client_that_stops_reading_costs_nothing(client: Any, endpoint: str, bucket: str) -> None:
    body = os.urandom(8 << 20)
    client.put_object(Bucket=bucket, Key="key", Body=body)
    host, _, port = endpoint.removeprefix("http://").partition(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET /{bucket}/key HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == body


def test_an_upload_refused_before_its_body_leaves_no_hanging_connection(
    endpoint: str, bucket: str, account: str
) -> None:
    client = s3_client(endpoint, account, read_timeout=30)
    for _ in range(2):
        with s3_error("InvalidRequest", 400):  # botocore waits for 100-continue with this body
            client.put_object(Bucket=bucket, Key="key", Body=b"x", ChecksumCRC32=crc32(b"x"), ChecksumSHA1="z")
        assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    client.close()


def test_a_client_that_waits_is_told_to_go_on_before_it_is_refused(endpoint: str, bucket: str) -> None:
    host, _, port = endpoint.removeprefix("http://").partition(":")
    refused = (
        f"PUT /{bucket}/key?legal-hold HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as answers:
        connection.sendall(refused.encode())
        assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"
        connection.sendall(f"12345HEAD /{bucket} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        rest = answers.read()
    assert rest.startswith(b"\r\nHTTP/1.1 501 ")
    assert b"</Error>HTTP/1.1 200 OK" in rest
