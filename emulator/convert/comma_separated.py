"""CSV files (image, label, label, …) to manifests with image-level labels (guide chapter CS)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.convert.annotated import path_of, size_of, whole
from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.tables import Table, understand
from emulator.convert.writing import attribute_name
from emulator.domain.manifest.writing import Line, image_level_pair, now
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder


@dataclass(slots=True)
class CsvConversion:
    """A CSV file being converted. `file_names` are the images, `labels` counts images (of a table of boxes, boxes).

    `notes` say how the table was understood where that was not plain: rows of image, label, label … without a header
    are; a header, columns of 0 and 1, and tables of boxes are recognised. `images` is the folder of the images, where
    sizes are read that a table of boxes does not tell.
    """

    folder: S3Folder | None
    images: Path | None = None
    file_names: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def lines(self, path: Path) -> Iterator[Line]:
        """One line an image; empty rows and empty columns are passed over. Raises ConversionError (CS-1, CS-3)."""
        rows = read_rows(path)
        if not any(label for row in rows for label in row[1:]):
            raise ConversionError(
                f"{path} has no labels: expected rows of image,label,… with commas between the columns and no header"
            )
        table = understand(rows, path, has_images=self.images is not None)
        if table.header is not None:
            self.notes.append(f"the first row is a header, not an image: {','.join(table.header)[:80]}")
        self._check_images([row[table.image] for row in table.rows if len(row) > table.image], path)
        if table.box:
            self.notes.append("it is a table of boxes: one row a box")
            yield from self._box_lines(table, path)
        else:
            if table.classes:
                self.notes.append("its columns of 0 and 1 are labels")
            yield from self._label_lines(table)

    def _label_lines(self, table: Table) -> Iterator[Line]:
        created = now()
        for row in table.rows:
            image = row[table.image] if len(row) > table.image else ""
            if not image:
                continue
            self.file_names.append(image)
            columns = [row[column].strip() for column in table.labels if column < len(row)]
            columns += [name for column, name in table.classes if column < len(row) and row[column] in ("1", "1.0")]
            labels = list(dict.fromkeys(filter(None, columns)))
            self.labels.update(labels)
            line: Line = {"source-ref": self._source_ref(image)}
            for label in labels:
                line |= image_level_pair(attribute_name(label), label, 1, f"labeling-job/{label}", created)
            yield line

    def _box_lines(self, table: Table, path: Path) -> Iterator[Line]:
        images: dict[str, tuple[float, float, list[LabelledBox]]] = {}
        for row in table.rows:
            name = row[table.image] if len(row) > table.image else ""
            if name not in images:
                width, height = table.size_of(row, path) or size_of(self.images, path_of(name))
                images[name] = (width, height, [])
            if (box := table.box_of(row, path)) is not None:
                images[name][2].append(box)
        made = BoxLines("labeling-job/csv")
        for image, (width, height, boxes) in images.items():
            self.file_names.append(image)
            yield made.line(self._source_ref(image), whole(width), whole(height), boxes)
        self.labels = made.labels

    def _source_ref(self, image: str) -> str:
        return image if self.folder is None else self.folder.uri(image)

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


def separate_duplicates(path: Path, *, has_images: bool = False) -> tuple[Path, Path] | None:
    """If an image stands in several rows: write the first rows and the others into two files beside the CSV (CS-3).

    Returns `<name>-deduplicated.csv` and `<name>-duplicates.csv`, None if there are no duplicates.
    """
    first: dict[str, list[str]] = {}
    rows = read_rows(path)
    if not any(label for row in rows for label in row[1:]):
        return None  # not a table; the conversion says so
    table = understand(rows, path, has_images=has_images)
    if table.box:
        return None  # a row is a box there
    named = [row for row in table.rows if len(row) > table.image]
    later = [row for row in named if first.setdefault(row[table.image], row) is not row]
    if not later:
        return None
    files = path.with_name(f"{path.stem}-deduplicated.csv"), path.with_name(f"{path.stem}-duplicates.csv")
    for file, kept in zip(files, (list(first.values()), later), strict=True):
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([table.header, *kept] if table.header else kept)
    return files
