"""Deleting a project with all that it has goes on by itself, through a kill too (C-25 to C-27)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.console import ConsoleClient
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

ACCOUNT = "111122223333"


def filled(emulator: EmulatorProcess, account: str) -> Project:
    """A project with both datasets and a version that was not trained to its end."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 3))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 3, seed=500))
    arn = project.start_training("first")
    ConsoleClient(emulator, account).post("/training/cancel", {"version": arn})
    return project


def arns(console: ConsoleClient) -> list[str]:
    return [project["arn"] for project in console.get("/projects")["projects"]]


def test_a_whole_project_goes(console: ConsoleClient, emulator: EmulatorProcess, account: str) -> None:
    project = filled(emulator, account)
    task = console.task(console.post("/deletions", {"project": project.arn, "what": "project"})["task"])
    assert (task["state"], task["kind"]) == ("done", "delete-project"), task
    assert project.arn not in arns(console)


def test_models_or_datasets_alone_go(console: ConsoleClient, emulator: EmulatorProcess, account: str) -> None:
    project = filled(emulator, account)

    def left() -> tuple[int, int]:
        found: Any = console.get("/project", project=project.arn)
        return len(found["versions"]), len(found["datasets"])

    console.task(console.post("/deletions", {"project": project.arn, "what": "models"})["task"])
    assert left() == (0, 2)
    console.task(console.post("/deletions", {"project": project.arn, "what": "datasets_and_models"})["task"])
    assert left() == (0, 0)


def test_while_a_model_trains_nothing_is_deleted(
    console: ConsoleClient, emulator: EmulatorProcess, account: str
) -> None:
    project = filled(emulator, account)
    arn = project.start_training("second")
    wish = {"project": project.arn, "what": "project"}
    assert console.refused("POST", "/deletions", wish) == (409, "ResourceInUseException")
    found = console.get("/project", project=project.arn)
    assert (len(found["versions"]), len(found["datasets"])) == (2, 2)
    console.post("/training/cancel", {"version": arn})


def test_a_project_of_somebody_else_is_not_there(emulator: EmulatorProcess, account: str) -> None:
    project = new_project(emulator, account)
    other = ConsoleClient(emulator, "999900001111")
    wish = {"project": project.arn, "what": "project"}
    assert other.refused("POST", "/deletions", wish) == (404, "ResourceNotFoundException")


def test_a_deletion_outlives_a_kill(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    console = ConsoleClient(emulator, ACCOUNT)
    project = filled(emulator, ACCOUNT)
    task = console.post("/deletions", {"project": project.arn, "what": "project"})["task"]
    emulator.kill()
    emulator.restart()
    assert console.task(task)["state"] == "done"
    assert arns(console) == []
