"""`custom-labels reset`: make a running emulator forget everything, or all of one account (O-8, O-39)."""

from __future__ import annotations

import argparse
from urllib.parse import quote

from emulator.commands.client import add_endpoint_argument, call_and_tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--endpoint-url and --account."""
    add_endpoint_argument(parser)
    parser.add_argument("--account", metavar="ACCOUNT", help="forget what this account has, and leave the others alone")


def run(arguments: argparse.Namespace) -> int:
    """POST /_emulator/reset."""
    path, what = "/_emulator/reset", "everything"
    if arguments.account is not None:
        path, what = f"{path}?account={quote(arguments.account)}", f"everything of account {arguments.account}"
    return call_and_tell(arguments.endpoint, "POST", path, f"The emulator has forgotten {what}.")
