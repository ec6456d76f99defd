"""The gallery's index: pages by offset, filters, order, counts, errors, usable while the dataset is updated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.cli import main
from support.console import ConsoleClient
from support.projects import Project
from support.server import EmulatorProcess

METADATA = {"human-annotated": "yes", "creation-date": "2026-01-02T03:04:05", "job-name": "labeling-job/x"}
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp"


def line(bucket: str, key: str, *labels: str) -> dict[str, Any]:
    """A line with image-level labels; without any it is unlabelled."""
    document: dict[str, Any] = {"source-ref": f"s3://{bucket}/{key}"}
    for number, label in enumerate(labels):
        document[f"label{number}"] = 1
        document[f"label{number}-metadata"] = {
            **METADATA,
            "type": "groundtruth/image-classification",
            "confidence": 1,
            "class-name": label,
        }
    return document


def boxed(bucket: str, key: str, *boxes: tuple[str, int, int, int, int]) -> dict[str, Any]:
    """A line with boxes in a frame of 200 × 100."""
    labels = sorted({box[0] for box in boxes})
    sides = ("left", "top", "width", "height")
    return {
        "source-ref": f"s3://{bucket}/{key}",
        "box": {
            "image_size": [{"width": 200, "height": 100, "depth": 3}],
            "annotations": [
                {"class_id": labels.index(label), **dict(zip(sides, place, strict=True))} for label, *place in boxes
            ],
        },
        "box-metadata": {
            **METADATA,
            "type": "groundtruth/object-detection",
            "class-map": {str(number): label for number, label in enumerate(labels)},
            "objects": [{"confidence": 1} for _ in boxes],
        },
    }


class Images:
    """A project of the console's account with a training dataset of the given lines."""

    def __init__(self, console: ConsoleClient) -> None:
        self.console = console
        self.project = Project(
            console.emulator.client("rekognition", console.account), console.emulator.client("s3", console.account)
        )
        self.project.create()
        self.bucket = self.project.bucket
        self.arn: str = self.project.rekognition.create_dataset(ProjectArn=self.project.arn, DatasetType="TRAIN")[
            "DatasetArn"
        ]

    def update(self, *lines: dict[str, Any]) -> None:
        """UpdateDatasetEntries, to its end."""
        changes = {"GroundTruth": "\n".join(json.dumps(each) for each in lines).encode()}
        self.project.rekognition.update_dataset_entries(DatasetArn=self.arn, Changes=changes)
        self.settled()

    def settled(self) -> dict[str, Any]:
        """The dataset once its work is over."""
        return self.project.wait_dataset(self.arn)

    def entries(self, **query: object) -> Any:
        return self.console.get("/dataset/entries", dataset=self.arn, **query)

    def names(self, **query: object) -> list[str]:
        return [entry["name"] for entry in self.entries(**query)["entries"]]

    def counts(self, **query: object) -> Any:
        return self.console.get("/dataset/counts", dataset=self.arn, **query)


@pytest.fixture
def images(console: ConsoleClient) -> Images:
    """Seven images: labelled, hostile, unlabelled, boxed, and one with an error."""
    found = Images(console)
    bucket = found.bucket
    found.update(
        line(bucket, "b/zebra.png", "stripes", "horse"),
        line(bucket, "b/ape.png", "ape"),
        line(bucket, "a/none.png"),
        boxed(bucket, "a/board.png", ("led", 10, 20, 30, 40), ("pot", 1, 2, 3, 4), ("led", 50, 20, 30, 40)),
        boxed(bucket, "a/outside.png", ("led", 190, 20, 30, 40), ("led", 1, 20, 30, 40)),
        line(bucket, f"c/{HOSTILE}.png", HOSTILE),
        line(bucket, "d/ape.png", "ape"),
    )
    return found


def test_entries_come_in_the_order_of_the_manifest_or_by_name(images: Images) -> None:
    names = ["zebra.png", "ape.png", "none.png", "board.png", "outside.png", f"{HOSTILE}.png", "ape.png"]
    assert images.names() == names
    by_name = images.entries(sort="name")["entries"]
    assert [entry["name"] for entry in by_name] == sorted(names)
    assert [entry["key"] for entry in by_name if entry["name"] == "ape.png"] == ["b/ape.png", "d/ape.png"]
    assert images.names(sort="-name") == sorted(names, reverse=True)


