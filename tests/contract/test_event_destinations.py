"""Events of objects reach SQS, SNS and Lambda of another endpoint: moto's server stands for LocalStack and AWS."""

from __future__ import annotations

import io
import json
import sqlite3
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import boto3
import pytest

from emulator.s3.events.transports import AwsEndpoint
from emulator.s3.index.events import WaitingEvent
from support.moto_server import running_moto_server
from support.s3_errors import s3_error
from support.server import EmulatorProcess, wait_until
from support.webhook import running_webhook

ACCOUNT = "123456789012"  # moto's own
CREATED = ["s3:ObjectCreated:*"]
HANDLER = "def handler(event, context):\n    return event['Records'][0]['s3']['object']['key']\n"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Its endpoint; functions run without Docker."""
    with running_moto_server() as endpoint:
        settings = json.dumps({"lambda": {"use_docker": False}, "iam": {"load_aws_managed_policies": False}})
        request = urllib.request.Request(f"{endpoint}/moto-api/config", settings.encode(), method="POST")
        urllib.request.urlopen(request).close()
        yield endpoint


@pytest.fixture
def emulator(moto: str, start_emulator: Callable[..., EmulatorProcess]) -> EmulatorProcess:
    """One whose events go there."""
    return start_emulator({"CUSTOM_LABELS_EVENTS_ENDPOINT_URL": moto})


def client_of(moto: str, service: str) -> Any:
    keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "secret"}
    return boto3.client(service, endpoint_url=moto, region_name="us-east-1", **keys)


def received(sqs: Any, queue: str) -> Callable[[], Any]:
    """The next message, taken out of the queue, as JSON."""

    def receive() -> Any:
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    return receive


def test_uploads_reach_queue_topic_and_function(moto: str, emulator: EmulatorProcess) -> None:
    sqs, sns, functions = client_of(moto, "sqs"), client_of(moto, "sns"), client_of(moto, "lambda")
    queue, behind = sqs.create_queue(QueueName="uploads")["QueueUrl"], sqs.create_queue(QueueName="behind")["QueueUrl"]
    topic = sns.create_topic(Name="uploads")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:behind")
    function = _function(moto, functions)
    s3 = emulator.client("s3", ACCOUNT)
    s3.create_bucket(Bucket="uploads-of-cameras")
    configurations = {
        "QueueConfigurations": [_to("Queue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:uploads", "queue/")],
        "TopicConfigurations": [_to("Topic", topic, "topic/")],
        "LambdaFunctionConfigurations": [_to("LambdaFunction", function, "function/")],
    }
    s3.put_bucket_notification_configuration(Bucket="uploads-of-cameras", NotificationConfiguration=configurations)
    [test] = wait_until(received(sqs, queue), what="S3's test event")
    assert test["Event"] == "s3:TestEvent"
    [test_of_topic] = wait_until(received(sqs, behind), what="the topic's test event")
    assert json.loads(test_of_topic["Message"])["Event"] == "s3:TestEvent"
    for place in ("queue", "topic", "function"):
        s3.put_object(Bucket="uploads-of-cameras", Key=f"{place}/a.jpg", Body=b"12345")
    [of_queue] = wait_until(received(sqs, queue), what="the queue's event")
    assert _key(of_queue) == "queue/a.jpg"
    [of_topic] = wait_until(received(sqs, behind), what="the topic's event")
    assert of_topic["Subject"] == "Amazon S3 Notification"
    assert _key(json.loads(of_topic["Message"])) == "topic/a.jpg"
    wait_until(lambda: _waiting(emulator) == 0, what="the function's answer")


def test_a_destination_that_is_not_there_is_refused(emulator: EmulatorProcess) -> None:
    s3 = emulator.client("s3", ACCOUNT)
    s3.create_bucket(Bucket="uploads-to-nowhere")
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:nowhere"
    with s3_error("InvalidArgument", 400) as response:
        s3.put_bucket_notification_configuration(
            Bucket="uploads-to-nowhere", NotificationConfiguration={"QueueConfigurations": [_to("Queue", arn, "")]}
        )
    assert response["Error"]["Message"] == "Unable to validate the following destination configurations"
    assert response["Error"]["ArgumentName1"] == arn


def test_what_was_put_before_a_kill_arrives_after_it(moto: str, start_emulator: Callable[..., EmulatorProcess]) -> None:
    sqs = client_of(moto, "sqs")
    queue = sqs.create_queue(QueueName="kept")["QueueUrl"]
    nowhere = "http://127.0.0.1:9"  # the discard port: nothing listens
    emulator = start_emulator({"CUSTOM_LABELS_EVENTS_ENDPOINT_URL": nowhere})
    s3 = emulator.client("s3", ACCOUNT)
    s3.create_bucket(Bucket="uploads-kept")
    s3.put_bucket_notification_configuration(
        Bucket="uploads-kept",
        NotificationConfiguration={"QueueConfigurations": [_to("Queue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:kept", "k")]},
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket="uploads-kept", Key="k", Body=b"1")
    emulator.kill()
    start_emulator({"CUSTOM_LABELS_EVENTS_ENDPOINT_URL": moto})
    found: list[Any] = []

    def arrived() -> bool:
        found.extend(received(sqs, queue)())
        return any("Records" in body and _key(body) == "k" for body in found)

    wait_until(arrived, what="the event")


def test_a_function_is_called_with_the_event_and_not_waited_for() -> None:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:classify"
    with running_webhook() as server:
        endpoint = AwsEndpoint(server.url.partition("/events")[0])
        endpoint.send(WaitingEvent(1, 1, "bucket", "key", arn, ACCOUNT, '{"Records": []}'))
        assert server.taken == [{"Records": []}]
        [(path, headers)] = server.requests
    assert unquote(path) == f"/2015-03-31/functions/{arn}/invocations"
    assert headers["x-amz-invocation-type"] == "Event"
    assert f"Credential={ACCOUNT}/" in headers["authorization"]


def _waiting(emulator: EmulatorProcess) -> int:
    assert emulator.data_directory is not None
    with closing(sqlite3.connect(emulator.data_directory / "objects" / "objects.sqlite3")) as index:
        return int(index.execute("SELECT count(*) FROM events").fetchone()[0])


def _to(kind: str, arn: str, prefix: str) -> dict[str, Any]:
    rules = [{"Name": "prefix", "Value": prefix}]
    return {f"{kind}Arn": arn, "Events": CREATED, "Filter": {"Key": {"FilterRules": rules}}}


def _key(event: dict[str, Any]) -> str:
    return str(event["Records"][0]["s3"]["object"]["key"])


def _function(moto: str, functions: Any) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("program.py", HANDLER)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = client_of(moto, "iam").create_role(RoleName="classify", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    made = functions.create_function(
        FunctionName="classify",
        Runtime="python3.12",
        Role=role,
        Handler="program.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return str(made["FunctionArn"])
