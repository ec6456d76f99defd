"""Feature vectors of pictures: what a frozen backbone sees, pooled over the picture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from emulator.vision import backbone
from emulator.vision.errors import ImageError
from emulator.vision.examples import ImageSource, Progress, ProgressListener
from emulator.vision.images import PixelArray, decode_resized
from emulator.vision.runtime import Session
from emulator.vision.session import INPUT

FeatureArray = npt.NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")

OUTPUT = "features"


@dataclass(frozen=True)
class FeatureRecipe:
    """How a picture becomes numbers: scaled to side × side, through the backbone, pooled.

    With `half_scale` the same picture at half the side is looked at too, for what is large in it. The poolings, any of
    "mean" and "max", are those of each scale.
    """

    backbone: str = "efficientnet_lite2"
    side: int = 448
    poolings: tuple[str, ...] = ("mean", "max")
    half_scale: bool = False

    @property
    def name(self) -> str:
        scales = f"{self.side // 2}+{self.side}" if self.half_scale else f"{self.side}"
        return f"{self.backbone} {scales} px {'+'.join(self.poolings)}"


def feature_graph(recipe: FeatureRecipe) -> onnx.ModelProto:
    """A model from `image`, float32 [N, 3, side, side] RGB 0…255, to `features`, float32 [N, features]."""
    model = backbone.trunk(["c6"], recipe.backbone)
    graph = model.graph
    original = list(graph.node)
    parts = []
    scales = ["full", "half"] if recipe.half_scale else ["full"]
    for scale in scales:
        final = "c6"
        if scale == "half":
            graph.node.append(
                helper.make_node("AveragePool", [INPUT], ["half.image"], kernel_shape=[2, 2], strides=[2, 2])
            )
            graph.node.extend(_copy(original, "half.", {INPUT: "half.image"}))
            final = "half.c6"
        for pooling in recipe.poolings:
            operator = {"mean": "GlobalAveragePool", "max": "GlobalMaxPool"}[pooling]
            part = f"{scale}.{pooling}"
            graph.node.append(helper.make_node(operator, [final], [f"{part}.pooled"]))
            graph.node.append(helper.make_node("Flatten", [f"{part}.pooled"], [part]))
            parts.append(part)
    graph.node.append(helper.make_node("Concat", parts, [OUTPUT], axis=1))
    del graph.input[:], graph.output[:]
    shape: list[str | int | None] = ["N", 3, recipe.side, recipe.side]
    graph.input.append(helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, shape))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["N", None]))
    return model


def _copy(nodes: Sequence[onnx.NodeProto], prefix: str, renamed: dict[str, str]) -> Iterator[onnx.NodeProto]:
    """The same computation on another input; the weights, which no copied node but a Cast produces, are shared."""
    names = dict(renamed)
    for node in nodes:
        if node.op_type == "Cast":
            continue
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = prefix + node.name
        copy.input[:] = [names.get(name, name) for name in node.input]
        names.update({name: prefix + name for name in node.output})
        copy.output[:] = [names[name] for name in node.output]
        yield copy


def input_tensor(pixels: Sequence[PixelArray]) -> FeatureArray:
    """Pictures of one size, each uint8 [h, w, 3], as float32 [N, 3, h, w]."""
    return np.ascontiguousarray(np.stack(pixels).transpose(0, 3, 1, 2), dtype=np.float32)


class FeatureExtractor:
    """Computes features of pictures, a few at a time, on `threads` cores; memory does not depend on their number."""

    def __init__(self, recipe: FeatureRecipe, threads: int) -> None:
        self.recipe = recipe
        self.threads = threads
        # A picture per thread keeps every core busy with decoding and computing alike; two threads on one do not.
        self._session = Session(feature_graph(recipe).SerializeToString(), threads=1)

    def of_pixels(self, pixels: PixelArray, mirrored: bool) -> FeatureArray:
        """Features of one picture uint8 [side, side, 3]: [1, features], or [2, features] with its mirror image."""
        views = [pixels, pixels[:, ::-1]] if mirrored else [pixels]
        (features,) = self._session.run({INPUT: input_tensor(views)}, [OUTPUT])
        return features

    def of_image(self, image: ImageSource, mirrored: bool, tolerate_damage: bool) -> FeatureArray:
        """Like `of_pixels` for a picture still to be read and decoded. Raises ImageError."""
        side = self.recipe.side
        return self.of_pixels(decode_resized(image.read(), side, side, tolerate_damage=tolerate_damage), mirrored)

    def of_images(
        self,
        images: Sequence[ImageSource],
        *,
        mirrored: bool,
        skip_unusable: bool,
        stage: str,
        progress: ProgressListener,
    ) -> list[FeatureArray | None]:
        """Features of each picture; None for one that cannot be decoded if `skip_unusable`, else raises ImageError.

        Pictures that end early are used as far as they go.
        """

        def compute(image: ImageSource) -> FeatureArray | None:
            try:
                return self.of_image(image, mirrored, tolerate_damage=True)
            except ImageError:
                if skip_unusable:
                    return None
                raise

        results = []
        for features in in_order(compute, images, self.threads):
            results.append(features)
            progress(Progress(stage, len(results), len(images)))
        return results


def in_order(function: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Iterator[Result]:
    """`map` on several threads, with never more than a few results ahead of the reader."""
    waiting: list[Future[Result]] = []
    iterator = iter(items)
    with ThreadPoolExecutor(threads) as executor:
        waiting.extend(executor.submit(function, item) for item in itertools.islice(iterator, 2 * threads))
        while waiting:
            result = waiting.pop(0).result()
            waiting.extend(executor.submit(function, item) for item in itertools.islice(iterator, 1))
            yield result
