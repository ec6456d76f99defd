"""The evaluation summary and the snapshots, read as public programs read the files of the real service.

Three ways are known: a workshop in R and a Java class take the ids of images from the top level of each line; a
notebook takes a pair of truth and prediction for each evaluation member of a line and computes the accuracy; the
workshop counts recall and precision from `objects` alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from support import results
from support.pictures import Box, Picture, box_line, draw_picture, image_level_line, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

EVALUATION = "rekognition-custom-labels-evaluation"
DETECTOR_SECONDS = 400.0
OBJECT_ID = "rekognition-custom-labels-object-id"


@pytest.fixture(scope="module")
def quick_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One that trains briefly: how good the models are does not matter here."""
    directory = tmp_path_factory.mktemp("results") / "data"
    with EmulatorProcess(directory, {"CUSTOM_LABELS_TRAINING_EFFORT": "instant"}) as process:
        yield process


def with_uncovered_box(picture: Picture) -> Picture:
    """The picture with one more true box, where nothing is to be seen, of a size that nothing else has."""
    box = Box(picture.labels[0], 1, 1, 6, 120)
    return replace(picture, labels=(*picture.labels, box.label), boxes=(*picture.boxes, box))


@pytest.fixture(scope="module")
def detector(quick_emulator: EmulatorProcess) -> Project:
    """Trained on eight pictures; of the four test pictures two have a true box that no prediction covers."""
    project = new_project(quick_emulator, "111122223333")
    train = [draw_picture(["circle", "square"][number % 2 :], number) for number in range(8)]
    test = [draw_picture(["circle", "square"][number % 2 :], 500 + number) for number in range(4)]
    test[:2] = map(with_uncovered_box, test[:2])
    project.create_dataset("TRAIN", train, lambda pictures, bucket: manifest(pictures, bucket, box_line))
    project.create_dataset("TEST", test, lambda pictures, bucket: manifest(pictures, bucket, box_line))
    project.train(seconds=DETECTOR_SECONDS)
    return project


def manifest(pictures: Sequence[Picture], bucket: str, line: Any) -> bytes:
    """JSON Lines; a source-ref more in front, which is not used: images are counted without it, lines with it."""
    lines = [line(picture, bucket) for picture in pictures]
    unused = json.dumps({"source-ref": json.loads(lines[0])["source-ref"] + ".png"})
    return "".join(f"{text}\n" for text in [unused, *lines]).encode()


@pytest.fixture(scope="module")
def classifier(quick_emulator: EmulatorProcess) -> Project:
    """One label an image; two of the eight test images carry the wrong one, and no test image has `cross`."""
    project = new_project(quick_emulator, "222233334444")
    train = single_label_pictures(["circle", "square", "cross"], 6)
    test = single_label_pictures(["circle", "square"], 4, seed=500)
    test[0], test[4] = replace(test[0], labels=("square",)), replace(test[4], labels=("circle",))
    for kind, pictures in (("TRAIN", train), ("TEST", test)):
        project.create_dataset(kind, pictures, lambda chosen, bucket: manifest(chosen, bucket, image_level_line))
    project.train()
    return project


@pytest.mark.parametrize("kind", ["TrainingGroundTruth", "TestingGroundTruth"])
@pytest.mark.parametrize("model", ["classifier", "detector"])
def test_ids_stand_at_the_top_level_of_each_line(model: str, kind: str, request: pytest.FixtureRequest) -> None:
    """1, 2, 3 … by image, and the number of the manifest's line, as the workshop and the Java class read them."""
    lines = results.result_lines(request.getfixturevalue(model), kind)
    assert [line[OBJECT_ID] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["line-idx"] for line in lines] == list(range(2, len(lines) + 2))
    assert all(type(line[name]) is int for line in lines for name in (OBJECT_ID, "line-idx"))