def test_pages_by_offset(images: Images) -> None:
    everything = images.entries()
    assert everything["total"] == 7
    for offset in (0, 3, 6):
        page = images.entries(offset=offset, limit=2)
        assert page["entries"] == everything["entries"][offset : offset + 2]
        assert (page["total"], page["offset"]) == (7, offset)
    assert images.entries(offset=50)["entries"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "unlabeled"}, {"none.png"}),
        ({"state": "errors"}, {"outside.png"}),
        ({"label": "ape"}, {"ape.png"}),
        ({"label": ["pot", "horse"]}, {"board.png", "zebra.png"}),
        ({"label": HOSTILE}, {f"{HOSTILE}.png"}),
        ({"name": "/b/"}, {"zebra.png", "ape.png"}),
        ({"name": "board", "state": "labeled"}, {"board.png"}),
        ({"name": "nowhere"}, set()),
        ({"label": "nothing"}, set()),
    ],
)
def test_filters(images: Images, query: dict[str, object], expected: set[str]) -> None:
    found = images.entries(**query)
    assert {entry["name"] for entry in found["entries"]} == expected
    assert found["total"] == len(found["entries"])
    refs = images.console.get("/dataset/refs", dataset=images.arn, **query)
    assert refs["source_refs"] == [entry["source_ref"] for entry in found["entries"]]
    for number, source_ref in enumerate(refs["source_refs"]):
        place = images.console.get("/dataset/places", dataset=images.arn, source_ref=source_ref, **query)
        assert place["offset"] == number
    missing = images.console.get("/dataset/places", dataset=images.arn, source_ref="s3://none/x", **query)
    assert missing["offset"] is None


def test_an_entry_has_labels_boxes_and_its_line(images: Images) -> None:
    [zebra] = images.entries(name="zebra")["entries"]
    assert zebra["image_labels"] == ["stripes", "horse"]
    assert zebra["source_ref"] == f"s3://{images.bucket}/b/zebra.png" == json.loads(zebra["line"])["source-ref"]
    [board] = images.entries(name="board")["entries"]
    assert board["boxes"][0] == {"label": "led", "left": 10, "top": 20, "width": 30, "height": 40}
    assert board["labels"] == [{"name": "led", "boxes": 2}, {"name": "pot", "boxes": 1}]
    assert board["image_size"] == {"width": 200, "height": 100}
    [outside] = images.entries(name="outside")["entries"]
    assert len(outside["boxes"]) == 2
    [error] = outside["errors"]
    assert (error["code"], error["attribute"], error["annotation"]) == ("ERROR_INVALID_BOUNDING_BOX", "box", 0)


def test_counts_of_every_filter_and_label(images: Images) -> None:
    counts = images.counts()
    assert (counts["all"], counts["labeled"], counts["unlabeled"], counts["errors"]) == (7, 6, 1, 1)
    by_label = {label["name"]: (label["images"], label["boxes"]) for label in counts["labels"]}
    assert by_label == {
        "stripes": (1, 0),
        "horse": (1, 0),
        "ape": (2, 0),
        "led": (2, 4),
        "pot": (1, 1),
        HOSTILE: (1, 0),
    }
    within = images.counts(name="/a/")
    assert (within["all"], within["labeled"], within["unlabeled"], within["errors"]) == (3, 2, 1, 1)
    assert {label["name"]: label["images"] for label in within["labels"] if label["images"]} == {"led": 2, "pot": 1}


def test_errors_are_counted_by_code(images: Images) -> None:
    codes = images.console.get("/dataset/error-counts", dataset=images.arn)["codes"]
    assert codes == [{"code": "ERROR_INVALID_BOUNDING_BOX", "entries": 1}]


def test_entries_are_looked_up_by_address(images: Images) -> None:
    wanted = [f"s3://{images.bucket}/d/ape.png", "s3://none/x", f"s3://{images.bucket}/b/zebra.png"]
    found = images.console.post("/dataset/lookup", {"dataset": images.arn, "source_refs": wanted})["entries"]
    assert [entry and entry["source_ref"] for entry in found] == [wanted[0], None, wanted[2]]


def test_the_revision_tells_whether_pages_are_still_true(images: Images) -> None:
    before = images.entries()["revision"]
    assert images.entries()["revision"] == before
    images.update(line(images.bucket, "d/ape.png", "gorilla"))
    assert images.entries()["revision"] != before


