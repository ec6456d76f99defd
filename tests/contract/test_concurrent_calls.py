"""Many clients at once: one of several equal calls wins, none is lost, and a training does not hold up the others."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from support.pictures import SINGLE_LABELS, draw_picture, image_level_line, single_label_pictures
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess

CALLERS = 12
ENOUGH_ANSWERS = 5


def outcomes(call: Callable[[int], Any]) -> Counter[str]:
    """Call from many threads at the same moment; how often each error code, or OK, came."""
    counted: Counter[str] = Counter()
    gate = threading.Barrier(CALLERS)

    def run(number: int) -> None:
        gate.wait()
        try:
            call(number)
        except botocore.exceptions.ClientError as error:
            counted[error.response["Error"]["Code"]] += 1
        else:
            counted["OK"] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counted


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project without datasets."""
    return new_project(emulator, account)


def test_one_of_equal_calls_wins(project: Project) -> None:
    client, name = project.rekognition, unique_name()
    assert outcomes(lambda _: client.create_project(ProjectName=name)) == {
        "OK": 1,
        "ResourceInUseException": CALLERS - 1,
    }
    empty = {"ProjectArn": project.arn, "DatasetType": "TEST"}
    assert outcomes(lambda _: client.create_dataset(**empty)) == {
        "OK": 1,
        "ResourceAlreadyExistsException": CALLERS - 1,
    }
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 5))
    [described] = client.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"]
    arns = {dataset["DatasetType"]: dataset["DatasetArn"] for dataset in described["Datasets"]}
    both = [{"Arn": arns["TRAIN"]}, {"Arn": arns["TEST"]}]
    counted = outcomes(lambda _: client.distribute_dataset_entries(Datasets=both))
    assert counted["OK"] == 1
    assert set(counted) <= {"OK", "ResourceNotReadyException", "InvalidParameterException"}
    sizes = [project.wait_dataset(arn)["DatasetStats"]["TotalEntries"] for arn in (arns["TRAIN"], arns["TEST"])]
    assert sizes == [8, 2]


def test_different_calls_are_all_kept(project: Project) -> None:
    client = project.rekognition
    named = [unique_name() for _ in range(CALLERS)]
    assert outcomes(lambda number: client.create_project(ProjectName=named[number])) == {"OK": CALLERS}
    listed = client.describe_projects()["ProjectDescriptions"]
    assert {each["ProjectArn"].split("/")[1] for each in listed} == {project.name, *named}
    assert len({each["ProjectArn"].rpartition("/")[2] for each in listed}) == CALLERS + 1, "every epoch is its own"
    tag = client.tag_resource
    assert outcomes(lambda number: tag(ResourceArn=project.arn, Tags={f"key{number}": "v"})) == {"OK": CALLERS}
    assert len(client.list_tags_for_resource(ResourceArn=project.arn)["Tags"]) == CALLERS


def test_updates_at_the_same_time_are_kept_or_refused(project: Project) -> None:
    """Every update that was answered is in the dataset in the end; the others were told that it is in use."""
    arn = project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 2))
    accepted: list[str] = []

    def update(number: int) -> None:
        name = f"update-{number}.png"
        line = image_level_line(draw_picture(["circle"], 1, name=name), project.bucket)
        project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": line.encode()})
        accepted.append(name)

    counted = outcomes(update)
    assert counted["OK"] == len(accepted) >= 1
    assert set(counted) <= {"OK", "ResourceInUseException"}
    assert project.wait_dataset(arn)["Status"] == "UPDATE_COMPLETE"
    entries = project.rekognition.list_dataset_entries(DatasetArn=arn)["DatasetEntries"]
    names = {json.loads(entry)["source-ref"].rpartition("/")[2] for entry in entries}
    assert {name for name in names if name.startswith("update-")} == set(accepted)


def test_a_training_does_not_hold_up_other_calls(emulator: EmulatorProcess, project: Project) -> None:
    """Training runs in a process of its own: calls are answered, also while waiters' calls are held (O-18)."""
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 8))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 2, seed=500))
    project.start_training()
    waiter = project.rekognition.get_waiter("project_version_training_completed")
    named = {"ProjectArn": project.arn, "VersionNames": ["first"]}
    waiting = [threading.Thread(target=waiter.wait, kwargs=named) for _ in range(4)]
    for thread in waiting:
        thread.start()
    client = emulator.client("rekognition", project.arn.split(":")[4])
    answers = 0
    while (
        client.describe_project_versions(**named)["ProjectVersionDescriptions"][0]["Status"] == "TRAINING_IN_PROGRESS"
    ):
        client.describe_projects()
        answers += 1
        time.sleep(0.02)
    assert answers >= ENOUGH_ANSWERS
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive(), "all waiters return with the end of the training"
    assert project.describe_version("first")["Status"] == "TRAINING_COMPLETED"


def test_detections_at_the_same_time_agree(running_project: Project) -> None:
    image = {"Bytes": draw_picture(["circle", "square"], 955).body}
    arn = running_project.version_arns["first"]
    answers: list[Any] = []

    def detect(_: int) -> None:
        answers.append(
            running_project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)[
                "CustomLabels"
            ]
        )

    assert outcomes(detect) == {"OK": CALLERS}
    assert all(answer == answers[0] for answer in answers)
