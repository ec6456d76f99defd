"""A dataset's labels: with and without images, renamed and removed everywhere, imported, through kill -9."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.console import ConsoleClient
from support.server import EmulatorProcess
from tests.console.test_gallery import Images, boxed, line

MANY = 3000


@pytest.fixture
def images(console: ConsoleClient) -> Images:
    """Four images with the labels ape, zebra, led and pot."""
    found = Images(console)
    found.update(
        line(found.bucket, "ape.png", "ape", "zebra"),
        line(found.bucket, "zebra.png", "zebra"),
        boxed(found.bucket, "board.png", ("led", 10, 20, 30, 40), ("pot", 1, 2, 3, 4), ("led", 50, 20, 30, 40)),
        line(found.bucket, "none.png"),
    )
    return found


def change(images: Images, **changes: object) -> Any:
    """Change labels and wait until it shows."""
    answer = images.console.post("/dataset/labels", {"dataset": images.arn, **changes})
    assert images.settled()["Status"] == "UPDATE_COMPLETE"
    assert sorted(names(images)) == sorted(label["name"] for label in answer["labels"])
    return answer


def names(images: Images) -> list[str]:
    return [label["name"] for label in images.console.get("/dataset/labels", dataset=images.arn)["labels"]]


def aws_labels(images: Images) -> dict[str, Any]:
    """ListDatasetLabels by name."""
    found = images.project.rekognition.list_dataset_labels(DatasetArn=images.arn)["DatasetLabelDescriptions"]
    return {label["LabelName"]: label["LabelStats"] for label in found}


def refused(images: Images, **changes: object) -> tuple[int, str]:
    return images.console.refused("POST", "/dataset/labels", {"dataset": images.arn, **changes})


def test_labels_without_images_are_kept(images: Images) -> None:
    answer = change(images, add=["giraffe", "<b>"])
    assert answer["is_updating"] is False
    assert names(images) == ["ape", "zebra", "led", "pot", "giraffe", "<b>"]
    assert "giraffe" not in aws_labels(images)
    images.update(line(images.bucket, "giraffe.png", "giraffe"))
    assert names(images).count("giraffe") == 1
    change(images, remove=["<b>"])


def test_a_label_is_renamed_on_every_image_and_box(images: Images) -> None:
    answer = change(images, rename=[{"from": "zebra", "to": "Grévy's zebra"}, {"from": "led", "to": "lamp"}])
    assert answer["is_updating"] is True
    assert aws_labels(images) == {
        "ape": {"EntryCount": 1},
        "Grévy's zebra": {"EntryCount": 2},
        "lamp": {"EntryCount": 1, "BoundingBoxCount": 2},
        "pot": {"EntryCount": 1, "BoundingBoxCount": 1},
    }
    [board] = images.entries(name="board")["entries"]
    assert [box["label"] for box in board["boxes"]] == ["lamp", "pot", "lamp"]


def test_a_stored_label_is_renamed_at_once(images: Images) -> None:
    change(images, add=["giraffe"])
    assert change(images, rename=[{"from": "giraffe", "to": "okapi"}])["is_updating"] is False


def test_a_label_that_images_have_is_removed_only_where_that_is_meant(images: Images) -> None:
    assert refused(images, remove=["zebra"]) == (409, "LabelInUse")
    change(images, remove=["zebra", "led"], remove_from_images=True)
    assert set(aws_labels(images)) == {"ape", "pot"}
    [board] = images.entries(name="board")["entries"]
    assert [box["label"] for box in board["boxes"]] == ["pot"]
    assert set(images.names(state="unlabeled")) == {"zebra.png", "none.png"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"add": ["ape"]}, (409, "LabelExists")),
        ({"add": ["new", "new"]}, (409, "LabelExists")),
        ({"rename": [{"from": "ape", "to": "zebra"}]}, (409, "LabelExists")),
        ({"rename": [{"from": "ape", "to": "x"}, {"from": "pot", "to": "ape"}]}, (409, "LabelExists")),
        ({"rename": [{"from": "nobody", "to": "x"}]}, (404, "NotFound")),
        ({"remove": ["nobody"]}, (404, "NotFound")),
        ({"add": [" "]}, (400, "InvalidParameterException")),
        ({"add": ["x" * 257]}, (400, "InvalidParameterException")),
        ({"add": [f"label {number}" for number in range(247)]}, (400, "LimitExceededException")),
    ],
)
def test_changes_that_cannot_be(images: Images, changes: dict[str, object], expected: tuple[int, str]) -> None:
    before = names(images)
    assert refused(images, **changes) == expected
    assert names(images) == before


def test_labels_are_imported_from_another_dataset(images: Images) -> None:
    other = Images(images.console)
    other.update(line(other.bucket, "x.png", "okapi", "ape"))
    other.console.post("/dataset/labels", {"dataset": other.arn, "add": ["gnu"]})
    answer = images.console.post("/dataset/labels/import", {"dataset": images.arn, "from_dataset": other.arn})
    assert [label["name"] for label in answer["labels"]] == ["ape", "zebra", "led", "pot", "okapi", "gnu"]


def test_a_copied_dataset_has_the_labels_without_images(images: Images) -> None:
    change(images, add=["giraffe"])
    copy = images.project.rekognition.create_dataset(
        ProjectArn=images.project.arn, DatasetType="TEST", DatasetSource={"DatasetArn": images.arn}
    )["DatasetArn"]
    images.project.wait_dataset(copy)
    found = images.console.get("/dataset/labels", dataset=copy)["labels"]
    assert [label["name"] for label in found] == ["ape", "zebra", "led", "pot", "giraffe"]


def test_renaming_outlives_a_kill(start_emulator: Any) -> None:
    """The emulator is killed while 3,000 lines are rewritten, and goes on after its start."""
    emulator: EmulatorProcess = start_emulator()
    images = Images(ConsoleClient(emulator, "111122223333"))
    images.update(*(line(images.bucket, f"{number}.png", "ape") for number in range(MANY)))
    wish = {"dataset": images.arn, "rename": [{"from": "ape", "to": "gorilla"}]}
    assert images.console.post("/dataset/labels", wish)["is_updating"] is True
    emulator.kill()
    emulator.restart()
    images.project.rekognition = emulator.client("rekognition", "111122223333")
    assert images.settled()["Status"] == "UPDATE_COMPLETE"
    assert aws_labels(images) == {"gorilla": {"EntryCount": MANY}}
    assert json.loads(images.entries(limit=1)["entries"][0]["line"])["label0-metadata"]["class-name"] == "gorilla"
