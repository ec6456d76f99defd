"""Folders of YOLO labels (one text file an image, boxes in fractions) to manifests with boxes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from emulator.convert.annotated import inside, size_of
from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.writing import image_files
from emulator.domain.manifest.writing import Line
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder

_NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "labels.txt", "_darknet.labels")


@dataclass(slots=True)
class YoloConversion:
    """A folder being converted. `file_names` are paths of the images below it; an image without a label file, or with
    an empty one, gets a line without boxes. Rows of a segmentation (points of an outline) become the boxes around them;
    `outlines` counts those."""

    folder: S3Folder
    file_names: list[str] = field(default_factory=list)
    boxes: BoxLines = field(default_factory=lambda: BoxLines("labeling-job/yolo"))
    outlines: int = 0

    @property
    def labels(self) -> Counter[str]:
        """How many boxes each label has."""
        return self.boxes.labels

    @property
    def notes(self) -> list[str]:
        """What became something else."""
        return [f"{self.outlines:,} outlines became the boxes around them"] if self.outlines else []

    def lines(self, path: Path) -> Iterator[Line]:
        """One line an image below the folder. Raises ConversionError."""
        if not path.is_dir():
            raise ConversionError(f"{path} is not a folder: give the one that holds images and labels")
        names = _class_names(path)
        labelled = 0
        for name in image_files(path):
            labels = _label_file(path, name)
            rows = [] if labels is None else self._rows(labels)
            labelled += labels is not None
            self.file_names.append(name)
            yield self._line(path, name, rows, names)
        if not labelled:
            raise ConversionError(
                f"{path} has no label files of YOLO: expected for a.jpg an a.txt beside it, or images/a.jpg and "
                f"labels/a.txt"
            )

    def _rows(self, file: Path) -> list[tuple[int, list[float]]]:
        """Class number and box (centre across and down, width, height, in fractions) of each row."""
        rows = []
        for number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
            if not (words := line.split()):
                continue
            try:
                label, *values = int(words[0]), *map(float, words[1:])
                if len(values) not in (4, 5) and (len(values) < 6 or len(values) % 2):
                    raise ValueError
            except ValueError:
                raise ConversionError(
                    f"{file}:{number} is not a row of YOLO (class, centre across, centre down, width, height): "
                    f"{line[:60]!r}"
                ) from None
            if not all(-0.5 <= value <= 1.5 for value in (values[:4] if len(values) < 6 else values)):
                raise ConversionError(
                    f"{file}:{number} has a box in pixels, not in fractions of the image: {line[:60]!r}"
                )
            self.outlines += len(values) > 5
            rows.append((label, values[:4] if len(values) < 6 else _around(values[::2], values[1::2])))
        return rows

    def _line(self, path: Path, name: str, rows: list[tuple[int, list[float]]], names: dict[int, str]) -> Line:
        width, height = size_of(path, name)
        boxes = []
        for number, (across, down, wide, high) in rows:
            label = names.get(number, f"class {number}")
            left, top = (across - wide / 2) * width, (down - high / 2) * height
            boxes.append(inside(LabelledBox(label, left, top, wide * width, high * height), width, height))
        return self.boxes.line(self.folder.uri(name), width, height, boxes)


def _around(across: list[float], down: list[float]) -> list[float]:
    """Centre, width and height of the box around points."""
    left, right, top, bottom = min(across), max(across), min(down), max(down)
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _label_file(path: Path, image: str) -> Path | None:
    """The label file of an image: beside it, or in `labels` where the image is in `images`."""
    beside = PurePosixPath(image).with_suffix(".txt")
    parts = ["labels" if part == "images" else part for part in beside.parts]
    return next((path / name for name in (PurePosixPath(*parts), beside) if (path / name).is_file()), None)


def _class_names(path: Path) -> dict[int, str]:
    """The names of the classes by number, from the files that go with such folders; none if there is no such file."""
    for folder in (path, path.parent):
        for name in _NAME_FILES:
            file = folder / name
            if file.is_file():
                text = file.read_text(encoding="utf-8-sig", errors="replace")
                names = _of_yaml(text) if file.suffix in (".yaml", ".yml") else _of_rows(text)
                if names:
                    return names
    return {}


def _of_rows(text: str) -> dict[int, str]:
    return dict(enumerate(line.strip() for line in text.splitlines() if line.strip()))


def _of_yaml(text: str) -> dict[int, str]:
    """`names` of a data.yaml, in any of the three ways in which it is written."""
    found = re.search(r"^names:[ \t]*(.*)$", text, re.MULTILINE)
    if found is None:
        return {}
    if found[1].lstrip().startswith("["):
        return dict(enumerate(map(_unquoted, _items(text[found.start(1) :]))))
    names: dict[int, str] = {}
    for line in text[found.end() :].splitlines():
        if item := re.fullmatch(r"\s*-\s+(.+)", line):
            names[len(names)] = _unquoted(item[1])
        elif item := re.fullmatch(r"\s+(\d+)\s*:\s*(.+)", line):
            names[int(item[1])] = _unquoted(item[2])
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return names


def _items(text: str) -> list[str]:
    """The items of a flow sequence: `[a, 'b, c', "d]"]`."""
    item = r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^,\]'"\s](?:[^,\]])*"""
    found: list[str] = []
    position = text.index("[") + 1
    while match := re.compile(rf"\s*({item})\s*(?:#[^\n]*\n\s*)?(,|\])?", re.DOTALL).match(text, position):
        found.append(match[1])
        position = match.end()
        if match[2] != ",":
            break
    return found


def _unquoted(text: str) -> str:
    """A scalar of YAML in plain, single-quoted or double-quoted style; a comment behind it is left out."""
    text = text.strip()
    if text.startswith("'"):
        found = re.match(r"'((?:[^']|'')*)'", text)
        return found[1].replace("''", "'") if found else text.strip("'")
    if text.startswith('"'):
        try:
            return str(json.JSONDecoder().raw_decode(text)[0])
        except ValueError:
            return text.strip('"')
    return re.split(r"\s#", text, maxsplit=1)[0].strip()
