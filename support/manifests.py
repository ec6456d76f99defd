"""Manifest lines for tests: good ones, and for every line rule of the catalogue one that breaks it.

`LINE_CASES` says for each what must come out: code, message, the path to the object that takes the error array, and
what becomes of the line in a training. The texts are written out here, independently of the registry.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]

BUCKET = "photographs"


def image_line(number: int = 1, label: str = "ants", **metadata: Any) -> Line:
    """A line with one image-level label; `metadata` overrides keys of the attribute's metadata."""
    return {"source-ref": f"s3://{BUCKET}/images/{number:06}.jpg", **image_pair("kind", label, **metadata)}


def image_pair(name: str, label: str, **metadata: Any) -> Line:
    """An image-level attribute and its metadata."""
    return {
        name: 1,
        f"{name}-metadata": {
            "confidence": 1,
            "job-name": f"labeling-job/{name}",
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": "2026-11-21T00:00:00",
            "type": "groundtruth/image-classification",
            **{key.replace("_", "-"): value for key, value in metadata.items()},
        },
    }


def box_line(number: int = 1, boxes: list[tuple[str, float, float, float, float]] | None = None) -> Line:
    """A line with boxes (label, left, top, width, height) on an image of 640 x 480 px."""
    return {"source-ref": f"s3://{BUCKET}/images/{number:06}.jpg", **box_pair("boxes", boxes)}


def box_pair(name: str, boxes: list[tuple[str, float, float, float, float]] | None = None) -> Line:
    """A box attribute and its metadata."""
    boxes = [("Echo", 86, 65, 220, 334), ("Dot", 399, 251, 155, 101)] if boxes is None else boxes
    labels = sorted({box[0] for box in boxes})
    return {
        name: {
            "image_size": [{"width": 640, "height": 480, "depth": 3}],
            "annotations": [
                {"class_id": labels.index(label), "left": left, "top": top, "width": width, "height": height}
                for label, left, top, width, height in boxes
            ],
        },
        f"{name}-metadata": {
            "objects": [{"confidence": 1} for _ in boxes],
            "class-map": {str(index): label for index, label in enumerate(labels)},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2013-11-18T02:53:27",
            "job-name": "my job",
        },
    }


def as_bytes(line: Line | bytes) -> bytes:
    """The line without line feed."""
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def as_manifest(lines: list[Line] | list[bytes] | list[Line | bytes]) -> bytes:
    """A manifest file."""
    return b"".join(as_bytes(line) + b"\n" for line in lines)


@dataclass(frozen=True)
class LineCase:
    """A line that breaks one rule.

    `place` is the path to the object that takes the array (empty: the line itself), None where the line is replaced.
    `also` are the other codes that come with it. `dataset` says what CreateDataset does: keep the line with the error
    ("error"), drop it ("drop") or keep it without a word ("silent").
    """

    code: str
    message: str
    line: Line | bytes
    place: tuple[str | int, ...] | None
    verdict: str
    dataset: str
    also: tuple[str, ...] = ()


def changed(line: Line, change: Callable[[Line], object]) -> Line:
    """A copy of the line after `change` has been called on it."""
    result = copy.deepcopy(line)
    change(result)
    return result


def _put(*path: str | int, value: Any) -> Callable[[Line], object]:
    def change(line: Any) -> None:
        for step in path[:-1]:
            line = line[step]
        line[path[-1]] = value

    return change


def _remove(*path: str | int) -> Callable[[Line], object]:
    def change(line: Any) -> None:
        for step in path[:-1]:
            line = line[step]
        del line[path[-1]]

    return change


_METADATA_FORMAT = "The format of the label attribute metadata is invalid."
_NO_VALID = "ERROR_NO_VALID_LABEL_ATTRIBUTES"

