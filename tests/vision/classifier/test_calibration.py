import numpy as np
import pytest

from emulator.vision.classifier.calibration import calibrate, expected_calibration_error, nothing_pictures
from emulator.vision.classifier.logistic_regression import softmax


def overconfident(rows: int, sureness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits `sureness` times as large as those that the targets were drawn with."""
    random = np.random.default_rng(seed)
    honest = random.normal(0, 2, (rows, 3))
    drawn = (softmax(honest).cumsum(axis=1) > random.uniform(size=(rows, 1))).argmax(axis=1)
    return honest * sureness, np.eye(3)[drawn]


def test_the_temperature_undoes_overconfidence() -> None:
    logits, targets = overconfident(4000, 3.0)
    calibration = calibrate(logits, targets, multi_label=False)
    assert calibration.temperature == pytest.approx(3.0, rel=0.1)

    raw = softmax(logits)
    mended = calibration.probabilities(logits, multi_label=False)
    right = logits.argmax(axis=1) == targets.argmax(axis=1)
    assert expected_calibration_error(raw.max(axis=1), right) > 0.1
    assert expected_calibration_error(mended.max(axis=1), right) < 0.03


def test_the_temperature_never_makes_a_model_surer() -> None:
    logits, targets = overconfident(4000, 0.3)
    assert calibrate(logits, targets, multi_label=False).temperature == 1.0


def test_few_pictures_leave_doubt() -> None:
    logits = np.array([[50.0, 0.0], [0.0, 50.0]])
    calibration = calibrate(logits, np.eye(2), multi_label=False)
    confidences = calibration.probabilities(logits, multi_label=False)
    # Two successes in two trials, and one trial imagined that went half and half.
    assert confidences.max() == pytest.approx(2.5 / 3)
    np.testing.assert_allclose(confidences.sum(axis=1), 1)


def test_several_labels_are_doubted_one_by_one() -> None:
    logits = np.array([[50.0, 50.0, -50.0]] * 8)
    calibration = calibrate(logits, np.array([[1.0, 1.0, 0.0]] * 8), multi_label=True)
    sure = 8.5 / 9
    np.testing.assert_allclose(calibration.probabilities(logits[:1], multi_label=True), [[sure, sure, 1 - sure]])


def test_the_calibration_error_of_known_gaps() -> None:
    confidences = np.array([0.9] * 10 + [0.2] * 10)
    right = np.array([True] * 8 + [False] * 2 + [True] * 3 + [False] * 7)
    assert expected_calibration_error(confidences, right) == pytest.approx((0.1 + 0.1) / 2)


def test_nothing_pictures_are_the_same_for_the_same_seed() -> None:
    first = list(nothing_pictures(32, np.random.default_rng(3)))
    again = list(nothing_pictures(32, np.random.default_rng(3)))
    assert {picture.shape for picture in first} == {(32, 32, 3)}
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].max() == 0
    assert first[1].min() == 255
    assert {picture.dtype for picture in first} == {np.dtype(np.uint8)}
    assert len({picture.tobytes() for picture in first}) == len(first)
