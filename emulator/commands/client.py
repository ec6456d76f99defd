"""What the commands that talk to a running emulator share."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

from emulator.settings import PREFIX


class EmulatorUnreachableError(Exception):
    """No emulator answers; the message names the address."""


def add_endpoint_argument(parser: argparse.ArgumentParser) -> None:
    """--endpoint, by default where `serve` would listen."""
    port = os.environ.get(f"{PREFIX}PORT", "4598")
    parser.add_argument("--endpoint", default=f"http://127.0.0.1:{port}", help="address of the emulator (%(default)s)")


def call_control(endpoint: str, method: str, path: str, timeout: float = 60.0) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a control call, an error's included; the token of CUSTOM_LABELS_CONTROL_TOKEN goes with it.

    `path` begins with a slash, `timeout` is in seconds. Raises EmulatorUnreachableError.
    """
    request = urllib.request.Request(endpoint.rstrip("/") + path, method=method)
    token = os.environ.get(f"{PREFIX}CONTROL_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.load(error)
        except ValueError:
            return error.code, {"error": {"code": "HttpError", "message": str(error)}}
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise EmulatorUnreachableError(f"no emulator answers at {endpoint}: {reason}") from error


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