LINE_CASES: dict[str, LineCase] = {
    "source-ref absent": LineCase(
        "ERROR_MISSING_SOURCE_REF",
        "The source-ref key is missing.",
        changed(image_line(), _remove("source-ref")),
        (),
        "invalid",
        "drop",
    ),
    "source-ref misspelt": LineCase(
        "ERROR_MISSING_SOURCE_REF",
        "The source-ref key is missing.",
        {"source_ref": f"s3://{BUCKET}/a.jpg", **image_pair("kind", "ants")},
        (),
        "invalid",
        "drop",
    ),
    "source-ref by https": LineCase(
        "ERROR_INVALID_SOURCE_REF_FORMAT",
        "The format of the source-ref value is invalid.",
        changed(image_line(), _put("source-ref", value="https://photographs/a.jpg")),
        (),
        "invalid",
        "drop",
    ),
    "source-ref without a key": LineCase(
        "ERROR_INVALID_SOURCE_REF_FORMAT",
        "The format of the source-ref value is invalid.",
        changed(image_line(), _put("source-ref", value="s3://photographs")),
        (),
        "invalid",
        "drop",
    ),
    "no metadata": LineCase(
        "ERROR_NO_LABEL_ATTRIBUTES",
        "No label attributes found.",
        changed(image_line(), _remove("kind-metadata")),
        (),
        "invalid",
        "error",
    ),
    "image-level value is a list": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "The format of the label attribute kind is invalid.",
        changed(image_line(), _put("kind", value=[1])),
        (),
        "invalid",
        "error",
    ),
    "image_size is an object": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "The format of the label attribute boxes is invalid.",
        changed(box_line(), _put("boxes", "image_size", value={"width": 640, "height": 480, "depth": 3})),
        ("boxes",),
        "invalid",
        "error",
    ),
    "depth missing": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "The format of the label attribute boxes is invalid.",
        changed(box_line(), _remove("boxes", "image_size", 0, "depth")),
        ("boxes",),
        "invalid",
        "error",
    ),
    "left missing": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "The format of the label attribute boxes is invalid.",
        changed(box_line(), _remove("boxes", "annotations", 1, "left")),
        ("boxes",),
        "invalid",
        "error",
    ),
    "class-name missing": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(image_line(), _remove("kind-metadata", "class-name")),
        ("kind-metadata",),
        "invalid",
        "error",
    ),
    "creation-date wrong": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        image_line(creation_date="yesterday"),
        ("kind-metadata",),
        "invalid",
        "error",
    ),
    "human-annotated wrong": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _put("boxes-metadata", "human-annotated", value="perhaps")),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "objects missing": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _remove("boxes-metadata", "objects")),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "an object without confidence": LineCase(
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "One or more bounding boxes has a missing confidence value.",
        changed(box_line(), _remove("boxes-metadata", "objects", 1, "confidence")),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "fewer objects than boxes": LineCase(
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "One or more bounding boxes has a missing confidence value.",
        changed(box_line(), _remove("boxes-metadata", "objects", 1)),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "more objects than boxes": LineCase(
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "One or more bounding boxes has a missing confidence value.",
        changed(box_line(), _put("boxes-metadata", "objects", value=[{"confidence": 1}] * 3)),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "objects without boxes": LineCase(
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "One or more bounding boxes has a missing confidence value.",
        changed(box_line(boxes=[]), _put("boxes-metadata", "objects", value=[{"confidence": 1}])),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "confidence of an object over 1": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _put("boxes-metadata", "objects", 1, "confidence", value=1.5)),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "confidence of an object is text": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _put("boxes-metadata", "objects", 0, "confidence", value="1")),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "class name of an object is empty": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _put("boxes-metadata", "objects", 0, "class-name", value="")),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "box metadata of both kinds": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), lambda line: line["boxes-metadata"].update({"confidence": 0.9, "class-name": "Echo"})),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "image-level metadata of both kinds": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        image_line(objects=[], class_map={}),
        ("kind-metadata",),
        "invalid",
        "error",
    ),
    "class map by names": LineCase(
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        _METADATA_FORMAT,
        changed(box_line(), _put("boxes-metadata", "class-map", value={"Dot": "0", "Echo": "1"})),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "class map beside the boxes": LineCase(
        "ERROR_MISSING_CLASS_MAP_ID",
        "One of more class ids is missing from the class map.",
        changed(
            changed(box_line(), _put("boxes", "class-map", value={"Dot": 0, "Echo": 1})),
            _put("boxes-metadata", "class-map", value={}),
        ),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "boxes in fractions of the image": LineCase(
        "ERROR_BOUNDING_BOX_TOO_SMALL",
        "The height and width of the bounding box is too small.",
        box_line(boxes=[("Echo", 0.1, 0.1, 0.4, 0.5)]),
        ("boxes", "annotations", 0),
        "invalid",
        "error",
        ("ERROR_NO_VALID_ANNOTATIONS", _NO_VALID),
    ),
    "labelling failed": LineCase(
        "ERROR_NO_LABEL_ATTRIBUTES",
        "No label attributes found.",
        {
            "source-ref": f"s3://{BUCKET}/a.jpg",
            "boxes-metadata": {"failure-reason": "ClientError: the annotation could not be consolidated."},
        },
        (),
        "invalid",
        "error",
    ),
    "class id unmapped": LineCase(
        "ERROR_MISSING_CLASS_MAP_ID",
        "One of more class ids is missing from the class map.",
        changed(box_line(), _put("boxes", "annotations", 0, "class_id", value=7)),
        ("boxes-metadata",),
        "invalid",
        "error",
    ),
    "bad JSON": LineCase(
        "ERROR_INVALID_JSON_LINE",
        "The JSON Line has an invalid format.",
        b'{"source-ref": "s3://photographs/a.jpg",}',
        None,
        "invalid",
        "drop",
    ),
    "blank": LineCase("ERROR_INVALID_JSON_LINE", "The JSON Line has an invalid format.", b"", None, "invalid", "drop"),
    "only unsupported attributes": LineCase(
        "ERROR_UNSUPPORTED_USE_CASE_TYPE",
        "The use case type of the boxes-metadata label attribute metadata is unsupported. Check the type field.",
        changed(box_line(), _put("boxes-metadata", "type", value="groundtruth/wrongtype")),
        ("boxes-metadata",),
        "invalid",
        "error",
        (_NO_VALID,),
    ),
    "no attribute left": LineCase(
        _NO_VALID,
        "No valid label attributes found.",
        changed(image_line(), _put("kind-metadata", "type", value="groundtruth/image-classification-multilabel")),
        (),
        "invalid",
        "error",
        ("ERROR_UNSUPPORTED_USE_CASE_TYPE",),
    ),
    "declared image too large": LineCase(
        "ERROR_INVALID_IMAGE_DIMENSION",
        "The image dimension(s) do not conform to allowed dimensions.",
        changed(box_line(), _put("boxes", "image_size", 0, "width", value=4097)),
        ("boxes",),
        "invalid",
        "error",
    ),
    "box with negative left": LineCase(
        "ERROR_INVALID_BOUNDING_BOX",
        "The bounding box has off frame values.",
        changed(box_line(), _put("boxes", "annotations", 1, "left", value=-1)),
        ("boxes", "annotations", 1),
        "valid",
        "error",
    ),
    "box leaves the frame": LineCase(
        "ERROR_INVALID_BOUNDING_BOX",
        "The bounding box has off frame values.",
        changed(box_line(), _put("boxes", "annotations", 0, "width", value=600)),
        ("boxes", "annotations", 0),
        "valid",
        "error",
    ),
    "box of one pixel": LineCase(
        "ERROR_BOUNDING_BOX_TOO_SMALL",
        "The height and width of the bounding box is too small.",
        box_line(boxes=[("Echo", 0, 0, 1, 1), ("Dot", 399, 251, 155, 101)]),
        ("boxes", "annotations", 0),
        "valid",
        "error",
    ),
    "no box left": LineCase(
        "ERROR_NO_VALID_ANNOTATIONS",
        "No valid annotations found.",
        box_line(boxes=[("Echo", -5, 0, 100, 100), ("Dot", 600, 0, 155, 101)]),
        ("boxes",),
        "invalid",
        "error",
        ("ERROR_INVALID_BOUNDING_BOX", _NO_VALID),
    ),
    "51 boxes": LineCase(
        "ERROR_TOO_MANY_BOUNDING_BOXES",
        "There are more bounding boxes than the allowed maximum.",
        box_line(boxes=[("Echo", 10 * number, 5, 9, 9) for number in range(51)]),
        ("boxes",),
        "invalid",
        "error",
    ),
    "label of 257 characters": LineCase(
        "ERROR_INVALID_LABEL_NAME_LENGTH",
        "The length of the label name is invalid.",
        image_line(label="x" * 257),
        ("kind-metadata",),
        "invalid",
        "error",
    ),
    "unannotated": LineCase(
        "WARNING_UNANNOTATED_RECORD",
        "Record is unannotated.",
        {"source-ref": f"s3://{BUCKET}/a.jpg"},
        (),
        "ignored",
        "silent",
    ),
    "no boxes drawn": LineCase(
        "WARNING_NO_ANNOTATIONS",
        "No annotations were found.",
        box_line(boxes=[]),
        (),
        "ignored",
        "silent",
        ("WARNING_NO_ATTRIBUTE_ANNOTATIONS",),
    ),
    "annotations absent": LineCase(
        "WARNING_NO_ATTRIBUTE_ANNOTATIONS",
        "No attribute annotations were found.",
        changed(box_line(boxes=[]), _remove("boxes", "annotations")),
        ("boxes",),
        "ignored",
        "silent",
        ("WARNING_NO_ANNOTATIONS",),
    ),
}


TOLERATED_LINES: dict[str, Line] = {
    "date with lower-case z": image_line(creation_date="2020-02-03T04:05:06.0000z"),
    "date with lower-case t": image_line(creation_date="2020-02-03t04:05:06+01:00"),
    "date with a blank": image_line(creation_date="2020-02-03 04:05:06"),
    "job-name is null": image_line(job_name=None),
    "job-name is a number": image_line(job_name=7),
    "job-name is a list": changed(box_line(), _put("boxes-metadata", "job-name", value=["a"])),
    "job-name is missing": changed(box_line(), _remove("boxes-metadata", "job-name")),
    "value is text": changed(image_line(), _put("kind", value="ants")),
    "value is empty text": changed(image_line(), _put("kind", value="")),
    "value is 1.0": changed(image_line(), _put("kind", value=1.0)),
    "depth of 4": changed(box_line(), _put("boxes", "image_size", 0, "depth", value=4)),
    "an unused class": changed(box_line(), _put("boxes-metadata", "class-map", "7", value="Spot")),
    "an object's further members": changed(
        box_line(), lambda line: line["boxes-metadata"]["objects"][0].update({"class-name": "Echo", "note": None})
    ),
    "box metadata with a confidence": changed(box_line(), _put("boxes-metadata", "confidence", value=0.9)),
}
"""Lines that the service takes although a strict reader might not (F-3, F-5)."""


def with_extra(text: str) -> bytes:
    """A good line with a further key whose value is this JSON text."""
    return as_bytes(image_line())[:-1] + b', "extra": ' + text.encode() + b"}"


HOSTILE_LINES: dict[str, bytes] = {
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 20_000,
    "102 levels": with_extra("[" * 101 + "]" * 101),
    "NaN": with_extra("NaN"),
    "Infinity": with_extra("Infinity"),
    "-Infinity": with_extra("-Infinity"),
    "beyond doubles": with_extra("1e999"),
    "5,000 digits": with_extra("9" * 5000),
    "half a surrogate pair": with_extra('"\\ud800"'),
    "byte order mark": b"\xef\xbb\xbf" + as_bytes(image_line()),
    "UTF-16": as_bytes(image_line()).decode().encode("utf-16"),
    "no UTF-8": as_bytes(image_line()).replace(b"ants", b"\xff\xfe"),
    "null byte": as_bytes(image_line()) + b"\x00",
    "two objects": as_bytes(image_line()) * 2,
    "blanks": b"   \t ",
    "an array": b"[]",
    "a text": b'"text"',
}
"""Lines that are not JSON lines (J-9), in ways that readers have been known to fall over."""
