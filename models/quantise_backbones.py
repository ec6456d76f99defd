"""Make the 8-bit versions of the backbones, and prove that they see the same.

Run it after build_backbones.py, whose files it starts from. Nothing of this is needed to use the emulator. In a virtual
environment of its own:

    pip install "numpy>=2" onnx onnxruntime scikit-image
    python models/quantise_backbones.py

It writes `efficientnet_lite2_int8.onnx` and `efficientnet_lite0_front_int8.onnx` beside itself, their entries into
`checksums.json`, and prints how much they differ. PROVENANCE.md says what was quantised and why.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

FloatArray = npt.NDArray[np.float32]

# Pictures that the wheel of scikit-image carries, mostly photographs; only ranges of activations are taken from them.
CALIBRATION_PICTURES = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png"),
    *("hubble_deep_field.jpg", "ihc.png", "motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg"),
)
# Cosine of the outputs, each channel's mean over the pictures subtracted.
SMALLEST_LIKENESS = 0.98


@dataclass(frozen=True)
class Quantised:
    """A file to make: from which backbone, with which outputs, for pictures of about which side in pixels.

    The layers whose names start with one of `precise` stay float32: the first ones have few channels and large ranges,
    lose the most and take a small part of the time. `percentile`: how much of the activations the ranges cover.
    """

    name: str
    source: str
    outputs: tuple[str, ...]
    side: int
    precise: tuple[str, ...]
    percentile: float


VARIANTS = (
    Quantised(
        "efficientnet_lite2_int8",
        "efficientnet_lite2",
        ("c6",),
        320,
        ("stem", "block00", "block01.project"),
        100.0,
    ),
    # Single cells of its outputs matter, so its ranges are cut where only the largest 0.01 % lie beyond.
    Quantised(
        "efficientnet_lite0_front_int8",
        "efficientnet_lite0",
        ("c3", "c4"),
        384,
        ("stem", "block00", "block01"),
        99.99,
    ),
)


class Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Pictures as the quantiser wants them: one a call, None at the end."""

    def __init__(self, pictures: Sequence[FloatArray]) -> None:
        self._left = iter(pictures)

    def get_next(self) -> dict[str, FloatArray] | None:
        picture = next(self._left, None)
        return None if picture is None else {"image": picture}


def read_pictures(side: int, seed: int) -> Iterator[FloatArray]:
    """Each picture's largest square and a random quarter of it: float32 [1, 3, side, side], 0 to 255."""
    folder = Path(importlib.import_module("skimage").__file__ or "").parent / "data"
    transform, read = importlib.import_module("skimage.transform"), importlib.import_module("skimage.io").imread
    random = np.random.default_rng(seed)
    for name in CALIBRATION_PICTURES:
        pixels = read(folder / name)
        pixels = np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels[..., :3]
        whole = min(pixels.shape[:2])
        for length in (whole, whole // 2):
            top, left = (int(random.integers(size - length + 1)) for size in pixels.shape[:2])
            square = pixels[top : top + length, left : left + length]
            scaled = transform.resize(square, (side, side), preserve_range=True, anti_aliasing=True)
            yield np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], dtype=np.float32)


def in_single_precision(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """The part of `model` that the outputs need, with every weight as float32 and no Cast."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    cast = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    needed, nodes = set(outputs), []
    for node in reversed(model.graph.node):
        if node.op_type != "Cast" and needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    weights = [
        numpy_helper.from_array(numpy_helper.to_array(stored[cast.get(name, name)]).astype(np.float32), name)
        for name in sorted(needed)
        if cast.get(name, name) in stored
    ]
    kept = [item for item in model.graph.output if item.name in outputs]
    graph = onnx.helper.make_graph(nodes[::-1], model.graph.name, list(model.graph.input), kept, weights)
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def quantise(model: onnx.ModelProto, variant: Quantised) -> onnx.ModelProto:
    """Activations as uint8, weights as int8 with a scale a channel, in all layers that need not be precise."""
    whole_range = variant.percentile == 100
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.onnx", Path(folder) / "target.onnx"
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            Pictures(list(read_pictures(variant.side, seed=0))),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Clip"],
            nodes_to_exclude=[node.name for node in model.graph.node if node.name.startswith(variant.precise)],
            calibrate_method=CalibrationMethod.MinMax if whole_range else CalibrationMethod.Percentile,
            extra_options={} if whole_range else {"CalibPercentile": variant.percentile},
        )
        return onnx.load(target)


def prefixed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every name inside starts with `int8.`, so that it can be joined with the backbone it was made from."""
    return onnx.compose.add_prefix(model, "int8.", rename_inputs=False, rename_outputs=False)


def likeness(model: onnx.ModelProto, exact: onnx.ModelProto, pictures: Sequence[FloatArray]) -> float:
    """The smallest cosine between the outputs of both, over all pictures, each channel centred."""
    results: list[list[Any]] = []
    for graph in (model, exact):
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        found = [session.run(None, {"image": picture}) for picture in pictures]
        results.append([np.concatenate(output) for output in zip(*found, strict=True)])
    cosines = []
    for ours, theirs in zip(*results, strict=True):
        a, b = (values - values.mean(axis=(0, 2, 3), keepdims=True) for values in (ours, theirs))
        cosines.append(float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)))
    return min(cosines)


def rebuild(variant: Quantised, folder: Path) -> dict[str, object]:
    """Quantise, check and write one file; gives its entry for checksums.json. Raises ValueError if it differs."""
    exact = in_single_precision(onnx.load(folder / f"{variant.source}.onnx"), variant.outputs)
    model = prefixed(quantise(exact, variant))
    onnx.checker.check_model(model, full_check=True)
    found = likeness(model, exact, list(read_pictures(variant.side, seed=1)))
    print(f"{variant.name}: cosine {found:.4f} on other parts of the pictures")
    if found < SMALLEST_LIKENESS:
        raise ValueError(f"{variant.name} does not see what {variant.source} sees")
    data = model.SerializeToString(deterministic=True)
    (folder / f"{variant.name}.onnx").write_bytes(data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the backbones are")
    folder = parser.parse_args().folder
    checksums = folder / "checksums.json"
    entries = json.loads(checksums.read_text())
    entries |= {f"{variant.name}.onnx": rebuild(variant, folder) for variant in VARIANTS}
    checksums.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
