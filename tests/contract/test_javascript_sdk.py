"""The AWS SDK for JavaScript against the emulator: error fields, paginators, waiters, bytes (api-facts §1.3)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from support import node
from support.pictures import draw_picture, single_label_pictures
from support.projects import new_project, unique_name
from support.server import DEFAULT_REGION, SECRET_KEY, EmulatorProcess

SCRIPTS = node.PACKAGE_FOLDER
LABELS = ["circle", "square"]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def environment(emulator: EmulatorProcess, account: str) -> dict[str, str]:
    """What the SDK reads from its environment."""
    return {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }


@pytest.fixture
def projects(environment: dict[str, str]) -> dict[str, Any]:
    """What projects.cjs prints."""
    result: dict[str, Any] = node.run_script(SCRIPTS / "projects.cjs", unique_name("js"), environment=environment)
    return result


def test_projects_pages_and_errors(projects: dict[str, Any]) -> None:
    assert projects["project"]["ProjectArn"] == projects["projectArns"][0]
    assert projects["project"]["Datasets"] == []
    assert projects["creationIsDate"] is True
    assert projects["creationMilliseconds"] == int(projects["projectArns"][0].rpartition("/")[2])
    assert [len(page) for page in projects["pages"]] == [2, 2, 1]
    assert sorted(arn for page in projects["pages"] for arn in page) == sorted(projects["projectArns"])

    check_modelled_errors(projects["errors"])
    check_validation_errors(projects["errors"])


def check_modelled_errors(errors: dict[str, Any]) -> None:
    """Service errors carry Code, Logref and a message; Logref is a UUID other than the request id."""
    expected = {
        "duplicate": "ResourceInUseException",
        "notFound": "ResourceNotFoundException",
        "token": "InvalidPaginationTokenException",
    }
    for case, name in expected.items():
        error = errors[case]
        assert (error["name"], error["constructor"], error["Code"]) == (name, name, name)
        assert (error["status"], error["fault"], error["isServiceException"]) == (400, "client", True)
        assert error["message"]
        assert UUID.fullmatch(error["Logref"])
        assert UUID.fullmatch(error["requestId"])
        assert error["Logref"] != error["requestId"]


def check_validation_errors(errors: dict[str, Any]) -> None:
    """ValidationException is not in the model: a plain service exception without Code and Logref."""
    expected = {
        "pattern": "1 validation error detected: Value 'white space' at 'projectName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.\\-]+",
        "missing": "1 validation error detected: Value null at 'projectName' failed to satisfy constraint: "
        "Member must not be null",
        "tooMany": "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100",
    }
    for case, message in expected.items():
        error = errors[case]
        assert (error["name"], error["status"], error["isServiceException"]) == ("ValidationException", 400, True)
        assert error["message"] == message
        assert "Code" not in error
        assert "Logref" not in error


def test_a_model_is_trained_started_and_asked(
    emulator: EmulatorProcess, account: str, environment: dict[str, str], tmp_path: Path
) -> None:
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(LABELS, 6))
    project.create_dataset("TEST", single_label_pictures(LABELS, 3, seed=500))
    picture = tmp_path / "circle.png"
    picture.write_bytes(draw_picture(["circle"], seed=900).body)
    result = node.run_script(SCRIPTS / "model.cjs", project.arn, project.bucket, str(picture), environment=environment)
    assert (result["trained"], result["running"], result["stopped"]) == ("SUCCESS", "SUCCESS", "STOPPING")
    assert result["description"]["ProjectVersionArn"] == result["arn"]
    assert result["description"]["EvaluationResult"]["F1Score"] > 0.5
    assert [label["Name"] for label in result["labels"]] == LABELS
    assert result["first"] == result["labels"][:1]
    errors = result["errors"]
    assert errors["notReady"]["name"] == "ResourceNotReadyException"
    assert (errors["badImage"]["name"], errors["badImage"]["message"]) == (
        "InvalidImageFormatException",
        "Request has invalid image format.",
    )
    assert errors["tooLarge"]["name"] == "ValidationException"
    assert errors["tooLarge"]["message"] == (
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=5242881 cap=5242881]' at 'image.bytes' "
        "failed to satisfy constraint: Member must have length less than or equal to 5242880"
    )
