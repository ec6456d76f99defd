"""The one way in: examples go in, a trained model comes out, whatever its kind.

Everything is bounded: pictures are read when needed, decoded and computed in batches, and forgotten.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import (
    Effort,
    ImageSource,
    LabelledBox,
    ModelKind,
    Picture,
    Prediction,
    Progress,
    ProgressListener,
    TrainedModel,
    TrainingExample,
    TrainingSettings,
    ignore_progress,
)

__all__ = [
    "Effort",
    "ImageSource",
    "LabelledBox",
    "ModelKind",
    "Picture",
    "Prediction",
    "Progress",
    "ProgressListener",
    "TrainedModel",
    "TrainingExample",
    "TrainingSettings",
    "ignore_progress",
    "train",
]

# Imported when first needed: a detector's layers are of no use to a classification, and the other way round.
_TRAINERS = {
    ModelKind.CLASSIFICATION: "emulator.vision.classifier.training",
    ModelKind.DETECTION: "emulator.vision.detector.training",
    ModelKind.BRAND: "emulator.vision.detector.brands",
}

Trainer = Callable[[Sequence[TrainingExample], tuple[str, ...], TrainingSettings, ProgressListener], TrainedModel]


def train(
    kind: ModelKind | str,
    examples: Sequence[TrainingExample],
    labels: Sequence[str],
    settings: TrainingSettings | None = None,
    progress: ProgressListener = ignore_progress,
) -> TrainedModel:
    """Train a model of this kind that knows `labels`, in the order given.

    The same examples, labels, settings and package versions give the same model on the same machine (O-24).
    Raises UnusableTrainingDataError if the examples do not allow it, ValueError for a kind that does not exist.
    """
    kind = ModelKind(kind)
    if not labels or len(set(labels)) != len(labels):
        raise UnusableTrainingDataError("a model needs labels, each of them once")
    trainer: Trainer = importlib.import_module(_TRAINERS[kind]).train
    return trainer(examples, tuple(labels), settings or TrainingSettings(), progress)
