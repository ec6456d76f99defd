"""Every hand-written gradient against finite differences, in double precision where nothing but numpy is involved."""

from collections.abc import Callable

import numpy as np
import pytest

from emulator.vision.backbone_blocks import BlockWeights, FrozenDepthwise, InvertedResidual, ResidualBlocks
from emulator.vision.layers import (
    Array,
    Depthwise,
    Layer,
    ParameterStore,
    Pointwise,
    Rectifier,
    Tape,
    averaged_cells,
    enlarged,
    summed_cells,
    summed_gradients,
)


def numeric_gradient(function: Callable[[], float], array: Array, step: float = 1e-6) -> Array:
    """Central differences of `function` by every element of `array`, which it reads."""
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + step
        above = function()
        array[index] = value - step
        below = function()
        array[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient


def check_gradients(layer: Layer, store: ParameterStore, inputs: Array) -> None:
    """Compares the gradients of a random weighted sum of the layer's outputs with finite differences."""
    weights = np.random.default_rng(9).standard_normal(layer.forward(inputs.copy()).shape)
    tape = Tape()
    layer.forward(inputs.copy(), tape)
    by_inputs = layer.backward(weights.copy(), tape)

    def value() -> float:
        return float((layer.forward(inputs.copy()) * weights).sum())

    np.testing.assert_allclose(by_inputs, numeric_gradient(value, inputs), atol=1e-6, rtol=1e-5)
    for name, parameter in store.values.items():
        np.testing.assert_allclose(tape.gradients[name], numeric_gradient(value, parameter), atol=1e-6, rtol=1e-5)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.fixture
def store(random: np.random.Generator) -> ParameterStore:
    store = ParameterStore(np.float64)
    for name, channels in (("expand", (3, 5)), ("project", (5, 3))):
        store.add(f"{name}.weight", random.standard_normal(channels))
        store.add(f"{name}.bias", random.standard_normal(channels[1]))
    store.add("depthwise.weight", random.standard_normal((3, 3, 5)))
    store.add("depthwise.bias", random.standard_normal(5))
    return store


def only(store: ParameterStore, prefix: str) -> ParameterStore:
    part = ParameterStore(store.dtype)
    part.values = {name: value for name, value in store.values.items() if name.startswith(prefix)}
    return part


def test_gradients_of_a_pointwise_convolution(store: ParameterStore, random: np.random.Generator) -> None:
    check_gradients(Pointwise(store, "expand"), only(store, "expand"), random.standard_normal((2, 3, 2, 3)))


def test_gradients_of_a_depthwise_convolution(store: ParameterStore, random: np.random.Generator) -> None:
    check_gradients(Depthwise(store, "depthwise"), only(store, "depthwise"), random.standard_normal((2, 4, 3, 5)))


@pytest.mark.parametrize("ceiling", [None, 6.0])
def test_gradients_of_rectifiers(ceiling: float | None, random: np.random.Generator) -> None:
    inputs = random.uniform(-4, 10, (2, 3, 3, 2))
    check_gradients(Rectifier(ceiling), ParameterStore(np.float64), inputs)


@pytest.mark.parametrize("adds_inputs", [False, True])
def test_gradients_of_an_inverted_residual(
    adds_inputs: bool, store: ParameterStore, random: np.random.Generator
) -> None:
    block = InvertedResidual(
        Pointwise(store, "expand"), Depthwise(store, "depthwise"), Pointwise(store, "project"), adds_inputs
    )
    check_gradients(block, store, random.standard_normal((2, 3, 4, 3)))


def test_the_frozen_depthwise_convolution_computes_what_the_trained_one_does(random: np.random.Generator) -> None:
    kernel = random.standard_normal((5, 5, 4)).astype(np.float32)
    store = ParameterStore()
    store.add("layer.weight", kernel)
    store.add("layer.bias", random.standard_normal(4))
    inputs = random.standard_normal((2, 6, 8, 4)).astype(np.float32)
    gradient = random.standard_normal((2, 6, 8, 4)).astype(np.float32)
    frozen, trained = FrozenDepthwise(store, "layer", kernel), Depthwise(store, "layer")
    np.testing.assert_allclose(frozen.forward(inputs), trained.forward(inputs), atol=1e-4)
    frozen_tape, trained_tape = Tape(), Tape()
    trained.forward(inputs, trained_tape)
    np.testing.assert_allclose(
        frozen.backward(gradient, frozen_tape), trained.backward(gradient, trained_tape), atol=1e-4
    )
    np.testing.assert_allclose(frozen_tape.gradients["layer.bias"], trained_tape.gradients["layer.bias"], atol=1e-4)


@pytest.mark.parametrize("size", [3, 5])
def test_a_strided_frozen_convolution_keeps_every_second_result(size: int, random: np.random.Generator) -> None:
    """TensorFlow's SAME padding with stride 2 on even sides: one less in front than behind."""
    kernel = random.standard_normal((size, size, 3)).astype(np.float32)
    store = ParameterStore()
    store.add("layer.bias", np.zeros(3))
    inputs = random.standard_normal((1, 8, 6, 3)).astype(np.float32)
    margin = (size - 2) // 2
    padded = np.pad(inputs, ((0, 0), (margin, size), (margin, size), (0, 0)))
    expected = np.array(
        [[(padded[0, y : y + size, x : x + size] * kernel).sum((0, 1)) for x in range(0, 6, 2)] for y in range(0, 8, 2)]
    )
    np.testing.assert_allclose(FrozenDepthwise(store, "layer", kernel, 2).forward(inputs)[0], expected, atol=1e-4)


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_the_backward_pass_of_a_frozen_convolution_is_its_adjoint(
    size: int, stride: int, random: np.random.Generator
) -> None:
    """<A x, y> = <x, A' y> for all x and y is what makes A' the gradient of the linear map A."""
    kernel = random.standard_normal((size, size, 3)).astype(np.float32)
    store = ParameterStore()
    store.add("layer.bias", np.zeros(3))
    layer = FrozenDepthwise(store, "layer", kernel, stride)
    inputs = random.standard_normal((2, 8, 6, 3)).astype(np.float32)
    outputs = layer.forward(inputs)
    gradient = random.standard_normal(outputs.shape).astype(np.float32)
    assert np.vdot(outputs, gradient) == pytest.approx(np.vdot(inputs, layer.backward(gradient, Tape())), rel=1e-4)


def test_gradients_of_residual_blocks_point_downhill_by_as_much_as_they_say(random: np.random.Generator) -> None:
    """float32 through onnxruntime: a directional derivative instead of single elements."""

    def weights(inputs: int, outputs: int, stride: int, adds_inputs: bool) -> BlockWeights:
        def normal(*shape: int) -> Array:
            return (random.standard_normal(shape) * 0.3).astype(np.float32)

        kernel = normal(3, 3, 12)
        return BlockWeights(
            normal(inputs, 12), normal(12) + 1, kernel, normal(12) + 1, normal(12, outputs), normal(outputs),
            stride, adds_inputs,
        )  # fmt: skip

    store = ParameterStore()
    blocks = ResidualBlocks(store, [weights(4, 6, 2, False), weights(6, 6, 1, True)])
    inputs = random.standard_normal((2, 8, 8, 4)).astype(np.float32)
    tape = Tape()
    target = random.standard_normal(blocks.forward(inputs, tape).shape).astype(np.float32)
    blocks.backward(target.copy(), tape)
    assert set(tape.gradients) == set(store.values)
    for name, value in store.values.items():
        direction = random.standard_normal(value.shape).astype(np.float32)
        original, step = value.copy(), 2e-3
        value[...] = original + step * direction
        above = float((blocks.forward(inputs).astype(np.float64) * target).sum())
        value[...] = original - step * direction
        below = float((blocks.forward(inputs).astype(np.float64) * target).sum())
        value[...] = original
        slope = float((tape.gradients[name] * direction).sum())
        assert (above - below) / (2 * step) == pytest.approx(slope, rel=0.02, abs=0.05), name


def test_summing_cells_is_the_adjoint_of_enlarging(random: np.random.Generator) -> None:
    small, large = random.standard_normal((2, 2, 3, 4)), random.standard_normal((2, 8, 12, 4))
    assert np.vdot(enlarged(small, 4), large) == pytest.approx(np.vdot(small, summed_cells(large, 4)))
    np.testing.assert_allclose(averaged_cells(enlarged(small, 4), 4), small)


def test_a_parameter_used_twice_collects_both_gradients() -> None:
    tape = Tape()
    tape.add_gradient("weight", np.array([1.0]))
    tape.add_gradient("weight", np.array([2.0]))
    other = Tape()
    other.add_gradient("weight", np.array([10.0]))
    assert summed_gradients([tape, other])["weight"].tolist() == [13.0]


def test_adam_moves_every_parameter_by_the_learning_rate_at_first() -> None:
    """With bias correction the first step has the length of the learning rate, whatever the gradient's scale."""
    store = ParameterStore(np.float64)
    store.add("fast", np.array([1.0, 1.0]))
    store.add("slow", np.array([1.0]), learning_rate_scale=0.5)
    store.step({"fast": np.array([1e3, -1e-3]), "slow": np.array([7.0])}, learning_rate=0.1)
    np.testing.assert_allclose(store.values["fast"], [0.9, 1.1], atol=1e-4)
    np.testing.assert_allclose(store.values["slow"], [0.95], atol=1e-4)


def test_adam_finds_the_bottom_of_a_bowl() -> None:
    store = ParameterStore(np.float64)
    store.add("point", np.array([3.0, -4.0]))
    for _ in range(400):
        store.step({"point": 2 * (store.values["point"] - [1.0, 2.0])}, learning_rate=0.05)
    np.testing.assert_allclose(store.values["point"], [1.0, 2.0], atol=1e-2)


def test_weight_decay_shrinks_matrices_but_not_biases() -> None:
    store = ParameterStore(np.float64)
    store.add("weight", np.ones((2, 2)))
    store.add("bias", np.ones(2))
    store.step({"weight": np.zeros((2, 2)), "bias": np.zeros(2)}, learning_rate=0.1, weight_decay=0.5)
    np.testing.assert_allclose(store.values["weight"], 0.95)
    np.testing.assert_allclose(store.values["bias"], 1.0)


def test_long_gradients_are_cut_to_the_limit_together() -> None:
    limited, small = ParameterStore(np.float64), ParameterStore(np.float64)
    for store in (limited, small):
        store.add("a", np.zeros(1))
        store.add("b", np.zeros(1))
        store.step({"a": np.ones(1), "b": np.ones(1)}, 0.1)
    assert limited.step({"a": np.array([30.0]), "b": np.array([40.0])}, 0.1, gradient_limit=5) == pytest.approx(50)
    small.step({"a": np.array([3.0]), "b": np.array([4.0])}, 0.1)
    np.testing.assert_allclose(limited.values["b"], small.values["b"], rtol=1e-6)


def test_a_restored_store_goes_on_as_if_nothing_had_happened(random: np.random.Generator) -> None:
    def store() -> ParameterStore:
        store = ParameterStore()
        store.add("weight", np.arange(6).reshape(2, 3))
        return store

    gradients = [random.standard_normal((2, 3)).astype(np.float32) for _ in range(4)]
    whole, first, second = store(), store(), store()
    for gradient in gradients:
        whole.step({"weight": gradient}, 0.1)
    for gradient in gradients[:2]:
        first.step({"weight": gradient}, 0.1)
    second.restore(first.state())
    for gradient in gradients[2:]:
        second.step({"weight": gradient}, 0.1)
    assert whole.values["weight"].tobytes() == second.values["weight"].tobytes()


def test_a_name_can_be_given_to_one_parameter_only() -> None:
    store = ParameterStore()
    store.add("weight", np.zeros(1))
    with pytest.raises(ValueError, match="weight"):
        store.add("weight", np.zeros(1))
