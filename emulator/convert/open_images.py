"""Tables of Open Images (boxes, or labels of whole images) to manifests."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.convert.annotated import AnnotatedImage, inside, size_of
from emulator.convert.boxes import LabelledBox
from emulator.lint.errors import ConversionError
from emulator.lint.local_images import file_below

_SIDES = ("XMin", "YMin", "XMax", "YMax")
_CLASS_FILES = ("class-descriptions-boxable.csv", "class-descriptions.csv", "oidv7-class-descriptions-boxable.csv")


@dataclass(slots=True)
class OpenImagesReader:
    """Rows of ImageID, LabelName and, of boxes, corners in fractions of the image.

    `images` is the folder of the images, which are named by their id; boxes need it for the sizes. `classes` is the
    table of names (class-descriptions-boxable.csv); without it, it is looked for beside the table.
    """

    images: Path | None = None
    classes: Path | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> list[AnnotatedImage]:
        """The images in the order in which they are first named. Raises ConversionError."""
        names = self._class_names(path)
        boxes: dict[str, list[LabelledBox]] = {}
        labels: dict[str, list[str]] = {}
        for row in _rows(path):
            image, code = row.get("ImageID") or "", row.get("LabelName") or ""
            if not image or not code:
                raise ConversionError(f"{path} is not a table of Open Images: expected columns ImageID and LabelName")
            if "XMin" in row:
                boxes.setdefault(image, []).append(LabelledBox(names.get(code, code), *_fractions(row, path)))
            elif row.get("Confidence", "1") in ("0", "0.0"):
                self.left_out["labels that an image does not have (Confidence 0) left out"] += 1
                labels.setdefault(image, [])
            else:
                labels.setdefault(image, []).append(names.get(code, code))
        if boxes:
            return [self._with_boxes(image, found) for image, found in boxes.items()]
        return [AnnotatedImage(self._name(image), labels=tuple(found)) for image, found in labels.items()]

    def _with_boxes(self, image: str, boxes: list[LabelledBox]) -> AnnotatedImage:
        name = self._name(image)
        width, height = size_of(self.images, name)
        scaled = (
            LabelledBox(label, left * width, top * height, (right - left) * width, (bottom - top) * height)
            for label, left, top, right, bottom in boxes
        )
        return AnnotatedImage(name, width, height, tuple(inside(box, width, height) for box in scaled))

    def _name(self, image: str) -> str:
        """The file of an id: `<id>.jpg`, unless the folder has it under another name."""
        if image.lower().endswith((".jpg", ".jpeg", ".png")):
            return image
        found = (f"{image}{end}" for end in (".jpg", ".jpeg", ".png"))
        known = self.images
        return next((name for name in found if known and file_below(known, name)), f"{image}.jpg")

    def _class_names(self, path: Path) -> dict[str, str]:
        beside = (path.parent / name for name in _CLASS_FILES)
        file = self.classes or next((file for file in beside if file.is_file()), None)
        if file is None:
            return {}
        rows = [row for row in _cells(file) if len(row) >= 2]
        return {code: name for code, name, *_ in rows}


def _fractions(row: dict[str, str], path: Path) -> list[float]:
    try:
        values = [float(row[side]) for side in _SIDES]
    except (KeyError, TypeError, ValueError):
        raise ConversionError(
            f"{path}: a row of image {row['ImageID']} lacks a figure of {', '.join(_SIDES)}"
        ) from None
    if not all(-0.5 <= value <= 1.5 for value in values):
        raise ConversionError(f"{path}: a box of image {row['ImageID']} is not in fractions of the image")
    return values


def _rows(path: Path) -> Iterator[dict[str, str]]:
    cells = _cells(path)
    header = next(cells, [])
    for row in cells:
        yield dict(zip(header, row, strict=False))


def _cells(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from (row for row in csv.reader(stream) if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConversionError(f"{path} is not a CSV file in UTF-8: {error}") from None
