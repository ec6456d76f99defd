"""Answers that are written whole, so that whoever kills the process does not cut one between its head and its body."""

from __future__ import annotations

import asyncio


class WholeAnswers:
    """A transport that writes the head of an answer together with what follows.

    uvicorn writes them one by one. A process that is killed in between leaves a head without a body, which botocore
    takes for a success without members; and each write is a call of the system.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """A head waits for the next write, at most until the event loop's next turn."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/"):
            self._head = data
            self._loop.call_soon(self._write_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """After what was written."""
        self._write_head()
        self._transport.close()

    def _write_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)
