"""Whether what a detector found is of the kind of the training objects at all: boxes in pictures of other things.

A detector learns what its objects are not from the backgrounds of the training pictures alone, so it finds some of them
in photographs of anything. The gate compares what a pretrained network sees in a box with what it saw in the training
boxes, as the classifier's does with whole pictures, and lowers the confidence of boxes that are like none of them.
Often the detector's own frozen features tell enough, and cost next to nothing. Where the training boxes are less alike,
a second look is taken, by the classifier's backbone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper

from emulator.vision import backbone
from emulator.vision.detector.graph import INPUT, OUTPUTS
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.trunk import frozen_trunk
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session
from emulator.vision.open_set import (
    KnownGate,
    foreign_likeness,
    generic_statistic,
    nearest,
    threshold_between,
    unit_vectors,
)

logger = logging.getLogger(__name__)

MOST_PICTURES = 200
MOST_BOXES = 500
"""More of them make the file larger and the answers slower, and hardly a box better known."""
SECOND_BACKBONE = "efficientnet_lite2"
SECOND_SIDE = 224
"""The second look sees as many pixels as a square of this side has."""
UNIT = 32
"""Sides are multiples of it; the second look's cells are so many pixels apart."""
OWN_STRIDE = 16
OWN_FEATURES = "c4"
OWN_MARGIN = 48
"""Pixels of the input around a box that the detector's own features are taken from as well: a few cells say little."""
LOST = 0.02
SECOND_LOST = 0.01
"""So much of the training boxes may be less like the others than what the threshold is made of. Of a second look less:
where objects differ much, the next one that is like none of the others is not far."""
SECOND_STEP_DOWN = 0.1
"""However unlike each other the training boxes are, the second look's threshold is at most so much under what boxes of
other things reach: more than with whole pictures, since few of those have boxes at all."""
ALIKE = 0.77
"""A cosine of the detector's own features. Where nearly all training boxes are so like others, they tell enough."""
FOREIGN_ALIKE = 0.68
"""What hardly a box of other things reaches where that is so."""
STEP_UP = 0.4
"""The threshold lies so far on the way from there to the training boxes."""
FEWEST_BOXES_TO_TELL = 10
OWN_COPY = 0.995
SECOND_COPY = 0.9
"""Nearly the same box once more says nothing about new ones."""


LabelledPicture = tuple[Array, Array]


@dataclass(frozen=True)
class BoxGate:
    """A gate on the mean features of boxes; `is_second_look` says whose features."""

    gate: KnownGate
    is_second_look: bool

    def report(self) -> dict[str, object]:
        """What the model file tells of it."""
        by = "second look" if self.is_second_look else "own features"
        return {"by": by, "threshold": round(self.gate.threshold, 3)}


def evenly_by_label(labels: Array, most: int, random: np.random.Generator) -> Array:
    """The indices, ascending, of at most `most` of the boxes with `labels` (n,): all labels have the same number, as
    far as they have as many."""
    order = random.permutation(len(labels))
    ranks = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        ranks[mine] = np.arange(len(mine))
    return np.sort(np.argsort(ranks, kind="stable")[:most])


def fit_gate(
    labels: Sequence[Array], picture_of: Callable[[int], LabelledPicture], plan: DetectorPlan, threads: int, seed: int
) -> BoxGate:
    """From the labels (n,) of each training picture's boxes, of which there is at least one, and a function that reads
    a picture: uint8 (input height, input width, 3), letterboxed, and its boxes (n, 4) in these pixels."""
    random = np.random.default_rng([seed, 4])
    every = np.concatenate(labels)
    numbers = np.repeat(np.arange(len(labels)), [len(of_picture) for of_picture in labels])
    wanted = np.unique(numbers[evenly_by_label(every, MOST_PICTURES, random)])
    offered = np.nonzero(np.isin(numbers, wanted))[0]
    chosen = evenly_by_label(every[offered], MOST_BOXES, random)
    pictures = numbers[offered][chosen]

    def rows(is_second_look: bool) -> Array:
        look = _looking(plan, is_second_look)
        with ThreadPoolExecutor(threads, "detector-gate") as pool:
            found = list(pool.map(lambda number: look(*picture_of(int(number))), wanted))
        return np.concatenate(found)[chosen]

    gate = _own_gate(unit_vectors(rows(False)), pictures) if len(chosen) >= FEWEST_BOXES_TO_TELL else None
    if gate is None:
        gate = _second_gate(generic_statistic().evened(rows(True)), pictures)
    logger.info(
        "detector training: %d boxes tell known ones by %s, from a likeness of %.2f on",
        len(chosen),
        "a second look" if gate.is_second_look else "what the detector sees",
        gate.gate.threshold,
    )
    return gate


