"""Event notifications, as a program that processes uploads sets them up and receives them."""

from __future__ import annotations

import secrets
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.s3.events.transports import Webhook as WebhookTransport
from support.s3_errors import s3_error
from support.s3_server import running_s3, s3_client
from support.server import wait_until
from support.webhook import Webhook, running_webhook

ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:uploads"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:uploads"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:classify"
CREATED = ["s3:ObjectCreated:*"]
EVERYTHING = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:ObjectAcl:Put"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Webhook]]:
    """An S3 that sends events to a webhook."""
    with running_webhook() as webhook:
        directory: Path = tmp_path_factory.mktemp("events") / "objects"
        with running_s3(directory, transports=[WebhookTransport(webhook.url)]) as (_, endpoint):
            yield endpoint, webhook


@pytest.fixture
def webhook(served: tuple[str, Webhook]) -> Webhook:
    """The webhook, without what earlier tests sent to it."""
    webhook = served[1]
    webhook.taken.clear()
    webhook.destinations.clear()
    return webhook


@pytest.fixture
def client(served: tuple[str, Webhook]) -> Iterator[Any]:
    """boto3 as the test's account."""
    made = s3_client(served[0], ACCOUNT)
    yield made
    made.close()


@pytest.fixture
def bucket(client: Any) -> str:
    """An empty bucket."""
    name = f"test-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=name)
    return name


def configure(client: Any, bucket: str, **configurations: Any) -> None:
    client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configurations)


def send_everything(client: Any, bucket: str) -> None:
    configure(client, bucket, LambdaFunctionConfigurations=[{"LambdaFunctionArn": FUNCTION, "Events": EVERYTHING}])


def filtered(**rules: str) -> dict[str, Any]:
    return {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}}


def test_a_configuration_is_told_as_it_was_put_with_ids_that_were_left_out(client: Any, bucket: str) -> None:
    assert not set(client.get_bucket_notification_configuration(Bucket=bucket)) - {"ResponseMetadata"}
    queue = {"Id": "uploads", "QueueArn": QUEUE, "Events": CREATED, "Filter": filtered(Prefix="in/", Suffix=".jpg")}
    topic = {"TopicArn": TOPIC, "Events": ["s3:ObjectRemoved:Delete", "s3:ObjectRestore:Completed"]}
    function = {"Id": "f", "LambdaFunctionArn": FUNCTION, "Events": CREATED, "Filter": filtered(Prefix="out/ä&<")}
    configure(
        client,
        bucket,
        QueueConfigurations=[queue],
        TopicConfigurations=[topic],
        LambdaFunctionConfigurations=[function],
    )
    told = client.get_bucket_notification_configuration(Bucket=bucket)
    assert told["QueueConfigurations"] == [queue]
    assert told["LambdaFunctionConfigurations"] == [function]
    [told_topic] = told["TopicConfigurations"]
    assert told_topic.pop("Id") and told_topic == topic
    configure(client, bucket)
    assert not set(client.get_bucket_notification_configuration(Bucket=bucket)) - {"ResponseMetadata"}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"QueueConfigurations": [{"QueueArn": QUEUE, **first}, {"QueueArn": QUEUE + "2", **second}]}


OVERLAPS = [
    two({"Events": CREATED}, {"Events": ["s3:ObjectCreated:Put"]}),
    two({"Events": CREATED}, {"Events": CREATED, "Filter": filtered(prefix="a")}),
    two({"Events": CREATED, "Filter": filtered(prefix="ab")}, {"Events": CREATED, "Filter": filtered(prefix="a")}),
    two({"Events": CREATED, "Filter": filtered(prefix="a")}, {"Events": CREATED, "Filter": filtered(suffix=".jpg")}),
    two({"Events": CREATED, "Filter": filtered(suffix="g")}, {"Events": CREATED, "Filter": filtered(suffix=".jpg")}),
    {
        "QueueConfigurations": [{"QueueArn": QUEUE, "Events": CREATED}],
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:Copy"]}],
    },
]
APART = [
    two({"Events": CREATED}, {"Events": ["s3:ObjectRemoved:*"]}),
    two({"Events": CREATED, "Filter": filtered(prefix="a")}, {"Events": CREATED, "Filter": filtered(prefix="b")}),
    two(
        {"Events": CREATED, "Filter": filtered(prefix="a", suffix=".jpg")},
        {"Events": CREATED, "Filter": filtered(prefix="a", suffix=".png")},
    ),
    two({"Events": ["s3:ObjectCreated:Put"]}, {"Events": ["s3:ObjectCreated:Post", "s3:ObjectCreated:Copy"]}),
]


