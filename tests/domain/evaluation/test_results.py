"""Keys and contents of the result files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from emulator.domain.evaluation.classification import evaluate_classification
from emulator.domain.evaluation.report import Evaluation, LabelEvaluation
from emulator.domain.evaluation.result_keys import result_keys
from emulator.domain.evaluation.snapshots import (
    PredictedBox,
    classification_snapshot_line,
    detection_snapshot_line,
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
    assert list(aggregated) == ["ConfusionMatrix", "F1Score", "Precision", "Recall"]
    assert aggregated["ConfusionMatrix"][0] == {"GroundTruthLabel": "CAP", "PredictedLabel": "CAP", "Value": 0.5}
    assert summary["EvaluationDetails"] == {
        "EvaluationEndTimestamp": "2026-11-21T07:30:23.910943",
        "Labels": ["CAP", "WATCH", "SHOE"],
        "NumberOfTestingImages": 3,
        "NumberOfTrainingImages": 5216,
        "ProjectVersionArn": ARN,
    }
    results = summary["LabelEvaluationResults"]
    assert [result["Label"] for result in results] == ["CAP", "WATCH"]
    assert list(results[0]["Metrics"]) == ["F1Score", "Precision", "Recall", "Threshold"]
    assert results[0]["NumberOfTestingImages"] == 2
    threshold = results[0]["Metrics"]["Threshold"]
    assert threshold == float(np.float32(threshold)) == 0.75
    assert aggregated["F1Score"] == sum(result["Metrics"]["F1Score"] for result in results) / 2
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


def test_a_classified_test_image_has_an_evaluation_pair_for_each_label() -> None:
    """SN-2, SN-4: the four flags and the spelling `labelling`."""
    text = classification_snapshot_line(
        line(("Football",)),
        {"Football": 0.9512345, "Ball": 0.2, "Tennis": 0.7},
        {"Football": 0.5, "Ball": 0.3, "Tennis": 0.6},
        NOW,
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
        document = json.loads(
            classification_snapshot_line(line(("a",)), {"a": confidence, "b": 0.9}, {"a": threshold, "b": 0.95}, NOW)
        )
        metadata = document["rekognition-custom-labels-evaluation-0-metadata"]
        assert metadata["rekognition-custom-labels-evaluation-details"]["is-true-positive"] is True


def test_a_training_image_with_several_labels_has_numbered_attributes() -> None:
    document = json.loads(training_snapshot_line(line(("a", "b"))))
    names = [document[f"rekognition-custom-labels-training-{number}-metadata"]["class-name"] for number in (0, 1)]
    assert names == ["a", "b"]
    assert len(document) == 5


def test_a_detected_test_image_has_details_and_ids_for_each_object() -> None:
    """SN-5."""
    truth = (Box("Cap", 712, 409, 39, 63),)
    predictions = [
        PredictedBox(Box("Cap", 712.204, 409, 39, 63), 0.95, True),
        PredictedBox(Box("Bag", 1, 2, 3, 4), 0.1, False),
    ]
    text = detection_snapshot_line(line(boxes=truth), predictions, {"Cap": 0.5, "Bag": 0.5}, NOW)
    document = json.loads(text)
    assert document["rekognition-custom-labels-training-0"] == {
        "annotations": [{"class_id": 0, "width": 39, "top": 409, "height": 63, "left": 712}],
        "image_size": [{"width": 1024, "depth": 3, "height": 768}],
    }
    found = document["rekognition-custom-labels-evaluation"]
    assert [item["class_id"] for item in found["annotations"]] == [1, 0]
    assert found["annotations"][0]["left"] == 712.2
    metadata = document["rekognition-custom-labels-evaluation-metadata"]
    assert (metadata["confidence"], metadata["human-annotated"]) == (0.95, "no")
    assert metadata["class-map"] == {"0": "Bag", "1": "Cap"}
    objects = metadata["objects"]
    assert [item["rekognition-custom-labels-object-id"] for item in objects] == [0, 1]
    details = [item["rekognition-custom-labels-evaluation-details"] for item in objects]
    assert [item["is-true-positive"] for item in details] == [True, False]
    assert [item["is-true-negative"] for item in details] == [False, True]
    assert "ground-truth-labelling-jobs" in details[0]


def test_snapshots_are_lawful_manifests() -> None:
    """Their lines pass the checks of a manifest."""
    boxed = line(boxes=(Box("Cap", 712, 409, 39, 63),))
    prediction = PredictedBox(Box("Cap", 700.5, 400, 39, 63), 0.95, True)
    for text in (
        detection_snapshot_line(boxed, [prediction], {"Cap": 0.5}, NOW).replace("2019-09-06", "2019-09-06T00:00:00"),
        classification_snapshot_line(line(("a",)), {"a": 0.5}, {"a": 0.5}, NOW).replace(
            "2019-09-06", "2019-09-06T00:00:00"
        ),
    ):
        assert inspect_line(text.encode()).findings == []
