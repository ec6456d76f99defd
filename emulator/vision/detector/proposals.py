"""Boxes around whatever looks like an object, from a network that knows none of the user's labels.

EfficientDet-Lite0 (Tan, Pang and Le 2020, EfficientDet: Scalable and Efficient Object Detection, arXiv 1911.09070) as
COCO taught it, its 90 classes taken together (models/PROVENANCE.md). Nothing is trained here. People who label pictures
get boxes to begin with, and trainings find out whether COCO is a good start for their data.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from emulator.vision import backbone, images
from emulator.vision.detector.geometry import suppress
from emulator.vision.detector.losses import sigmoid
from emulator.vision.images import PixelArray
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session

NETWORK = "efficientdet_lite0"
LEVELS = (3, 4, 5, 6, 7)
"""Cells are 2 to the power of the level pixels apart."""
CLASSES = 90
ANCHOR_SIZES = tuple(3.0 * 2 ** (octave / 3) for octave in range(3))
"""Sides of the square anchors, in strides."""
ANCHOR_SHAPES = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))
"""Width and height of an anchor, in those."""
SIDE = 320
"""Pixels; pictures are stretched to a square, as those were that the network has learnt from."""
CONSIDERED = 1000
"""Anchors of the highest scores that suppression looks at."""
OVERLAP = 0.5


@dataclass(frozen=True)
class Proposal:
    """`box`: left, top, width and height in fractions of the upright picture; `objectness` 0…1, not calibrated."""

    box: tuple[float, float, float, float]
    objectness: float


def propose_boxes(data: bytes, most: int = 10) -> list[Proposal]:
    """Up to `most` boxes for a JPEG or PNG, likeliest first, no two of them overlapping by more than half.

    Takes some 25 ms of one core, more at the first call of a process. May be called from several threads at once.
    Raises ImageError as images.decode does, ModelFileError if the network is damaged or missing.
    """
    boxes, scores = find_objects(images.decode_resized(data, SIDE, SIDE, tolerate_damage=True), most)
    return [
        Proposal((left, top, right - left, bottom - top), float(score))
        for (left, top, right, bottom), score in zip(boxes.tolist(), scores, strict=True)
    ]


def find_objects(pixels: PixelArray, most: int) -> tuple[Array, Array]:
    """A picture uint8 [SIDE, SIDE, 3] -> boxes (n, 4) in fractions of it and scores (n,) 0…1, best first."""
    scores, offsets = _session().run({"pixels": pixels[None]})
    best = np.argsort(-scores, kind="stable")[:CONSIDERED]
    anchors, offsets = _anchors()[best], offsets[best]
    # Offsets are of the centre, in sides of the anchor, and logarithms of the sides: y before x, height before width.
    centres = anchors[:, :2] + offsets[:, 1::-1] * anchors[:, 2:]
    halves = anchors[:, 2:] * np.exp(np.minimum(offsets[:, :1:-1], 4)) / 2
    boxes = np.clip(np.concatenate([centres - halves, centres + halves], 1) / SIDE, 0, 1)
    kept = suppress(boxes, scores[best], OVERLAP)[:most]
    return boxes[kept].astype(np.float64), sigmoid(scores[best][kept])


@functools.cache
def _anchors() -> Array:
    """(anchors, 4): centre x, centre y, width and height in pixels, in the order of the session's outputs."""
    parts = []
    for level in LEVELS:
        stride = 2**level
        centres = (np.arange(-(-SIDE // stride)) + 0.5) * stride
        y, x = np.meshgrid(centres, centres, indexing="ij")
        for size in ANCHOR_SIZES:
            for width, height in ANCHOR_SHAPES:
                sides = [np.full(x.size, size * stride * share) for share in (width, height)]
                parts.append(np.stack([x.ravel(), y.ravel(), *sides], 1))
    return np.concatenate(parts).astype(np.float32)


@functools.cache
def _session() -> Session:
    """Input `pixels` uint8 [1, SIDE, SIDE, 3]; outputs: each anchor's best logit (anchors,), offsets (anchors, 4)."""
    names = [f"{kind}{level}" for kind in ("scores", "offsets") for level in LEVELS]
    graph = backbone.trunk(names, NETWORK).graph
    nodes = [
        helper.make_node("Cast", ["pixels"], ["pixels.float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels.float"], ["image"], perm=[0, 3, 1, 2]),
        *graph.node,
    ]
    constants = []
    shapes = len(ANCHOR_SIZES) * len(ANCHOR_SHAPES)
    for kind, depth in (("scores", CLASSES), ("offsets", 4)):
        constants.append(numpy_helper.from_array(np.array([shapes, depth, -1]), f"{kind}.shape"))
        # Channels are anchor by anchor: (shapes * depth, rows, columns) -> (shapes, depth, cells) -> (anchors, depth).
        for level in LEVELS:
            name = f"{kind}{level}"
            nodes.append(helper.make_node("Reshape", [name, f"{kind}.shape"], [f"{name}.split"]))
            if kind == "scores":
                nodes.append(helper.make_node("ReduceMax", [f"{name}.split"], [f"{name}.best"], axes=[1], keepdims=1))
            source = f"{name}.best" if kind == "scores" else f"{name}.split"
            nodes.append(helper.make_node("Transpose", [source], [f"{name}.last"], perm=[0, 2, 1]))
            shape = f"{kind}.flat"
            nodes.append(helper.make_node("Reshape", [f"{name}.last", shape], [f"{name}.flat"]))
        flat = [-1] if kind == "scores" else [-1, 4]
        constants.append(numpy_helper.from_array(np.array(flat), f"{kind}.flat"))
        nodes.append(helper.make_node("Concat", [f"{kind}{level}.flat" for level in LEVELS], [kind], axis=0))
    whole = helper.make_graph(
        nodes,
        "proposals",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [1, SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(kind, onnx.TensorProto.FLOAT, None) for kind in ("scores", "offsets")],
        [*graph.initializer, *constants],
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Session(model.SerializeToString(), threads=1)
