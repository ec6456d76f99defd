"""Neural network layers with hand-written gradients, on numpy.

Arrays are batches in channels-last order, (batch, height, width, channels). A layer keeps no activations: `forward`
pushes what its gradient needs onto a `Tape`, `backward`, called in exactly the reverse order, pops it again. One layer
can therefore work for several shards of a batch in several threads at once, each with a tape of its own. Without a tape
`forward` just computes. Rectifiers work in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

ADAM_CHUNK = 1 << 15
"""Elements that one step of Adam touches at a time, so that its intermediate results stay in the cache."""


class Tape:
    """What a forward pass leaves for the backward pass, and the gradients that the backward pass finds.

    `gradients` maps the name of a parameter to an array of its shape; a parameter used twice gets the sum.
    """

    def __init__(self) -> None:
        self._saved: list[Array] = []
        self.gradients: dict[str, Array] = {}

    def save(self, array: Array) -> None:
        self._saved.append(array)

    def recall(self) -> Array:
        """The array saved last that has not been recalled yet; IndexError when there is none."""
        return self._saved.pop()

    def add_gradient(self, name: str, gradient: Array) -> None:
        if name in self.gradients:
            self.gradients[name] += gradient
        else:
            self.gradients[name] = gradient


class ParameterStore:
    """Named parameters and their Adam moments (Kingma and Ba 2015, with the decoupled weight decay of Loshchilov and
    Hutter 2019, applied to matrices and kernels, not to biases)."""

    def __init__(self, dtype: npt.DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.values: dict[str, Array] = {}
        self.steps = 0
        self._first_moments: dict[str, Array] = {}
        self._second_moments: dict[str, Array] = {}
        self._learning_rate_scales: dict[str, float] = {}

    def add(self, name: str, value: Array, learning_rate_scale: float = 1.0) -> None:
        """Registers a copy of `value`; its learning rate is the step's times `learning_rate_scale`."""
        if name in self.values:
            raise ValueError(f"parameter {name!r} is already in the store")
        self.values[name] = np.array(value, self.dtype, order="C", copy=True)
        self._first_moments[name] = np.zeros_like(self.values[name])
        self._second_moments[name] = np.zeros_like(self.values[name])
        self._learning_rate_scales[name] = learning_rate_scale

    def step(
        self,
        gradients: Mapping[str, Array],
        learning_rate: float,
        weight_decay: float = 0.0,
        gradient_limit: float = np.inf,
    ) -> float:
        """One step of Adam in place; gradients are first scaled down together to a joint length of `gradient_limit`.

        Returns the length before that. Parameters without a gradient stay as they are.
        """
        length = float(np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values())))
        scale = min(1.0, gradient_limit / (length + 1e-6))
        self.steps += 1
        for name in sorted(gradients):
            rate = learning_rate * self._learning_rate_scales[name]
            decay = rate * weight_decay if self.values[name].ndim > 1 else 0.0
            self._adam(name, gradients[name].reshape(-1), scale, rate, decay)
        return length

    def _adam(self, name: str, gradient: Array, scale: float, rate: float, decay: float) -> None:
        flat = [array.reshape(-1) for array in (self._first_moments[name], self._second_moments[name])]
        values = self.values[name].reshape(-1)
        unbiased_rate = rate / (1 - 0.9**self.steps)
        unbiased_square = 1 / (1 - 0.999**self.steps)
        for start in range(0, gradient.size, ADAM_CHUNK):
            part = slice(start, start + ADAM_CHUNK)
            first, second, value = flat[0][part], flat[1][part], values[part]
            scaled = gradient[part] * scale
            first *= 0.9
            first += 0.1 * scaled
            second *= 0.999
            np.multiply(scaled, scaled, out=scaled)
            second += 0.001 * scaled
            np.sqrt(second * unbiased_square, out=scaled)
            scaled += 1e-8
            np.divide(first, scaled, out=scaled)
            if decay:
                value *= 1 - decay
            scaled *= unbiased_rate
            value -= scaled

    def state(self) -> dict[str, Array]:
        """Everything that a checkpoint needs, as arrays under flat names."""
        state: dict[str, Array] = {"steps": np.array(self.steps)}
        for name in self.values:
            state[f"value/{name}"] = self.values[name]
            state[f"first/{name}"] = self._first_moments[name]
            state[f"second/{name}"] = self._second_moments[name]
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Takes over a `state()` of a store with the same names and shapes; KeyError or ValueError otherwise."""
        self.steps = int(state["steps"])
        for name, value in self.values.items():
            value[...] = state[f"value/{name}"]
            self._first_moments[name][...] = state[f"first/{name}"]
            self._second_moments[name][...] = state[f"second/{name}"]


def summed_gradients(tapes: Sequence[Tape]) -> dict[str, Array]:
    """The gradients of several shards of a batch added up, in the order given; reuses the first tape's arrays."""
    total = tapes[0].gradients
    for tape in tapes[1:]:
        for name, gradient in tape.gradients.items():
            if name in total:
                total[name] += gradient
            else:
                total[name] = gradient
    return total


