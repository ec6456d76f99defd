"""Keys and contents of the result files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from emulator.domain.evaluation.classification import evaluate_classification
from emulator.domain.evaluation.detection import NOT_JUDGED, UNMATCHED
from emulator.domain.evaluation.report import Evaluation, LabelEvaluation
from emulator.domain.evaluation.result_keys import result_keys
from emulator.domain.evaluation.snapshots import (
    PredictedBox,
    PredictedLabel,
    boxes_told,
    classification_snapshot_line,
    detection_snapshot_line,
    labels_told,
    training_snapshot_line,
)
from emulator.domain.evaluation.summary import evaluation_summary
from emulator.domain.manifest.findings import Box, ImageSize
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.side import UsableLine

ARN = "arn:aws:rekognition:us-east-1:111122223333:project/my-project/version/v0/1574317227432"
NOW = datetime(2026, 11, 21, 7, 30, 23, 910943, tzinfo=UTC)


def line(labels: tuple[str, ...] = (), boxes: tuple[Box, ...] = ()) -> UsableLine:
    size = ImageSize(1024, 768) if boxes else None
    return UsableLine(1, "s3://b-1/dataset/é.jpeg", "b-1", "dataset/é.jpeg", labels, boxes, size, "2019-09-06", None)


@pytest.mark.parametrize(
    ("prefix", "start"), [("out/x", "out/x/"), ("out/x/", "out/x/"), ("", ""), (None, ""), ("/", "")]
)
def test_result_keys_are_six_files_under_the_prefix(prefix: str | None, start: str) -> None:
    """api-facts §3.5."""
    keys = result_keys(prefix, "swoosh", "swoosh.2020-12-13T22.50.45")
    assert list(keys.values()) == [
        f"{start}{kind}-swoosh-swoosh.2020-12-13T22.50.45.json"
        for kind in (
            "EvaluationResultSummary",
            "ManifestSummary",
            "TrainingGroundTruth",
            "TestingGroundTruth",
            "TrainingManifestWithValidation",
            "TestingManifestWithValidation",
        )
    ]
    assert keys["ManifestSummary"] == f"{start}ManifestSummary-swoosh-swoosh.2020-12-13T22.50.45.json"


def test_the_summary_of_a_classifier_has_the_keys_of_the_guide() -> None:
    """ES: flat aggregates, labels by F1, best first; float32 thresholds."""
    evaluation = evaluate_classification(
        ["CAP", "WATCH", "SHOE"],
        np.array([[0.9, 0.95, 0], [0.8, 0.2, 0], [0.7, 0.9, 0]], np.float32),
        np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]], np.bool_),
    )
    summary: Any = evaluation_summary(ARN, evaluation, 5216, 3, NOW.astimezone(timezone(timedelta(hours=2))))
    assert list(summary) == [
        "Version",
        "AggregatedEvaluationResults",
        "EvaluationDetails",
        "LabelEvaluationResults",
    ]
    aggregated = summary["AggregatedEvaluationResults"]
    assert list(aggregated) == ["ConfusionMatrix", "EvaluatedLabels", "F1Score", "Precision", "Recall"]
    assert aggregated["EvaluatedLabels"] == ["CAP", "WATCH"]
    assert aggregated["ConfusionMatrix"][0] == {"GroundTruthLabel": "CAP", "PredictedLabel": "CAP", "Value": 0.5}
    assert summary["EvaluationDetails"] == {
        "EvaluationEndTimestamp": "2026-11-21T07:30:23.910943",
        "Labels": ["CAP", "WATCH", "SHOE"],
        "NumberOfTestingImages": 3,
        "NumberOfTrainingImages": 5216,
        "ProjectVersionArn": ARN,
    }
    results = summary["LabelEvaluationResults"]
    assert [result["Label"] for result in results] == ["CAP", "WATCH", "SHOE"]
    assert list(results[0]["Metrics"]) == ["F1Score", "Precision", "Recall", "Threshold"]
    assert results[0]["NumberOfTestingImages"] == 2
    threshold = results[0]["Metrics"]["Threshold"]
    assert threshold == float(np.float32(threshold)) == 0.75
    assert aggregated["F1Score"] == sum(result["Metrics"]["F1Score"] for result in results[:2]) / 2
    json.dumps(summary, allow_nan=False)


def test_the_summary_of_a_detector_has_averages_instead_of_a_confusion_matrix() -> None:
    """ES-5, ME-6."""
    labels = (LabelEvaluation("swoosh", 0.258, 0.5, 0.9, 0.64, 14),)
    evaluation = Evaluation(labels, average_precision=0.609, average_recall=0.941)
    summary: Any = evaluation_summary(ARN, evaluation, 56, 14, NOW)
    assert summary["AggregatedEvaluationResults"] == {
        "AveragePrecision": 0.609,
        "AverageRecall": 0.941,
        "F1Score": 0.64,
        "Precision": 0.5,
        "Recall": 0.9,
    }


def test_a_classified_test_image_has_a_numbered_pair_for_each_prediction() -> None:
    """SN-2, SN-4: the four flags and the spelling `labelling`."""
    predictions = [
        PredictedLabel("Football", 0.9512345, True),
        PredictedLabel("Ball", 0.2, False),
        PredictedLabel("Tennis", 0.7, False),
    ]
    text = classification_snapshot_line(
        7, line(("Football",)), predictions, {"Football": 0.5, "Ball": 0.3, "Tennis": 0.6}, NOW
    )
    document = json.loads(text)
    assert list(document)[:4] == [
        "source-ref",
        "rekognition-custom-labels-training-0",
        "rekognition-custom-labels-training-0-metadata",
        "rekognition-custom-labels-evaluation-0",
    ]
    assert document["rekognition-custom-labels-training-0-metadata"] == {
        "confidence": 1.0,
        "job-name": "rekognition-custom-labels-training-job",
        "class-name": "Football",
        "human-annotated": "yes",
        "creation-date": "2019-09-06",
        "type": "groundtruth/image-classification",
    }
    assert document["rekognition-custom-labels-evaluation-0-metadata"] == {
        "confidence": 0.95123,
        "job-name": "rekognition-custom-labels-evaluation-job",
        "class-name": "Football",
        "human-annotated": "no",
        "creation-date": "2026-11-21T07:30:23.910943",
        "type": "groundtruth/image-classification",
        "rekognition-custom-labels-evaluation-details": {
            "version": 1,
            "ground-truth-labelling-jobs": ["rekognition-custom-labels-training-job"],
            "is-true-positive": True,
            "is-true-negative": False,
            "is-false-positive": False,
            "is-false-negative": False,
            "is-present-in-ground-truth": True,
        },
    }
    flags = [
        document[f"rekognition-custom-labels-evaluation-{number}-metadata"][
            "rekognition-custom-labels-evaluation-details"
        ]
        for number in (1, 2)
    ]
    assert [flag["is-true-negative"] for flag in flags] == [True, False]
    assert [flag["is-false-positive"] for flag in flags] == [False, True]
    assert "é" in text
    assert "\n" not in text


def test_a_confidence_that_is_the_threshold_reaches_it() -> None:
    """Thresholds are float32 values, and 0.1 as a float32 is more than 0.1 as a double."""
    threshold = float(np.float32(0.1))
    assert threshold > 0.1
    for confidence in (0.1, threshold):
        text = classification_snapshot_line(
            1, line(("a",)), [PredictedLabel("a", confidence, True)], {"a": threshold}, NOW
        )
        metadata = json.loads(text)["rekognition-custom-labels-evaluation-0-metadata"]
        assert metadata["rekognition-custom-labels-evaluation-details"]["is-true-positive"] is True


def test_a_training_image_with_several_labels_has_numbered_attributes() -> None:
    document = json.loads(training_snapshot_line(1, line(("a", "b"))))
    names = [document[f"rekognition-custom-labels-training-{number}-metadata"]["class-name"] for number in (0, 1)]
    assert names == ["a", "b"]
    assert len(document) == 7


def test_a_detected_test_image_has_details_for_each_object() -> None:
    """SN-4, SN-5: whole pixels, and the ids that real files have at the top level."""
    truth = (Box("Cap", 712, 409, 39, 63),)
    predictions = [
        PredictedBox(Box("Cap", 711.6, 408.5, 39.7, 63.4), 0.95, True),
        PredictedBox(Box("Bag", -0.4, 760.2, 0.3, 9.1), 0.6, False),
    ]
    text = detection_snapshot_line(4, line(boxes=truth), predictions, {"Cap": 0.5, "Bag": 0.5}, NOW)
    document = json.loads(text)
    assert document["rekognition-custom-labels-training-0"] == {
        "annotations": [{"class_id": 0, "width": 39, "top": 409, "height": 63, "left": 712}],
        "image_size": [{"width": 1024, "depth": 3, "height": 768}],
    }
    assert document["rekognition-custom-labels-evaluation"]["annotations"] == [
        {"class_id": 1, "width": 39, "top": 408, "height": 64, "left": 712},
        {"class_id": 0, "width": 1, "top": 760, "height": 8, "left": 0},
    ]
    metadata = document["rekognition-custom-labels-evaluation-metadata"]
    assert (metadata["confidence"], metadata["human-annotated"]) == (0.95, "no")
    assert metadata["class-map"] == {"0": "Bag", "1": "Cap"}
    assert (document["rekognition-custom-labels-object-id"], document["line-idx"]) == (4, 1)
    details = [item["rekognition-custom-labels-evaluation-details"] for item in metadata["objects"]]
    assert [item["is-true-positive"] for item in details] == [True, False]
    assert [item["is-false-positive"] for item in details] == [False, True]
    assert "ground-truth-labelling-jobs" in details[0]


def test_the_boxes_told_are_the_true_ones_in_order_and_then_the_wrong_ones() -> None:
    """Below the threshold a match is a false negative and the rest is left out; what is uncovered has confidence 0."""
    truth = [Box("a", number, 0, 9, 9) for number in range(3)]
    found = [
        (Box("a", 10 * number, 5, 9, 9), confidence) for number, confidence in enumerate((0.6, 0.9, 0.2, 0.3, 0.7))
    ]
    matches = [UNMATCHED, 2, UNMATCHED, 0, NOT_JUDGED]
    assert boxes_told(truth, found, matches, {"a": 0.5}) == [
        PredictedBox(found[3][0], 0.3, True),
        PredictedBox(truth[1], 0.0, True),
        PredictedBox(found[1][0], 0.9, True),
        PredictedBox(found[0][0], 0.6, False),
    ]


def test_an_uncovered_box_is_a_false_negative_even_at_a_threshold_of_zero() -> None:
    predictions = [PredictedBox(Box("a", 0, 0, 9, 9), 0.0, True)]
    document = json.loads(detection_snapshot_line(1, line(boxes=(predictions[0].box,)), predictions, {"a": 0.0}, NOW))
    [item] = document["rekognition-custom-labels-evaluation-metadata"]["objects"]
    assert item["rekognition-custom-labels-evaluation-details"]["is-false-negative"] is True


@pytest.mark.parametrize(
    ("truth", "one_each", "told"),
    [
        (("a",), True, ["b"]),
        (("b",), True, ["b"]),
        (("c", "a"), False, ["c", "a", "b"]),
        (("unknown to the model",), False, ["b"]),
    ],
)
def test_the_labels_told(truth: tuple[str, ...], *, one_each: bool, told: list[str]) -> None:
    """The highest-scoring one where images have one label each, else what is there and what was found wrongly."""
    confidences = {"a": 0.4, "b": 0.9, "c": 0.1, "d": 0.2}
    chosen = labels_told(truth, confidences, dict.fromkeys(confidences, 0.5), one_each=one_each)
    assert [one.label for one in chosen] == told
    assert [one.is_in_ground_truth for one in chosen] == [label in truth for label in told]


def test_without_anything_there_or_found_the_highest_scoring_label_is_told() -> None:
    chosen = labels_told((), {"a": 0.1, "b": 0.2}, {"a": 0.5, "b": 0.5}, one_each=False)
    assert chosen == [PredictedLabel("b", 0.2, False)]


def test_snapshots_are_lawful_manifests() -> None:
    """Their lines pass the checks of a manifest."""
    boxed = line(boxes=(Box("Cap", 712, 409, 39, 63),))
    prediction = PredictedBox(Box("Cap", 700.5, 400, 39, 63), 0.95, True)
    for text in (
        detection_snapshot_line(1, boxed, [prediction], {"Cap": 0.5}, NOW).replace("2019-09-06", "2019-09-06T00:00:00"),
        classification_snapshot_line(1, line(("a",)), [PredictedLabel("a", 0.5, True)], {"a": 0.5}, NOW).replace(
            "2019-09-06", "2019-09-06T00:00:00"
        ),
    ):
        assert inspect_line(text.encode()).findings == []
