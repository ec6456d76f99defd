"""`custom-labels save FILE`: the whole state of a running emulator as one archive (O-15)."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlencode

from emulator.commands.archive import ARCHIVE, PATH, download, run_or_explain
from emulator.commands.client import add_endpoint_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE, what to leave out, and --endpoint-url."""
    parser.add_argument("file", type=Path, help="where to write the archive; an existing file is replaced")
    parser.add_argument(
        "--skip-damaged", action="store_true", help="leave out versions and objects whose files are missing"
    )
    parser.add_argument("--account", metavar="ACCOUNT", help="save what this account has, and nothing of the others")
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """GET /_emulator/state into the file, which appears only when it is whole."""
    asked = {"skip_damaged": "true"} if arguments.skip_damaged else {}
    if arguments.account is not None:
        asked["account"] = arguments.account
    path = f"{PATH}?{urlencode(asked)}" if asked else PATH
    return run_or_explain(lambda: _save(arguments.endpoint, path, arguments.file))


def _save(endpoint: str, path: str, file: Path) -> str:
    return f"Saved {download(file, endpoint, path, ARCHIVE):,} bytes to {file}."
