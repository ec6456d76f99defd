"""`custom-labels save FILE`: the whole state of a running emulator as one archive (O-15)."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from emulator.commands.archive import ArchiveTransferError, run_or_explain, transfer
from emulator.commands.client import add_endpoint_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE and --endpoint."""
    parser.add_argument("file", type=Path, help="where to write the archive; an existing file is replaced")
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """GET /_emulator/state into the file, which appears only when it is whole."""
    return run_or_explain(lambda: _save(arguments.endpoint, arguments.file))


def _save(endpoint: str, file: Path) -> str:
    partial = file.with_name(file.name + ".partial")
    answer = transfer(endpoint, "GET", None, 0)
    try:
        with partial.open("wb") as target:
            shutil.copyfileobj(answer, target, 1 << 20)
        size = partial.stat().st_size
        if size != int(answer.headers["Content-Length"]):
            raise ArchiveTransferError("the emulator ended before the archive was whole")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return f"Saved {size:,} bytes to {file}."
