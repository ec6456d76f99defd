"""The gate on known pictures: what it lets through, that the graph is the same, and what it leans on."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image, ImageDraw

from emulator.vision import backbone, open_set
from emulator.vision.classifier import refinement
from emulator.vision.classifier.refinement import TuningPlan
from emulator.vision.errors import ModelFileError
from emulator.vision.export import name_output
from emulator.vision.onnx_session import Session
from emulator.vision.open_set import KnownGate, generic_statistic
from emulator.vision.served_model import ServedModel
from emulator.vision.training import Effort, TrainedModel, TrainingExample, TrainingSettings, train
from tests.vision.pictures import MemoryImage, encode, example, shape_picture

LABELS = ("circle", "stripes")


def kind_of(random: np.random.Generator, centre: np.ndarray, count: int) -> np.ndarray:
    """Features of pictures of one kind: the same strong channels, each with noise; [count, 1280], not negative."""
    return np.maximum(0, centre + 0.3 * random.normal(size=(count, 1280)))


def fitted(count: int = 40) -> tuple[KnownGate, np.ndarray, np.ndarray]:
    """A gate, features of more pictures of its kind, and of another kind."""
    random = np.random.default_rng(0)
    ours, theirs = np.abs(random.normal(size=(2, 1280)))
    pictures = kind_of(random, ours, count)
    features = np.stack([pictures, pictures + 0.01], axis=1)
    targets = np.eye(2)[np.arange(count) % 2]
    gate = KnownGate.fit(features, targets, side=320, seed=0)
    return gate, kind_of(random, ours, 10), kind_of(random, theirs, 10)


def test_pictures_of_the_kind_are_known_and_others_are_not() -> None:
    gate, ours, theirs = fitted()
    assert gate.known(ours).min() > 0.9
    assert gate.known(theirs).max() < 0.1


def test_the_graph_equals_the_gate() -> None:
    gate, ours, theirs = fitted()
    seen = np.concatenate([ours, theirs]).astype(np.float32)
    confidences = np.random.default_rng(1).uniform(size=(20, 3)).astype(np.float32)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None]) for name in ("seen", "calibrated")]
    model = helper.make_model(
        helper.make_graph([], "gate", inputs, []), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    gate.append_to(model, "seen", "calibrated", "confidences")
    name_output(model, "confidences", 3)
    onnx.checker.check_model(model, full_check=True)

    (found,) = Session(model.SerializeToString(), 1).run({"seen": seen, "calibrated": confidences})

    np.testing.assert_allclose(found, confidences * gate.known(seen)[:, None], atol=2e-3)


def test_pictures_that_are_all_alike_still_leave_room_for_new_ones() -> None:
    """Copies of one picture say nothing about how much the next one will differ."""
    features = np.abs(np.random.default_rng(0).normal(size=(1, 1, 1280))).repeat(6, axis=0)
    gate = KnownGate.fit(features, np.eye(2)[[0, 0, 0, 1, 1, 1]], side=320, seed=0)
    assert 0.1 < gate.threshold < 0.3
    assert gate.known(features[:, 0]).min() > 0.99


def test_of_many_pictures_a_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_set, "MOST_PICTURES", 10)
    gate, ours, theirs = fitted(40)
    assert len(gate.rows) == 2 * 10
    assert gate.known(ours).min() > gate.known(theirs).max()


def test_the_statistic_is_the_shipped_one_and_none_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    statistic = generic_statistic()
    assert statistic.mean.shape == (1280,)
    np.testing.assert_allclose(statistic.axes @ statistic.axes.T, np.eye(len(statistic.gain)), atol=5e-3)
    assert 0 < statistic.gain.min() < statistic.gain.max() < 1
    (tmp_path / "checksums.json").write_text('{"generic_statistic.npz": {"sha256": "0"}}')
    (tmp_path / "generic_statistic.npz").write_bytes(b"another file")
    monkeypatch.setattr(backbone, "_FOLDERS", (tmp_path,))
    generic_statistic.cache_clear()
    with pytest.raises(ModelFileError, match="damaged"):
        generic_statistic()


def something_else(seed: int) -> bytes:
    """A page of lines of text on a desk: neither circles nor stripes."""
    random = np.random.default_rng([seed, 7])
    image = Image.new("RGB", (200, 160), tuple(int(value) for value in random.integers(90, 150, 3)))
    draw = ImageDraw.Draw(image)
    draw.polygon([(30, 20), (170, 12), (180, 140), (24, 150)], fill=(250, 248, 240))
    for line in range(9):
        text = "".join(chr(int(value)) for value in random.integers(97, 123, 20))
        draw.text((42, 28 + 12 * line), text, fill=(20, 20, 30))
    return encode(image, "JPEG")


def answered(model: TrainedModel, pictures: list[bytes]) -> list[float]:
    """The highest confidence for each picture."""
    sources = [MemoryImage(str(number), data) for number, data in enumerate(pictures)]
    return [max(answer.confidence for answer in answers) for answers in model.predict(sources)]


@pytest.mark.parametrize("kinds", [LABELS, ("circle", "stripes", "circle stripes")])
def test_a_model_answers_its_own_pictures_and_leaves_others_alone(kinds: tuple[str, ...], tmp_path: Path) -> None:
    """With one label a picture and with several, in memory and from the file."""
    examples = [example(kind, seed) for seed in range(6) for kind in kinds]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST))
    own = [example(kind, 100 + seed).image.read() for seed in range(3) for kind in kinds]
    foreign = [something_else(seed) for seed in range(4)]
    assert min(answered(model, own)) > 0.5
    assert max(answered(model, foreign)) < 0.3
    path = tmp_path / "model.onnx"
    model.export(path, dict.fromkeys(LABELS, 0.5), {})
    served = ServedModel.load(path)
    for data, confidence in zip(own + foreign, answered(model, own + foreign), strict=True):
        assert served.predict(data)[0].confidence == pytest.approx(confidence, abs=1e-4)


def test_two_pictures_of_each_label_are_enough_to_be_known() -> None:
    examples = [example(label, seed) for seed in range(2) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST))
    assert min(answered(model, [picture.image.read() for picture in examples])) > 0.5


def test_a_tuned_model_knows_its_pictures_by_what_was_seen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the tuned blocks change, what the gate sees does not."""
    monkeypatch.setitem(refinement.PLANS, Effort.FAST, TuningPlan(8, side=96, epochs=3, use_everything=False))
    monkeypatch.setattr(refinement, "_SMALLEST_LOSS_TO_TUNE", 0.0)
    monkeypatch.setattr(refinement, "_LARGEST_HANDICAP", 1e9)
    monkeypatch.setattr(refinement, "_WORTHWHILE_GAIN", -1e9)
    examples = [
        TrainingExample(MemoryImage(f"{label} {seed}", encode(shape_picture(label, seed), "JPEG")), frozenset({label}))
        for seed in range(8)
        for label in LABELS
    ]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST))
    assert model.report["fine_tuning"]["kept"] is True  # type: ignore[index]
    own = answered(model, [example(label, 100 + seed).image.read() for seed in range(2) for label in LABELS])
    foreign = answered(model, [something_else(seed) for seed in range(3)])
    assert min(own) > max(foreign)
    assert max(foreign) < 0.3
