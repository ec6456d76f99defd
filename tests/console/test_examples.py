"""Making example projects: names, places and labels of the guide, twice, and through a kill (C-2 to C-4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.console import ConsoleClient
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"
BOXES = {"rooms": False, "flowers": False, "logos": True, "circuit-boards": True}


def made(console: ConsoleClient, example: str) -> Any:
    """The task of an example once it has ended well."""
    task = console.task(console.post("/examples", {"id": example})["task"])
    assert (task["state"], task["kind"]) == ("done", "create-example"), task
    return task


def test_the_page_learns_what_examples_there_are(console: ConsoleClient) -> None:
    examples = console.get("/examples")["examples"]
    assert {example["id"]: example["boxes"] for example in examples} == BOXES
    assert [example["name"] for example in examples] == ["Rooms", "Flowers", "Logos", "Circuit boards"]


@pytest.mark.parametrize("example", BOXES)
def test_an_example_has_both_datasets_labelled(console: ConsoleClient, example: str) -> None:
    bucket = console.post("/bucket", {})["name"]
    announced = {one["id"]: one for one in console.get("/examples")["examples"]}[example]
    result = made(console, example)["result"]
    name = f"{example.replace('-', '_')}_1"
    assert result["project_name"] == name
    project = console.get("/project", project=result["project_arn"])
    figures = [(one["type"], one["name"], one["total_entries"], one["labeled_entries"]) for one in project["datasets"]]
    train, test = announced["training_images"], announced["test_images"]
    assert figures == [
        ("TRAIN", f"{name}_training_dataset", train, train),
        ("TEST", f"{name}_test_dataset", test, test),
    ]
    arns = [result["training_dataset_arn"], result["test_dataset_arn"]]
    assert [one["arn"] for one in project["datasets"]] == arns
    for arn, folder in zip(arns, ("training", "test"), strict=True):
        labels = console.get("/dataset/labels", dataset=arn)["labels"]
        assert {label["name"] for label in labels} == set(announced["labels"])
        [entry] = console.get("/dataset/entries", dataset=arn, limit=1)["entries"]
        assert entry["source_ref"].startswith(f"s3://{bucket}/assets/{name}_{folder}_dataset/")
        picture = console.send("GET", console.presigned("/preview", {"bucket": bucket, "key": entry["key"]}))
        assert picture.status == 200


def test_a_second_one_has_the_next_number(console: ConsoleClient) -> None:
    console.post("/bucket", {})
    names = [made(console, "logos")["result"]["project_name"] for _ in range(2)]
    assert names == ["logos_1", "logos_2"]


def test_a_picture_to_try_is_there(console: ConsoleClient) -> None:
    answer = console.send("GET", console.presigned("/examples/sample", {"id": "rooms"}))
    assert (answer.status, answer.headers["content-type"], answer.body[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")


def test_what_cannot_be_made(console: ConsoleClient) -> None:
    assert console.refused("POST", "/examples", {"id": "rooms"}) == (409, "NoConsoleBucket")
    assert console.refused("POST", "/examples", {"id": "none"}) == (404, "NotFound")
    assert console.refused("GET", "/examples/sample", id="none") == (404, "NotFound")


def test_an_example_outlives_a_kill(start_emulator: Callable[..., EmulatorProcess]) -> None:
    """One project and two datasets come of it, whenever it was killed."""
    emulator = start_emulator()
    console = ConsoleClient(emulator, ACCOUNT)
    console.post("/bucket", {})
    task = console.post("/examples", {"id": "circuit-boards"})["task"]
    emulator.kill()
    emulator.restart()
    ended = console.task(task)
    assert ended["state"] == "done", ended
    [project] = console.get("/projects")["projects"]
    assert [dataset["status"] for dataset in project["datasets"]] == ["CREATE_COMPLETE"] * 2


def test_rooms_are_learnt(console: ConsoleClient, rekognition: Any) -> None:
    """The whole way from the card to an answer; F1 between .8 and 1."""
    bucket = console.post("/bucket", {})["name"]
    project = made(console, "rooms")["result"]["project_arn"]
    arn = rekognition.create_project_version(
        ProjectArn=project, VersionName="first", OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "evaluation/rooms_1"}
    )["ProjectVersionArn"]

    def ended() -> Any:
        [version] = console.get("/project", project=project)["versions"]
        return version if version["status"] != "TRAINING_IN_PROGRESS" else None

    version = wait_until(ended, 600, what="the training")
    assert version["status"] == "TRAINING_COMPLETED", version
    assert 0.8 <= version["f1_score"] <= 1
    figures = console.get("/version/figures", version=arn)
    assert figures["training"] == {"images": 61, "labels": 10}
    assert figures["testing"] == {"images": 56, "labels": 10}
    sample = console.send("GET", console.presigned("/examples/sample", {"id": "rooms"})).body
    rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    wait_until(
        lambda: console.get("/project", project=project)["versions"][0]["status"] == "RUNNING", 60, what="the start"
    )
    [label] = rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": sample}, MaxResults=1)[
        "CustomLabels"
    ]
    assert label["Name"] == "kitchen"
    rekognition.stop_project_version(ProjectVersionArn=arn)
