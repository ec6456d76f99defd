"""STS, and AWS services that are not there."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import httpx
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.temporary_credentials import InvalidTokenError, SessionClaims, SessionTokens, account_of
from emulator.sts.app import OtherServices

ACCOUNT = "111122223333"
TOKENS = SessionTokens(b"key of the installation", "off")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    app = OtherServices(lambda: TOKENS)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode()
        key = authorization.partition("Credential=")[2].partition("/")[0]
        scope["aws.account"] = account_of(key) or "000000000000"
        await app(scope, receive, send)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off", loop="asyncio", ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def client_of(service: str, endpoint: str, key: str = ACCOUNT, token: str | None = None) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        aws_session_token=token,
        config=Config(retries={"max_attempts": 1}),
    )


def test_who_am_i(endpoint: str) -> None:
    """O-20."""
    for key, account in ((ACCOUNT, ACCOUNT), ("AKIAIOSFODNN7EXAMPLE", "000000000000")):
        identity = client_of("sts", endpoint, key).get_caller_identity()
        assert identity["Account"] == account
        assert identity["Arn"] == f"arn:aws:iam::{account}:root"


def test_credentials_of_a_role_carry_its_account(endpoint: str) -> None:
    answer = client_of("sts", endpoint).assume_role(
        RoleArn="arn:aws:iam::222233334444:role/team/trainer", RoleSessionName="my-session", DurationSeconds=900
    )
    credentials = answer["Credentials"]
    assert account_of(credentials["AccessKeyId"]) == "222233334444"
    assert 840 < credentials["Expiration"].timestamp() - time.time() <= 901
    assumed = client_of("sts", endpoint, credentials["AccessKeyId"], credentials["SessionToken"]).get_caller_identity()
    assert assumed["Account"] == "222233334444"
    assert assumed["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert assumed["Arn"] == "arn:aws:sts::222233334444:assumed-role/trainer/my-session"
    assert assumed["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    session = client_of("sts", endpoint).get_session_token()["Credentials"]
    assert account_of(session["AccessKeyId"]) == ACCOUNT
    itself = client_of("sts", endpoint, session["AccessKeyId"], session["SessionToken"]).get_caller_identity()
    assert (itself["Account"], itself["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


def test_what_sts_refuses(endpoint: str) -> None:
    sts = client_of("sts", endpoint)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: sts.assume_role(RoleArn="arn:aws:iam::1:role/too-short", RoleSessionName="session"),
        lambda: sts.assume_role(RoleArn="arn:aws:iam::222233334444:role/a", RoleSessionName="no spaces"),
        lambda: sts.assume_role(
            RoleArn="arn:aws:iam::222233334444:role/a", RoleSessionName="ab", DurationSeconds=200_000
        ),
    )
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError) as caught:
        sts.decode_authorization_message(EncodedMessage="x")
    assert caught.value.response["Error"]["Code"] == "InvalidAction"


@pytest.mark.parametrize(
    "more", [{"Policy": "a" * 6_000_000}, {f"a{number}": "" for number in range(2_000)}], ids=["policy", "parameters"]
)
def test_requests_to_sts_that_are_too_large(endpoint: str, more: dict[str, str]) -> None:
    """Whatever they hold: nobody waits until six megabytes of a policy are read."""
    body = urlencode({"Action": "AssumeRole", "Version": "2011-06-15", **more}).encode()
    credential = f"{ACCOUNT}/20260101/us-east-1/sts/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = httpx.post(endpoint, content=body, headers=headers)
    assert answer.status_code == 413
    assert b"<Code>RequestEntityTooLarge</Code>" in answer.content


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("iam", "list_users", {}),  # query
        ("ec2", "describe_instances", {}),  # ec2
        ("dynamodb", "list_tables", {}),  # json 1.0
        ("sagemaker", "list_models", {}),  # json 1.1
        ("sqs", "list_queues", {}),  # json 1.0
        ("lambda", "list_functions", {}),  # rest-json
        ("route53", "list_hosted_zones", {}),  # rest-xml
        ("cloudfront", "list_distributions", {}),  # rest-xml
    ],
)
def test_other_services_say_so_in_their_protocol(
    endpoint: str, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    client = client_of(service, endpoint)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["Error"]["Code"] == "NotImplemented"
    assert (
        f"The service '{client.meta.service_model.signing_name}' is not part of this emulator"
        in error["Error"]["Message"]
    )


def test_cbor_is_answered_in_cbor(endpoint: str) -> None:
    answer = httpx.post(endpoint, headers={"smithy-protocol": "rpc-v2-cbor"}, content=b"\xa0")
    assert answer.headers["content-type"] == "application/cbor"
    parsed = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(answer.content)))
    assert parsed["__type"] == "NotImplemented"
    assert parsed["message"].startswith("The service 'unknown'")


@given(st.integers(0, 10**12 - 1))
def test_every_account_comes_back_out_of_its_key(number: int) -> None:
    account = f"{number:012d}"
    key = TOKENS.issue(SessionClaims(account, "arn:aws:iam::x", "arn:aws:iam::x", "x"), 900).access_key_id
    assert account_of(key) == account
    assert len(key) >= 16
    altered = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert account_of(altered) is None


def test_tokens_are_those_of_one_installation_and_mode() -> None:
    """O-33: whoever writes one by hand, or brings that of a laxer mode, has none."""
    now = [1_000_000_000.0]
    tokens = SessionTokens(b"key", "iam", lambda: now[0])
    arn, role = "arn:aws:sts::111122223333:assumed-role/Admin/me", "arn:aws:iam::111122223333:role/Admin"
    issued = tokens.issue(SessionClaims(ACCOUNT, arn, role, "AROA:me", ("{}",), {"team": "a"}), 900)
    session = tokens.read(issued.session_token, issued.access_key_id)
    assert (session.account, session.arn, session.identity, session.user_id) == (ACCOUNT, arn, role, "AROA:me")
    assert (session.policies, dict(session.tags)) == (("{}",), {"team": "a"})
    assert tokens.secret_of(issued.session_token) == issued.secret_access_key
    assert not tokens.has_ended(session)
    now[0] += 900
    assert tokens.has_ended(session)
    for other in (SessionTokens(b"another key", "iam"), SessionTokens(b"key", "off")):
        with pytest.raises(InvalidTokenError):
            other.read(issued.session_token)
    with pytest.raises(InvalidTokenError):
        tokens.read(issued.session_token, "ASIAEMULAAAAAAAAAAAAAAAA")


@given(st.text(max_size=200))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(text)


@given(st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), min_size=16, max_size=16))
def test_keys_of_aws_name_no_account(tail: str) -> None:
    assert account_of("ASIA" + tail) is None
    assert account_of("AKIA" + tail) is None
