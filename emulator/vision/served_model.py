"""A finished model file, loaded and answering. It needs onnxruntime, Pillow and numpy, nothing of the training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

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

Predicted = list[Prediction] | Exception
"""What a model says of one picture, or what went wrong with it: an ImageError where it is the picture's fault."""

LARGEST_GROUP = 8
"""Pictures that are analysed together: the first of them waits for the last."""

LARGEST_PICTURE = 3 * 320 * 320
"""Numbers in the input of one picture. Larger ones take so long that what lies between them hardly counts."""

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Steps:
    """`read` makes pixels of a file, raising ImageError; `answer` makes predictions of pixels.

    `together`: how many pictures are less work than each alone, if all are read before the first is answered.
    """

    read: Callable[[bytes], PixelArray]
    answer: Callable[[PixelArray], list[Prediction]]
    together: int = 1


class ServedModel:
    """One exported model, ready to answer from several threads at once."""

    def __init__(
        self, kind: ModelKind, labels: tuple[str, ...], thresholds: Mapping[str, float], steps: _Steps
    ) -> None:
        self.kind = kind
        self.labels = labels
        self.thresholds = dict(thresholds)
        self._steps = steps

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
            steps_of = _STEPS[kind]
            labels = tuple(json.loads(metadata["labels"]))
            thresholds = json.loads(metadata["thresholds"])
        except (KeyError, ValueError) as error:
            raise ModelFileError(f"{path.name} is not a model of this emulator: {error}") from error
        return cls(kind, labels, thresholds, steps_of(session, labels, metadata))

    @property
    def largest_group(self) -> int:
        """How many pictures `predict_group` takes."""
        return self._steps.together

    def predict(self, data: bytes) -> list[Prediction]:
        """Predictions for a JPEG or PNG, highest confidence (0…1) first; a classification gives every label (§4.2).

        Raises UnsupportedImageFormatError, TooManyPixelsError or DamagedImageError.
        """
        return self._steps.answer(self._steps.read(data))

    def predict_group(self, pictures: Sequence[bytes]) -> list[Predicted]:
        """What `predict` gives or raises for each of at most `largest_group` pictures, to the last bit.

        First all are read, then the network runs for each: the code of both stays in the processor's caches. One run of
        the network for all of them would take longer (docs/benchmarks.md).
        """
        read = [_tried(self._steps.read, data) for data in pictures]
        return [item if isinstance(item, Exception) else _tried(self._steps.answer, item) for item in read]


def _tried(step: Callable[[Given], Found], given: Given) -> Found | Exception:
    try:
        return step(given)
    except Exception as error:  # onnxruntime's exceptions have no common base of their own
        return error


def _classification(session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> _Steps:
    width, height = _input_size(metadata)
    return _Steps(
        lambda data: decode_resized(data, width, height),
        lambda pixels: ranked(labels, classify(session, pixels)),
        LARGEST_GROUP if 3 * width * height <= LARGEST_PICTURE else 1,
    )


def _detection(session: Session, labels: tuple[str, ...], metadata: Mapping[str, str]) -> _Steps:  # noqa: ARG001
    # Imported only where a detection model is served.
    from emulator.vision.detector.serving import load_detector, read_fitted

    width, height = _input_size(metadata)
    return _Steps(lambda data: read_fitted(data, width, height), load_detector(session, metadata))


_STEPS = {ModelKind.CLASSIFICATION: _classification, ModelKind.DETECTION: _detection}


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
