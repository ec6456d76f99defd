"""The linear classifier on top of image features: fitted, chosen by cross-validation, and written as graph nodes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from emulator.vision.classifier.calibration import Calibration, calibrate
from emulator.vision.classifier.logistic_regression import FloatArray, cross_entropy, fit, row_space
from emulator.vision.folds import stratified_folds

FeatureArray = npt.NDArray[np.float32]

STRENGTHS = (1e-3, 1e-2, 1e-1, 3e-1, 1.0)
FOLDS = 4
# A feature that is nearly constant over the training pictures must not become huge on a picture where it is not.
_SMALLEST_RELATIVE_DEVIATION = 0.1
# The penalty is meant for this many standardised features; more of them are scaled down to the same total.
_REFERENCE_FEATURES = 1280
# Rotating into the span of the rows costs the cube of their number; beyond this the full space is quicker.
_MOST_ROWS_TO_ROTATE = 2048
_MOST_IMAGES_TO_VALIDATE = 3000


@dataclass(frozen=True)
class FeatureTable:
    """Features of the training pictures with what is known about them.

    features: float32 [images, views, features], the first view as it will be served; targets: float64 [images, labels];
    background: float32 [pictures, features] of pictures that show none of the labels.
    """

    features: FeatureArray
    targets: FloatArray
    background: FeatureArray
    multi_label: bool

    @property
    def background_targets(self) -> FloatArray:
        """No label at all, or where exactly one has to be chosen, any of them: [pictures, labels]."""
        labels = self.targets.shape[1]
        share = 0.0 if self.multi_label else 1 / labels
        return np.full((len(self.background), labels), share)

    @property
    def weights(self) -> FloatArray:
        """How much each picture counts [images], 1 on average.

        A label with fewer pictures gets more of the weight, by the square root: with equal weights a model learns that
        the rare label is the wrong answer, with fully balanced ones its confidences would be too high for it.
        """
        if self.multi_label:
            return np.ones(len(self.targets))
        weights = self.targets @ (1 / np.sqrt(np.maximum(1, self.targets.sum(axis=0))))
        return np.asarray(weights / weights.mean())


@dataclass(frozen=True)
class LinearHead:
    """confidences = calibration(((features - mean) · scale) @ weights + bias); mean, scale [features]."""

    mean: FeatureArray
    scale: FeatureArray
    weights: FeatureArray
    bias: FeatureArray
    calibration: Calibration
    multi_label: bool

    def logits(self, features: FeatureArray) -> FloatArray:
        """Logits [n, labels] of features [n, features], before calibration."""
        return np.asarray(((features - self.mean) * self.scale) @ self.weights + self.bias, dtype=np.float64)

    def mixed_with(self, other: LinearHead, share: float, calibration: Calibration) -> LinearHead:
        """The head with the logits of both, `share` of them the other's; its features are this one's, then those."""
        return LinearHead(
            mean=np.concatenate([self.mean, other.mean]),
            scale=np.concatenate([self.scale, other.scale]),
            weights=np.concatenate([self.weights * np.float32(1 - share), other.weights * np.float32(share)]),
            bias=self.bias * np.float32(1 - share) + other.bias * np.float32(share),
            calibration=calibration,
            multi_label=self.multi_label,
        )

    def append_to(self, model: onnx.ModelProto, features: str, output: str) -> None:
        """Extend `model` in place by the computation from the tensor `features` to `output` [N, labels]."""
        graph = model.graph
        doubt, prior = self.calibration.doubt, self.calibration.prior
        constants = {
            "mean": self.mean,
            "scale": self.scale,
            "weights": self.weights / np.float32(self.calibration.temperature),
            "bias": self.bias / np.float32(self.calibration.temperature),
            "certainty": np.asarray(1 - doubt, np.float32),
            "doubt": np.asarray(doubt * prior, np.float32),
        }
        for name, values in constants.items():
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), f"classifier.{name}"))
        steps = [
            ("Sub", ["classifier.mean"]),
            ("Mul", ["classifier.scale"]),
            ("Gemm", ["classifier.weights", "classifier.bias"]),
            # Softmax works along the last axis, which is that of the labels.
            ("Sigmoid" if self.multi_label else "Softmax", []),
            ("Mul", ["classifier.certainty"]),
            ("Add", ["classifier.doubt"]),
        ]
        previous = features
        for index, (operator, parameters) in enumerate(steps):
            result = output if index == len(steps) - 1 else f"classifier.step{index}"
            graph.node.append(helper.make_node(operator, [previous, *parameters], [result], f"classifier.{index}"))
            previous = result


@dataclass(frozen=True)
class HeadScore:
    """How a head did on pictures held out of its training.

    loss: weighted mean of the log loss after calibration; logits [images, labels]: the held-out ones, before it;
    images: the numbers of the pictures that they belong to.
    """

    strength: float
    loss: float
    accuracy: float
    logits: FloatArray
    images: npt.NDArray[np.int64]

    def losses(self, targets: FloatArray, multi_label: bool) -> FloatArray:
        """The log loss of each picture after calibration [images], with the targets [images, labels] of `images`."""
        return cross_entropy(
            self.logits / calibrate(self.logits, targets, multi_label).temperature, targets, multi_label
        )


def accuracy(logits: FloatArray, targets: FloatArray, multi_label: bool) -> float:
    """Share of right answers: the best label, or with several labels each yes or no by itself."""
    if multi_label:
        return float(((logits > 0) == (targets > 0.5)).mean())
    return float((logits.argmax(axis=1) == targets.argmax(axis=1)).mean())


class HeadTrainer:
    """Fits heads to one table of features, standardised and rotated once for all fits."""

    def __init__(self, table: FeatureTable, threads: int = 1) -> None:
        """`threads`: how many folds are fitted at once; it changes the time, not the result."""
        self.table = table
        self._threads = threads
        images, views, columns = table.features.shape
        rows = table.features.reshape(-1, columns)
        self.mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = rows.std(axis=0, dtype=np.float64)
        deviation += _SMALLEST_RELATIVE_DEVIATION * deviation.mean() + np.finfo(np.float32).tiny
        self.scale = (np.sqrt(_REFERENCE_FEATURES / columns) / deviation).astype(np.float32)
        standardised: npt.NDArray[np.floating] = np.concatenate([rows, table.background])
        standardised -= self.mean
        standardised *= self.scale
        self._basis: FloatArray | None = None
        if len(standardised) < min(columns, _MOST_ROWS_TO_ROTATE):
            rotated = row_space(standardised)
            standardised, self._basis = rotated.coordinates, rotated.basis
        self._rows = standardised[: images * views].reshape(images, views, -1)
        self._background = standardised[images * views :]

    def standardise(self, features: FeatureArray) -> FeatureArray:
        """What the fits see of features [..., features], before any rotation."""
        return np.asarray((features - self.mean) * self.scale)

    def cross_validate(self, seed: int, strengths: Sequence[float] = STRENGTHS) -> list[HeadScore]:
        """A score for each strength, on the same folds; the loss is that after calibration."""
        targets = self.table.targets
        chosen = np.arange(len(targets))
        if len(chosen) > _MOST_IMAGES_TO_VALIDATE:
            chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:_MOST_IMAGES_TO_VALIDATE])
        folds = stratified_folds(targets[chosen], FOLDS, seed)
        logits = {strength: np.zeros((len(chosen), targets.shape[1])) for strength in strengths}

        def validate(fold: int) -> None:
            held_out = chosen[folds == fold]
            coefficients: FloatArray | None = None
            # From the strongest penalty to the weakest, each fit starts where the last one ended.
            for strength in sorted(strengths):
                coefficients = self._fit(chosen[folds != fold], strength, coefficients)
                logits[strength][folds == fold] = self._rows[held_out, 0] @ coefficients[:-1] + coefficients[-1]

        with ThreadPoolExecutor(self._threads) as executor:
            list(executor.map(validate, range(FOLDS)))
        return [self._score(strength, logits[strength], chosen) for strength in strengths]

    def fit(self, score: HeadScore) -> LinearHead:
        """The head for all pictures with the strength of `score`, calibrated by its held-out logits."""
        coefficients = self._fit(np.arange(len(self.table.targets)), score.strength, None)
        slopes = coefficients[:-1] if self._basis is None else self._basis @ coefficients[:-1]
        return LinearHead(
            mean=self.mean,
            scale=self.scale,
            weights=slopes.astype(np.float32),
            bias=coefficients[-1].astype(np.float32),
            calibration=calibrate(score.logits, self.table.targets[score.images], self.table.multi_label),
            multi_label=self.table.multi_label,
        )

    def _fit(self, images: npt.NDArray[np.int64], strength: float, start: FloatArray | None) -> FloatArray:
        table = self.table
        _, views, columns = self._rows.shape
        # A single picture is in no fold but the one that is held out: the background alone is learnt from then.
        rows = np.concatenate([self._rows[images].reshape(len(images) * views, columns), self._background])
        targets = np.concatenate([table.targets[images].repeat(views, axis=0), table.background_targets])
        weights = np.concatenate([table.weights[images].repeat(views), np.ones(len(self._background))])
        return fit(rows, targets, weights, strength, table.multi_label, start)

    def _score(self, strength: float, logits: FloatArray, images: npt.NDArray[np.int64]) -> HeadScore:
        targets, multi_label = self.table.targets[images], self.table.multi_label
        scaled = logits / calibrate(logits, targets, multi_label).temperature
        losses = cross_entropy(scaled, targets, multi_label)
        loss = float(np.average(losses, weights=self.table.weights[images]))
        return HeadScore(strength, loss, accuracy(logits, targets, multi_label), logits, images)
