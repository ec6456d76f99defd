"""What goes into a training and what comes out of a model: the vocabulary that all kinds of models share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from emulator.vision.parallel import Threads, Workers


class ModelKind(StrEnum):
    """What a model answers (D-24): labels of the whole picture, or labelled boxes."""

    CLASSIFICATION = "classification"
    DETECTION = "detection"
    BRAND = "brand"
    """Trained from logos alone, each named by an image-level label; what comes out is a detection model (D-26)."""


class Effort(StrEnum):
    """How much time a training may spend on looking for a better model."""

    INSTANT = "instant"
    FAST = "fast"
    STANDARD = "standard"
    BEST = "best"


class ImageSource(Protocol):
    """A picture that is read when it is needed, perhaps several times and from several threads."""

    @property
    def identity(self) -> str:
        """A name that is the same for the same bytes, such as their hash; used in reports and as a cache key."""

    def read(self) -> bytes:
        """The file's bytes."""


@dataclass(frozen=True)
class Picture:
    """An ImageSource in memory: the bytes of a JPEG or PNG file."""

    data: bytes

    @property
    def identity(self) -> str:
        """The SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def read(self) -> bytes:
        """The bytes."""
        return self.data


@dataclass(frozen=True)
class LabelledBox:
    """One object. Pixels of the upright picture (EXIF orientation applied), origin at the top left."""

    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class TrainingExample:
    """One picture with its image-level labels, its boxes, or neither (a background picture)."""

    image: ImageSource
    labels: frozenset[str] = frozenset()
    boxes: tuple[LabelledBox, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """One answer: confidence 0…1, and the box as (left, top, width, height) in fractions of the upright picture."""

    label: str
    confidence: float
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How to train. `cache_directory` keeps computed features between trainings; None keeps nothing."""

    seed: int = 0
    effort: Effort = Effort.STANDARD
    threads: int = 2
    cache_directory: Path | None = None
    elsewhere: Workers | None = None

    @property
    def workers(self) -> Workers:
        """Who does what can be spread: those `elsewhere`, or threads of this process."""
        return self.elsewhere or Threads(self.threads)


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of the stage called `stage`; the loss of the last one where a network learns."""

    stage: str
    done: int
    total: int
    loss: float | None = None


ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class Answerer:
    """A function from the bytes of a picture to its predictions, and how many calls of it a process makes at a time.

    `digest` is the SHA-256 of the network that answers.
    """

    answer: Callable[[bytes], list[Prediction]]
    digest: str
    at_once: int | None = None

    def answers(
        self, images: Sequence[ImageSource], workers: Workers, stage: str, progress: ProgressListener
    ) -> list[list[Prediction]]:
        """The predictions of each picture, in order. Raises what reading a picture raises, and ImageError."""
        found: list[list[Prediction]] = []
        for predictions in workers.in_order(self.answer, images, lambda image: image.read(), self.at_once):
            found.append(predictions)
            progress(Progress(stage, len(found), len(images)))
        return found


def ignore_progress(progress: Progress) -> None:
    """A listener for callers who do not want to know."""


class TrainedModel(Protocol):
    """A model in memory after its training, not yet with thresholds."""

    @property
    def kind(self) -> ModelKind: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def report(self) -> Mapping[str, object]:
        """What was tried and how it scored; values that JSON can hold."""

    def predict(
        self, images: Sequence[ImageSource], progress: ProgressListener = ignore_progress
    ) -> list[list[Prediction]]:
        """For each picture its predictions, highest confidence first.

        A classification model predicts every label for every picture. Raises ImageError for a picture that is unusable.
        """

    def answerer(self) -> Answerer:
        """What `predict` does with one picture, for whoever spreads it."""

    def export(self, path: Path, thresholds: Mapping[str, float], metadata: Mapping[str, str]) -> None:
        """Write one self-contained ONNX file (O-25), atomically; `thresholds` (0…1) has every label."""
