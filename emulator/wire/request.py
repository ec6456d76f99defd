"""What the stages of the edge hand on: the request as it gets known, the call that operations see, the answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.wire.asgi import Receive, Scope
from emulator.wire.identity import Identity
from emulator.wire.service_model import Members, MutableMembers, OperationModel


@dataclass(slots=True)
class Call:
    """One call of an operation, as its implementation sees it.

    `parameters` are the validated members under their model names (empty until the request passed validation),
    `received_at` is epoch seconds, `user_agent` the SDK's User-Agent or "" (waiters are recognised by it, O-18).
    """

    operation: str
    identity: Identity
    request_id: str
    user_agent: str
    received_at: float
    parameters: MutableMembers = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """An HTTP answer: status, body and headers beside those that every answer carries."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Request:
    """A request on its way through the stages; a field is set once its stage has passed.

    `headers` have lowercase names. `call` is set by the stage that finds the operation; gates may rely on `identity`,
    `operation` and `call`.
    """

    scope: Scope
    receive: Receive
    headers: Mapping[bytes, bytes]
    request_id: str
    received_at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)
    body: bytes = b""
    identity: Identity | None = None
    operation: OperationModel | None = None
    call: Call | None = None
    result: Members | None = None