def test_the_gallery_is_there_while_the_dataset_is_updated(images: Images) -> None:
    images.console.emulator.control("PUT", "/_emulator/transitions", {"dataset": {"type": "describes", "count": 1}})
    try:
        changes = {"GroundTruth": json.dumps(line(images.bucket, "e/new.png", "ape")).encode()}
        images.project.rekognition.update_dataset_entries(DatasetArn=images.arn, Changes=changes)
    finally:
        images.console.emulator.control("PUT", "/_emulator/transitions", {"dataset": {"type": "real"}})
    page = images.entries()
    assert page["status"] == "UPDATE_IN_PROGRESS"
    assert page["total"] in (7, 8)
    images.settled()
    assert images.entries()["total"] == 8


def test_datasets_of_others_are_not_there(images: Images, console: ConsoleClient) -> None:
    other = ConsoleClient(console.emulator, "121212121212")
    elsewhere = ConsoleClient(console.emulator, console.account, "eu-west-1")
    for page in (other, elsewhere):
        for path in ("entries", "counts", "refs", "labels", "uploads", "error-counts"):
            assert page.refused("GET", f"/dataset/{path}", dataset=images.arn) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"state": "wrong"}, {"sort": "size"}])
def test_queries_that_do_not_fit_are_refused(images: Images, query: dict[str, object]) -> None:
    assert images.console.refused("GET", "/dataset/entries", dataset=images.arn, **query) == (422, "InvalidRequest")


def test_images_are_removed_from_a_dataset(images: Images) -> None:
    gone = [f"s3://{images.bucket}/b/zebra.png", f"s3://{images.bucket}/d/ape.png", "s3://none/x"]
    images.console.post("/dataset/remove", {"dataset": images.arn, "source_refs": gone})
    assert images.settled()["Status"] == "UPDATE_COMPLETE"
    assert images.entries()["total"] == 5
    assert {label["name"] for label in images.counts()["labels"]} == {"ape", "led", "pot", HOSTILE}
    stats = images.project.describe_dataset(images.arn)["DatasetStats"]
    assert (stats["TotalEntries"], stats["TotalLabels"]) == (5, 4)


def test_a_dataset_without_images_takes_those_of_another_bucket(images: Images) -> None:
    everything = images.console.get("/dataset/refs", dataset=images.arn)["source_refs"]
    images.console.post("/dataset/remove", {"dataset": images.arn, "source_refs": everything})
    images.settled()
    images.update(line("another-bucket", "x.png", "ape"))
    assert images.settled()["Status"] == "UPDATE_COMPLETE"
    assert images.names() == ["x.png"]


def test_uploads_go_where_the_images_are(images: Images, console: ConsoleClient) -> None:
    place = console.get("/dataset/uploads", dataset=images.arn)
    assert place == {"bucket": images.bucket, "prefix": "b/"}
    console.post("/dataset/uploads", {"dataset": images.arn, "bucket": "other", "prefix": "in/"})
    assert console.get("/dataset/uploads", dataset=images.arn) == {"bucket": "other", "prefix": "in/"}


def test_uploads_of_an_empty_dataset_go_to_the_consoles_bucket(console: ConsoleClient) -> None:
    empty = Images(console)
    assert console.refused("GET", "/dataset/uploads", dataset=empty.arn) == (409, "NoConsoleBucket")
    bucket = console.post("/bucket", {})["name"]
    place = console.get("/dataset/uploads", dataset=empty.arn)
    assert place == {"bucket": bucket, "prefix": f"assets/{empty.project.name}_training_dataset/"}


def test_the_order_by_name_is_that_of_a_loaded_archive(
    start_emulator: Callable[..., EmulatorProcess], tmp_path: Path
) -> None:
    """Content, revision and number of images may be those that were shown before the archive came."""
    images = Images(ConsoleClient(start_emulator(), "111122223333"))
    images.update(line(images.bucket, "b.png"), line(images.bucket, "a.png"))
    saved = tmp_path / "state.tar"
    assert main(["save", str(saved), "--endpoint", images.console.emulator.endpoint]) == 0

    def exchange(gone: str, new: str) -> list[str]:
        refs = [f"s3://{images.bucket}/{gone}"]
        images.console.post("/dataset/remove", {"dataset": images.arn, "source_refs": refs})
        images.settled()
        images.update(line(images.bucket, new))
        return images.names(sort="name")

    assert exchange("a.png", "z.png") == ["b.png", "z.png"]
    assert main(["load", str(saved), "--endpoint", images.console.emulator.endpoint]) == 0
    assert exchange("b.png", "0.png") == ["0.png", "a.png"]
