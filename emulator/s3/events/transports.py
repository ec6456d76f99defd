"""The ways in which events leave: a webhook, and another endpoint's SQS, SNS and Lambda."""

from __future__ import annotations

import threading
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.s3.index.events import WaitingEvent
from emulator.s3.rules.notification import FUNCTION, QUEUE, Destination, parse_destination

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
SUBJECT = "Amazon S3 Notification"


class DeliveryError(Exception):
    """An event was not taken; the message says by whom and why.

    `is_of_destination` says that other events for the same destination would not be taken either.
    """

    def __init__(self, message: str, *, is_of_destination: bool) -> None:
        super().__init__(message)
        self.is_of_destination = is_of_destination


class Transport(Protocol):
    """One way. `name` is what `events.sent_to` remembers; it must not change between releases."""

    name: str

    def send(self, event: WaitingEvent) -> None:
        """Hand over one event; it was taken when this returns. Raises DeliveryError."""
        ...

    def problem_with(self, destination: Destination, account: str) -> str | None:
        """Why a destination cannot be sent to on behalf of an account; None where nothing is known against it."""
        ...


class Webhook:
    """A POST of the event's JSON to one address, whatever the destination; any answer of 200 to 299 takes it.

    The destination's ARN is in the header `x-custom-labels-destination`. Redirects are not followed.
    """

    name = "webhook"

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._is_secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._shown = f"{parts.scheme}://{self._host}" + (f":{self._port}" if self._port else "")

    def send(self, event: WaitingEvent) -> None:
        """See Transport."""
        from http.client import HTTPConnection, HTTPException, HTTPSConnection  # a start need not wait for it

        kind = HTTPSConnection if self._is_secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=ANSWER_SECONDS)
        headers = {"content-type": "application/json", "x-custom-labels-destination": event.destination}
        try:
            connection.request("POST", self._path, event.body.encode(), headers)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            why = f"the webhook {self._shown} cannot be reached: {error or type(error).__name__}"
            raise DeliveryError(why, is_of_destination=True) from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise DeliveryError(f"the webhook {self._shown} answered {status}", is_of_destination=False)

    def problem_with(self, destination: Destination, account: str) -> str | None:  # noqa: ARG002
        """A webhook takes events of every destination."""
        return None


class AwsEndpoint:
    """SQS, SNS and Lambda of another endpoint, such as moto's server or LocalStack, through boto3.

    Calls are signed with the account of the bucket's owner as access key, which is how such servers tell accounts.
    """

    name = "endpoint"

    def __init__(self, address: str) -> None:
        self._address = address
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._queues: dict[str, str] = {}
        self._lock = threading.Lock()

    def send(self, event: WaitingEvent) -> None:
        """See Transport."""
        destination = parse_destination(event.destination)
        with self._own_errors(destination):
            client = self._client(destination, event.account)
            if destination.service == QUEUE:
                client.send_message(QueueUrl=self._queue(client, destination), MessageBody=event.body)
            elif destination.service == FUNCTION:
                client.invoke(FunctionName=destination.arn, InvocationType="Event", Payload=event.body.encode())
            else:
                client.publish(TopicArn=destination.arn, Message=event.body, Subject=SUBJECT)

    def problem_with(self, destination: Destination, account: str) -> str | None:
        """Asks the endpoint for it."""
        try:
            with self._own_errors(destination):
                client = self._client(destination, account)
                if destination.service == QUEUE:
                    self._queue(client, destination)
                elif destination.service == FUNCTION:
                    client.get_function(FunctionName=destination.arn)
                else:
                    client.get_topic_attributes(TopicArn=destination.arn)
        except DeliveryError as error:
            return str(error)
        return None

    def _own_errors(self, destination: Destination) -> _OwnErrors:
        return _OwnErrors(self._queues, destination)

    def _queue(self, client: Any, destination: Destination) -> str:
        known = self._queues.get(destination.arn)
        if known is None:
            answer = client.get_queue_url(QueueName=destination.resource, QueueOwnerAWSAccountId=destination.account)
            known = self._queues[destination.arn] = str(answer["QueueUrl"])
        return known

    def _client(self, destination: Destination, account: str) -> Any:
        # Imported when the first event leaves: an emulator that sends none need not load it.
        import boto3
        from botocore.config import Config

        key = (destination.service, destination.region, account)
        with self._lock:  # making clients is not safe from several threads at once, using them is
            if key not in self._clients:
                self._clients[key] = boto3.session.Session().client(
                    destination.service,
                    endpoint_url=self._address,
                    region_name=destination.region,
                    aws_access_key_id=account,
                    aws_secret_access_key="events",
                    config=Config(
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=ANSWER_SECONDS,
                        retries={"total_max_attempts": 1},
                        proxies={},
                    ),
                )
            return self._clients[key]


class _OwnErrors:
    """What boto3 raises becomes a DeliveryError; the queue's address is asked for again after it."""

    def __init__(self, queues: dict[str, str], destination: Destination) -> None:
        self._queues = queues
        self._destination = destination

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, (BotoCoreError, ClientError)):
            self._queues.pop(self._destination.arn, None)
            raise DeliveryError(f"{self._destination.arn}: {error}", is_of_destination=True) from error
