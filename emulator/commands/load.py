"""`custom-labels load FILE`: make an archive the whole state of a running emulator (O-15)."""

from __future__ import annotations

import argparse
from pathlib import Path

from emulator.commands.archive import ArchiveTransferError, run_or_explain, transfer
from emulator.commands.client import add_endpoint_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE and --endpoint-url."""
    parser.add_argument("file", type=Path, help="an archive that `custom-labels save` wrote")
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """PUT /_emulator/state; what the emulator had is gone afterwards, unless the archive is refused."""
    return run_or_explain(lambda: _load(arguments.endpoint, arguments.file))


def _load(endpoint: str, file: Path) -> str:
    if not file.is_file():  # a pipe has no length that could be told beforehand
        raise ArchiveTransferError(f"{file} is not a file" if file.exists() else f"there is no file {file}")
    with (
        file.open("rb") as archive,
        transfer(endpoint, "PUT", archive, file.stat().st_size, answered="application/json") as answer,
    ):
        answer.read()
    return f"The emulator now has the state of {file}."
