from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.vision.checkpoint import Checkpoint
from emulator.vision.classifier import refinement as classifier_refinement
from emulator.vision.classifier.calibration import Calibration
from emulator.vision.classifier.data import arrange, read_table
from emulator.vision.classifier.linear_head import HeadTrainer, LinearHead
from emulator.vision.classifier.logistic_regression import cross_entropy
from emulator.vision.classifier.network import ClassifierNetwork
from emulator.vision.classifier.refinement import TuningPlan
from emulator.vision.classifier.tuning import Tuner, loss_gradient, smoothed
from emulator.vision.classifier.views import training_view
from emulator.vision.errors import DamagedImageError
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import FeatureRecipe, Look
from emulator.vision.layers import ParameterStore, Tape
from emulator.vision.served_model import ServedModel
from emulator.vision.training import Effort, Progress, TrainingSettings, ignore_progress, train
from tests.vision.pictures import encode, example, shape_picture

LABELS = ("circle", "stripes")
RECIPE = FeatureRecipe(Look(64))
EXAMPLES = [example(label, seed) for seed in range(8) for label in LABELS]


def numpy_network(random: np.random.Generator) -> ClassifierNetwork:
    # In double precision, against the type, so that numeric gradients are exact enough.
    normal: Any = random.normal
    start = LinearHead(
        mean=normal(size=6),
        scale=1 + abs(normal(size=6)),
        weights=normal(size=(6, 3)),
        bias=normal(size=3),
        calibration=Calibration(1, 0, 0.5),
        multi_label=False,
    )
    return ClassifierNetwork(ParameterStore(np.float64), [], (random.normal(size=(4, 6)), random.normal(size=6)), start)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_gradients_are_those_of_the_loss(multi_label: bool) -> None:
    random = np.random.default_rng(0)
    network = numpy_network(random)
    maps = random.normal(size=(5, 2, 3, 4))
    targets = smoothed(np.eye(3)[random.integers(0, 3, 5)], multi_label)

    def loss() -> float:
        return float(cross_entropy(network.forward(maps.copy()), targets, multi_label).sum())

    tape = Tape()
    network.backward(loss_gradient(network.forward(maps.copy(), tape), targets, multi_label), tape)

    assert set(tape.gradients) == set(network.store.values)
    for name, values in network.store.values.items():
        flat = values.reshape(-1)
        for index in range(flat.size):
            original = flat[index]
            flat[index] = original + 1e-6
            above = loss()
            flat[index] = original - 1e-6
            slope = (above - loss()) / 2e-6
            flat[index] = original
            assert slope == pytest.approx(tape.gradients[name].reshape(-1)[index], abs=1e-6), (name, index)


@pytest.fixture(scope="module")
def regression() -> LinearHead:
    settings = TrainingSettings()
    data = arrange(EXAMPLES, LABELS, settings.seed)
    table = read_table(FeatureReader(RECIPE.look, settings), data, settings.seed, "features", ignore_progress)
    trainer = HeadTrainer(table.select(RECIPE))
    return trainer.fit(trainer.cross_validate(settings.seed)[2])


def test_tuning_begins_as_the_regression_and_learns_the_same_with_any_number_of_threads(
    regression: LinearHead,
) -> None:
    data = arrange(EXAMPLES, LABELS, 0)
    images = [EXAMPLES[0].image, EXAMPLES[1].image]
    learned = []
    for threads in (1, 3):
        tuner = Tuner(RECIPE, regression, TrainingSettings(threads=threads))
        if threads == 1:
            reader = FeatureReader(RECIPE.look, TrainingSettings())
            features = [found[0] for found in reader.of_images(images, "", ignore_progress) if found is not None]
            expected = regression.logits(RECIPE.select(np.stack(features)))
            np.testing.assert_allclose(tuner.logits(images), expected, atol=0.1)
        before = tuner.result()
        tuner.train(data, 1, None, ignore_progress)
        learned.append(tuner.result())
        assert not np.array_equal(before.weights, learned[-1].weights)
    for name, values in learned[0].backbone_weights.items():
        assert np.array_equal(values, learned[1].backbone_weights[name]), name
    assert np.array_equal(learned[0].weights, learned[1].weights)


def test_only_mean_pooling_of_one_scale_can_be_tuned(regression: LinearHead) -> None:
    with pytest.raises(ValueError, match="cannot be tuned"):
        Tuner(FeatureRecipe(Look(64), ("max",)), regression, TrainingSettings())


