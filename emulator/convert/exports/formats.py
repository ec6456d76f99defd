"""One function a format. Each gives the files to write: path below the output folder, with slashes, and text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

from emulator.convert.annotated import AnnotatedImage, whole
from emulator.convert.exports.manifest_images import ManifestImages
from emulator.lint.errors import ConversionError

File = tuple[str, str]
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `image_path` is where an image goes below the output folder, `write` makes the other files.

    `needs_images` says that the format is nothing without the images themselves.
    """

    write: Callable[[ManifestImages], Iterator[File]]
    image_path: Callable[[AnnotatedImage], str]
    needs_images: bool = False


def coco(found: ManifestImages) -> Iterator[File]:
    """`annotations.json` with images, annotations and categories (ids from 1). Boxes alone. Raises ConversionError."""
    _require_boxes(found, "COCO")
    ids = {label: number for number, label in enumerate(found.labels(), start=1)}
    annotations = [
        {
            "image_id": number,
            "category_id": ids[box.label],
            "bbox": [whole(value) for value in box[1:]],
            "area": whole(box.width * box.height),
            "iscrowd": 0,
            "segmentation": [],
        }
        for number, image in enumerate(found.images, start=1)
        for box in image.boxes
    ]
    document = {
        "info": {},
        "licenses": [],
        "images": [
            {"id": number, "file_name": image.name, "width": whole(image.width), "height": whole(image.height)}
            for number, image in enumerate(found.images, start=1)
        ],
        "annotations": [{"id": number, **annotation} for number, annotation in enumerate(annotations, start=1)],
        "categories": [{"id": number, "name": label, "supercategory": ""} for label, number in ids.items()],
    }
    yield "annotations.json", json.dumps(document, ensure_ascii=False) + "\n"


def voc(found: ManifestImages) -> Iterator[File]:
    """`Annotations/<path>.xml` an image. Boxes alone; XML has no control characters. Raises ConversionError."""
    _require_boxes(found, "Pascal VOC")
    stems = Counter(str(PurePosixPath(image.name).with_suffix("")) for image in found.images)
    for image in found.images:
        path = PurePosixPath(image.name)
        is_alone = stems[str(path.with_suffix(""))] == 1
        file = path.with_suffix(".xml") if is_alone else path.with_name(f"{path.name}.xml")
        yield f"Annotations/{file}", _voc_annotation(image)


def _voc_annotation(image: AnnotatedImage) -> str:
    objects = [
        "  <object>\n"
        f"    <name>{_xml_text(box.label)}</name>\n"
        "    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n    <difficult>0</difficult>\n"
        f"    <bndbox><xmin>{_figure(box.left)}</xmin><ymin>{_figure(box.top)}</ymin>"
        f"<xmax>{_figure(box.left + box.width)}</xmax><ymax>{_figure(box.top + box.height)}</ymax></bndbox>\n"
        "  </object>\n"
        for box in image.boxes
    ]
    path = PurePosixPath(image.name)
    width, height = _figure(image.width), _figure(image.height)
    return (
        "<annotation>\n"
        f"  <folder>{_xml_text(path.parent.name)}</folder>\n"
        f"  <filename>{_xml_text(path.name)}</filename>\n"
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n"
        f"  <segmented>0</segmented>\n{''.join(objects)}</annotation>\n"
    )


def yolo(found: ManifestImages) -> Iterator[File]:
    """`labels/<path>.txt` an image and `data.yaml`, in the layout of YOLO v5. Boxes alone. Raises ConversionError."""
    _require_boxes(found, "YOLO")
    numbers = {label: number for number, label in enumerate(found.labels())}
    written: dict[str, str] = {}
    for image in found.images:
        file = f"labels/{PurePosixPath(image.name).with_suffix('.txt')}"
        if file in written:
            raise ConversionError(
                f"YOLO has one label file a name: {written[file]} and {image.name} would share {file}"
            )
        written[file] = image.name
        yield file, "".join(f"{numbers[box.label]} {_fractions(image, *box[1:])}\n" for box in image.boxes)
    # What JSON writes is a scalar of YAML too, whatever the label's letters.
    names = "".join(f"  {number}: {json.dumps(label)}\n" for label, number in numbers.items())
    yield "data.yaml", f"path: .\ntrain: images\nval: images\nnc: {len(numbers)}\nnames:\n{names}"


def _fractions(image: AnnotatedImage, left: float, top: float, width: float, height: float) -> str:
    across, down = (left + width / 2) / image.width, (top + height / 2) / image.height
    return " ".join(repr(value) for value in (across, down, width / image.width, height / image.height))


def comma_separated(found: ManifestImages) -> Iterator[File]:
    """`annotations.csv`: a row a box with corners in pixels, as TensorFlow's tutorials have it, or a row an image.

    An image without boxes has a row without a class.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if found.has_boxes:
        writer.writerow(["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"])
        for image in found.images:
            size = [_figure(image.width), _figure(image.height)]
            for box in image.boxes:
                corners = (box.left, box.top, box.left + box.width, box.top + box.height)
                writer.writerow([_cell(image.name), *size, _cell(box.label), *map(_figure, corners)])
            if not image.boxes:
                writer.writerow([_cell(image.name), *size, "", "", "", "", ""])
    else:
        most = max((len(image.labels) for image in found.images), default=0)
        writer.writerow(["filename", *["label"] * max(most, 1)])
        for image in found.images:
            empty = [""] * (max(most, 1) - len(image.labels))
            writer.writerow([_cell(image.name), *map(_cell, image.labels), *empty])
    yield "annotations.csv", text.getvalue()


def folders(found: ManifestImages) -> Iterator[File]:
    """No files but the images, each in the folder of its label. Raises ConversionError for what folders cannot hold."""
    if found.has_boxes:
        raise ConversionError("folders hold one label an image, not boxes: use coco, voc, yolo or csv")
    for image in found.images:
        if len(image.labels) > 1:
            raise ConversionError(f"folders hold one label an image; {image.name} has {len(image.labels)}: use csv")
        for label in image.labels:
            if label.startswith(".") or set(label) & set("/\\\0") or len(label.encode()) > 255:
                raise ConversionError(f"the label {label!r} cannot be the name of a folder: use csv")
        if not image.labels and "/" in image.name:
            raise ConversionError(f"{image.name} has no label and lies in a folder, which would be one: use csv")
    yield from ()


def _path_by_label(image: AnnotatedImage) -> str:
    return "/".join([*image.labels, image.name])


FORMATS = {
    "coco": Format(coco, lambda image: f"images/{image.name}"),
    "voc": Format(voc, lambda image: f"JPEGImages/{image.name}"),
    "yolo": Format(yolo, lambda image: f"images/{image.name}"),
    "csv": Format(comma_separated, lambda image: f"images/{image.name}"),
    "folders": Format(folders, _path_by_label, needs_images=True),
}


def _require_boxes(found: ManifestImages, name: str) -> None:
    if not found.has_boxes:
        raise ConversionError(f"{name} holds boxes, and the data set has labels of whole images: use csv or folders")


def _figure(value: float) -> str:
    return str(whole(value))


def _xml_text(text: str) -> str:
    if _NOT_IN_XML.search(text) or text != text.strip():
        raise ConversionError(f"{text!r} cannot be written in XML: control characters and outer spaces get lost")
    return escape(text)


def _cell(text: str) -> str:
    if text != text.strip():
        raise ConversionError(f"{text!r} cannot be written in CSV: outer spaces get lost")
    return text
