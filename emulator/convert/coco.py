"""COCO object detection files to manifests with boxes (guide chapter CO)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.attributes import OBJECT_DETECTION, is_number
from emulator.domain.manifest.boxes import training_scale
from emulator.domain.manifest.limits import MINIMUM_BOX_SIDE
from emulator.domain.manifest.writing import Line, now
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder

ATTRIBUTE = "bounding-box"
JOB = "labeling-job/coco"
DEFAULT_OUTPUT = "custom_labels.manifest"


@dataclass(slots=True)
class CocoConversion:
    """A COCO file being converted. `file_names` are the images in the order of the lines, `labels` counts boxes.

    With `clip`, boxes are cut at the frame (`clipped` counts them), and those of which nothing usable is left are left
    out (`left_out`). Without it they are written as they are, for lint to report (J-12, J-16).
    """

    folder: S3Folder | None
    clip: bool
    file_names: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    clipped: int = 0
    left_out: int = 0

    def lines(self, path: Path) -> Iterator[Line]:
        """One line an image (CO-2), also for images without annotations. Raises ConversionError."""
        document = _read(path)
        try:
            names = dict(_category(category) for category in document["categories"])
            of_image: Mapping[JsonValue, list[JsonObject]] = _by_image(document["annotations"])
            images = document["images"]
            known = {image["id"] for image in images}
            if strays := [identity for identity in of_image if identity not in known]:
                raise ConversionError(f"{path}: annotations name image {strays[0]}, which is not in images")
            for image in images:
                yield self._line(image, of_image.get(image["id"], []), names)
        except _NotCocoError as error:
            raise ConversionError(f"{path}: {error}") from None
        except KeyError as error:
            raise ConversionError(f"{path}: {error} is missing or unknown") from None
        except (TypeError, AttributeError):
            raise ConversionError(f"{path}: images, annotations or categories are not lists of objects") from None

    def _line(self, image: JsonObject, annotations: list[JsonObject], names: dict[JsonValue, str]) -> Line:
        _check_image(image)
        self.file_names.append(image["file_name"])
        width, height = image["width"], image["height"]
        boxes = [(item["category_id"], self._box(_bbox(item), width, height)) for item in annotations]
        kept = [(category, box) for category, box in boxes if box is not None]
        self.left_out += len(boxes) - len(kept)
        self.labels.update(names[category] for category, _ in kept)
        return {
            "source-ref": self._source_ref(image),
            ATTRIBUTE: {
                "image_size": [{"width": width, "height": height, "depth": 3}],
                "annotations": [{"class_id": category, **box} for category, box in kept],
            },
            f"{ATTRIBUTE}-metadata": {
                "objects": [{"confidence": 1} for _ in kept],
                "class-map": {str(category): names[category] for category, _ in kept},
                "type": OBJECT_DETECTION,
                "human-annotated": "yes",
                "creation-date": _created(image),
                "job-name": JOB,
            },
        }

    def _source_ref(self, image: JsonObject) -> str:
        if self.folder is not None:
            return self.folder.uri(image["file_name"])
        url = image.get("coco_url")
        if not isinstance(url, str) or not url.startswith("s3://"):
            raise ConversionError(f"image {image['id']} has no coco_url on S3: say with --s3 where the images are")
        return url

    def _box(self, bbox: list[float], width: float, height: float) -> dict[str, float] | None:
        left, top, right, bottom = bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]
        if not self.clip:
            return {"left": left, "top": top, "width": bbox[2], "height": bbox[3]}
        scale = training_scale(width, height)
        inside = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        is_whole = inside == (left, top, right, bottom)
        left, top = inside[0], inside[1]
        width, height = (bbox[2], bbox[3]) if is_whole else (inside[2] - left, inside[3] - top)
        if min(width, height) * scale <= MINIMUM_BOX_SIDE:
            return None
        self.clipped += not is_whole
        return {"left": left, "top": top, "width": width, "height": height}


class _NotCocoError(Exception):
    """A value is not what COCO has there."""


def _category(category: JsonObject) -> tuple[int, str]:
    """A category's id, which becomes a class id, and its name (CO-2)."""
    identity, name = category["id"], category["name"]
    if type(identity) is not int:
        raise _NotCocoError(f"the id of category {name!r} is not an integer: {identity!r}")
    if not isinstance(name, str) or not name:
        raise _NotCocoError(f"the name of category {identity} is not text: {name!r}")
    return identity, name


def _check_image(image: JsonObject) -> None:
    if not isinstance(image["file_name"], str) or not image["file_name"]:
        raise _NotCocoError(f"the file_name of image {image['id']} is not text: {image['file_name']!r}")
    if not (is_number(image["width"]) and is_number(image["height"])):
        raise _NotCocoError(f"width or height of image {image['id']} is not a number")


def _bbox(annotation: JsonObject) -> list[float]:
    bbox = annotation["bbox"]
    if not (isinstance(bbox, list) and len(bbox) == 4 and all(is_number(value) for value in bbox)):
        raise _NotCocoError(f"a bbox of image {annotation['image_id']} is not a list of four numbers: {bbox!r}")
    return bbox


def _read(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConversionError(f"{path} is not JSON: {error}") from None
    missing = {"images", "annotations", "categories"} - set(document if isinstance(document, dict) else ())
    if missing:
        raise ConversionError(f"{path} is not a COCO file: it has no {', '.join(sorted(missing))}")
    return dict(document)


def _by_image(annotations: list[JsonObject]) -> dict[JsonValue, list[JsonObject]]:
    grouped: dict[JsonValue, list[JsonObject]] = defaultdict(list)
    for annotation in annotations:
        grouped[annotation["image_id"]].append(annotation)
    return grouped


def _created(image: JsonObject) -> str:
    """date_captured in the manifest's form, in UTC; the time of the conversion where it is absent or no date."""
    try:
        captured = datetime.fromisoformat(image["date_captured"])
        if captured.tzinfo is not None:
            captured = captured.astimezone(UTC).replace(tzinfo=None)
        return captured.isoformat(timespec="seconds")
    except (KeyError, TypeError, ValueError, OverflowError):
        return now()