@pytest.mark.parametrize("configuration", OVERLAPS)
def test_two_configurations_for_the_same_event_of_a_key_are_refused(
    client: Any, bucket: str, configuration: dict[str, Any]
) -> None:
    with s3_error("InvalidArgument", 400):
        configure(client, bucket, **configuration)
    assert not set(client.get_bucket_notification_configuration(Bucket=bucket)) - {"ResponseMetadata"}


@pytest.mark.parametrize("configuration", APART)
def test_configurations_for_different_events_or_keys_stand_together(
    client: Any, bucket: str, configuration: dict[str, Any]
) -> None:
    configure(client, bucket, **configuration)
    assert len(client.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]) == 2


WRONG = {
    "event": {"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:Patch"]},
    "arn": {"QueueArn": "uploads", "Events": CREATED},
    "service": {"QueueArn": TOPIC, "Events": CREATED},
    "region": {"QueueArn": QUEUE.replace("us-east-1", "eu-west-1"), "Events": CREATED},
    "fifo": {"QueueArn": QUEUE + ".fifo", "Events": CREATED},
    "rule": {"QueueArn": QUEUE, "Events": CREATED, "Filter": filtered(infix="a")},
    "twice": {
        "QueueArn": QUEUE,
        "Events": CREATED,
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}, {"Name": "Prefix", "Value": "b"}]}},
    },
    "id": {"Id": "i" * 256, "QueueArn": QUEUE, "Events": CREATED},
}


@pytest.mark.parametrize("queue", WRONG.values(), ids=WRONG)
def test_what_s3_refuses_is_refused(client: Any, bucket: str, queue: dict[str, Any]) -> None:
    with s3_error("InvalidArgument", 400):
        configure(client, bucket, QueueConfigurations=[queue])


def test_ids_are_unique(client: Any, bucket: str) -> None:
    with s3_error("InvalidArgument", 400):
        configure(
            client, bucket, **two({"Id": "i", "Events": CREATED}, {"Id": "i", "Events": ["s3:ObjectRemoved:Delete"]})
        )


def test_no_events_is_not_a_configuration_and_eventbridge_is_not_carried_out(client: Any, bucket: str) -> None:
    with s3_error("MalformedXML", 400):
        configure(client, bucket, QueueConfigurations=[{"QueueArn": QUEUE, "Events": []}])
    with s3_error("NotImplemented", 501):
        configure(client, bucket, EventBridgeConfiguration={})


def test_without_an_address_for_events_destinations_cannot_be_validated(endpoint: str, account: str) -> None:
    client = s3_client(endpoint, account)
    bucket = f"test-{secrets.token_hex(8)}"
    client.create_bucket(Bucket=bucket)
    queues = {"QueueConfigurations": [{"QueueArn": QUEUE, "Events": CREATED}]}
    with s3_error("InvalidArgument", 400) as response:
        configure(client, bucket, **queues)
    assert response["Error"]["ArgumentName1"] == QUEUE
    assert "CUSTOM_LABELS_EVENTS_WEBHOOK_URL" in response["Error"]["ArgumentValue1"]
    client.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=queues, SkipDestinationValidation=True
    )
    assert client.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    client.close()


def test_a_put_is_told_in_s3s_own_json(client: Any, bucket: str, webhook: Webhook) -> None:
    functions = [{"Id": "uploads", "LambdaFunctionArn": FUNCTION, "Events": CREATED}]
    configure(client, bucket, LambdaFunctionConfigurations=functions)
    put = client.put_object(Bucket=bucket, Key="in/red flower+ü&.jpg", Body=b"12345")
    [record] = webhook.wait_for(1)
    assert record["eventName"] == "ObjectCreated:Put"
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert record["userIdentity"] == {"principalId": f"AWS:{ACCOUNT}"}
    assert record["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}
    assert record["responseElements"]["x-amz-request-id"] == put["ResponseMetadata"]["RequestId"]
    told = record["s3"]
    assert (told["s3SchemaVersion"], told["configurationId"]) == ("1.0", "uploads")
    assert (told["bucket"]["name"], told["bucket"]["arn"]) == (bucket, f"arn:aws:s3:::{bucket}")
    sequencer = told["object"].pop("sequencer")
    assert int(sequencer, 16) > 0
    assert told["object"] == {"key": "in/red+flower%2B%C3%BC%26.jpg", "size": 5, "eTag": put["ETag"].strip('"')}
    assert webhook.destinations == [FUNCTION]


def test_every_way_of_making_and_removing_an_object_is_told(client: Any, bucket: str, webhook: Webhook) -> None:
    send_everything(client, bucket)
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    client.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    upload = client.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    part = client.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"123")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    client.complete_multipart_upload(Bucket=bucket, Key="c", UploadId=upload, MultipartUpload=parts)
    _post(client.generate_presigned_post(bucket, "d"))
    client.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    client.delete_object_tagging(Bucket=bucket, Key="a")
    client.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    client.delete_object(Bucket=bucket, Key="a")
    client.delete_object(Bucket=bucket, Key="was never there")
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    webhook.wait_for(10)
    assert sorted(webhook.names()) == sorted(
        [
            ("ObjectCreated:Put", "a"),
            ("ObjectCreated:Copy", "b"),
            ("ObjectCreated:CompleteMultipartUpload", "c"),
            ("ObjectCreated:Post", "d"),
            ("ObjectTagging:Put", "a"),
            ("ObjectTagging:Delete", "a"),
            ("ObjectAcl:Put", "a"),
            *(("ObjectRemoved:Delete", key) for key in "abc"),
        ]
    )
    of_a = [name for name, key in webhook.names() if key == "a"]
    assert of_a == [
        *("ObjectCreated:Put", "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put"),
        "ObjectRemoved:Delete",
    ]
    [whole] = [record["s3"]["object"] for record in webhook.records if record["s3"]["object"]["key"] == "c"][:1]
    assert (whole["size"], whole["eTag"][-2:]) == (3, "-1")


