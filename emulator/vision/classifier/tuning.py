"""Partial fine-tuning: from the regression on, the last blocks of the backbone are trained too.

The first blocks stay frozen and run in onnxruntime; the rest is numpy, trained by the loop of `optimisation`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from emulator.vision import backbone
from emulator.vision.backbone_blocks import read_blocks
from emulator.vision.checkpoint import Checkpoint
from emulator.vision.classifier.data import ClassificationData, Indices
from emulator.vision.classifier.linear_head import LinearHead
from emulator.vision.classifier.logistic_regression import FloatArray, cross_entropy, sigmoid, softmax
from emulator.vision.classifier.network import ClassifierNetwork
from emulator.vision.classifier.views import training_view
from emulator.vision.examples import ImageSource, Progress, ProgressListener, TrainingSettings
from emulator.vision.features import FeatureRecipe
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.layers import Array, ParameterStore, Tape
from emulator.vision.onnx_session import Session
from emulator.vision.optimisation import ShardResult, optimise
from emulator.vision.parallel import in_order
from emulator.vision.schedule import Schedule

TUNED_BACKBONE = "efficientnet_lite2"
TUNED_BLOCKS = ("block16", "block17", "block18", "block19", "block20")
FROZEN_OUTPUT = "block15.project"
_PARTS = ("expand.weight", "expand.bias", "depthwise.bias", "project.weight", "project.bias")

TUNING = "fine-tuning"
_BATCH = 16
_SHARD = 4
_LABEL_SMOOTHING = 0.05


@dataclass(frozen=True)
class TunedModel:
    """Replaced weights of the backbone by their names in the graph (PROVENANCE.md), and the linear classifier's own."""

    backbone_weights: dict[str, Array]
    weights: Array
    bias: Array


class Tuner:
    """Trains from one regression on mean-pooled features of one side, and answers with what it has learned so far."""

    def __init__(self, recipe: FeatureRecipe, start: LinearHead, settings: TrainingSettings) -> None:
        """`recipe` has to be mean pooling of the whole picture in TUNED_BACKBONE; `start` is fitted to it."""
        if recipe != FeatureRecipe(recipe.look) or recipe.look.half_scale or recipe.look.backbone != TUNED_BACKBONE:
            raise ValueError(f"cannot be tuned: {recipe.name}")
        self._side = recipe.look.side
        self._settings = settings
        self._multi_label = start.multi_label
        model = backbone.trunk(["head"], TUNED_BACKBONE)
        weights = backbone.backbone_weights(TUNED_BACKBONE)
        self._frozen = Session(backbone.cut(model, [FROZEN_OUTPUT]).SerializeToString(), threads=1)
        head = weights["head.weight"][:, :, 0, 0].T, weights["head.bias"]
        self._network = ClassifierNetwork(ParameterStore(), read_blocks(model, TUNED_BLOCKS), head, start)

    def train(
        self, data: ClassificationData, epochs: int, checkpoint: Checkpoint | None, progress: ProgressListener
    ) -> None:
        """Go through the pictures `epochs` times, a fresh view each time.

        With a checkpoint of the same training it goes on after the last finished epoch, to the same result (O-19).
        """
        learner = _TuningLearner(self._network, self._maps, self._side, data, self._settings.seed, self._multi_label)
        optimise(
            learner,
            Schedule(epochs * learner.epoch_steps),
            self._settings.threads,
            checkpoint,
            lambda done, total, loss: progress(Progress(TUNING, done, total, loss)),
            TUNING,
        )

    def logits(self, images: Sequence[ImageSource]) -> FloatArray:
        """Logits [images, labels] of whole pictures. Raises ImageError."""

        def answer(image: ImageSource) -> Array:
            pixels = decode_resized(image.read(), self._side, self._side, tolerate_damage=True)
            logits: Array = self._network.forward(self._maps([pixels]))[0]
            return logits

        return np.array(list(in_order(answer, images, self._settings.threads)), dtype=np.float64)

    def result(self) -> TunedModel:
        """What was learned so far."""
        values = self._network.store.values
        replaced: dict[str, Array] = {"head.weight": values["head.weight"].T[:, :, None, None]}
        replaced["head.bias"] = values["head.bias"]
        for index, name in enumerate(TUNED_BLOCKS):
            for part in _PARTS:
                value = values[f"block{index}.{part}"]
                replaced[f"{name}.{part}"] = value.T[:, :, None, None] if value.ndim == 2 else value
        return TunedModel(replaced, values["linear.weight"].copy(), values["linear.bias"].copy())

    def _maps(self, pixels: Sequence[PixelArray]) -> Array:
        """What the frozen blocks see in pictures uint8 [side, side, 3]: float32 [n, h, w, channels]."""
        images = np.ascontiguousarray(np.stack(pixels).transpose(0, 3, 1, 2), dtype=np.float32)
        (maps,) = self._frozen.run({"image": images}, [FROZEN_OUTPUT])
        return np.ascontiguousarray(maps.transpose(0, 2, 3, 1))


