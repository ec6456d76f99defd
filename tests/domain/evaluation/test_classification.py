"""Thresholds, precision, recall, F1 and the confusion matrix of classifiers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emulator.domain.evaluation.classification import evaluate_classification
from emulator.domain.evaluation.thresholds import best_threshold


def test_the_worked_values_of_the_guide() -> None:
    """ME-4: 8 of 9 right is a precision of 0.89, 5 of 8 found a recall of 0.62; and three F1s."""
    confidences = np.array([0.9] * 9 + [0.1] * 3, np.float32)
    is_right = np.array([True] * 8 + [False] + [False] * 3)
    assert round(best_threshold(confidences, is_right, 8).precision, 2) == 0.89
    found = np.array([0.9] * 5 + [0.0] * 3, np.float32)
    evaluation = best_threshold(found[:5], np.ones(5, np.bool_), 8)
    assert evaluation.recall == 0.625
    assert math.isclose(evaluation.f1, 2 * 0.625 / 1.625)


def test_the_threshold_lies_midway_between_neighbours() -> None:
    """Perfect separation leaves a margin on both sides."""
    evaluation = evaluate_classification(
        ["cat", "dog"],
        np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]], np.float32),
        np.array([[1, 0], [1, 0], [0, 1]], np.bool_),
    )
    cat, dog = evaluation.labels
    assert (cat.threshold, cat.f1, cat.test_images) == (0.5, 1.0, 2)
    assert (dog.threshold, dog.precision, dog.recall) == (0.5, 1.0, 1.0)
    assert (evaluation.f1, evaluation.precision, evaluation.recall) == (1.0, 1.0, 1.0)


def test_of_equal_f1s_the_higher_threshold_wins() -> None:
    """Taking one of one (F1 2/3) equals taking two right and two wrong of four (F1 4/6)."""
    confidences = np.array([0.9, 0.7, 0.6, 0.5], np.float32)
    chosen = best_threshold(confidences, np.array([True, False, False, True]), 2)
    assert chosen.f1 == pytest.approx(2 / 3)
    assert chosen.threshold == pytest.approx(0.8)
    assert chosen.precision == 1.0


def test_no_threshold_lies_under_the_lowest_one_allowed() -> None:
    """Without a floor .05 would take both right ones (F1 1); with it only the likely one counts."""
    confidences, is_right = np.array([0.9, 0.1, 0.01], np.float32), np.array([True, True, False])
    assert best_threshold(confidences, is_right, 2).threshold == pytest.approx(0.055)
    chosen = best_threshold(confidences, is_right, 2, lowest=0.3)
    assert (chosen.threshold, chosen.precision, chosen.recall) == (0.5, 1.0, 0.5)
    nothing = best_threshold(confidences[1:], is_right[1:], 1, lowest=0.3)
    assert nothing.f1 == 0.0
    assert nothing.threshold == pytest.approx(0.55)


def test_a_frequent_label_is_not_found_where_guessing_would_find_it() -> None:
    """Two of four images have it: under 0.6 · 1/2 it counts for nothing, though that would give an F1 of 1."""
    labels = ["person", *(f"thing{number}" for number in range(9))]
    truth, confidences = np.zeros((4, 10), np.bool_), np.zeros((4, 10), np.float32)
    truth[:2, 0] = True
    confidences[:, 0] = [0.6, 0.25, 0.2, 0.1]
    assert evaluate_classification(labels, confidences, truth).thresholds()["person"] == pytest.approx(0.425)
    confidences[1, 0] = 0.35
    assert evaluate_classification(labels, confidences, truth).thresholds()["person"] == pytest.approx(0.3)
    truth[:, 0], confidences[:, 0] = True, [0.6, 0.5, 0.4, 0.35]
    person = evaluate_classification(labels, confidences, truth).labels[0]
    assert person.f1 == 1.0
    assert person.threshold == pytest.approx(0.3), "no share counts as more than a half"


def test_a_hardly_likely_label_is_not_taken_for_found() -> None:
    """Of two labels none gets a threshold under .3: a picture of something else is hardly like either."""
    confidences = np.array([[0.2, 0.01], [0.1, 0.02], [0.02, 0.9]], np.float32)
    truth = np.array([[1, 0], [1, 0], [0, 1]], np.bool_)
    thresholds = evaluate_classification(["ant", "bee"], confidences, truth).thresholds()
    assert min(thresholds.values()) >= 0.3


def test_aggregates_are_plain_means_of_the_labels() -> None:
    """ME-5, with the figures of the guide's example: 381 of 388 and 390, 227 of 236 and 234."""
    truth = np.zeros((624, 2), np.bool_)
    truth[:390, 0] = truth[390:, 1] = True
    found = np.zeros((624, 2), np.float32)
    found[:381, 0] = found[390:397, 0] = 1
    found[390:617, 1] = found[:9, 1] = 1
    evaluation = evaluate_classification(["CAP", "WATCH"], found, truth)
    assert evaluation.labels[0].f1 == pytest.approx(0.9794344473007711, abs=1e-15)
    assert evaluation.labels[1].precision == pytest.approx(0.961864406779661, abs=1e-15)
    assert evaluation.f1 == pytest.approx(0.9726959470546408, abs=1e-15)
    assert evaluation.precision == pytest.approx(0.9719115848331294, abs=1e-15)
    assert evaluation.recall == pytest.approx(0.9735042735042735, abs=1e-15)


