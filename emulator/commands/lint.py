"""`custom-labels lint FILE`: every error that AWS would report for a manifest, without a server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.commands.client import OUTSIDE, add_s3_arguments, default_endpoint, s3_endpoint
from emulator.domain.manifest.side import LookAtImages
from emulator.lint.check import OFFENCES_OF_A_CAUSE, LintResult, OnRead, ignore_reading, lint
from emulator.lint.errors import ConversionError, UsageError
from emulator.lint.fixing import check_files, fix, report
from emulator.lint.formats import as_github, as_json
from emulator.lint.local_images import FolderImages
from emulator.lint.s3 import BucketImages, s3_client
from emulator.lint.sarif import as_sarif

DESCRIPTION = """Check a manifest as a training of Custom Labels would: every line, every image, and the labels.
With --fix what is safe to mend is mended into a new file, which is then checked: the encoding, byte order marks, line
ends, trailing commas, arrays, several objects in a line, objects over several lines, Python dicts, confidences of
humans' labels that are NaN (they become 1), and dates as other tools write them.
Exit code 0 without errors, 1 with errors (warnings do not count), 2 for wrong usage."""

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
        "--format",
        choices=["terminal", "json", "github", "sarif"],
        default="terminal",
        help="how to report (default: terminal)",
    )
    parser.add_argument(
        "--show",
        metavar="N",
        type=_count,
        help=f"places of each cause (default: 3 on a terminal, else {OFFENCES_OF_A_CAUSE:,})",
    )
    parser.add_argument("--fix", metavar="OUT", type=Path, help="write the manifest anew, with what is safe mended")
    parser.add_argument(
        "--region",
        metavar="NAME",
        default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "",
        help="the region whose limits hold: ap-south-1 and eu-west-2 take fewer lines (default: AWS_REGION)",
    )
    add_s3_arguments(parser, "to read images from")


def run(arguments: argparse.Namespace) -> int:
    """Check, report on standard output, and return the exit code. Mistakes of usage go to standard error."""
    try:
        result = _lint(arguments)
    except (UsageError, ConversionError) as error:
        print(f"custom-labels lint: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        print(f"custom-labels lint: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    if arguments.format == "json":
        print(as_json(result))
    elif arguments.format == "sarif":
        print(as_sarif(result))
    elif arguments.format == "github":
        for command in as_github(result):
            print(command)
    else:
        _print_for_readers(result)
    return 0 if result.is_clean else 1


def _print_for_readers(result: LintResult) -> None:
    from rich.console import Console  # other formats do without, and begin sooner

    from emulator.lint.terminal import print_result

    print_result(result, Console(highlight=False, soft_wrap=True))


def _lint(arguments: argparse.Namespace) -> LintResult:
    paths = [path for path in (arguments.file, arguments.test) if path is not None]
    for path in paths:
        if not path.exists() and path.parts[:1] == ("s3:",):
            raise UsageError(f"a manifest is read from a local file: copy {path.name} from S3 first")
        if not path.is_file():
            raise UsageError(f"{path} is not a file" if path.exists() else f"there is no file {path}")
    if arguments.split and arguments.test is not None:
        raise UsageError("--split tries what happens without a testing manifest: leave out --test or --split")
    if arguments.fix is not None:
        _fix(arguments)
        paths = [arguments.file]
    size = sum(path.stat().st_size for path in paths)
    look = _image_source(arguments)
    with _progress("Checking", size if look or size > SMALL_FILE else 0) as on_read:
        shown = arguments.show
        if shown is None:
            shown = 3 if arguments.format == "terminal" else OFFENCES_OF_A_CAUSE
        return lint(arguments.file, arguments.test, look, arguments.split, shown, on_read, arguments.region)


def _fix(arguments: argparse.Namespace) -> None:
    """Write the new file and say what was done, on standard error; the new file is checked instead of the old one."""
    if arguments.test is not None:
        raise UsageError("--fix mends one file at a time: leave out --test")
    check_files(arguments.file, arguments.fix)
    size = arguments.file.stat().st_size
    with _progress("Mending", size if size > SMALL_FILE else 0) as on_read:
        fixes = fix(arguments.file, arguments.fix, on_read)
    report(fixes, arguments.fix, sys.stderr if arguments.format != "terminal" else sys.stdout)
    arguments.file = arguments.fix


def _image_source(arguments: argparse.Namespace) -> LookAtImages | None:
    if arguments.no_images:
        return None
    if arguments.images is not None:
        return FolderImages(arguments.images)
    advice = (
        "Images in a local folder: --images DIR. Images in a running emulator: --endpoint-url"
        f" {default_endpoint()}. Images in Amazon's S3: --endpoint-url {OUTSIDE}. No images at all: --no-images."
    )
    return BucketImages(s3_client(s3_endpoint(arguments.endpoint_url), arguments.profile), advice)


@contextmanager
def _progress(what: str, size: int) -> Iterator[OnRead]:
    """A bar over `size` bytes on standard error, if that is a terminal and there is something to wait for."""
    if not size or not sys.stderr.isatty():
        yield ignore_reading
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=size)
        yield lambda read: progress.advance(task, read)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError("expected a number of at least 0")
    return number
