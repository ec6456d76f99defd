"""Whether a picture is of the kind of the training pictures at all: the gate that lets a model answer nothing.

A softmax has to share 100 % between its labels, whatever it is shown. The gate compares what the backbone sees in a
picture with what it saw in the training pictures: the nearest ones have to be near enough. It knows from emoji, not
from photographs, what all pictures share, and evens that out before it compares (models/PROVENANCE.md). Nearest
neighbours for this: Sun et al. 2022 (Out-of-Distribution Detection with Deep Nearest Neighbors, arXiv 2204.06507).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from emulator.vision import backbone
from emulator.vision.folds import stratified_folds

FloatArray = npt.NDArray[np.float64]
FloatFeatures = npt.NDArray[np.floating]
Constants = dict[str, npt.NDArray[Any]]

# A picture's likeness is the mean cosine to so many of its nearest training views: one odd neighbour is not enough.
NEIGHBOURS = 3
# More training pictures than these make the file larger and the answers slower, and hardly a picture better known.
MOST_PICTURES = 1000
# So much of the training pictures may be less like the others than the threshold.
_LOST = 0.02
# The threshold also leans on what other pictures reach, as if so many training pictures had shown it.
_PRIOR_PICTURES = 20
# What one in twenty pictures of other things reaches: it grows with the pictures to be like, and with their size.
_FOREIGN_LIKENESS = 0.15
_MORE_BY_LOG_PICTURES = 0.028
_MORE_BY_PIXEL = 0.0003
_REFERENCE_SIDE = 320
# However unlike each other the training pictures are, other pictures must not come through.
_LARGEST_STEP_DOWN = 0.05
# However alike they are, those of the user will differ: so far up, or this part of the way to their own likeness.
_LARGEST_STEP_UP = 0.10
_LARGEST_SHARE_UP = 0.4
# Nearly the same picture once more says nothing about new ones.
_COPY = 0.9
# Likeness over which doubt turns into certainty.
_WIDTH = 0.02
_SMALLEST_LENGTH = 1e-6


@dataclass(frozen=True)
class GenericStatistic:
    """What all pictures share: mean [channels], axes [directions, channels], orthonormal, and their gain 0…1."""

    mean: FloatArray
    axes: FloatArray
    gain: FloatArray

    def evened(self, features: FloatFeatures) -> FloatArray:
        """Unit vectors float64 [..., channels] of mean-pooled features [..., channels], which are not negative."""
        centred = np.sqrt(features.astype(np.float64)) - self.mean
        evened = centred + ((centred @ self.axes.T) * (self.gain - 1)) @ self.axes
        return unit_vectors(evened)


@functools.cache
def generic_statistic() -> GenericStatistic:
    """The one that is shipped. Raises ModelFileError."""
    with np.load(backbone.shipped_file("generic_statistic.npz"), allow_pickle=False) as file:
        return GenericStatistic(*(file[name].astype(np.float64) for name in ("mean", "axes", "gain")))


@dataclass(frozen=True)
class KnownGate:
    """known = sigmoid((likeness - threshold) / width); rows: unit vectors float64 [views, channels] to be like.

    Without a `statistic` features are compared as they are.
    """

    rows: FloatArray
    threshold: float
    statistic: GenericStatistic | None = field(default_factory=generic_statistic)

    @classmethod
    def fit(cls, features: FloatFeatures, targets: FloatArray, side: int, seed: int) -> KnownGate:
        """From mean-pooled features [pictures, views, channels], view 0 as served, seen at `side` pixels.

        `targets` [pictures, labels]: of many pictures a part is taken, every label with its share. The threshold keeps
        nearly all training pictures, each compared with the others alone, as far as others are kept out.
        """
        parts = -(-len(features) // MOST_PICTURES)
        chosen = stratified_folds(targets, parts, seed) == 0
        evened = generic_statistic().evened(features[chosen])
        threshold = threshold_between(_leave_one_out(evened), foreign_likeness(len(evened), side))
        return cls(evened.reshape(-1, evened.shape[-1]), threshold)

    def likeness(self, features: FloatFeatures) -> FloatArray:
        """How like the training pictures each of these is, a cosine [n], from mean-pooled features [n, channels]."""
        prepared = unit_vectors(features) if self.statistic is None else self.statistic.evened(features)
        return nearest(prepared @ self.rows.T)

    def known(self, features: FloatFeatures) -> FloatArray:
        """How sure it is that pictures are of the kind of the training pictures: 0…1 [n] of features [n, channels]."""
        return np.asarray(0.5 * (1 + np.tanh((self.likeness(features) - self.threshold) / _WIDTH / 2)))

    def append_to(self, model: onnx.ModelProto, features: str, confidences: str, output: str) -> None:
        """Extend `model` in place by `output` = `confidences` [N, labels] · known(`features` [N, channels])."""
        graph = model.graph
        graph.initializer.extend(
            numpy_helper.from_array(np.ascontiguousarray(values), f"known.{name}")
            for name, values in self._constants().items()
        )

        def add(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
            # The names between these nodes are their own.
            names = [name if name == features else f"known.{name}" for name in inputs]
            made = [f"known.{name}" for name in outputs]
            graph.node.append(helper.make_node(operator, names, made, f"known.{made[0]}", **attributes))

        add("Cast", ["rows.fp16"], ["rows"], to=onnx.TensorProto.FLOAT)
        centred, square = features, "square"
        if self.statistic is not None:
            centred, square = "centred", "evened.square"
            add("Cast", ["axes.fp16"], ["axes"], to=onnx.TensorProto.FLOAT)
            add("Sqrt", [features], ["root"])
            add("Sub", ["root", "mean"], ["centred"])
            add("MatMul", ["centred", "axes"], ["shares"])
            add("Mul", ["shares", "shares"], ["shares.squares"])
            add("Mul", ["shares.squares", "gain"], ["changes"])
            add("ReduceSum", ["changes", "last"], ["change"])
        add("Mul", [centred, centred], ["squares"])
        add("ReduceSum", ["squares", "last"], ["square"])
        if self.statistic is not None:
            add("Add", ["square", "change"], ["evened.square"])
        add("Max", [square, "smallest"], ["some.square"])
        add("Sqrt", ["some.square"], ["length"])
        add("MatMul", [centred, "rows"], ["products"])
        add("TopK", ["products", "neighbours"], ["nearest", "which"])
        add("ReduceMean", ["nearest"], ["near"], axes=[-1])
        add("Div", ["near", "length"], ["likeness"])
        add("Sub", ["likeness", "threshold"], ["margin"])
        add("Div", ["margin", "width"], ["certainty"])
        add("Sigmoid", ["certainty"], ["share"])
        graph.node.append(helper.make_node("Mul", [confidences, "known.share"], [output], "known.confidences"))

    def _constants(self) -> Constants:
        """The training pictures are evened before they are stored, so that of a picture only the length has to be.

        likeness = (centred · evened row) / |evened|, with |evened|² = |centred|² + Σ (gain² - 1) (centred · axis)².
        """
        constants: Constants = {
            "smallest": np.asarray(_SMALLEST_LENGTH**2, np.float32),
            "neighbours": np.asarray([min(NEIGHBOURS, len(self.rows))], np.int64),
            "threshold": np.asarray(self.threshold, np.float32),
            "width": np.asarray(_WIDTH, np.float32),
            "last": np.asarray([-1], np.int64),
        }
        statistic = self.statistic
        if statistic is None:
            return {"rows.fp16": self.rows.T.astype(np.float16), **constants}
        rows = self.rows + ((self.rows @ statistic.axes.T) * (statistic.gain - 1)) @ statistic.axes
        return {
            "mean": statistic.mean.astype(np.float32),
            "rows.fp16": rows.T.astype(np.float16),
            "axes.fp16": statistic.axes.T.astype(np.float16),
            "gain": (statistic.gain**2 - 1).astype(np.float32),
            **constants,
        }


def foreign_likeness(pictures: int, side: int) -> float:
    """How like so many training pictures, seen at `side` pixels, one in twenty of other pictures is."""
    more = _MORE_BY_LOG_PICTURES * math.log(pictures) + _MORE_BY_PIXEL * (side - _REFERENCE_SIDE)
    return _FOREIGN_LIKENESS + more


def threshold_between(
    likeness: FloatArray, foreign: float, lost: float = _LOST, step_down: float = _LARGEST_STEP_DOWN
) -> float:
    """From how like the others each training picture is [pictures], and how like them other pictures are.

    It keeps all but `lost` of the training pictures, as far as other pictures are kept out: it is at most `step_down`
    less than `foreign`.
    """
    count, own = len(likeness), float(np.quantile(likeness, lost))
    threshold = (count * own + _PRIOR_PICTURES * foreign) / (count + _PRIOR_PICTURES)
    highest = foreign + max(_LARGEST_STEP_UP, _LARGEST_SHARE_UP * (own - foreign))
    return min(max(threshold, foreign - step_down), highest)


def unit_vectors(features: FloatFeatures) -> FloatArray:
    """float64 [..., channels] of length one, in the directions of features [..., channels]."""
    length = np.linalg.norm(features.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(length, _SMALLEST_LENGTH))


def _leave_one_out(evened: FloatArray) -> FloatArray:
    """How like all the others each picture is [pictures], from unit vectors [pictures, views, channels]."""
    served = evened[:, 0]
    cosines = np.stack([served @ evened[:, view].T for view in range(evened.shape[1])], axis=2)
    best = cosines.max(axis=2)
    np.fill_diagonal(best, np.inf)  # neither itself nor its mirror image
    cosines[best > _COPY] = -1
    return nearest(cosines.reshape(len(served), -1))


def nearest(cosines: FloatArray) -> FloatArray:
    """Mean [n] of the largest few of cosines [n, rows]."""
    count = min(NEIGHBOURS, cosines.shape[1])
    return np.asarray(np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1))
