"""Quotas of models: running ones, units of one, concurrent trainings and copies (api-facts §6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.pictures import single_label_pictures
from support.projects import copy_of, error_code, trained_project
from support.running import LABELS, RunningLab
from support.server import EmulatorProcess

LIMIT = "LimitExceededException"


@pytest.fixture
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """An emulator with the account's quotas in force; manual time refills the request quotas at every step."""
    directory = tmp_path_factory.mktemp("quotas") / "data"
    with EmulatorProcess(directory, {"CUSTOM_LABELS_TRAINING_EFFORT": "fast"}) as unlimited:
        train, test = single_label_pictures(LABELS, 5), single_label_pictures(LABELS, 2, seed=500)
        trained = trained_project(unlimited, "123412341234", train, test)
        unlimited.terminate()
    with EmulatorProcess(directory, {"CUSTOM_LABELS_QUOTAS": "aws"}) as emulator:
        lab = RunningLab(emulator, "123412341234", trained)
        lab.reconnect()
        lab.manual_time()
        yield lab


def test_quotas_of_models(limited: RunningLab) -> None:
    client, advance = limited.rekognition, limited.advance
    first = limited.trained.version_arns["first"]
    assert error_code(client.start_project_version, ProjectVersionArn=first, MinInferenceUnits=6) == LIMIT
    beyond = {"ProjectVersionArn": first, "MinInferenceUnits": 1, "MaxInferenceUnits": 6}
    assert error_code(client.start_project_version, **beyond) == LIMIT
    assert limited.status(first) == "TRAINING_COMPLETED", "a refused start changes nothing"
    limited.control("PUT", "transitions", {"copying": {"type": "seconds", "seconds": 60}})
    for number in range(5):
        client.copy_project_version(**copy_of(limited.trained, limited.trained, f"copy-{number}"))
    advance(1)
    assert error_code(client.copy_project_version, **copy_of(limited.trained, limited.trained, "copy-5")) == LIMIT
    advance(60)
    names = {"ProjectArn": limited.trained.arn, "VersionNames": ["copy-0", "copy-1"]}
    arns = [one["ProjectVersionArn"] for one in client.describe_project_versions(**names)["ProjectVersionDescriptions"]]
    for arn in arns:
        client.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert error_code(client.start_project_version, ProjectVersionArn=first, MinInferenceUnits=1) == LIMIT
    limited.control("PUT", "transitions", {"training": {"type": "seconds", "seconds": 10_000}})
    limited.trained.start_training("second")
    limited.trained.start_training("third")
    advance(1)
    assert error_code(limited.trained.start_training, version="fourth") == LIMIT
