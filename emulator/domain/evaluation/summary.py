"""The evaluation summary file (guide chapter ES)."""

from __future__ import annotations

from datetime import UTC, datetime

from emulator.domain.evaluation.report import Evaluation, LabelEvaluation

VERSION = 1


def evaluation_summary(
    project_version_arn: str,
    evaluation: Evaluation,
    training_images: int,
    testing_images: int,
    ended_at: datetime,
) -> dict[str, object]:
    """The file's content, in the key order of the service's files: aggregates flat (X-16), labels by F1, best first
    (ES-2).

    All labels of the model have results; those without test images come last, with metrics of 0, 0 images and the
    threshold that DetectCustomLabels applies (ES-1, Q-7). The aggregates are means over the others; where there are
    such labels, a member of our own, `EvaluatedLabels`, says which labels the aggregates cover. Classification has a
    confusion matrix, detection AveragePrecision and AverageRecall instead (ES-5, ME-6). All values 0..1.
    """
    aggregated: dict[str, object] = {}
    if evaluation.average_precision is not None and evaluation.average_recall is not None:
        aggregated["AveragePrecision"] = evaluation.average_precision
        aggregated["AverageRecall"] = evaluation.average_recall
    if evaluation.confusion is not None:
        aggregated["ConfusionMatrix"] = [
            {"GroundTruthLabel": cell.ground_truth, "PredictedLabel": cell.predicted, "Value": cell.value}
            for cell in evaluation.confusion
        ]
    if len(evaluation.measured) < len(evaluation.labels):
        aggregated["EvaluatedLabels"] = [label.label for label in evaluation.measured]
    aggregated |= {"F1Score": evaluation.f1, "Precision": evaluation.precision, "Recall": evaluation.recall}
    return {
        "Version": VERSION,
        "AggregatedEvaluationResults": aggregated,
        "EvaluationDetails": {
            "EvaluationEndTimestamp": timestamp(ended_at),
            "Labels": [label.label for label in evaluation.labels],
            "NumberOfTestingImages": testing_images,
            "NumberOfTrainingImages": training_images,
            "ProjectVersionArn": project_version_arn,
        },
        "LabelEvaluationResults": [
            _label_result(label)
            for label in sorted(evaluation.labels, key=lambda label: (not label.is_measured, -label.f1, label.label))
        ],
    }


def timestamp(moment: datetime) -> str:
    """UTC with microseconds and without a zone, as the service's files have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _label_result(label: LabelEvaluation) -> dict[str, object]:
    return {
        "Label": label.label,
        "Metrics": {
            "F1Score": label.f1,
            "Precision": label.precision,
            "Recall": label.recall,
            "Threshold": label.threshold,
        },
        "NumberOfTestingImages": label.test_images,
    }
