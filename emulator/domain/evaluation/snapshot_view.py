"""What a line of a snapshot shows: the image's labels, and which answers of the model were right (C-20, SN-3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from emulator.domain.evaluation.snapshot_names import DETAILS, EVALUATION_ATTRIBUTE, TRAINING_ATTRIBUTE
from emulator.domain.json_values import JsonObject, JsonValue
from emulator.domain.manifest.attributes import METADATA_SUFFIX, OBJECT_DETECTION
from emulator.domain.manifest.findings import Box, ImageSize


class Result(StrEnum):
    """How an answer compares with the truth. True negatives are not shown."""

    TRUE_POSITIVE = "TP"
    FALSE_POSITIVE = "FP"
    FALSE_NEGATIVE = "FN"


class ShownResult(NamedTuple):
    """One answer. `confidence` 0..1, None where the model said nothing; the box in pixels of the line's image_size."""

    label: str
    result: Result
    confidence: float | None
    box: Box | None


class Truth(NamedTuple):
    """A label that the image has, with its place if it has one."""

    label: str
    box: Box | None


@dataclass(slots=True)
class SnapshotView:
    """One image of a snapshot. A training snapshot has truth alone."""

    source_ref: str
    image_size: ImageSize | None = None
    results: list[ShownResult] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)


_FLAGS = {
    "is-true-positive": Result.TRUE_POSITIVE,
    "is-false-positive": Result.FALSE_POSITIVE,
    "is-false-negative": Result.FALSE_NEGATIVE,
}


def view_line(line: bytes) -> SnapshotView:
    """What a line shows. A label of the image that no answer was told of is a false negative, too.

    Raises ValueError, KeyError or TypeError for what is not a line of a snapshot.
    """
    document: JsonObject = json.loads(line)
    view = SnapshotView(document["source-ref"])
    for name, metadata in document.items():
        if not name.endswith(METADATA_SUFFIX):
            continue
        attribute = name.removesuffix(METADATA_SUFFIX)
        if attribute.startswith(TRAINING_ATTRIBUTE):
            view.truth += _truth(view, document[attribute], metadata)
        elif attribute.startswith(EVALUATION_ATTRIBUTE):
            view.results += _results(document[attribute], metadata)
    if view.results:
        told = {result.label for result in view.results if result.result is not Result.FALSE_POSITIVE}
        view.results += [
            ShownResult(label, Result.FALSE_NEGATIVE, None, box)
            for label, box in view.truth
            if label not in told and box is None
        ]
    elif any(name.startswith(EVALUATION_ATTRIBUTE) for name in document):
        view.results = [ShownResult(label, Result.FALSE_NEGATIVE, None, box) for label, box in view.truth]
    return view


def _truth(view: SnapshotView, value: JsonValue, metadata: JsonObject) -> Iterator[Truth]:
    if metadata["type"] != OBJECT_DETECTION:
        yield Truth(metadata["class-name"], None)
        return
    size = value["image_size"][0]
    view.image_size = ImageSize(size["width"], size["height"])
    for box in _boxes(value, metadata):
        yield Truth(box.label, box)


def _results(value: object, metadata: JsonObject) -> Iterator[ShownResult]:
    if metadata["type"] != OBJECT_DETECTION:
        result = _result_of(metadata)
        if result is not None:
            yield ShownResult(metadata["class-name"], result, metadata["confidence"], None)
        return
    for box, told in zip(_boxes(value, metadata), metadata["objects"], strict=True):
        result = _result_of(told)
        if result is not None:
            # A true box that nothing covers stands there with the confidence 0.
            yield ShownResult(box.label, result, told["confidence"] or None, box)


def _result_of(holder: JsonObject) -> Result | None:
    details = holder[DETAILS]
    return next((result for flag, result in _FLAGS.items() if details.get(flag)), None)


def _boxes(value: JsonValue, metadata: JsonObject) -> list[Box]:
    names = metadata["class-map"]
    return [
        Box(names[str(one["class_id"])], one["left"], one["top"], one["width"], one["height"])
        for one in value["annotations"]
    ]
