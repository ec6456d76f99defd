"""`custom-labels healthcheck`: exit code 0 if the emulator is ready (for containers and scripts)."""

from __future__ import annotations

import argparse

from emulator.commands.client import add_endpoint_argument, call_and_tell

TIMEOUT_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint-url."""
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask for /_emulator/ready."""
    return call_and_tell(arguments.endpoint, "GET", "/_emulator/ready", "ready", TIMEOUT_SECONDS)
