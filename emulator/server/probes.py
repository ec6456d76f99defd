"""Answers health and readiness before all else: the application of the other control paths is built behind them."""

from __future__ import annotations

import json
from collections.abc import Callable

from emulator.control.probes import HEALTH, READY, health_answer, ready_answer
from emulator.wire.asgi import App, Receive, Scope, Send


class Probes:
    """Answers GET and HEAD of the two paths, for everybody and always; hands on whatever else comes."""

    def __init__(self, version: str, is_ready: Callable[[], bool], app: App) -> None:
        self._version = version
        self._is_ready = is_ready
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["path"] not in (HEALTH, READY) or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        is_health = scope["path"] == HEALTH
        status, document = health_answer(self._version) if is_health else ready_answer(self._is_ready())
        body = json.dumps(document, separators=(",", ":")).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
