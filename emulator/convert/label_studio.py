"""Exports of Label Studio (JSON and JSON-MIN) to manifests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.convert.annotated import AnnotatedImage, Point, around, corners, inside, size_of, turned
from emulator.convert.boxes import LabelledBox
from emulator.convert.json_documents import figures, member, objects, read_json, texts
from emulator.domain.json_values import JsonObject, JsonValue
from emulator.lint.errors import ConversionError
from emulator.lint.local_images import file_below

_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")
_IMAGE = re.compile(r".+\.(?:jpe?g|png)(?:\?.*)?", re.IGNORECASE)
_OF_MIN = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})


@dataclass(slots=True)
class LabelStudioReader:
    """Tasks of a project. Of several annotations of a task the one marked as ground truth counts, else the newest.

    `images` is the folder of the images, if it is known: sizes that the export does not tell are read there.
    """

    images: Path | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> list[AnnotatedImage]:
        """One image a task, also those without annotations. Raises ConversionError."""
        document = read_json(path)
        tasks = objects(document)
        if not isinstance(document, list) or len(tasks) != len(document):
            raise ConversionError(
                f"{path} is not an export of Label Studio: expected a list of tasks (JSON or JSON-MIN)"
            )
        return [self._image(task, number, path) for number, task in enumerate(tasks, start=1)]

    def _image(self, task: JsonObject, number: int, path: Path) -> AnnotatedImage:
        address = _address(member(task, "data") or task)
        name = "" if address is None else self._name(address)
        if not name:
            raise ConversionError(f"{path}: task {number} names no image")
        boxes: list[LabelledBox] = []
        labels: list[str] = []
        size: list[float] = []
        for item in _results(task):
            value = member(item, "value") or item
            labels += texts(value.get("choices"))
            told = figures(item, "original_width", "original_height")
            size = told if told and min(told) >= 1 else size
            if told and (box_labels := self._labels_of_shape(value, item.get("type"))):
                boxes += self._boxes(value, box_labels, told)
        if not size and self.images is not None:
            size = [float(side) for side in size_of(self.images, name)]
        width, height = size or (0.0, 0.0)
        fitting = (inside(box, width, height) for box in boxes)
        return AnnotatedImage(name, width, height, tuple(fitting), tuple(labels))

    def _labels_of_shape(self, value: JsonObject, kind: JsonValue) -> list[str]:
        found = [label for key, given in value.items() if key.endswith("labels") for label in texts(given)]
        if not found and ("width" in value or "points" in value or kind in ("rectangle", "polygon", "ellipse")):
            self.left_out["shapes without a label left out"] += 1
        return found

    def _boxes(self, value: JsonObject, labels: list[str], size: list[float]) -> list[LabelledBox]:
        points = self._outline(value, size)
        if points is None:
            self.left_out["brush strokes, key points and the like left out: a manifest has boxes"] += 1
            return []
        return [around(label, points) for label in labels]

    def _outline(self, value: JsonObject, size: list[float]) -> list[Point] | None:
        """Points in pixels. Label Studio writes percents of the image, and turns about the top left corner."""
        across, down = size[0] / 100, size[1] / 100
        if rectangle := figures(value, "x", "y", "width", "height"):
            left, top, wide, high = rectangle
            points = corners(left * across, top * down, wide * across, high * down)
            [degrees] = figures(value, "rotation") or [0.0]
            if not degrees:
                return points
            self.left_out["turned boxes became the boxes around them"] += 1
            return turned(points, points[0], degrees)
        if ellipse := figures(value, "x", "y", "radiusX", "radiusY"):
            self.left_out["ellipses became the boxes around them"] += 1
            x, y, wide, high = ellipse[0] * across, ellipse[1] * down, ellipse[2] * across, ellipse[3] * down
            [degrees] = figures(value, "rotation") or [0.0]
            return turned(corners(x - wide, y - high, 2 * wide, 2 * high), (x, y), degrees)
        listed = value.get("points")
        pairs = [pair for pair in listed if isinstance(pair, list)] if isinstance(listed, list) else []
        found = [figures({"x": pair[0], "y": pair[1]}, "x", "y") for pair in pairs if len(pair) == 2]
        if not found or None in found:
            return None
        self.left_out["polygons became the boxes around them"] += 1
        return [(pair[0] * across, pair[1] * down) for pair in found if pair is not None]

    def _name(self, address: str) -> str:
        """The image's path, or its s3:// address; empty where it is none.

        Label Studio puts eight digits before the names of uploads.
        """
        if address.startswith("s3://"):
            return address
        try:
            parts = urlsplit(address)
        except ValueError:  # an address with half a bracket
            return ""
        if parts.path.rstrip("/").endswith("/local-files"):
            return (parse_qs(parts.query).get("d") or [""])[0].lstrip("/")
        path = PurePosixPath(unquote(parts.path))
        uploaded = _UPLOADED.fullmatch(path.name)
        is_upload = uploaded is not None and "upload" in path.parts
        if uploaded is None or not is_upload:
            return path.name if parts.scheme or path.is_absolute() else str(path)
        has_kept_name = self.images is not None and file_below(self.images, path.name) is not None
        return path.name if has_kept_name else uploaded[1]


def _address(data: JsonObject) -> str | None:
    """What a task says of its image: under `image`, else the only text that looks like one."""
    given = data.get("image")
    if isinstance(given, str) and given:
        return given
    found = [value for value in data.values() if isinstance(value, str) and _IMAGE.fullmatch(value)]
    return found[0] if len(found) == 1 else None


def _results(task: JsonObject) -> list[JsonObject]:
    """The items of the annotation that counts; of JSON-MIN those under the names of the project's tags."""
    if "annotations" not in task and "completions" not in task and "data" not in task:
        return [item for name, value in task.items() if name not in _OF_MIN for item in _of_min(value)]
    made = objects(task.get("annotations", task.get("completions")))
    kept = [annotation for annotation in made if annotation.get("was_cancelled") is not True]
    truths = [annotation for annotation in kept if annotation.get("ground_truth") is True]
    if not kept:
        return []
    newest = max(truths or kept, key=lambda annotation: str(annotation.get("updated_at") or ""))
    return objects(newest.get("result"))


def _of_min(value: JsonValue) -> list[JsonObject]:
    """JSON-MIN: a list of shapes, or a choice (a text), or choices (`{"choices": […]}`)."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    if isinstance(value, dict):
        return [value] if "choices" in value else []
    return [{"choices": [value]}] if isinstance(value, str) and not _is_address(value) else []


def _is_address(text: str) -> bool:
    return text.startswith(("/data/", "s3://", "http://", "https://", "gs://")) or bool(_IMAGE.fullmatch(text))