def _own_gate(rows: Array, pictures: Array) -> BoxGate | None:
    """From unit vectors (n, channels) of boxes and their pictures (n,); None where the boxes are not alike."""
    own = float(np.quantile(_like_other_pictures(rows, pictures, OWN_COPY), LOST))
    threshold = FOREIGN_ALIKE + STEP_UP * (own - FOREIGN_ALIKE)
    return BoxGate(KnownGate(rows, threshold, statistic=None), False) if own >= ALIKE else None


def _second_gate(rows: Array, pictures: Array) -> BoxGate:
    likeness = _like_other_pictures(rows, pictures, SECOND_COPY)
    foreign = foreign_likeness(len(rows), SECOND_SIDE)
    return BoxGate(KnownGate(rows, threshold_between(likeness, foreign, SECOND_LOST, SECOND_STEP_DOWN)), True)


def gated(model: onnx.ModelProto, gate: BoxGate, plan: DetectorPlan) -> onnx.ModelProto:
    """The graph of a detector with its confidences multiplied by what the gate says; inputs and outputs as before."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    graph = whole.graph
    names = {name: f"before.{name}" for name in OUTPUTS}
    for node in graph.node:
        node.output[:] = [names.get(name, name) for name in node.output]
    features = _append_features(graph, "image.planes", names["boxes"], plan, gate.is_second_look)

    graph.initializer.append(numpy_helper.from_array(np.array([1]), "known.columns"))
    before = _add(graph, "Unsqueeze", [names["confidences"], "known.columns"], "known.before")
    gate.gate.append_to(whole, features, before, "known.after")
    lowered = _add(graph, "Squeeze", ["known.after", "known.columns"], "known.lowered")
    count = _add(graph, "Shape", [lowered], "known.count")
    graph.node.append(helper.make_node("TopK", [lowered, count], ["confidences", "known.order"], sorted=1))
    for name in ("boxes", "labels"):
        _add(graph, "Gather", [names[name], "known.order"], name, axis=0)
    onnx.checker.check_model(whole, full_check=True)
    return whole


def _like_other_pictures(rows: Array, pictures: Array, copy: float) -> Array:
    """How like the boxes of other pictures each box is (n,), from unit vectors (n, channels); -1 without any."""
    cosines = rows @ rows.T
    cosines[(pictures[:, None] == pictures) | (cosines > copy)] = -1
    result: Array = nearest(cosines)
    return result


def _looking(plan: DetectorPlan, is_second_look: bool) -> Callable[[Array, Array], Array]:
    """A function from a picture and its boxes, as LabelledPicture has them, to the mean features (n, channels) of the
    boxes, the very ones of the served graph."""
    graph = onnx.GraphProto(name="looking")
    graph.node.append(helper.make_node("Cast", ["pixels"], ["pixels.float"], to=onnx.TensorProto.FLOAT))
    graph.node.append(helper.make_node("Transpose", ["pixels.float"], [INPUT], perm=[0, 3, 1, 2]))
    if not is_second_look:
        trunk = frozen_trunk((OWN_FEATURES,), plan.byte_front, plan.start).graph
        graph.node.extend(trunk.node)
        graph.initializer.extend(trunk.initializer)
    features = _append_features(graph, INPUT, "boxes", plan, is_second_look)
    shape = [1, plan.input_height, plan.input_width, 3]
    graph.input.append(helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, shape))
    graph.input.append(helper.make_tensor_value_info("boxes", onnx.TensorProto.FLOAT, ["boxes", 4]))
    graph.output.append(helper.make_tensor_value_info(features, onnx.TensorProto.FLOAT, None))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = Session(model.SerializeToString(), threads=1)

    def look(pixels: Array, boxes: Array) -> Array:
        return session.run({"pixels": pixels[None], "boxes": boxes.astype(np.float32)})[0]

    return look


def _add(
    graph: onnx.GraphProto, operator: str, inputs: Sequence[str], name: str, **attributes: int | str | list[int]
) -> str:
    node = helper.make_node(operator, inputs, [name], f"{name}.node")
    node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
    graph.node.append(node)
    return name


def _append_features(graph: onnx.GraphProto, planes: str, boxes: str, plan: DetectorPlan, is_second_look: bool) -> str:
    """Add what turns `boxes` (n, 4), in pixels of the picture `planes` (1, 3, height, width), into mean features; gives
    the name of these (n, channels). The detector's own c4 has to be there."""
    cells, stride, factors, margin = OWN_FEATURES, OWN_STRIDE, np.ones(4), OWN_MARGIN
    if is_second_look:
        height, width = _second_size(plan)
        cells, stride, margin = _append_second_look(graph, planes, plan), UNIT, 0
        factors = np.array([width / plan.input_width, height / plan.input_height] * 2)
    constants = {
        "margins": np.array([-margin, -margin, margin, margin], np.float32),
        "origin": np.zeros(4, np.float32),
        "corner": np.array([plan.input_width, plan.input_height] * 2, np.float32),
        "scales": (factors / stride).astype(np.float32),
        "side": np.array([1]),
    }
    graph.initializer.extend(numpy_helper.from_array(value, f"region.{name}") for name, value in constants.items())

    add = partial(_add, graph)
    regions = add("Add", [boxes, "region.margins"], "region.wide")
    regions = add("Min", [add("Max", [regions, "region.origin"], "region.positive"), "region.corner"], "region.inside")
    regions = add("Mul", [regions, "region.scales"], "region.cells")
    # All regions are of picture number 0, and how many there are is known only then: something less itself.
    sums = add("ReduceSum", [regions, "region.side"], "region.sums", keepdims=0)
    pictures = add("Cast", [add("Sub", [sums, sums], "region.zeros")], "region.pictures", to=onnx.TensorProto.INT64)
    # Without a sampling_ratio it looks at every cell.
    size = {"output_height": 1, "output_width": 1}
    aligned = add("RoiAlign", [cells, regions, pictures], "region.aligned", **size)
    return add("Flatten", [aligned], "region.features", axis=1)


