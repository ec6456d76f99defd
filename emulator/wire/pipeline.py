"""The Rekognition endpoint as an ASGI application: a list of stages, and one place where exceptions become AWS errors.

Chosen where AWS is silent: whatever is not a `POST /` with a known `X-Amz-Target` is UnknownOperationException with
HTTP 400, in JSON; a body over the limit is ValidationException for DetectCustomLabels, whose image is then too long,
and RequestEntityTooLargeException (413) for the others; an operation of Rekognition outside Custom Labels is
AccessDeniedException, which no SDK retries.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence

from emulator.wire import cors, errors
from emulator.wire.asgi import BodyTooLargeError, ClientDisconnectedError, Receive, Scope, Send, read_body
from emulator.wire.errors import AwsError
from emulator.wire.identity import AccountResolver, Identity, identify
from emulator.wire.request import Answer, Call, Request
from emulator.wire.serializer import serialize, text_length
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, Members, ServiceModel
from emulator.wire.validation import parse_input

BODY_LIMIT = 12 * 2**20
"""Bytes of a request body. Base64 of the 7,843,602-byte image that AWS answers with ValidationException fits
(api-facts §1.5).
"""

THREADED_BODY_SIZE = 256 * 1024
"""Bytes from which a body is parsed and checked, or written, in a thread, so that the event loop stays free."""

CONTENT_TYPE = b"application/x-amz-json-1.1"

Dispatch = Callable[[Call], Awaitable[Members]]
Gate = Callable[[Request], Awaitable[None]]
Admit = Callable[[Scope, str], Identity]
"""Verifies the signature of a request, given its scope and the SHA-256 of its body in hexadecimal. Raises AwsError."""
Stage = Callable[[Request], Awaitable[Answer | None]]
Observe = Callable[[Call | None, str, float], None]
"""Told of every answer: the call (None before its operation is known), "OK" or the error code, and the seconds it
took.
"""

access_log = logging.getLogger("custom_labels.access")
logger = logging.getLogger(__name__)


class RekognitionEdge:
    """ASGI application that answers AWS JSON 1.1 requests for Rekognition.

    `dispatch` carries out a validated call and gives the result under the model's names. `gates` run between finding
    the operation and validating its input; they refuse by raising AwsError. `account_of` resolves access keys that
    the emulator handed out; `admit`, where it is given, verifies signatures instead of reading them (O-33).
    """

    def __init__(
        self,
        model: ServiceModel,
        dispatch: Dispatch,
        *,
        default_account: str = "000000000000",
        gates: Sequence[Gate] = (),
        account_of: AccountResolver | None = None,
        observe: Observe | None = None,
        admit: Admit | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._model = model
        self._dispatch = dispatch
        self._default_account = default_account
        self._gates = tuple(gates)
        self._account_of = account_of
        self._observe = observe
        self._admit = admit
        self._body_limit = body_limit
        self._target_prefix = model.target_prefix.encode() + b"."
        self.stages: tuple[Stage, ...] = (
            self._answer_preflight,
            self._check_method_and_path,
            self._read_body,
            self._identify_caller if admit is None else self._admit_caller,
            self._find_operation,
            self._pass_gates,
            self._validate,
            self._carry_out,
            self._serialize,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, dict(scope["headers"]), str(uuid.uuid4()))
        try:
            answer, code = await self._answer(request)
        except ClientDisconnectedError:
            self._record(request, "ClientDisconnected")
            return
        self._record(request, code)
        await self._send(request, answer, send)

    async def _answer(self, request: Request) -> tuple[Answer, str]:
        """Walk the stages until one answers. The only place where exceptions turn into answers."""
        try:
            for stage in self.stages:
                answer = await stage(request)
                if answer is not None:
                    return answer, "OK"
            raise RuntimeError("no stage answered the request")
        except ClientDisconnectedError:
            raise
        except AwsError as error:
            return Answer(error.status, errors.render(error, request.request_id)), error.code
        except Exception:
            name = request.operation.name if request.operation else "a request"
            logger.exception("%s failed, request id %s", name, request.request_id)
            internal = errors.internal()
            return Answer(internal.status, errors.render(internal, request.request_id)), internal.code

    # Stages, in their order

    async def _answer_preflight(self, request: Request) -> Answer | None:
        if cors.is_preflight(request.scope["method"]):
            return Answer(200, b"", cors.preflight_headers(request.headers))
        return None

    async def _check_method_and_path(self, request: Request) -> None:
        if request.scope["method"] != "POST" or request.scope["path"] not in ("/", ""):
            raise errors.unknown_operation()

    async def _read_body(self, request: Request) -> None:
        announced = request.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._body_limit:
            raise self._too_large(request, int(announced))
        try:
            request.body = await read_body(request.receive, self._body_limit)
        except BodyTooLargeError:
            raise self._too_large(request, self._body_limit + 1) from None

    async def _identify_caller(self, request: Request) -> None:
        query_string = request.scope.get("query_string", b"")
        request.identity = identify(request.headers, query_string, self._default_account, self._account_of)

    async def _admit_caller(self, request: Request) -> None:
        assert self._admit is not None
        if len(request.body) < THREADED_BODY_SIZE:
            body_hash = hashlib.sha256(request.body).hexdigest()
        else:
            body_hash = (await asyncio.to_thread(hashlib.sha256, request.body)).hexdigest()
        request.identity = self._admit(request.scope, body_hash)

    async def _find_operation(self, request: Request) -> None:
        assert request.identity is not None
        operation = self._model.operations.get(self._operation_name(request))
        if operation is None:
            raise errors.unknown_operation()
        request.operation = operation
        request.call = Call(
            operation=operation.name,
            identity=request.identity,
            request_id=request.request_id,
            user_agent=request.headers.get(b"user-agent", b"").decode("latin-1"),
            received_at=request.received_at,
        )
        if operation.name not in CUSTOM_LABELS_OPERATIONS:
            raise errors.operation_not_emulated(operation.name)

    async def _pass_gates(self, request: Request) -> None:
        for gate in self._gates:
            await gate(request)

    async def _validate(self, request: Request) -> None:
        assert request.call is not None
        arguments = (self._model, request.call.operation, request.body)
        if len(request.body) < THREADED_BODY_SIZE:
            request.call.parameters = parse_input(*arguments)
        else:
            request.call.parameters = await asyncio.to_thread(parse_input, *arguments)
        request.body = b""

    async def _carry_out(self, request: Request) -> None:
        assert request.call is not None
        request.result = await self._dispatch(request.call)

    async def _serialize(self, request: Request) -> Answer:
        assert request.call is not None and request.result is not None
        arguments = (self._model, request.call.operation, request.result)
        if text_length(request.result) < THREADED_BODY_SIZE:
            return Answer(200, serialize(*arguments))
        return Answer(200, await asyncio.to_thread(serialize, *arguments, in_pieces=True))

    # Helpers of the stages

    def _operation_name(self, request: Request) -> str:
        """The operation that X-Amz-Target names, or "" where it names none of this service."""
        target = request.headers.get(b"x-amz-target", b"")
        if not target.startswith(self._target_prefix):
            return ""
        return target[len(self._target_prefix) :].decode("latin-1")

    def _too_large(self, request: Request, size: int) -> AwsError:
        """The error about a body of at least `size` bytes, which is not read: its image has three quarters of them."""
        if self._operation_name(request) == "DetectCustomLabels":
            return errors.image_too_long(size * 3 // 4, self._model.shapes["ImageBlob"]["max"])
        return errors.request_too_large(self._body_limit)

    async def _send(self, request: Request, answer: Answer, send: Send) -> None:
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"x-amzn-requestid", request.request_id.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            *(answer.headers or cors.response_headers(request.headers)),
        ]
        if request.scope.get("http_version") == "1.1" and request.headers.get(b"connection", b"").lower() != b"close":
            headers.append((b"connection", b"keep-alive"))
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
        except OSError:
            logger.debug("the client of request %s went away before its answer", request.request_id)

    def _record(self, request: Request, code: str) -> None:
        """One access line and one observation per request, from the same figures."""
        seconds = time.perf_counter() - request.started
        if access_log.isEnabledFor(logging.INFO):
            identity = request.identity
            access_log.info(
                "%s account=%s region=%s code=%s ms=%.2f request_id=%s",
                request.operation.name if request.operation else request.scope["method"],
                identity.account if identity else "-",
                identity.region if identity else "-",
                code,
                seconds * 1000,
                request.request_id,
            )
        if self._observe is not None:
            try:
                self._observe(request.call, code, seconds)
            except Exception:
                logger.exception("the observer failed on request %s", request.request_id)
