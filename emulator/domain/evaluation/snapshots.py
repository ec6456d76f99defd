"""The snapshots of the images that were used, with their labels and, for testing, the predictions (guide chapter
SN)."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from emulator.domain.evaluation.detection import UNMATCHED
from emulator.domain.evaluation.snapshot_names import (
    DETAILS,
    EVALUATION_ATTRIBUTE,
    EVALUATION_JOB,
    LINE_INDEX,
    OBJECT_ID,
    TRAINING_ATTRIBUTE,
    TRAINING_JOB,
)
from emulator.domain.evaluation.summary import timestamp
from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, OBJECT_DETECTION
from emulator.domain.manifest.findings import Box
from emulator.domain.manifest.side import UsableLine

CONFIDENCE_DECIMALS = 5


class PredictedBox(NamedTuple):
    """A predicted box in pixels of the line's image_size, its confidence 0..1, and whether it found a true box
    (SN-3). A true box that nothing covers is one of confidence 0 at the place of the true one."""

    box: Box
    confidence: float
    is_in_ground_truth: bool


class PredictedLabel(NamedTuple):
    """A label that an image was judged by, its confidence 0..1, and whether the image has it (SN-3)."""

    label: str
    confidence: float
    is_in_ground_truth: bool


def boxes_told(
    truth: Sequence[Box],
    found: Sequence[tuple[Box, float]],
    matches: Sequence[int],
    thresholds: Mapping[str, float],
) -> list[PredictedBox]:
    """The boxes of one test image that its snapshot line lists: true positives, false negatives, false positives.

    `found` are the predicted boxes with their confidences 0..1, `matches` as `DetectionEvaluation` has them. Each true
    box has one entry, in the order of `truth`: the prediction that took it, or the true box itself with confidence 0.
    The predictions that took none follow if they reach their label's threshold, most confident first. So the lines
    alone give recall and precision; the printed lines of real files have no true negative either.
    """
    taken = {match: position for position, match in enumerate(matches) if match >= 0}
    told = [
        PredictedBox(*found[taken[number]], True) if number in taken else PredictedBox(box, 0.0, True)
        for number, box in enumerate(truth)
    ]
    wrong = [
        PredictedBox(box, confidence, False)
        for (box, confidence), match in zip(found, matches, strict=True)
        if match == UNMATCHED and _reaches(confidence, thresholds[box.label])
    ]
    return told + sorted(wrong, key=lambda one: -one.confidence)


def labels_told(
    true_labels: Sequence[str], confidences: Mapping[str, float], thresholds: Mapping[str, float], *, one_each: bool
) -> list[PredictedLabel]:
    """The labels of one test image that its snapshot line has evaluation pairs for.

    `confidences` and `thresholds` (0..1) are keyed by label. With `one_each`, for test sets in which no image has more
    than one label, it is the highest-scoring label alone, the first of equal ones: the pairs of all lines then give the
    accuracy, as the confusion matrix does (O-28). Otherwise the labels that the image has, in their order, then those
    that were found without being there, most confident first; the highest-scoring one where that leaves none.
    """
    best = max(confidences, key=lambda label: confidences[label])
    wrong = [
        label for label in confidences if label not in true_labels and _reaches(confidences[label], thresholds[label])
    ]
    told = [label for label in true_labels if label in confidences] + sorted(wrong, key=lambda one: -confidences[one])
    if one_each or not told:
        told = [best]
    return [PredictedLabel(label, confidences[label], label in true_labels) for label in told]


def training_snapshot_line(number: int, line: UsableLine) -> str:
    """One line (without line feed) of the training snapshot: the labels under their new names (SN-4).

    `number` counts the snapshot's lines from 1.
    """
    return _dump({"source-ref": line.source_ref, **_ground_truth(line), **_places(number, line)})


def classification_snapshot_line(
    number: int,
    line: UsableLine,
    predictions: Sequence[PredictedLabel],
    thresholds: Mapping[str, float],
    evaluated_at: datetime,
) -> str:
    """One line (without line feed) of the testing snapshot of a classifier: one numbered pair for each prediction.

    `thresholds` (0..1) are keyed by label; `number` counts the snapshot's lines from 1.
    """
    result = {"source-ref": line.source_ref, **_ground_truth(line)}
    for position, prediction in enumerate(predictions):
        name = f"{EVALUATION_ATTRIBUTE}-{position}"
        result[name] = 1
        result[f"{name}-metadata"] = {
            "confidence": _rounded(prediction.confidence),
            "job-name": EVALUATION_JOB,
            "class-name": prediction.label,
            "human-annotated": "no",
            "creation-date": timestamp(evaluated_at),
            "type": IMAGE_CLASSIFICATION,
            DETAILS: _details(
                _reaches(prediction.confidence, thresholds[prediction.label]), prediction.is_in_ground_truth
            ),
        }
    return _dump(result | _places(number, line))


def detection_snapshot_line(
    number: int,
    line: UsableLine,
    predictions: Sequence[PredictedBox],
    thresholds: Mapping[str, float],
    evaluated_at: datetime,
) -> str:
    """One line (without line feed) of the testing snapshot of a detector: details for each predicted box (SN-5).

    The metadata's own `confidence` is that of the most confident box, 0 without boxes. `number` counts the snapshot's
    lines from 1.
    """
    boxes = [prediction.box for prediction in predictions]
    result = {"source-ref": line.source_ref, **_ground_truth(line)}
    result[EVALUATION_ATTRIBUTE] = _box_attribute(boxes, line)
    result[f"{EVALUATION_ATTRIBUTE}-metadata"] = {
        "confidence": _rounded(max((prediction.confidence for prediction in predictions), default=0.0)),
        "job-name": EVALUATION_JOB,
        "class-map": _class_map(boxes),
        "human-annotated": "no",
        "objects": [
            {
                "confidence": _rounded(prediction.confidence),
                DETAILS: _details(
                    prediction.confidence > 0 and _reaches(prediction.confidence, thresholds[prediction.box.label]),
                    prediction.is_in_ground_truth,
                ),
            }
            for prediction in predictions
        ],
        "creation-date": timestamp(evaluated_at),
        "type": OBJECT_DETECTION,
    }
    return _dump(result | _places(number, line))


def _places(number: int, line: UsableLine) -> dict[str, object]:
    """What real files have at the end of each line: its number in the snapshot, and that of the manifest's line.

    Readers of real files take the first from the top level; that the second counts from 1 is how the service's own
    validator numbered lines in 2020.
    """
    return {OBJECT_ID: number, LINE_INDEX: line.number}


def _ground_truth(line: UsableLine) -> dict[str, object]:
    if line.boxes:
        name = f"{TRAINING_ATTRIBUTE}-0"
        metadata = {
            "job-name": TRAINING_JOB,
            "class-map": _class_map(line.boxes),
            "human-annotated": "yes",
            "objects": [{"confidence": 1.0} for _ in line.boxes],
            "creation-date": line.creation_date,
            "type": OBJECT_DETECTION,
        }
        return {name: _box_attribute(line.boxes, line), f"{name}-metadata": metadata}
    result: dict[str, object] = {}
    for number, label in enumerate(line.image_labels):
        name = f"{TRAINING_ATTRIBUTE}-{number}"
        result[name] = 1
        result[f"{name}-metadata"] = {
            "confidence": 1.0,
            "job-name": TRAINING_JOB,
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": line.creation_date,
            "type": IMAGE_CLASSIFICATION,
        }
    return result


def _reaches(confidence: float, threshold: float) -> bool:
    """Compared as float32 numbers, as thresholds are found: a confidence that is the threshold must reach it."""
    rounded: float = struct.unpack("f", struct.pack("f", confidence))[0]
    return rounded >= threshold


def _details(is_predicted: bool, is_present: bool) -> dict[str, object]:
    return {
        "version": 1,
        "ground-truth-labelling-jobs": [TRAINING_JOB],
        "is-true-positive": is_predicted and is_present,
        "is-true-negative": not is_predicted and not is_present,
        "is-false-positive": is_predicted and not is_present,
        "is-false-negative": not is_predicted and is_present,
        "is-present-in-ground-truth": is_present,
    }


def _class_map(boxes: Sequence[Box]) -> dict[str, str]:
    return {str(number): label for number, label in enumerate(_class_names(boxes))}


def _class_names(boxes: Sequence[Box]) -> list[str]:
    return sorted({box.label for box in boxes})


def _box_attribute(boxes: Sequence[Box], line: UsableLine) -> dict[str, object]:
    names = _class_names(boxes)
    width, height = (round(side) for side in line.image_size or (0, 0))
    return {
        "annotations": [{"class_id": names.index(box.label), **_whole_pixels(box, width, height)} for box in boxes],
        "image_size": [{"width": width, "depth": 3, "height": height}],
    }


def _whole_pixels(box: Box, width: int, height: int) -> dict[str, int]:
    """The box with its edges at whole pixels, at least one pixel wide and high, within an image of `width`, `height`.

    Ground Truth and the guide's example have whole pixels (SN-4). Edges are rounded, not sizes: boxes that touch still
    do.
    """
    left, right = _edges(box.left, box.width, width)
    top, bottom = _edges(box.top, box.height, height)
    return {"width": right - left, "top": top, "height": bottom - top, "left": left}


def _edges(start: float, length: float, side: int) -> tuple[int, int]:
    first = max(0, min(round(start), side - 1))
    return first, max(first + 1, min(round(start + length), side))


def _rounded(confidence: float) -> float:
    return round(float(confidence), CONFIDENCE_DECIMALS)


def _dump(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
