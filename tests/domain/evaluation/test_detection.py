"""Boxes judged at IoU 0.5; mAP and mAR against the COCO project's own evaluation."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from emulator.domain.evaluation.detection import (
    NOT_JUDGED,
    UNMATCHED,
    ImageBoxes,
    evaluate_detection,
    intersection_over_union,
)

LABELS = ["cap", "watch", "shoe"]


def boxes(items: Sequence[tuple[int, float, float, float, float]], confidences: Sequence[float] = ()) -> ImageBoxes:
    """(label, left, top, width, height) and confidences."""
    return ImageBoxes(
        np.array([item[1:] for item in items], np.float64).reshape(-1, 4),
        np.array([item[0] for item in items], np.int64),
        np.array(confidences or [0.0] * len(items), np.float32),
    )


def test_intersection_over_union_of_known_boxes() -> None:
    first = np.array([[0, 0, 10, 10]], np.float64)
    second = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 5, 5], [0, 0, 10, 5], [0, 0, 0, 0]], np.float64)
    assert intersection_over_union(first, second).tolist() == [[1.0, pytest.approx(1 / 3), 0.0, 0.5, 0.0]]


def test_an_overlap_of_exactly_half_counts() -> None:
    """ME-2: IoU of at least 0.5."""
    result = evaluate_detection(["a"], [boxes([(0, 0, 0, 10, 10)])], [boxes([(0, 0, 0, 10, 5)], [0.8])])
    assert result.evaluation.f1 == 1.0
    assert [matched.tolist() for matched in result.matches] == [[0]]


def test_a_true_box_is_matched_once_by_the_most_confident_prediction() -> None:
    truth = [boxes([(0, 0, 0, 10, 10)])]
    found = [boxes([(0, 0, 0, 10, 10), (0, 0, 0, 10, 9)], [0.5, 0.9])]
    result = evaluate_detection(["a"], truth, found)
    assert result.matches[0].tolist() == [UNMATCHED, 0]
    label = result.evaluation.labels[0]
    assert (label.precision, label.recall) == (1.0, 1.0)
    assert label.threshold == pytest.approx(0.7)


def test_boxes_of_another_label_do_not_match() -> None:
    result = evaluate_detection(["a", "b"], [boxes([(0, 0, 0, 9, 9)])], [boxes([(1, 0, 0, 9, 9)], [0.9])])
    assert result.matches[0].tolist() == [UNMATCHED]
    assert (result.evaluation.f1, result.evaluation.average_precision) == (0.0, 0.0)
    assert [label.test_images for label in result.evaluation.labels] == [1, 0]


def test_images_without_boxes_or_predictions() -> None:
    result = evaluate_detection(["a"], [boxes([]), boxes([(0, 0, 0, 9, 9)])], [boxes([]), boxes([])])
    assert (result.evaluation.f1, result.evaluation.average_precision, result.evaluation.average_recall) == (0, 0, 0)
    empty = evaluate_detection(["a"], [], []).evaluation
    assert (empty.f1, empty.average_precision) == (0.0, 0.0)


def test_boxes_of_next_to_no_confidence_are_not_found_however_right_one_is() -> None:
    """Without a least threshold the second right box would count, and with it every box of 2 % in other pictures."""
    truth = [boxes([(0, 0, 0, 9, 9), (0, 50, 0, 9, 9)])]
    found = [boxes([(0, 0, 0, 9, 9), (0, 50, 0, 9, 9), (0, 90, 0, 9, 9)], [0.6, 0.02, 0.01])]
    label = evaluate_detection(["a"], truth, found).evaluation.labels[0]
    assert (label.precision, label.recall) == (1.0, 0.5)
    assert label.threshold == pytest.approx(0.31)


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        evaluate_detection(["a"], [boxes([])], [])


def random_set(seed: int, images: int = 12) -> tuple[list[ImageBoxes], list[ImageBoxes]]:
    """True boxes and predictions that are shifted, doubled, mislabelled or invented; one image has over 100 boxes."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for image in range(images):
        count = int(random.integers(0, 8))
        true = np.concatenate([random.uniform(0, 300, (count, 2)), random.uniform(5, 120, (count, 2))], axis=1)
        labels = random.integers(0, len(LABELS) - (image % 2), count)
        copies = np.repeat(np.arange(count), random.integers(0, 3, count))
        noise = random.normal(0, 8, (len(copies), 4))
        extra = 130 if image == 3 else int(random.integers(0, 6))
        invented = np.concatenate([random.uniform(0, 300, (extra, 2)), random.uniform(5, 120, (extra, 2))], axis=1)
        predicted = np.concatenate([np.clip(true[copies] + noise, 1, None), invented])
        predicted_labels = np.concatenate([labels[copies], random.integers(0, len(LABELS), extra)])
        confidences = random.permutation(10_000)[: len(predicted)].astype(np.float32) / 10_000
        confidences[len(copies) :] *= 0.4
        truth.append(ImageBoxes(true, labels, np.zeros(count, np.float32)))
        found.append(ImageBoxes(predicted, predicted_labels, confidences.astype(np.float32)))
    return truth, found


