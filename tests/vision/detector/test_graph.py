"""The exported graph against the numpy network and decoding."""

import numpy as np
import pytest

from emulator.vision import backbone
from emulator.vision.backbone_blocks import read_blocks
from emulator.vision.detector import known_boxes
from emulator.vision.detector.decoding import (
    LOWEST_SCORE,
    MOST_DETECTIONS,
    Detections,
    confidences_from_logits,
    decode,
    lowest_confidence,
    mean_with_mirrored,
)
from emulator.vision.detector.graph import build_graph
from emulator.vision.detector.known_boxes import BoxGate, gated
from emulator.vision.detector.network import DetectorNetwork
from emulator.vision.detector.plan import SIZE_RANGES, STRIDES, DetectorPlan, Level, Start
from emulator.vision.detector.suppression import Suppression
from emulator.vision.detector.trunk import NETWORKS, TRAINED_BLOCKS, Trunk
from emulator.vision.layers import Array
from emulator.vision.onnx_session import Session
from emulator.vision.open_set import KnownGate, unit_vectors


def excited_network(plan: DetectorPlan, label_count: int, output_bias: float) -> DetectorNetwork:
    """An untrained network that answers much, so that there is something to compare."""
    blocks = read_blocks(backbone.trunk(["c5"], NETWORKS[plan.start]), TRAINED_BLOCKS)
    network = DetectorNetwork(blocks, plan.levels, label_count, 3, has_neck=plan.start == Start.COCO)
    random = np.random.default_rng(2)
    pixels = random.integers(0, 256, (2, plan.input_height, plan.input_width, 3), dtype=np.uint8)
    network.standardise([trunk_of(plan).features(pixels)])
    for level in plan.levels:
        network.store.values[f"{level.name}.output.weight"] *= 8
        network.store.values[f"{level.name}.output.bias"][:-4] = output_bias
    # As if trained: what is frozen beside must not change with it.
    network.store.values["block4.project.bias"] += 0.1
    network.finish()
    return network


def trunk_of(plan: DetectorPlan) -> Trunk:
    return Trunk(plan.byte_front, plan.start, plan.levels)


def both(plan: DetectorPlan, network: DetectorNetwork, pixels: Array) -> tuple[Detections, Detections]:
    """Of numpy and of the graph; `pixels` consist of squares of one colour that the shrinkings do not blur."""
    found = []
    for shrinking in plan.shrinkings:
        seen = pixels[None, ::shrinking, ::shrinking]
        outputs = [output[0] for output in network.forward(trunk_of(plan).features(seen))]
        if plan.mirrored:
            mirrored = network.forward(trunk_of(plan).features(np.ascontiguousarray(seen[:, :, ::-1])))
            outputs = [mean_with_mirrored(output, other[0]) for output, other in zip(outputs, mirrored, strict=True)]
        found.append(outputs)
    session = Session(build_graph(network, plan).SerializeToString(), 1)
    boxes, labels, confidences = session.run({"image": pixels[None]}, ["boxes", "labels", "confidences"])
    return decode(found, plan), Detections(boxes, labels, confidences)


def levels(*names: str) -> tuple[Level, ...]:
    return tuple(Level(name, STRIDES[name], *SIZE_RANGES[name]) for name in names)


@pytest.mark.parametrize(
    ("names", "height", "width", "label_count"),
    [(("p3", "p4", "p5"), 128, 160, 3), (("p4",), 128, 64, 1), (("p3", "p4"), 64, 64, 250)],
)
@pytest.mark.parametrize("byte_front", [False, True])
@pytest.mark.parametrize("suppression", [Suppression(), Suppression(0.3, 0.6, 0.49)])
def test_the_graph_finds_what_numpy_finds(
    names: tuple[str, ...], height: int, width: int, label_count: int, byte_front: bool, suppression: Suppression
) -> None:
    plan = DetectorPlan(height, width, height, width, levels(*names), 0.0, byte_front, suppression)
    network = excited_network(plan, label_count, -3.0)
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    ours, theirs = both(plan, network, pixels)
    assert 3 < len(ours.labels) <= MOST_DETECTIONS
    assert theirs.labels.tolist() == ours.labels.tolist()
    np.testing.assert_allclose(theirs.confidences, ours.confidences, atol=1e-5)
    np.testing.assert_allclose(theirs.boxes, ours.boxes, atol=1e-3)
    assert (np.diff(theirs.confidences) <= 0).all()


