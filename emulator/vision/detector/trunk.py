"""The frozen front of the backbone, as the training uses it: bytes in, channels-last features out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from emulator.vision import backbone
from emulator.vision.detector.plan import Level, Start
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session

TRAINED_BLOCKS = ("block11", "block12", "block13", "block14", "block15")
"""The blocks of EfficientNet-Lite0 behind output c4 (models/PROVENANCE.md)."""
FROZEN_OUTPUTS = ("c3", "c4")
NECK_CHANNELS = 192
NETWORKS = {Start.IMAGENET: backbone.DEFAULT_BACKBONE, Start.COCO: "efficientdet_lite0"}
_FRONT = "efficientnet_lite0_front"


def frozen_outputs(start: Start, levels: Sequence[Level]) -> tuple[str, ...]:
    """What the heads of the levels need of the frozen network."""
    # The COCO network's pyramid has the same strides: neck3 is for p3.
    necks = tuple(f"neck{level.name[1:]}" for level in levels) if start == Start.COCO else ()
    return FROZEN_OUTPUTS + necks


def frozen_trunk(outputs: Sequence[str], byte_front: bool, start: Start = Start.IMAGENET) -> onnx.ModelProto:
    """The pretrained network up to `outputs`; with `byte_front` its frozen part computes with 8 bits where that is
    quicker, which ImageNet's alone can."""
    front = backbone.byte_version(_FRONT) if byte_front and start == Start.IMAGENET else None
    return backbone.trunk(outputs, NETWORKS[start], front=front)


class Trunk:
    """Pixels to the frozen features, run by onnxruntime on one thread. May be called from several threads at once."""

    def __init__(self, byte_front: bool, start: Start = Start.IMAGENET, levels: Sequence[Level] = ()) -> None:
        """`byte_front`: as in frozen_trunk; `start` and `levels`: as in frozen_outputs."""
        outputs = frozen_outputs(start, levels)
        graph = frozen_trunk(outputs, byte_front, start).graph
        before = [
            helper.make_node("Cast", ["pixels"], ["pixels.float"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Transpose", ["pixels.float"], ["image"], perm=[0, 3, 1, 2]),
        ]
        after = [helper.make_node("Transpose", [name], [f"{name}.last"], perm=[0, 2, 3, 1]) for name in outputs]
        channels_last = helper.make_graph(
            [*before, *graph.node, *after],
            "trunk",
            [helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, ["batch", "height", "width", 3])],
            [helper.make_tensor_value_info(f"{name}.last", onnx.TensorProto.FLOAT, None) for name in outputs],
            graph.initializer,
        )
        model = helper.make_model(channels_last, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        self._session = Session(model.SerializeToString(), threads=1)

    def features(self, pixels: Array) -> list[Array]:
        """uint8 (batch, height, width, 3), sides multiples of 32 -> c3 (batch, height/8, width/8, 40), c4 (batch,
        height/16, width/16, 112) and, of the COCO network, for each level (batch, rows, columns, 192), float32."""
        # Picture by picture: the first layers of a batch do not fit into the cache.
        features = [self._session.run({"pixels": np.ascontiguousarray(picture[None])}) for picture in pixels]
        return [np.concatenate(parts) for parts in zip(*features, strict=True)]
