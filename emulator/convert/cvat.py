"""Annotations of CVAT ("CVAT for images 1.1", one XML file) to manifests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from emulator.convert.annotated import AnnotatedImage, Point, around, corners, inside, turned
from emulator.convert.boxes import LabelledBox
from emulator.convert.xml_documents import attribute, number, read_xml
from emulator.lint.errors import ConversionError

_MOST_BYTES = 1_000_000_000
_WITHOUT_AREA = ("polyline", "points", "cuboid", "skeleton")


@dataclass(slots=True)
class CvatReader:
    """Boxes as they are; turned boxes, polygons, ellipses and masks as the boxes around them; tags as labels."""

    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> list[AnnotatedImage]:
        """The images of the file, also those without annotations. Raises ConversionError."""
        root = read_xml(path, "a CVAT annotation file", _MOST_BYTES)
        if root.tag != "annotations":
            raise ConversionError(f"{path} is not a CVAT annotation file: its root is {root.tag}")
        if root.find("track") is not None:
            raise ConversionError(f"{path} is of a video (tracks): export it as CVAT for images 1.1")
        return [self._image(element, path) for element in root.iter("image")]

    def _image(self, element: ElementTree.Element, path: Path) -> AnnotatedImage:
        name = attribute(element, "name", path)
        width, height = (number(element, side, path) for side in ("width", "height"))
        if width < 1 or height < 1:
            raise ConversionError(f"{path}: the size of {name} is {width:g} x {height:g}")
        boxes: list[LabelledBox] = []
        labels: list[str] = []
        for shape in element:
            if shape.tag == "tag":
                labels.append(attribute(shape, "label", path))
            elif shape.tag in _WITHOUT_AREA:
                self.left_out["lines, points and cuboids left out: a manifest has boxes"] += 1
            elif shape.tag in ("box", "polygon", "ellipse", "mask"):
                boxes.append(inside(self._box(shape, path), width, height))
        return AnnotatedImage(name, width, height, tuple(boxes), tuple(labels))

    def _box(self, shape: ElementTree.Element, path: Path) -> LabelledBox:
        label = attribute(shape, "label", path)
        if shape.tag == "mask":
            self.left_out["masks became the boxes around them"] += 1
            return LabelledBox(label, *(number(shape, name, path) for name in ("left", "top", "width", "height")))
        if shape.tag == "polygon":
            self.left_out["polygons became the boxes around them"] += 1
            return around(label, _points(shape, path))
        degrees = number(shape, "rotation", path, default=0)
        if shape.tag == "ellipse":
            self.left_out["ellipses became the boxes around them"] += 1
            across, down, wide, high = (number(shape, name, path) for name in ("cx", "cy", "rx", "ry"))
            rectangle = corners(across - wide, down - high, 2 * wide, 2 * high)
        else:
            left, top, right, bottom = (number(shape, name, path) for name in ("xtl", "ytl", "xbr", "ybr"))
            if not degrees:
                return LabelledBox(label, left, top, right - left, bottom - top)
            self.left_out["turned boxes became the boxes around them"] += 1
            rectangle = corners(left, top, right - left, bottom - top)
        centre = ((rectangle[0][0] + rectangle[2][0]) / 2, (rectangle[0][1] + rectangle[2][1]) / 2)
        return around(label, turned(rectangle, centre, degrees))


def _points(shape: ElementTree.Element, path: Path) -> list[Point]:
    """`x,y;x,y;…`"""
    text = attribute(shape, "points", path)
    try:
        pairs = [pair.split(",") for pair in text.split(";")]
        points = [(float(across), float(down)) for across, down in pairs]
    except ValueError:
        raise ConversionError(f"{path}: points of a polygon are not x,y;x,y…: {text[:60]!r}") from None
    if not all(abs(value) < 1e9 for point in points for value in point):
        raise ConversionError(f"{path}: points of a polygon are not pixels: {text[:60]!r}")
    return points