@pytest.mark.parametrize("pays", [True, False])
def test_tuning_is_kept_only_if_the_hold_out_says_so(
    pays: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = TuningPlan(minimum_images=16, side=64, epochs=1, use_everything=pays)
    monkeypatch.setitem(classifier_refinement.PLANS, Effort.FAST, plan)
    monkeypatch.setattr(classifier_refinement, "_SMALLEST_LOSS_TO_TUNE", 0.0)
    monkeypatch.setattr(classifier_refinement, "_LARGEST_HANDICAP", 1e9)
    # Any loss is below this one, or none is.
    monkeypatch.setattr(classifier_refinement, "_WORTHWHILE_GAIN", -1e9 if pays else 1.0)

    settings = TrainingSettings(effort=Effort.FAST, cache_directory=tmp_path)
    model = train("classification", EXAMPLES, LABELS, settings)

    assert list(tmp_path.glob("*.checkpoint.npz")) == []
    attempt = model.report["fine_tuning"]
    assert isinstance(attempt, dict)
    assert attempt["tried"]
    assert attempt["kept"] is pays
    assert ("64 px" in str(model.report["features"])) is pays
    path = tmp_path / "model.onnx"
    model.export(path, dict.fromkeys(LABELS, 0.5), {})
    image = example("stripes", 77).image
    served, trained = ServedModel.load(path).predict(image.read()), model.predict([image])[0]
    assert served[0].label == "stripes"
    assert [answer.confidence for answer in served] == pytest.approx(
        [answer.confidence for answer in trained], abs=1e-4
    )


def test_a_look_that_shows_too_little_is_not_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = TuningPlan(minimum_images=16, side=64, epochs=1, use_everything=False)
    monkeypatch.setitem(classifier_refinement.PLANS, Effort.FAST, plan)
    monkeypatch.setattr(classifier_refinement, "_SMALLEST_LOSS_TO_TUNE", 0.0)
    monkeypatch.setattr(classifier_refinement, "_LARGEST_HANDICAP", 0.0)

    model = train("classification", EXAMPLES, LABELS, TrainingSettings(effort=Effort.FAST))

    assert model.report["fine_tuning"] == {"tried": False, "reason": "64 px show too little of these pictures"}


def test_the_hold_out_leaves_a_picture_of_every_label_to_train_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label with one picture, which the hold-out would take."""
    plan = TuningPlan(minimum_images=4, side=64, epochs=1, use_everything=False)
    monkeypatch.setitem(classifier_refinement.PLANS, Effort.FAST, plan)
    monkeypatch.setattr(classifier_refinement, "_SMALLEST_LOSS_TO_TUNE", 0.0)
    monkeypatch.setattr(classifier_refinement, "_LARGEST_HANDICAP", 1e9)
    for seed in range(2):
        examples = [example("circle", number) for number in range(10)] + [example("stripes", 1)]
        model = train("classification", examples, LABELS, TrainingSettings(effort=Effort.FAST, seed=seed))
        attempt = model.report["fine_tuning"]
        assert isinstance(attempt, dict)
        assert (attempt["tried"], attempt["held_out_images"]) == (True, 2)


def test_a_few_pictures_are_not_tuned() -> None:
    model = train("classification", EXAMPLES[:8], LABELS)
    assert model.report["fine_tuning"] == {"tried": False, "reason": "fewer than 500 images"}


def test_views_are_random_but_repeatable() -> None:
    data = encode(shape_picture("circle", 3), "JPEG")
    first, again, other = (training_view(data, 48, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (48, 48, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_views_of_what_is_no_picture_are_an_error() -> None:
    with pytest.raises(DamagedImageError):
        training_view(b"\xff\xd8\xff", 48, np.random.default_rng(0))


def test_a_stopped_tuning_goes_on_to_the_same_result(regression: LinearHead, tmp_path: Path) -> None:
    data = arrange(EXAMPLES, LABELS, 0)
    whole = Tuner(RECIPE, regression, TrainingSettings())
    whole.train(data, 2, None, ignore_progress)

    class StoppedError(Exception):
        pass

    def stop_in_the_second_epoch(progress: Progress) -> None:
        if progress.done == 2:
            raise StoppedError

    checkpoint = Checkpoint(tmp_path, "tuning")
    with pytest.raises(StoppedError):
        Tuner(RECIPE, regression, TrainingSettings()).train(data, 2, checkpoint, stop_in_the_second_epoch)
    steps: list[int] = []
    resumed = Tuner(RECIPE, regression, TrainingSettings())
    resumed.train(data, 2, checkpoint, lambda progress: steps.append(progress.done))

    assert steps == [2]
    assert np.array_equal(resumed.result().weights, whole.result().weights)
    for name, values in whole.result().backbone_weights.items():
        assert np.array_equal(values, resumed.result().backbone_weights[name]), name