def objects_of(line: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Label, annotation and object of each entry of a detector's snapshot line."""
    metadata, attribute = line[f"{EVALUATION}-metadata"], line[EVALUATION]
    for annotation, item in zip(attribute["annotations"], metadata["objects"], strict=True):
        yield metadata["class-map"][str(annotation["class_id"])], annotation, item


def test_recall_and_precision_counted_from_the_objects_alone_are_those_of_the_summary(detector: Project) -> None:
    """ME-4, SN-3: nothing but the flags of `objects` is looked at."""
    counts: dict[str, Counter[str]] = {}
    for line in results.result_lines(detector, "TestingGroundTruth"):
        for label, _, item in objects_of(line):
            [flag] = [flag for flag in results.FLAGS if item[results.DETAILS][flag]]
            counts.setdefault(label, Counter())[flag] += 1
    summary = results.result_json(detector, "EvaluationResultSummary")
    told = {one["Label"]: one["Metrics"] for one in summary["LabelEvaluationResults"]}
    assert set(counts) == set(told) == {"circle", "square"}
    for label, count in counts.items():
        right, wrong, missed = (count[f"is-{flag}"] for flag in ("true-positive", "false-positive", "false-negative"))
        assert told[label]["Recall"] == pytest.approx(right / (right + missed))
        assert told[label]["Precision"] == pytest.approx(right / (right + wrong) if right else 0)


def test_the_objects_of_a_line_are_the_true_boxes_and_what_was_found_without_being_there(detector: Project) -> None:
    """No true negatives, an entry for each true box, and one without confidence where nothing covers it."""
    summary = results.result_json(detector, "EvaluationResultSummary")
    thresholds = {one["Label"]: one["Metrics"]["Threshold"] for one in summary["LabelEvaluationResults"]}
    for number, line in enumerate(results.result_lines(detector, "TestingGroundTruth")):
        entries = list(objects_of(line))
        details = [item[results.DETAILS] for _, _, item in entries]
        present = sum(one["is-present-in-ground-truth"] for one in details)
        assert present == len(line["rekognition-custom-labels-training-0"]["annotations"])
        assert not any(one["is-true-negative"] for one in details)
        assert all(OBJECT_ID not in item for _, _, item in entries)
        wrong = [(label, item["confidence"]) for label, _, item in entries if item[results.DETAILS][results.FLAGS[2]]]
        assert all(confidence >= thresholds[label] - 1e-5 for label, confidence in wrong)
        uncovered = [place for _, place, item in entries if item["confidence"] == 0]
        if number < 2:
            assert {"left": 1, "top": 1, "width": 6, "height": 120}.items() <= uncovered[-1].items()


def test_boxes_are_whole_pixels_within_the_image(detector: Project) -> None:
    """SN-4, as in Ground Truth and in the guide's example."""
    for line in results.result_lines(detector, "TestingGroundTruth"):
        for _, annotation, _ in objects_of(line):
            assert all(type(value) is int for value in annotation.values())
            assert annotation["left"] >= 0 < annotation["width"] <= 128 - annotation["left"]
            assert annotation["top"] >= 0 < annotation["height"] <= 128 - annotation["top"]


def pairs_of(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(truth, prediction) for each evaluation member of each line, as the notebook collects them."""
    return [
        (line["rekognition-custom-labels-training-0-metadata"]["class-name"], line[f"{name}-metadata"]["class-name"])
        for line in lines
        for name in line
        if name.startswith(EVALUATION) and not name.endswith("-metadata")
    ]


def test_pairs_of_truth_and_prediction_give_the_accuracy_of_a_classifier(classifier: Project) -> None:
    """One pair an image, and the pairs counted are the confusion matrix (O-28)."""
    lines = results.result_lines(classifier, "TestingGroundTruth")
    pairs = pairs_of(lines)
    assert len(pairs) == len(lines) == 8
    summary = results.result_json(classifier, "EvaluationResultSummary")
    images = Counter(truth for truth, _ in pairs)
    found = Counter(pairs)
    told = {
        (cell["GroundTruthLabel"], cell["PredictedLabel"]): cell["Value"] * images[cell["GroundTruthLabel"]]
        for cell in summary["AggregatedEvaluationResults"]["ConfusionMatrix"]
    }
    assert told == pytest.approx(dict(found))


def test_the_guides_example_of_a_line_is_what_a_right_image_gives(classifier: Project) -> None:
    """SN-4: training-0 and evaluation-0, and no other number."""
    guide = {"source-ref", OBJECT_ID, "line-idx"} | {
        f"rekognition-custom-labels-{part}{tail}"
        for part in ("training-0", "evaluation-0")
        for tail in ("", "-metadata")
    }
    assert all(set(line) == guide for line in results.result_lines(classifier, "TestingGroundTruth"))


def test_a_label_without_test_images_is_in_the_summary_with_its_threshold(classifier: Project) -> None:
    """ES-1, Q-7: DetectCustomLabels applies this threshold; the aggregates say that they do not cover the label."""
    summary = results.result_json(classifier, "EvaluationResultSummary")
    told = summary["LabelEvaluationResults"]
    last = told[-1]
    assert (last["Label"], last["NumberOfTestingImages"]) == ("cross", 0)
    assert 0.5 <= last["Metrics"]["Threshold"] < 1
    assert {last["Metrics"][name] for name in ("F1Score", "Precision", "Recall")} == {0}
    aggregated = summary["AggregatedEvaluationResults"]
    assert aggregated["EvaluatedLabels"] == ["circle", "square"]
    assert aggregated["F1Score"] == pytest.approx(sum(one["Metrics"]["F1Score"] for one in told[:2]) / 2)
    assert all(before["Metrics"]["F1Score"] >= after["Metrics"]["F1Score"] for before, after in pairwise(told))


def test_aggregates_over_all_labels_have_the_members_of_the_guide_and_no_more(detector: Project) -> None:
    """ES-1, ME-6."""
    aggregated = results.result_json(detector, "EvaluationResultSummary")["AggregatedEvaluationResults"]
    assert set(aggregated) == {"AveragePrecision", "AverageRecall", "F1Score", "Precision", "Recall"}
