"""The last blocks of the backbone as layers whose 1x1 weights and biases are trained (partial fine-tuning).

Depthwise convolutions are slow in numpy, and fine-tuning their kernels brings nothing: the kernels stay frozen, and
onnxruntime runs them, forwards and, as the convolution with the mirrored kernel, backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from emulator.vision.layers import Array, Layer, ParameterStore, Pointwise, Rectifier, Tape
from emulator.vision.onnx_session import Session


class FrozenDepthwise:
    """A depthwise convolution whose kernel (size, size, channels) is not trained; its bias NAME.bias is.

    float32 only. Padding is TensorFlow's SAME on even sides: with stride 2 the extra row and column come last.
    """

    def __init__(self, store: ParameterStore, name: str, kernel: Array, stride: int = 1) -> None:
        self._store = store
        self._bias = f"{name}.bias"
        self._stride = stride
        size = kernel.shape[0]
        padding = (size - stride) // 2
        self._forward = _depthwise_session(kernel, stride, (padding, size - stride - padding))
        mirrored = size - 1 - padding
        self._adjoint = _depthwise_session(kernel[::-1, ::-1], 1, (mirrored, size - 1 - mirrored))

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:  # noqa: ARG002 (the gradient needs no input)
        outputs: Array = self._forward.run({"inputs": inputs})[0]
        outputs += self._store.values[self._bias]
        return outputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        tape.add_gradient(self._bias, gradient.sum((0, 1, 2)))
        if self._stride > 1:
            batch, height, width, channels = gradient.shape
            spread = np.zeros((batch, height * self._stride, width * self._stride, channels), gradient.dtype)
            spread[:, :: self._stride, :: self._stride] = gradient
            gradient = spread
        result: Array = self._adjoint.run({"inputs": gradient})[0]
        return result


def _depthwise_session(kernel: Array, stride: int, padding: tuple[int, int]) -> Session:
    size, _, channels = kernel.shape
    before, after = padding
    nodes = [
        helper.make_node("Transpose", ["inputs"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Conv",
            ["planes", "kernel"],
            ["filtered"],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=channels,
        ),
        helper.make_node("Transpose", ["filtered"], ["outputs"], perm=[0, 2, 3, 1]),
    ]
    kernel_planes = np.ascontiguousarray(kernel.transpose(2, 0, 1)[:, None], np.float32)
    graph = helper.make_graph(
        nodes,
        "depthwise",
        [helper.make_tensor_value_info("inputs", onnx.TensorProto.FLOAT, ["batch", "height", "width", channels])],
        [helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(kernel_planes, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Session(model.SerializeToString(), threads=1)


class InvertedResidual:
    """EfficientNet-Lite's block: expand (1x1), ReLU6, depthwise, ReLU6, project (1x1), and the inputs added when the
    shapes allow it (Tan and Le 2019)."""

    def __init__(self, expand: Layer, depthwise: Layer, project: Layer, adds_inputs: bool) -> None:
        self._layers: list[Layer] = [expand, Rectifier(6), depthwise, Rectifier(6), project]
        self._adds_inputs = adds_inputs

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        outputs = inputs
        for layer in self._layers:
            outputs = layer.forward(outputs, tape)
        if self._adds_inputs:
            outputs += inputs
        return outputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        result = gradient
        for layer in reversed(self._layers):
            result = layer.backward(result, tape)
        if self._adds_inputs and result.size:
            result += gradient
        return result


@dataclass(frozen=True)
class BlockWeights:
    """One inverted residual block of the backbone, BatchNorm folded in, channels last.

    `expand_weight` (in, wide), `depthwise_kernel` (size, size, wide), `project_weight` (wide, out), and their biases.
    """

    expand_weight: Array
    expand_bias: Array
    depthwise_kernel: Array
    depthwise_bias: Array
    project_weight: Array
    project_bias: Array
    stride: int
    adds_inputs: bool


class ResidualBlocks:
    """Consecutive backbone blocks whose 1x1 weights and biases are trained and whose depthwise kernels stay frozen.

    Block i has the parameters blockI.expand.weight, .expand.bias, .depthwise.bias, .project.weight and .project.bias.
    The gradient of the first block's inputs is not computed: what lies before is frozen.
    """

    def __init__(self, store: ParameterStore, blocks: Iterable[BlockWeights], learning_rate_scale: float = 1.0) -> None:
        self.blocks: list[InvertedResidual] = []
        for index, weights in enumerate(blocks):
            name = f"block{index}"
            store.add(f"{name}.expand.weight", weights.expand_weight, learning_rate_scale)
            store.add(f"{name}.expand.bias", weights.expand_bias, learning_rate_scale)
            store.add(f"{name}.depthwise.bias", weights.depthwise_bias, learning_rate_scale)
            store.add(f"{name}.project.weight", weights.project_weight, learning_rate_scale)
            store.add(f"{name}.project.bias", weights.project_bias, learning_rate_scale)
            expand = Pointwise(store, f"{name}.expand", needs_input_gradient=index > 0)
            depthwise = FrozenDepthwise(store, f"{name}.depthwise", weights.depthwise_kernel, weights.stride)
            project = Pointwise(store, f"{name}.project")
            self.blocks.append(InvertedResidual(expand, depthwise, project, weights.adds_inputs))

    def forward(self, inputs: Array, tape: Tape | None = None) -> Array:
        outputs = inputs
        for block in self.blocks:
            outputs = block.forward(outputs, tape)
        return outputs

    def backward(self, gradient: Array, tape: Tape) -> Array:
        for block in reversed(self.blocks):
            gradient = block.backward(gradient, tape)
        return gradient


def read_blocks(model: onnx.ModelProto, names: Sequence[str]) -> list[BlockWeights]:
    """The weights of the named blocks of a backbone graph in `models/` (float32; PROVENANCE.md has the names).

    Raises KeyError when the graph has no such block.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    convolutions = {node.name: node for node in model.graph.node if node.op_type == "Conv"}
    produced = {output for node in model.graph.node for output in node.output}

    def tensor(name: str) -> Array:
        stored = tensors.get(name) or tensors[f"{name}.fp16"]
        return numpy_helper.to_array(stored).astype(np.float32)

    def block(name: str) -> BlockWeights:
        strides = helper.get_node_attr_value(convolutions[f"{name}.depthwise"], "strides")
        return BlockWeights(
            expand_weight=tensor(f"{name}.expand.weight")[:, :, 0, 0].T,
            expand_bias=tensor(f"{name}.expand.bias"),
            depthwise_kernel=tensor(f"{name}.depthwise.weight")[:, 0].transpose(1, 2, 0),
            depthwise_bias=tensor(f"{name}.depthwise.bias"),
            project_weight=tensor(f"{name}.project.weight")[:, :, 0, 0].T,
            project_bias=tensor(f"{name}.project.bias"),
            stride=int(strides[0]),
            adds_inputs=f"{name}.output" in produced,
        )

    return [block(name) for name in names]
