"""Cancelling trainings that run, wait, or are cut off by a kill; their place in the queue (O-32)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from emulator.cli import main
from support.console import ConsoleClient
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"
CANCELLED = ("TRAINING_FAILED", "The training was cancelled.")


@pytest.fixture
def project(start_emulator: Callable[..., EmulatorProcess]) -> tuple[EmulatorProcess, Project]:
    """A project with both datasets on an emulator that trains one at a time."""
    emulator = start_emulator()
    project = new_project(emulator, ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 30))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    return emulator, project


def rows(emulator: EmulatorProcess) -> dict[str, Any]:
    """The usage report by version."""
    return {row["project_version"]: row for row in emulator.control("GET", "/_emulator/usage")[1]["versions"]}


def until_it_runs(emulator: EmulatorProcess, arn: str) -> None:
    def runs() -> bool:
        training = rows(emulator)[arn].get("training")
        return bool(training and training["total"] and training["place_in_queue"] is None)

    wait_until(runs, what="the training")


def cancel(emulator: EmulatorProcess, arn: str) -> tuple[int, Any]:
    return emulator.control("DELETE", f"/_emulator/trainings/{quote(arn, safe='')}")


def test_a_training_that_runs_and_one_that_waits_are_cancelled(project: tuple[EmulatorProcess, Project]) -> None:
    emulator, trained = project
    small = new_project(emulator, ACCOUNT)
    small.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 2))
    small.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    # With the effort that takes longest, so that the first still trains while the others are looked at.
    slow = {"Tags": {"custom-labels:training-effort": "best"}}
    arns = [trained.start_training("first", **slow)]
    until_it_runs(emulator, arns[0])
    arns += [trained.start_training(name, **slow) for name in ("second", "third")]
    overtaking = small.start_training("small")

    def places() -> list[int | None]:
        return [rows(emulator)[arn]["training"]["place_in_queue"] for arn in [*arns, overtaking]]

    # None for one that runs, or whose manifests are still being written.
    wait_until(lambda: None not in places()[1:], what="three that wait")
    assert places() == [None, 2, 3, 1]
    assert cancel(emulator, overtaking)[0] == 200
    status, answer = cancel(emulator, arns[1])
    assert (status, answer["status"], answer["status_message"]) == (200, *CANCELLED)
    assert rows(emulator)[arns[2]]["training"]["place_in_queue"] == 1
    assert main(["cancel", arns[0], "--endpoint", emulator.endpoint]) == 0
    until_it_runs(emulator, arns[2])
    assert ConsoleClient(emulator, ACCOUNT).post("/training/cancel", {"version": arns[2]})["status"] == CANCELLED[0]
    for name, arn in zip(("first", "second", "third"), arns, strict=True):
        described = trained.describe_version(name)
        assert (described["Status"], described["StatusMessage"]) == CANCELLED
        assert "BillableTrainingTimeInSeconds" not in described
        assert rows(emulator)[arn]["training_seconds"] == 0
    assert cancel(emulator, arns[0])[0] == 409
    assert cancel(emulator, arns[0] + "0")[0] == 404
    assert main(["cancel", arns[0], "--endpoint", emulator.endpoint]) == 1
    trained.rekognition.delete_project_version(ProjectVersionArn=arns[0])


def test_a_cancelled_training_stays_cancelled_after_a_kill(project: tuple[EmulatorProcess, Project]) -> None:
    emulator, trained = project
    arn = trained.start_training("first")
    until_it_runs(emulator, arn)
    assert cancel(emulator, arn)[0] == 200
    emulator.kill()
    emulator.restart()
    trained.rekognition = emulator.client("rekognition", ACCOUNT)
    described = trained.describe_version("first")
    assert (described["Status"], described["StatusMessage"]) == CANCELLED


def test_trainings_of_others_are_not_cancelled_from_the_console(project: tuple[EmulatorProcess, Project]) -> None:
    emulator, trained = project
    arn = trained.start_training("first")
    other = ConsoleClient(emulator, "999900001111")
    assert other.refused("POST", "/training/cancel", {"version": arn}) == (404, "ResourceNotFoundException")
    own = ConsoleClient(emulator, ACCOUNT)
    own.post("/training/cancel", {"version": arn})
    assert own.refused("POST", "/training/cancel", {"version": arn}) == (409, "ResourceInUseException")
