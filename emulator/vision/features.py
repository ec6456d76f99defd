"""Feature vectors of pictures: what a frozen backbone sees, pooled over the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import compose, helper, numpy_helper

from emulator.vision import backbone
from emulator.vision.images import PixelArray
from emulator.vision.onnx_session import Session
from emulator.vision.served_model import INPUT, input_tensor

FeatureArray = npt.NDArray[np.floating]

OUTPUT = "features"
POOLINGS = ("mean", "max")
CHANNELS = 1280
_SMALLEST_LENGTH = 1e-6
# The last cells of the network by the scale at which they see the picture.
_CELLS = {"full": "c6", "half": "half.c6"}
# Up to this side the mean over a whole picture tells well what it is like.
_LARGEST_COMPARABLE_SIDE = 448


@dataclass(frozen=True)
class Look:
    """How the backbone sees a picture: scaled to side × side pixels, with `half_scale` at half the side too."""

    side: int
    half_scale: bool = False
    backbone: str = "efficientnet_lite2"

    @property
    def name(self) -> str:
        return (
            f"{self.backbone} {self.side // 2}+{self.side} px" if self.half_scale else f"{self.backbone} {self.side} px"
        )

    @property
    def scales(self) -> tuple[str, ...]:
        return ("full", "half") if self.half_scale else ("full",)

    @property
    def comparable_scale(self) -> str:
        """The scale whose means tell best what a picture is like."""
        return "half" if self.half_scale and self.side > _LARGEST_COMPARABLE_SIDE else "full"

    @property
    def comparable_side(self) -> int:
        """The side in pixels of `comparable_scale`."""
        return self.side // 2 if self.comparable_scale == "half" else self.side

    @property
    def length(self) -> int:
        """How many raw features there are: each pooling of each scale."""
        return len(self.scales) * len(POOLINGS) * CHANNELS


@dataclass(frozen=True)
class FeatureRecipe:
    """Which of the raw features of a look are used, and in what form.

    `normalise` takes the square root and scales each pooling to unit length (Arandjelović & Zisserman 2012), so that a
    few strong channels or a busy picture count less.
    """

    look: Look
    poolings: tuple[str, ...] = ("mean",)
    normalise: bool = False

    @property
    def name(self) -> str:
        return f"{self.look.name} {'+'.join(self.poolings)}{' normalised' if self.normalise else ''}"

    def select(self, raw: FeatureArray) -> npt.NDArray[np.float32]:
        """float32 [..., features] from raw features [..., look.length]."""
        parts = []
        for index, pooling in enumerate(POOLINGS * len(self.look.scales)):
            if pooling in self.poolings:
                part = raw[..., index * CHANNELS : (index + 1) * CHANNELS].astype(np.float32)
                parts.append(_normalised(part) if self.normalise else part)
        return np.concatenate(parts, axis=-1)


def mean_features(raw: FeatureArray, look: Look) -> FeatureArray:
    """The means over the picture at the scale of `Look.comparable_side`: [..., CHANNELS] of [..., look.length]."""
    first = len(POOLINGS) * CHANNELS * look.scales.index(look.comparable_scale) + POOLINGS.index("mean") * CHANNELS
    return raw[..., first : first + CHANNELS]


def append_mean(model: onnx.ModelProto, look: Look, output: str) -> None:
    """Extend `model` by `output`, what `mean_features` gives [N, CHANNELS]."""
    source = _CELLS[look.comparable_scale]
    model.graph.node.append(helper.make_node("GlobalAveragePool", [source], [f"{output}.pooled"]))
    model.graph.node.append(helper.make_node("Flatten", [f"{output}.pooled"], [output]))


def append_network(model: onnx.ModelProto, side: int, network: onnx.ModelProto, network_side: int, prefix: str) -> str:
    """Extend `model`, which sees pictures of `side` pixels, by a network from `image` to `features` that sees them at
    `network_side`; gives the name of its features. `prefix` keeps its names apart."""
    graph, source = model.graph, INPUT
    window = side // network_side
    if window > 1:
        # Resize looks at four pixels; of a much larger picture it would leave most out.
        source = f"{prefix}averaged"
        graph.node.append(
            helper.make_node("AveragePool", [INPUT], [source], kernel_shape=[window] * 2, strides=[window] * 2)
        )
    shape = numpy_helper.from_array(np.array([3, network_side, network_side]), f"{prefix}picture.shape")
    graph.initializer.append(shape)
    graph.node.append(helper.make_node("Shape", [INPUT], [f"{prefix}count"], start=0, end=1))
    graph.node.append(helper.make_node("Concat", [f"{prefix}count", shape.name], [f"{prefix}size"], axis=0))
    resized = ["", "", f"{prefix}size"]
    graph.node.append(helper.make_node("Resize", [source, *resized], [f"{prefix}{INPUT}"], mode="linear"))
    other = compose.add_prefix(network, prefix).graph
    graph.node.extend(other.node)
    graph.initializer.extend(other.initializer)
    return f"{prefix}{OUTPUT}"


def raw_graph(look: Look) -> onnx.ModelProto:
    """A model from `image`, float32 [N, 3, side, side] RGB 0…255, to `features`, float32 [N, look.length]."""
    return _graph(FeatureRecipe(look, POOLINGS))


def feature_graph(recipe: FeatureRecipe) -> onnx.ModelProto:
    """A model from `image` to `features`, float32 [N, features]: as `FeatureRecipe.select` makes them of raw ones."""
    return _graph(recipe)


def _graph(recipe: FeatureRecipe) -> onnx.ModelProto:
    look = recipe.look
    model = backbone.trunk(["c6"], look.backbone)
    graph = model.graph
    if look.half_scale:
        original = list(graph.node)
        halve = helper.make_node("AveragePool", [INPUT], ["half.image"], kernel_shape=[2, 2], strides=[2, 2])
        graph.node.extend([halve, *_copy(original, "half.", {INPUT: "half.image"})])
    parts = [
        _pool(graph, scale, pooling, recipe.normalise)
        for scale in look.scales
        for pooling in POOLINGS
        if pooling in recipe.poolings
    ]
    graph.node.append(helper.make_node("Concat", parts, [OUTPUT], axis=1))
    if recipe.normalise:
        smallest = np.asarray(_SMALLEST_LENGTH, np.float32)
        graph.initializer.append(numpy_helper.from_array(smallest, "features.smallest"))
    del graph.input[:], graph.output[:]
    shape: list[str | int | None] = ["N", 3, look.side, look.side]
    graph.input.append(helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, shape))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["N", None]))
    return model


def _pool(graph: onnx.GraphProto, scale: str, pooling: str, normalise: bool) -> str:
    """Append the pooling of one scale; gives the name of its tensor [N, CHANNELS]."""
    source = _CELLS[scale]
    operator = {"mean": "GlobalAveragePool", "max": "GlobalMaxPool"}[pooling]
    part = f"{scale}.{pooling}"
    graph.node.append(helper.make_node(operator, [source], [f"{part}.pooled"]))
    graph.node.append(helper.make_node("Flatten", [f"{part}.pooled"], [part]))
    if not normalise:
        return part
    graph.node.append(helper.make_node("Sqrt", [part], [f"{part}.root"]))
    graph.node.append(helper.make_node("ReduceL2", [f"{part}.root"], [f"{part}.length"], axes=[1], keepdims=1))
    graph.node.append(helper.make_node("Max", [f"{part}.length", "features.smallest"], [f"{part}.divisor"]))
    graph.node.append(helper.make_node("Div", [f"{part}.root", f"{part}.divisor"], [f"{part}.normalised"]))
    return f"{part}.normalised"


def _normalised(part: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    root = np.sqrt(part)
    length = np.linalg.norm(root, axis=-1, keepdims=True)
    return np.asarray(root / np.maximum(length, np.float32(_SMALLEST_LENGTH)))


def _copy(nodes: Sequence[onnx.NodeProto], prefix: str, renamed: dict[str, str]) -> Iterator[onnx.NodeProto]:
    """The same computation on another input; the weights, which no copied node but a Cast produces, are shared."""
    names = dict(renamed)
    for node in nodes:
        if node.op_type == "Cast":
            continue
        names.update({name: prefix + name for name in node.output})
        yield _renamed(node, prefix, names)


def _renamed(node: onnx.NodeProto, prefix: str, names: dict[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.name = prefix + node.name
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names[name] for name in node.output]
    return copy


class FeatureExtractor:
    """Raw features of single pictures. May be used from several threads at once, each keeping one core busy."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._session = Session(raw_graph(look).SerializeToString(), threads=1)

    def __call__(self, pixels: PixelArray) -> npt.NDArray[np.float16]:
        """float16 [look.length] of a picture uint8 [side, side, 3].

        Half precision is a few thousandths of what distinguishes two pictures, and half the memory and disk.
        """
        (features,) = self._session.run({INPUT: input_tensor(pixels)}, [OUTPUT])
        return np.asarray(features[0], dtype=np.float16)