def test_labels_without_test_images_are_left_out_of_the_means() -> None:
    evaluation = evaluate_classification(
        ["a", "b", "absent"],
        np.array([[0.9, 0.1, 0.3], [0.1, 0.9, 0.8]], np.float32),
        np.array([[1, 0, 0], [0, 1, 0]], np.bool_),
    )
    absent = evaluation.labels[2]
    assert (absent.test_images, absent.f1) == (0, 0.0)
    assert absent.threshold == pytest.approx(0.9)
    assert evaluation.f1 == 1.0
    assert [label.label for label in evaluation.measured] == ["a", "b"]


def test_the_confusion_matrix_counts_the_highest_scoring_label() -> None:
    """CM-2, O-28: ground truths add up to 1 although no threshold is reached; empty cells are left out."""
    confidences = np.array([[0.3, 0.2, 0.1], [0.1, 0.2, 0.1], [0.5, 0.6, 0.1], [0.1, 0.3, 0.3]], np.float32)
    truth = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.bool_)
    cells = evaluate_classification(["a", "b", "c"], confidences, truth).confusion
    assert cells is not None
    assert {(cell.ground_truth, cell.predicted): cell.value for cell in cells} == {
        ("a", "a"): 0.5,
        ("a", "b"): 0.5,
        ("b", "b"): 1.0,
        ("c", "b"): 1.0,
    }


def test_the_confusion_matrix_of_several_labels_an_image_counts_wrong_finds() -> None:
    """A label that is rightly there beside another is not a confusion."""
    confidences = np.array([[0.9, 0.9, 0.9], [0.9, 0.1, 0.1]], np.float32)
    truth = np.array([[1, 1, 0], [1, 0, 1]], np.bool_)
    cells = evaluate_classification(["a", "b", "c"], confidences, truth).confusion
    assert cells is not None
    found = {(cell.ground_truth, cell.predicted): cell.value for cell in cells}
    assert found[("a", "a")] == 1.0
    assert found[("b", "b")] == 1.0
    assert ("a", "b") not in found


def test_images_without_any_label_of_the_model_do_not_disturb_the_confusion_matrix() -> None:
    confidences = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.7]], np.float32)
    cells = evaluate_classification(["a", "b"], confidences, np.array([[1, 0], [0, 1], [0, 0]], np.bool_)).confusion
    assert cells is not None
    assert [(cell.ground_truth, cell.predicted, cell.value) for cell in cells] == [("a", "a", 1.0), ("b", "b", 1.0)]


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        evaluate_classification(["a", "b"], np.zeros((3, 3), np.float32), np.zeros((3, 3), np.bool_))


@settings(max_examples=150)
@given(
    st.integers(1, 25).flatmap(
        lambda n: st.tuples(hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32)), hnp.arrays(np.bool_, n))
    )
)
def test_no_other_threshold_has_a_better_f1(given_arrays: tuple[np.ndarray, np.ndarray]) -> None:
    """ME-3, by trying every confidence as a threshold; and the metrics are those at the chosen one."""
    confidences, truth = given_arrays
    chosen = best_threshold(confidences, truth, int(truth.sum()))
    assert 0 <= chosen.threshold <= 1
    assert float(np.float32(chosen.threshold)) == chosen.threshold

    def f1_at(threshold: float) -> float:
        predicted = confidences >= np.float32(threshold)
        total = predicted.sum() + truth.sum()
        return 2 * float((predicted & truth).sum()) / total if truth.any() and total else 0.0

    assert chosen.f1 == pytest.approx(max(f1_at(value) for value in confidences))
    assert f1_at(chosen.threshold) == pytest.approx(chosen.f1)
