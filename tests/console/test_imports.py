"""Folders in S3 become datasets: labels from folders, progress, refusals, kill -9 (D-4, D-7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.console import ConsoleClient
from support.projects import Project, new_project
from support.raw_http import RawConnection, authorization
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
KEYS = (
    "alexa/echo/a.jpg",
    "alexa/echo/b.JPEG",
    "alexa/echo-dot/c.png",
    "alexa/echo-dot/white-echo-dot/d.png",
    "alexa/none.png",
    "alexa/readme.txt",
    "alexa/folder/",
    "other/x.png",
    "alexandria/y.png",
)


@pytest.fixture
def project(emulator: EmulatorProcess, account: str, console: ConsoleClient) -> Project:
    """A project, the guide's folders in its bucket, and the console's bucket."""
    found = new_project(emulator, account)
    for key in KEYS:
        found.s3.put_object(Bucket=found.bucket, Key=key, Body=b"")
    console.post("/bucket", {})
    return found


def wish(project: Project, folder: str, **more: object) -> dict[str, object]:
    return {"project": project.arn, "dataset_type": "TRAIN", "s3_uri": f"s3://{project.bucket}/{folder}", **more}


def imported(console: ConsoleClient, body: dict[str, object]) -> Any:
    """The task of an import once it has ended."""
    return console.task(console.post("/imports/folder", body)["task"])


def labels_by_key(console: ConsoleClient, arn: str) -> dict[str, list[str]]:
    entries = console.get("/dataset/entries", dataset=arn, limit=1000)["entries"]
    return {entry["key"]: entry["image_labels"] for entry in entries}


@pytest.mark.parametrize("folder", ["alexa", "alexa/"])
def test_the_direct_child_folder_is_the_label(console: ConsoleClient, project: Project, folder: str) -> None:
    task = imported(console, wish(project, folder))
    assert (task["state"], task["kind"], task["project_arn"]) == ("done", "import-folder", project.arn), task
    result = task["result"]
    assert (result["images"], result["labels"], result["skipped"]) == (5, 2, 1)
    assert labels_by_key(console, result["dataset_arn"]) == {
        "alexa/echo/a.jpg": ["echo"],
        "alexa/echo/b.JPEG": ["echo"],
        "alexa/echo-dot/c.png": ["echo-dot"],
        "alexa/echo-dot/white-echo-dot/d.png": ["echo-dot"],
        "alexa/none.png": [],
    }
    assert console.get("/dataset/uploads", dataset=result["dataset_arn"])["prefix"] == "alexa/"


def test_a_deeper_folder_and_no_labels(console: ConsoleClient, project: Project) -> None:
    deeper = imported(console, wish(project, "alexa/echo-dot/"))["result"]["dataset_arn"]
    assert labels_by_key(console, deeper) == {
        "alexa/echo-dot/c.png": [],
        "alexa/echo-dot/white-echo-dot/d.png": ["white-echo-dot"],
    }
    plain = imported(console, wish(project, "", dataset_type="TEST", labels_from_folders=False, tags={"a": "b"}))
    arn = plain["result"]["dataset_arn"]
    assert set(labels_by_key(console, arn)) == {key for key in KEYS if key.lower().endswith(("jpg", "jpeg", "png"))}
    assert project.rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"s3_uri": "http://bucket/x"}, (400, "InvalidParameterException")),
        ({"s3_uri": "s3://no-such-bucket-here/x"}, (404, "NoSuchKey")),
        ({"dataset_type": "OTHER"}, (422, "InvalidRequest")),
        ({"project": "arn:aws:rekognition:us-east-1:111122223333:project/none/1"}, (404, "ResourceNotFoundException")),
    ],
)
def test_what_cannot_be_imported_is_refused_at_once(
    console: ConsoleClient, project: Project, change: dict[str, object], expected: tuple[int, str]
) -> None:
    assert console.refused("POST", "/imports/folder", wish(project, "alexa/") | change) == expected
    assert console.get("/tasks")["tasks"] == []


def test_an_empty_folder_and_a_second_dataset_are_refused(console: ConsoleClient, project: Project) -> None:
    assert console.refused("POST", "/imports/folder", wish(project, "nothing/")) == (404, "NoSuchKey")
    imported(console, wish(project, "alexa/"))
    again = console.refused("POST", "/imports/folder", wish(project, "alexa/"))
    assert again == (409, "ResourceAlreadyExistsException")


def test_without_the_consoles_bucket_nothing_is_imported(emulator: EmulatorProcess, console: ConsoleClient) -> None:
    project = new_project(emulator, console.account)
    assert console.refused("POST", "/imports/folder", wish(project, "x")) == (409, "NoConsoleBucket")


def test_a_folder_without_images_fails_with_a_sentence(console: ConsoleClient, project: Project) -> None:
    project.s3.put_object(Bucket=project.bucket, Key="texts/a.txt", Body=b"")
    task = imported(console, wish(project, "texts/"))
    assert (task["state"], task["message"]) == (
        "failed",
        f"There are no JPEG or PNG images at s3://{project.bucket}/texts/.",
    )
    assert console.get("/project", project=project.arn)["datasets"] == []


def test_tasks_are_listed_dismissed_and_the_accounts_own(console: ConsoleClient, project: Project) -> None:
    task = imported(console, wish(project, "alexa/"))
    assert [found["id"] for found in console.get("/tasks")["tasks"]] == [task["id"]]
    other = ConsoleClient(console.emulator, "999900001111")
    assert other.get("/tasks")["tasks"] == []
    assert other.refused("GET", "/task", id=task["id"]) == (404, "NotFound")
    assert other.refused("DELETE", "/task", id=task["id"]) == (404, "NotFound")
    assert console.call("DELETE", "/task", query={"id": task["id"]}).status == 204
    assert console.get("/tasks")["tasks"] == []


@pytest.mark.parametrize("images", [1, 2500])
def test_an_import_outlives_a_kill(start_emulator: Callable[..., EmulatorProcess], images: int) -> None:
    """Killed as soon as it is accepted, it goes on after the start, and there is one dataset."""
    emulator = start_emulator()
    console = ConsoleClient(emulator, ACCOUNT)
    console.post("/bucket", {})
    project = new_project(emulator, ACCOUNT)
    address = urlsplit(emulator.endpoint)
    with RawConnection((str(address.hostname), int(address.port or 0))) as connection:
        for number in range(images):
            headers = {"Authorization": authorization(ACCOUNT, service="s3")}
            assert connection.request("PUT", f"/{project.bucket}/f/a/{number}.png", headers).status == 200
    task = console.post("/imports/folder", wish(project, "f/"))["task"]
    emulator.kill()
    emulator.restart()
    ended = console.task(task)
    assert (ended["state"], ended["result"]["images"]) == ("done", images), json.dumps(ended)
    [dataset] = console.get("/project", project=project.arn)["datasets"]
    assert (dataset["status"], dataset["total_entries"]) == ("CREATE_COMPLETE", images)
