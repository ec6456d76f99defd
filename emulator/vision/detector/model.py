"""A trained detector in memory: it predicts through the very graph that it exports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnx

from emulator.vision import export
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.serving import INPUT_METADATA, input_metadata, load_detector, read_fitted
from emulator.vision.examples import ImageSource, ModelKind, Prediction, Progress, ProgressListener, ignore_progress
from emulator.vision.images import PixelArray
from emulator.vision.onnx_session import Session

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
        # Large inputs take hundreds of megabytes each: one after the other, with all the threads.
        is_large = self.plan.input_height * self.plan.input_width > LARGE_INPUT
        at_once, threads = (1, self._threads) if is_large else (self._threads, 1)
        session = Session(self.graph.SerializeToString(), threads)
        detect = load_detector(session, {**self._input_metadata(), "labels": json.dumps(self.labels)})
        predictions: list[list[Prediction]] = []
        with ThreadPoolExecutor(at_once, "detector-prediction") as pool:
            for found in pool.map(lambda source: detect(self._decoded(source)), images):
                predictions.append(found)
                progress(Progress(PREDICTING, len(predictions), len(images)))
        return predictions

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

    def _decoded(self, source: ImageSource) -> PixelArray:
        return read_fitted(source.read(), self.plan.input_width, self.plan.input_height, tolerate_damage=True)
