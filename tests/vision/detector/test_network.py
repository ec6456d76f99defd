"""The network: gradients of its heads, adjointness of the whole, folding, and the state that a checkpoint holds."""

import numpy as np
import pytest

from emulator.vision import backbone
from emulator.vision.backbone_blocks import read_blocks
from emulator.vision.detector.network import DetectorNetwork, LevelHead
from emulator.vision.detector.plan import STRIDES, Level
from emulator.vision.detector.trunk import TRAINED_BLOCKS, Trunk, frozen_trunk
from emulator.vision.layers import Array, ParameterStore, Tape
from emulator.vision.onnx_session import Session

LEVELS = tuple(Level(name, stride, 0.0, np.inf) for name, stride in STRIDES.items())


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.fixture
def network() -> DetectorNetwork:
    return DetectorNetwork(read_blocks(backbone.trunk(["c5"]), TRAINED_BLOCKS), LEVELS, 2, seed=0)


@pytest.fixture
def frozen_features(random: np.random.Generator) -> list[Array]:
    pixels = random.integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    return Trunk(byte_front=False).features(pixels)


@pytest.mark.parametrize("byte_front", [False, True])
def test_trunk_and_trained_blocks_together_are_the_backbone(network: DetectorNetwork, byte_front: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    frozen = Trunk(byte_front).features(pixels)
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)
    whole = Session(frozen_trunk(["c3", "c4", "c5"], byte_front).SerializeToString(), 1).run({"image": planes})
    for ours, theirs in zip(network.raw_features(frozen), whole, strict=True):
        np.testing.assert_allclose(ours.transpose(0, 3, 1, 2), theirs, atol=2e-3)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_gradients_of_a_head(level: Level, random: np.random.Generator) -> None:
    """Directional derivatives in double precision: by every parameter, and by c5, where trained blocks follow."""
    store = ParameterStore(np.float64)
    head = LevelHead(store, level, 6, np.random.default_rng(0))
    features = [random.standard_normal((1, 32 // s * 8, 32 // s * 12, c)) for s, c in ((8, 40), (16, 112), (32, 320))]
    weights = random.standard_normal(head.forward(features).shape)
    tape = Tape()
    head.forward(features, tape)
    by_c5 = head.backward(weights.copy(), tape)

    def slope(array: Array) -> tuple[Array, float]:
        direction, original, step = random.standard_normal(array.shape), array.copy(), 1e-8
        array[...] = original + step * direction
        above = float((head.forward(features) * weights).sum())
        array[...] = original - step * direction
        below = float((head.forward(features) * weights).sum())
        array[...] = original
        return direction, (above - below) / (2 * step)

    assert set(tape.gradients) == set(store.values)
    for name, value in store.values.items():
        direction, measured = slope(value)
        assert float((tape.gradients[name] * direction).sum()) == pytest.approx(measured, rel=1e-4, abs=1e-4), name
    direction, measured = slope(features[2])
    assert float((by_c5 * direction).sum()) == pytest.approx(measured, rel=1e-4, abs=1e-4)


def test_gradients_reach_the_backbone_blocks(
    network: DetectorNetwork, frozen_features: list[Array], random: np.random.Generator
) -> None:
    network.standardise([frozen_features])
    tape = Tape()
    outputs = network.forward(frozen_features, tape)
    weights = [random.standard_normal(output.shape).astype(np.float32) for output in outputs]
    network.backward([weight.copy() for weight in weights], tape)
    assert set(tape.gradients) == set(network.store.values)

    def total() -> float:
        pairs = zip(network.forward(frozen_features), weights, strict=True)
        return sum(float((output.astype(np.float64) * weight).sum()) for output, weight in pairs)

    # Along the gradient itself, where float32 leaves the clearest signal; short, for there are many kinks.
    for name in ("block0.expand.weight", "block2.depthwise.bias", "block4.project.weight"):
        value, gradient = network.store.values[name], tape.gradients[name]
        length = float(np.sqrt((gradient.astype(np.float64) ** 2).sum()))
        reach = 1e-4
        original, step = value.copy(), np.float32(reach / length)
        value[...] = original + step * gradient
        above = total()
        value[...] = original - step * gradient
        below = total()
        value[...] = original
        assert (above - below) / (2 * reach) == pytest.approx(length, rel=0.05), name


def test_features_of_typical_views_are_standardised(network: DetectorNetwork, frozen_features: list[Array]) -> None:
    network.standardise([frozen_features])
    for feature, standardisation in zip(network.raw_features(frozen_features), network.standardisations, strict=True):
        standardised = (feature - standardisation.mean) * standardisation.scale
        np.testing.assert_allclose(standardised.mean((0, 1, 2)), 0, atol=1e-3)
        assert (standardised.std((0, 1, 2)) < 1.01).all()


def test_finishing_folds_the_standardisation_into_half_precision_weights(
    network: DetectorNetwork, frozen_features: list[Array]
) -> None:
    network.standardise([frozen_features])
    before = network.forward(frozen_features)
    network.finish()
    for old, new in zip(before, network.forward(frozen_features), strict=True):
        np.testing.assert_allclose(old, new, atol=0.02)
    for value in network.store.values.values():
        if value.ndim > 1:
            assert (value.astype(np.float16) == value).all()


def test_a_restored_network_computes_the_same(network: DetectorNetwork, frozen_features: list[Array]) -> None:
    network.standardise([frozen_features])
    other = DetectorNetwork(read_blocks(backbone.trunk(["c5"]), TRAINED_BLOCKS), LEVELS, 2, seed=5)
    other.restore(network.state())
    for ours, theirs in zip(network.forward(frozen_features), other.forward(frozen_features), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_the_state_of_another_network_is_refused(network: DetectorNetwork) -> None:
    other = DetectorNetwork(read_blocks(backbone.trunk(["c5"]), TRAINED_BLOCKS), LEVELS, 9, seed=0)
    with pytest.raises(ValueError, match="broadcast"):
        network.restore(other.state())
