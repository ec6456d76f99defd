"""The JSON body of a control call."""

from __future__ import annotations

import asyncio

from fastapi import Request

from emulator.control.errors import ControlError
from emulator.domain.controls.definitions import read_json_text
from emulator.domain.json_values import JsonValue

MAXIMUM_BODY_BYTES = 1024 * 1024
_READ_AT_ONCE = 64 * 1024  # bytes; more would hold the event loop for milliseconds


async def read_json(request: Request) -> JsonValue:
    """A request's JSON body. Raises ControlError."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAXIMUM_BODY_BYTES:
            raise ControlError("BodyTooLarge", f"The body is larger than {MAXIMUM_BODY_BYTES} bytes.", status=413)
    try:
        return await asyncio.to_thread(read_json_text, body) if len(body) > _READ_AT_ONCE else read_json_text(body)
    except ValueError:
        raise ControlError("InvalidJson", "The body is not valid JSON.") from None
