"""`custom-labels healthcheck`: exit code 0 if the emulator is ready (for containers and scripts)."""

from __future__ import annotations

import argparse
import sys

from emulator.commands.client import EmulatorUnreachableError, add_endpoint_argument, call_control

TIMEOUT_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint."""
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask for /_emulator/ready."""
    try:
        status, answer = call_control(arguments.endpoint, "GET", "/_emulator/ready", timeout=TIMEOUT_SECONDS)
    except EmulatorUnreachableError as error:
        print(f"custom-labels: {error}", file=sys.stderr)
        return 1
    if status != 200:
        print(f"custom-labels: {answer['error']['message']}", file=sys.stderr)
        return 1
    print("ready")
    return 0
