"""What the commands that talk to a running emulator share."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.parse
from typing import TYPE_CHECKING

from emulator.domain.json_values import JsonObject
from emulator.settings import PREFIX, Settings

if TYPE_CHECKING:
    from urllib.error import HTTPError

OUTSIDE = "aws"
"""What stands for Amazon's own S3 in place of an address."""


class EmulatorUnreachableError(Exception):
    """No emulator answers; the message names the address."""


def endpoint_address(text: str) -> str:
    """The address of an emulator, for argparse: without a slash at its end. Raises ArgumentTypeError."""
    try:
        parts = urllib.parse.urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not text.isascii() or " " in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as http://127.0.0.1:{Settings().port}")
    return text.rstrip("/")


def default_endpoint() -> str:
    """Where `serve` would listen: the port of CUSTOM_LABELS_PORT, else that of the settings."""
    return f"http://127.0.0.1:{os.environ.get(f'{PREFIX}PORT') or Settings().port}"


def add_endpoint_argument(parser: argparse.ArgumentParser) -> None:
    """--endpoint-url, by default where `serve` would listen; --endpoint is an older name for it."""
    parser.add_argument(
        "--endpoint-url",
        "--endpoint",
        dest="endpoint",
        type=endpoint_address,
        metavar="URL",
        default=default_endpoint(),
        help="address of the emulator (%(default)s)",
    )


def add_s3_arguments(parser: argparse.ArgumentParser, purpose: str) -> None:
    """--endpoint-url and --profile of commands that use an S3 for this purpose."""
    parser.add_argument(
        "--endpoint-url",
        "--endpoint",
        metavar="URL",
        help=f"the S3 {purpose}, or `{OUTSIDE}` for Amazon's (default: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, else"
        f" {default_endpoint()})",
    )
    parser.add_argument("--profile", metavar="NAME", help=f"the AWS profile for the S3 {purpose}")


def s3_endpoint(given: str | None) -> str | None:
    """The S3 that a command uses: what was given, else the environment's, else the emulator; None for boto3's own way.

    boto3 reads AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL itself.
    """
    if given == OUTSIDE:
        return None
    if given is None and (os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")):
        return None
    return given or default_endpoint()


def no_emulator(endpoint: str) -> str:
    """What to say where something else answers."""
    return f"what answers at {endpoint} is not a Custom Labels emulator"


def token_header() -> dict[str, str]:
    """The header that carries the token of CUSTOM_LABELS_CONTROL_TOKEN, if there is one."""
    token = os.environ.get(f"{PREFIX}CONTROL_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def unreachable(endpoint: str, reason: object) -> str:
    """What to say, in one line, where nothing answers."""
    why = (reason.strerror if isinstance(reason, OSError) else None) or str(reason)
    cure = "start one with `custom-labels serve`, or name its address with --endpoint-url"
    return f"no emulator answers at {endpoint}: {' '.join(why.split())}; {cure}"


def call_control(endpoint: str, method: str, path: str, timeout: float = 60.0) -> tuple[int, JsonObject]:
    """Status and JSON of a control call, an error's included; the token of CUSTOM_LABELS_CONTROL_TOKEN goes with it.

    `path` begins with a slash, `timeout` is in seconds. Raises EmulatorUnreachableError, also where something else
    answers well.
    """
    import http.client  # with ssl and email: commands that make no call begin sooner without
    import urllib.error
    import urllib.request

    request = urllib.request.Request(endpoint.rstrip("/") + path, headers=token_header(), method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _refusal(error, endpoint)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise EmulatorUnreachableError(unreachable(endpoint, getattr(error, "reason", error))) from error
    document = _object(text)
    if document is None:
        raise EmulatorUnreachableError(no_emulator(endpoint))
    return status, document


def call_and_tell(endpoint: str, method: str, path: str, done: str, timeout: float = 60.0) -> int:
    """Make a control call and print `done`, or on standard error why not; gives the exit code. `timeout` in seconds."""
    try:
        status, answer = call_control(endpoint, method, path, timeout=timeout)
    except EmulatorUnreachableError as error:
        print(f"custom-labels: {error}", file=sys.stderr)
        return 1
    if status != 200:
        print(f"custom-labels: {answer['error']['message']}", file=sys.stderr)
        return 1
    print(done)
    return 0


def _refusal(error: HTTPError, endpoint: str) -> JsonObject:
    """The JSON of an error; in the emulator's form also where something else answers."""
    from http.client import HTTPException

    try:
        document = _object(error.read())
    except (OSError, HTTPException):
        document = None
    told = (document or {}).get("error")
    if document is not None and isinstance(told, dict) and isinstance(told.get("message"), str):
        return document
    return {"error": {"code": "HttpError", "message": f"{no_emulator(endpoint)} (HTTP {error.code})"}}


def _object(text: bytes) -> JsonObject | None:
    """The JSON object that this is, or None."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
