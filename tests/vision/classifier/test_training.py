import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from emulator.vision.classifier.calibration import nothing_pictures
from emulator.vision.errors import DamagedImageError, UnusableTrainingDataError
from emulator.vision.served_model import ServedModel
from emulator.vision.training import (
    Effort,
    ModelKind,
    Prediction,
    Progress,
    TrainedModel,
    TrainingExample,
    TrainingSettings,
    train,
)
from tests.vision.pictures import MemoryImage, encode, example, shape_picture

LABELS = ("circle", "stripes")
# The looks of the other efforts are compared in one test; all else is the same for every effort.
FAST = TrainingSettings(effort=Effort.FAST)


def confidences(predictions: list[Prediction]) -> dict[str, float]:
    return {prediction.label: prediction.confidence for prediction in predictions}


@pytest.fixture(scope="module")
def single_label() -> TrainedModel:
    examples = [example(label, seed) for seed in range(5) for label in LABELS]
    return train(ModelKind.CLASSIFICATION, examples, LABELS, FAST)


@pytest.fixture(scope="module")
def multi_label() -> TrainedModel:
    examples = [example(shapes, seed) for seed in range(4) for shapes in ("circle", "stripes", "circle stripes", "")]
    return train(ModelKind.CLASSIFICATION, examples, LABELS, FAST)


def test_a_classifier_learns_what_the_labels_mean(single_label: TrainedModel) -> None:
    unseen = [example(label, 100 + seed) for seed in range(3) for label in LABELS]
    answers = single_label.predict([picture.image for picture in unseen])
    for picture, predictions in zip(unseen, answers, strict=True):
        assert {predictions[0].label} == picture.labels
        assert {prediction.label for prediction in predictions} == set(LABELS)
        assert sum(prediction.confidence for prediction in predictions) == pytest.approx(1, abs=1e-5)
        assert predictions[0].box is None


def test_several_labels_are_judged_one_by_one(multi_label: TrainedModel) -> None:
    both, neither = (multi_label.predict([example(shapes, 200).image])[0] for shapes in ("circle stripes", ""))
    assert min(confidences(both).values()) > max(confidences(neither).values())
    assert sum(confidences(both).values()) > 1


def test_nothing_gets_no_confident_answer(single_label: TrainedModel) -> None:
    pictures = nothing_pictures(300, np.random.default_rng(99))
    sources = [MemoryImage(str(index), encode(Image.fromarray(pixels))) for index, pixels in enumerate(pictures)]
    for predictions in single_label.predict(sources):
        assert predictions[0].confidence < 0.9


def test_two_pictures_of_each_label_are_enough() -> None:
    model = train("classification", [example(label, seed) for seed in range(2) for label in LABELS], LABELS, FAST)
    for label in LABELS:
        assert model.predict([example(label, 300).image])[0][0].label == label


