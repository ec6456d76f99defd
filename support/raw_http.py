"""Requests as bytes on a socket, for what no SDK would send and for what no SDK shows."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_ACCOUNT = "123456789012"
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class RawResponse:
    """An HTTP answer: status, headers under lowercase names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def signed_headers(operation: str, account: str = DEFAULT_ACCOUNT, region: str = "us-east-1") -> dict[str, str]:
    """The headers that an SDK sends for `operation`; the signature has the form of one but was made with no key."""
    return {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"RekognitionService.{operation}",
        "X-Amz-Date": "20261121T120000Z",
        "Authorization": authorization(account, region),
    }


def without_header(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    """The headers without those named."""
    return {name: value for name, value in headers.items() if name not in names}


def authorization(access_key: str, region: str = "us-east-1", service: str = "rekognition") -> str:
    """A SigV4 Authorization header."""
    return (
        f"AWS4-HMAC-SHA256 Credential={access_key}/20261121/{region}/{service}/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    )


class RawConnection:
    """One keep-alive connection to `address`; use as a context manager."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=TIMEOUT_SECONDS)
        self._received = b""

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """Of the socket, for those who wait for several connections at once."""
        return self._socket.fileno()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", length: int | None = None
    ) -> RawResponse:
        """Send one request and read its answer; `length` announces another Content-Length than the body's."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)
        return self.read_response(has_body=method != "HEAD")

    def call(self, operation: str, parameters: Any, **identity: str) -> RawResponse:
        """Call an operation with `parameters` as JSON, or with a body of raw bytes."""
        body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
        return self.request("POST", "/", signed_headers(operation, **identity), body)

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(content)

    def read_response(self, has_body: bool = True) -> RawResponse:
        """Read one answer; the server closing the connection before its end raises ConnectionError."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(self._received) < length:
            self._receive()
        body, self._received = self._received[:length], self._received[length:]
        return RawResponse(int(status_line.split(" ")[1]), headers, body)

    def _receive(self) -> None:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection before the end of its answer")
        self._received += chunk
