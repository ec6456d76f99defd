"""Before the whole application: which pages a browser may send requests from, and under which names (O-38).

Signatures are not verified, so whatever a page sends would be obeyed: a simple request needs no preflight, and a page
whose own name was made to point here (DNS rebinding) even reads the answers. Programs are not browsers and pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from emulator.domain.browsers import host_name, is_browser, is_local_name, is_local_origin, origin_authority
from emulator.server.routing import Destination, destination
from emulator.wire.asgi import App, Receive, Scope, Send

FOREIGN_ORIGIN = "aws.foreign_origin"
"""Set in the scope of S3 requests from pages that only a bucket's CORS rules may let in."""

_NO_HOST = (
    "Browsers are answered under local names only. To be reached under {host}, start the emulator with "
    "CUSTOM_LABELS_HOSTS={host}."
)
_NO_ORIGIN = (
    "Pages of {origin} may not call the emulator. To let them in, start it with CUSTOM_LABELS_CORS_ORIGINS={origin}; "
    "for S3 alone, a CORS configuration of the bucket does."
)


class BrowserGuard:
    """Hands on what no browser sends, and of browsers' requests those that O-38 lets in; answers the others with 403.

    `hosts` are names besides the local ones and those of the virtual-host domain, `origins` such as
    `https://app.example`.
    """

    def __init__(self, app: App, virtual_host_domain: str, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._app = app
        self._domain = virtual_host_domain.lower()
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        hosts: list[bytes] = []
        origin, agent, language = None, b"", None
        for name, value in scope["headers"]:  # once: every request pays for it, and few come from browsers
            if name == b"host":
                hosts.append(value)
            elif name == b"origin":
                origin = value
            elif name == b"user-agent":
                agent = value
            elif name == b"accept-language":
                language = value
        if len(hosts) > 1:
            await _refuse(send, 400, "InvalidRequest", "A request has one Host header.")
            return
        if is_browser(origin, agent, language):
            host = hosts[0].decode("latin-1") if hosts else ""
            refusal = self._refusal(scope, host, None if origin is None else origin.decode("latin-1"))
            if refusal is not None:
                await _refuse(send, 403, "ForeignOrigin", refusal)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, host: str, origin: str | None) -> str | None:
        """Why a browser's request is refused, if it is; marks those that only a bucket's rules may let in."""
        if not self._is_own_name(host):
            return _NO_HOST.format(host=host_name(host) or "that name")
        if origin is not None and not self._is_let_in(origin, host):
            if destination(scope) is not Destination.S3:
                return _NO_ORIGIN.format(origin=origin[:200])
            scope[FOREIGN_ORIGIN] = True
        return None

    def _is_own_name(self, host: str) -> bool:
        name = host_name(host)
        if name is None:
            return False
        is_in_domain = name == self._domain or name.endswith(f".{self._domain}")
        return is_local_name(name) or is_in_domain or name in self._hosts

    def _is_let_in(self, origin: str, host: str) -> bool:
        """Pages of this machine, those of the settings, and the emulator's own under a name that it may have."""
        return is_local_origin(origin) or origin in self._origins or origin_authority(origin) == host


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    """As the AWS APIs write an error, and as the control paths and the console's API do."""
    aws_code = "AccessDeniedException" if status == 403 else "ValidationException"
    body = json.dumps({"__type": aws_code, "Message": message, "error": {"code": code, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
