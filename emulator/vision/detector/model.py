"""A trained detector in memory: it predicts through the very graph that it exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import onnx

from emulator.vision import export
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.serving import INPUT_METADATA, input_metadata, load_detector, read_fitted
from emulator.vision.examples import Answerer, ImageSource, ModelKind, Prediction, ProgressListener, ignore_progress
from emulator.vision.onnx_session import Session
from emulator.vision.parallel import Built, Threads

PREDICTING = "predicting"
LARGE_INPUT = 512 * 512
"""Pixels."""


class DetectorModel:
    """The `TrainedModel` of detection (see emulator.vision.examples)."""

    kind = ModelKind.DETECTION

    def __init__(
        self,
        graph: onnx.ModelProto,
        labels: Sequence[str],
        plan: DetectorPlan,
        report: dict[str, object],
        threads: int,
    ) -> None:
        self.labels = tuple(labels)
        self.plan = plan
        self.report = report
        self.graph = graph
        self._threads = threads

    def predict(
        self, images: Sequence[ImageSource], progress: ProgressListener = ignore_progress
    ) -> list[list[Prediction]]:
        """Up to 100 boxes a picture, highest confidence first; boxes are fractions of the upright picture."""
        return self.answerer().answers(images, Threads(self._threads), PREDICTING, progress)

    def answerer(self) -> Answerer:
        """`predict` for one picture."""
        # Large inputs take hundreds of megabytes each: one after the other, with all the threads.
        is_large = self.plan.input_height * self.plan.input_width > LARGE_INPUT
        at_once, threads = (1, self._threads) if is_large else (None, 1)
        metadata = {**self._input_metadata(), "labels": json.dumps(self.labels)}
        size = self.plan.input_width, self.plan.input_height
        graph = self.graph.SerializeToString()
        answer = Built(partial(_answering, graph, metadata, size, threads))
        return Answerer(answer, hashlib.sha256(graph).hexdigest(), at_once)

    def export(self, path: Path, thresholds: Mapping[str, float], metadata: Mapping[str, str]) -> None:
        """One ONNX file: `image` uint8 [1, height, width, 3] in, `boxes`, `labels`, `confidences` out (O-25)."""
        export.write_model(
            self.graph,
            path,
            kind=self.kind,
            labels=self.labels,
            thresholds=thresholds,
            metadata={**metadata, **self._input_metadata()},
        )

    def _input_metadata(self) -> dict[str, str]:
        return {INPUT_METADATA: input_metadata(self.plan.input_height, self.plan.input_width)}


def _answering(
    graph: bytes, metadata: Mapping[str, str], size: tuple[int, int], threads: int
) -> Callable[[bytes], list[Prediction]]:
    detect = load_detector(Session(graph, threads), metadata)
    return lambda data: detect(read_fitted(data, *size, tolerate_damage=True))
