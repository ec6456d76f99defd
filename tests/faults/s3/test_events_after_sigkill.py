"""SIGKILL while objects are written and their events sent: no acknowledged change goes untold (O-19)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from support.server import EmulatorProcess, wait_until
from support.webhook import Webhook, running_webhook

ACCOUNT = "111122223333"
BUCKET = "told-bucket"
WRITERS = 3
ROUNDS = 3


def _write(emulator: EmulatorProcess, key: str, first: int, acknowledged: list[int], sent: list[int]) -> None:
    """Overwrite one key with ever larger objects until the server dies."""
    client = emulator.client("s3", ACCOUNT)
    try:
        for size in range(first, first + 10_000):
            sent.append(size)
            client.put_object(Bucket=BUCKET, Key=key, Body=b"." * size)
            acknowledged.append(size)
    except (BotoCoreError, ClientError):
        pass  # killed


def test_every_acknowledged_put_is_told_in_order(start_emulator: Callable[..., EmulatorProcess]) -> None:
    with running_webhook() as webhook:
        environment = {"CUSTOM_LABELS_EVENTS_WEBHOOK_URL": webhook.url}
        emulator = start_emulator(environment)
        client = emulator.client("s3", ACCOUNT)
        client.create_bucket(Bucket=BUCKET)
        function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
        configurations: dict[str, Any] = {
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}]
        }
        client.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configurations)
        acknowledged: list[list[int]] = [[] for _ in range(WRITERS)]
        sent: list[list[int]] = [[] for _ in range(WRITERS)]
        for _ in range(ROUNDS):
            enough = sum(map(len, acknowledged)) + 30
            threads = [
                threading.Thread(
                    target=_write,
                    args=(emulator, str(number), 1 + len(sent[number]), acknowledged[number], sent[number]),
                )
                for number in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            while sum(map(len, acknowledged)) < enough:
                time.sleep(0.005)
            emulator.kill()
            for thread in threads:
                thread.join()
            emulator = start_emulator(environment)
        for number in range(WRITERS):
            _assert_told(webhook, str(number), acknowledged[number], sent[number])


def _assert_told(webhook: Webhook, key: str, acknowledged: list[int], sent: list[int]) -> None:
    def told() -> list[int]:
        return [record["s3"]["object"]["size"] for record in webhook.records if record["s3"]["object"]["key"] == key]

    wait_until(lambda: set(acknowledged) <= set(told()), what=f"all events of {key}")
    assert set(told()) <= set(sent)
    firsts = list(dict.fromkeys(told()))
    assert firsts == sorted(firsts)
