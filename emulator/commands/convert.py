"""`custom-labels convert FORMAT`: what other tools write to manifests, and into S3 if wanted."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emulator.commands.client import add_s3_arguments, s3_endpoint
from emulator.convert.annotated import AnnotatedConversion, Reader, path_of
from emulator.convert.coco import DEFAULT_OUTPUT, CocoConversion
from emulator.convert.comma_separated import CsvConversion, separate_duplicates
from emulator.convert.cvat import CvatReader
from emulator.convert.folders import FolderConversion
from emulator.convert.label_studio import LabelStudioReader
from emulator.convert.multilabel import MultilabelConversion
from emulator.convert.open_images import OpenImagesReader
from emulator.convert.pascal_voc import VocConversion
from emulator.convert.via import ViaReader
from emulator.convert.writing import write_manifest
from emulator.convert.yolo import YoloConversion
from emulator.domain.manifest.rules.rule import Moment
from emulator.domain.manifest.writing import Line
from emulator.lint.check import LintResult, lint
from emulator.lint.errors import ConversionError, UsageError
from emulator.lint.local_images import file_below
from emulator.lint.recognising import HEAD_BYTES, recognise
from emulator.lint.s3 import S3Folder, s3_client, upload
from emulator.lint.wording import printable, with_file

if TYPE_CHECKING:
    from rich.console import Console

DESCRIPTION = """Make a manifest from another format, check it, and upload it with its images if wanted.
Exit code 0 if the manifest is good, 1 if the input cannot be converted or the manifest has errors, 2 for wrong
usage."""


class Conversion(Protocol):
    """What every format offers: lines, and after them the images and how often each label was used."""

    file_names: list[str]

    @property
    def labels(self) -> Counter[str]: ...

    def lines(self, path: Path) -> Iterator[Line]: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `custom-labels convert` and its formats to its parser."""
    parser.description = DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    formats = parser.add_subparsers(dest="source_format", metavar="FORMAT", required=True)
    coco = formats.add_parser("coco", help="a COCO object detection file (boxes)")
    coco.add_argument("input", metavar="FILE", type=Path, help="the JSON file with images, annotations and categories")
    coco.add_argument("--clip", action="store_true", help="cut boxes that leave the image at its frame")
    rows = formats.add_parser("csv", help="rows of image, label, label, …; tables with a header, also of boxes")
    rows.add_argument("input", metavar="FILE", type=Path, help="the CSV file")
    folders = formats.add_parser("folders", help="folders of images whose names are the labels (image-level labels)")
    folders.add_argument("input", metavar="DIR", type=Path, help="the folder that holds one folder a label")
    multilabel = formats.add_parser("multilabel", help="the manifest of a Ground Truth multi-label job")
    multilabel.add_argument("input", metavar="FILE", type=Path, help="the manifest")
    voc = formats.add_parser("voc", help="a folder of Pascal VOC annotations, one XML file an image (boxes)")
    voc.add_argument("input", metavar="DIR", type=Path, help="the folder that holds the XML files")
    yolo = formats.add_parser("yolo", help="a folder of images and YOLO labels (boxes)")
    yolo.add_argument("input", metavar="DIR", type=Path, help="the folder that holds images, labels and data.yaml")
    studio = formats.add_parser("labelstudio", help="an export of Label Studio, JSON or JSON-MIN (boxes or choices)")
    studio.add_argument("input", metavar="FILE", type=Path, help="the JSON file")
    cvat = formats.add_parser("cvat", help="an export of CVAT for images 1.1 (boxes or tags)")
    cvat.add_argument("input", metavar="FILE", type=Path, help="annotations.xml")
    via = formats.add_parser("via", help="a project or export of the VGG Image Annotator 1 or 2 (boxes)")
    via.add_argument("input", metavar="FILE", type=Path, help="the project, or the annotations as JSON or CSV")
    via.add_argument("--attribute", metavar="NAME", help="the attribute of regions that is the label")
    tables = formats.add_parser("openimages", help="a table of Open Images (boxes or labels of whole images)")
    tables.add_argument("input", metavar="FILE", type=Path, help="the CSV file with ImageID and LabelName")
    tables.add_argument("--classes", metavar="FILE", type=Path, help="the table of the classes' names")
    for format_parser in (coco, rows, folders, multilabel, voc, yolo, studio, cvat, via, tables):
        _add_common_arguments(format_parser)
    for format_parser in (coco, rows, voc, studio, cvat, via, tables):
        format_parser.add_argument("--images", metavar="DIR", type=Path, help="the images: to upload, and for sizes")
    for format_parser in (coco, rows, folders, voc, yolo, studio, cvat, via, tables):
        format_parser.add_argument("--s3", metavar="s3://BUCKET/PREFIX", help="where the images are or will be")


