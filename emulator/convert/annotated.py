"""Images with boxes or labels, as other tools' files tell of them, and the lines of a manifest that they become."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.writing import attribute_name
from emulator.domain.manifest.writing import Line, image_level_pair, now
from emulator.lint.errors import ConversionError
from emulator.lint.local_images import file_below
from emulator.lint.s3 import S3Folder
from emulator.vision.errors import ImageError

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """An image: `name` is a path with slashes or an s3:// address; width and height in pixels, 0 where unknown."""

    name: str
    width: float = 0
    height: float = 0
    boxes: tuple[LabelledBox, ...] = ()
    labels: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads the files of one tool. `left_out` counts what a manifest cannot hold, by a sentence about it."""

    left_out: Counter[str]

    def read(self, path: Path) -> list[AnnotatedImage]:
        """The images of a file or folder. Raises ConversionError."""
        ...


@dataclass(slots=True)
class AnnotatedConversion:
    """What a Reader reads, being converted.

    Where any image has a box, lines have boxes, and labels of whole images are left out: a dataset is of one kind.
    """

    reader: Reader
    folder: S3Folder | None
    job: str
    file_names: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)

    @property
    def notes(self) -> list[str]:
        """What was left out, a sentence each."""
        return [f"{count:,} {what}" for what, count in self.reader.left_out.items()]

    def lines(self, path: Path) -> Iterator[Line]:
        """One line an image. Raises ConversionError."""
        images = self.reader.read(path)
        if not images:
            raise ConversionError(f"{path} names no images")
        if any(image.boxes for image in images):
            yield from self._box_lines(images)
        else:
            yield from self._label_lines(images)

    def _box_lines(self, images: list[AnnotatedImage]) -> Iterator[Line]:
        made = BoxLines(self.job)
        for image in images:
            self.file_names.append(image.name)
            if image.labels:
                self.reader.left_out["labels of whole images left out: the others have boxes"] += len(image.labels)
            if image.boxes or image.width:
                yield made.line(self._source_ref(image), whole(image.width), whole(image.height), list(image.boxes))
            else:
                yield {"source-ref": self._source_ref(image)}
        self.labels = made.labels

    def _label_lines(self, images: list[AnnotatedImage]) -> Iterator[Line]:
        created = now()
        for image in images:
            self.file_names.append(image.name)
            line: Line = {"source-ref": self._source_ref(image)}
            for label in dict.fromkeys(image.labels):
                line |= image_level_pair(attribute_name(label), label, 1, self.job, created)
                self.labels[label] += 1
            yield line

    def _source_ref(self, image: AnnotatedImage) -> str:
        if self.folder is None:
            if image.name.startswith("s3://"):
                return image.name
            raise ConversionError(f"{image.name} has no s3:// address: say with --s3 or --upload where the images are")
        return self.folder.uri(path_of(image.name))


def path_of(name: str) -> str:
    """An image's path below its folder; of an s3:// address its key."""
    return name.removeprefix("s3://").partition("/")[2] if name.startswith("s3://") else name


def whole(value: float) -> float:
    """As an integer if it is one."""
    return int(value) if value == int(value) else value


def size_of(folder: Path | None, name: str) -> tuple[int, int]:
    """Width and height in pixels of an image below a folder. Raises ConversionError where it cannot be read."""
    if folder is None:
        raise ConversionError(f"the size of {name} is not told: give the folder of the images with --images")
    path = file_below(folder, name)
    if path is None:
        raise ConversionError(f"there is no image {name} below {folder}")
    try:
        from emulator.vision.images import probe  # only where images are looked at: numpy takes longer than the rest

        facts = probe(path.read_bytes())
    except ImageError as error:
        raise ConversionError(f"{path} cannot be read as an image: {error}") from None
    return facts.width, facts.height


def around(label: str, points: Iterable[Point]) -> LabelledBox:
    """The box around points in pixels."""
    across, down = zip(*points, strict=True)
    return LabelledBox(label, min(across), min(down), max(across) - min(across), max(down) - min(down))


def turned(points: Iterable[Point], centre: Point, degrees: float) -> list[Point]:
    """Points turned clockwise about a centre, as the eye sees it: y grows downwards."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [
        (
            centre[0] + (x - centre[0]) * cosine - (y - centre[1]) * sine,
            centre[1] + (x - centre[0]) * sine + (y - centre[1]) * cosine,
        )
        for x, y in points
    ]


def corners(left: float, top: float, width: float, height: float) -> list[Point]:
    """The four corners of a rectangle."""
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def inside(box: LabelledBox, width: float, height: float) -> LabelledBox:
    """Without the fraction of a pixel by which rounded figures leave the image."""
    left, top = (0.0 if -1 < value < 0 else value for value in (box.left, box.top))
    wide = width - left if width < left + box.width < width + 1 else box.width
    high = height - top if height < top + box.height < height + 1 else box.height
    return LabelledBox(box.label, left, top, wide, high)