def _post(form: dict[str, Any]) -> None:
    boundary = "boundary"
    fields = "".join(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    )
    file = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="d"\r\n\r\n1\r\n--{boundary}--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(form["url"], (fields + file).encode(), headers)
    urllib.request.urlopen(request).close()


def test_versions_and_delete_markers_are_told(client: Any, bucket: str, webhook: Webhook) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    send_everything(client, bucket)
    version = client.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    marker = client.delete_object(Bucket=bucket, Key="a")["VersionId"]
    client.delete_object(Bucket=bucket, Key="a", VersionId=version)
    records = webhook.wait_for(3)
    assert [(record["eventName"], record["s3"]["object"]["versionId"]) for record in records] == [
        ("ObjectCreated:Put", version),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version),
    ]
    sequencers = [record["s3"]["object"]["sequencer"] for record in records]
    assert sequencers == sorted(set(sequencers))


def test_only_keys_within_the_filter_are_told(client: Any, bucket: str, webhook: Webhook) -> None:
    function = {"LambdaFunctionArn": FUNCTION, "Events": CREATED, "Filter": filtered(prefix="in/", suffix=".jpg")}
    configure(client, bucket, LambdaFunctionConfigurations=[function])
    for key in ("in/a.png", "out/a.jpg", "in/a.jpg"):
        client.put_object(Bucket=bucket, Key=key, Body=b"1")
    webhook.wait_for(1)
    assert webhook.names() == [("ObjectCreated:Put", "in/a.jpg")]


def test_queues_and_topics_get_s3s_test_event_and_functions_do_not(client: Any, bucket: str, webhook: Webhook) -> None:
    configure(
        client,
        bucket,
        QueueConfigurations=[{"QueueArn": QUEUE, "Events": CREATED, "Filter": filtered(prefix="a")}],
        LambdaFunctionConfigurations=[
            {"LambdaFunctionArn": FUNCTION, "Events": CREATED, "Filter": filtered(prefix="b")}
        ],
    )
    client.put_object(Bucket=bucket, Key="b", Body=b"1")
    webhook.wait_for(1)
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    webhook.wait_for(2)
    [test] = wait_until(lambda: [document for document in webhook.taken if "Records" not in document], pause=0.01)
    assert (test["Event"], test["Service"], test["Bucket"]) == ("s3:TestEvent", "Amazon S3", bucket)
    assert sorted(webhook.destinations) == sorted([QUEUE, QUEUE, FUNCTION])


def test_what_a_webhook_refuses_is_sent_again_in_order_and_other_keys_go_on(
    client: Any, bucket: str, webhook: Webhook
) -> None:
    send_everything(client, bucket)
    refusals = webhook.refused + 2

    def key_of(document: dict[str, Any]) -> str:
        return str(document["Records"][0]["s3"]["object"]["key"])

    def status(document: dict[str, Any]) -> int:
        is_other_taken = any(key_of(taken) == "quick" for taken in webhook.taken)
        return 500 if key_of(document) == "slow" and not (is_other_taken and webhook.refused >= refusals) else 200

    webhook.status_for = status
    try:
        for body in (b"1", b"12", b"123"):
            client.put_object(Bucket=bucket, Key="slow", Body=body)
        client.put_object(Bucket=bucket, Key="quick", Body=b"1")
        records = webhook.wait_for(4)
    finally:
        webhook.status_for = lambda _: 200
    sizes = [record["s3"]["object"]["size"] for record in records if record["s3"]["object"]["key"] == "slow"]
    assert sizes == [1, 2, 3]
    assert webhook.names()[0] == ("ObjectCreated:Put", "quick")
    assert webhook.refused >= refusals
