"""What browsers and links send: preflights, presigned URLs, virtual hosts."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from support.s3_errors import s3_error
from support.s3_server import running_s3, s3_client

PAGE = "https://page.example"
RULES = [
    {
        "AllowedOrigins": ["https://page.example", "https://*.pages.example"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["content-*", "x-amz-date"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 600,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
]


@pytest.fixture
def open_bucket(client: Any, bucket: str) -> str:
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    return bucket


def preflight(endpoint: str, bucket: str, origin: str, method: str, headers: str = "") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return httpx.options(f"{endpoint}/{bucket}/a/key", headers=asked)


def test_cors_configuration_is_kept(client: Any, bucket: str) -> None:
    with s3_error("NoSuchCORSConfiguration", 404):
        client.get_bucket_cors(Bucket=bucket)
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    assert client.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES
    client.delete_bucket_cors(Bucket=bucket)
    with s3_error("NoSuchCORSConfiguration", 404):
        client.get_bucket_cors(Bucket=bucket)


def test_a_preflight_that_a_rule_allows(endpoint: str, open_bucket: str) -> None:
    answer = preflight(endpoint, open_bucket, PAGE, "PUT", "content-type, X-Amz-Date")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "PUT, GET"
    assert answer.headers["access-control-allow-headers"] == "content-type, x-amz-date"
    assert answer.headers["access-control-max-age"] == "600"
    assert preflight(endpoint, open_bucket, "https://a.pages.example", "PUT").status_code == 200
    assert preflight(endpoint, open_bucket, "https://any.example", "GET").headers["access-control-allow-origin"] == "*"


def test_preflights_that_no_rule_allows(endpoint: str, open_bucket: str) -> None:
    for origin, method, headers in (
        ("https://any.example", "PUT", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "PUT", "authorization"),
    ):
        answer = preflight(endpoint, open_bucket, origin, method, headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert preflight(endpoint, "not-there-at-all", PAGE, "GET").status_code == 403


def test_pages_may_read_answers_and_errors(client: Any, endpoint: str, open_bucket: str) -> None:
    client.put_object(Bucket=open_bucket, Key="key", Body=b"x")
    found = httpx.get(f"{endpoint}/{open_bucket}/key", headers={"Origin": PAGE})
    missing = httpx.get(f"{endpoint}/{open_bucket}/missing", headers={"Origin": PAGE})
    for answer in (found, missing):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-expose-headers"] == "ETag"
    assert (found.status_code, missing.status_code) == (200, 404)
    assert "access-control-allow-origin" not in httpx.get(f"{endpoint}/{open_bucket}/key").headers


def test_pages_may_read_what_is_refused_before_the_bucket_is_looked_at(
    client: Any, endpoint: str, open_bucket: str
) -> None:
    """An expired link, its preflight included, a request that is none of S3's, and a document that is too long."""
    expired = client.generate_presigned_url("put_object", {"Bucket": open_bucket, "Key": "key"}, ExpiresIn=-1)
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}
    assert httpx.options(expired, headers=asked).status_code == 200
    origin = {"Origin": PAGE}
    for answer, status in (
        (httpx.put(expired, content=b"x", headers=origin), 403),
        (httpx.get(f"{endpoint}/{open_bucket}/key?torrent", headers=origin), 501),
        (httpx.put(f"{endpoint}/{open_bucket}?cors", content=b"x" * 3_000_000, headers=origin), 400),
    ):
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (status, PAGE)


def test_cors_configurations_that_s3_refuses(client: Any, bucket: str) -> None:
    with s3_error("InvalidRequest", 400):
        client.put_bucket_cors(
            Bucket=bucket, CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}]}
        )
    with s3_error("MalformedXML", 400):
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": []})


