"""Judging a trained model on its test images, and the testing snapshot that tells of it (ME-*, SN-*)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from emulator.domain.evaluation.certainty import (
    Interval,
    average_precision_interval,
    classification_f1_interval,
    detection_f1_interval,
)
from emulator.domain.evaluation.classification import evaluate_classification, has_single_labels
from emulator.domain.evaluation.detection import ImageBoxes, evaluate_detection
from emulator.domain.evaluation.report import Evaluation
from emulator.domain.evaluation.snapshots import (
    boxes_told,
    classification_snapshot_line,
    detection_snapshot_line,
    labels_told,
)
from emulator.domain.manifest.findings import Box
from emulator.domain.manifest.side import UsableLine
from emulator.domain.manifest.training import TrainingValidation
from emulator.training.images import ImageReader
from emulator.vision.examples import ModelKind, Prediction, Progress, TrainedModel


@dataclass(frozen=True, slots=True)
class TestResult:
    """How good a model is and how far that can be trusted, and the lines of its testing snapshot."""

    evaluation: Evaluation
    f1: Interval
    average_precision: Interval | None
    snapshot_lines: Iterable[str]


def evaluate(
    model: TrainedModel,
    validation: TrainingValidation,
    reader: ImageReader,
    report: Callable[[str, int, int], None],
    evaluated_at: datetime,
    seed: int = 0,
) -> TestResult:
    """Predict the test images with the model and compare with their lines.

    `report` hears of stage, done and total; `evaluated_at`, in any zone, is the date that the snapshot's lines carry;
    `seed` is that of the draws behind the intervals.
    """

    def progress(step: Progress) -> None:
        report(step.stage, step.done, step.total)

    lines = validation.testing.usable
    predictions = model.predict([reader.source_of(line) for line in lines], progress)
    if model.kind is ModelKind.CLASSIFICATION:
        return _classification(model.labels, lines, predictions, evaluated_at, seed)
    return _detection(model.labels, lines, predictions, evaluated_at, seed)


def _classification(
    labels: tuple[str, ...],
    lines: Sequence[UsableLine],
    predictions: Sequence[Sequence[Prediction]],
    evaluated_at: datetime,
    seed: int,
) -> TestResult:
    by_label = [{item.label: item.confidence for item in found} for found in predictions]
    confidences = np.array([[found[label] for label in labels] for found in by_label], dtype=np.float32)
    truth = np.array([[label in line.image_labels for label in labels] for line in lines], dtype=np.bool_)
    evaluation = evaluate_classification(labels, confidences, truth)
    thresholds = evaluation.thresholds()
    one_each = has_single_labels(truth)
    snapshot = (
        classification_snapshot_line(
            number,
            line,
            labels_told(line.image_labels, {label: found[label] for label in labels}, thresholds, one_each=one_each),
            thresholds,
            evaluated_at,
        )
        for number, (line, found) in enumerate(zip(lines, by_label, strict=True), start=1)
    )
    f1 = classification_f1_interval(confidences, truth, list(thresholds.values()), evaluation.f1, seed)
    return TestResult(evaluation, f1, None, snapshot)


def _detection(
    labels: tuple[str, ...],
    lines: Sequence[UsableLine],
    predictions: Sequence[Sequence[Prediction]],
    evaluated_at: datetime,
    seed: int,
) -> TestResult:
    indices = {label: index for index, label in enumerate(labels)}
    found_boxes = [[_box_of(item, line) for item in found] for line, found in zip(lines, predictions, strict=True)]
    true_boxes = [[box for box in line.boxes if box.label in indices] for line in lines]
    truth = [_image_boxes(boxes, indices) for boxes in true_boxes]
    found = [
        _image_boxes(boxes, indices, [item.confidence for item in items])
        for boxes, items in zip(found_boxes, predictions, strict=True)
    ]
    judged = evaluate_detection(labels, truth, found)
    thresholds = judged.evaluation.thresholds()
    rows = zip(lines, true_boxes, found_boxes, predictions, judged.matches, strict=True)
    snapshot = (
        detection_snapshot_line(
            number,
            line,
            boxes_told(
                true,
                [(box, item.confidence) for box, item in zip(boxes, items, strict=True)],
                matches.tolist(),
                thresholds,
            ),
            thresholds,
            evaluated_at,
        )
        for number, (line, true, boxes, items, matches) in enumerate(rows, start=1)
    )
    evaluation, matched = judged.evaluation, judged.matches
    f1 = detection_f1_interval(truth, found, matched, list(thresholds.values()), evaluation.f1, seed)
    average_precision = average_precision_interval(
        truth, found, matched, len(labels), evaluation.average_precision or 0.0, seed
    )
    return TestResult(evaluation, f1, average_precision, snapshot)


def _box_of(prediction: Prediction, line: UsableLine) -> Box:
    assert prediction.box is not None and line.image_size is not None, "detections and their lines have boxes"
    left, top, width, height = prediction.box
    across, down = line.image_size.width, line.image_size.height
    return Box(prediction.label, left * across, top * down, width * across, height * down)


def _image_boxes(
    boxes: Sequence[Box], indices: dict[str, int], confidences: Sequence[float] | None = None
) -> ImageBoxes:
    corners = np.array([[box.left, box.top, box.width, box.height] for box in boxes], dtype=np.float64)
    return ImageBoxes(
        corners.reshape(-1, 4),
        np.array([indices[box.label] for box in boxes], dtype=np.int64),
        np.array(confidences if confidences is not None else [1.0] * len(boxes), dtype=np.float32),
    )
