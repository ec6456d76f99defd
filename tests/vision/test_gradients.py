"""Every gradient written by hand against autograd, which derives it from an independent forward pass.

The references compute what the layers' docstrings say, in the plainest way; autograd (Maclaurin, Duvenaud, Adams) does
the rest. The last test finds every `backward` of the package, so that none can be forgotten here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

import emulator.vision
from emulator.vision.backbone_blocks import BlockWeights, FrozenDepthwise, InvertedResidual, ResidualBlocks
from emulator.vision.classifier.calibration import Calibration
from emulator.vision.classifier.linear_head import LinearHead
from emulator.vision.classifier.logistic_regression import objective
from emulator.vision.classifier.network import ClassifierNetwork
from emulator.vision.classifier.tuning import loss_gradient
from emulator.vision.detector.assignment import Targets
from emulator.vision.detector.learner import LOWEST_BOX_WEIGHT, LOWEST_QUALITY, level_loss_and_gradient
from emulator.vision.detector.losses import CLASSIFICATION_WEIGHT, box_overlap_loss, quality_focal_loss
from emulator.vision.detector.network import FEATURE_CHANNELS, DetectorNetwork, LevelHead, Standardisation
from emulator.vision.detector.plan import STRIDES, Level
from emulator.vision.layers import Array, Depthwise, ParameterStore, Pointwise, Rectifier, Tape

Values = dict[str, Any]
CHECKED = {
    *("Pointwise", "Rectifier", "Depthwise", "FrozenDepthwise", "InvertedResidual", "ResidualBlocks"),
    *("ClassifierNetwork", "LevelHead", "DetectorNetwork"),
}


# What the layers compute, in autograd's numpy.


def pointwise(values: Values, name: str, inputs: Any) -> Any:
    return anp.dot(inputs, values[f"{name}.weight"]) + values[f"{name}.bias"]


def rectified(inputs: Any, ceiling: float = np.inf) -> Any:
    return anp.where(inputs > 0, anp.where(inputs < ceiling, inputs, ceiling), 0.0)


def depthwise(inputs: Any, kernel: Any, bias: Any, stride: int = 1) -> Any:
    """TensorFlow's SAME on even sides: with stride 2 the extra row and column come last."""
    size, height, width = kernel.shape[0], inputs.shape[1], inputs.shape[2]
    before = (size - stride) // 2
    after = size - stride - before
    padded = anp.pad(inputs, ((0, 0), (before, after), (before, after), (0, 0)), "constant")
    return bias + sum(
        padded[:, row : row + height : stride, column : column + width : stride] * kernel[row, column]
        for row in range(size)
        for column in range(size)
    )


def residual(values: Values, index: int, block: BlockWeights, inputs: Any) -> Any:
    name = f"block{index}"
    wide = rectified(pointwise(values, f"{name}.expand", inputs), 6)
    filtered = depthwise(wide, block.depthwise_kernel.astype(float), values[f"{name}.depthwise.bias"], block.stride)
    narrow = pointwise(values, f"{name}.project", rectified(filtered, 6))
    return narrow + inputs if block.adds_inputs else narrow


