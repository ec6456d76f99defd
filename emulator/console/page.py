"""The console under /console: the built page, or a short page that says how to build it (O-16, O-31)."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from emulator.console.unbuilt import unbuilt_page

BUILT_PAGE = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HASHED = "/assets/"
"""Where the build puts files whose names change with their content."""
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class ConsolePage:
    """Serves the console's files; whatever is not a file is a place within the page and answers the page."""

    def __init__(self, directory: Path = BUILT_PAGE) -> None:
        self._directory = directory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below /console."""
        path = scope["path"].removeprefix("/console") or "/"
        response = await self._respond(scope, path)
        response.headers.update(_HEADERS)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, path: str) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed", 405, {"Allow": "GET, HEAD"})
        index = self._directory / "index.html"
        if not index.is_file():
            return HTMLResponse(unbuilt_page(self._directory), headers={"Cache-Control": _ASK_AGAIN})
        found = await self._file(scope, path)
        if found is not None:
            found.headers["Cache-Control"] = _FOR_EVER if path.startswith(_HASHED) else _ASK_AGAIN
            return found
        if path.startswith(_HASHED):
            # A page of an earlier build asks for its parts: the page itself would be no script.
            return PlainTextResponse("Not Found", 404, {"Cache-Control": _ASK_AGAIN})
        return FileResponse(index, headers={"Cache-Control": _ASK_AGAIN})

    async def _file(self, scope: Scope, path: str) -> Response | None:
        """The file of this name, None where there is none: StaticFiles keeps paths inside the directory."""
        files = StaticFiles(directory=self._directory)
        inner = {**scope, "path": path, "root_path": ""}
        try:
            return await files.get_response(files.get_path(inner), inner)
        except (HTTPException, ValueError):  # a name with a null character is a ValueError of the file system
            return None
