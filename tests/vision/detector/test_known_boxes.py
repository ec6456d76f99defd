"""The gate that lets a detector answer nothing: which boxes it knows, and that its graph says what it says."""

import numpy as np
import onnx
import pytest
from onnx import helper

from emulator.vision.detector import known_boxes
from emulator.vision.detector.known_boxes import BoxGate, evenly_by_label, fit_gate, gated
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.trunk import frozen_trunk
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session
from emulator.vision.open_set import KnownGate, unit_vectors

PLAN = DetectorPlan(160, 192, 160, 192, (), 0.0)
BOXES = np.array([[20.0, 30, 90, 100], [100, 40, 170, 120]])


def striped(seed: int, angle: float) -> tuple[Array, Array]:
    """Stripes of one direction on grainy ground, and two boxes in them."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: PLAN.input_height, : PLAN.input_width]
    waves = np.sin((x * np.cos(angle) + y * np.sin(angle)) / 3 + random.uniform(0, 6))
    pixels = 120 + 80 * waves[..., None] + random.normal(0, 15, (*waves.shape, 3))
    return pixels.clip(0, 255).astype(np.uint8), BOXES


def blotched(seed: int) -> tuple[Array, Array]:
    """Pictures that have little in common: coloured blotches of many sizes."""
    random = np.random.default_rng(seed)
    cells = int(random.integers(2, 20))
    coarse = random.integers(0, 256, (cells, cells, 3))
    size = -(-PLAN.input_height // cells), -(-PLAN.input_width // cells)
    pixels = np.kron(coarse, np.ones((*size, 1)))[: PLAN.input_height, : PLAN.input_width]
    return pixels.astype(np.uint8), BOXES


def detector(boxes: Array, confidences: Array, with_own_features: bool) -> onnx.ModelProto:
    """A graph with the outputs of a detector that always answers the same, and the tensors that the gate looks at."""
    image = helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, [1, PLAN.input_height, PLAN.input_width, 3])
    nodes = [
        helper.make_node("Cast", ["image"], ["image.float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Transpose", ["image.float"], ["image.planes"], perm=[0, 3, 1, 2]),
    ]
    initializers = []
    if with_own_features:
        trunk = frozen_trunk(("c4",), PLAN.byte_front, PLAN.start).graph
        nodes += [helper.make_node("Identity", ["image.planes"], ["image.trunk"])]
        for node in trunk.node:
            node.input[:] = ["image.trunk" if name == "image" else name for name in node.input]
        nodes += list(trunk.node)
        initializers += list(trunk.initializer)
    answers: dict[str, Array] = {
        "boxes": boxes.astype(np.float32),
        "labels": np.arange(len(boxes)),
        "confidences": confidences.astype(np.float32),
    }
    for name, value in answers.items():
        initializers.append(onnx.numpy_helper.from_array(value, f"fixed.{name}"))
        nodes.append(helper.make_node("Identity", [f"fixed.{name}"], [name]))
    outputs = [
        helper.make_tensor_value_info("boxes", onnx.TensorProto.FLOAT, ["n", 4]),
        helper.make_tensor_value_info("labels", onnx.TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("confidences", onnx.TensorProto.FLOAT, ["n"]),
    ]
    graph = helper.make_graph(nodes, "detector", [image], outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def fitted(pictures: list[tuple[Array, Array]]) -> BoxGate:
    return fit_gate([np.array([0, 1])] * len(pictures), lambda number: pictures[number], PLAN, 1, seed=0)


def confidences_of(gate: BoxGate, *pictures: Array) -> list[Array]:
    """What is left in each picture of two boxes' confidence of 80 and 60 %."""
    model = gated(detector(BOXES, np.array([0.8, 0.6]), not gate.is_second_look), gate, PLAN)
    session = Session(model.SerializeToString(), threads=1)
    return [session.run({"image": pixels[None]}, ["confidences"])[0] for pixels in pictures]


def test_objects_that_are_all_alike_are_told_by_the_detectors_own_features() -> None:
    gate = fitted([striped(seed, 0.5) for seed in range(12)])
    assert not gate.is_second_look
    own, foreign = confidences_of(gate, striped(100, 0.5)[0], blotched(100)[0])
    assert own == pytest.approx([0.8, 0.6], abs=0.05)
    assert foreign.max() < 0.1


def test_objects_that_are_less_alike_get_a_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_boxes, "ALIKE", 0.999)
    pictures = [blotched(seed) for seed in range(12)]
    gate = fitted(pictures)
    assert gate.is_second_look
    *own, foreign = confidences_of(gate, *(pixels for pixels, _ in pictures), striped(100, 0.5)[0])
    assert np.mean([answer[0] > 0.7 for answer in own]) >= 0.8
    assert foreign.max() < 0.3


@pytest.mark.parametrize("is_second_look", [False, True])
def test_the_graph_says_what_the_gate_says_best_first(is_second_look: bool) -> None:
    pixels, boxes = striped(1, 0.5)
    features = known_boxes._looking(PLAN, is_second_look)(pixels, boxes)
    assert features.shape == (2, 1280 if is_second_look else 112)
    # Like the second box alone.
    statistic = KnownGate(np.zeros((1, 1)), 0.0).statistic if is_second_look else None
    rows = unit_vectors(features) if statistic is None else statistic.evened(features)
    likeness = float(rows[0] @ rows[1])
    gate = BoxGate(KnownGate(rows[1:], (1 + likeness) / 2, statistic), is_second_look)
    model = gated(detector(boxes, np.array([0.8, 0.6]), not is_second_look), gate, PLAN)
    found = Session(model.SerializeToString(), threads=1).run(
        {"image": pixels[None]}, ["boxes", "labels", "confidences"]
    )
    known = gate.gate.known(features)
    assert found[1].tolist() == [1, 0]
    assert found[2] == pytest.approx([0.6 * known[1], 0.8 * known[0]], abs=2e-2)
    assert found[0].tolist() == boxes[::-1].tolist()


@pytest.mark.parametrize("is_second_look", [False, True])
def test_a_picture_without_boxes_has_none_behind_the_gate(is_second_look: bool) -> None:
    rows = np.eye(1, 1280 if is_second_look else 112)
    statistic = KnownGate(rows, 0.5).statistic if is_second_look else None
    gate = BoxGate(KnownGate(rows, 0.5, statistic), is_second_look)
    model = gated(detector(np.zeros((0, 4)), np.zeros(0), not is_second_look), gate, PLAN)
    found = Session(model.SerializeToString(), threads=1).run({"image": striped(1, 0.5)[0][None]})
    assert [len(output) for output in found] == [0, 0, 0]


def test_one_box_alone_is_known_by_a_second_look() -> None:
    pixels, _ = striped(1, 0.5)
    gate = fit_gate([np.array([0])], lambda _: (pixels, BOXES[:1]), PLAN, 1, seed=0)
    assert gate.is_second_look
    [answer] = confidences_of(gate, pixels)
    assert answer[0] == pytest.approx(0.8, abs=0.05)


def test_rare_labels_are_chosen_as_well_as_others() -> None:
    labels = np.array([0] * 90 + [1] * 3 + [2] * 7)
    chosen = evenly_by_label(labels, 20, np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [10, 3, 7]
    assert (np.diff(chosen) > 0).all()
    assert len(evenly_by_label(labels, 1000, np.random.default_rng(0))) == 100
