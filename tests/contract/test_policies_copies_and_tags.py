"""Project policies, copies within and across accounts, and tags (CP-*, TG-*, api-facts §2.16 to §2.23, §8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.pictures import draw_picture
from support.projects import Project, copy_of, error_code, error_of, new_project
from support.server import EmulatorProcess

NOT_FOUND = "ResourceNotFoundException"
MALFORMED = "MalformedPolicyDocumentException"


def policy(principal: str, resource: str = "*", effect: str = "Allow") -> str:
    """A policy document that allows or denies copying."""
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def root_of(account: str) -> str:
    """The principal that stands for a whole account."""
    return f"arn:aws:iam::{account}:root"


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project without datasets."""
    return new_project(emulator, account)


def test_policies_have_revisions(project: Project) -> None:
    """CP-9, CP-10: the first needs no revision, each later one the current."""
    put, remove = project.rekognition.put_project_policy, project.rekognition.delete_project_policy
    document = policy(root_of("999988887777"))
    named = {"ProjectArn": project.arn, "PolicyName": "copying"}
    first = put(**named, PolicyDocument=document)["PolicyRevisionId"]
    [listed] = project.rekognition.list_project_policies(ProjectArn=project.arn)["ProjectPolicies"]
    assert set(listed) == {
        "ProjectArn",
        "PolicyName",
        "PolicyRevisionId",
        "PolicyDocument",
        "CreationTimestamp",
        "LastUpdatedTimestamp",
    }
    assert (listed["PolicyDocument"], listed["PolicyRevisionId"]) == (document, first)
    assert listed["CreationTimestamp"] == listed["LastUpdatedTimestamp"]
    assert error_code(put, **named, PolicyDocument=document) == "ResourceAlreadyExistsException"
    second = put(**named, PolicyDocument=document, PolicyRevisionId=first)["PolicyRevisionId"]
    assert second != first
    stale = {"PolicyRevisionId": first}
    assert error_code(put, **named, PolicyDocument=document, **stale) == "InvalidPolicyRevisionIdException"
    assert error_code(remove, **named, **stale) == "InvalidPolicyRevisionIdException"
    remove(**named, PolicyRevisionId=second)
    assert error_code(remove, **named) == NOT_FOUND
    assert project.rekognition.list_project_policies(ProjectArn=project.arn)["ProjectPolicies"] == []


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "{}",
        '{"Version": "2012-10-17", "Statement": []}',
        policy("*").replace("rekognition:CopyProjectVersion", "rekognition:DeleteProject"),
        policy("*").replace('"Action"', '"NotAction"'),
        policy("*").replace('"Principal"', '"NotPrincipal"'),
        policy("*").replace('"Resource"', '"NotResource"'),
        policy("*").replace('"Allow"', '"Perhaps"'),
    ],
)
def test_malformed_documents_are_refused(project: Project, document: str) -> None:
    """CP-6."""
    put = project.rekognition.put_project_policy
    named = {"ProjectArn": project.arn, "PolicyName": "copying"}
    assert error_code(put, **named, PolicyDocument=document) == "MalformedPolicyDocumentException"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda arn: f"{arn}/version/*", "OK"),
        (lambda arn: f"{arn}/version/v?/1*", "OK"),
        (lambda arn: f"{arn}/*", "OK"),
        (lambda arn: arn.replace("us-east-1", "*") + "/version/first/1627045542080", "OK"),
        (lambda arn: f"{arn}x/version/*", MALFORMED),
        (lambda arn: arn.replace("us-east-1", "eu-west-1") + "/version/*", MALFORMED),
        (lambda arn: f"{arn}/1627045542080", MALFORMED),
        (lambda arn: f"{arn}/version/", MALFORMED),
        (lambda arn: f"{arn}/dataset/*", MALFORMED),
    ],
)
def test_a_resource_has_to_match_some_version_of_the_project(
    project: Project, change: Callable[[str], str], code: str
) -> None:
    """CP-7; the refusal says how the ARNs of versions begin."""
    named = {"ProjectArn": project.arn, "PolicyName": "copying"}
    document = policy("*", change(project.arn.rpartition("/")[0]))
    if code == "OK":
        project.rekognition.put_project_policy(**named, PolicyDocument=document)
    else:
        error = error_of(project.rekognition.put_project_policy, **named, PolicyDocument=document)
        assert error["Code"] == code
        assert f":project/{project.name}/version/" in error["Message"]


