"""Image classification: a frozen backbone, a regression on what it sees, exported as one graph (D-24)."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import onnx
import threadpoolctl

from emulator.vision.classifier.data import arrange
from emulator.vision.classifier.large_sets import grow
from emulator.vision.classifier.refinement import append_tuned, refine
from emulator.vision.classifier.search import search
from emulator.vision.examples import (
    Answerer,
    ImageSource,
    ModelKind,
    Prediction,
    ProgressListener,
    TrainingExample,
    TrainingSettings,
    ignore_progress,
)
from emulator.vision.export import name_output, write_model
from emulator.vision.features import OUTPUT, append_mean, feature_graph, mean_features
from emulator.vision.images import decode_resized
from emulator.vision.onnx_session import Session
from emulator.vision.open_set import KnownGate
from emulator.vision.parallel import Built, Threads
from emulator.vision.served_model import CONFIDENCES, classify, ranked

logger = logging.getLogger(__name__)

_MORE_IS_BETTER = "the regression on more images is better"
# Names of tensors between the parts of the graph.
_CALIBRATED = "calibrated"
_SEEN = "seen"


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
        return self.answerer().answers(images, Threads(self._threads), "evaluation", progress)

    def answerer(self) -> Answerer:
        """`predict` for one picture."""
        model = self._model.SerializeToString()
        return Answerer(Built(partial(_answering, model, self.labels, self._side)), hashlib.sha256(model).hexdigest())

    def export(self, path: Path, thresholds: Mapping[str, float], metadata: Mapping[str, str]) -> None:
        """Write the model to `path` with its labels, thresholds (0…1) and input size as metadata."""
        properties = {**metadata, "input": json.dumps({"height": self._side, "width": self._side})}
        write_model(self._model, path, kind=self.kind, labels=self.labels, thresholds=thresholds, metadata=properties)


def _answering(model: bytes, labels: tuple[str, ...], side: int) -> Callable[[bytes], list[Prediction]]:
    session = Session(model, threads=1)

    def answer(data: bytes) -> list[Prediction]:
        return ranked(labels, classify(session, decode_resized(data, side, side, tolerate_damage=True)))

    return answer


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
    data = arrange(examples, labels, settings.seed)
    # One thread, because the sums of several come out in another order.
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        found = search(data, settings, progress)
        refinement, refinement_report = refine(data, found, settings, progress)
        growth = grow(data, found, refinement, settings, progress)
        if growth is not None and growth.head is not None:
            if refinement is not None:
                refinement, refinement_report = None, {**refinement_report, "kept": False, "reason": _MORE_IS_BETTER}
            head = growth.head
        else:
            head = found.trainer.fit(found.winner.best)
        recipe, table = found.winner.recipe, found.table
        # What is tuned to tell the labels apart no longer tells what else there is: the gate sees what was frozen.
        gate = KnownGate.fit(
            mean_features(table.features, recipe.look), table.targets, recipe.look.comparable_side, settings.seed
        )
    model, features = feature_graph(recipe), OUTPUT
    if refinement:
        features = append_tuned(model, recipe.look.side, refinement)
        head = head.mixed_with(refinement.head, refinement.share, refinement.calibration)
    report = {
        "features": recipe.name + (f" and {refinement.recipe.name} fine-tuned" if refinement else ""),
        "fine_tuning": refinement_report,
        "multi_label": data.multi_label,
        "images": len(found.table.targets),
        "background_images": len(found.table.background),
        "skipped_images": list(found.table.skipped),
        "tried": [candidate.report() for candidate in found.tried],
        "temperature": round(head.calibration.temperature, 4),
        "known_threshold": round(gate.threshold, 4),
    }
    if growth is not None:
        report |= growth.report(found.table.skipped)
    logger.info("classifier trained: %s", report)
    head.append_to(model, features, _CALIBRATED)
    append_mean(model, recipe.look, _SEEN)
    gate.append_to(model, _SEEN, _CALIBRATED, CONFIDENCES)
    name_output(model, CONFIDENCES, len(labels))
    return ClassificationModel(model, labels, recipe.look.side, report, settings.threads)
