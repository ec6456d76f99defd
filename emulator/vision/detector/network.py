"""The detector's network: trained backbone blocks and, for every level, a small separable head.

Features are channels last. A head's output (batch, rows, columns, labels + 4) holds one logit for each label and the
logarithms of the distances, in strides, from the cell's centre to the left, top, right and bottom of the object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emulator.vision.backbone_blocks import BlockWeights, ResidualBlocks
from emulator.vision.detector.plan import Level
from emulator.vision.detector.trunk import NECK_CHANNELS
from emulator.vision.layers import (
    Array,
    Depthwise,
    ParameterStore,
    Pointwise,
    Rectifier,
    Tape,
    averaged_cells,
    enlarged,
    summed_cells,
)

FEATURE_STRIDES = (8, 16, 32)
FEATURE_CHANNELS = (40, 112, 320)
"""c3, c4 and c5 of EfficientNet-Lite0."""
C5 = 2
"""The one of these that leads back to trained blocks; all others come from the frozen network."""
HEAD_CHANNELS = {"p3": 64, "p4": 128, "p5": 128}
BACKBONE_LEARNING_RATE_SCALE = 0.2
BACKGROUND_LOGIT = -4.0
"""Nearly every cell is background, so the labels' logits begin there (Lin et al. 2017)."""
FIRST_LOG_DISTANCE = 0.7


@dataclass(frozen=True)
class Standardisation:
    """Per channel, features become (features - mean) * scale."""

    mean: Array
    scale: Array


