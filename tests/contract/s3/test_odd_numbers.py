"""Numbers and documents that clients should not send are refused as S3 refuses them, never answered with a 500."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from emulator.domain.temporary_credentials import SessionTokens
from emulator.sts import actions as sts

TOKENS = SessionTokens(b"key of the installation", "off")
LONG = "9" * 5_000  # longer than Python reads as a number


@pytest.fixture
def stored(client: Any, endpoint: str, bucket: str) -> str:
    """The address of an object."""
    client.put_object(Bucket=bucket, Key="key", Body=b"0123456789")
    return f"{endpoint}/{bucket}/key"


@pytest.mark.parametrize("header", [f"bytes=0-{LONG}", f"bytes={LONG}-", f"bytes=-{LONG}", "bytes=٣-٤"])
def test_a_range_that_names_no_number_is_ignored(stored: str, header: str) -> None:
    answer = httpx.get(stored, headers={b"range": header.encode()})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_range_may_reach_far_beyond_the_end(stored: str) -> None:
    answer = httpx.get(stored, headers={"range": "bytes=8-99999999999999999999"})
    assert (answer.status_code, answer.headers["content-range"]) == (206, "bytes 8-9/10")


def test_a_range_of_a_part_is_refused(stored: str) -> None:
    answer = httpx.get(f"{stored}?partNumber=1", headers={"range": "bytes=0-1"})
    assert answer.status_code == 400
    assert "<Code>InvalidRequest</Code>" in answer.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"?partNumber={LONG}", "InvalidArgument"),
        ("?AWSAccessKeyId=a&Signature=b&Expires=²", "AccessDenied"),
        (f"?AWSAccessKeyId=a&Signature=b&Expires={LONG}", "AccessDenied"),
    ],
)
def test_numbers_in_the_address_of_an_object(stored: str, query: str, code: str) -> None:
    answer = httpx.get(stored + query)
    assert answer.status_code in (400, 403)
    assert f"<Code>{code}</Code>" in answer.text


@pytest.mark.parametrize("header", ["if-modified-since", "if-unmodified-since"])
@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 99999999999999999999 Jan 2020 00:00:00 GMT",
        "Mon, 01 Jan 2020 00:00:00 +99999999999999999999",
    ],
)
def test_dates_that_no_calendar_has_are_ignored(stored: str, header: str, date: str) -> None:
    """RFC 9110 §13.1.3."""
    answer = httpx.get(stored, headers={header: date})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_url_that_expires_after_the_end_of_the_calendar(stored: str) -> None:
    signed = {"X-Amz-Date": "99991231T235959Z", "X-Amz-Expires": "604800", "X-Amz-Signature": "0"}
    answer = httpx.get(stored, params=signed)
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_the_number_of_keys(endpoint: str, bucket: str) -> None:
    answer = httpx.get(f"{endpoint}/{bucket}?max-keys={LONG}")
    assert answer.status_code == 400
    assert "<Code>InvalidArgument</Code>" in answer.text


@pytest.mark.parametrize("number", ["²", LONG, "", "-1"])
def test_numbers_of_parts(client: Any, endpoint: str, bucket: str, number: str) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
    part = f"<CompleteMultipartUpload><Part><PartNumber>{number}</PartNumber><ETag>a</ETag></Part>"
    content = f"{part}</CompleteMultipartUpload>".encode()
    answer = httpx.post(f"{endpoint}/{bucket}/key?uploadId={upload}", content=content)
    assert answer.status_code == 400
    assert "<Code>InvalidPart</Code>" in answer.text


@pytest.mark.parametrize("age", ["²", LONG, "-1"])
def test_the_age_of_a_cors_rule(endpoint: str, bucket: str, age: str) -> None:
    rule = f"<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><MaxAgeSeconds>{age}</MaxAgeSeconds>"
    content = f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>".encode()
    answer = httpx.put(f"{endpoint}/{bucket}?cors", content=content)
    assert answer.status_code == 400
    assert "<Code>MalformedXML</Code>" in answer.text


@pytest.mark.parametrize(
    "policy",
    [
        {"conditions": [["content-length-range", "a", "b"]]},
        {"conditions": [["content-length-range", None, {}]]},
        {"conditions": [["content-length-range", 0, LONG]]},
    ],
)
def test_limits_in_the_policy_of_a_form(endpoint: str, bucket: str, policy: dict[str, Any]) -> None:
    encoded = base64.b64encode(json.dumps({"expiration": "2099-01-01T00:00:00Z", **policy}).encode()).decode()
    answer = httpx.post(f"{endpoint}/{bucket}", data={"key": "key", "policy": encoded}, files={"file": b"x"})
    assert answer.status_code == 400
    assert "<Code>InvalidPolicyDocument</Code>" in answer.text


def test_policies_that_are_nested_without_end(endpoint: str, bucket: str) -> None:
    nested = b"[" * 12_000
    form = {"key": "key", "policy": base64.b64encode(nested).decode()}
    answer = httpx.post(f"{endpoint}/{bucket}", data=form, files={"file": b"x"})
    assert (answer.status_code, "<Code>InvalidPolicyDocument</Code>" in answer.text) == (400, True)
    answer = httpx.put(f"{endpoint}/{bucket}?policy", content=nested)
    assert (answer.status_code, "<Code>MalformedPolicy</Code>" in answer.text) == (400, True)


@pytest.mark.parametrize("token", ["ü", "e30=", "W10=", base64.b64encode(b"[" * 40_000).decode()])
def test_session_tokens_that_were_not_given_out_here_say_nothing(token: str) -> None:
    status, document = sts.answer(sts.Call({"Action": "GetCallerIdentity"}, "111122223333", token, TOKENS), "request")
    assert (status, b"<Arn>arn:aws:iam::111122223333:root</Arn>" in document) == (200, True)


@pytest.mark.parametrize("seconds", ["²", LONG, "", "-900"])
def test_the_duration_of_a_session(seconds: str) -> None:
    parameters = {"Action": "GetSessionToken", "DurationSeconds": seconds}
    status, document = sts.answer(sts.Call(parameters, "111122223333", None, TOKENS), "request")
    assert (status, b"<Code>ValidationError</Code>" in document) == (400, True)
