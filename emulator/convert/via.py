"""Annotations of the VGG Image Annotator (VIA 1 and 2: project, JSON, CSV) to manifests."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from emulator.convert.annotated import AnnotatedImage, around, corners, inside, size_of
from emulator.convert.boxes import LabelledBox
from emulator.convert.json_documents import figures, member, objects, read_json, texts
from emulator.domain.json_values import JsonObject, JsonValue
from emulator.lint.errors import ConversionError

_LABEL_NAMES = ("label", "class", "name", "category", "type", "object", "species", "tag")


@dataclass(slots=True)
class ViaReader:
    """Rectangles as they are, circles, ellipses and polygons as the boxes around them.

    VIA does not write the size of an image: `images` is the folder where it is read. `attribute` is the attribute of
    regions (or files) that is the label; needed where there are several and none has a usual name.
    """

    images: Path | None = None
    attribute: str | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> list[AnnotatedImage]:
        """The images of the file. Raises ConversionError."""
        files = _of_csv(path) if path.suffix.lower() == ".csv" else _of_json(path)
        regions = self._label_attribute(
            [region for file in files for region in _regions(file)], "region_attributes", path
        )
        wholes = self._label_attribute(files, "file_attributes", path) if regions is None else None
        return [self._image(file, regions, wholes, path) for file in files]

    def _label_attribute(self, holders: list[JsonObject], kind: str, path: Path) -> str | None:
        """The attribute that is the label; None where there are none. Raises ConversionError where it is not clear."""
        names = list(dict.fromkeys(name for holder in holders for name in member(holder, kind)))
        if self.attribute in names:
            return self.attribute
        usual = [name for wanted in _LABEL_NAMES for name in names if name.lower() == wanted]
        if usual or len(names) <= 1:
            return next(iter(usual or names), None)
        if kind == "file_attributes":
            return None
        raise ConversionError(
            f"{path}: regions have several attributes: say with --attribute which of {', '.join(names)}"
        )

    def _image(self, file: JsonObject, regions: str | None, wholes: str | None, path: Path) -> AnnotatedImage:
        name = file["filename"]
        if not isinstance(name, str) or not name:
            raise ConversionError(f"{path}: an image has no filename")
        name = name.replace("\\", "/").rpartition("/")[2] if ":" in name else name
        labels = texts(member(file, "file_attributes").get(wholes)) if wholes else []
        if regions is None:
            return AnnotatedImage(name, labels=tuple(labels))
        width, height = size_of(self.images, name)
        boxes = [box for region in _regions(file) for box in self._boxes(region, regions)]
        return AnnotatedImage(name, width, height, tuple(inside(box, width, height) for box in boxes), tuple(labels))

    def _boxes(self, region: JsonObject, attribute: str) -> list[LabelledBox]:
        labels = texts(member(region, "region_attributes").get(attribute))
        if not labels:
            self.left_out["regions without a label left out"] += 1
            return []
        shape = member(region, "shape_attributes")
        if rectangle := figures(shape, "x", "y", "width", "height"):
            return [LabelledBox(label, *rectangle) for label in labels]
        points = _outline(shape)
        if not points:
            self.left_out["points and lines left out: a manifest has boxes"] += 1
            return []
        self.left_out[f"shapes ({shape.get('name')}) became the boxes around them"] += 1
        return [around(label, points) for label in labels]


def _outline(shape: JsonObject) -> list[tuple[float, float]]:
    """Points of a circle's or ellipse's box, or of a polygon; none of anything else."""
    centre = figures(shape, "cx", "cy")
    if centre and (radii := figures(shape, "rx", "ry") or (figures(shape, "r") or []) * 2):
        return corners(centre[0] - radii[0], centre[1] - radii[1], 2 * radii[0], 2 * radii[1])
    across, down = shape.get("all_points_x"), shape.get("all_points_y")
    if shape.get("name") != "polygon" or not (isinstance(across, list) and isinstance(down, list)):
        return []
    pairs = (figures({"x": x, "y": y}, "x", "y") for x, y in zip(across, down, strict=False))
    return [(pair[0], pair[1]) for pair in pairs if pair is not None]


def _regions(file: JsonObject) -> list[JsonObject]:
    """VIA 2 has a list, VIA 1 an object with numbers as keys."""
    return objects(file.get("regions"))


def _of_json(path: Path) -> list[JsonObject]:
    document = read_json(path)
    if isinstance(document, dict) and "_via_img_metadata" in document:
        document = document["_via_img_metadata"]
    if isinstance(document, dict) and {"project", "metadata", "view"} <= set(document):
        raise ConversionError(f"{path} is of VIA 3: export it as COCO and use convert coco")
    files = objects(document)
    if not isinstance(document, dict) or not files or not all("filename" in file for file in files):
        raise ConversionError(f"{path} is not a file of VIA: expected a project, or its annotations as JSON or CSV")
    return files


def _of_csv(path: Path) -> list[JsonObject]:
    """One row a region; `#filename` or `filename` begins the header."""
    files: dict[str, JsonObject] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            for row in rows:
                columns = {str(name).lstrip("#"): value for name, value in row.items() if name is not None}
                name = columns["filename"]
                attributes = _object(columns.get("file_attributes"), path)
                file = files.setdefault(name, {"filename": name, "file_attributes": attributes, "regions": []})
                shape = _object(columns["region_shape_attributes"], path)
                region = {"shape_attributes": shape, "region_attributes": _object(columns["region_attributes"], path)}
                if shape:
                    file["regions"].append(region)
    except KeyError as error:
        raise ConversionError(f"{path} is not a CSV file of VIA: it has no column {error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConversionError(f"{path} is not a CSV file in UTF-8: {error}") from None
    return list(files.values())


def _object(text: str | None, path: Path) -> JsonObject:
    try:
        value: JsonValue = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise ConversionError(f"{path}: a cell is not JSON: {(text or '')[:60]!r}") from None
    return value if isinstance(value, dict) else {}
