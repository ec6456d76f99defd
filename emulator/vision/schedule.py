"""How fast a network learns at which step: one schedule for every network that is trained here."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Not quite zero at both ends, so that the first and the last batch are not wasted.
_LOWEST_LEARNING_RATE = 1e-6


@dataclass(frozen=True)
class Schedule:
    """`steps` batches; the learning rate rises over the warm-up share and then falls along a cosine.

    The cosine is that of Loshchilov and Hutter 2017 (SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv
    1608.03983) without restarts. `weight_decay` and `gradient_limit` are those of ParameterStore.step.
    """

    steps: int
    learning_rate: float = 1e-3
    warm_up: float = 0.1
    weight_decay: float = 1e-2
    gradient_limit: float = 5.0

    def learning_rate_at(self, step: int) -> float:
        """For the batch number `step`, 0 … steps - 1."""
        done = step / self.steps
        if done < self.warm_up:
            return self.learning_rate * done / self.warm_up + _LOWEST_LEARNING_RATE
        fallen = (done - self.warm_up) / (1 - self.warm_up)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * fallen)) + _LOWEST_LEARNING_RATE
