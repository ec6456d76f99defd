"""A finished model file, loaded and answering. It needs onnxruntime, Pillow and numpy, nothing of the training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emulator.vision.errors import ModelFileError
from emulator.vision.examples import ModelKind, Prediction
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.model_check import require_own_model
from emulator.vision.onnx_session import Session
from emulator.vision.run_limit import RunWatch

INPUT = "image"
CONFIDENCES = "confidences"

Predictor = Callable[[bytes], list[Prediction]]


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
    def load(cls, path: Path, threads: int = 1, watch: RunWatch | None = None) -> ServedModel:
        """Load what `TrainedModel.export` wrote; one answer uses up to `threads` cores. Raises ModelFileError.

        `watch` bounds its runs in time and memory.
        """
        if not path.is_file():
            raise ModelFileError(f"there is no model file {path.name}")
        require_own_model(path)
        session = Session(path, threads, watch)
        metadata = session.metadata
        try:
            kind = ModelKind(metadata["kind"])
            predictor_of = _PREDICTORS[kind]
            labels = tuple(json.loads(metadata["labels"]))
            thresholds = json.loads(metadata["thresholds"])
        except (KeyError, ValueError) as error:
            raise ModelFileError(f"{path.name} is not a model of this emulator: {error}") from error
        return cls(kind, labels, thresholds, predictor_of(session, labels, metadata))

    def predict(self, data: bytes) -> list[Prediction]:
        """Predictions for a JPEG or PNG, highest confidence (0…1) first; a classification gives every label (§4.2).

        Raises UnsupportedImageFormatError, TooManyPixelsError or DamagedImageError.
        """
        return self._predictor(data)


def _classification(session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> Predictor:
    width, height = _input_size(metadata)
    return lambda data: ranked(labels, classify(session, decode_resized(data, width, height)))


def _detection(session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> Predictor:  # noqa: ARG001
    # Imported only where a detection model is served.
    from emulator.vision.detector.serving import load_detector, read_fitted

    width, height = _input_size(metadata)
    detect = load_detector(session, metadata)

    return lambda data: detect(read_fitted(data, width, height))


_PREDICTORS = {ModelKind.CLASSIFICATION: _classification, ModelKind.DETECTION: _detection}


def _input_size(metadata: Mapping[str, str]) -> tuple[int, int]:
    """(width, height) of the model's input in pixels. Raises ModelFileError."""
    try:
        shape = json.loads(metadata["input"])
        return int(shape["width"]), int(shape["height"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"the model does not say the size of its input: {error}") from error


def classify(session: Session, pixels: PixelArray) -> npt.NDArray[np.float32]:
    """Confidences float32 [labels] of one picture uint8 [height, width, 3] of the model's input size."""
    confidences: npt.NDArray[np.float32] = session.run({INPUT: input_tensor(pixels)}, [CONFIDENCES])[0][0]
    return confidences


def input_tensor(pixels: PixelArray) -> npt.NDArray[np.float32]:
    """One picture uint8 [height, width, 3] as float32 [1, 3, height, width], the values unchanged."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)


def ranked(labels: tuple[str, ...], confidences: npt.NDArray[np.float32]) -> list[Prediction]:
    """A prediction for each label, highest confidence first, equal ones in the order of the labels."""
    order = np.argsort(-confidences, kind="stable")
    return [Prediction(labels[index], min(1.0, max(0.0, float(confidences[index])))) for index in order]