def _add_common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="the manifest to write (default: by the input's name)"
    )
    parser.add_argument(
        "--upload", metavar="s3://BUCKET/PREFIX", help="put the manifest and the images there (of multilabel no images)"
    )
    add_s3_arguments(parser, "to upload to")


def run(arguments: argparse.Namespace) -> int:
    """Convert, check and upload; returns the exit code. Problems go to standard error."""
    try:
        from rich.console import Console  # not for the help, which begins sooner without

        return _convert(arguments, Console(highlight=False, soft_wrap=True))
    except (UsageError, ConversionError) as error:
        print(f"custom-labels convert: {printable(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        if error.filename is None:
            raise  # of the standard output
        print(f"custom-labels convert: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2


def _convert(arguments: argparse.Namespace, console: Console) -> int:
    target = S3Folder.parse(arguments.upload) if arguments.upload else None
    images = _images_folder(arguments, is_uploading=target is not None)
    if not arguments.input.exists():
        raise UsageError(f"there is no {arguments.input}")
    _check_input(arguments)
    has_images = getattr(arguments, "images", None) is not None
    if arguments.source_format == "csv" and (files := separate_duplicates(arguments.input, has_images=has_images)):
        raise ConversionError(
            f"{arguments.input} names images more than once: no manifest was written. The first row of each is in"
            f" {files[0]}, the others are in {files[1]}; correct the first file if needed and convert it"
        )
    conversion = _conversion(arguments, target)
    output = arguments.output or _default_output(arguments)
    if not output.suffix:
        raise UsageError(f"{output} has no extension: a manifest needs one, such as .manifest")
    if output.resolve() == arguments.input.resolve():
        raise UsageError(f"{output} is the input: say with --output where the manifest is to be written")
    count = write_manifest(output, conversion.lines(arguments.input))
    console.print(f"{output}: {count:,} images, {len(conversion.labels):,} labels", markup=False)
    for note in getattr(conversion, "notes", ()):
        print(f"custom-labels convert: {arguments.input}: {note}", file=sys.stderr)
    if count and not conversion.labels:
        print(
            f"custom-labels convert: {arguments.input} gave no label: lines without one teach nothing", file=sys.stderr
        )
    for label, uses in conversion.labels.most_common():
        console.print(f"  {printable(label)}: {uses:,}", markup=False)
    if isinstance(conversion, CocoConversion) and conversion.clip:
        console.print(f"{conversion.clipped:,} boxes clipped, {conversion.left_out:,} left out as too small")
    result = lint(output, None, None, shown=3)
    if not _is_good(result):
        from emulator.lint.terminal import print_result

        print_result(result, console)
        return 1
    if target is not None:
        _upload(arguments, console, target, output, images, conversion.file_names)
    return 0


_FITTING = {
    "coco": {"coco"},
    "csv": {"csv", "image-list"},
    "multilabel": {"pretty-printed", "json-array", "ground-truth-text"},
    "labelstudio": {"label-studio", "json-array"},
    "cvat": {"cvat", "encoding-utf-16"},
    "via": {"via", "csv"},
    "openimages": {"csv"},
}
"""What lint may recognise in the input of each format; anything else is another format."""


def _check_input(arguments: argparse.Namespace) -> None:
    """Raise ConversionError, with the name of the format and what to do, for a file of another one."""
    fitting = _FITTING.get(arguments.source_format)
    if fitting is None or not arguments.input.is_file():
        return
    with arguments.input.open("rb") as stream:
        found = recognise(stream.read(HEAD_BYTES))
    if found is None or found.key in fitting:
        return
    raise ConversionError(f"{arguments.input}: {found.title} {with_file(found.cure, arguments.input)}")


def _is_good(result: LintResult) -> bool:
    """Whether a dataset can be made of the manifest without any error; what only a training asks for, such as a second
    label, may come with further manifests."""
    failures = [failure for _, failure in result.failures if Moment.DATASET in failure.rule.moments]
    return not (result.unreadable or failures or any(file.errors for file in result.files))


def _images_folder(arguments: argparse.Namespace, is_uploading: bool) -> Path | None:
    folder: Path | None = (
        arguments.input if arguments.source_format in ("folders", "yolo") else getattr(arguments, "images", None)
    )
    if folder is not None and not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    if is_uploading and folder is None and arguments.source_format != "multilabel":
        raise UsageError("--upload needs --images: the folder of the images")
    return folder


def _conversion(arguments: argparse.Namespace, target: S3Folder | None) -> Conversion:
    if arguments.source_format == "multilabel":
        return MultilabelConversion()
    if arguments.s3 and target:
        raise UsageError("--upload says already where the images will be: leave out --s3")
    folder = S3Folder.parse(arguments.s3) if arguments.s3 else target
    if arguments.source_format == "coco":
        return CocoConversion(folder, arguments.clip)
    if arguments.source_format == "csv":
        return CsvConversion(folder, arguments.images)
    if (reader := _reader(arguments)) is not None:
        return AnnotatedConversion(reader, folder, f"labeling-job/{arguments.source_format}")
    if folder is None:
        raise UsageError("say with --s3 or --upload where the images are or will be")
    if arguments.source_format == "voc":
        return VocConversion(folder)
    return YoloConversion(folder) if arguments.source_format == "yolo" else FolderConversion(folder)


def _reader(arguments: argparse.Namespace) -> Reader | None:
    """The reader of a tool's files, where the format is one of a tool."""
    if arguments.source_format == "labelstudio":
        return LabelStudioReader(arguments.images)
    if arguments.source_format == "cvat":
        return CvatReader()
    if arguments.source_format == "via":
        return ViaReader(arguments.images, arguments.attribute)
    if arguments.source_format == "openimages":
        return OpenImagesReader(arguments.images, arguments.classes)
    return None


def _default_output(arguments: argparse.Namespace) -> Path:
    """The names that the guide's programs give (CO-3, CS-2, ML-2); a folder's name for folders."""
    source: Path = arguments.input
    if arguments.source_format == "coco":
        return Path(DEFAULT_OUTPUT)
    if arguments.source_format in ("csv", "labelstudio", "cvat", "via", "openimages"):
        return source.with_suffix(".manifest")
    if arguments.source_format == "multilabel":
        return Path(f"custom_labels_{source.name}")
    return Path(f"{source.resolve().name}.manifest")


def _upload(
    arguments: argparse.Namespace,
    console: Console,
    target: S3Folder,
    manifest: Path,
    images: Path | None,
    file_names: list[str],
) -> None:
    endpoint, profile = s3_endpoint(arguments.endpoint_url), arguments.profile
    files = [(_below(images, path_of(name)), target.key(path_of(name))) for name in file_names] if images else []
    files.append((manifest, target.key(manifest.name)))
    client = s3_client(endpoint, profile)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Uploading", total=len(files))
        upload(client, target, files, lambda: progress.advance(task))
    console.print(f"uploaded {len(files) - 1:,} images and {target.uri(manifest.name)}", markup=False)


def _below(folder: Path, name: str) -> Path:
    path = file_below(folder, name)
    if path is None:
        raise ConversionError(f"there is no image {name} below {folder}")
    return path
