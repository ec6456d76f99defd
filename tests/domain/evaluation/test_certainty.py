"""Intervals by the bootstrap: they hold the truth about as often as they promise, and hints name what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.domain.evaluation.certainty import (
    Interval,
    average_precision_interval,
    classification_f1_interval,
    detection_f1_interval,
)
from emulator.domain.evaluation.classification import evaluate_classification
from emulator.domain.evaluation.detection import ImageBoxes, evaluate_detection
from emulator.domain.evaluation.hints import hints


def test_the_interval_holds_the_true_f1_about_as_often_as_it_promises() -> None:
    """200 test sets of 60 images of a classifier that is right four times in five."""
    random = np.random.default_rng(0)
    inside = 0
    for trial in range(200):
        truth = np.eye(2, dtype=bool)[random.integers(0, 2, 60)]
        found = np.where(random.random(60)[:, None] < 0.8, truth, ~truth)
        confidences = found.astype(np.float32)
        hits = (found & truth).sum(axis=0)
        value = float(np.mean(2 * hits / (found.sum(axis=0) + truth.sum(axis=0))))
        interval = classification_f1_interval(confidences, truth, [0.5, 0.5], value, trial)
        assert interval.low <= value <= interval.high
        inside += interval.low <= 0.8 <= interval.high
    assert 180 <= inside <= 199


def test_more_test_images_make_the_interval_narrower() -> None:
    random = np.random.default_rng(0)
    widths = []
    for count in (10, 100, 1000):
        truth = np.eye(2, dtype=bool)[random.integers(0, 2, count)]
        found = np.where(random.random(count)[:, None] < 0.8, truth, ~truth).astype(np.float32)
        interval = classification_f1_interval(found, truth, [0.5, 0.5], 0.8, 1)
        widths.append(interval.high - interval.low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2] > 0


def test_the_same_seed_gives_the_same_interval() -> None:
    truth = np.eye(2, dtype=bool)[[0, 1, 0, 1, 1]]
    confidences = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8]], np.float32)
    first, again, other = (classification_f1_interval(confidences, truth, [0.5, 0.5], 0.8, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other or first.low == other.low


def test_without_test_images_anything_is_possible() -> None:
    nothing = np.zeros((0, 2), np.float32)
    assert classification_f1_interval(nothing, nothing > 0, [0.5, 0.5], 0.0, 0) == Interval(0.0, 0.0, 1.0)


def boxes(lefts: list[float], confidences: list[float] | None = None) -> ImageBoxes:
    """Boxes of the label 0, ten pixels wide and high, from these left edges on."""
    sides = np.array([[left, 0, 10, 10] for left in lefts], np.float64).reshape(-1, 4)
    return ImageBoxes(sides, np.zeros(len(lefts), np.int64), np.array(confidences or [1.0] * len(lefts), np.float32))


def test_a_detector_that_finds_all_has_an_interval_of_no_width() -> None:
    truth = [boxes([0, 50]) for _ in range(8)]
    found = [boxes([0, 50], [0.9, 0.8]) for _ in range(8)]
    judged = evaluate_detection(["a"], truth, found)
    thresholds = list(judged.evaluation.thresholds().values())
    average = judged.evaluation.average_precision
    assert average == 1.0
    assert average_precision_interval(truth, found, judged.matches, 1, average, 0) == Interval(1.0, 1.0, 1.0)
    assert detection_f1_interval(truth, found, judged.matches, thresholds, 1.0, 0) == Interval(1.0, 1.0, 1.0)


def test_the_interval_of_a_detector_lies_around_its_figures() -> None:
    """Half of the images have all their boxes found, half none."""
    truth = [boxes([0, 50]) for _ in range(20)]
    found = [boxes([0, 50], [0.9, 0.8]) if number % 2 else boxes([200], [0.7]) for number in range(20)]
    judged = evaluate_detection(["a"], truth, found)
    average = judged.evaluation.average_precision or 0.0
    precision = average_precision_interval(truth, found, judged.matches, 1, average, 0)
    assert precision.low < average < precision.high
    assert precision.low > 0.2 and precision.high < 0.8
    f1 = detection_f1_interval(truth, found, judged.matches, [0.5], judged.evaluation.f1, 0)
    assert 0.3 < f1.low < judged.evaluation.f1 < f1.high < 0.9


def test_hints_name_the_confusion_the_worst_label_and_a_small_test_set() -> None:
    confidences = np.array([[0.9, 0.1]] * 6 + [[0.8, 0.2]] * 3 + [[0.1, 0.9]] * 3, np.float32)
    truth = np.eye(2, dtype=bool)[[0] * 6 + [1] * 6]
    evaluation = evaluate_classification(["ant", "bee"], confidences, truth)
    told = hints(evaluation, Interval(0.75, 0.5, 0.9), {"ant": 40, "bee": 1}, 12)
    assert [hint.kind for hint in told] == ["confused", "more_images", "more_test_images"]
    assert (told[0].label, told[0].other) == ("bee", "ant")
    assert told[0].text.startswith("50% of the test images of bee are taken for ant")
    assert told[1].label == "bee" and "1 training image" in told[1].text
    assert "12 test images" in told[2].text and "0.50 and 0.90" in told[2].text
    assert told[2].document() == {"kind": "more_test_images", "text": told[2].text}


def test_a_good_model_gets_no_hint() -> None:
    confidences = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    evaluation = evaluate_classification(["ant", "bee"], confidences, np.eye(2, dtype=bool))
    assert hints(evaluation, Interval(1.0, 0.97, 1.0), {"ant": 9, "bee": 9}, 2) == ()


@pytest.mark.parametrize(("precision", "expected"), [(True, "found where it is not"), (False, "are missed")])
def test_a_hint_says_whether_a_label_is_missed_or_seen_too_often(precision: bool, expected: str) -> None:
    """Boxes: half of those found are none, or half of those there are not found."""
    truth = [boxes([0] if precision else [0, 50]) for _ in range(6)]
    found = [boxes([0, 200] if precision else [0], [0.9] * (2 if precision else 1)) for _ in range(6)]
    evaluation = evaluate_detection(["a"], truth, found).evaluation
    [hint] = hints(evaluation, Interval(0.7, 0.68, 0.72), {"a": 5}, 6)
    assert expected in hint.text
