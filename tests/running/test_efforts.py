"""The effort of a training: by the setting, and by the tag of a version (O-36)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.pictures import SINGLE_LABELS, box_manifest, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
TAG = "custom-labels:training-effort"


@pytest.fixture(scope="module")
def instant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator whose trainings are instant by its setting."""
    settings = {"CUSTOM_LABELS_TRAINING_EFFORT": "instant"}
    with EmulatorProcess(tmp_path_factory.mktemp("efforts") / "data", settings) as emulator:
        yield emulator


def small_project(emulator: EmulatorProcess) -> Project:
    project = new_project(emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 4))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    return project


def test_a_tag_makes_one_training_instant(start_emulator: Callable[..., EmulatorProcess]) -> None:
    """The model is real: it answers the pictures that it was trained with."""
    emulator = start_emulator()
    project = small_project(emulator)
    arn = project.train("first", Tags={TAG: "instant"})
    assert f"training of {arn}: effort instant" in emulator.log()
    project.start_model("first")
    picture = single_label_pictures(SINGLE_LABELS, 1)[0]
    answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": picture.body})
    assert [label["Name"] for label in answer["CustomLabels"]] == list(picture.labels)


def test_an_unknown_effort_is_ignored_and_the_setting_counts(instant: EmulatorProcess) -> None:
    arn = small_project(instant).train("first", Tags={TAG: "heroic"})
    assert "there is no effort 'heroic'" in instant.log()
    assert f"training of {arn}: effort instant" in instant.log()


def test_boxes_are_found_in_the_pictures_that_an_instant_model_was_made_from(instant: EmulatorProcess) -> None:
    project = new_project(instant, ACCOUNT)
    pictures = single_label_pictures(SINGLE_LABELS, 8, size=(320, 240))
    project.create_dataset("TRAIN", pictures, box_manifest)
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500, size=(320, 240)), box_manifest)
    arn = project.train("first")
    project.start_model("first")
    for picture in (pictures[0], pictures[-1]):
        [truth] = picture.boxes
        answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": picture.body})
        best = answer["CustomLabels"][0]
        assert best["Name"] == truth.label
        box = best["Geometry"]["BoundingBox"]
        assert abs((box["Left"] + box["Width"] / 2) * picture.width - (truth.left + truth.width / 2)) < 15
        assert abs((box["Top"] + box["Height"] / 2) * picture.height - (truth.top + truth.height / 2)) < 15


def test_logos_are_known_by_an_instant_model(instant: EmulatorProcess) -> None:
    """D-26: image-level labels to train on, boxes to test on."""
    project = new_project(instant, ACCOUNT)
    logos = single_label_pictures(SINGLE_LABELS, 3)
    project.create_dataset("TRAIN", logos)
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500, size=(320, 240)), box_manifest)
    arn = project.train("first")
    project.start_model("first")
    answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": logos[0].body})
    assert answer["CustomLabels"][0]["Name"] == logos[0].labels[0]
    assert "Geometry" in answer["CustomLabels"][0]


def test_the_usage_report_says_how_sure_the_figures_of_a_version_are(instant: EmulatorProcess) -> None:
    """An interval with F1 and hints, in the log as well."""
    project = small_project(instant)
    arn = project.train("first")
    f1_score = project.describe_version("first")["EvaluationResult"]["F1Score"]
    rows = instant.control("GET", "/_emulator/usage")[1]["versions"]
    quality = {row["project_version"]: row["quality"] for row in rows}[arn]
    assert (quality["effort"], quality["test_images"]) == ("instant", 2 * len(SINGLE_LABELS))
    assert quality["f1"]["low"] <= quality["f1"]["value"] <= quality["f1"]["high"]
    assert quality["f1"]["value"] == round(f1_score, 4)
    assert "average_precision" not in quality
    assert all(set(hint) >= {"kind", "text"} for hint in quality["hints"])
    assert f"{arn}: F1 " in instant.log()
