"""The training pictures, decoded once at the size that the views need and kept in a file, not in memory."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from emulator.vision import images
from emulator.vision.examples import TrainingExample
from emulator.vision.layers import Array

SCRATCH_BYTES = 2 << 30
"""Pictures beyond this are decoded again whenever they are needed."""


@dataclass(frozen=True)
class Sample:
    """An RGB picture with its boxes (n, 4) in its own pixels and their labels (n,) as indices."""

    picture: Image.Image
    boxes: Array
    labels: Array


@dataclass(frozen=True)
class Annotation:
    """A picture's upright size in pixels, its boxes (n, 4) in pixels: left, top, right, bottom, and labels (n,)."""

    width: int
    height: int
    boxes: Array
    labels: Array


class SampleSource(Protocol):
    """Where the views take their pictures from; `number` tells the passes over the pictures apart."""

    def __len__(self) -> int: ...

    def sample(self, index: int, number: int) -> Sample: ...


def annotate(example: TrainingExample, labels: Sequence[str]) -> Annotation:
    """Read the header of the picture; leave out boxes of other labels and what lies outside the picture."""
    facts = images.probe(example.image.read())
    numbers = {label: number for number, label in enumerate(labels)}
    known = [box for box in example.boxes if box.label in numbers]
    corners = [[box.left, box.top, box.left + box.width, box.top + box.height] for box in known]
    boxes = np.array(corners, np.float64).reshape(-1, 4)
    boxes = np.clip(boxes, 0, [facts.width, facts.height, facts.width, facts.height])
    visible = ((boxes[:, 2] - boxes[:, 0]) > 1) & ((boxes[:, 3] - boxes[:, 1]) > 1)
    numbered = np.array([numbers[box.label] for box in known], np.int64)
    return Annotation(facts.width, facts.height, boxes[visible], numbered[visible])


class PictureStore:
    """Pictures scaled down to a long side of at most `side` pixels; smaller ones stay as they are.

    Closing it, or leaving its `with` block, removes the file. May be used from several threads at once.
    """

    def __init__(
        self,
        examples: Sequence[TrainingExample],
        annotations: Sequence[Annotation],
        side: int,
        directory: Path | None = None,
        byte_limit: int = SCRATCH_BYTES,
    ) -> None:
        self._examples = examples
        self._annotations = annotations
        self._sizes = [_scaled_size(annotation, side) for annotation in annotations]
        self._byte_limit = byte_limit
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 (closed by close)
        self._lock = threading.Lock()
        self._offsets: dict[int, int] = {}
        self.stored_bytes = 0

    def __enter__(self) -> PictureStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._examples)

    def sample(self, index: int, number: int = 0) -> Sample:  # noqa: ARG002 (photographs are the same every time)
        annotation, (width, height) = self._annotations[index], self._sizes[index]
        # Rounding gives the two sides factors of their own.
        factors = np.array([width / annotation.width, height / annotation.height] * 2)
        return Sample(self._picture(index), annotation.boxes * factors, annotation.labels)

    def _picture(self, index: int) -> Image.Image:
        width, height = self._sizes[index]
        with self._lock:
            offset = self._offsets.get(index)
            if offset is not None:
                self._file.seek(offset)
                return Image.frombytes("RGB", (width, height), self._file.read(width * height * 3))
        pixels = images.decode_resized(self._examples[index].image.read(), width, height, tolerate_damage=True)
        self._keep(index, pixels)
        return Image.fromarray(pixels)

    def _keep(self, index: int, pixels: Array) -> None:
        with self._lock:
            if index in self._offsets or self.stored_bytes + pixels.nbytes > self._byte_limit:
                return
            try:
                self._file.seek(self.stored_bytes)
                written = self._file.write(pixels.tobytes())
            except OSError:
                written = 0
            if written == pixels.nbytes:
                self._offsets[index] = self.stored_bytes
                self.stored_bytes += written
            else:
                # The disk is full: what is stored stays, the rest is decoded whenever it is needed.
                self._byte_limit = self.stored_bytes


def _scaled_size(annotation: Annotation, side: int) -> tuple[int, int]:
    factor = min(1.0, side / max(annotation.width, annotation.height))
    return max(1, round(annotation.width * factor)), max(1, round(annotation.height * factor))
