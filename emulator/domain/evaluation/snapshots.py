"""The snapshots of the images that were used, with their labels and, for testing, the predictions (guide chapter
SN)."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from emulator.domain.evaluation.summary import timestamp
from emulator.domain.manifest.attributes import IMAGE_CLASSIFICATION, OBJECT_DETECTION
from emulator.domain.manifest.findings import Box
from emulator.domain.manifest.side import UsableLine

TRAINING_ATTRIBUTE = "rekognition-custom-labels-training"
EVALUATION_ATTRIBUTE = "rekognition-custom-labels-evaluation"
TRAINING_JOB = "rekognition-custom-labels-training-job"
EVALUATION_JOB = "rekognition-custom-labels-evaluation-job"
DETAILS = "rekognition-custom-labels-evaluation-details"
OBJECT_ID = "rekognition-custom-labels-object-id"
CONFIDENCE_DECIMALS = 5


class PredictedBox(NamedTuple):
    """A predicted box in pixels of the line's image_size, its confidence 0..1, and whether it found a true box
    (SN-3)."""

    box: Box
    confidence: float
    is_in_ground_truth: bool


def training_snapshot_line(line: UsableLine) -> str:
    """One line (without line feed) of the training snapshot: source-ref and the labels under their new names (SN-4)."""
    return _dump({"source-ref": line.source_ref, **_ground_truth(line)})


def classification_snapshot_line(
    line: UsableLine,
    confidences: Mapping[str, float],
    thresholds: Mapping[str, float],
    evaluated_at: datetime,
) -> str:
    """One line (without line feed) of the testing snapshot of a classifier: one evaluation pair for each label.

    `confidences` and `thresholds` (0..1) are keyed by label; pairs are numbered in the order of `confidences`.
    """
    result = {"source-ref": line.source_ref, **_ground_truth(line)}
    for number, (label, confidence) in enumerate(confidences.items()):
        name = f"{EVALUATION_ATTRIBUTE}-{number}"
        result[name] = 1
        result[f"{name}-metadata"] = {
            "confidence": _rounded(confidence),
            "job-name": EVALUATION_JOB,
            "class-name": label,
            "human-annotated": "no",
            "creation-date": timestamp(evaluated_at),
            "type": IMAGE_CLASSIFICATION,
            DETAILS: _details(_reaches(confidence, thresholds[label]), label in line.image_labels),
        }
    return _dump(result)


def detection_snapshot_line(
    line: UsableLine,
    predictions: Sequence[PredictedBox],
    thresholds: Mapping[str, float],
    evaluated_at: datetime,
) -> str:
    """One line (without line feed) of the testing snapshot of a detector: details and an id for each predicted box.

    The metadata's own `confidence` is that of the most confident box, 0 without boxes (SN-5).
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
                OBJECT_ID: number,
                DETAILS: _details(
                    _reaches(prediction.confidence, thresholds[prediction.box.label]), prediction.is_in_ground_truth
                ),
            }
            for number, prediction in enumerate(predictions)
        ],
        "creation-date": timestamp(evaluated_at),
        "type": OBJECT_DETECTION,
    }
    return _dump(result)


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
    width, height = line.image_size or (0, 0)
    return {
        "annotations": [
            {
                "class_id": names.index(box.label),
                "width": _pixels(box.width),
                "top": _pixels(box.top),
                "height": _pixels(box.height),
                "left": _pixels(box.left),
            }
            for box in boxes
        ],
        "image_size": [{"width": _pixels(width), "depth": 3, "height": _pixels(height)}],
    }


def _pixels(value: float) -> int | float:
    """Whole pixels as integers; fractions (of fractional ground truth and of predictions) to two decimals."""
    rounded = round(float(value), 2)
    return int(rounded) if rounded.is_integer() else rounded


def _rounded(confidence: float) -> float:
    return round(float(confidence), CONFIDENCE_DECIMALS)


def _dump(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
