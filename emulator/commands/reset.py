"""`custom-labels reset`: make a running emulator forget everything (O-8)."""

from __future__ import annotations

import argparse
import sys

from emulator.commands.client import EmulatorUnreachableError, add_endpoint_argument, call_control


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint."""
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """POST /_emulator/reset."""
    try:
        status, answer = call_control(arguments.endpoint, "POST", "/_emulator/reset")
    except EmulatorUnreachableError as error:
        print(f"custom-labels: {error}", file=sys.stderr)
        return 1
    if status != 200:
        print(f"custom-labels: {answer['error']['message']}", file=sys.stderr)
        return 1
    print("The emulator has forgotten everything.")
    return 0
