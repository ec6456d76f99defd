"""A finished model file, loaded and answering. It needs onnxruntime, Pillow and numpy, nothing of the training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emulator.vision.errors import ImageError, ModelFileError
from emulator.vision.examples import ModelKind, Prediction
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.model_check import require_own_model
from emulator.vision.onnx_session import Session
from emulator.vision.run_limit import RunWatch

INPUT = "image"
CONFIDENCES = "confidences"

Predicted = list[Prediction] | ImageError
"""What a model says of one picture, or what is wrong with the picture."""

LARGEST_GROUP = 8
"""Pictures that are analysed together: the first of them waits for the last."""

LARGEST_PICTURE = 3 * 320 * 320
"""Numbers in the input of one picture. Larger ones take so long that what lies between them hardly counts."""

Predictor = Callable[[Sequence[bytes]], list[Predicted]]


class ServedModel:
    """One exported model, ready to answer from several threads at once."""

    def __init__(
        self,
        kind: ModelKind,
        labels: tuple[str, ...],
        thresholds: Mapping[str, float],
        predictor: Predictor,
        largest_group: int = 1,
    ) -> None:
        """`largest_group`: of how many pictures together `predictor` makes less work than of each alone."""
        self.kind = kind
        self.labels = labels
        self.thresholds = dict(thresholds)
        self.largest_group = largest_group
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
        predictor, largest_group = predictor_of(session, labels, metadata)
        return cls(kind, labels, thresholds, predictor, largest_group)

    def predict(self, data: bytes) -> list[Prediction]:
        """Predictions for a JPEG or PNG, highest confidence (0…1) first; a classification gives every label (§4.2).

        Raises UnsupportedImageFormatError, TooManyPixelsError or DamagedImageError.
        """
        [predicted] = self._predictor([data])
        if isinstance(predicted, ImageError):
            raise predicted
        return predicted

    def predict_group(self, pictures: Sequence[bytes]) -> list[Predicted]:
        """What `predict` gives or raises for each of at most `largest_group` pictures, to the last bit."""
        return self._predictor(pictures)


def _classification(session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> tuple[Predictor, int]:
    width, height = _input_size(metadata)

    def predict(pictures: Sequence[bytes]) -> list[Predicted]:
        # First all are decoded, then the network runs for each: the code of both stays in the processor's caches. One
        # run of the network for all of them would take longer (docs/benchmarks.md).
        decoded = [_decoded(data, width, height) for data in pictures]
        return [item if isinstance(item, ImageError) else ranked(labels, classify(session, item)) for item in decoded]

    return predict, LARGEST_GROUP if 3 * width * height <= LARGEST_PICTURE else 1


def _decoded(data: bytes, width: int, height: int) -> PixelArray | ImageError:
    try:
        return decode_resized(data, width, height)
    except ImageError as error:
        return error


def _detection(
    session: Session,
    labels: tuple[str, ...],  # noqa: ARG001
    metadata: Mapping[str, str],
) -> tuple[Predictor, int]:
    # Imported only where a detection model is served.
    from emulator.vision.detector.serving import load_detector, read_fitted

    width, height = _input_size(metadata)
    detect = load_detector(session, metadata)

    def predict(pictures: Sequence[bytes]) -> list[Predicted]:
        return [_detected(data) for data in pictures]

    def _detected(data: bytes) -> Predicted:
        try:
            return detect(read_fitted(data, width, height))
        except ImageError as error:
            return error

    return predict, 1


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
