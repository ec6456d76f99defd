"""Bounds on what comes before a request's body: how many bytes of headers there may be, and how long they may take.

uvicorn reads headers of any length into memory, slower the longer they are, while everybody else waits.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.server.whole_answers import WholeAnswers

MOST_HEADER_BYTES = 64 * 1024
"""Of the request line, the headers, and trailers behind a body, together; S3 takes 8 KB of headers."""

HEADER_SECONDS = 30.0
"""From the first byte of a request to the end of its headers."""

SILENT_SECONDS = 75.0
"""How long a new connection may say nothing."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with these bounds: 431 for headers that are too large, 408 for too slow ones."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pending_bytes = 0  # received since anything was last understood
        self._bound = 0  # no headers or trailers that end in this piece are longer
        self._is_in_message = False
        self._is_in_headers = False
        self._is_refused = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = WholeAnswers(transport, self.loop)  # type: ignore[assignment]
        self._deadline = self.loop.call_later(SILENT_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take the next bytes; refuse headers without end."""
        if self._is_refused:
            return
        self._pending_bytes += len(data)
        self._bound += len(data)
        super().data_received(data)
        if self._pending_bytes > MOST_HEADER_BYTES:
            self._refuse(431, "Request Header Fields Too Large")
        if not self._is_in_message:
            self._bound = 0
        if self._is_in_headers and self._deadline is None:  # most headers come in one piece, and need no clock
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._refuse, 408, "Request Timeout")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._end_wait()
        self._is_in_message = self._is_in_headers = True

    def on_headers_complete(self) -> None:
        self._end_wait()
        self._is_in_headers = False
        self._check_size()
        self._pending_bytes = 0
        if not self._is_refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending_bytes = 0
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._check_size()  # again, for the trailers
        self._is_in_message = False
        self._pending_bytes = 0
        if not self._is_refused:
            super().on_message_complete()

    def _check_size(self) -> None:
        """Count what was understood, which few requests need: the others are shorter as a whole."""
        if self._bound > MOST_HEADER_BYTES and (
            len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEADER_BYTES
        ):
            self._refuse(431, "Request Header Fields Too Large")

    def _end_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer and close, without the application; an answer that is under way is cut off."""
        if self._is_refused:
            return
        self._is_refused = True
        self._end_wait()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(
                f"HTTP/1.1 {status} {reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode("latin-1")
            )
        self.transport.close()
