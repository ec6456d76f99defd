"""What each operation is checked against (api-facts §8, SE-2)."""

from __future__ import annotations

import pytest

from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.operations.authorization import checks
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS

CALLER = Caller("111122223333", "eu-west-1")
_PREFIX = "arn:aws:rekognition:eu-west-1:111122223333:project"
PROJECT, OTHER = f"{_PREFIX}/shapes/1", f"{_PREFIX}/other/2"
VERSION, DATASET, TEST = (
    f"{_PREFIX}/shapes/version/v/3",
    f"{_PREFIX}/shapes/dataset/train/4",
    f"{_PREFIX}/shapes/dataset/test/5",
)
TAGS = {"Team": "a"}

CASES: list[tuple[str, JsonObject, list[tuple[str, str]]]] = [
    ("CreateProject", {"ProjectName": "new"}, [("CreateProject", f"{_PREFIX}/new/9")]),
    (
        "CreateProject",
        {"ProjectName": "new", "Tags": TAGS},
        [("CreateProject", f"{_PREFIX}/new/9"), ("TagResource", f"{_PREFIX}/new/9")],
    ),
    ("DescribeProjects", {}, [("DescribeProjects", "*")]),
    ("DescribeProjects", {"ProjectNames": ["shapes"]}, [("DescribeProjects", "*")]),
    ("DeleteProject", {"ProjectArn": PROJECT}, [("DeleteProject", PROJECT)]),
    ("CreateDataset", {"ProjectArn": PROJECT, "DatasetType": "TRAIN"}, [("CreateDataset", PROJECT)]),
    (
        "CreateDataset",
        {"ProjectArn": PROJECT, "DatasetType": "TEST", "Tags": TAGS, "DatasetSource": {"DatasetArn": DATASET}},
        [
            ("CreateDataset", PROJECT),
            ("ListDatasetEntries", DATASET),
            ("TagResource", f"{_PREFIX}/shapes/dataset/test/9"),
        ],
    ),
    ("CreateProjectVersion", {"ProjectArn": PROJECT, "VersionName": "v"}, [("CreateProjectVersion", PROJECT)]),
    (
        "CreateProjectVersion",
        {"ProjectArn": PROJECT, "VersionName": "v", "Tags": TAGS},
        [("CreateProjectVersion", PROJECT), ("TagResource", f"{_PREFIX}/shapes/version/v/9")],
    ),
    (
        "CreateProjectVersion",
        {"ProjectArn": PROJECT, "VersionName": "v", "Tags": {}},
        [("CreateProjectVersion", PROJECT)],
    ),
    *(
        (name, {"ProjectArn": PROJECT, "PolicyName": "p"}, [(name, PROJECT)])
        for name in ("DescribeProjectVersions", "PutProjectPolicy", "ListProjectPolicies", "DeleteProjectPolicy")
    ),
    *(
        (name, {"DatasetArn": DATASET}, [(name, DATASET)])
        for name in (
            *("DescribeDataset", "ListDatasetEntries", "ListDatasetLabels", "UpdateDatasetEntries", "DeleteDataset"),
        )
    ),
    (
        "DistributeDatasetEntries",
        {"Datasets": [{"Arn": DATASET}, {"Arn": TEST}]},
        [("DistributeDatasetEntries", DATASET), ("DistributeDatasetEntries", TEST)],
    ),
    *(
        (name, {"ProjectVersionArn": VERSION}, [(name, VERSION)])
        for name in ("StartProjectVersion", "StopProjectVersion", "DeleteProjectVersion", "DetectCustomLabels")
    ),
    (
        "CopyProjectVersion",  # the version itself is checked with the project's policies
        {
            "SourceProjectArn": PROJECT,
            "SourceProjectVersionArn": VERSION,
            "DestinationProjectArn": OTHER,
            "VersionName": "copy",
            "Tags": TAGS,
        },
        [
            ("CopyProjectVersion", PROJECT),
            ("CreateProjectVersion", OTHER),
            ("TagResource", f"{_PREFIX}/other/version/copy/9"),
        ],
    ),
    ("TagResource", {"ResourceArn": DATASET, "Tags": TAGS}, [("TagResource", DATASET)]),
    ("UntagResource", {"ResourceArn": VERSION, "TagKeys": ["Team"]}, [("UntagResource", VERSION)]),
    ("ListTagsForResource", {"ResourceArn": PROJECT}, [("ListTagsForResource", PROJECT)]),
]


@pytest.mark.parametrize(("operation", "parameters", "expected"), CASES, ids=lambda value: str(value)[:40])
def test_what_an_operation_is_checked_against(
    operation: str, parameters: JsonObject, expected: list[tuple[str, str]]
) -> None:
    found = checks(operation, parameters, CALLER, 9)
    assert [(check.action, check.resource) for check in found] == expected


def test_no_operation_is_left_out() -> None:
    assert {operation for operation, _, _ in CASES} == CUSTOM_LABELS_OPERATIONS
