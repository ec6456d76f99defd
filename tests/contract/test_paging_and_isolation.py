"""Pages and their tokens, and accounts and regions that do not see each other (api-facts §1.7, O-20)."""

from __future__ import annotations

from typing import Any

import pytest

from support.pictures import draw_picture, image_level_line, single_label_pictures
from support.projects import Project, error_code, new_project, unique_name
from support.server import EmulatorProcess

WRONG_TOKEN = "InvalidPaginationTokenException"


@pytest.fixture
def project_arns(rekognition: Any) -> list[str]:
    """Five projects, oldest first."""
    name = unique_name("page")
    return [rekognition.create_project(ProjectName=f"{name}.{number}")["ProjectArn"] for number in range(5)]


def listed(answer: dict[str, Any]) -> list[str]:
    """The ARNs of a page of projects."""
    return [project["ProjectArn"] for project in answer["ProjectDescriptions"]]


def test_projects_come_in_pages_newest_first(rekognition: Any, project_arns: list[str]) -> None:
    first = rekognition.describe_projects(MaxResults=2, NextToken="")
    second = rekognition.describe_projects(MaxResults=2, NextToken=first["NextToken"])
    third = rekognition.describe_projects(MaxResults=2, NextToken=second["NextToken"])
    assert listed(first) + listed(second) + listed(third) == project_arns[::-1]
    assert "NextToken" not in third
    exact = rekognition.describe_projects(MaxResults=5)
    assert (listed(exact), "NextToken" in exact) == (project_arns[::-1], False)
    pages = rekognition.get_paginator("describe_projects").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["ProjectDescriptions"]) for page in pages] == [3, 2]
    named = rekognition.describe_projects(ProjectNames=[project_arns[1].split("/")[1], "not-there"])
    assert listed(named) == [project_arns[1]]


def test_a_page_does_not_repeat_or_miss_when_projects_are_added(rekognition: Any, project_arns: list[str]) -> None:
    first = rekognition.describe_projects(MaxResults=2)
    rekognition.create_project(ProjectName=unique_name("later"))
    rest = rekognition.describe_projects(NextToken=first["NextToken"])
    assert listed(first) + listed(rest) == project_arns[::-1]