def _second_size(plan: DetectorPlan) -> tuple[int, int]:
    """Height and width of what the second look sees, in the shape of the detector's input."""
    scale = SECOND_SIDE / math.sqrt(plan.input_height * plan.input_width)
    height, width = (max(1, round(side * scale / UNIT)) * UNIT for side in (plan.input_height, plan.input_width))
    return height, width


def _append_second_look(graph: onnx.GraphProto, planes: str, plan: DetectorPlan) -> str:
    """Add the classifier's backbone, looking at a smaller picture; gives the name of its last cells' features."""
    height, width = _second_size(plan)
    # Resize looks at four pixels; of a much larger picture it would leave most out.
    window = max(1, min(plan.input_height // height, plan.input_width // width))
    if window > 1:
        planes = _add(
            graph, "AveragePool", [planes], "second.averaged", kernel_shape=[window] * 2, strides=[window] * 2
        )
    graph.initializer.append(numpy_helper.from_array(np.array([1, 3, height, width]), "second.size"))
    _add(graph, "Resize", [planes, "", "", "second.size"], "second.image", mode="linear")
    trunk = compose.add_prefix(
        backbone.trunk(["c6"], backbone.byte_version(SECOND_BACKBONE) or SECOND_BACKBONE), "second."
    ).graph
    graph.node.extend(trunk.node)
    graph.initializer.extend(trunk.initializer)
    return "second.c6"
