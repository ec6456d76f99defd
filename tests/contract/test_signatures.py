"""Signatures that are verified, through boto3, the AWS CLI, the JavaScript SDK and raw HTTP (O-33, api-facts §1.6)."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support import identities as known
from support import node
from support.projects import unique_name
from support.server import EmulatorProcess, environment_without_settings, wait_until

REGION = "us-east-1"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture(scope="module")
def emulator(files: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(environment=known.settings(files, "signature")) as started:
        yield started


@pytest.fixture
def bucket(emulator: EmulatorProcess) -> str:
    name = unique_name("signed").lower()
    with closing(known.client(emulator, "s3", known.ROOT_KEY)) as s3:
        s3.create_bucket(Bucket=name)
    return name


def refusal(call: Callable[[], Any]) -> tuple[int, str, str]:
    """Status, code and message of a call that fails."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_every_service_takes_what_boto3_signs(emulator: EmulatorProcess, bucket: str) -> None:
    who = {
        "rekognition": "describe_projects",
        "s3": "list_buckets",
        "sts": "get_caller_identity",
        "cloudwatch": "list_metrics",
    }
    for service, call in who.items():
        with closing(known.client(emulator, service, known.BOB_KEY)) as client:
            assert getattr(client, call)()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with closing(known.client(emulator, "s3", known.BOB_KEY)) as s3:
        for key in ("a b+c/ü~(x)'!*@,;=&$:?#%25.txt", "x//y/../z", "plain"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"bytes", Metadata={"note": "two  spaces"}, Tagging="a=b%20c")
            assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"bytes"
            url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
            with urllib.request.urlopen(url) as answer:  # httpx would write the address anew
                assert answer.read() == b"bytes"
        assert s3.list_objects_v2(Bucket=bucket, Prefix="a b+", Delimiter="/")["CommonPrefixes"] == [
            {"Prefix": "a b+c/"}
        ]