def test_rare_labels_are_found_beside_frequent_ones() -> None:
    examples = [example("circle", seed) for seed in range(14)] + [example("stripes", seed) for seed in range(2)]
    model = train("classification", examples, LABELS, FAST)
    answers = model.predict([example(label, 400 + seed).image for seed in range(3) for label in LABELS])
    rare = [confidences(predictions)["stripes"] for predictions in answers]
    assert min(rare[1::2]) > max(rare[::2])


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    examples = [example(label, seed) for seed in range(3) for label in LABELS]
    files = [tmp_path / "first.onnx", tmp_path / "second.onnx"]
    settings = TrainingSettings(seed=5, effort=Effort.FAST)
    for file in files:
        train("classification", examples, LABELS, settings).export(file, dict.fromkeys(LABELS, 0.5), {})
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_served_model_answers_like_the_trained_one(single_label: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    single_label.export(path, {"circle": 0.25, "stripes": 0.75}, {"provenance": "a test"})

    served = ServedModel.load(path, threads=1)

    assert served.kind is ModelKind.CLASSIFICATION
    assert served.labels == LABELS
    assert served.thresholds == {"circle": 0.25, "stripes": 0.75}
    for seed in range(3):
        image = example("circle", 500 + seed).image
        expected = confidences(single_label.predict([image])[0])
        found = served.predict(image.read())
        assert [p.confidence for p in found] == sorted((p.confidence for p in found), reverse=True)
        assert confidences(found) == pytest.approx(expected, abs=1e-4)
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert metadata["provenance"] == "a test"


def test_a_served_model_refuses_damaged_pictures(single_label: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    single_label.export(path, dict.fromkeys(LABELS, 0.5), {})
    data = encode(shape_picture("circle", 1), "JPEG")
    with pytest.raises(DamagedImageError):
        ServedModel.load(path).predict(data[: len(data) // 2])


def test_pictures_that_are_analysed_together_get_what_each_gets_alone(
    single_label: TrainedModel, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    single_label.export(path, dict.fromkeys(LABELS, 0.5), {})
    served = ServedModel.load(path, threads=1)
    data = [example("circle stripes", 700 + seed).image.read() for seed in range(served.largest_group)]
    data[1] = data[1][: len(data[1]) // 2]
    alone = [served.predict(item) for item in (data[0], *data[2:])]
    for _ in range(2):
        first, damaged, *others = served.predict_group(data)
        assert [first, *others] == alone
        assert isinstance(damaged, DamagedImageError)


def test_unusable_pictures_are_left_out_and_reported() -> None:
    examples = [example(label, seed) for seed in range(2) for label in LABELS]
    examples.append(TrainingExample(MemoryImage("not a picture", b"GIF89a"), frozenset({"circle"})))
    model = train("classification", examples, LABELS, FAST)
    assert model.report["skipped_images"] == ["not a picture"]
    assert model.report["images"] == 4


def test_progress_counts_every_picture() -> None:
    seen: list[Progress] = []
    examples = [example(label, seed) for seed in range(2) for label in LABELS]
    train("classification", examples, LABELS, FAST, seen.append)
    first = [step for step in seen if step.stage == seen[0].stage]
    assert seen[0].stage.startswith("features at efficientnet_lite2") and seen[0].stage.endswith(" 224 px")
    assert first == [Progress(seen[0].stage, done, 4) for done in range(1, 5)]


def test_one_label_is_not_enough() -> None:
    with pytest.raises(UnusableTrainingDataError):
        train("classification", [example("circle", seed) for seed in range(3)], LABELS, FAST)


def test_the_default_effort_compares_looks_and_says_so() -> None:
    examples = [example(label, seed) for seed in range(3) for label in LABELS]
    model = train("classification", examples, LABELS)
    tried = model.report["tried"]
    assert isinstance(tried, list)
    assert len(tried) >= 4
    best = min(tried, key=lambda candidate: candidate["loss"])
    assert model.report["features"] == best["features"]
    json.dumps(model.report)


def test_the_effort_instant_looks_once_and_answers_what_it_was_trained_with() -> None:
    """No other look, no pictures of nothing; metrics and answers are real (O-36)."""
    seen: list[Progress] = []
    examples = [example(label, seed) for seed in range(4) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.INSTANT), seen.append)
    assert {step.stage for step in seen} == {next(iter(seen)).stage}
    assert (model.report["images"], model.report["background_images"]) == (8, 0)
    tried = model.report["tried"]
    assert isinstance(tried, list) and len(tried) == 1
    assert 0.5 <= tried[0]["accuracy"] <= 1
    answers = model.predict([picture.image for picture in examples])
    for picture, predictions in zip(examples, answers, strict=True):
        assert {predictions[0].label} == picture.labels
        assert predictions[0].confidence > 0.5
    new = model.predict([example(label, 700).image for label in LABELS])
    assert [predictions[0].label for predictions in new] == list(LABELS)


def test_the_effort_instant_learns_several_labels_and_background() -> None:
    kinds = ("circle", "stripes", "circle stripes", "")
    examples = [example(shapes, seed) for seed in range(3) for shapes in kinds]
    model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.INSTANT))
    assert model.report["background_images"] == 3
    both = confidences(model.predict([example("circle stripes", 200).image])[0])
    neither = confidences(model.predict([example("", 200).image])[0])
    assert min(both.values()) > max(neither.values())
