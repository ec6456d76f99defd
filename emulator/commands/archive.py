"""What `custom-labels save`, `load` and `export` share: control calls that carry files (O-15, O-25)."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.parse
from collections.abc import Callable
from typing import BinaryIO

from emulator.settings import PREFIX

SUCCESS, FAILURE = 0, 1
PATH = "/_emulator/state"
TIMEOUT_SECONDS = 600.0


class ArchiveTransferError(Exception):
    """The emulator cannot be reached, or refused; the message says why."""


def transfer(
    endpoint: str, method: str, body: BinaryIO | None, size: int, path: str = PATH
) -> http.client.HTTPResponse:
    """Send a call with a body of `size` bytes; the answer, unread. Raises ArchiveTransferError."""
    address = urllib.parse.urlsplit(endpoint)
    if address.scheme not in ("http", "https") or address.hostname is None:
        raise ArchiveTransferError(f"{endpoint} is no http address")
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)} if body is not None else {}
    token = os.environ.get(f"{PREFIX}CONTROL_TOKEN")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        connection = kind(address.hostname, address.port, timeout=TIMEOUT_SECONDS)
        connection.request(method, address.path.rstrip("/") + path, body, headers)
        answer = connection.getresponse()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ArchiveTransferError(f"no emulator answers at {endpoint}: {error}") from error
    if answer.status != http.HTTPStatus.OK:
        raise ArchiveTransferError(_refusal(answer))
    return answer


def run_or_explain(step: Callable[[], str]) -> int:
    """Do a step and print what it says; its failure is one line and exit code 1."""
    try:
        print(step())
    except (ArchiveTransferError, OSError) as error:
        print(f"custom-labels: {error}", file=sys.stderr)
        return FAILURE
    return SUCCESS


def _refusal(answer: http.client.HTTPResponse) -> str:
    try:
        message: str = json.loads(answer.read())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"the emulator answered {answer.status}"
    return message
