"""The last part of the backbone with a linear classifier on top, as layers that can be trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emulator.vision.backbone_blocks import BlockWeights, ResidualBlocks
from emulator.vision.classifier.linear_head import LinearHead
from emulator.vision.layers import Array, ParameterStore, Pointwise, Rectifier, Tape

# How much slower than the learning rate the parts learn: both start from something good.
_BACKBONE_RATE = 0.4
_LINEAR_RATE = 0.1


class ClassifierNetwork:
    """Feature maps [batch, h, w, channels] -> blocks, head convolution, ReLU6, mean, standardised, linear -> logits.

    It starts as the backbone with the regression `start` on its mean-pooled features: the same logits.
    """

    def __init__(
        self, store: ParameterStore, blocks: Sequence[BlockWeights], head: tuple[Array, Array], start: LinearHead
    ) -> None:
        """`head`: weight [channels, features] and bias [features] of the backbone's last convolution."""
        self.store = store
        self._blocks = ResidualBlocks(store, blocks, _BACKBONE_RATE)
        store.add("head.weight", head[0], _BACKBONE_RATE)
        store.add("head.bias", head[1], _BACKBONE_RATE)
        store.add("linear.weight", start.weights, _LINEAR_RATE)
        store.add("linear.bias", start.bias, _LINEAR_RATE)
        self._head = Pointwise(store, "head", needs_input_gradient=bool(blocks))
        self._rectifier = Rectifier(6)
        self._linear = Pointwise(store, "linear")
        self._mean, self._scale = start.mean, start.scale

    def forward(self, maps: Array, tape: Tape | None = None) -> Array:
        """Logits [batch, labels]."""
        cells = self._rectifier.forward(self._head.forward(self._blocks.forward(maps, tape), tape), tape)
        if tape is not None:
            # Only the shape is needed again; a view of one number keeps it without keeping the cells.
            tape.save(np.broadcast_to(np.zeros((), cells.dtype), cells.shape))
        standardised = (cells.mean(axis=(1, 2)) - self._mean) * self._scale
        return self._linear.forward(standardised, tape)

    def backward(self, gradient: Array, tape: Tape) -> None:
        """Leave on the tape the gradients of all parameters, from that of the logits [batch, labels]."""
        pooled = self._linear.backward(gradient, tape) * self._scale
        shape = tape.recall().shape
        each = (pooled / (shape[1] * shape[2]))[:, None, None, :]
        cells = np.ascontiguousarray(np.broadcast_to(each, shape))
        self._blocks.backward(self._head.backward(self._rectifier.backward(cells, tape), tape), tape)
