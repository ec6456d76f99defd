"""Answers of the S3 handlers, and how they are sent."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

from emulator.s3.errors import NotModified, S3Error
from emulator.s3.http.request import S3Request
from emulator.wire import xml

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class S3Response:
    """Status, headers and either the whole body or a generator of its pieces with their total `size` in bytes.

    The generator reads files: it is to be advanced in a worker thread, and closed.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Generator[bytes, None, None] | None = None
    size: int | None = None


def xml_response(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> S3Response:
    """An answer with a document."""
    return S3Response(status, {"content-type": "application/xml", **(headers or {})}, body)


def no_content(headers: Mapping[str, str] | None = None) -> S3Response:
    """204."""
    return S3Response(204, dict(headers or {}))


def error_response(error: S3Error, request_id: str, resource: str) -> S3Response:
    """An error as S3 writes it."""
    body = xml.document(
        "Error",
        xml.leaves(Code=error.code, Message=error.message, **error.details)
        + xml.leaves(Resource=resource, RequestId=request_id, HostId="custom-labels-emulator"),
        namespace="",
    )
    return xml_response(body, error.headers, error.status)


def not_modified(answer: NotModified) -> S3Response:
    """304 with the object's headers and without a body."""
    return S3Response(304, answer.headers)


def http_date(milliseconds: int) -> str:
    """`Sat, 31 Jan 2026 12:00:00 GMT`."""
    return formatdate(milliseconds // 1000, usegmt=True)


def asgi_headers(response: S3Response, request: S3Request | None, request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers in the form of ASGI, with those that every answer carries."""
    headers = {
        "x-amz-request-id": request_id,
        "x-amz-id-2": request_id,
        **response.headers,
    }
    head = request is not None and request.method == "HEAD"
    if response.status not in (204, 304) and not (head and response.status >= 400):
        headers["content-length"] = str(len(response.body) if response.size is None else response.size)
    return [(name.encode("latin-1"), _on_one_line(value)) for name, value in headers.items()]


def _on_one_line(value: str) -> bytes:
    """A header value as it may be sent: values come from queries and forms too, and must not begin a new header."""
    return _CONTROL_CHARACTERS.sub(" ", value).encode("latin-1", "replace")
