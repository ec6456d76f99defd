"""Judging a trained model on its test images, and the testing snapshot that tells of it (ME-*, SN-*)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from emulator.training.journal import Journal
from emulator.vision.examples import Answerer, ModelKind, Prediction, TrainedModel
from emulator.vision.parallel import Known, Workers

EVALUATION = "evaluation"
OpenJournal = Callable[[str], Journal]


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
    workers: Workers,
    journal_of: OpenJournal,
    report: Callable[[str, int, int], None],
    evaluated_at: datetime,
    seed: int = 0,
) -> TestResult:
    """Predict the test images with the model and compare with their lines.

    `journal_of` opens what is known of the predictions of a model, by its digest. `report` hears of stage, done and
    total; `evaluated_at`, in any zone, is the date that the snapshot's lines carry;
    `seed` is that of the draws behind the intervals.
    """

    lines = validation.testing.usable
    predictions = _predictions(model.answerer(), lines, reader, workers, journal_of)
    told = _told(predictions, len(lines), report)
    if model.kind is ModelKind.CLASSIFICATION:
        return _classification(model.labels, lines, told, evaluated_at, seed)
    return _detection(model.labels, lines, told, evaluated_at, seed)


def _predictions(
    answerer: Answerer, lines: Sequence[UsableLine], reader: ImageReader, workers: Workers, journal_of: OpenJournal
) -> Iterator[list[Prediction]]:
    """What the model answers for each line's image; what it answered before this training was taken up is not asked."""

    def load(numbered: tuple[int, UsableLine]) -> bytes | Known[list[Prediction]]:
        image = reader.source_of(numbered[1])
        kept = journal.get(numbered[0])
        if kept is not None and kept[0] == image.identity:
            return Known([Prediction(label, confidence, box and tuple(box)) for label, confidence, box in kept[1]])
        return image.read()

    with journal_of(answerer.digest) as journal:
        found = workers.in_order(answerer.answer, enumerate(lines), load, answerer.at_once)
        for number, (line, predictions) in enumerate(zip(lines, found, strict=True)):
            answers = [[item.label, item.confidence, item.box] for item in predictions]
            journal.put(number, [reader.source_of(line).identity, answers])
            yield predictions


def _told(
    predictions: Iterator[list[Prediction]], total: int, report: Callable[[str, int, int], None]
) -> Iterator[list[Prediction]]:
    for done, found in enumerate(predictions, start=1):
        report(EVALUATION, done, total)
        yield found


def _classification(
    labels: tuple[str, ...],
    lines: Sequence[UsableLine],
    predictions: Iterator[Sequence[Prediction]],
    evaluated_at: datetime,
    seed: int,
) -> TestResult:
    # One row a picture instead of an object a label: a large set with many labels has millions of them.
    confidences = np.empty((len(lines), len(labels)), dtype=np.float32)
    for row, found in zip(confidences, predictions, strict=True):
        by_label = {item.label: item.confidence for item in found}
        row[:] = [by_label[label] for label in labels]
    truth = np.array([[label in line.image_labels for label in labels] for line in lines], dtype=np.bool_)
    evaluation = evaluate_classification(labels, confidences, truth)
    thresholds = evaluation.thresholds()
    one_each = has_single_labels(truth)
    snapshot = (
        classification_snapshot_line(
            number,
            line,
            labels_told(line.image_labels, dict(zip(labels, row.tolist(), strict=True)), thresholds, one_each=one_each),
            thresholds,
            evaluated_at,
        )
        for number, (line, row) in enumerate(zip(lines, confidences, strict=True), start=1)
    )
    f1 = classification_f1_interval(confidences, truth, list(thresholds.values()), evaluation.f1, seed)
    return TestResult(evaluation, f1, None, snapshot)


def _detection(
    labels: tuple[str, ...],
    lines: Sequence[UsableLine],
    predictions: Iterator[Sequence[Prediction]],
    evaluated_at: datetime,
    seed: int,
) -> TestResult:
    indices = {label: index for index, label in enumerate(labels)}
    # Arrays instead of an object a box: a large set has millions of them.
    found = [
        _image_boxes([_box_of(item, line) for item in items], indices, [item.confidence for item in items])
        for line, items in zip(lines, predictions, strict=True)
    ]
    true_boxes = [[box for box in line.boxes if box.label in indices] for line in lines]
    truth = [_image_boxes(boxes, indices) for boxes in true_boxes]
    judged = evaluate_detection(labels, truth, found)
    thresholds = judged.evaluation.thresholds()
    rows = zip(lines, true_boxes, found, judged.matches, strict=True)
    snapshot = (
        detection_snapshot_line(
            number,
            line,
            boxes_told(true, _boxes_again(boxes, labels), matches.tolist(), thresholds),
            thresholds,
            evaluated_at,
        )
        for number, (line, true, boxes, matches) in enumerate(rows, start=1)
    )
    evaluation, matched = judged.evaluation, judged.matches
    f1 = detection_f1_interval(truth, found, matched, list(thresholds.values()), evaluation.f1, seed)
    average_precision = average_precision_interval(
        truth, found, matched, len(labels), evaluation.average_precision or 0.0, seed
    )
    return TestResult(evaluation, f1, average_precision, snapshot)


def _boxes_again(found: ImageBoxes, labels: tuple[str, ...]) -> list[tuple[Box, float]]:
    """The boxes of `_image_boxes` and their confidences."""
    rows = zip(found.boxes.tolist(), found.labels.tolist(), found.confidences.tolist(), strict=True)
    return [(Box(labels[label], *corners), confidence) for corners, label, confidence in rows]


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
