"""The pictures of the example projects: the same every time, different from each other, labelled as the guide says."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest
from PIL import Image

from emulator.domain.manifest.dataset import DatasetEntry, examine_for_dataset
from emulator.example_projects.catalogue import EXAMPLE_PROJECTS, manifest
from emulator.example_projects.pictures import ExampleImage, ExampleProject

PROJECTS = tuple(EXAMPLE_PROJECTS.values())
IDS = tuple(EXAMPLE_PROJECTS)


def everything(project: ExampleProject) -> list[ExampleImage]:
    return [*project.train(), *project.test(), project.sample()]


@pytest.mark.parametrize("project", PROJECTS, ids=IDS)
def test_the_pictures_are_as_many_as_announced_and_all_different(project: ExampleProject) -> None:
    train, test = list(project.train()), list(project.test())
    assert (len(train), len(test)) == (project.training_images, project.test_images)
    bodies = [image.jpeg for image in (*train, *test, project.sample())]
    assert len(set(bodies)) == len(bodies)
    for side in (train, test):
        assert len({image.name for image in side}) == len(side)


@pytest.mark.parametrize("project", PROJECTS, ids=IDS)
def test_the_pictures_are_the_same_every_time(project: ExampleProject) -> None:
    assert everything(project) == everything(project)


@pytest.mark.parametrize("project", PROJECTS, ids=IDS)
def test_a_picture_is_as_large_as_it_says_and_boxes_are_inside(project: ExampleProject) -> None:
    for image in everything(project):
        with Image.open(io.BytesIO(image.jpeg)) as opened:
            assert (opened.format, opened.size) == ("JPEG", image.size)
        for box in image.boxes:
            assert box.label in project.labels
            assert box.left >= 0 and box.left + box.width <= image.size[0]
            assert box.top >= 0 and box.top + box.height <= image.size[1]


@pytest.mark.parametrize("project", PROJECTS, ids=IDS)
def test_manifests_have_no_errors_and_every_label(project: ExampleProject) -> None:
    for side in (list(project.train()), list(project.test())):
        entries = [examine_for_dataset(line) for line in manifest(side, "s3://bucket/assets/").splitlines()]
        assert all(isinstance(entry, DatasetEntry) and not entry.has_errors and entry.is_labeled for entry in entries)
        labels = {label for entry in entries if isinstance(entry, DatasetEntry) for label in entry.labels}
        assert labels == set(project.labels)


def test_rooms_are_those_of_the_guide() -> None:
    """C-4: ten labels, 61 and 56 pictures, one label each."""
    rooms = EXAMPLE_PROJECTS["rooms"]
    assert (len(rooms.labels), rooms.training_images, rooms.test_images) == (10, 61, 56)
    assert all(len(image.labels) == 1 for image in rooms.train())
    assert min(Counter(image.labels[0] for image in rooms.test()).values()) == 5


def test_flowers_have_a_kind_leaves_and_growth_each() -> None:
    assert all(len(image.labels) == 3 for image in EXAMPLE_PROJECTS["flowers"].train())


def test_logos_are_alone_to_train_with_and_somewhere_to_test_with() -> None:
    logos = EXAMPLE_PROJECTS["logos"]
    assert all(image.labels and not image.boxes for image in logos.train())
    assert all(image.boxes and not image.labels for image in logos.test())


def test_a_line_is_one_json_object() -> None:
    [line] = manifest([EXAMPLE_PROJECTS["circuit-boards"].sample()], "s3://b/").splitlines()
    assert json.loads(line)["source-ref"].startswith("s3://b/board-")
