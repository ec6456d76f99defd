"""The console's API under /console/api: what AWS's API lacks for a console (O-31). Same origin only, signed."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from emulator.console import (
    association,
    dataset_places,
    decisions,
    deletions,
    events,
    examples,
    folder_import,
    gallery,
    ground,
    labels,
    previews,
    projects,
    proposals,
    results,
    tasks,
)
from emulator.console.context import ConsoleParts
from emulator.console.errors import add_error_handlers, error_response

ROOT = "/console/api"
MAXIMUM_BODY_BYTES = 8 * 1024 * 1024
_ROUTERS = (
    ground.router,
    gallery.router,
    labels.router,
    dataset_places.router,
    previews.router,
    projects.router,
    tasks.router,
    folder_import.router,
    deletions.router,
    association.router,
    results.router,
    proposals.router,
    examples.router,
    decisions.router,
    events.router,
)

SameSite = Callable[[Headers], bool]


def create_console_api(parts: ConsoleParts | None) -> FastAPI:
    """The API as an application of its own. Without parts it can only describe itself (`documents.console_api`)."""
    app = FastAPI(title="Custom Labels emulator console", openapi_url=f"{ROOT}/openapi.json", docs_url=None)
    app.state.parts = parts
    add_error_handlers(app)
    for router in _ROUTERS:
        app.include_router(router, prefix=ROOT)
    return app


class GuardedApi:
    """The API behind what holds for every request: its origin, the length of its body, headers of the answer."""

    def __init__(self, app: FastAPI, is_of_this_site: SameSite) -> None:
        self._app = app
        self._is_of_this_site = is_of_this_site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below /console/api."""
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, headers: Headers) -> Response | None:
        if not self._is_of_this_site(headers) or _comes_from_elsewhere(headers):
            return error_response(403, "ForeignOrigin", "Pages of other sites may not use the console's API.")
        if "transfer-encoding" in headers:
            return error_response(411, "LengthRequired", "Say how long the body is: Content-Length is missing.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAXIMUM_BODY_BYTES:
            return error_response(413, "BodyTooLarge", f"The body is larger than {MAXIMUM_BODY_BYTES} bytes.")
        return None


def _comes_from_elsewhere(headers: Headers) -> bool:
    """What browsers say of requests without an Origin, such as those of `<img>`."""
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
