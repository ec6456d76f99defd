"""`custom-labels lint FILE`: every error that AWS would report for a manifest, without a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from emulator.domain.manifest.side import LookAtImages
from emulator.lint.check import LintResult, OnRead, ignore_reading, lint
from emulator.lint.errors import UsageError
from emulator.lint.formats import as_github, as_json
from emulator.lint.local_images import FolderImages
from emulator.lint.s3 import EMULATOR_ENDPOINT, BucketImages, s3_client
from emulator.lint.terminal import print_result

DESCRIPTION = """Check a manifest as a training of Custom Labels would: every line, every image, and the labels.
Exit code 0 without errors, 1 with errors (warnings do not count), 2 for wrong usage."""

ELSEWHERE = (
    "Images in a local folder: --images DIR. Images in a running emulator: --endpoint-url"
    f" {EMULATOR_ENDPOINT}. No images at all: --no-images."
)
SMALL_FILE = 1_000_000
"""Bytes up to which structure alone is checked without a progress bar."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `custom-labels lint` to its parser."""
    parser.description = DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", metavar="FILE", type=Path, help="the manifest, by itself or as the training manifest")
    parser.add_argument("--test", metavar="FILE", type=Path, help="the testing manifest: check both as a pair")
    images = parser.add_mutually_exclusive_group()
    images.add_argument(
        "--images",
        metavar="DIR",
        help="look for the images below this folder, by the longest end of each key that is found there;"
        " s3://bucket/prefix=DIR says which part of the address the folder stands for (default: ask S3)",
    )
    images.add_argument("--no-images", action="store_true", help="check the structure only")
    parser.add_argument(
        "--split", action="store_true", help="also try the automatic split that a missing test set needs"
    )
    parser.add_argument(
        "--format", choices=["terminal", "json", "github"], default="terminal", help="how to report (default: terminal)"
    )
    parser.add_argument(
        "--show", metavar="N", type=_count, default=3, help="offenders a rule on a terminal (default: 3)"
    )
    parser.add_argument("--endpoint-url", metavar="URL", help="the S3 to read images from (default: as boto3 finds it)")
    parser.add_argument("--profile", metavar="NAME", help="the AWS profile to read images with")


def run(arguments: argparse.Namespace) -> int:
    """Check, report on standard output, and return the exit code. Mistakes of usage go to standard error."""
    try:
        result = _lint(arguments)
    except UsageError as error:
        print(f"custom-labels lint: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"custom-labels lint: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    if arguments.format == "json":
        print(as_json(result))
    elif arguments.format == "github":
        for command in as_github(result):
            print(command)
    else:
        print_result(result, Console(highlight=False, soft_wrap=True))
    return 0 if result.is_clean else 1


def _lint(arguments: argparse.Namespace) -> LintResult:
    paths = [path for path in (arguments.file, arguments.test) if path is not None]
    for path in paths:
        if not path.exists() and path.parts[:1] == ("s3:",):
            raise UsageError(f"a manifest is read from a local file: copy {path.name} from S3 first")
        if not path.is_file():
            raise UsageError(f"{path} is not a file" if path.exists() else f"there is no file {path}")
    if arguments.split and arguments.test is not None:
        raise UsageError("--split tries what happens without a testing manifest: leave out --test or --split")
    size = sum(path.stat().st_size for path in paths)
    look = _image_source(arguments)
    with _progress(size if look or size > SMALL_FILE else 0) as on_read:
        kept = arguments.show if arguments.format == "terminal" else None
        return lint(arguments.file, arguments.test, look, arguments.split, kept, on_read)


def _image_source(arguments: argparse.Namespace) -> LookAtImages | None:
    if arguments.no_images:
        return None
    if arguments.images is not None:
        return FolderImages(arguments.images)
    return BucketImages(s3_client(arguments.endpoint_url, arguments.profile), ELSEWHERE)


@contextmanager
def _progress(size: int) -> Iterator[OnRead]:
    """A bar over `size` bytes on standard error, if that is a terminal and there is something to wait for."""
    console = Console(stderr=True)
    if not size or not console.is_terminal:
        yield ignore_reading
        return
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Checking", total=size)
        yield lambda read: progress.advance(task, read)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError("expected a number of at least 0")
    return number
