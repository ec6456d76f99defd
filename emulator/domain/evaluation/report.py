"""What an evaluation says, for image-level labels and for boxes alike."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class LabelEvaluation:
    """One label at its assumed threshold (ME-3, ME-4): all values 0..1, `threshold` a float32 value.

    `test_images` is how many test images have the label. If it is 0 nothing was measured (Q-7 allows that): the three
    metrics are 0 and the label is left out of the aggregates, but DetectCustomLabels applies its threshold.
    """

    label: str
    threshold: float
    precision: float
    recall: float
    f1: float
    test_images: int

    @property
    def is_measured(self) -> bool:
        return self.test_images > 0


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """`value` is the share (0..1) of the test images of `ground_truth` that were taken for `predicted` (CM-2)."""

    ground_truth: str
    predicted: str
    value: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model on its test images. `labels` keeps the order of the model's labels.

    The aggregates are plain means over the measured labels (ME-5), 0 if there is none. `confusion` is given for
    image-level labels, the two averages (mAP, mAR) for boxes.
    """

    labels: tuple[LabelEvaluation, ...]
    confusion: tuple[ConfusionCell, ...] | None = None
    average_precision: float | None = None
    average_recall: float | None = None

    @property
    def measured(self) -> tuple[LabelEvaluation, ...]:
        return tuple(label for label in self.labels if label.is_measured)

    @property
    def precision(self) -> float:
        return _mean([label.precision for label in self.measured])

    @property
    def recall(self) -> float:
        return _mean([label.recall for label in self.measured])

    @property
    def f1(self) -> float:
        return _mean([label.f1 for label in self.measured])

    def thresholds(self) -> dict[str, float]:
        """The assumed threshold (0..1) of every label, measured or not."""
        return {label.label: label.threshold for label in self.labels}


def _mean(values: list[float]) -> float:
    return fmean(values) if values else 0.0
