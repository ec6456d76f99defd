import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emulator.vision.classifier.linear_head import FeatureTable, HeadTrainer
from emulator.vision.export import name_output
from emulator.vision.folds import stratified_folds
from emulator.vision.onnx_session import Session


def table(multi_label: bool, images: int = 40, columns: int = 60, seed: int = 0) -> FeatureTable:
    random = np.random.default_rng(seed)
    features = random.normal(size=(images, 1, columns)).astype(np.float32)
    features = np.concatenate([features, features + 0.1 * random.normal(size=features.shape)], axis=1, dtype=np.float32)
    signal = features[:, 0, :3]
    targets = (signal > 0.3).astype(float) if multi_label else np.eye(3)[signal.argmax(axis=1)]
    return FeatureTable(features, targets, random.normal(size=(5, columns)).astype(np.float32) * 5, multi_label)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_graph_equals_the_numpy_head(multi_label: bool) -> None:
    trainer = HeadTrainer(table(multi_label))
    head = trainer.fit(trainer.cross_validate(seed=0)[2])
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 60])
    model = helper.make_model(
        helper.make_graph([], "head", [value], []), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    head.append_to(model, "x", "y")
    name_output(model, "y", 3)
    onnx.checker.check_model(model, full_check=True)
    unseen = np.random.default_rng(1).normal(size=(7, 60)).astype(np.float32)

    (found,) = Session(model.SerializeToString(), 1).run({"x": unseen})

    expected = head.calibration.probabilities(head.logits(unseen), multi_label)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_two_heads_become_one_with_a_share_of_the_logits_of_each() -> None:
    trainers = [HeadTrainer(table(False)), HeadTrainer(table(False, columns=30, seed=1))]
    first, second = (trainer.fit(trainer.cross_validate(seed=0)[2]) for trainer in trainers)
    random = np.random.default_rng(2)
    features = [random.normal(size=(7, columns)).astype(np.float32) for columns in (60, 30)]

    both = first.mixed_with(second, 0.7, first.calibration).logits(np.concatenate(features, axis=1))

    expected = 0.3 * first.logits(features[0]) + 0.7 * second.logits(features[1])
    np.testing.assert_allclose(both, expected, atol=1e-4)


@pytest.mark.parametrize("columns", [60, 200])
def test_both_spaces_learn_the_labels(columns: int) -> None:
    data = table(False, images=60, columns=columns)
    trainer = HeadTrainer(data)
    head = trainer.fit(trainer.cross_validate(seed=0)[-1])
    right = head.logits(data.features[:, 0]).argmax(axis=1) == data.targets.argmax(axis=1)
    assert right.mean() > 0.95


def test_scores_come_from_held_out_pictures() -> None:
    random = np.random.default_rng(3)
    noise = random.normal(size=(60, 1, 300)).astype(np.float32)
    targets = np.eye(2)[random.integers(0, 2, 60)]
    data = FeatureTable(noise, targets, np.zeros((1, 300), np.float32), multi_label=False)
    for score in HeadTrainer(data).cross_validate(seed=0):
        assert score.loss > 0.6  # log 2 for a coin; a model scored on its own training would be near 0
        assert 0.25 < score.accuracy < 0.75


def test_a_single_picture_is_enough_to_fit() -> None:
    """D-24, Q-7: one picture with two labels is one of each."""
    data = table(True, images=1)
    trainer = HeadTrainer(FeatureTable(data.features, np.ones((1, 3)), data.background, multi_label=True))
    head = trainer.fit(trainer.cross_validate(seed=0)[2])
    assert (head.logits(data.features[:, 0]) > head.logits(data.background).max(axis=0)).all()


def test_folds_share_every_label() -> None:
    targets = np.eye(3)[np.repeat([0, 1, 2], [20, 8, 4])]
    folds = stratified_folds(targets, 4, seed=1)
    for fold in range(4):
        assert targets[folds == fold].sum(axis=0).tolist() == [5, 2, 1]
    assert not np.array_equal(folds, stratified_folds(targets, 4, seed=2))


def test_rare_labels_weigh_more_each_and_less_together() -> None:
    targets = np.eye(2)[np.repeat([0, 1], [16, 4])]
    weights = FeatureTable(np.zeros((20, 1, 4), np.float32), targets, np.zeros((0, 4), np.float32), False).weights
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] == pytest.approx(2 * weights[0])


def test_background_pictures_belong_to_no_label() -> None:
    data = table(False)
    trainer = HeadTrainer(data)
    head = trainer.fit(trainer.cross_validate(seed=0)[-1])
    confidences = head.calibration.probabilities(head.logits(data.background), False)
    assert confidences.max() < 0.75
    several = table(True)
    trainer = HeadTrainer(several)
    head = trainer.fit(trainer.cross_validate(seed=0)[-1])
    assert head.calibration.probabilities(head.logits(several.background), True).max() < 0.5


def test_threads_do_not_change_the_scores() -> None:
    data = table(False)
    alone, together = (HeadTrainer(data, threads).cross_validate(seed=0) for threads in (1, 3))
    for first, second in zip(alone, together, strict=True):
        assert np.array_equal(first.logits, second.logits)