class _TuningLearner:
    """The pictures as batches: every epoch shows each of them at most once, in an order of its own."""

    def __init__(
        self,
        network: ClassifierNetwork,
        frozen: Callable[[Sequence[PixelArray]], Array],
        side: int,
        data: ClassificationData,
        seed: int,
        multi_label: bool,
    ) -> None:
        """`frozen`: what the frozen blocks see in pictures uint8 [side, side, 3]."""
        self._network = network
        self._frozen = frozen
        self._side = side
        self._data = data
        self._seed = seed
        self._multi_label = multi_label
        self.epoch_steps = max(1, len(data.images) // _BATCH)

    @property
    def store(self) -> ParameterStore:
        """The parameters that are trained."""
        return self._network.store

    @property
    def checkpoint_steps(self) -> int:
        """An epoch."""
        return self.epoch_steps

    def begin(self, executor: Executor) -> None:
        """The network is ready: it starts as the regression."""

    def shards(self, step: int) -> list[tuple[int, Indices]]:
        """The numbers of the pictures of a batch, in parts, each with its epoch."""
        epoch, batch = divmod(step, self.epoch_steps)
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._data.images))
        chosen = order[batch * _BATCH : (batch + 1) * _BATCH]
        return [(epoch, chosen[start : start + _SHARD]) for start in range(0, len(chosen), _SHARD)]

    def gradients(self, shard: tuple[int, Indices]) -> ShardResult:
        """What the network can learn from a fresh view of each of these pictures."""
        epoch, pictures = shard
        views = []
        for index in pictures:
            # A stream for each picture and epoch, so that no order of threads can change it.
            random = np.random.default_rng([self._seed, epoch, int(index)])
            views.append(training_view(self._data.images[index].read(), self._side, random))
        tape = Tape()
        logits = self._network.forward(self._frozen(views), tape)
        targets = smoothed(self._data.targets[pictures], self._multi_label)
        gradient = loss_gradient(logits, targets, self._multi_label)
        self._network.backward(gradient.astype(np.float32), tape)
        loss = cross_entropy(logits.astype(np.float64), targets, self._multi_label).sum()
        return ShardResult(tape, len(pictures), float(loss))

    def state(self) -> dict[str, Array]:
        """The parameters with their moments."""
        return self.store.state()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a `state()`."""
        self.store.restore(state)


def smoothed(targets: FloatArray, multi_label: bool) -> FloatArray:
    """Targets [n, labels] with a part of each shared by all answers (label smoothing, Szegedy et al. 2016)."""
    answers = 2 if multi_label else targets.shape[1]
    return np.asarray(targets * (1 - _LABEL_SMOOTHING) + _LABEL_SMOOTHING / answers)


def loss_gradient(logits: Array, targets: FloatArray, multi_label: bool) -> FloatArray:
    """Gradient of the summed cross-entropy for the logits [n, labels]."""
    return np.asarray((sigmoid(logits) if multi_label else softmax(logits)) - targets)
