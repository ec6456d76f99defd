"""Read the result files of a training from S3 and recompute what they say."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from support.projects import Project

TRAINING_ATTRIBUTE = "rekognition-custom-labels-training-"
EVALUATION_ATTRIBUTE = "rekognition-custom-labels-evaluation-"
DETAILS = "rekognition-custom-labels-evaluation-details"
FLAGS = ("is-true-positive", "is-true-negative", "is-false-positive", "is-false-negative")
KINDS = (
    "EvaluationResultSummary",
    "ManifestSummary",
    "TrainingGroundTruth",
    "TestingGroundTruth",
    "TrainingManifestWithValidation",
    "TestingManifestWithValidation",
)


def result_text(project: Project, kind: str, version: str = "first", prefix: str = "results") -> str:
    """The text of a result file under its documented name (api-facts §3.5)."""
    key = f"{prefix}/{kind}-{project.name}-{version}.json"
    body: bytes = project.s3.get_object(Bucket=project.bucket, Key=key)["Body"].read()
    return body.decode()


def result_json(project: Project, kind: str, **place: str) -> Any:
    """A result file that is one JSON document."""
    return json.loads(result_text(project, kind, **place))


def result_lines(project: Project, kind: str, **place: str) -> list[dict[str, Any]]:
    """A result file of JSON Lines; each line has to end with a newline."""
    text = result_text(project, kind, **place)
    assert text.endswith("\n"), f"{kind} does not end with a newline"
    return [json.loads(line) for line in text.splitlines()]


def predictions(line: dict[str, Any]) -> list[dict[str, Any]]:
    """The metadata of the numbered predictions of an image-level snapshot line, in order of their numbers."""
    count = sum(key.startswith(EVALUATION_ATTRIBUTE) and key.endswith("-metadata") for key in line)
    for number in range(count):
        assert isinstance(line[f"{EVALUATION_ATTRIBUTE}{number}"], int)
    return [line[f"{EVALUATION_ATTRIBUTE}{number}-metadata"] for number in range(count)]


def ground_truth(line: dict[str, Any]) -> list[str]:
    """The labels that a snapshot line carries as ground truth."""
    names = [key for key in line if key.startswith(TRAINING_ATTRIBUTE) and key.endswith("-metadata")]
    return [line[name]["class-name"] for name in names]


def metrics_of_snapshot(lines: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each label, counted from the flags of an evaluation snapshot (ME-4, SN-3)."""
    counts: dict[str, Counter[str]] = {}
    for line in lines:
        for prediction in predictions(line):
            flags = [flag for flag in FLAGS if prediction[DETAILS][flag]]
            assert len(flags) == 1, f"exactly one of the flags has to be true: {prediction}"
            counts.setdefault(prediction["class-name"], Counter())[flags[0]] += 1
    return {label: _metrics(*(count[flag] for flag in FLAGS)) for label, count in counts.items()}


def _metrics(true_positives: int, _: int, false_positives: int, false_negatives: int) -> dict[str, float]:
    predicted, present = true_positives + false_positives, true_positives + false_negatives
    return {
        "Precision": true_positives / predicted if predicted else 0.0,
        "Recall": true_positives / present if present else 0.0,
        "F1Score": 2 * true_positives / (predicted + present) if predicted + present else 0.0,
    }
