"""`custom-labels export ARN PATH`: a trained version as one ONNX file (O-25), or as a model repository."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from emulator.commands.archive import ArchiveTransferError, download, run_or_explain
from emulator.commands.client import add_endpoint_argument
from emulator.domain.arns import parse_arn
from emulator.domain.errors import RuleError
from emulator.storage.files import written_file

PATH = "/_emulator/model"
FILE, TRITON, KSERVE = "file", "triton", "kserve"
SERVICE_FILE = "inference-service.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ARN, PATH, --for, --name, --storage-uri and --endpoint-url."""
    parser.add_argument("arn", metavar="ARN", help="ARN of a trained or copied project version")
    parser.add_argument(
        "path",
        metavar="PATH",
        type=Path,
        help="the file to write, an existing one is replaced; with --for the folder of the model repository",
    )
    parser.add_argument(
        "--for",
        dest="server",
        choices=(FILE, TRITON, KSERVE),
        default=FILE,
        help="write a model repository for Triton Inference Server or KServe instead of one ONNX file",
    )
    parser.add_argument("--name", help="the model's name in the repository; default: PROJECT-VERSION")
    parser.add_argument(
        "--storage-uri", metavar="URI", help="where KServe will find the repository, s3://BUCKET/FOLDER"
    )
    add_endpoint_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """GET /_emulator/model into the file, which appears only when it is whole, or into a model repository."""
    if arguments.server == FILE:
        return run_or_explain(lambda: _export(arguments.endpoint, arguments.arn, arguments.path))
    return run_or_explain(lambda: _export_repository(arguments))


def _export(endpoint: str, arn: str, file: Path) -> str:
    query = urlencode({"project_version": arn})
    size = download(file, endpoint, f"{PATH}?{query}", "application/octet-stream")
    return f"Exported {size:,} bytes to {file}."


def _export_repository(arguments: argparse.Namespace) -> str:
    # onnxruntime takes a tenth of a second to import: only those who need it wait for it.
    from emulator.vision.errors import ModelFileError
    from emulator.vision.model_repository import inference_service, write_model_repository

    if arguments.server == KSERVE and not arguments.storage_uri:
        raise ArchiveTransferError("--for kserve needs --storage-uri, the place that the folder will be copied to")
    name = arguments.name or _name_of(arguments.arn)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        _export(arguments.endpoint, arguments.arn, file)
        try:
            place = write_model_repository(file, arguments.path, name)
        except (ModelFileError, ValueError) as error:
            raise ArchiveTransferError(str(error)) from error
    if arguments.server == KSERVE:
        service = arguments.path / SERVICE_FILE
        with written_file(service) as target:
            target.write(inference_service(name, arguments.storage_uri).encode())
        return f"Wrote {place} and {service}."
    return f"Wrote {place}."


def _name_of(arn: str) -> str:
    try:
        parsed = parse_arn(arn)
    except RuleError as error:
        raise ArchiveTransferError(str(error)) from error
    return f"{parsed.project}-{parsed.version}"