class LevelHead:
    """Standardised c3, c4, c5 and perhaps a frozen neck's feature of the level's own stride, each brought to `channels`
    by a 1x1 convolution at its own resolution and to the level's by repetition or averaging, are added up; ReLU,
    depthwise 3x3, 1x1, ReLU, outputs."""

    def __init__(
        self, store: ParameterStore, level: Level, outputs: int, random: np.random.Generator, has_neck: bool = False
    ) -> None:
        self.level = level
        channels = HEAD_CHANNELS[level.name]
        inputs = (*FEATURE_CHANNELS, NECK_CHANNELS) if has_neck else FEATURE_CHANNELS
        self.strides = (*FEATURE_STRIDES, level.stride) if has_neck else FEATURE_STRIDES
        self._laterals: list[Pointwise] = []
        deviation = 1 / np.sqrt(sum(inputs))
        for index, feature_channels in enumerate(inputs):
            name = f"{level.name}.lateral{index}"
            _add_pointwise(store, name, random.standard_normal((feature_channels, channels)) * deviation)
            self._laterals.append(Pointwise(store, name, needs_input_gradient=index == C5))
        kernel = random.standard_normal((3, 3, channels)) * 0.2
        # Nearly the identity: at first the head looks at single cells.
        kernel[1, 1] += 1
        store.add(f"{level.name}.depthwise.weight", kernel)
        store.add(f"{level.name}.depthwise.bias", np.zeros(channels))
        mixing = random.standard_normal((channels, channels)) * np.sqrt(2 / channels)
        _add_pointwise(store, f"{level.name}.mix", mixing)
        _add_pointwise(store, f"{level.name}.output", random.standard_normal((channels, outputs)) * 0.1 / channels**0.5)
        bias = store.values[f"{level.name}.output.bias"]
        bias[:-4], bias[-4:] = BACKGROUND_LOGIT, FIRST_LOG_DISTANCE
        self._tower = (
            Rectifier(),
            Depthwise(store, f"{level.name}.depthwise"),
            Pointwise(store, f"{level.name}.mix"),
            Rectifier(),
            Pointwise(store, f"{level.name}.output"),
        )

    def forward(self, features: Sequence[Array], tape: Tape | None = None) -> Array:
        """The features (batch, height/stride, width/stride, channels) -> (batch, rows, columns, outputs)."""
        outputs: Array | None = None
        for lateral, stride, feature in zip(self._laterals, self.strides, features, strict=True):
            if stride < self.level.stride:
                part = lateral.forward(averaged_cells(feature, self.level.stride // stride), tape)
            else:
                part = enlarged(lateral.forward(feature, tape), stride // self.level.stride)
            if outputs is None:
                outputs = part
            else:
                outputs += part
        assert outputs is not None
        for layer in self._tower:
            outputs = layer.forward(outputs, tape)
        return outputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        """The gradient by c5."""
        for layer in reversed(self._tower):
            gradient = layer.backward(gradient, tape)
        by_inputs = [
            lateral.backward(summed_cells(gradient, max(1, stride // self.level.stride)), tape)
            for lateral, stride in zip(reversed(self._laterals), reversed(self.strides), strict=True)
        ]
        return by_inputs[::-1][C5]


def _add_pointwise(store: ParameterStore, name: str, weight: Array) -> None:
    store.add(f"{name}.weight", weight)
    store.add(f"{name}.bias", np.zeros(weight.shape[1]))


class DetectorNetwork:
    """Frozen features in, one output for each level. `store` holds everything that is trained."""

    def __init__(
        self,
        blocks: Sequence[BlockWeights],
        levels: Sequence[Level],
        label_count: int,
        seed: int,
        has_neck: bool = False,
    ) -> None:
        """`has_neck`: beside c3 and c4 there is for each level a frozen feature of NECK_CHANNELS channels."""
        self.store = ParameterStore()
        self.label_count = label_count
        self.has_neck = has_neck
        self.blocks = ResidualBlocks(self.store, blocks, BACKBONE_LEARNING_RATE_SCALE)
        random = np.random.default_rng(seed)
        self.heads = [LevelHead(self.store, level, label_count + 4, random, has_neck) for level in levels]
        self._channels = (*FEATURE_CHANNELS, *([NECK_CHANNELS] * len(levels) if has_neck else []))
        self.standardisations = [
            Standardisation(np.zeros(channels, np.float32), np.ones(channels, np.float32))
            for channels in self._channels
        ]

    @property
    def levels(self) -> list[Level]:
        return [head.level for head in self.heads]

    def raw_features(self, frozen: Sequence[Array], tape: Tape | None = None) -> list[Array]:
        """c3, c4, c5 before standardisation, then the necks; `frozen` as in `forward`."""
        c3, c4, *necks = frozen
        return [c3, c4, self.blocks.forward(c4, tape), *necks]

    def forward(self, frozen: Sequence[Array], tape: Tape | None = None) -> list[Array]:
        """c3 (batch, height/8, width/8, 40), c4 (batch, height/16, width/16, 112), perhaps a neck's feature for each
        level -> for each level its head's output."""
        features = [
            (feature - standardisation.mean) * standardisation.scale
            for feature, standardisation in zip(self.raw_features(frozen, tape), self.standardisations, strict=True)
        ]
        return [
            head.forward([features[index] for index in self.inputs_of(number)], tape)
            for number, head in enumerate(self.heads)
        ]

    def inputs_of(self, number: int) -> tuple[int, ...]:
        """Which features, in the order of `raw_features`, the head of this number looks at."""
        shared = range(len(FEATURE_CHANNELS))
        return (*shared, len(FEATURE_CHANNELS) + number) if self.has_neck else tuple(shared)

    def backward(self, gradients: Sequence[Array], tape: Tape) -> None:
        """`gradients`: of the loss by the outputs of `forward`, in its order."""
        total: Array | None = None
        for head, gradient in zip(reversed(self.heads), reversed(gradients), strict=True):
            by_c5 = head.backward(gradient, tape)
            total = by_c5 if total is None else total + by_c5
        assert total is not None
        self.blocks.backward(total * self.standardisations[C5].scale, tape)

    def standardise(self, samples: Sequence[Sequence[Array]]) -> None:
        """Set the standardisation from the frozen features of typical views."""
        features = [self.raw_features(frozen) for frozen in samples]
        self.standardisations = [
            _standardisation(np.concatenate([sample[index].reshape(-1, channels) for sample in features]))
            for index, channels in enumerate(self._channels)
        ]

    def finish(self) -> None:
        """Make the network what its exported file will be: standardisation folded into the weights, these rounded to
        half precision, in which the file stores them."""
        values = self.store.values
        for number, head in enumerate(self.heads):
            for index, feature in enumerate(self.inputs_of(number)):
                standardisation = self.standardisations[feature]
                weight = values[f"{head.level.name}.lateral{index}.weight"]
                weight *= standardisation.scale[:, None]
                values[f"{head.level.name}.lateral{index}.bias"] -= standardisation.mean @ weight
        self.standardisations = [
            Standardisation(np.zeros_like(old.mean), np.ones_like(old.scale)) for old in self.standardisations
        ]
        for value in values.values():
            if value.ndim > 1:
                value[...] = value.astype(np.float16)

    def state(self) -> dict[str, Array]:
        """Everything that training changes, for a checkpoint."""
        state = {f"store/{name}": value for name, value in self.store.state().items()}
        for index, standardisation in enumerate(self.standardisations):
            state[f"mean/{index}"], state[f"scale/{index}"] = standardisation.mean, standardisation.scale
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a `state()`; KeyError or ValueError if it belongs to another network."""
        self.store.restore(
            {name.removeprefix("store/"): value for name, value in state.items() if name.startswith("store/")}
        )
        self.standardisations = [
            Standardisation(state[f"mean/{index}"], state[f"scale/{index}"]) for index in range(len(self._channels))
        ]


def _standardisation(features: Array) -> Standardisation:
    """From features (cells, channels). Channels that hardly vary are not blown up."""
    # A floor common to all channels, so that noise of a nearly constant one is not made as large as the others.
    spread = features.std(0) + 1e-2 * features.std() + 1e-6
    return Standardisation(features.mean(0).astype(np.float32), (1 / spread).astype(np.float32))
