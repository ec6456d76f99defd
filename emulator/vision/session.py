"""A finished model file, loaded and answering. It needs onnxruntime, Pillow and numpy, nothing of the training."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from emulator.vision.errors import ModelFileError
from emulator.vision.examples import ModelKind, Prediction
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.runtime import Session

INPUT = "image"
CONFIDENCES = "confidences"

# Detection brings its own geometry; it is imported only where a detection model is served.
_DETECTION_PREDICTOR = "emulator.vision.detector.serving"


class Predictor(Protocol):
    """How a kind of model answers; made as Predictor(session, labels, metadata)."""

    def predict(self, data: bytes) -> list[Prediction]:
        """The predictions for a JPEG or PNG. Raises ImageError. May be called from several threads at once."""


class ServedModel:
    """One exported model, ready to answer from several threads at once."""

    def __init__(
        self, kind: ModelKind, labels: tuple[str, ...], thresholds: Mapping[str, float], predictor: Predictor
    ) -> None:
        self.kind = kind
        self.labels = labels
        self.thresholds = dict(thresholds)
        self._predictor = predictor

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> ServedModel:
        """Load what `TrainedModel.export` wrote; one answer uses up to `threads` cores. Raises ModelFileError."""
        if not path.is_file():
            raise ModelFileError(f"there is no model file {path.name}")
        session = Session(path, threads)
        metadata = session.metadata
        try:
            kind = ModelKind(metadata["kind"])
            labels = tuple(json.loads(metadata["labels"]))
            thresholds = json.loads(metadata["thresholds"])
        except (KeyError, ValueError) as error:
            raise ModelFileError(f"{path.name} is not a model of this emulator: {error}") from error
        if kind is ModelKind.DETECTION:
            predictor: Predictor = importlib.import_module(_DETECTION_PREDICTOR).Predictor(session, labels, metadata)
        else:
            predictor = ClassificationPredictor(session, labels, metadata)
        return cls(kind, labels, thresholds, predictor)

    def predict(self, data: bytes) -> list[Prediction]:
        """Predictions for a JPEG or PNG, highest confidence (0…1) first; a classification gives every label (§4.2).

        Raises UnsupportedImageFormatError, TooManyPixelsError or DamagedImageError.
        """
        return self._predictor.predict(data)


class ClassificationPredictor:
    """Scales a picture to the model's input and gives the confidence of every label."""

    def __init__(self, session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> None:
        self._session = session
        self._labels = labels
        self._size = int(metadata["input_width"]), int(metadata["input_height"])

    def predict(self, data: bytes) -> list[Prediction]:
        return ranked(self._labels, classify(self._session, decode_resized(data, *self._size)))


def classify(session: Session, pixels: PixelArray) -> npt.NDArray[np.float32]:
    """Confidences float32 [labels] of one picture uint8 [height, width, 3] of the model's input size."""
    tensor = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
    confidences: npt.NDArray[np.float32] = session.run({INPUT: tensor}, [CONFIDENCES])[0][0]
    return confidences


def ranked(labels: tuple[str, ...], confidences: npt.NDArray[np.float32]) -> list[Prediction]:
    """A prediction for each label, highest confidence first, equal ones in the order of the labels."""
    order = np.argsort(-confidences, kind="stable")
    return [Prediction(labels[index], min(1.0, max(0.0, float(confidences[index])))) for index in order]
