"""`custom-labels export ARN FILE`: a trained version as one ONNX file (O-25)."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from urllib.parse import urlencode

from emulator.commands.archive import run_or_explain, transfer
from emulator.commands.client import add_endpoint_argument
from emulator.storage.files import written_file

PATH = "/_emulator/model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ARN, FILE and --endpoint."""
    parser.add_argument("arn", metavar="ARN", help="ARN of a trained or copied project version")
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="where to write the model; an existing file is replaced"
    )
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """GET /_emulator/model into the file, which appears only when it is whole."""
    return run_or_explain(lambda: _export(arguments.endpoint, arguments.arn, arguments.file))


def _export(endpoint: str, arn: str, file: Path) -> str:
    query = urlencode({"project_version": arn})
    with written_file(file) as target:
        shutil.copyfileobj(transfer(endpoint, "GET", None, 0, f"{PATH}?{query}"), target, 1 << 20)
    return f"Exported {file.stat().st_size:,} bytes to {file}."
