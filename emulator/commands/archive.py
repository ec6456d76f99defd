"""What `custom-labels save`, `load` and `export` share: control calls that carry files (O-15, O-25)."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from emulator.commands.client import no_emulator, token_header, unreachable
from emulator.storage.files import written_file

SUCCESS, FAILURE = 0, 1
PATH = "/_emulator/state"
ARCHIVE = "application/x-tar"
TIMEOUT_SECONDS = 600.0
ENDED_EARLY = "the emulator ended before the file was whole"


class ArchiveTransferError(Exception):
    """The emulator cannot be reached, or refused; the message says why."""


@contextmanager
def transfer(
    endpoint: str, method: str, body: BinaryIO | None, size: int, path: str = PATH, answered: str = ARCHIVE
) -> Iterator[http.client.HTTPResponse]:
    """Send a call with a body of `size` bytes; the answer, unread, of the media type `answered`.

    Raises ArchiveTransferError.
    """
    address = urllib.parse.urlsplit(endpoint)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    with closing(kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)) as connection:
        try:
            headers = {} if body is None else {"Content-Type": ARCHIVE, "Content-Length": str(size)}
            connection.request(method, address.path.rstrip("/") + path, body, headers | token_header())
            answer = connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ArchiveTransferError(unreachable(endpoint, error)) from error
        with answer:
            if answer.status != http.HTTPStatus.OK:
                raise ArchiveTransferError(_refusal(answer))
            if answer.headers.get_content_type() != answered:
                raise ArchiveTransferError(no_emulator(endpoint))
            yield answer


def download(file: Path, endpoint: str, path: str, answered: str) -> int:
    """GET `path` into the file, which appears only when it is whole; its size. Raises ArchiveTransferError, OSError."""
    if file.exists() and not file.is_file():
        raise ArchiveTransferError(f"{file} is there already and no file that could be replaced")
    if not file.parent.is_dir():
        raise ArchiveTransferError(f"there is no folder {file.parent}")
    with transfer(endpoint, "GET", None, 0, path, answered) as answer, written_file(file) as target:
        try:
            shutil.copyfileobj(answer, target, 1 << 20)
        except http.client.HTTPException:
            raise ArchiveTransferError(ENDED_EARLY) from None
        size = target.tell()
        if size != int(answer.headers.get("Content-Length", size)):
            raise ArchiveTransferError(ENDED_EARLY)
    return size


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
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return f"the emulator answered {answer.status}"
    return message