class Layer(Protocol):
    """What a network is built of. Arrays are float32."""

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        """(batch, height, width, channels) -> (batch, height', width', channels')."""
        ...

    def backward(self, gradient: Array, tape: Tape) -> Array:
        """The gradient with respect to the inputs; those with respect to parameters go onto the tape."""
        ...


class Pointwise:
    """A 1x1 convolution or, on (batch, channels), a linear layer. Parameters NAME.weight (in, out), NAME.bias (out)."""

    def __init__(self, store: ParameterStore, name: str, needs_input_gradient: bool = True) -> None:
        self._store = store
        self._weight, self._bias = f"{name}.weight", f"{name}.bias"
        self._needs_input_gradient = needs_input_gradient

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        weight = self._store.values[self._weight]
        if tape is not None:
            tape.save(inputs)
        outputs = inputs.reshape(-1, weight.shape[0]) @ weight
        outputs += self._store.values[self._bias]
        return outputs.reshape(*inputs.shape[:-1], weight.shape[1])

    def backward(self, gradient: Array, tape: Tape) -> Array:
        """An empty array when the layer was told that nobody needs the gradient of its inputs."""
        weight = self._store.values[self._weight]
        inputs = tape.recall()
        flat = gradient.reshape(-1, weight.shape[1])
        tape.add_gradient(self._weight, inputs.reshape(-1, weight.shape[0]).T @ flat)
        tape.add_gradient(self._bias, flat.sum(0))
        if not self._needs_input_gradient:
            return np.empty(0, gradient.dtype)
        return (flat @ weight.T).reshape(inputs.shape)


class Rectifier:
    """ReLU, or ReLU6 with `ceiling` 6. Overwrites its inputs."""

    def __init__(self, ceiling: float | None = None) -> None:
        self._ceiling = ceiling

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        if self._ceiling is None:
            np.maximum(inputs, 0, out=inputs)
        else:
            np.clip(inputs, 0, self._ceiling, out=inputs)
        if tape is not None:
            tape.save(inputs)
        return inputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        outputs = tape.recall()
        gradient *= outputs > 0
        if self._ceiling is not None:
            gradient *= outputs < self._ceiling
        return gradient


class Depthwise:
    """A trained depthwise convolution, odd kernel, stride 1, zero padding to the same size.

    Parameters NAME.weight (size, size, channels) and NAME.bias (channels).
    """

    def __init__(self, store: ParameterStore, name: str) -> None:
        self._store = store
        self._weight, self._bias = f"{name}.weight", f"{name}.bias"

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        weight = self._store.values[self._weight]
        if tape is not None:
            tape.save(inputs)
        outputs = _correlate(inputs, weight)
        outputs += self._store.values[self._bias]
        return outputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        weight = self._store.values[self._weight]
        inputs = tape.recall()
        size, height, width = weight.shape[0], gradient.shape[1], gradient.shape[2]
        weight_gradient = np.zeros_like(weight)
        for image, image_gradient in zip(_padded(inputs, size), gradient, strict=True):
            for row in range(size):
                for column in range(size):
                    window = image[row : row + height, column : column + width]
                    weight_gradient[row, column] += np.einsum("ijc,ijc->c", window, image_gradient)
        tape.add_gradient(self._weight, weight_gradient)
        tape.add_gradient(self._bias, gradient.sum((0, 1, 2)))
        return _correlate(gradient, weight[::-1, ::-1])


def _padded(inputs: Array, size: int) -> Array:
    margin = size // 2
    return np.pad(inputs, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def _correlate(inputs: Array, weight: Array) -> Array:
    """Image by image and tap by tap, so that the working set stays in the cache."""
    size = weight.shape[0]
    _, height, width, _ = inputs.shape
    outputs = np.zeros(inputs.shape, inputs.dtype)
    product = np.empty(inputs.shape[1:], inputs.dtype)
    for image, output in zip(_padded(inputs, size), outputs, strict=True):
        for row in range(size):
            for column in range(size):
                np.multiply(image[row : row + height, column : column + width], weight[row, column], out=product)
                output += product
    return outputs


def enlarged(inputs: Array, factor: int) -> Array:
    """Every cell repeated `factor` times in both directions (nearest neighbour)."""
    return inputs.repeat(factor, 1).repeat(factor, 2) if factor > 1 else inputs


def summed_cells(inputs: Array, factor: int) -> Array:
    """Sums over squares of `factor` x `factor` cells: the adjoint of `enlarged`. The sides must be multiples of it."""
    if factor == 1:
        return inputs
    batch, height, width, channels = inputs.shape
    sums: Array = inputs.reshape(batch, height // factor, factor, width // factor, factor, channels).sum((2, 4))
    return sums


def averaged_cells(inputs: Array, factor: int) -> Array:
    """Means over squares of `factor` x `factor` cells."""
    means: Array = summed_cells(inputs, factor) / (factor * factor)
    return means
