"""Parts that a start does not wait for: built in the background once it is ready, or by the first request for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.wire.asgi import App, Receive, Scope, Send


class Deferred:
    """An ASGI application that is imported and built in a thread, once. `build` imports what it needs by itself."""

    def __init__(self, build: Callable[[], App]) -> None:
        self._build = build
        self._app: App | None = None
        self._building: asyncio.Task[App] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, after waiting for the application where it is not there yet."""
        app = self._app or await self.built()
        await app(scope, receive, send)

    async def built(self) -> App:
        """The application; everybody waits for the one who began to build it. A build that failed is tried again."""
        if self._app is None:
            if self._building is None:
                self._building = asyncio.create_task(asyncio.to_thread(self._build))
            try:
                self._app = await asyncio.shield(self._building)
            except Exception:
                self._building = None
                raise
        return self._app
