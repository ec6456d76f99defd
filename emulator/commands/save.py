"""`custom-labels save FILE`: the whole state of a running emulator as one archive (O-15)."""

from __future__ import annotations

import argparse
from pathlib import Path

from emulator.commands.archive import ARCHIVE, PATH, download, run_or_explain
from emulator.commands.client import add_endpoint_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE and --endpoint."""
    parser.add_argument("file", type=Path, help="where to write the archive; an existing file is replaced")
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """GET /_emulator/state into the file, which appears only when it is whole."""
    return run_or_explain(lambda: _save(arguments.endpoint, arguments.file))


def _save(endpoint: str, file: Path) -> str:
    return f"Saved {download(file, endpoint, PATH, ARCHIVE):,} bytes to {file}."
