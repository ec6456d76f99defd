"""The trained detector as one ONNX graph: backbone, heads, decoding, calibration and non-maximum suppression."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from emulator.vision import backbone
from emulator.vision.detector import decoding
from emulator.vision.detector.assignment import cell_centres
from emulator.vision.detector.losses import LARGEST_LOG_DISTANCE
from emulator.vision.detector.network import DetectorNetwork, LevelHead
from emulator.vision.detector.plan import DetectorPlan, Start
from emulator.vision.detector.suppression import Suppression
from emulator.vision.detector.trunk import TRAINED_BLOCKS, frozen_outputs, frozen_trunk
from emulator.vision.layers import Array

FEATURES = ("c3", "c4", "c5")
INPUT = "image"
SHARED_CONSTANTS = ("zero", "six")
"""Names that the trained and the frozen blocks of the COCO network have in common."""
OUTPUTS = ("boxes", "labels", "confidences")
SMALLEST_HALF_PRECISION_WEIGHT = 2048
"""Numbers in a weight; smaller ones are not worth a Cast node."""


class _Graph:
    """Nodes and initializers under one prefix, so that they cannot clash with those of the pretrained network.

    What several sizes of the input need, weights and constants, is there once; nodes are there for every size.
    """

    PREFIX = "detector."

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self._casts: dict[str, onnx.NodeProto] = {}
        self._size = ""

    @property
    def casts(self) -> list[onnx.NodeProto]:
        return list(self._casts.values())

    @contextlib.contextmanager
    def at_size(self, prefix: str) -> Iterator[None]:
        """Nodes made inside belong to one size of the input, their names begin with `prefix`."""
        self._size = prefix
        yield
        self._size = ""

    def local(self, name: str) -> str:
        """The name at the present size."""
        return self._size + name

    def cast(self, node: onnx.NodeProto) -> None:
        self._casts.setdefault(node.output[0], node)

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        name = self.PREFIX + name
        tensor = numpy_helper.from_array(np.array(value, dtype, order="C"), name)
        if self.initializers.setdefault(name, tensor) != tensor:
            raise ValueError(f"two constants are called {name}")
        return name

    def weight(self, name: str, value: Array) -> str:
        if value.size < SMALLEST_HALF_PRECISION_WEIGHT:
            return self.constant(name, value)
        stored = self.constant(f"{name}.fp16", value, np.float16)
        name = self.PREFIX + name
        self.cast(helper.make_node("Cast", [stored], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT))
        return name

    def node(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        name = self.local(self.PREFIX + name)
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def pointwise(self, source: str, name: str, values: dict[str, Array]) -> str:
        weight = self.weight(f"{name}.weight", values[f"{name}.weight"].T[:, :, None, None])
        bias = self.constant(f"{name}.bias", values[f"{name}.bias"])
        return self.node("Conv", [source, weight, bias], name, kernel_shape=[1, 1])

    def depthwise(self, source: str, name: str, values: dict[str, Array]) -> str:
        kernel = values[f"{name}.weight"]
        weight = self.weight(f"{name}.weight", kernel.transpose(2, 0, 1)[:, None])
        bias = self.constant(f"{name}.bias", values[f"{name}.bias"])
        size, _, channels = kernel.shape
        shape = {"kernel_shape": [size, size], "pads": [size // 2] * 4, "group": channels}
        return self.node("Conv", [source, weight, bias], name, **shape)


Tower = Callable[[_Graph, int, Mapping[str, str]], str]
"""From a level's number and the names, at the present size, of the pretrained network's outputs to the name of the
head's output (1, labels + 4, rows, columns)."""


def build_graph(network: DetectorNetwork, plan: DetectorPlan) -> onnx.ModelProto:
    """The graph of a finished network (`DetectorNetwork.finish`).

    Input `image`: uint8 [1, input height, input width, 3], RGB, letterboxed. Outputs, best first: `boxes` float32
    [n, 4] (left, top, right, bottom in input pixels), `labels` int64 [n], `confidences` float32 [n], 0..1.
    """
    outputs = (*FEATURES, *frozen_outputs(plan.start, plan.levels)[2:])

    def tower(graph: _Graph, number: int, features: Mapping[str, str]) -> str:
        inputs = [features[outputs[index]] for index in network.inputs_of(number)]
        return _tower(graph, network.heads[number], inputs, network.store.values)

    return _whole(_trained_network(network.store.values, plan), tower, network.label_count, plan)