@pytest.mark.parametrize("start", list(Start))
@pytest.mark.parametrize(
    ("shrinkings", "side", "mirrored"), [((1,), 128, False), ((1, 2, 3), 192, False), ((1,), 128, True)]
)
def test_starts_and_shrinkings_find_what_numpy_finds(
    start: Start, shrinkings: tuple[int, ...], side: int, mirrored: bool
) -> None:
    plan = DetectorPlan(
        side, side, side, side, levels("p3", "p5"), 0.0, False, Suppression(), start, shrinkings, mirrored
    )
    network = excited_network(plan, 2, -3.0)
    squares = np.random.default_rng(6).integers(0, 256, (side // 6 + 1, side // 6 + 1, 3), dtype=np.uint8)
    ours, theirs = both(plan, network, squares.repeat(6, 0).repeat(6, 1)[:side, :side])
    assert 3 < len(ours.labels) <= MOST_DETECTIONS
    # Hundreds of candidates: the last of those that are answered differ by less than both ways of computing do, and of
    # two that are as good as equal either may come first.
    sure = slice(0, 50)
    np.testing.assert_allclose(theirs.confidences[sure], ours.confidences[sure], atol=1e-4)
    for label, box, confidence in zip(ours.labels[sure], ours.boxes[sure], ours.confidences[sure], strict=True):
        same = (theirs.labels == label) & np.isclose(theirs.boxes, box, rtol=0, atol=2e-2).all(axis=1)
        assert theirs.confidences[same] == pytest.approx([confidence], abs=1e-4)


def test_a_mirrored_graph_finds_the_same_in_the_mirror_image() -> None:
    plan = DetectorPlan(96, 128, 96, 128, levels("p3", "p5"), 0.0, mirrored=True)
    session = Session(build_graph(excited_network(plan, 2, -3.0), plan).SerializeToString(), 1)
    pixels = np.random.default_rng(7).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    upright, mirrored = (
        session.run({"image": np.ascontiguousarray(seen)[None]}, ["confidences", "boxes"])
        for seen in (pixels, pixels[:, ::-1])
    )
    assert len(upright[0]) > 3
    np.testing.assert_allclose(mirrored[0][:3], upright[0][:3], atol=1e-4)
    back = [128, 0, 128, 0] - mirrored[1][:3, [2, 1, 0, 3]] * [1, -1, 1, -1]
    np.testing.assert_allclose(back, upright[1][:3], atol=1e-2)


@pytest.mark.parametrize("is_second_look", [False, True])
def test_a_gate_behind_a_mirrored_graph_looks_at_the_picture_itself(is_second_look: bool) -> None:
    plan = DetectorPlan(96, 128, 96, 128, levels("p3", "p5"), 0.0, mirrored=True)
    graph = build_graph(excited_network(plan, 2, -3.0), plan)
    pixels = np.random.default_rng(7).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    boxes, confidences = Session(graph.SerializeToString(), 1).run({"image": pixels[None]}, ["boxes", "confidences"])
    features = known_boxes._looking(plan, is_second_look)(pixels, boxes)
    rows = unit_vectors(features)[:1]
    gate = KnownGate(rows, float(np.median(unit_vectors(features) @ rows.T)), statistic=None)
    behind = gated(graph, BoxGate(gate, is_second_look), plan)
    found = Session(behind.SerializeToString(), 1).run({"image": pixels[None]}, ["confidences"])[0]
    known = gate.known(features)
    assert len(known) > 3
    assert known.max() - known.min() > 0.2
    np.testing.assert_allclose(found, np.sort(confidences * known)[::-1], atol=2e-2)


def test_a_graph_that_finds_nothing_says_so() -> None:
    plan = DetectorPlan(64, 64, 64, 64, levels("p4"), 0.0)
    network = excited_network(plan, 2, -60.0)
    ours, theirs = both(plan, network, np.zeros((64, 64, 3), np.uint8))
    assert ours.boxes.shape == theirs.boxes.shape == (0, 4)
    assert ours.labels.shape == theirs.labels.shape == theirs.confidences.shape == (0,)


def test_weights_are_stored_in_half_precision() -> None:
    plan = DetectorPlan(64, 64, 64, 64, levels("p3", "p4", "p5"), 0.0)
    size = len(build_graph(excited_network(plan, 2, -4.0), plan).SerializeToString())
    assert size < 7_000_000


def test_calibrated_confidences_keep_the_order_of_the_scores() -> None:
    """vision.md: p = sigmoid(3.1 logit + 0.43)."""
    logits = np.array([-2.0, 0.0, 1.0])
    expected = 1 / (1 + np.exp(-(3.1 * logits + 0.43)))
    np.testing.assert_allclose(confidences_from_logits(logits), expected, rtol=1e-6)
    raw = np.log(LOWEST_SCORE / (1 - LOWEST_SCORE))
    assert lowest_confidence() == pytest.approx(float(confidences_from_logits(raw)))


def test_decoding_known_by_hand() -> None:
    """One cell of a 2 x 2 grid with stride 16 is sure of label 1, with a box one stride to every side."""
    output = np.full((2, 2, 6), -20.0, np.float32)
    output[0, 1] = [-20, 5, 0, 0, np.log(0.5), 0]
    found = decode([[output]], DetectorPlan(32, 32, 32, 32, levels("p4"), 0.0))
    assert found.labels.tolist() == [1]
    np.testing.assert_allclose(found.boxes, [[8, 0, 32, 24]], atol=1e-5)
    assert found.confidences[0] > 0.99
