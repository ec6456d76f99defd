"""CSV files (image, label, label, …) to manifests with image-level labels (guide chapter CS)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.convert.writing import attribute_name
from emulator.domain.manifest.writing import Line, image_level_pair, now
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder


@dataclass(slots=True)
class CsvConversion:
    """A CSV file being converted: no header, one row an image. `file_names` are the images, `labels` counts images."""

    folder: S3Folder | None
    file_names: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)

    def lines(self, path: Path) -> Iterator[Line]:
        """One line a row; empty rows and empty columns are passed over. Raises ConversionError (CS-1, CS-3)."""
        rows = read_rows(path)
        if not any(label for row in rows for label in row[1:]):
            raise ConversionError(
                f"{path} has no labels: expected rows of image,label,… with commas between the columns and no header"
            )
        self._check_images([row[0] for row in rows], path)
        created = now()
        for image, *columns in rows:
            self.file_names.append(image)
            labels = list(dict.fromkeys(label for column in columns if (label := column.strip())))
            self.labels.update(labels)
            line: Line = {"source-ref": image if self.folder is None else self.folder.uri(image)}
            for label in labels:
                line |= image_level_pair(attribute_name(label), label, 1, f"labeling-job/{label}", created)
            yield line

    def _check_images(self, images: list[str], path: Path) -> None:
        with_address = sum(image.startswith("s3://") for image in images)
        if self.folder is not None and with_address:
            raise ConversionError(f"{path}: rows name s3:// addresses already; leave out --s3 and --upload")
        if self.folder is None and with_address < len(images):
            raise ConversionError(f"{path}: rows name images without s3:// address; say with --s3 where they are")


def read_rows(path: Path) -> list[list[str]]:
    """The rows that are not empty, with the first column stripped. Raises ConversionError for other text than UTF-8."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[column.strip() for column in row] for row in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConversionError(f"{path} is not a CSV file in UTF-8: {error}") from None
    return [row for row in rows if row and row[0]]


def separate_duplicates(path: Path) -> tuple[Path, Path] | None:
    """If an image stands in several rows: write the first rows and the others into two files beside the CSV (CS-3).

    Returns `<name>-deduplicated.csv` and `<name>-duplicates.csv`, None if there are no duplicates.
    """
    first: dict[str, list[str]] = {}
    later = [row for row in read_rows(path) if first.setdefault(row[0], row) is not row]
    if not later:
        return None
    files = path.with_name(f"{path.stem}-deduplicated.csv"), path.with_name(f"{path.stem}-duplicates.csv")
    for file, rows in zip(files, (first.values(), later), strict=True):
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
    return files
