"""One account as chaos uses it: its clients, its bucket, its ledger, and every call that is answered counted."""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import boto3
from botocore.config import Config

from support.pictures import SINGLE_LABELS, Picture, single_label_pictures
from tests.faults.ledger import ControlRefusedError, Ledger, Lost

TRAIN: Sequence[Picture] = single_label_pictures(SINGLE_LABELS, 5)
TEST: Sequence[Picture] = single_label_pictures(SINGLE_LABELS, 2, seed=500)

Step = Callable[[], None]


class Part(Protocol):
    """What is done to one kind of things, and how it is compared with the ledger."""

    def steps(self) -> list[tuple[Step, float]]:
        """What is done, and how often."""
        ...

    def check(self) -> None:
        """Compare what is there with the ledger. Raises Lost."""
        ...


class Account:
    """Clients that never retry, for the emulator that runs now."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.random = random.Random(f"{name} {seed}")
        self.ledger = Ledger()
        self.bucket = f"bucket-{name}"
        self.serial = 0
        self.endpoint = ""
        self.lives = 0
        self.s3: Any = None
        self.rekognition: Any = None

    def connect(self, endpoint: str) -> None:
        """Clients for the emulator that runs now."""
        self.close()
        self.endpoint = endpoint
        self.lives += 1
        config = Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=5)
        self.s3, self.rekognition = (
            boto3.session.Session().client(
                service,
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.name,
                aws_secret_access_key="any",
                config=config,
            )
            for service in ("s3", "rekognition")
        )
        for client in (self.s3, self.rekognition):
            client.meta.events.register("after-call", self._count)

    def close(self) -> None:
        """Close their connections."""
        for client in (self.s3, self.rekognition):
            if client is not None:
                client.close()
        self.s3 = self.rekognition = None

    def control(self, method: str, path: str, document: object = None, *, counted_as: str = "") -> Any:
        """A control call's JSON, or its bytes. Raises ControlRefusedError, and Lost for a 5xx."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.endpoint}/_emulator/{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = answer.read()
                is_json = answer.headers.get_content_type() == "application/json"
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            if error.code >= 500:
                raise Lost(f"{method} {path} answered {text[:300]!r}") from error
            raise ControlRefusedError(json.loads(text)["error"]["code"]) from error
        self.ledger.acknowledged[f"{method} {counted_as or path}"] += 1
        return json.loads(body) if is_json else body

    def next_serial(self) -> str:
        """A text that was not used before."""
        self.serial += 1
        return str(self.serial)

    def new_body(self) -> bytes:
        """Bytes that no other object has, of some size."""
        size = self.random.choice([0, 500, 70_000, 1_200_000])
        return f"{self.name} {self.next_serial()} ".encode() + self.random.randbytes(size)

    def chance(self, share: float) -> bool:
        """True as often as the share says."""
        return self.random.random() < share

    def _count(self, model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            self.ledger.acknowledged[model.name] += 1
