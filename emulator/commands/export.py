"""`custom-labels export ARN FILE`: a trained version as one ONNX file (O-25)."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlencode

from emulator.commands.archive import download, run_or_explain
from emulator.commands.client import add_endpoint_argument

PATH = "/_emulator/model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ARN, FILE and --endpoint-url."""
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
    size = download(file, endpoint, f"{PATH}?{query}", "application/octet-stream")
    return f"Exported {size:,} bytes to {file}."