def test_tokens_cannot_be_altered_or_used_elsewhere(
    emulator: EmulatorProcess, rekognition: Any, project_arns: list[str]
) -> None:
    token = rekognition.describe_projects(MaxResults=2)["NextToken"]
    describe = rekognition.describe_projects
    middle = len(token) // 2
    altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for wrong in (altered, token[:-4], token + "AAAA", "made-up", "é"):
        assert error_code(describe, MaxResults=2, NextToken=wrong) == WRONG_TOKEN, wrong
    versions = rekognition.describe_project_versions
    assert error_code(versions, ProjectArn=project_arns[0], NextToken=token) == WRONG_TOKEN
    policies = rekognition.list_project_policies
    assert error_code(policies, ProjectArn=project_arns[0], NextToken=token) == WRONG_TOKEN
    stranger = emulator.client("rekognition", "999988887777")
    assert error_code(stranger.describe_projects, NextToken=token) == WRONG_TOKEN
    elsewhere = emulator.client("rekognition", project_arns[0].split(":")[4], "eu-west-1")
    assert error_code(elsewhere.describe_projects, NextToken=token) == WRONG_TOKEN


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project without datasets."""
    return new_project(emulator, account)


def test_entries_and_labels_come_in_pages(project: Project) -> None:
    labels = ["circle", "square", "triangle", "cross"]
    arn = project.create_dataset("TRAIN", single_label_pictures(labels, 2))
    client = project.rekognition
    first = client.list_dataset_entries(DatasetArn=arn, MaxResults=3, NextToken="")
    second = client.list_dataset_entries(DatasetArn=arn, MaxResults=3, NextToken=first["NextToken"])
    third = client.list_dataset_entries(DatasetArn=arn, MaxResults=3, NextToken=second["NextToken"])
    together = [entry for page in (first, second, third) for entry in page["DatasetEntries"]]
    assert together == client.list_dataset_entries(DatasetArn=arn)["DatasetEntries"]
    assert "NextToken" not in third
    pages = client.get_paginator("list_dataset_labels").paginate(DatasetArn=arn, PaginationConfig={"PageSize": 3})
    assert [[each["LabelName"] for each in page["DatasetLabelDescriptions"]] for page in pages] == [
        ["circle", "square", "triangle"],
        ["cross"],
    ]
    assert error_code(client.list_dataset_labels, DatasetArn=arn, NextToken=first["NextToken"]) == WRONG_TOKEN
    filtered = {"DatasetArn": arn, "NextToken": first["NextToken"], "ContainsLabels": ["cross"]}
    assert error_code(client.list_dataset_entries, **filtered) == WRONG_TOKEN, "the token is of another question"


def test_pages_go_on_over_an_update_and_not_over_a_distribution(project: Project) -> None:
    """An update leaves entries at their places; behind a distribution a next page would miss some of them."""
    pictures = single_label_pictures(["circle", "square"], 10)
    arn = project.create_dataset("TRAIN", pictures)
    test = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    calls = (project.rekognition.list_dataset_entries, project.rekognition.list_dataset_labels)
    tokens = [call(DatasetArn=arn, MaxResults=1)["NextToken"] for call in calls]
    changes = {"GroundTruth": image_level_line(pictures[0], project.bucket).encode()}
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes=changes)
    assert project.wait_dataset(arn)["Status"] == "UPDATE_COMPLETE"
    entries = calls[0](DatasetArn=arn)["DatasetEntries"]
    assert calls[0](DatasetArn=arn, NextToken=tokens[0])["DatasetEntries"] == entries[1:]
    project.rekognition.distribute_dataset_entries(Datasets=[{"Arn": arn}, {"Arn": test}])
    assert project.wait_dataset(arn)["Status"] == "UPDATE_COMPLETE"
    for call, token in zip(calls, tokens, strict=True):
        assert error_code(call, DatasetArn=arn, NextToken=token) == WRONG_TOKEN


def test_versions_come_newest_first_and_accounts_stay_apart(
    emulator: EmulatorProcess, single_label_project: Project, account: str
) -> None:
    project = single_label_project
    own = project.rekognition.describe_project_versions(ProjectArn=project.arn)["ProjectVersionDescriptions"]
    created = [version["CreationTimestamp"] for version in own]
    assert created == sorted(created, reverse=True)
    stranger = emulator.client("rekognition", account)
    refused = {"ResourceNotFoundException", "AccessDeniedException"}
    version = project.version_arns["first"]
    dataset = project.dataset_arns["TRAIN"]
    image = {"Bytes": draw_picture(["circle"], 1).body}
    assert stranger.describe_projects()["ProjectDescriptions"] == []
    assert error_code(stranger.describe_project_versions, ProjectArn=project.arn) in refused
    assert error_code(stranger.delete_project, ProjectArn=project.arn) in refused
    assert error_code(stranger.describe_dataset, DatasetArn=dataset) in refused
    assert error_code(stranger.list_dataset_entries, DatasetArn=dataset) in refused
    assert error_code(stranger.delete_dataset, DatasetArn=dataset) in refused
    assert error_code(stranger.start_project_version, ProjectVersionArn=version, MinInferenceUnits=1) in refused
    assert error_code(stranger.detect_custom_labels, ProjectVersionArn=version, Image=image) in refused
    assert error_code(stranger.delete_project_version, ProjectVersionArn=version) in refused
    assert error_code(stranger.list_tags_for_resource, ResourceArn=version) in refused
    assert error_code(stranger.list_project_policies, ProjectArn=project.arn) in refused


def test_regions_stay_apart(emulator: EmulatorProcess, account: str) -> None:
    name = unique_name()
    arns = {}
    for region in ("us-east-1", "eu-west-1"):
        client = emulator.client("rekognition", account, region)
        arns[region] = client.create_project(ProjectName=name)["ProjectArn"]
        assert arns[region].startswith(f"arn:aws:rekognition:{region}:{account}:project/{name}/")
    for region, arn in arns.items():
        client = emulator.client("rekognition", account, region)
        assert listed(client.describe_projects()) == [arn]
    elsewhere = emulator.client("rekognition", account, "eu-west-1")
    code = error_code(elsewhere.delete_project, ProjectArn=arns["us-east-1"])
    assert code in {"ResourceNotFoundException", "AccessDeniedException"}


def test_a_key_that_is_no_account_belongs_to_the_default_account(emulator: EmulatorProcess) -> None:
    client = emulator.client("rekognition", "AKIDEXAMPLE")
    arn = client.create_project(ProjectName=unique_name())["ProjectArn"]
    assert arn.split(":")[4] == "000000000000"
    client.delete_project(ProjectArn=arn)
