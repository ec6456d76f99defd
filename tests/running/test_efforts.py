"""The effort of a training: by the setting, and by the tag of a version (O-36)."""

from __future__ import annotations

from collections.abc import Callable

from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
TAG = "custom-labels:training-effort"


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


def test_an_unknown_effort_is_ignored_and_the_setting_counts(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator(environment={"CUSTOM_LABELS_TRAINING_EFFORT": "instant"})
    arn = small_project(emulator).train("first", Tags={TAG: "heroic"})
    assert "there is no effort 'heroic'" in emulator.log()
    assert f"training of {arn}: effort instant" in emulator.log()
