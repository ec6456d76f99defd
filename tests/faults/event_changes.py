"""Chaos on events of objects: each write that was answered is told at least once, in order for a key, and no other."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from support.webhook import Webhook
from tests.faults.account import Account, Step
from tests.faults.ledger import Lost

KEYS = ("a", "b", "c")
_FUNCTION = "arn:aws:lambda:us-east-1:{account}:function:chaos"


class EventChanges:
    """Objects of a bucket whose writes are told to a webhook. Each body is another, so its ETag names the write."""

    def __init__(self, account: Account, webhook: Webhook, seconds: float) -> None:
        """`seconds`: how long after a start an event may come."""
        self._account = account
        self._webhook = webhook
        self._seconds = seconds
        self.bucket = f"events-{account.name}"
        self._possible: set[str] = set()
        self._read = 0
        self.forget()

    def forget(self) -> None:
        """After a reset: no bucket is there, and what was to be told of it need not be told."""
        self._is_there = False
        self._told: dict[str, list[str]] = {key: [] for key in KEYS}
        self._came: dict[str, list[str]] = {key: [] for key in KEYS}

    def steps(self) -> list[tuple[Step, float]]:
        return [(self.put, 3), (self.copy, 1)]

    def put(self) -> None:
        body = self._account.new_body()
        self._write(body, lambda place: self._account.s3.put_object(**place, Body=body))

    def copy(self) -> None:
        """Of an object of its own, which nobody is told of."""
        body, source = self._account.new_body(), {"Bucket": self._account.bucket, "Key": "source of an event"}
        self._account.s3.put_object(**source, Body=body)
        self._write(body, lambda place: self._account.s3.copy_object(**place, CopySource=source))

    def _write(self, body: bytes, call: Callable[[dict[str, str]], Any]) -> None:
        self._make_bucket()
        key, tag = self._account.random.choice(KEYS), hashlib.md5(body).hexdigest()
        self._possible.add(tag)
        call({"Bucket": self.bucket, "Key": key})
        self._told[key].append(tag)

    def _make_bucket(self) -> None:
        if self._is_there:
            return
        function = {
            "LambdaFunctionArn": _FUNCTION.format(account=self._account.name),
            "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
        }
        self._account.s3.create_bucket(Bucket=self.bucket)
        self._account.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [function]}
        )
        self._is_there = True

    def check(self) -> None:
        """Wait for every event that is due. Raises Lost for one that is missing, tells of nothing, or is too early."""
        deadline = time.monotonic() + self._seconds
        while missing := self._missing():
            if time.monotonic() > deadline:
                raise Lost(f"{len(missing)} events were not told within {self._seconds} s, the first: {missing[0]}")
            time.sleep(0.02)
        for key, told in self._told.items():
            came = [tag for tag in self._came[key] if tag in set(told)]
            if came != told:
                raise Lost(f"events of {self.bucket}/{key} came in the order {came}, and not {told}")
            told.clear()
            self._came[key].clear()

    def _missing(self) -> list[tuple[str, str]]:
        self._take_in()
        return [(key, tag) for key, told in self._told.items() for tag in told if tag not in self._came[key]]

    def _take_in(self) -> None:
        """What came since the last look; of an event that comes again, the first counts."""
        new = self._webhook.taken[self._read :]
        self._read += len(new)
        for record in (record for document in new for record in document.get("Records", [])):
            if record["s3"]["bucket"]["name"] != self.bucket:
                continue
            key, tag = record["s3"]["object"]["key"], record["s3"]["object"]["eTag"]
            if tag not in self._possible:
                raise Lost(f"an event of {self.bucket}/{key} tells of a write that nobody asked for")
            if tag not in self._came[key]:
                self._came[key].append(tag)
