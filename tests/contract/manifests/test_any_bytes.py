"""Whatever bytes come as manifest lines: the update ends, with the catalogue's answer, and the emulator goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.manifest.rules.catalogue import RULES
from support.manifests import HOSTILE_LINES, Line, as_manifest, box_line, image_line
from support.projects import Project, new_project
from support.server import EmulatorProcess

MESSAGES = {rule.message for rule in RULES}
GOOD: list[Line | bytes] = [image_line(number) for number in range(8)]


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    project = new_project(emulator, account)
    arn = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN")["DatasetArn"]
    project.dataset_arns["TRAIN"] = arn
    project.wait_dataset(arn)
    return project


def update(project: Project, body: bytes) -> dict[str, Any]:
    """The dataset's description after an update with these bytes."""
    arn = project.dataset_arns["TRAIN"]
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": body})
    return project.wait_dataset(arn)


def check(project: Project, description: dict[str, Any]) -> None:
    """Every answer is one of the two, and every entry is still a JSON line."""
    if description["Status"] == "UPDATE_FAILED":
        assert description["StatusMessageCode"] == "CLIENT_ERROR"
        assert description["StatusMessage"] in MESSAGES
    else:
        assert description["Status"] == "UPDATE_COMPLETE"
    listed = project.rekognition.list_dataset_entries(DatasetArn=project.dataset_arns["TRAIN"], MaxResults=100)
    assert all("cl-metadata" in json.loads(line) for line in listed["DatasetEntries"])


def test_hostile_lines_are_dropped_among_good_ones_and_refused_alone(project: Project) -> None:
    """E-1, E-8. A byte order mark is passed over at the beginning, which is where it is when it comes alone."""
    for raw in (line for name, line in HOSTILE_LINES.items() if name != "byte order mark"):
        description = update(project, as_manifest([*GOOD, raw]))
        assert description["Status"] == "UPDATE_COMPLETE"
        assert description["DatasetStats"]["TotalEntries"] == len(GOOD)
        description = update(project, raw + b"\n")
        assert description["Status"] == "UPDATE_FAILED"
        assert description["StatusMessage"] == "The manifest file extension or contents are invalid."
    check(project, update(project, as_manifest(GOOD)))


@settings(max_examples=15)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 400))
def test_any_bytes_and_any_damage_get_an_answer(project: Project, raw: bytes, at: int) -> None:
    whole = as_manifest([*GOOD, box_line(9)])
    check(project, update(project, raw))
    check(project, update(project, whole[:-at] + raw + whole[-at:]))
