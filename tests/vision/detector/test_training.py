"""Training on drawings: it finds what was drawn, gives the same bytes every time, and goes on after an interruption."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from emulator.vision.detector.geometry import intersections_over_unions
from emulator.vision.detector.model import DetectorModel
from emulator.vision.detector.training import EFFORTS, DetectorEffort, train, train_detector
from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.examples import (
    Effort,
    ModelKind,
    Prediction,
    Progress,
    TrainingExample,
    TrainingSettings,
    ignore_progress,
)
from emulator.vision.served_model import ServedModel
from tests.vision.detector.drawings import LABELS, drawing
from tests.vision.pictures import MemoryImage

QUICK = DetectorEffort(passes=1, minimum_steps=60, megapixels=50, sides=(160,))
SHORT = replace(QUICK, minimum_steps=3)
THRESHOLDS = dict.fromkeys(LABELS, 0.5)


@pytest.fixture(scope="module")
def model() -> DetectorModel:
    examples = [drawing(seed) for seed in range(24)]
    return train_detector(examples, LABELS, TrainingSettings(), ignore_progress, QUICK)


def exported(model: DetectorModel, folder: Path, name: str = "model.onnx") -> bytes:
    model.export(folder / name, THRESHOLDS, {})
    return (folder / name).read_bytes()


def matches(predictions: list[Prediction], example: TrainingExample, side: int) -> int:
    """Objects of the example that a confident prediction of the right label covers by half or more."""
    found = [prediction for prediction in predictions if prediction.confidence > 0.5]
    boxes = [prediction.box for prediction in found]
    assert all(box is not None for box in boxes)
    corners = np.array([[left, top, left + width, top + height] for left, top, width, height in filter(None, boxes)])
    count = 0
    for box in example.boxes:
        truth = np.array([[box.left, box.top, box.left + box.width, box.top + box.height]]) / side
        overlaps = intersections_over_unions(truth, corners.reshape(-1, 4))[0]
        labels = [prediction.label for prediction in found]
        count += any(overlap >= 0.5 and label == box.label for overlap, label in zip(overlaps, labels, strict=True))
    return count


def test_a_trained_detector_finds_what_it_has_never_seen(model: DetectorModel) -> None:
    unseen = [drawing(seed) for seed in range(100, 112)]
    predictions = model.predict([example.image for example in unseen])
    found = sum(matches(answer, example, 160) for answer, example in zip(predictions, unseen, strict=True))
    confident = sum(prediction.confidence > 0.5 for answer in predictions for prediction in answer)
    total = sum(len(example.boxes) for example in unseen)
    assert found >= 0.85 * total
    assert confident <= 1.3 * total
    for answer in predictions:
        assert [p.confidence for p in answer] == sorted((p.confidence for p in answer), reverse=True)
        assert all(p.box and min(p.box) >= 0 and p.box[0] + p.box[2] <= 1 + 1e-9 for p in answer)


def test_nothing_is_found_where_nothing_is(model: DetectorModel) -> None:
    empty = [drawing(seed, objects=0) for seed in range(200, 204)]
    assert not [p for answer in model.predict([e.image for e in empty]) for p in answer if p.confidence > 0.5]


def test_an_exported_detector_answers_as_the_model_did(model: DetectorModel, tmp_path: Path) -> None:
    exported(model, tmp_path)
    served = ServedModel.load(tmp_path / "model.onnx")
    assert (served.kind, served.labels, served.thresholds) == (ModelKind.DETECTION, LABELS, THRESHOLDS)
    example = drawing(300, width=240, height=130)
    assert served.predict(example.image.read()) == model.predict([example.image])[0]


def test_a_model_file_needs_onnxruntime_alone(model: DetectorModel, tmp_path: Path) -> None:
    exported(model, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    shape = json.loads(metadata["input"])
    black = np.zeros((1, shape["height"], shape["width"], 3), np.uint8)
    boxes, labels, confidences = session.run(["boxes", "labels", "confidences"], {"image": black})
    assert boxes.shape == (len(labels), 4)
    assert confidences.shape == labels.shape
    assert json.loads(metadata["labels"]) == list(LABELS)


def test_the_same_training_gives_the_same_file_whatever_the_threads(tmp_path: Path) -> None:
    """O-24."""
    examples = [drawing(seed) for seed in range(5)]
    files = [
        exported(train_detector(examples, LABELS, TrainingSettings(threads=threads), ignore_progress, SHORT), tmp_path)
        for threads in (1, 1, 3)
    ]
    assert files[0] == files[1] == files[2]
    other = train_detector(examples, LABELS, TrainingSettings(seed=1), ignore_progress, SHORT)
    assert exported(other, tmp_path) != files[0]


class StopTrainingError(Exception):
    """What the tests interrupt a training with."""


def stopping_after(steps: int) -> Callable[[Progress], None]:
    def listen(progress: Progress) -> None:
        if progress.stage == "training detector" and progress.done == steps:
            raise StopTrainingError

    return listen


def test_an_interrupted_training_goes_on_to_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """O-19. Interrupted after step 5, three checkpoints of every second step later."""
    monkeypatch.setattr("emulator.vision.detector.learner.CHECKPOINT_STEPS", 2)
    examples, effort = [drawing(seed) for seed in range(5)], replace(QUICK, minimum_steps=8)
    whole = train_detector(examples, LABELS, TrainingSettings(), ignore_progress, effort)
    settings = TrainingSettings(cache_directory=tmp_path)
    with pytest.raises(StopTrainingError):
        train_detector(examples, LABELS, settings, stopping_after(5), effort)
    assert len(list(tmp_path.glob("*.checkpoint.npz"))) == 1
    steps: list[int] = []

    def listen(progress: Progress) -> None:
        if progress.stage == "training detector":
            steps.append(progress.done)

    resumed = train_detector(examples, LABELS, settings, listen, effort)
    assert steps == [5, 6, 7, 8]
    assert exported(resumed, tmp_path) == exported(whole, tmp_path)
    assert not list(tmp_path.glob("*.checkpoint.npz"))


def test_a_checkpoint_of_another_training_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.vision.detector.learner.CHECKPOINT_STEPS", 1)
    examples, settings = [drawing(seed) for seed in range(5)], TrainingSettings(cache_directory=tmp_path)
    with pytest.raises(StopTrainingError):
        train_detector(examples, LABELS, settings, stopping_after(2), SHORT)
    steps: list[int] = []
    listen: Callable[[Progress], None] = lambda p: steps.append(p.done) if p.stage == "training detector" else None  # noqa: E731
    train_detector(examples[:4], LABELS, settings, listen, SHORT)
    assert steps == [1, 2, 3]


def test_pictures_with_only_image_level_labels_and_foreign_boxes_are_left_out() -> None:
    """D-25: left out lines are not even read."""

    class Unreadable:
        identity = "unreadable"

        def read(self) -> bytes:
            raise AssertionError("this picture is not part of the training")

    image_level = TrainingExample(Unreadable(), frozenset({"disc"}))
    examples = [drawing(1), drawing(2), image_level]
    with_it = train_detector(examples, ("disc",), TrainingSettings(), ignore_progress, replace(SHORT, minimum_steps=1))
    assert with_it.labels == ("disc",)
    assert with_it.report["pictures"] == 2


def test_training_needs_a_box() -> None:
    background = drawing(1, objects=0)
    with pytest.raises(UnusableTrainingDataError, match="box"):
        train([background], LABELS, TrainingSettings(), ignore_progress)


def test_progress_counts_up_to_the_end() -> None:
    heard: list[Progress] = []
    train_detector([drawing(1)], LABELS, TrainingSettings(), heard.append, SHORT)
    assert [(p.stage, p.done, p.total) for p in heard] == [
        ("reading pictures", 1, 1),
        *(("training detector", done, 3) for done in (1, 2, 3)),
    ]


def test_two_hundred_and_fifty_labels() -> None:
    """Q-6: the labels that the pictures show are learnt among all the others."""
    labels = (*(f"label {number:03}" for number in range(248)), *LABELS)
    model = train_detector([drawing(1)], labels, TrainingSettings(), ignore_progress, replace(SHORT, minimum_steps=2))
    assert {prediction.label for prediction in model.predict([drawing(1).image])[0]} <= set(labels)
    assert model.labels == labels


def test_a_broken_end_of_a_picture_does_not_stop_the_training() -> None:
    whole = drawing(7)
    cut = replace(whole, image=MemoryImage("cut", whole.image.read()[:-2000]))
    model = train_detector([cut], LABELS, TrainingSettings(), ignore_progress, replace(SHORT, minimum_steps=1))
    assert model.report["pictures"] == 1


def test_the_best_effort_alone_looks_at_mirror_images() -> None:
    assert [effort for effort, settings in EFFORTS.items() if settings.mirrored] == [Effort.BEST]
    effort = replace(SHORT, minimum_steps=1, mirrored=True)
    model = train_detector([drawing(1)], LABELS, TrainingSettings(), ignore_progress, effort)
    assert model.plan.mirrored
    upright = drawing(2).image
    assert all(prediction.box is not None for prediction in model.predict([upright])[0])


def test_more_effort_means_more_steps() -> None:
    from emulator.vision.detector.plan import DetectorPlan

    plan = DetectorPlan(288, 384, 288, 384, (), 0.0)
    steps = [EFFORTS[effort].steps(300, plan) for effort in (Effort.FAST, Effort.STANDARD, Effort.BEST)]
    assert steps == sorted(steps)
    assert steps[0] < steps[1] < steps[2]
    huge = EFFORTS[Effort.STANDARD].steps(10_000, plan)
    assert huge * 8 == 10_000, "every picture is seen once, whatever the budget"