def test_a_project_has_five_policies_at_most(project: Project) -> None:
    """CP-11; they are paged, and go with the project."""
    put = project.rekognition.put_project_policy
    for number in range(5):
        put(ProjectArn=project.arn, PolicyName=f"policy-{number}", PolicyDocument=policy("*"))
    sixth = {"ProjectArn": project.arn, "PolicyName": "policy-5", "PolicyDocument": policy("*")}
    assert error_code(put, **sixth) in {"LimitExceededException", "ServiceQuotaExceededException"}
    paginator = project.rekognition.get_paginator("list_project_policies")
    pages = list(paginator.paginate(ProjectArn=project.arn, PaginationConfig={"PageSize": 2}))
    assert [len(page["ProjectPolicies"]) for page in pages] == [2, 2, 1]
    assert len({each["PolicyName"] for page in pages for each in page["ProjectPolicies"]}) == 5
    assert project.rekognition.delete_project(ProjectArn=project.arn)["Status"] == "DELETING"


def test_a_copy_across_accounts_needs_a_policy_of_the_source(
    emulator: EmulatorProcess, account: str, single_label_project: Project
) -> None:
    """CP-4 and api-facts §8: refused without, for another account and by a Deny; else it runs like any other."""
    source = single_label_project
    destination = new_project(emulator, account)
    copy = destination.rekognition.copy_project_version
    parameters = copy_of(source, destination)
    assert error_code(copy, **parameters) == "AccessDeniedException"
    put, remove = source.rekognition.put_project_policy, source.rekognition.delete_project_policy
    put(ProjectArn=source.arn, PolicyName="other", PolicyDocument=policy(root_of("999988887777")))
    assert error_code(copy, **parameters) == "AccessDeniedException"
    put(ProjectArn=source.arn, PolicyName="this", PolicyDocument=policy(root_of(account)))
    everything = f"{source.arn.rpartition('/')[0]}/version/*"
    put(ProjectArn=source.arn, PolicyName="deny", PolicyDocument=policy("*", everything, "Deny"))
    assert error_code(copy, **parameters) == "AccessDeniedException"
    remove(ProjectArn=source.arn, PolicyName="deny")
    try:
        destination.version_arns["copied"] = copy(**parameters)["ProjectVersionArn"]
        described = destination.wait_version("copied", "COPYING_COMPLETED", "COPYING_FAILED")
    finally:
        for name in ("other", "this"):
            remove(ProjectArn=source.arn, PolicyName=name)
    check_copied(source, destination, described)


def check_copied(source: Project, destination: Project, described: dict[str, Any]) -> None:
    assert described["Status"] == "COPYING_COMPLETED"
    assert described["SourceProjectVersionArn"] == source.version_arns["first"]
    assert described["OutputConfig"] == {"S3Bucket": destination.bucket, "S3KeyPrefix": "results"}
    original = source.describe_version("first")
    assert described["EvaluationResult"]["F1Score"] == original["EvaluationResult"]["F1Score"]
    summary = described["EvaluationResult"]["Summary"]["S3Object"]
    assert summary["Bucket"] == destination.bucket
    place = original["EvaluationResult"]["Summary"]["S3Object"]
    copied = destination.s3.get_object(Bucket=summary["Bucket"], Key=summary["Name"])["Body"].read()
    first = source.s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"].read()
    assert json.loads(copied)["AggregatedEvaluationResults"] == json.loads(first)["AggregatedEvaluationResults"]
    destination.start_model("copied")
    image = {"Bytes": draw_picture(["circle"], 905).body}
    arn = destination.version_arns["copied"]
    labels = destination.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
    assert labels["CustomLabels"][0]["Name"] == "circle"
    destination.stop_model("copied")
    destination.rekognition.delete_project_version(ProjectVersionArn=arn)
    assert source.describe_version("first")["Status"] in {"TRAINING_COMPLETED", "STOPPED"}