def level_outputs(values: Values, head: LevelHead, features: list[Any]) -> Any:
    total: Any = 0.0
    for index, (stride, feature) in enumerate(zip(head.strides, features, strict=True)):
        if stride < head.level.stride:
            factor = head.level.stride // stride
            batch, height, width, channels = feature.shape
            cells = anp.reshape(feature, (batch, height // factor, factor, width // factor, factor, channels))
            feature = anp.mean(cells, axis=(2, 4))
        part = pointwise(values, f"{head.level.name}.lateral{index}", feature)
        for axis in (1, 2):
            part = anp.repeat(part, max(1, stride // head.level.stride), axis=axis)
        total = total + part
    name = head.level.name
    filtered = depthwise(rectified(total), values[f"{name}.depthwise.weight"], values[f"{name}.depthwise.bias"])
    return pointwise(values, f"{name}.output", rectified(pointwise(values, f"{name}.mix", filtered)))


# The comparison.


def assert_gradients(
    store: ParameterStore,
    reference: Callable[[Values, Any], Any],
    inputs: Array,
    forward: Callable[[Array, Tape], Array],
    backward: Callable[[Array, Tape], Array | None],
    tolerance: float = 1e-9,
) -> None:
    """Of a random weighting of the outputs, by every parameter and, where it is given, by the inputs."""
    tape = Tape()
    outputs = forward(inputs.copy(), tape)
    weighting = np.random.default_rng(5).normal(size=outputs.shape)
    by_inputs = backward(weighting.astype(outputs.dtype), tape)
    values = {name: value.astype(float) for name, value in store.values.items()}
    np.testing.assert_allclose(reference(values, inputs.astype(float)), outputs, atol=1e3 * tolerance)
    expected, expected_by_inputs = grad(lambda both: anp.sum(reference(*both) * weighting))(
        (values, inputs.astype(float))
    )
    assert set(tape.gradients) == set(store.values)
    for name, value in expected.items():
        scale = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(
            tape.gradients[name].reshape(value.shape), value, atol=tolerance * scale, err_msg=name
        )
    if by_inputs is not None and by_inputs.size:
        scale = max(1.0, float(np.abs(expected_by_inputs).max()))
        np.testing.assert_allclose(by_inputs, expected_by_inputs, atol=tolerance * scale)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(3)


def block(random: np.random.Generator, inputs: int, outputs: int, size: int, stride: int = 1) -> BlockWeights:
    wide = 2 * inputs
    return BlockWeights(
        expand_weight=random.normal(size=(inputs, wide)).astype(np.float32),
        expand_bias=random.normal(size=wide).astype(np.float32),
        depthwise_kernel=random.normal(size=(size, size, wide)).astype(np.float32),
        depthwise_bias=random.normal(size=wide).astype(np.float32),
        project_weight=(random.normal(size=(wide, outputs)) / wide).astype(np.float32),
        project_bias=random.normal(size=outputs).astype(np.float32),
        stride=stride,
        adds_inputs=stride == 1 and inputs == outputs,
    )


def test_pointwise(random: np.random.Generator) -> None:
    store = ParameterStore(np.float64)
    store.add("layer.weight", random.normal(size=(3, 5)))
    store.add("layer.bias", random.normal(size=5))
    layer = Pointwise(store, "layer")
    inputs = random.normal(size=(2, 4, 3, 3))
    assert_gradients(store, lambda values, x: pointwise(values, "layer", x), inputs, layer.forward, layer.backward)


@pytest.mark.parametrize("ceiling", [None, 6])
def test_rectifier(ceiling: float | None, random: np.random.Generator) -> None:
    layer = Rectifier(ceiling)
    inputs = random.normal(size=(2, 4, 3, 3)) * 5
    reference: Callable[[Values, Any], Any] = lambda _, x: rectified(x, ceiling or np.inf)  # noqa: E731
    assert_gradients(ParameterStore(np.float64), reference, inputs, layer.forward, layer.backward)


@pytest.mark.parametrize("size", [3, 5])
def test_depthwise(size: int, random: np.random.Generator) -> None:
    store = ParameterStore(np.float64)
    store.add("layer.weight", random.normal(size=(size, size, 3)))
    store.add("layer.bias", random.normal(size=3))
    layer = Depthwise(store, "layer")

    def reference(values: Values, inputs: Any) -> Any:
        return depthwise(inputs, values["layer.weight"], values["layer.bias"])

    assert_gradients(store, reference, random.normal(size=(2, 6, 5, 3)), layer.forward, layer.backward)


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_frozen_depthwise(size: int, stride: int, random: np.random.Generator) -> None:
    store = ParameterStore()
    kernel = random.normal(size=(size, size, 3)).astype(np.float32)
    store.add("layer.bias", random.normal(size=3))
    layer = FrozenDepthwise(store, "layer", kernel, stride)

    def reference(values: Values, inputs: Any) -> Any:
        return depthwise(inputs, kernel.astype(float), values["layer.bias"], stride)

    inputs = random.normal(size=(2, 6, 8, 3)).astype(np.float32)
    assert_gradients(store, reference, inputs, layer.forward, layer.backward, 1e-5)


@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (6, 1), (6, 2)])
def test_inverted_residual(outputs: int, stride: int, random: np.random.Generator) -> None:
    weights = block(random, 4, outputs, 3, stride)
    blocks = ResidualBlocks(store := ParameterStore(), [weights])
    # The first block of a network gives no gradient of its inputs; a block by itself does.
    expand, kernel = Pointwise(store, "block0.expand"), weights.depthwise_kernel
    middle = FrozenDepthwise(store, "block0.depthwise", kernel, stride)
    single = InvertedResidual(expand, middle, Pointwise(store, "block0.project"), weights.adds_inputs)
    inputs = random.normal(size=(2, 4, 6, 4)).astype(np.float32)
    for layer in (single, blocks):
        assert_gradients(store, lambda v, x: residual(v, 0, weights, x), inputs, layer.forward, layer.backward, 1e-5)


def test_residual_blocks_and_the_classifier_on_top(random: np.random.Generator) -> None:
    blocks = [block(random, 4, 6, 5, 2), block(random, 6, 6, 3)]
    start = LinearHead(
        mean=random.normal(size=5).astype(np.float32),
        scale=random.uniform(0.5, 2, 5).astype(np.float32),
        weights=random.normal(size=(5, 3)).astype(np.float32),
        bias=random.normal(size=3).astype(np.float32),
        calibration=Calibration(1, 0, 0.5),
        multi_label=False,
    )
    head = random.normal(size=(6, 5)), random.normal(size=5)
    network = ClassifierNetwork(ParameterStore(), blocks, head, start)

    def reference(values: Values, inputs: Any) -> Any:
        for index, weights in enumerate(blocks):
            inputs = residual(values, index, weights, inputs)
        pooled = anp.mean(rectified(pointwise(values, "head", inputs), 6), axis=(1, 2))
        return pointwise(values, "linear", (pooled - start.mean) * start.scale)

    inputs = random.normal(size=(2, 4, 6, 4)).astype(np.float32)
    assert_gradients(network.store, reference, inputs, network.forward, network.backward, 1e-5)


@pytest.mark.parametrize("has_neck", [False, True])
@pytest.mark.parametrize("name", sorted(STRIDES))
def test_the_head_of_a_level(name: str, has_neck: bool, random: np.random.Generator) -> None:
    store = ParameterStore(np.float64)
    head = LevelHead(store, Level(name, STRIDES[name], 0.0, np.inf), 6, random, has_neck)
    features = [
        random.normal(size=(1, 64 // stride, 64 // stride, store.values[f"{name}.lateral{index}.weight"].shape[0]))
        for index, stride in enumerate(head.strides)
    ]

    def reference(values: Values, c5: Any) -> Any:
        return level_outputs(values, head, [*features[:2], c5, *features[3:]])

    def forward(c5: Array, tape: Tape) -> Array:
        return head.forward([*features[:2], c5, *features[3:]], tape)

    assert_gradients(store, reference, features[2], forward, head.backward)


def test_the_whole_detector(random: np.random.Generator) -> None:
    """One trained block and two levels, whose gradients meet in c5."""
    weights = block(random, FEATURE_CHANNELS[1], FEATURE_CHANNELS[2], 5, 2)
    levels = [Level(name, STRIDES[name], 0.0, np.inf) for name in ("p4", "p5")]
    network = DetectorNetwork([weights], levels, 2, seed=0)
    network.standardisations = [
        Standardisation(
            random.normal(size=channels).astype(np.float32), random.uniform(0.5, 1, channels).astype(np.float32)
        )
        for channels in FEATURE_CHANNELS
    ]
    c3 = random.normal(size=(1, 8, 8, FEATURE_CHANNELS[0])).astype(np.float32)
    c4 = random.normal(size=(1, 4, 4, FEATURE_CHANNELS[1])).astype(np.float32)

    def joined(outputs: list[Any]) -> Any:
        return anp.concatenate([anp.reshape(output, (-1,)) for output in outputs])

    def reference(values: Values, c4: Any) -> Any:
        raw = [c3.astype(float), c4, residual(values, 0, weights, c4)]
        features = [(x - s.mean) * s.scale for x, s in zip(raw, network.standardisations, strict=True)]
        return joined([level_outputs(values, head, features) for head in network.heads])

    def backward(gradient: Array, tape: Tape) -> None:
        first = 4 * 4 * 6
        network.backward([gradient[:first].reshape(1, 4, 4, 6), gradient[first:].reshape(1, 2, 2, 6)], tape)

    def forward(c4: Array, tape: Tape) -> Array:
        return np.asarray(joined(network.forward([c3, c4], tape)))

    assert_gradients(network.store, reference, c4, forward, backward, 1e-4)


# The losses.


def focal(logits: Any, targets: Any) -> Any:
    chance = 1 / (1 + anp.exp(-logits))
    entropy = -targets * anp.log(chance) - (1 - targets) * anp.log(1 - chance)
    return CLASSIFICATION_WEIGHT * (chance - targets) ** 2 * entropy


def overlap_loss(log_distances: Any, targets: Any, stride: int) -> Any:
    left, top, right, bottom = (anp.exp(log_distances[:, side]) * stride for side in range(4))
    true = [targets[:, side] for side in range(4)]
    inner = [anp.minimum(ours, theirs) for ours, theirs in zip((left, top, right, bottom), true, strict=True)]
    shared = (inner[0] + inner[2]) * (inner[1] + inner[3])
    union = (left + right) * (top + bottom) + (true[0] + true[2]) * (true[1] + true[3]) - shared
    return -anp.log(shared / union)


def test_quality_focal_loss(random: np.random.Generator) -> None:
    logits, targets = random.normal(size=(7, 3)) * 2, random.uniform(size=(7, 3))
    loss, gradient = quality_focal_loss(logits, targets)
    np.testing.assert_allclose(loss, focal(logits, targets), atol=1e-9)
    np.testing.assert_allclose(gradient, grad(lambda x: anp.sum(focal(x, targets)))(logits), atol=1e-9)


def test_box_overlap_loss(random: np.random.Generator) -> None:
    logs, targets = random.normal(size=(9, 4)), random.uniform(2, 40, (9, 4))
    loss, gradient, _ = box_overlap_loss(logs, targets, 8)
    np.testing.assert_allclose(loss, overlap_loss(logs, targets, 8), atol=1e-9)
    np.testing.assert_allclose(gradient, grad(lambda x: anp.sum(overlap_loss(x, targets, 8)))(logs), atol=1e-9)


def test_the_loss_of_a_level(random: np.random.Generator) -> None:
    """The overlaps that weigh boxes and are the aims of scores count as constants, as in the paper (Li et al. 2020)."""
    output = random.normal(size=(1, 2, 3, 6))
    labels = np.array([0, -1, 1, -1, -2, 0])
    distances = np.where(labels[:, None] >= 0, random.uniform(4, 30, (6, 4)), 0)
    targets = Targets(labels, distances)
    positive = np.flatnonzero(labels >= 0)
    overlaps = box_overlap_loss(output.reshape(6, 6)[positive, -4:], distances[positive], 16)[2]
    quality = np.zeros((6, 2))
    quality[positive, labels[positive]] = np.clip(overlaps, LOWEST_QUALITY, 1)
    weights = np.clip(overlaps, LOWEST_BOX_WEIGHT, 1)

    def reference(output: Any) -> Any:
        flat = anp.reshape(output, (6, 6))
        matters = np.flatnonzero(labels != -2)
        boxes = anp.sum(overlap_loss(flat[positive, 2:], distances[positive], 16) * weights)
        return anp.sum(focal(flat[matters, :2], quality[matters])) + boxes

    loss, gradient = level_loss_and_gradient(output, targets, 16)
    assert loss == pytest.approx(reference(output))
    np.testing.assert_allclose(gradient, grad(reference)(output), atol=1e-9)


def entropy(logits: Any, targets: Any, multi_label: bool) -> Any:
    """[n]: of one answer among the labels, or of yes and no for each."""
    if multi_label:
        return anp.sum(anp.log(1 + anp.exp(logits)) - targets * logits, axis=1)
    chances = anp.exp(logits) / anp.sum(anp.exp(logits), axis=1, keepdims=True)
    return -anp.sum(targets * anp.log(chances), axis=1)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_losses_of_a_classification(multi_label: bool, random: np.random.Generator) -> None:
    targets = np.eye(3)[random.integers(0, 3, 8)]
    logits = random.normal(size=(8, 3))
    expected = grad(lambda x: anp.sum(entropy(x, targets, multi_label)))(logits)
    np.testing.assert_allclose(loss_gradient(logits, targets, multi_label), expected, atol=1e-9)
    rows, weights = random.normal(size=(8, 5)), random.uniform(0.5, 2, 8)
    point = random.normal(size=18)

    def reference(flat: Any) -> Any:
        coefficients = anp.reshape(flat, (6, 3))
        losses = entropy(anp.dot(rows, coefficients[:5]) + coefficients[5], targets, multi_label)
        return (anp.sum(losses * weights) + anp.sum(coefficients[:5] ** 2) / (2 * 0.7)) / weights.sum()

    value, gradient = objective(rows, targets, weights, 0.7, multi_label)(point)
    assert value == pytest.approx(reference(point))
    np.testing.assert_allclose(gradient, grad(reference)(point), atol=1e-9)


def test_no_backward_pass_is_forgotten() -> None:
    """Whoever writes a new one adds a comparison here. `Layer` is a protocol."""
    found = set()
    for file in Path(emulator.vision.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and any(getattr(part, "name", "") == "backward" for part in node.body):
                found.add(node.name)
    assert found - {"Layer"} == CHECKED