def build_linear_graph(weights: Sequence[tuple[Array, Array]], plan: DetectorPlan) -> onnx.ModelProto:
    """As build_graph, for heads that are one 1x1 convolution of the COCO network's neck: for each level the weight
    (192, labels + 4) and the bias (labels + 4,)."""
    outputs = frozen_outputs(Start.COCO, plan.levels)
    necks = outputs[2:]

    def tower(graph: _Graph, number: int, features: Mapping[str, str]) -> str:
        name = f"{plan.levels[number].name}.output"
        values = {f"{name}.weight": weights[number][0], f"{name}.bias": weights[number][1]}
        return graph.pointwise(features[necks[number]], name, values)

    label_count = len(weights[0][1]) - 4
    return _whole(frozen_trunk(outputs, False, Start.COCO).graph, tower, label_count, plan)


def _whole(trunk: onnx.GraphProto, tower: Tower, label_count: int, plan: DetectorPlan) -> onnx.ModelProto:
    graph = _Graph()
    graph.nodes += [
        helper.make_node("Cast", [INPUT], ["image.float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Transpose", ["image.float"], ["image.planes"], perm=[0, 3, 1, 2]),
    ]
    planes = _with_mirror_image(graph, "image.planes") if plan.mirrored else "image.planes"
    boxes, logits = [], []
    for shrinking in plan.shrinkings:
        with graph.at_size(f"by{shrinking}." if shrinking > 1 else ""):
            features = _looked_at(graph, trunk, planes, shrinking)
            for number, level in enumerate(plan.levels):
                output = tower(graph, number, features)
                if plan.mirrored:
                    output = _mean_with_mirrored(graph, output, level.name, label_count)
                level_boxes, level_logits = _decoded(graph, output, number, label_count, plan, shrinking)
                boxes.append(level_boxes)
                logits.append(level_logits)
    _detections(graph, boxes, logits, plan)
    shape = [1, plan.input_height, plan.input_width, 3]
    outputs = [
        helper.make_tensor_value_info("boxes", onnx.TensorProto.FLOAT, ["detections", 4]),
        helper.make_tensor_value_info("labels", onnx.TensorProto.INT64, ["detections"]),
        helper.make_tensor_value_info("confidences", onnx.TensorProto.FLOAT, ["detections"]),
    ]
    whole = helper.make_graph(
        [*graph.casts, *graph.nodes],
        "detector",
        [helper.make_tensor_value_info(INPUT, onnx.TensorProto.UINT8, shape)],
        outputs,
        [*trunk.initializer, *graph.initializers.values()],
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _flipped(graph: _Graph, planes: str, name: str) -> str:
    """(pictures, channels, rows, columns) with the columns in the opposite order."""
    ends = {"from": -1, "to": np.iinfo(np.int64).min, "axis": 3, "step": -1}
    edges = [graph.constant(f"flip.{key}", [value], np.int64) for key, value in ends.items()]
    return graph.node("Slice", [planes, *edges], name)


def _with_mirror_image(graph: _Graph, planes: str) -> str:
    """A picture (1, 3, rows, columns) and its mirror image (2, 3, rows, columns)."""
    return graph.node("Concat", [planes, _flipped(graph, planes, "image.flipped")], "image.both", axis=0)


def _mean_with_mirrored(graph: _Graph, output: str, name: str, label_count: int) -> str:
    """decoding.mean_with_mirrored for a head's output of both (2, labels + 4, rows, columns) -> (1, …)."""
    halves = [graph.local(f"{graph.PREFIX}{name}.{part}") for part in ("upright", "mirrored")]
    graph.nodes.append(helper.make_node("Split", [output], halves, axis=0))
    order = [*range(label_count), *(label_count + place for place in decoding.DISTANCES_IN_MIRROR)]
    channels = graph.constant("channels.mirrored", order, np.int64)
    back = graph.node("Gather", [_flipped(graph, halves[1], f"{name}.back"), channels], f"{name}.in_order", axis=1)
    return graph.node("Mean", [halves[0], back], f"{name}.mean")


def _looked_at(graph: _Graph, trunk: onnx.GraphProto, planes: str, shrinking: int) -> dict[str, str]:
    """Add the pretrained network for `planes`, shrunk; map the names of its tensors to those at this size."""
    if shrinking > 1:
        window = [shrinking] * 2
        planes = graph.node("AveragePool", [planes], "planes", kernel_shape=window, strides=window)
    names = {INPUT: planes}
    for node in trunk.node:
        # A Cast turns a stored weight into numbers, the same for every size.
        if node.op_type == "Cast":
            graph.cast(node)
            continue
        # A copy: the same node is needed for every size.
        inner = onnx.NodeProto.FromString(node.SerializeToString())
        names.update({output: graph.local(output) for output in node.output})
        inner.name = graph.local(node.name)
        inner.input[:] = [names.get(name, name) for name in node.input]
        inner.output[:] = [names[output] for output in node.output]
        graph.nodes.append(inner)
    return names


def _trained_network(values: dict[str, Array], plan: DetectorPlan) -> onnx.GraphProto:
    """The pretrained network up to what the heads need, with c5 from the weights that were trained, stored in the same
    precision. Where other outputs need the frozen ones, too, both are there."""
    trained = _with_trained_blocks(frozen_trunk(FEATURES, plan.byte_front, plan.start), values)
    necks = frozen_outputs(plan.start, plan.levels)[2:]
    if not necks:
        return trained
    frozen = frozen_trunk((*necks, "c3", "c4"), False, plan.start).graph
    front = {node.name for node in frozen_trunk(("c3", "c4"), False, plan.start).graph.node}
    own = [node for node in trained.node if node.name not in front and node.name not in {"c3", "c4"}]
    theirs = {output for node in own for output in node.output} | {
        name for node in own for name in node.input if name in {t.name for t in trained.initializer}
    }
    # Constants like the bounds of ReLU6 are the same in both.
    theirs -= {tensor.name for tensor in frozen.initializer if tensor.name in SHARED_CONSTANTS} | {"c5"}
    renamed = {name: f"trained.{name}" for name in theirs}
    for node in own:
        node.name = f"trained.{node.name}"
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for tensor in trained.initializer:
        if tensor.name in renamed:
            tensor.name = renamed[tensor.name]
            frozen.initializer.append(tensor)
    frozen.node.extend(own)
    return frozen


def _with_trained_blocks(model: onnx.ModelProto, values: dict[str, Array]) -> onnx.GraphProto:
    """The network with the weights that were trained in place of its own, stored in the same precision."""
    trained = {}
    for index, block in enumerate(TRAINED_BLOCKS):
        for part in ("expand", "project"):
            trained[f"{block}.{part}.weight"] = values[f"block{index}.{part}.weight"].T[:, :, None, None]
        for part in ("expand", "depthwise", "project"):
            trained[f"{block}.{part}.bias"] = values[f"block{index}.{part}.bias"]
    backbone.replace_weights(model, trained)
    return model.graph


def _tower(graph: _Graph, head: LevelHead, features: Sequence[str], values: dict[str, Array]) -> str:
    """The head of one level: its output (1, labels + 4, rows, columns)."""
    level, name = head.level, head.level.name
    parts = []
    for index, (feature, stride) in enumerate(zip(features, head.strides, strict=True)):
        part = feature
        if stride < level.stride:
            window = [level.stride // stride] * 2
            part = graph.node("AveragePool", [part], f"{name}.averaged{index}", kernel_shape=window, strides=window)
        part = graph.pointwise(part, f"{name}.lateral{index}", values)
        if stride > level.stride:
            scales = graph.constant(f"{name}.scales{index}", [1, 1, stride / level.stride, stride / level.stride])
            nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            part = graph.node("Resize", [part, "", scales], f"{name}.enlarged{index}", **nearest)
        parts.append(part)
    tower = graph.node("Relu", [graph.node("Sum", parts, f"{name}.sum")], f"{name}.sum.relu")
    tower = graph.pointwise(graph.depthwise(tower, f"{name}.depthwise", values), f"{name}.mix", values)
    return graph.pointwise(graph.node("Relu", [tower], f"{name}.mix.relu"), f"{name}.output", values)


def _decoded(
    graph: _Graph, output: str, number: int, label_count: int, plan: DetectorPlan, shrinking: int
) -> tuple[str, str]:
    """One level's boxes (1, 4, cells), in pixels of the input, and logits (1, labels, cells)."""
    level = plan.levels[number]
    name = level.name
    shape = graph.constant(f"{name}.shape", [1, label_count + 4, -1], np.int64)
    flat = graph.node("Reshape", [output, shape], f"{name}.flat")
    split = graph.constant(f"{name}.split", [label_count, 4], np.int64)
    logits, distances = (graph.local(f"{graph.PREFIX}{name}.{part}") for part in ("logits", "distances"))
    graph.nodes.append(helper.make_node("Split", [flat, split], [logits, distances], axis=1))
    lowest = graph.constant(f"{name}.lowest", -LARGEST_LOG_DISTANCE)
    highest = graph.constant(f"{name}.highest", LARGEST_LOG_DISTANCE)
    clipped = graph.node("Clip", [distances, lowest, highest], f"{name}.clipped")
    sides = graph.constant(f"{name}.sides", level.stride * np.array([-1, -1, 1, 1])[None, :, None])
    offsets = graph.node("Mul", [graph.node("Exp", [clipped], f"{name}.strides"), sides], f"{name}.offsets")
    grid = cell_centres(plan.input_height // shrinking, plan.input_width // shrinking, level.stride)
    centres = graph.constant(graph.local(f"{name}.centres"), np.tile(grid, (1, 2)).T[None])
    boxes = graph.node("Add", [offsets, centres], f"{name}.boxes")
    if shrinking > 1:
        boxes = graph.node("Mul", [boxes, graph.constant(f"shrinking{shrinking}", shrinking)], f"{name}.input")
    return boxes, logits


def _detections(graph: _Graph, boxes: Sequence[str], logits: Sequence[str], plan: DetectorPlan) -> None:
    """Join the levels, suppress what overlaps and leave the outputs, best first."""
    joined = graph.node("Transpose", [graph.node("Concat", boxes, "boxes.planes", axis=2)], "boxes.all", perm=[0, 2, 1])
    joined = graph.node("Max", [joined, graph.constant("origin", [0, 0, 0, 0])], "boxes.positive")
    limits = graph.constant("limits", [plan.input_width, plan.input_height] * 2)
    joined = graph.node("Min", [joined, limits], "boxes.clipped")
    steep = graph.node(
        "Mul",
        [graph.node("Concat", logits, "logits", axis=2), graph.constant("slope", decoding.CALIBRATION_SLOPE)],
        "steep",
    )
    calibrated = graph.node("Add", [steep, graph.constant("offset", decoding.CALIBRATION_OFFSET)], "calibrated")
    confidences = graph.node("Sigmoid", [calibrated], "confidences.all")
    limits_of_suppression = [
        graph.constant("most", [decoding.MOST_DETECTIONS], np.int64),
        graph.constant("overlap", [decoding.NMS_OVERLAP]),
        graph.constant("lowest", [decoding.lowest_confidence()]),
    ]
    # Rows of (picture, label, cell), label by label, best first.
    selected = graph.node("NonMaxSuppression", [joined, confidences, *limits_of_suppression], "selected")
    label_and_cell = graph.node(
        "Gather", [selected, graph.constant("columns", [1, 2], np.int64)], "columns.kept", axis=1
    )
    axis = graph.constant("first", [0], np.int64)
    plane = graph.node("Squeeze", [confidences, axis], "confidences.plane")
    found = graph.node("GatherND", [plane, label_and_cell], "confidences.found")
    count = graph.node(
        "Min",
        [graph.node("Shape", [found], "found"), graph.constant("limit", [decoding.MOST_DETECTIONS], np.int64)],
        "count",
    )
    graph.nodes.append(
        helper.make_node("TopK", [found, count], [f"{graph.PREFIX}sorted", f"{graph.PREFIX}order"], sorted=1)
    )
    best = graph.node("Gather", [label_and_cell, f"{graph.PREFIX}order"], "best", axis=0)
    cells = graph.node("Gather", [best, graph.constant("cell", 1, np.int64)], "cells", axis=1)
    labels = graph.node("Gather", [best, graph.constant("label", 0, np.int64)], "labels.found", axis=1)
    found = graph.node("Gather", [graph.node("Squeeze", [joined, axis], "boxes.plane"), cells], "boxes.found", axis=0)
    remaining = _remaining_shares(graph, found, labels, plan.suppression)
    lowered = graph.node("Mul", [f"{graph.PREFIX}sorted", remaining], "confidences.lowered")
    size = graph.node("Shape", [lowered], "found.size")
    graph.nodes.append(helper.make_node("TopK", [lowered, size], ["confidences", f"{graph.PREFIX}final"], sorted=1))
    for output, values in (("labels", labels), ("boxes", found)):
        graph.nodes.append(helper.make_node("Gather", [values, f"{graph.PREFIX}final"], [output], axis=0))


def _remaining_shares(graph: _Graph, boxes: str, labels: str, suppression: Suppression) -> str:
    """For boxes (n, 4), best first, with labels (n,): what each keeps of its confidence (n,), see Suppression."""
    near, far = (
        graph.node(
            "Slice", [boxes, *(graph.constant(f"{name}.{key}", [value], np.int64) for key, value in edges)], name
        )
        for name, edges in (
            ("corner.near", (("start", 0), ("end", 2), ("axis", 1))),
            ("corner.far", (("start", 2), ("end", 4), ("axis", 1))),
        )
    )
    axes = {key: graph.constant(f"axis.{key}", [value], np.int64) for key, value in (("across", 0), ("down", 1))}

    def of_pairs(operator: str, values: str, name: str) -> str:
        """(n, k) or (n,) -> (n, n, k) or (n, n): every value with every other one."""
        sides = [graph.node("Unsqueeze", [values, axis], f"{name}.{key}") for key, axis in axes.items()]
        return graph.node(operator, sides, name)

    sides = graph.node("Sub", [of_pairs("Min", far, "pairs.far"), of_pairs("Max", near, "pairs.near")], "pairs.sides")
    sides = graph.node("Max", [sides, graph.constant("none", 0.0)], "pairs.common")
    common = graph.node("ReduceProd", [sides], "pairs.areas", axes=[-1], keepdims=0)
    areas = graph.node("ReduceProd", [graph.node("Sub", [far, near], "extents")], "areas", axes=[-1], keepdims=0)
    union = graph.node("Sub", [of_pairs("Add", areas, "pairs.sum"), common], "pairs.union")
    doubles = []
    for name, size, limit in (
        ("overlap", union, suppression.overlap),
        ("containment", of_pairs("Min", areas, "pairs.smaller"), suppression.containment),
    ):
        largest = graph.node("Mul", [size, graph.constant(f"largest.{name}", limit)], f"pairs.{name}.largest")
        doubles.append(graph.node("Greater", [common, largest], f"pairs.{name}"))
    alike = graph.node(
        "And", [graph.node("Or", doubles, "pairs.either"), of_pairs("Equal", labels, "pairs.alike")], "pairs.doubles"
    )
    counts = graph.node("Cast", [alike], "pairs.numbers", to=onnx.TensorProto.FLOAT)
    counts = graph.node("Trilu", [counts, graph.constant("diagonal", 1, np.int64)], "pairs.worse", upper=1)
    # A sum, for a maximum over no boxes at all is an error.
    better = graph.node("ReduceSum", [counts, axes["across"]], "better", keepdims=0)
    is_double = graph.node("Greater", [better, graph.constant("half", 0.5)], "is_double")
    return graph.node(
        "Where", [is_double, graph.constant("double", suppression.share), graph.constant("single", 1.0)], "remaining"
    )
