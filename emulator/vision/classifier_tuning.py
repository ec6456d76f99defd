"""Partial fine-tuning: from the regression on, the last blocks of the backbone are trained too.

The first blocks stay frozen and run in onnxruntime; the rest is numpy. A batch is cut into shards of fixed size that
threads work on, and their gradients are added in fixed order: the number of threads does not change the result (O-24).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from emulator.vision import backbone
from emulator.vision.backbone_blocks import read_blocks
from emulator.vision.classification_data import ClassificationData, Indices
from emulator.vision.classifier_network import ClassifierNetwork
from emulator.vision.classifier_views import training_view
from emulator.vision.detector.checkpoint import Checkpoint
from emulator.vision.estimates import Estimate
from emulator.vision.examples import ImageSource, Progress, ProgressListener, TrainingSettings
from emulator.vision.features import FeatureRecipe
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.layers import Array, ParameterStore, Tape, summed_gradients
from emulator.vision.linear_head import LinearHead
from emulator.vision.logistic_regression import FloatArray, sigmoid, softmax
from emulator.vision.parallel import in_order
from emulator.vision.runtime import Session

TUNED_BACKBONE = "efficientnet_lite2"
TUNED_BLOCKS = ("block16", "block17", "block18", "block19", "block20")
_FROZEN_OUTPUT = "block15.project"
_PARTS = ("expand.weight", "expand.bias", "depthwise.bias", "project.weight", "project.bias")

_STEPS_BEFORE_ESTIMATE = 4
_BATCH = 16
_SHARD = 4
_LEARNING_RATE = 1e-3
_WARM_UP = 0.1
_WEIGHT_DECAY = 1e-2
_GRADIENT_LIMIT = 5.0
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
        self._frozen = Session(backbone.cut(model, [_FROZEN_OUTPUT]).SerializeToString(), threads=1)
        head = weights["head.weight"][:, :, 0, 0].T, weights["head.bias"]
        self._network = ClassifierNetwork(ParameterStore(), read_blocks(model, TUNED_BLOCKS), head, start)

    def train(
        self, data: ClassificationData, epochs: int, checkpoint: Checkpoint | None, progress: ProgressListener
    ) -> None:
        """Go through the pictures `epochs` times, a fresh view each time.

        With a checkpoint of the same training it goes on after the last finished epoch, to the same result (O-19).
        """
        steps_each = max(1, len(data.images) // _BATCH)
        steps = epochs * steps_each
        first = self._restore(checkpoint)
        estimate = Estimate("fine-tuning", steps - first, after=_STEPS_BEFORE_ESTIMATE)
        with ThreadPoolExecutor(self._settings.threads) as executor:
            for step in range(first, steps):
                epoch, batch = divmod(step, steps_each)
                order = np.random.default_rng([self._settings.seed, epoch]).permutation(len(data.images))
                chosen = order[batch * _BATCH : (batch + 1) * _BATCH]
                shards = [chosen[start : start + _SHARD] for start in range(0, len(chosen), _SHARD)]

                def work(shard: Indices, epoch: int = epoch, size: int = len(chosen)) -> Tape:
                    return self._gradients(data, shard, epoch, size)

                gradients = summed_gradients(list(executor.map(work, shards)))
                self._network.store.step(gradients, _learning_rate(step / steps), _WEIGHT_DECAY, _GRADIENT_LIMIT)
                progress(Progress("fine-tuning", step + 1, steps))
                estimate.tick(step + 1 - first)
                if checkpoint and (step + 1) % steps_each == 0:
                    checkpoint.save({"step": np.array(step + 1), **self._network.store.state()})

    def _restore(self, checkpoint: Checkpoint | None) -> int:
        """Take over what a checkpoint holds; gives the number of steps already done."""
        state = checkpoint.load() if checkpoint else None
        if state is None:
            return 0
        self._network.store.restore(state)
        return int(state["step"])

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

    def _gradients(self, data: ClassificationData, shard: Indices, epoch: int, batch: int) -> Tape:
        """A tape with the gradients of the mean loss of a batch, as far as they come from these pictures."""
        views = []
        for index in shard:
            # A stream for each picture and epoch, so that no order of threads can change it.
            random = np.random.default_rng([self._settings.seed, epoch, int(index)])
            views.append(training_view(data.images[index].read(), self._side, random))
        tape = Tape()
        logits = self._network.forward(self._maps(views), tape)
        gradient = loss_gradient(logits, data.targets[shard], self._multi_label) / batch
        self._network.backward(gradient.astype(np.float32), tape)
        return tape

    def _maps(self, pixels: Sequence[PixelArray]) -> Array:
        """What the frozen blocks see in pictures uint8 [side, side, 3]: float32 [n, h, w, channels]."""
        images = np.ascontiguousarray(np.stack(pixels).transpose(0, 3, 1, 2), dtype=np.float32)
        (maps,) = self._frozen.run({"image": images}, [_FROZEN_OUTPUT])
        return np.ascontiguousarray(maps.transpose(0, 2, 3, 1))


def loss_gradient(logits: Array, targets: FloatArray, multi_label: bool) -> FloatArray:
    """Gradient of the summed cross-entropy for the logits [n, labels], with smoothed targets (Szegedy et al. 2016)."""
    answers = 2 if multi_label else targets.shape[1]
    smoothed = targets * (1 - _LABEL_SMOOTHING) + _LABEL_SMOOTHING / answers
    return np.asarray((sigmoid(logits) if multi_label else softmax(logits)) - smoothed)


def _learning_rate(done: float) -> float:
    """Rises over the warm-up, then falls along a cosine; `done` is the share of the steps, 0…1."""
    if done < _WARM_UP:
        return _LEARNING_RATE * (done / _WARM_UP) + 1e-6
    return _LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) + 1e-6
