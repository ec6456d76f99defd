"""Image classification: a frozen backbone, a regression on what it sees, exported as one graph (D-24)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx

from emulator.vision.calibration import nothing_pictures
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import (
    ImageSource,
    ModelKind,
    Prediction,
    Progress,
    ProgressListener,
    TrainingExample,
    TrainingSettings,
    ignore_progress,
)
from emulator.vision.export import write_model
from emulator.vision.features import OUTPUT, FeatureExtractor, FeatureRecipe, feature_graph, in_order
from emulator.vision.images import decode_resized
from emulator.vision.linear_head import FeatureTable, HeadTrainer
from emulator.vision.logistic_regression import FloatArray
from emulator.vision.runtime import Session
from emulator.vision.session import CONFIDENCES, classify, ranked

_log = logging.getLogger(__name__)

_MINIMUM_LABELS = 2


class ClassificationModel:
    """A trained classifier: the complete graph from `image` to `confidences`, and how it came about."""

    kind = ModelKind.CLASSIFICATION

    def __init__(
        self, model: onnx.ModelProto, labels: tuple[str, ...], side: int, report: Mapping[str, object], threads: int
    ) -> None:
        self.labels = labels
        self.report = report
        self._model = model
        self._side = side
        self._threads = threads

    def predict(
        self, images: Sequence[ImageSource], progress: ProgressListener = ignore_progress
    ) -> list[list[Prediction]]:
        """Every label for every picture, highest confidence first. Runs the very graph that `export` writes."""
        session = Session(self._model.SerializeToString(), threads=1)

        def answer(image: ImageSource) -> list[Prediction]:
            pixels = decode_resized(image.read(), self._side, self._side, tolerate_damage=True)
            return ranked(self.labels, classify(session, pixels))

        results: list[list[Prediction]] = []
        for predictions in in_order(answer, images, self._threads):
            results.append(predictions)
            progress(Progress("evaluation", len(results), len(images)))
        return results

    def export(self, path: Path, thresholds: Mapping[str, float], metadata: Mapping[str, str]) -> None:
        """Write the model to `path` with its labels, thresholds (0…1) and input size as metadata."""
        properties = {**metadata, "input": json.dumps({"height": self._side, "width": self._side})}
        write_model(self._model, path, kind=self.kind, labels=self.labels, thresholds=thresholds, metadata=properties)


def train(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    progress: ProgressListener,
) -> ClassificationModel:
    """Train on the image-level labels of `examples`; boxes are not looked at. Pictures without labels are background.

    If every labelled picture has exactly one label, the confidences of a picture share 1 between the labels; else each
    label is judged by itself. Raises UnusableTrainingDataError without two labels that have pictures.
    """
    recipe = FeatureRecipe()
    table, skipped = _collect(examples, labels, settings, recipe, progress)
    progress(Progress("regression", 0, 1))
    trainer = HeadTrainer(table)
    scores = trainer.cross_validate(settings.seed)
    best = min(scores, key=lambda score: score.loss)
    head = trainer.fit(best, table.targets)
    progress(Progress("regression", 1, 1))
    report = {
        "features": recipe.name,
        "multi_label": table.multi_label,
        "images": len(table.targets),
        "background_images": len(table.background),
        "skipped_images": skipped,
        "tried": [{"strength": s.strength, "loss": s.loss, "accuracy": s.accuracy} for s in scores],
        "temperature": head.calibration.temperature,
    }
    _log.info("classifier trained: %s", report)
    model = feature_graph(recipe)
    head.append_to(model, OUTPUT, CONFIDENCES)
    return ClassificationModel(model, labels, recipe.side, report, settings.threads)


def _collect(
    examples: Sequence[TrainingExample],
    labels: tuple[str, ...],
    settings: TrainingSettings,
    recipe: FeatureRecipe,
    progress: ProgressListener,
) -> tuple[FeatureTable, list[str]]:
    """The features of all usable pictures, and the identities of the others."""
    extractor = FeatureExtractor(recipe, settings.threads)
    found = extractor.of_images(
        [example.image for example in examples],
        mirrored=True,
        skip_unusable=True,
        stage="features",
        progress=progress,
    )
    skipped = [example.image.identity for example, values in zip(examples, found, strict=True) if values is None]
    for identity in skipped:
        _log.warning("left out of the training, it cannot be decoded: %s", identity)
    usable = [(example, values) for example, values in zip(examples, found, strict=True) if values is not None]
    targets = _targets([example for example, _ in usable], labels)
    labelled = targets.sum(axis=1) > 0
    if (targets.sum(axis=0) > 0).sum() < _MINIMUM_LABELS:
        raise UnusableTrainingDataError("a classification needs pictures of at least two labels")
    random = np.random.default_rng(settings.seed)
    nothing = [extractor.of_pixels(pixels, mirrored=False) for pixels in nothing_pictures(recipe.side, random)]
    unlabelled = [values[:1] for (_, values), known in zip(usable, labelled, strict=True) if not known]
    table = FeatureTable(
        features=np.stack([values for (_, values), known in zip(usable, labelled, strict=True) if known]),
        targets=targets[labelled],
        background=np.concatenate([*nothing, *unlabelled]),
        multi_label=bool((targets.sum(axis=1) > 1).any()),
    )
    return table, skipped


def _targets(examples: Sequence[TrainingExample], labels: tuple[str, ...]) -> FloatArray:
    return np.array([[float(label in example.labels) for label in labels] for example in examples]).reshape(
        len(examples), len(labels)
    )
