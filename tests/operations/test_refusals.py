"""What refusals say: which resource, in which state, and what would help, for each operation that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.domain.states import DatasetState, VersionState
from emulator.storage.datasets import find_dataset, set_dataset_status
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS
from support.calls import create_project, store
from support.in_process import ACCOUNT, CallError, InProcessEmulator, play

PREFIX = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project"
PROJECT = f"{PREFIX}/none/1690556751958"
DATASET = f"{PREFIX}/none/dataset/train/1690556751958"
VERSION = f"{PREFIX}/none/version/v/1690556751958"
OUTPUT = {"S3Bucket": "results", "S3KeyPrefix": "p"}
IMAGE = {"Bytes": "aaaa"}
UPDATE = {"GroundTruth": "e30K"}
POLICY = '{"Version":"2012-10-17","Statement":[]}'
IN_USE, NOT_READY = "ResourceInUseException", "ResourceNotReadyException"
INVALID, NOT_FOUND = "InvalidParameterException", "ResourceNotFoundException"

OF_MISSING: dict[str, dict[str, Any]] = {
    "CopyProjectVersion": {
        "SourceProjectArn": PROJECT, "SourceProjectVersionArn": VERSION, "DestinationProjectArn": PROJECT,
        "VersionName": "copy", "OutputConfig": OUTPUT,
    },
    "CreateDataset": {"ProjectArn": PROJECT, "DatasetType": "TRAIN"},
    "CreateProjectVersion": {"ProjectArn": PROJECT, "VersionName": "v", "OutputConfig": OUTPUT},
    "DeleteDataset": {"DatasetArn": DATASET},
    "DeleteProject": {"ProjectArn": PROJECT},
    "DeleteProjectPolicy": {"ProjectArn": PROJECT, "PolicyName": "p"},
    "DeleteProjectVersion": {"ProjectVersionArn": VERSION},
    "DescribeDataset": {"DatasetArn": DATASET},
    "DescribeProjectVersions": {"ProjectArn": PROJECT},
    "DetectCustomLabels": {"ProjectVersionArn": VERSION, "Image": IMAGE},
    "DistributeDatasetEntries": {"Datasets": [{"Arn": DATASET}, {"Arn": DATASET.replace("train", "test")}]},
    "ListDatasetEntries": {"DatasetArn": DATASET},
    "ListDatasetLabels": {"DatasetArn": DATASET},
    "ListProjectPolicies": {"ProjectArn": PROJECT},
    "ListTagsForResource": {"ResourceArn": VERSION},
    "PutProjectPolicy": {"ProjectArn": PROJECT, "PolicyName": "p", "PolicyDocument": POLICY},
    "StartProjectVersion": {"ProjectVersionArn": VERSION, "MinInferenceUnits": 1},
    "StopProjectVersion": {"ProjectVersionArn": VERSION},
    "TagResource": {"ResourceArn": VERSION, "Tags": {"a": "b"}},
    "UntagResource": {"ResourceArn": VERSION, "TagKeys": ["a"]},
    "UpdateDatasetEntries": {"DatasetArn": DATASET, "Changes": UPDATE},
}  # fmt: skip


async def refusal(emulator: InProcessEmulator, operation: str, **parameters: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await emulator.call(operation, **parameters)
    return caught.value


def arns_in(parameters: Any) -> Iterator[str]:
    values = parameters.values() if isinstance(parameters, dict) else parameters
    for value in values if isinstance(values, list) or not isinstance(parameters, str) else ():
        if isinstance(value, str) and value.startswith("arn:"):
            yield value
        elif isinstance(value, list | dict):
            yield from arns_in(value)


def test_what_is_missing_is_named_and_where_to_look_is_said(tmp_path: Path) -> None:
    """All operations but the two that name no resource; an ARN of elsewhere is told apart."""
    assert set(OF_MISSING) == CUSTOM_LABELS_OPERATIONS - {"CreateProject", "DescribeProjects"}

    async def story(emulator: InProcessEmulator) -> None:
        for operation, parameters in OF_MISSING.items():
            error = await refusal(emulator, operation, **parameters)
            assert error.code == NOT_FOUND, operation
            assert any(arn in error.message for arn in arns_in(parameters)), error.message
            assert "lists the" in error.message, error.message
            if operation == "CopyProjectVersion":
                continue  # a model is copied within one region, which is said before
            error = await refusal(emulator, operation, region="eu-west-1", **parameters)
            assert f"It is of account {ACCOUNT} in us-east-1; this call came" in error.message, error.message

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("operation", "state", "code", "advice"),
    [
        ("StartProjectVersion", "TRAINING_IN_PROGRESS", IN_USE, "Wait until it is TRAINING_COMPLETED."),
        ("StartProjectVersion", "TRAINING_FAILED", IN_USE, "train another version"),
        ("StartProjectVersion", "STARTING", IN_USE, "Wait until it is RUNNING."),
        ("StartProjectVersion", "RUNNING", IN_USE, "stop it and start it again"),
        ("StartProjectVersion", "COPYING_FAILED", IN_USE, "copy it again under another name"),
        ("StopProjectVersion", "STOPPED", IN_USE, "there is nothing to stop"),
        ("StopProjectVersion", "STARTING", IN_USE, "Wait until it is RUNNING."),
        ("DeleteProjectVersion", "RUNNING", IN_USE, "Stop it first."),
        ("DeleteProjectVersion", "STOPPING", IN_USE, "Wait until it is STOPPED."),
        ("DeleteProjectVersion", "DELETING", IN_USE, "gone in a moment"),
        ("CopyProjectVersion", "COPYING_IN_PROGRESS", IN_USE, "Wait until it is COPYING_COMPLETED."),
        ("DetectCustomLabels", "STOPPED", NOT_READY, "start it first"),
        ("DetectCustomLabels", "TRAINING_COMPLETED", NOT_READY, "start it first"),
        ("DetectCustomLabels", "STARTING", NOT_READY, "Wait until it is RUNNING."),
        ("DetectCustomLabels", "FAILED", NOT_READY, "Start it again"),
    ],
)
def test_a_version_in_the_wrong_state(tmp_path: Path, operation: str, state: str, code: str, advice: str) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = store(emulator, project, status=VersionState(state))
        of_operation: dict[str, dict[str, Any]] = {
            "StartProjectVersion": {"ProjectVersionArn": arn, "MinInferenceUnits": 1},
            "DetectCustomLabels": {"ProjectVersionArn": arn, "Image": IMAGE},
            "CopyProjectVersion": OF_MISSING["CopyProjectVersion"]
            | {"SourceProjectArn": project, "SourceProjectVersionArn": arn, "DestinationProjectArn": project},
        }
        error = await refusal(emulator, operation, **of_operation.get(operation, {"ProjectVersionArn": arn}))
        assert error.code == code
        assert f"The version {arn} is in state {state} and cannot be" in error.message
        assert advice in error.message, error.message

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("operation", "state", "code", "advice"),
    [
        ("UpdateDatasetEntries", "CREATE_IN_PROGRESS", IN_USE, "Wait until it is CREATE_COMPLETE."),
        ("UpdateDatasetEntries", "CREATE_FAILED", IN_USE, "delete it and create it again"),
        ("DeleteDataset", "UPDATE_IN_PROGRESS", IN_USE, "Wait until it is UPDATE_COMPLETE."),
        ("DeleteDataset", "DELETE_IN_PROGRESS", IN_USE, "gone in a moment"),
        ("ListDatasetEntries", "CREATE_IN_PROGRESS", NOT_READY, "Wait until it is CREATE_COMPLETE."),
        ("ListDatasetLabels", "UPDATE_IN_PROGRESS", IN_USE, "Wait until it is UPDATE_COMPLETE."),
        ("CreateProjectVersion", "CREATE_IN_PROGRESS", IN_USE, "Wait until it is CREATE_COMPLETE."),
        ("CreateProjectVersion", "CREATE_FAILED", INVALID, "delete it and create it again"),
        ("CreateDataset", "CREATE_FAILED", INVALID, "delete it and create it again"),
        ("DistributeDatasetEntries", "UPDATE_IN_PROGRESS", NOT_READY, "Wait until it is UPDATE_COMPLETE."),
    ],
)
def test_a_dataset_in_the_wrong_state(tmp_path: Path, operation: str, state: str, code: str, advice: str) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        arn = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN"))["DatasetArn"]
        test = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TEST"))["DatasetArn"]

        def move(connection: Any) -> None:
            dataset = find_dataset(connection, arn)
            assert dataset is not None
            set_dataset_status(connection, dataset.id, DatasetState(state), "", updated_at=0)

        emulator.app.database.write_now(move)
        of_operation: dict[str, dict[str, Any]] = {
            "UpdateDatasetEntries": {"DatasetArn": arn, "Changes": UPDATE},
            "CreateProjectVersion": {"ProjectArn": project, "VersionName": "v", "OutputConfig": OUTPUT},
            "CreateDataset": {"ProjectArn": project, "DatasetType": "TRAIN", "DatasetSource": {"DatasetArn": arn}},
            "DistributeDatasetEntries": {"Datasets": [{"Arn": arn}, {"Arn": test}]},
        }
        error = await refusal(emulator, operation, **of_operation.get(operation, {"DatasetArn": arn}))
        assert error.code == code
        assert f"The dataset {arn} is in state {state} and cannot be" in error.message
        assert advice in error.message, error.message

    play(tmp_path, story)


def test_projects_names_and_policies(tmp_path: Path) -> None:
    """What is taken, not empty, being deleted, or not the current revision."""

    async def story(emulator: InProcessEmulator) -> None:
        project = await create_project(emulator)
        name = project.split("/")[1]
        said = [
            (await refusal(emulator, "CreateProject", ProjectName=name), name, "Choose another"),
            (await refusal(emulator, "CreateProject", ProjectName="b", AutoUpdate="ENABLED"), "AutoUpdate", "Leave it"),
            (await refusal(emulator, "CreateProjectVersion", ProjectArn=project, VersionName="v", OutputConfig=OUTPUT),
             project, "Create one"),
        ]  # fmt: skip
        dataset = (await emulator.call("CreateDataset", ProjectArn=project, DatasetType="TRAIN"))["DatasetArn"]
        train = {"ProjectArn": project, "VersionName": "v", "OutputConfig": OUTPUT}
        document = POLICY.replace(
            "[]", '[{"Effect":"Allow","Principal":"*","Action":"rekognition:CopyProjectVersion","Resource":"*"}]'
        )
        policy = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": document}
        await emulator.call("PutProjectPolicy", **policy)
        stale = {"ProjectArn": project, "PolicyName": "p", "PolicyRevisionId": "0" * 32}
        said += [
            (
                await refusal(emulator, "CreateDataset", ProjectArn=project, DatasetType="TRAIN"),
                name,
                "delete it first",
            ),
            (await refusal(emulator, "CreateProjectVersion", **train), dataset, "UpdateDatasetEntries"),
            (await refusal(emulator, "DeleteProject", ProjectArn=project), project, "Delete them first"),
            (await refusal(emulator, "PutProjectPolicy", **policy), " p ", "PolicyRevisionId"),
            (await refusal(emulator, "DeleteProjectPolicy", **stale), " p", "ListProjectPolicies"),
            (await refusal(emulator, "DeleteProjectPolicy", ProjectArn=project, PolicyName="q"), " q ", project),
        ]
        for error, resource, advice in said:
            assert resource in error.message and advice in error.message, error.message

    play(tmp_path, story)


def test_a_quota_says_how_many_and_what_to_do(tmp_path: Path) -> None:
    async def story(emulator: InProcessEmulator) -> None:
        arn = store(emulator, await create_project(emulator))
        error = await refusal(emulator, "StartProjectVersion", ProjectVersionArn=arn, MinInferenceUnits=6)
        assert error.message == (
            "The maximum number of inference units for this model is 5, and this call would make it 6. Ask for fewer."
        )

    play(tmp_path, story, quotas="aws")