def test_copies_of_what_does_not_exist(single_label_project: Project) -> None:
    source = single_label_project
    copy = source.rekognition.copy_project_version
    destination = Project(source.rekognition, source.s3).create()
    parameters = copy_of(source, destination)
    nowhere = "/1234567890123"
    for name in ("SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"):
        wrong = parameters | {name: parameters[name].rpartition("/")[0] + nowhere}
        assert error_code(copy, **wrong) == NOT_FOUND, name
        name_of, _, epoch = parameters[name].rpartition("/")
        assert error_code(copy, **parameters | {name: f"{name_of}/0{epoch}"}) == NOT_FOUND, name


@pytest.mark.parametrize("foreign", ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"])
def test_copies_stay_within_a_region(project: Project, foreign: str) -> None:
    """CP-2."""
    name, _, epoch = project.arn.rpartition("/")
    arns = {
        "SourceProjectArn": project.arn,
        "SourceProjectVersionArn": f"{name}/version/1/{epoch}",
        "DestinationProjectArn": project.arn,
    }
    arns[foreign] = arns[foreign].replace(":us-east-1:", ":eu-west-1:")
    output = {"VersionName": "copy", "OutputConfig": {"S3Bucket": "bucket"}}
    assert error_code(project.rekognition.copy_project_version, **arns, **output) == "InvalidParameterException"


def test_tags_of_projects_datasets_and_versions(project: Project, single_label_project: Project) -> None:
    created = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TRAIN", Tags={"a": "1"})
    check_tags(project.rekognition, created["DatasetArn"], {"a": "1"})
    check_tags(project.rekognition, project.arn, {})
    check_tags(single_label_project.rekognition, single_label_project.version_arns["first"], {})


def check_tags(rekognition: Any, arn: str, before: dict[str, str]) -> None:
    of_resource = {"ResourceArn": arn}
    assert rekognition.list_tags_for_resource(**of_resource)["Tags"] == before
    rekognition.tag_resource(**of_resource, Tags={"a": "2", "k ü": "", "z": "v"})
    assert rekognition.list_tags_for_resource(**of_resource)["Tags"] == {"a": "2", "k ü": "", "z": "v"}
    rekognition.untag_resource(**of_resource, TagKeys=["k ü", "never set", "z", "a"])
    assert rekognition.list_tags_for_resource(**of_resource)["Tags"] == {}
    rekognition.tag_resource(**of_resource, Tags=before)


def test_refused_tags(project: Project) -> None:
    tag = project.rekognition.tag_resource
    tag(ResourceArn=project.arn, Tags={f"key{number}": "" for number in range(200)})
    assert error_code(tag, ResourceArn=project.arn, Tags={"one more": ""}) == "ServiceQuotaExceededException"
    tag(ResourceArn=project.arn, Tags={"key7": "changed"})
    assert error_code(tag, ResourceArn=project.arn, Tags={"aws:key": ""}) == "ValidationException"
    unknown = project.arn.rpartition("/")[0] + "/1234567890123"
    for name, more in (
        ("tag_resource", {"Tags": {}}),
        ("untag_resource", {"TagKeys": []}),
        ("list_tags_for_resource", {}),
    ):
        call = getattr(project.rekognition, name)
        assert error_code(call, ResourceArn=unknown, **more) == NOT_FOUND
        malformed = error_code(call, ResourceArn="arn:that:is:no:resource", **more)
        assert malformed == "InvalidParameterException"
