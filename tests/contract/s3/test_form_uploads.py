"""HTML forms: presigned POST."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import httpx
import pytest

from emulator.s3.errors import S3Error
from emulator.s3.http.form import FormDecoder, boundary_of
from support.s3_errors import s3_error


def presigned(client: Any, bucket: str, key: str, **options: Any) -> dict[str, Any]:
    post: dict[str, Any] = client.generate_presigned_post(Bucket=bucket, Key=key, **options)
    return post


def test_a_form_stores_its_file(client: Any, bucket: str) -> None:
    body = os.urandom(3_000_000)
    post = presigned(
        client,
        bucket,
        "uploads/${filename}",
        Fields={"Content-Type": "image/jpeg", "x-amz-meta-from": "form", "success_action_status": "201"},
        Conditions=[
            {"Content-Type": "image/jpeg"},
            {"x-amz-meta-from": "form"},
            {"success_action_status": "201"},
            ["content-length-range", 1, 5_000_000],
        ],
    )
    answer = httpx.post(post["url"], data=post["fields"], files={"file": ("photo ä.jpg", body, "image/jpeg")})
    assert answer.status_code == 201, answer.text
    assert "<Key>uploads/photo ä.jpg</Key>" in answer.text
    stored = client.get_object(Bucket=bucket, Key="uploads/photo ä.jpg")
    assert (stored["Body"].read(), stored["ContentType"], stored["Metadata"]) == (body, "image/jpeg", {"from": "form"})


def test_answers_that_a_form_can_ask_for(client: Any, endpoint: str, bucket: str) -> None:
    plain = httpx.post(f"{endpoint}/{bucket}", data={"key": "a"}, files={"file": b"x"})
    assert plain.status_code == 204
    redirected = httpx.post(
        f"{endpoint}/{bucket}",
        data={"key": "b", "success_action_redirect": "https://page.example/done?x=1"},
        files={"file": b"x"},
    )
    assert redirected.status_code == 303
    assert redirected.headers["location"].startswith(f"https://page.example/done?x=1&bucket={bucket}&key=b&etag=")
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a", "b"]


def test_the_location_of_a_form_upload(endpoint: str, bucket: str) -> None:
    """Where the object can be read, for both manners of addressing a bucket."""
    form = {"key": "a b", "success_action_status": "201"}
    for path, host in ((f"/{bucket}", "127.0.0.1"), (f"/{bucket}/", "127.0.0.1"), ("/", f"{bucket}.localhost")):
        headers = {"host": host}
        answer = httpx.post(f"{endpoint}{path}", data=form, files={"file": host.encode()}, headers=headers)
        location = answer.headers["location"]
        assert f"<Location>{location}</Location>" in answer.text
        assert location.startswith(f"http://{host}/")
        address = location.replace(f"http://{host}", endpoint, 1)
        assert httpx.get(address, headers=headers).content == host.encode()


def test_any_text_of_a_form_or_a_url_comes_back(endpoint: str, bucket: str) -> None:
    """As the UTF-8 that the same text in a header would be."""
    text = "größe Жук 車"
    address = f"{endpoint}/{bucket}"
    described = {"x-amz-meta-title": text, "content-disposition": f'attachment; filename="{text}"'}
    httpx.post(address, data={"key": "form"} | described, files={"file": b"x"}).raise_for_status()
    httpx.put(f"{address}/url", params={"x-amz-meta-title": text}, content=b"x").raise_for_status()
    httpx.put(f"{address}/header", headers={b"x-amz-meta-title": text.encode()}, content=b"x").raise_for_status()
    for key in ("form", "url", "header"):
        sent = dict(httpx.head(f"{address}/{key}").headers.raw)
        assert sent[b"x-amz-meta-title"].decode() == text
        assert key != "form" or text in sent[b"content-disposition"].decode()


def test_a_header_that_cannot_carry_its_text_is_refused(client: Any, endpoint: str, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    for name, status in (("größe", 200), ("Жук", 400)):
        asked = {"response-content-disposition": f'attachment; filename="{name}"'}
        answer = httpx.get(f"{endpoint}/{bucket}/key", params=asked)
        assert answer.status_code == status, answer.text
        assert ("<Code>InvalidArgument</Code>" in answer.text) == (status == 400)


def test_checksums_in_the_fields_of_a_form(client: Any, endpoint: str, bucket: str) -> None:
    right = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    for fields, status in (
        ({"key": "wrong", "x-amz-checksum-sha256": wrong}, 400),
        ({"key": "right", "x-amz-checksum-sha256": right}, 204),
        ({"key": "computed", "x-amz-checksum-algorithm": "SHA256"}, 204),
    ):
        answer = httpx.post(f"{endpoint}/{bucket}", data=fields, files={"file": b"body"})
        assert answer.status_code == status, answer.text
        assert ("<Code>BadDigest</Code>" in answer.text) == (status == 400)
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["computed", "right"]
    for key in ("right", "computed"):
        assert client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")["ChecksumSHA256"] == right


def test_forms_against_their_policy(client: Any, bucket: str) -> None:
    post = presigned(client, bucket, "key", Conditions=[["content-length-range", 2, 3]])
    for change, content, code in (
        ({"key": "other"}, b"xx", "AccessDenied"),
        ({"x-amz-meta-more": "1"}, b"xx", "AccessDenied"),
        ({}, b"x", "EntityTooSmall"),
        ({}, b"xxxx", "EntityTooLarge"),
        ({"policy": "bm90IGpzb24="}, b"xx", "InvalidPolicyDocument"),
    ):
        answer = httpx.post(post["url"], data=post["fields"] | change, files={"file": content})
        assert f"<Code>{code}</Code>" in answer.text
    expired = presigned(client, bucket, "key", ExpiresIn=-10)
    answer = httpx.post(expired["url"], data=expired["fields"], files={"file": b"xx"})
    assert (answer.status_code, "Policy expired" in answer.text) == (403, True)
    with s3_error("NoSuchKey", 404):
        client.get_object(Bucket=bucket, Key="key")
    assert httpx.post(post["url"], data=post["fields"], files={"file": b"xx"}).status_code == 204


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/plain", b"x"),
        ("multipart/form-data; boundary=b", b"no form at all"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut'),
    ],
)
def test_bodies_that_are_no_form(endpoint: str, bucket: str, content_type: str, content: bytes) -> None:
    answer = httpx.post(f"{endpoint}/{bucket}", content=content, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert "<Code>MalformedPOSTRequest</Code>" in answer.text


@pytest.mark.parametrize("form", [b"--b--", b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b--\r\n'])
def test_forms_without_a_file(endpoint: str, bucket: str, form: bytes) -> None:
    content_type = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{endpoint}/{bucket}", content=form, headers=content_type)
    assert answer.status_code == 400
    assert "<Code>InvalidArgument</Code>" in answer.text
    assert "<Message>POST requires exactly one file upload per request.</Message>" in answer.text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_a_form_may_come_in_any_pieces(size: int) -> None:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="Key"\r\n\r\nvalue\r\nof two lines\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\fake\\\\a.jpg"\r\n',
        b"Content-Type: image/jpeg\r\n\r\n\r\n--a \r\n--\r\n--b--\r\n",
    ]
    form = b"".join(parts)
    decoder = FormDecoder("b")
    payload = b"".join(piece for at in range(0, len(form), size) for piece in decoder.feed(form[at : at + size]))
    assert (payload, decoder.fields, decoder.filename) == (b"\r\n--a \r\n--", {"key": "value\r\nof two lines"}, "a.jpg")
    assert decoder.finished


def test_fields_before_the_file_are_limited() -> None:
    decoder = FormDecoder("b")
    decoder.feed(b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n')
    with pytest.raises(S3Error, match="MaxPostPreDataLengthExceededError"):
        for _ in range(30):
            decoder.feed(b"x" * 1000)


def test_boundaries() -> None:
    assert boundary_of('multipart/form-data; charset=utf-8; boundary="a b"') == "a b"
    assert boundary_of("multipart/form-data; boundary=----WebKit123") == "----WebKit123"
    assert boundary_of("application/x-www-form-urlencoded") is None
