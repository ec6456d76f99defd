"""Control calls of a test run: JSON and files, to the emulator that it started."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from emulator.domain.json_values import JsonObject

CALL_SECONDS = 60.0


def call(endpoint_url: str, method: str, path: str, body: object = None) -> JsonObject:
    """The JSON that `/_emulator/<path>` answers. Raises urllib.error.HTTPError for a refusal."""
    data = None if body is None else json.dumps(body).encode()
    with _open(endpoint_url, method, path, data) as answer:
        document: JsonObject = json.load(answer)
    return document


def send_file(endpoint_url: str, path: str, file: Path, parameters: Mapping[str, str]) -> JsonObject:
    """POST a file; the JSON of the answer. Raises urllib.error.HTTPError for a refusal, OSError."""
    headers = {"Content-Length": str(file.stat().st_size), "Content-Type": "application/x-tar"}
    with (
        file.open("rb") as body,
        _open(endpoint_url, "POST", f"{path}?{urlencode(parameters)}", body, headers) as answer,
    ):
        document: JsonObject = json.load(answer)
    return document


def fetch_file(endpoint_url: str, path: str, file: Path, parameters: Mapping[str, str]) -> None:
    """GET a file, which appears when it is whole. Raises urllib.error.HTTPError for a refusal, OSError."""
    partial = file.with_name(f"{file.name}.partial")
    with _open(endpoint_url, "GET", f"{path}?{urlencode(parameters)}") as answer, partial.open("wb") as target:
        shutil.copyfileobj(answer, target)
    partial.replace(file)


def refusal(error: urllib.error.HTTPError) -> tuple[str, str]:
    """Code and message of what a control call was refused with."""
    with closing(error):
        told = json.load(error)["error"]
    return told["code"], told["message"]


def _open(
    endpoint_url: str, method: str, path: str, body: bytes | BinaryIO | None = None, headers: Mapping[str, str] = {}
) -> HTTPResponse:
    request = urllib.request.Request(f"{endpoint_url}/_emulator/{path}", body, dict(headers), method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    answer: HTTPResponse = opener.open(request, timeout=CALL_SECONDS)
    return answer
