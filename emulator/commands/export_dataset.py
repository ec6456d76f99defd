"""`custom-labels export-dataset ARN|MANIFEST --to FORMAT`: a dataset or manifest as the data set of another tool."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from emulator.commands.client import add_s3_arguments, s3_endpoint
from emulator.convert.annotated import path_of
from emulator.convert.exports.formats import FORMATS, Format
from emulator.convert.exports.manifest_images import ManifestImages
from emulator.domain.manifest.reading import ManifestLine, numbered, read_lines
from emulator.domain.manifest.rules.rule import ManifestFileError
from emulator.lint.errors import ConversionError, UsageError
from emulator.lint.local_images import file_below
from emulator.lint.s3 import Client, download, s3_client, service_client
from emulator.lint.wording import printable

_ARN = "arn:"
_OF_DATASET = "/dataset/"

Fetch = Callable[[str], Path | bytes]
"""The image of an s3:// address: a file of it, or its bytes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """SOURCE, --to, --output, and where the images are."""
    parser.add_argument("source", metavar="ARN|MANIFEST", help="the ARN of a dataset, or a manifest file")
    parser.add_argument("--to", required=True, choices=sorted(FORMATS), help="the format to write")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="the folder to write, which must not be there yet (default: the format)",
    )
    images = parser.add_mutually_exclusive_group()
    images.add_argument("--images", metavar="DIR", type=Path, help="a folder with the images, to copy them from there")
    images.add_argument("--with-images", action="store_true", help="fetch the images from S3")
    add_s3_arguments(parser, "and the service to read from")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder, or a line on standard error why not: exit code 1 for the input, 2 for wrong usage."""
    try:
        return _export(arguments)
    except (UsageError, ConversionError, ManifestFileError) as error:
        print(f"custom-labels export-dataset: {printable(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        if error.filename is None:
            raise  # of the standard output, or a full disk
        print(f"custom-labels export-dataset: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


def _export(arguments: argparse.Namespace) -> int:
    target: Path = arguments.output or Path(arguments.to)
    chosen = FORMATS[arguments.to]
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already: say with --output which folder is to be written")
    if chosen.needs_images and not (arguments.images or arguments.with_images):
        raise UsageError(f"{arguments.to} is made of the images: give their folder with --images, or --with-images")
    if arguments.images is not None and not arguments.images.is_dir():
        raise UsageError(f"there is no folder {arguments.images}")
    found = ManifestImages.of_lines(_lines(arguments))
    if not found.images:
        raise ConversionError(f"{arguments.source} has no line that could be used")
    _write(target, chosen, found, _fetch(arguments))
    print(f"{target}: {len(found.images):,} images, {len(found.labels()):,} labels")
    if found.lines_left_out or found.boxes_left_out:
        print(
            f"custom-labels export-dataset: left out {found.lines_left_out:,} lines and {found.boxes_left_out:,} boxes "
            "that a training could not use, or of the other kind: see custom-labels lint",
            file=sys.stderr,
        )
    return 0


def _lines(arguments: argparse.Namespace) -> Iterator[ManifestLine]:
    if arguments.source.startswith(_ARN):
        yield from numbered(_entries(arguments))
        return
    path = Path(arguments.source)
    if not path.exists():
        raise UsageError(f"there is no {path}")
    with path.open("rb") as stream:
        yield from read_lines(stream)


def _entries(arguments: argparse.Namespace) -> Iterator[bytes]:
    """The entries of a dataset, as ListDatasetEntries gives them."""
    from botocore.exceptions import BotoCoreError, ClientError

    arn: str = arguments.source
    parts = arn.split(":")
    if len(parts) < 6 or _OF_DATASET not in arn:
        raise UsageError(f"{arn} is not the ARN of a dataset (arn:aws:rekognition:…:project/NAME/dataset/…)")
    client = service_client("rekognition", s3_endpoint(arguments.endpoint_url), arguments.profile, parts[3], parts[4])
    try:
        for page in client.get_paginator("list_dataset_entries").paginate(DatasetArn=arn):
            for entry in page["DatasetEntries"]:
                yield entry.encode()
    except (ClientError, BotoCoreError) as error:
        raise UsageError(f"{arn} cannot be read: {error}") from None


def _fetch(arguments: argparse.Namespace) -> Fetch | None:
    if arguments.images is not None:
        return lambda address: _copied(arguments.images, address)
    if not arguments.with_images:
        return None
    client: Client = s3_client(s3_endpoint(arguments.endpoint_url), arguments.profile)
    return lambda address: download(client, address)


def _copied(folder: Path, address: str) -> Path:
    """The image in a folder: under the longest end of its key that names a file there."""
    parts = path_of(address).split("/")
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    path = next((path for name in names if (path := file_below(folder, name)) is not None), None)
    if path is None:
        raise ConversionError(f"there is no image {parts[-1]} below {folder}")
    return path


def _write(target: Path, chosen: Format, found: ManifestImages, fetch: Fetch | None) -> None:
    """The whole folder, or nothing. Every path was made by `safe_paths`, below a folder that is new."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        folder = Path(name) / "made"
        folder.mkdir()
        for path, text in chosen.write(found):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        if fetch is not None:
            for image, address in zip(found.images, found.addresses, strict=True):
                file = folder / chosen.image_path(image)
                file.parent.mkdir(parents=True, exist_ok=True)
                _place(fetch(address), file)
        folder.rename(target)


def _place(image: Path | bytes, file: Path) -> None:
    if file.exists():
        raise ConversionError(f"two images would be the file {file.name}")
    if isinstance(image, bytes):
        file.write_bytes(image)
    else:
        shutil.copyfile(image, file)
