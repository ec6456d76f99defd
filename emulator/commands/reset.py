"""`custom-labels reset`: make a running emulator forget everything (O-8)."""

from __future__ import annotations

import argparse

from emulator.commands.client import add_endpoint_argument, call_and_tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint-url."""
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """POST /_emulator/reset."""
    return call_and_tell(arguments.endpoint, "POST", "/_emulator/reset", "The emulator has forgotten everything.")
