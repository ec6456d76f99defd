"""What a detector learns from: views by number, their frozen features, and the losses with their gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import numpy as np

from emulator.vision.detector.assignment import IGNORED, Targets, assign
from emulator.vision.detector.losses import box_overlap_loss, quality_focal_loss
from emulator.vision.detector.network import DetectorNetwork
from emulator.vision.detector.pictures import SampleSource
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.trunk import Trunk
from emulator.vision.detector.views import Augmentation, training_view
from emulator.vision.layers import Array, ParameterStore, Tape
from emulator.vision.optimisation import ShardResult

BATCH_VIEWS = 8
SHARD_VIEWS = 2
STANDARDISATION_VIEWS = 40
CHECKPOINT_STEPS = 25
"""Checkpoints are written after a finished pass over the pictures, but not more often than this."""
LOWEST_QUALITY = 0.1
LOWEST_BOX_WEIGHT = 0.2
"""A cell's target score is the overlap of its own predicted box with the object, and so is the weight of its box
loss; these are the floors that let a beginner learn."""


class DetectorLearner:
    """Make views by number, the same view for the same number, and find out what the network can learn from them.

    May be used from several threads at once, except while the network is being changed.
    """

    def __init__(
        self,
        network: DetectorNetwork,
        source: SampleSource,
        plan: DetectorPlan,
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        self.network = network
        self._source = source
        self._plan = plan
        self._augmentation = augmentation
        self._seed = seed
        self._trunk = Trunk(plan.byte_front, plan.start, plan.levels)

    @property
    def store(self) -> ParameterStore:
        """The parameters that are trained."""
        return self.network.store

    @property
    def checkpoint_steps(self) -> int:
        """A pass over the pictures, but not too few steps."""
        return max(CHECKPOINT_STEPS, len(self._source) // BATCH_VIEWS)

    def begin(self, executor: Executor) -> None:
        """Standardise the frozen features by those of the first views."""
        self.network.standardise(list(executor.map(self.frozen_features, _shards(0, STANDARDISATION_VIEWS))))

    def shards(self, step: int) -> Sequence[range]:
        """The numbers of the views of a batch, in parts."""
        return _shards(step * BATCH_VIEWS, BATCH_VIEWS)

    def state(self) -> dict[str, Array]:
        """Everything that training changes."""
        return self.network.state()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a `state()`."""
        self.network.restore(state)

    def frozen_features(self, numbers: range) -> list[Array]:
        """What the frozen network makes of the views with these numbers."""
        return self._features_and_targets(numbers)[0]

    def gradients(self, numbers: range) -> ShardResult:
        """The gradients of the views with these numbers."""
        frozen, targets = self._features_and_targets(numbers)
        tape = Tape()
        outputs = self.network.forward(frozen, tape)
        gradients, loss, positives = [], 0.0, 0
        for head, output, level_targets in zip(self.network.heads, outputs, targets, strict=True):
            level_loss, gradient = level_loss_and_gradient(output, level_targets, head.level.stride)
            gradients.append(gradient)
            loss += level_loss
            positives += int((level_targets.labels >= 0).sum())
        self.network.backward(gradients, tape)
        return ShardResult(tape, positives, loss)

    def _features_and_targets(self, numbers: range) -> tuple[list[Array], list[Targets]]:
        plan = self._plan
        views = []
        for number in numbers:
            # A generator for each view: which thread draws which view, and when, changes nothing (O-24).
            random = np.random.default_rng([self._seed, number])
            index = self._picture_of(number)
            views.append(training_view(self._source, index, number, plan, self._augmentation, random))
        targets = []
        for level in plan.levels:
            parts = [
                assign(view.boxes, view.labels, view.remnants, plan.view_height, plan.view_width, level)
                for view in views
            ]
            labels = np.concatenate([part.labels for part in parts])
            targets.append(Targets(labels, np.concatenate([part.distances for part in parts])))
        return self._trunk.features(np.stack([view.pixels for view in views])), targets

    def _picture_of(self, number: int) -> int:
        """Every pass shows every picture once, in an order of its own."""
        count = len(self._source)
        random = np.random.default_rng([self._seed, number // count, 1])
        return int(random.permutation(count)[number % count])


def _shards(first: int, count: int) -> list[range]:
    return [range(start, min(start + SHARD_VIEWS, first + count)) for start in range(first, first + count, SHARD_VIEWS)]


def level_loss_and_gradient(output: Array, targets: Targets, stride: int) -> tuple[float, Array]:
    """The loss of one level, summed over its cells, and its gradient by the head's output, of the same shape."""
    flat = output.reshape(-1, output.shape[-1])
    gradient = np.zeros_like(flat)
    quality = np.zeros_like(flat[:, :-4])
    positive = np.nonzero(targets.labels >= 0)[0]
    loss = 0.0
    if len(positive):
        box_losses, box_gradient, overlaps = box_overlap_loss(flat[positive, -4:], targets.distances[positive], stride)
        weights = np.clip(overlaps, LOWEST_BOX_WEIGHT, 1)
        gradient[positive, -4:] = box_gradient * weights[:, None]
        quality[positive, targets.labels[positive]] = np.clip(overlaps, LOWEST_QUALITY, 1)
        loss += float((box_losses * weights).sum())
    label_losses, label_gradient = quality_focal_loss(flat[:, :-4], quality)
    # Their box gradients are zero already: they are not positive.
    matters = targets.labels != IGNORED
    gradient[:, :-4] = label_gradient * matters[:, None]
    loss += float(label_losses[matters].sum())
    return loss, gradient.reshape(output.shape)
