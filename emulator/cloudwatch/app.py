"""The ASGI application that answers as CloudWatch (signing name `monitoring`) on the emulator's port."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.cloudwatch.errors import CloudWatchError, MalformedBodyError, NotLetInError, UnknownActionError
from emulator.cloudwatch.parameters import Parameters
from emulator.cloudwatch.protocols import BODY_LIMIT, protocol_of, read_request, write_answer, write_error
from emulator.cloudwatch.queries import MetricReader, get_metric_data, get_metric_statistics, list_metrics
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.metrics_series import MetricStore
from emulator.wire.asgi import BodyTooLargeError, ClientDisconnectedError, Receive, Scope, Send, read_body
from emulator.wire.refused import SignatureRefused, json_error, query_error

if TYPE_CHECKING:
    from emulator.domain.iam.rights import Rights

OPERATIONS: dict[str, Callable[[Parameters, MetricReader], JsonObject]] = {
    "GetMetricData": get_metric_data,
    "GetMetricStatistics": get_metric_statistics,
    "ListMetrics": list_metrics,
}

logger = logging.getLogger(__name__)


class CloudWatchApp:
    """CloudWatch over what the emulator measures.

    `now` gives the time of an account's clock, so that manual time moves the metrics; `refresh` is called before each
    answer, to bring in what running versions did since. The scope must hold `aws.account` and `aws.region` (O-20).
    """

    def __init__(self, store: MetricStore, now: Callable[[str], float], refresh: Callable[[], None]) -> None:
        self._store = store
        self._now = now
        self._refresh = refresh

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = str(uuid.uuid4())
        try:
            body = await _body(receive)
            _require_signature(scope)
            request = read_request(scope["path"], scope["query_string"].decode("latin-1"), headers, body)
            _require_right(scope, request.operation)
            answer = await self._answer(
                request.operation, request.parameters, scope["aws.account"], scope["aws.region"]
            )
            status, (answer_headers, answer_body) = 200, write_answer(request, answer, request_id)
        except CloudWatchError as error:
            logger.debug("CloudWatch refused: %s", error)
            status, (answer_headers, answer_body) = error.status, write_error(protocol_of(headers), error, request_id)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in answer_headers.items()]
        raw.append((b"content-length", str(len(answer_body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": answer_body})

    async def _answer(self, operation: str, parameters: object, account: str, region: str) -> JsonObject:
        if operation not in OPERATIONS:
            raise UnknownActionError(operation)
        self._refresh()
        reader = MetricReader(self._store, account, region, self._now(account))
        # Hundreds of queries over days of minutes take longer than the event loop can wait.
        return await asyncio.to_thread(OPERATIONS[operation], Parameters(parameters), reader)


async def _body(receive: Receive) -> bytes:
    try:
        return await read_body(receive, BODY_LIMIT)
    except ClientDisconnectedError:
        raise MalformedBodyError("The client went away.") from None
    except BodyTooLargeError:
        raise MalformedBodyError(f"The body is over {BODY_LIMIT} bytes.") from None


def _require_signature(scope: Scope) -> None:
    """Raises NotLetInError for a signature that was refused."""
    refused = scope.get("aws.refusal")
    if isinstance(refused, SignatureRefused):
        status, query_code, message = query_error(refused)
        raise NotLetInError(json_error(refused).code, query_code, message, status)


def _require_right(scope: Scope, operation: str) -> None:
    """Raises NotLetInError unless the caller may read metrics: CloudWatch's actions know no resources."""
    rights: Rights | None = scope.get("aws.rights")
    if rights is None:
        return
    decision = rights.ask(f"cloudwatch:{operation}", "*")
    if not rights.permits(decision):
        raise NotLetInError("AccessDeniedException", "AccessDenied", decision.message, 403)
