"""The application's own suite, as its author would write it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import boto3
import inspection  # type: ignore[import-not-found]  # beside it, as pytest finds it
import pytest

from emulator.testing import CustomLabels, TrainedModel

PHOTOGRAPHS = Path(os.environ["PHOTOGRAPHS"])


def upload(bucket: str, label: str, key: str) -> None:
    """One of the photographs of this label."""
    [photograph, *_] = sorted((PHOTOGRAPHS / label).iterdir())
    boto3.client("s3").upload_file(str(photograph), bucket, key)


def test_new_plant(custom_labels: CustomLabels) -> None:
    arn = inspection.set_up("plant", f"photos-{custom_labels.account}")
    assert inspection.find_project("plant") == arn


@pytest.mark.parametrize("attempt", [1, 2])
def test_every_test_begins_with_nothing(custom_labels: CustomLabels, attempt: int) -> None:
    assert inspection.find_project("plant") is None
    inspection.set_up("plant", f"photos-{custom_labels.account}-{attempt}")


def test_reset(custom_labels: CustomLabels) -> None:
    inspection.set_up("plant", f"photos-{custom_labels.account}")
    custom_labels.reset()
    assert inspection.find_project("plant") is None


def test_model_that_is_not_started_serves_nothing(plant: TrainedModel) -> None:
    upload(plant.bucket, "crack", "photos/one.png")
    with pytest.raises(boto3.client("rekognition").exceptions.ResourceNotReadyException):
        inspection.inspect(plant.version_arn, plant.bucket, "photos/one.png")


def test_cracked_part_is_found(plant: TrainedModel) -> None:
    inspection.start(plant.project_arn, plant.version_name)
    upload(plant.bucket, "crack", "photos/one.png")
    upload(plant.bucket, "whole", "photos/two.png")
    assert inspection.report(plant.version_arn, plant.bucket) == ["photos/one.png"]


def test_order_of_the_report(plant: TrainedModel, custom_labels_answers: Callable[..., None]) -> None:
    custom_labels_answers({"crack": 80.0}, s3_key="photos/a*")
    custom_labels_answers({"crack": 99.0}, s3_key="photos/b*")
    custom_labels_answers([{"Name": "whole", "Confidence": 70.0}])
    for key in ("photos/a.png", "photos/b.png", "photos/c.png"):
        upload(plant.bucket, "whole", key)
    plant.start()
    assert inspection.report(plant.version_arn, plant.bucket) == ["photos/b.png", "photos/a.png"]


def test_answers_of_one_test_are_gone_in_the_next(plant: TrainedModel) -> None:
    plant.start()
    upload(plant.bucket, "whole", "photos/a.png")
    assert inspection.report(plant.version_arn, plant.bucket) == []


def test_nothing_is_found_in_an_empty_bucket(plant: TrainedModel) -> None:
    assert inspection.report(plant.version_arn, plant.bucket) == []


def test_given_clients_reach_the_same_account(custom_labels: CustomLabels) -> None:
    arn = inspection.set_up("plant", f"photos-{custom_labels.account}")
    described = custom_labels.client("rekognition").describe_projects()["ProjectDescriptions"]
    assert [project["ProjectArn"] for project in described] == [arn]
    assert custom_labels.client("sts").get_caller_identity()["Account"] == custom_labels.account
