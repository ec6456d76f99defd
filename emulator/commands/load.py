"""`custom-labels load FILE`: make an archive the whole state of a running emulator, or of one account (O-15, O-39)."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlencode

from emulator.commands.archive import PATH, ArchiveTransferError, run_or_explain, transfer
from emulator.commands.client import add_endpoint_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE, whose, and --endpoint-url."""
    parser.add_argument("file", type=Path, help="an archive that `custom-labels save` wrote")
    parser.add_argument(
        "--account", metavar="ACCOUNT", help="load what the archive has of this account; all others stay as they are"
    )
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """PUT /_emulator/state; what the emulator had is gone afterwards, unless the archive is refused."""
    return run_or_explain(lambda: _load(arguments.endpoint, arguments.file, arguments.account))


def _load(endpoint: str, file: Path, account: str | None) -> str:
    if not file.is_file():  # a pipe has no length that could be told beforehand
        raise ArchiveTransferError(f"{file} is not a file" if file.exists() else f"there is no file {file}")
    with (
        file.open("rb") as archive,
        transfer(
            endpoint,
            "PUT",
            archive,
            file.stat().st_size,
            answered="application/json",
            path=PATH if account is None else f"{PATH}?{urlencode({'account': account})}",
        ) as answer,
    ):
        answer.read()
    whose = "The emulator" if account is None else f"The account {account}"
    return f"{whose} now has the state of {file}."
