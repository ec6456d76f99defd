"""The training loop of every network here: gradients of shards, added in fixed order, one step of Adam a batch.

A batch is cut into shards of fixed size that several threads work on. Their gradients are added up in the order of the
shards, so the number of threads changes the time, never the result (O-24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from emulator.vision.checkpoint import Checkpoint
from emulator.vision.estimates import Estimate
from emulator.vision.layers import Array, ParameterStore, Tape, summed_gradients
from emulator.vision.schedule import Schedule

Shard = TypeVar("Shard")

_STEPS_BEFORE_ESTIMATE = 8


@dataclass(frozen=True)
class ShardResult:
    """Sums over a shard: gradients on the tape, the loss, and how many terms both have (pictures, positive cells)."""

    tape: Tape
    terms: int
    loss: float


class Learner(Protocol[Shard]):
    """A network together with what it learns from, as numbered batches: the same batch for the same number.

    `gradients` is called from several threads at once, but never while the network is being changed.
    """

    @property
    def store(self) -> ParameterStore:
        """The parameters that are trained."""

    @property
    def checkpoint_steps(self) -> int:
        """So many steps lie between two checkpoints."""

    def begin(self, executor: Executor) -> None:
        """Prepare the network for its first step. Not called where a checkpoint goes on."""

    def shards(self, step: int) -> Sequence[Shard]:
        """The batch number `step`, in parts of a size that does not depend on the number of threads."""

    def gradients(self, shard: Shard) -> ShardResult:
        """What the network can learn from a shard."""

    def state(self) -> dict[str, Array]:
        """Everything that training changes, as arrays under flat names."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a `state()`."""


def optimise(
    learner: Learner[Shard],
    schedule: Schedule,
    threads: int,
    checkpoint: Checkpoint | None,
    progress: Callable[[int, int, float], None],
    stage: str,
) -> float:
    """Train the learner's network in place; gives the mean loss of the last tenth of the steps.

    `progress` hears (steps done, steps in all, loss of the step); `stage` names the training in the log. With a
    checkpoint that the same training has begun the work goes on where it was left, to the same result as without the
    interruption (O-19).
    """
    losses = np.zeros(schedule.steps, np.float32)
    with ThreadPoolExecutor(threads, "training") as executor:
        first = _restore(learner, checkpoint, losses)
        if first == 0:
            learner.begin(executor)
        estimate = Estimate(stage, schedule.steps - first, after=_STEPS_BEFORE_ESTIMATE)
        saved = first
        for step in range(first, schedule.steps):
            results = list(executor.map(learner.gradients, learner.shards(step)))
            losses[step] = _apply(learner.store, schedule, step, results)
            progress(step + 1, schedule.steps, float(losses[step]))
            estimate.tick(step + 1 - first)
            if checkpoint and step + 1 - saved >= learner.checkpoint_steps:
                checkpoint.save({"step": np.array(step + 1), "losses": losses, **learner.state()})
                saved = step + 1
    return float(losses[-max(1, schedule.steps // 10) :].mean())


def _restore(learner: Learner[Shard], checkpoint: Checkpoint | None, losses: Array) -> int:
    """Take over what a checkpoint holds; gives the number of steps already done."""
    state = checkpoint.load() if checkpoint else None
    if state is None:
        return 0
    learner.restore(state)
    losses[:] = state["losses"]
    return int(state["step"])


def _apply(store: ParameterStore, schedule: Schedule, step: int, results: Sequence[ShardResult]) -> float:
    """One step of Adam on the mean over all terms of the batch; gives the mean loss."""
    terms = max(1, sum(result.terms for result in results))
    gradients = summed_gradients([result.tape for result in results])
    for gradient in gradients.values():
        gradient /= terms
    store.step(gradients, schedule.learning_rate_at(step), schedule.weight_decay, schedule.gradient_limit)
    return sum(result.loss for result in results) / terms