def coco_averages(truth: list[ImageBoxes], found: list[ImageBoxes]) -> tuple[float, float]:
    """AP and AR at IoU 0.50, all sizes, 100 boxes an image, by pycocotools."""
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    images = [{"id": number} for number in range(len(truth))]
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(truth):
        for box, label in zip(image.boxes.tolist(), image.labels.tolist(), strict=True):
            identity = len(annotations) + 1
            item = {"id": identity, "image_id": number, "category_id": label, "bbox": box, "iscrowd": 0}
            annotations.append({**item, "area": box[2] * box[3]})
    results = [
        {"image_id": number, "category_id": label, "bbox": box, "score": float(score)}
        for number, image in enumerate(found)
        for box, label, score in zip(
            image.boxes.tolist(), image.labels.tolist(), image.confidences.tolist(), strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = coco.COCO()
        dataset.dataset = {
            "info": {},
            "images": images,
            "annotations": annotations,
            "categories": [{"id": number, "name": label} for number, label in enumerate(LABELS)],
        }
        dataset.createIndex()
        evaluation = cocoeval.COCOeval(dataset, dataset.loadRes(results), "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.evaluate()
        evaluation.accumulate()
    precision, recall = evaluation.eval["precision"][0, :, :, 0, 2], evaluation.eval["recall"][0, :, 0, 2]
    return float(precision[precision > -1].mean()), float(recall[recall > -1].mean())


@pytest.mark.parametrize("seed", range(6))
def test_the_averages_are_those_of_coco(seed: int) -> None:
    """ME-6: equal to 1e-6."""
    truth, found = random_set(seed)
    precision, recall = coco_averages(truth, found)
    evaluation = evaluate_detection(LABELS, truth, found).evaluation
    assert evaluation.average_precision == pytest.approx(precision, abs=1e-6)
    assert evaluation.average_recall == pytest.approx(recall, abs=1e-6)
    assert 0.1 < precision < recall < 1


def test_the_matches_give_the_metrics_at_the_threshold() -> None:
    """SN-3: a confident matched box is a true positive, so the flags of the snapshot add up to the metrics."""
    truth, found = random_set(8)
    result = evaluate_detection(LABELS, truth, found)
    assert len(result.evaluation.measured) == 3
    for index, label in enumerate(result.evaluation.labels):
        sure = [
            (image.labels == index) & (image.confidences >= label.threshold) & (matched != NOT_JUDGED)
            for image, matched in zip(found, result.matches, strict=True)
        ]
        right = sum(int((mine & (matched >= 0)).sum()) for mine, matched in zip(sure, result.matches, strict=True))
        predicted = sum(int(mine.sum()) for mine in sure)
        present = sum(int((image.labels == index).sum()) for image in truth)
        assert label.precision == pytest.approx(right / predicted)
        assert label.recall == pytest.approx(right / present)
