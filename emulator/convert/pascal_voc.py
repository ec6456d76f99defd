"""Folders of Pascal VOC annotations (one XML file an image) to manifests with boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.writing import image_files
from emulator.convert.xml_documents import read_xml
from emulator.domain.manifest.writing import Line
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder

_MOST_BYTES = 10_000_000


@dataclass(slots=True)
class VocConversion:
    """A folder being converted. `file_names` are the images, as paths below the folder where they lie there."""

    folder: S3Folder
    file_names: list[str] = field(default_factory=list)
    boxes: BoxLines = field(default_factory=lambda: BoxLines("labeling-job/pascal-voc"))

    @property
    def labels(self) -> Counter[str]:
        """How many boxes each label has."""
        return self.boxes.labels

    def lines(self, path: Path) -> Iterator[Line]:
        """One line an XML file below the folder, in the order of their names. Raises ConversionError."""
        files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
        if not files:
            raise ConversionError(f"{path} has no XML files: expected Pascal VOC annotations, one an image")
        known: dict[str, list[str]] = {}
        for image in image_files(path) if path.is_dir() else ():
            known.setdefault(PurePosixPath(image).name, []).append(image)
        for file in files:
            name, width, height, boxes = _annotation(file)
            below = _folder_of_image(file, path)
            candidates = known.get(name, [])
            within = (image for image in candidates if f"/{image}".endswith(f"/{below / name}"))
            # The shortest: one of the same name further down belongs to an annotation further down.
            name = min(within, key=len, default=candidates[-1] if candidates else str(below / name))
            self.file_names.append(name)
            yield self.boxes.line(self.folder.uri(name), width, height, boxes)


def _folder_of_image(file: Path, root: Path) -> PurePosixPath:
    """The folder below that of all images in which an annotation's image lies: that of the file below `Annotations`."""
    parts = file.relative_to(root).parent.parts if file != root else ()
    return PurePosixPath(*parts[parts.index("Annotations") + 1 :]) if "Annotations" in parts else PurePosixPath()


def _annotation(file: Path) -> tuple[str, float, float, list[LabelledBox]]:
    """The image's file name, width and height in pixels, and its boxes."""
    root = read_xml(file, "a Pascal VOC annotation", _MOST_BYTES)
    if root.tag != "annotation":
        raise ConversionError(f"{file} is not a Pascal VOC annotation: its root is {root.tag}")
    name = (root.findtext("filename") or "").strip().replace("\\", "/")
    if not name:
        raise ConversionError(f"{file} names no image: filename is missing or empty")
    width, height = (_number(root, f"size/{side}", file) for side in ("width", "height"))
    if width < 1 or height < 1:
        raise ConversionError(f"{file}: the size is {width:g} x {height:g}; write the image's width and height")
    return PurePosixPath(name).name, width, height, [_box(item, file) for item in root.iter("object")]


def _box(item: ElementTree.Element, file: Path) -> LabelledBox:
    label = (item.findtext("name") or "").strip()
    if not label:
        raise ConversionError(f"{file}: an object has no name")
    left, top, right, bottom = (_number(item, f"bndbox/{side}", file) for side in ("xmin", "ymin", "xmax", "ymax"))
    return LabelledBox(label, left, top, right - left, bottom - top)


def _number(parent: ElementTree.Element, path: str, file: Path) -> float:
    text = parent.findtext(path)
    try:
        value = float(text) if text is not None else None
    except ValueError:
        raise ConversionError(f"{file}: {path} is not a number: {text!r}") from None
    if value is None:
        raise ConversionError(f"{file}: {path} is missing")
    if not abs(value) < 1e9:
        raise ConversionError(f"{file}: {path} is not a size in pixels: {text!r}")
    return int(value) if value == int(value) else value
