"""The training loop: views, frozen features, losses, gradients, Adam; in steps that give the same bytes every time.

A batch is cut into shards of fixed size that several threads work on; their gradients are added up in fixed order. So
the number of threads changes the time, never the result.
"""

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from emulator.vision.detector.assignment import IGNORED, Targets, assign
from emulator.vision.detector.checkpoint import Checkpoint
from emulator.vision.detector.losses import box_overlap_loss, quality_focal_loss
from emulator.vision.detector.network import DetectorNetwork
from emulator.vision.detector.pictures import SampleSource
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.trunk import Trunk
from emulator.vision.detector.views import Augmentation, training_view
from emulator.vision.layers import Array, Tape, summed_gradients

logger = logging.getLogger(__name__)

BATCH_VIEWS = 8
SHARD_VIEWS = 2
STANDARDISATION_VIEWS = 40
CHECKPOINT_STEPS = 25
"""Checkpoints are written after a finished pass over the pictures, but not more often than this."""
LOWEST_QUALITY = 0.1
LOWEST_BOX_WEIGHT = 0.2
"""A cell's target score is the overlap of its own predicted box with the object, and so is the weight of its box
loss; these are the floors that let a beginner learn."""


@dataclass(frozen=True)
class Schedule:
    """`steps` batches; the learning rate rises over the warm-up share and then falls along a cosine."""

    steps: int
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 1e-2
    gradient_limit: float = 5.0

    def learning_rate_at(self, step: int) -> float:
        done = step / self.steps
        if done < self.warm_up:
            return self.learning_rate * done / self.warm_up + 1e-6
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up))) + 1e-6


@dataclass(frozen=True)
class ShardResult:
    """Sums over the views of a shard, not yet divided by the number of positive cells of the batch."""

    tape: Tape
    positives: int
    loss: float


def optimise(
    learner: "Learner",
    schedule: Schedule,
    threads: int,
    checkpoint: Checkpoint | None,
    progress: Callable[[int, int], None],
) -> float:
    """Trains the learner's network in place and returns the mean loss of the last tenth of the steps.

    `progress` hears (steps done, steps in all). With a checkpoint that was begun by the same training the work goes on
    where it was left; the result is the same as without the interruption.
    """
    network = learner.network
    with ThreadPoolExecutor(threads, "detector-training") as pool:
        state = checkpoint.load() if checkpoint else None
        if state is None:
            first = 0
            losses = np.zeros(schedule.steps, np.float32)
            network.standardise(list(pool.map(learner.frozen_features, _shards(0, STANDARDISATION_VIEWS))))
        else:
            first, losses = int(state["step"]), state["losses"].copy()
            network.restore(state)
        clock = _Clock(first, schedule.steps)
        saved = first
        for step in range(first, schedule.steps):
            views = _shards(step * BATCH_VIEWS, BATCH_VIEWS)
            losses[step] = _apply(network, schedule, step, list(pool.map(learner.gradients, views)))
            progress(step + 1, schedule.steps)
            clock.report(step + 1)
            if checkpoint and step + 1 - saved >= max(CHECKPOINT_STEPS, learner.pass_steps):
                checkpoint.save({"step": np.array(step + 1), "losses": losses, **network.state()})
                saved = step + 1
    return float(losses[-max(1, schedule.steps // 10) :].mean())


def _shards(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, SHARD_VIEWS):
        yield range(start, min(start + SHARD_VIEWS, first + count))


def _apply(network: DetectorNetwork, schedule: Schedule, step: int, shards: Sequence[ShardResult]) -> float:
    """One step of the optimiser; returns the loss of the batch."""
    positives = max(1, sum(shard.positives for shard in shards))
    gradients = summed_gradients([shard.tape for shard in shards])
    for gradient in gradients.values():
        gradient /= positives
    network.store.step(gradients, schedule.learning_rate_at(step), schedule.weight_decay, schedule.gradient_limit)
    return sum(shard.loss for shard in shards) / positives


class Learner:
    """Makes views by number, the same view for the same number, and finds out what the network can learn from them.

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
        self._trunk = Trunk(plan.byte_front)

    @property
    def pass_steps(self) -> int:
        """Batches in a pass over the pictures."""
        return len(self._source) // BATCH_VIEWS

    def frozen_features(self, numbers: range) -> tuple[Array, Array]:
        """c3 and c4 of the views with these numbers."""
        return self._features_and_targets(numbers)[0]

    def gradients(self, numbers: range) -> ShardResult:
        """The gradients of the views with these numbers."""
        (c3, c4), targets = self._features_and_targets(numbers)
        tape = Tape()
        outputs = self.network.forward(c3, c4, tape)
        gradients, loss, positives = [], 0.0, 0
        for head, output, level_targets in zip(self.network.heads, outputs, targets, strict=True):
            level_loss, gradient = level_loss_and_gradient(output, level_targets, head.level.stride)
            gradients.append(gradient)
            loss += level_loss
            positives += int((level_targets.labels >= 0).sum())
        self.network.backward(gradients, tape)
        return ShardResult(tape, positives, loss)

    def _features_and_targets(self, numbers: range) -> tuple[tuple[Array, Array], list[Targets]]:
        plan = self._plan
        views = []
        for number in numbers:
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
    matters = targets.labels != IGNORED
    gradient[:, :-4] = label_gradient * matters[:, None]
    loss += float(label_losses[matters].sum())
    return loss, gradient.reshape(output.shape)


class _Clock:
    """Logs, after the first steps, how long the training will take and how much memory it needs."""

    WARM_STEPS = 8

    def __init__(self, first: int, steps: int) -> None:
        self._report_at = min(first + self.WARM_STEPS, steps)
        self._first, self._steps = first, steps
        self._start = time.monotonic()

    def report(self, done: int) -> None:
        if done == self._report_at:
            seconds = (time.monotonic() - self._start) / (done - self._first) * (self._steps - done)
            message = "detector training: step %d of %d, about %.0f s to go, peak memory so far %.0f MB"
            logger.info(message, done, self._steps, seconds, peak_memory_megabytes())


def peak_memory_megabytes() -> float:
    """Of this process; not a number where the operating system does not tell."""
    try:
        import resource
    except ImportError:
        return math.nan
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / (1 << 20)