@pytest.mark.parametrize("signature", ["s3v4", "s3"])
def test_presigned_urls(endpoint: str, bucket: str, account: str, signature: str) -> None:
    signer = s3_client(endpoint, account, signature_version=signature)
    key = "a folder/ä+b&c=d?.txt"
    put = signer.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": key, "ContentType": "text/plain"}, ExpiresIn=60
    )
    assert httpx.put(put, content=b"from a link", headers={"content-type": "text/plain"}).status_code == 200
    get = signer.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key, "ResponseContentDisposition": "inline"}, ExpiresIn=60
    )
    answer = httpx.get(get)
    assert (answer.text, answer.headers["content-type"]) == ("from a link", "text/plain")
    assert answer.headers["content-disposition"] == "inline"
    head = signer.generate_presigned_url("head_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert httpx.head(head).headers["content-length"] == "11"
    signer.close()


@pytest.mark.parametrize("signature", ["s3v4", "s3"])
def test_presigned_urls_expire(client: Any, endpoint: str, bucket: str, account: str, signature: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    signer = s3_client(endpoint, account, signature_version=signature)
    url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"}, ExpiresIn=-1)
    if signature == "s3v4":
        past = datetime.now(UTC) - timedelta(seconds=61)
        url = url.replace("X-Amz-Expires=-1", "X-Amz-Expires=60")
        today = url.partition("X-Amz-Date=")[2].partition("&")[0]
        url = url.replace(f"X-Amz-Date={today}", f"X-Amz-Date={past:%Y%m%dT%H%M%SZ}")
    answer = httpx.get(url)
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.text
    signer.close()


def test_a_week_is_the_longest(endpoint: str, bucket: str, account: str) -> None:
    signer = s3_client(endpoint, account, signature_version="s3v4")
    url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"}, ExpiresIn=604_801)
    answer = httpx.get(url)
    assert answer.status_code == 400
    assert "<Code>AuthorizationQueryParametersError</Code>" in answer.text
    signer.close()


def test_virtual_hosts(client: Any, endpoint: str, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="folder/key", Body=b"x")
    host = {"Host": f"{bucket}.localhost:{endpoint.rpartition(':')[2]}"}
    assert httpx.get(f"{endpoint}/folder/key", headers=host).content == b"x"
    assert httpx.put(f"{endpoint}/{bucket}/other", content=b"y", headers=host).status_code == 200
    assert client.get_object(Bucket=bucket, Key=f"{bucket}/other")["Body"].read() == b"y"
    assert "<Key>folder/key</Key>" in httpx.get(endpoint, headers=host).text
    assert httpx.get(f"{endpoint}/{bucket}/folder/key", headers={"Host": "localhost"}).content == b"x"


def test_a_configured_domain_with_boto3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    # Not every resolver knows that names under localhost are this machine (RFC 6761).
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *more, **options: resolve("127.0.0.1", *more, **options))
    with running_s3(tmp_path, virtual_host_domain="s3.localhost") as (_, endpoint):
        port = endpoint.rpartition(":")[2]
        client = boto3.client(
            "s3",
            endpoint_url=f"http://s3.localhost:{port}",
            region_name="us-east-1",
            aws_access_key_id="111122223333",
            aws_secret_access_key="secret",
            config=Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 1}),
        )
        client.create_bucket(Bucket="my.dotted-bucket")
        client.put_object(Bucket="my.dotted-bucket", Key="key", Body=b"x")
        assert client.get_object(Bucket="my.dotted-bucket", Key="key")["Body"].read() == b"x"
        client.close()


def test_the_console_bucket_is_one_per_account_and_region(embedded_s3: Any, client: Any, account: str) -> None:
    """S-4."""
    s3, endpoint = embedded_s3
    name = s3.console_bucket(account, "us-east-1")
    assert name == s3.console_bucket(account, "us-east-1")
    prefix, _, tail = name.rpartition("-")
    assert prefix == "custom-labels-console-us-east-1"
    assert len(tail) == 10
    assert tail.isalnum()
    assert tail == tail.lower()
    assert s3.console_bucket(account, "eu-west-1") not in (name, "")
    assert name in [found["Name"] for found in client.list_buckets()["Buckets"]]
    assert preflight(endpoint, name, "http://127.0.0.1", "PUT", "content-type").status_code == 200
    client.delete_bucket(Bucket=name)
    assert s3.console_bucket(account, "us-east-1") != name


@pytest.mark.parametrize("name", ["x-amz-expected-bucket-owner", "X-Amz-Expected-Bucket-Owner"])
def test_headers_that_a_signer_moved_into_the_url(client: Any, bucket: str, account: str, name: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"x")
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"}, ExpiresIn=60)
    assert httpx.get(f"{url}&{name}={account}").status_code == 200
    refused = httpx.get(f"{url}&{name}=999988887777")
    assert (refused.status_code, "<Code>AccessDenied</Code>" in refused.text) == (403, True)
