"""The embedded S3 over HTTP, as an ASGI application: request in, handler in a worker thread, answer out."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime

from emulator.domain.full_disk import FULL_DISK, is_full_disk
from emulator.s3.errors import NotModified, S3Error
from emulator.s3.handlers import access
from emulator.s3.handlers.context import Call
from emulator.s3.http import authorization, presigned
from emulator.s3.http.body import (
    LARGEST_DOCUMENT,
    LARGEST_OBJECT,
    Body,
    ClientGoneError,
    MemoryBudget,
    discard_body,
    receive_body,
)
from emulator.s3.http.checksums import without_checksums
from emulator.s3.http.request import S3Request, read_request
from emulator.s3.http.response import S3Response, asgi_headers, error_response, not_modified
from emulator.s3.routes import route
from emulator.s3.vault import DamagedBlobError, Vault
from emulator.wire.asgi import Message, Receive, Scope, Send
from emulator.wire.precedence import Precedence

logger = logging.getLogger(__name__)


class S3Application:
    """S3 on a vault. The surrounding application sets the scope as `EmbeddedS3` says, and tells of its short calls."""

    def __init__(self, vault: Vault, executor: Executor, virtual_host_domain: str, precedence: Precedence) -> None:
        self._vault = vault
        self._executor = executor
        self._virtual_host_domain = virtual_host_domain
        self._precedence = precedence
        self._budget = MemoryBudget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request_id = secrets.token_hex(8).upper()
        request: S3Request | None = None
        origin_headers: dict[str, str] = {}
        state = _BodyState(receive)
        try:
            request = read_request(scope, self._virtual_host_domain, request_id)
            origin_headers = await self._origin_headers(request)
            if scope.get("aws.foreign_origin") and not origin_headers and request.method != "OPTIONS":
                # A page of another site that no rule of the bucket lets in (O-38). Preflights have their own answer.
                raise S3Error("CORSForbidden", Method=request.method, ResourceType="OBJECT")
            response = await self._answer(request, state)
        except ClientGoneError:
            return
        except S3Error as error:
            response = error_response(error, request_id, request.path if request else "/")
        except NotModified as answer:
            response = not_modified(answer)
        except Exception as error:
            response = error_response(_unexpected(error), request_id, request.path if request else "/")
        response.headers |= origin_headers
        if not state.received:
            # Also that of a client which waits for 100-continue: it may send its body after an early answer or may not,
            # and what comes then would be taken for its next request.
            await discard_body(receive)
        await self._send(response, request, request_id, receive, send)

    async def _origin_headers(self, request: S3Request) -> dict[str, str]:
        """What lets a browser's page read the answer, be it an error that comes before any handler."""
        loop = asyncio.get_running_loop()
        if not self._vault.opened:
            await loop.run_in_executor(self._executor, self._vault.open)
        if "origin" not in request.headers or request.method == "OPTIONS":
            return {}
        return await loop.run_in_executor(self._executor, access.cors_headers, self._vault, request)

    async def _answer(self, request: S3Request, state: _BodyState) -> S3Response:
        if request.method != "OPTIONS":  # a preflight asks for the request to come, and does not speak for its signer
            authorization.refuse_unreadable(request)
            presigned.check_expiry(request.query, datetime.now(UTC))
        chosen = route(request)
        largest = LARGEST_OBJECT if chosen.takes_object else LARGEST_DOCUMENT
        headers = without_checksums(request.headers) if chosen.checksum_of_object else request.headers
        body = Body(self._vault.files, self._budget, headers, largest, chosen.takes_form, request.chunks)
        call = Call(request, body, self._vault, chosen.action)
        try:
            await receive_body(body, state.receive, self._executor)
            async with self._precedence.long_call():
                return await asyncio.get_running_loop().run_in_executor(self._executor, chosen.handler, call)
        finally:
            body.close()

    async def _send(
        self, response: S3Response, request: S3Request | None, request_id: str, receive: Receive, send: Send
    ) -> None:
        headers = asgi_headers(response, request, request_id)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.pieces is None:
            body = b"" if request is not None and request.method == "HEAD" else response.body
            await send({"type": "http.response.body", "body": body})
            return
        loop = asyncio.get_running_loop()
        pieces = response.pieces
        gone = asyncio.ensure_future(_until_disconnect(receive))
        try:
            while not gone.done():
                try:
                    piece = await loop.run_in_executor(self._executor, next, pieces, None)
                except DamagedBlobError as error:
                    logger.error("an object cannot be read: %s; `custom-labels verify` looks at all of them", error)
                    return  # the answer has begun, and breaks off before its last piece: the server closes it
                if piece is None:
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            await loop.run_in_executor(self._executor, _close, pieces)


class _BodyState:
    """Remembers whether the request's body was read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.received = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self.received = True
        return message


def _close(pieces: Generator[bytes, None, None]) -> None:
    """Close the files behind an answer; one that a shut-down interrupts is still being read and closes by itself."""
    with suppress(ValueError):
        pieces.close()


def _unexpected(error: Exception) -> S3Error:
    """What a client is told of an error that is none of S3's: to come again, or what the operator has to mend."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return S3Error("SlowDown")
    if isinstance(error, DamagedBlobError):
        logger.error("an object cannot be read: %s; `custom-labels verify` looks at all of them", error)
        return S3Error("InternalError")
    logger.error("S3 request failed", exc_info=error)
    return S3Error("InternalError", FULL_DISK) if is_full_disk(error) else S3Error("InternalError")


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