def test_every_service_refuses_in_its_own_words(emulator: EmulatorProcess) -> None:
    wrong, nobody = (known.BOB_KEY[0], "not-the-secret"), ("AKIANOBODYATALL00000", "any-secret")
    cases = {
        ("rekognition", "describe_projects"): (
            (400, "InvalidSignatureException", "The request signature we calculated does not match"),
            (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        ),
        ("s3", "list_buckets"): (
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
            (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
        ),
        ("sts", "get_caller_identity"): (
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
            (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
        ),
        ("cloudwatch", "list_metrics"): (
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
            (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
        ),
    }
    for (service, call), expected in cases.items():
        for pair, (status, code, words) in zip((wrong, nobody), expected, strict=True):
            with closing(known.client(emulator, service, pair)) as client:
                found = refusal(getattr(client, call))
            assert found[:2] == (status, code), service
            assert found[2].startswith(words)
    # Twelve digits are an account where nothing is verified, and no key here.
    with closing(known.client(emulator, "rekognition", (known.OWNER, "any-secret"))) as client:
        assert refusal(client.describe_projects)[1] == "UnrecognizedClientException"


def test_an_unsigned_call_is_refused_and_the_console_asks_for_a_signature(emulator: EmulatorProcess) -> None:
    headers = {"x-amz-target": "RekognitionService.DescribeProjects", "content-type": "application/x-amz-json-1.1"}
    answer = httpx.post(emulator.endpoint, headers=headers, content=b"{}")
    assert (answer.status_code, answer.json()["__type"]) == (400, "MissingAuthenticationTokenException")
    assert httpx.get(f"{emulator.endpoint}/console/api/about").json()["auth"] == "signature"
    assert httpx.get(f"{emulator.endpoint}/console/api/projects").status_code == 401
    answer = httpx.post(emulator.endpoint, data={"Action": "GetCallerIdentity", "Version": "2011-06-15"})
    assert (answer.status_code, "<Code>MissingAuthenticationToken</Code>" in answer.text) == (403, True)


def test_unsigned_requests_to_s3_need_a_policy_for_everybody(emulator: EmulatorProcess, bucket: str) -> None:
    url = f"{emulator.endpoint}/{bucket}"
    with closing(known.client(emulator, "s3", known.ROOT_KEY)) as s3:
        s3.put_object(Bucket=bucket, Key="open/key", Body=b"bytes")
        assert httpx.get(f"{url}/open/key").status_code == 403
        assert httpx.put(f"{url}/open/new", content=b"bytes").status_code == 403
        assert httpx.get(emulator.endpoint).status_code == 403  # all buckets
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        resource = {"Resource": f"arn:aws:s3:::{bucket}/open/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement | resource]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        assert httpx.get(f"{url}/open/key").content == b"bytes"
        assert httpx.put(f"{url}/open/new", content=b"bytes").status_code == 403
        assert httpx.delete(f"{url}/open/key").status_code == 403
        # Nobody says by a header of its own where it calls from.
        far = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.9"}}}
        policy["Statement"] = [statement | resource | far]
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        assert httpx.get(f"{url}/open/key", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 403


def test_the_aws_cli_signs_and_the_javascript_sdk_too(emulator: EmulatorProcess, bucket: str, tmp_path: Path) -> None:
    environment = environment_without_settings() | known.environment(emulator, known.BOB_KEY)
    command = Path(sys.executable).with_name("aws")
    (tmp_path / "file").write_bytes(b"x" * 9_000_000)  # in parts
    for words in (
        ["sts", "get-caller-identity"],
        ["rekognition", "describe-projects"],
        ["s3", "cp", str(tmp_path / "file"), f"s3://{bucket}/folder with spaces/file", "--quiet"],
        ["s3api", "head-object", "--bucket", bucket, "--key", "folder with spaces/file"],
    ):
        ended = subprocess.run([str(command), *words], env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["ContentLength"] == 9_000_000
    ended = subprocess.run(
        [str(command), "sts", "get-caller-identity"],
        env=environment | {"AWS_SECRET_ACCESS_KEY": "not-the-secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "(SignatureDoesNotMatch)" in ended.stderr

    script = node.PACKAGE_FOLDER / "access.cjs"
    found = node.run_script(script, bucket, "from a script", environment=known.environment(emulator, known.BOB_KEY))
    assert (found["length"], found["presigned"], found["altered"], found["uploaded"]) == (100_000, 200, 403, 200)
    assert found["errors"]["rekognition"]["name"] == "InvalidSignatureException"
    assert found["errors"]["s3"]["name"] == "SignatureDoesNotMatch"


def over_the_wire(emulator: EmulatorProcess, target: str, signed_url: str, *more: tuple[str, str]) -> int:
    """The status of a GET whose signature is that of another address, with headers behind those that are signed."""
    request = AWSRequest("GET", signed_url)
    S3SigV4Auth(Credentials(*known.ROOT_KEY), "s3", REGION).add_auth(request)
    connection = http.client.HTTPConnection(emulator.endpoint.removeprefix("http://"))
    with closing(connection):
        connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in (*request.headers.items(), *more):
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status


def test_queries_paths_and_headers_that_were_not_signed_so(emulator: EmulatorProcess, bucket: str) -> None:
    """The order of different names says nothing; that of two values of one name does, and AWS sorts both away."""
    with closing(known.client(emulator, "s3", known.ROOT_KEY)) as s3:
        s3.put_object(Bucket=bucket, Key="a b", Body=b"bytes")
        url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket, "Prefix": "a", "MaxKeys": 5})
    address, _, query = url.partition("?")
    assert httpx.get(f"{address}?{'&'.join(reversed(query.split('&')))}").status_code == 200
    assert httpx.get(url.replace("prefix=a", "prefix=b")).status_code == 403
    assert httpx.get(f"{url}&prefix=b").status_code == 403
    base = f"{emulator.endpoint}/{bucket}"
    twice = f"{base}?list-type=2&prefix=a&prefix=b"
    assert over_the_wire(emulator, f"/{bucket}?list-type=2&prefix=a&prefix=b", twice) == 200
    assert over_the_wire(emulator, f"/{bucket}?prefix=a&list-type=2&prefix=b", twice) == 200
    assert over_the_wire(emulator, f"/{bucket}?list-type=2&prefix=b&prefix=a", twice) == 403
    path = f"/{bucket}/a%20b"
    assert over_the_wire(emulator, path, f"{base}/a%20b") == 200
    assert over_the_wire(emulator, f"/{bucket}/a%2520b", f"{base}/a%20b") == 403
    for name in ("x-amz-date", "x-amz-content-sha256", "host", "authorization"):
        assert over_the_wire(emulator, path, f"{base}/a%20b", (name, "another")) in (400, 403), name
    assert over_the_wire(emulator, path, f"{base}/a%20b", ("x-amz-expected-bucket-owner", known.OTHER)) == 403


def test_old_mechanisms_are_refused_by_name(emulator: EmulatorProcess, bucket: str) -> None:
    url = f"{emulator.endpoint}/{bucket}/key"
    for request in (
        httpx.Request("GET", url, headers={"authorization": f"AWS {known.BOB_KEY[0]}:c2lnbmF0dXJl"}),
        httpx.Request("GET", f"{url}?AWSAccessKeyId={known.BOB_KEY[0]}&Expires=9999999999&Signature=x"),
    ):
        with httpx.Client() as client:
            answer = client.send(request)
        assert (answer.status_code, "<Code>InvalidRequest</Code>" in answer.text) == (400, True)
        assert "Please use AWS4-HMAC-SHA256." in answer.text


def signed_chunks(
    endpoint: str, path: str, chunks: list[bytes], trailer: bytes = b"", spoil: str = ""
) -> httpx.Response:
    """PUT in signed chunks, as SDKs in Java and Go send streams over plain HTTP. `spoil` names what is falsified."""
    key, secret = known.ROOT_KEY
    now = datetime.now(UTC)
    stamp, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    scope = f"{day}/{REGION}/s3/aws4_request"
    derived = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")

    def sign(*lines: str) -> str:
        return hmac.digest(derived, "\n".join(lines).encode(), "sha256").hex()

    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    headers = {
        "content-encoding": "aws-chunked",
        "host": endpoint.removeprefix("http://"),
        "x-amz-content-sha256": kind,
        "x-amz-date": stamp,
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
    }
    if trailer:
        headers["x-amz-trailer"] = trailer.partition(b":")[0].decode()
    names = ";".join(sorted(headers))
    canonical = "\n".join(["PUT", path, "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, kind])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    previous = seed = sign("AWS4-HMAC-SHA256", stamp, scope, hashed)
    body = b""
    for chunk in (*chunks, b""):
        lines = ("AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous)
        previous = sign(*lines, hashlib.sha256(b"").hexdigest(), hashlib.sha256(chunk).hexdigest())
        shown = "0" * 64 if spoil == "chunk" and chunk == chunks[-1] else previous
        data = chunk[:-1] + b"?" if spoil == "bytes" and chunk == chunks[-1] else chunk
        body += f"{len(chunk):x};chunk-signature={shown}\r\n".encode() + data + (b"\r\n" if chunk else b"")
    if trailer:
        found = sign("AWS4-HMAC-SHA256-TRAILER", stamp, scope, previous, hashlib.sha256(trailer + b"\n").hexdigest())
        found = "0" * 64 if spoil == "trailer" else found
        body += trailer + b"\r\nx-amz-trailer-signature:" + found.encode() + b"\r\n"
    authorization = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={seed}"
    return httpx.put(endpoint + path, headers=headers | {"authorization": authorization}, content=body + b"\r\n")


def test_chunks_and_trailers_are_verified(emulator: EmulatorProcess, bucket: str) -> None:
    chunks, trailer = [b"a" * 70_000, b"b" * 1_000], b"x-amz-checksum-crc32c:sOO8/Q=="
    path = f"/{bucket}/chunks"
    assert signed_chunks(emulator.endpoint, path, chunks).status_code == 200
    for spoil in ("chunk", "bytes"):
        answer = signed_chunks(emulator.endpoint, f"{path}-{spoil}", chunks, spoil=spoil)
        assert (answer.status_code, "<Code>SignatureDoesNotMatch</Code>" in answer.text) == (403, True)
    words = b"Hello world"
    right = b"x-amz-checksum-crc32:" + b"i9aeUg=="
    assert signed_chunks(emulator.endpoint, f"{path}-t", [words], right).status_code == 200
    assert signed_chunks(emulator.endpoint, f"{path}-u", [words], right, spoil="trailer").status_code == 403
    assert signed_chunks(emulator.endpoint, f"{path}-v", [words], trailer).status_code == 400  # another checksum
    with closing(known.client(emulator, "s3", known.ROOT_KEY)) as s3:
        assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["chunks", "chunks-t"]


def test_forms_of_browsers_are_verified(emulator: EmulatorProcess, bucket: str) -> None:
    with closing(known.client(emulator, "s3", known.ROOT_KEY)) as s3:
        form = s3.generate_presigned_post(bucket, "from-a-form")
        form["url"] = f"{emulator.endpoint}/{bucket}"
        answer = httpx.post(form["url"], data=form["fields"], files={"file": b"bytes"})
        assert answer.status_code == 204
        fields = form["fields"] | {"x-amz-signature": "0" * 64}
        answer = httpx.post(form["url"], data=fields, files={"file": b"bytes"})
        assert (answer.status_code, "<Code>SignatureDoesNotMatch</Code>" in answer.text) == (403, True)

        by_form = {"Condition": {"StringEquals": {"s3:authType": "POST"}}}
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        policy = {"Version": "2012-10-17", "Statement": [deny | by_form]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        assert httpx.post(form["url"], data=form["fields"], files={"file": b"bytes"}).status_code == 403
        s3.put_object(Bucket=bucket, Key="not-from-a-form", Body=b"bytes")


def test_a_url_for_one_body_is_good_for_this_one_alone(emulator: EmulatorProcess, bucket: str) -> None:
    """And a request that is signed twice, in a header and in its URL, says nothing certain."""
    digest = hashlib.sha256(b"bytes").hexdigest()
    request = AWSRequest("PUT", f"{emulator.endpoint}/{bucket}/key?X-Amz-Content-Sha256={digest}")
    signer = S3SigV4QueryAuth(Credentials(*known.ROOT_KEY), "s3", REGION, 60)
    signer.payload = lambda _request: digest
    signer.add_auth(request)
    answer = httpx.put(request.url, content=b"other")
    assert (answer.status_code, "<Code>XAmzContentSHA256Mismatch</Code>" in answer.text) == (400, True)
    assert httpx.put(request.url, content=b"bytes").status_code == 200
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={known.ROOT_KEY[0]}/20261201/{REGION}/s3/aws4_request"}
    answer = httpx.put(request.url, content=b"bytes", headers=headers)
    assert (answer.status_code, "Only one auth mechanism allowed" in answer.text) == (400, True)


@pytest.mark.parametrize(("region", "status"), [("US", 200), ("Nowhere", 400), ("eu-west-1", 200)])
def test_the_region_of_a_signature(emulator: EmulatorProcess, bucket: str, region: str, status: int) -> None:
    """What old clients sign for is S3's first Region; a name that none can have is refused, though the key is right."""
    request = AWSRequest("GET", f"{emulator.endpoint}/{bucket}")
    S3SigV4Auth(Credentials(*known.ROOT_KEY), "s3", region).add_auth(request)
    assert httpx.get(request.url, headers=dict(request.headers.items())).status_code == status


def test_sessions_are_signed_and_end(emulator: EmulatorProcess) -> None:
    with closing(known.client(emulator, "sts", known.BOB_KEY)) as sts:
        answer = sts.assume_role(RoleArn=known.ADMIN_ROLE, RoleSessionName="by-bob", DurationSeconds=900)
        credentials = answer["Credentials"]
    with closing(known.session_client(emulator, "sts", credentials)) as session:
        who = session.get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{known.OWNER}:assumed-role/Admin/by-bob"
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    token = credentials["SessionToken"]
    for other in (token[:-3] + "A==", token.replace(".", "x."), "eyJhcm4iOiAiYXJuOmF3czppYW06OjE6cm9vdCJ9", "."):
        by_hand = credentials | {"SessionToken": other}
        for service, call, code in (
            ("s3", "list_buckets", "InvalidToken"),
            ("rekognition", "describe_projects", "UnrecognizedClientException"),
            ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ):
            with closing(known.session_client(emulator, service, by_hand)) as client:
                assert refusal(getattr(client, call))[1] == code
    # A token of one session does not go with the key of another.
    with closing(known.client(emulator, "sts", known.BOB_KEY)) as sts:
        second = sts.get_session_token(DurationSeconds=900)["Credentials"]
    mixed = credentials | {"SessionToken": second["SessionToken"]}
    with closing(known.session_client(emulator, "s3", mixed)) as client:
        assert refusal(client.list_buckets)[1] in ("InvalidToken", "SignatureDoesNotMatch")


def test_the_manual_clock_does_not_count(emulator: EmulatorProcess) -> None:
    emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": 1_000_000_000})
    try:
        with closing(known.client(emulator, "rekognition", known.BOB_KEY)) as client:
            client.describe_projects()
    finally:
        emulator.control("PUT", "/_emulator/clock", {"mode": "real"})


def test_the_file_is_read_again_on_hangup(files: Path, emulator: EmulatorProcess) -> None:
    """One that is wrong changes nothing, and the log says what is wrong."""
    document = known.identities()
    new = ("AKIANEW0000000000001", "new-secret-0001")

    def describe() -> str:
        with closing(known.client(emulator, "rekognition", new)) as client:
            try:
                client.describe_projects()
            except ClientError as error:
                return str(error.response["Error"]["Code"])
        return "OK"

    assert describe() == "UnrecognizedClientException"
    document["accounts"][known.OTHER]["users"]["new"] = {"keys": [known.key(new)]}
    known.written(files, document)
    emulator.process.send_signal(signal.SIGHUP)
    wait_until(lambda: describe() == "OK", what="the new key")
    (files / "identities.json").write_text('{"accounts": {\n"nonsense": {}}}')
    emulator.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the identities stay as they are" in emulator.log(), what="the line of the log")
    assert "identities.json:2: accounts.nonsense: must be twelve digits" in emulator.log()
    assert describe() == "OK"
    known.written(files)


def test_a_file_is_needed_and_checked_at_the_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--ephemeral", "--port", "0", "--auth", "iam"]
    environment = environment_without_settings()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert (ended.returncode, "CUSTOM_LABELS_AUTH=iam needs CUSTOM_LABELS_IDENTITIES=FILE" in ended.stderr) == (1, True)
    path = tmp_path / "file.json"
    path.write_text('{"accounts": {"111122223333": {"userz": {}}}}')
    command += ["--identities", str(path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 1
    assert f"{path}:1: accounts.111122223333.userz: is not known" in ended.stderr
