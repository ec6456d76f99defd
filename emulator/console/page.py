"""The console under /console: the built page, or a short page that says how to build it (O-16)."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT_PAGE = Path(__file__).parent / "static"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Custom Labels emulator</title></head>
<body>
<h1>Custom Labels emulator</h1>
<p>The emulator is running. Its web console is not part of this build.</p>
<p>Use boto3, the AWS CLI or any AWS SDK with this address as endpoint;
<code>custom-labels demo</code> shows the way.</p>
</body>
</html>
"""


class ConsolePage:
    """Serves the console's files."""

    def __init__(self) -> None:
        self._app: ASGIApp
        if (BUILT_PAGE / "index.html").is_file():
            self._app = StaticFiles(directory=BUILT_PAGE, html=True)
        else:
            self._app = HTMLResponse(_NOT_BUILT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below /console."""
        inner = dict(scope)
        inner["path"] = scope["path"].removeprefix("/console") or "/"
        inner["root_path"] = ""
        await self._app(inner, receive, send)
