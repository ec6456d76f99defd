"""`custom-labels cancel`: end a training that waits or runs (O-32)."""

from __future__ import annotations

import argparse
import urllib.parse

from emulator.commands.client import add_endpoint_argument, call_and_tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ARN, --endpoint-url."""
    parser.add_argument("arn", metavar="ARN", help="ARN of the project version that is being trained")
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """DELETE /_emulator/trainings/ARN."""
    path = f"/_emulator/trainings/{urllib.parse.quote(arguments.arn, safe=':')}"
    return call_and_tell(arguments.endpoint, "DELETE", path, f"The training of {arguments.arn} was cancelled.")
