"""Datasets through boto3: sources, filters, labels, updates, distribution and refusals (api-facts §2.4 to §2.10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.pictures import (
    Picture,
    box_manifest,
    draw_picture,
    image_level_line,
    image_level_manifest,
    several_label_pictures,
    single_label_pictures,
    upload_pictures,
)
from support.projects import Project, error_code, new_project
from support.server import EmulatorProcess, wait_until

LABELS = ["circle", "square"]


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project without datasets."""
    return new_project(emulator, account)


def entries(project: Project, arn: str, **filters: Any) -> list[dict[str, Any]]:
    """All entries of a dataset that pass the filters, parsed."""
    pages = project.rekognition.get_paginator("list_dataset_entries").paginate(DatasetArn=arn, **filters)
    return [json.loads(entry) for page in pages for entry in page["DatasetEntries"]]


def names(found: list[dict[str, Any]]) -> list[str]:
    """The file names of entries."""
    return [entry["source-ref"].rpartition("/")[2] for entry in found]


def test_entries_are_listed_in_order_with_every_filter(project: Project) -> None:
    """D-13 and api-facts §2.6: filters combine, several labels are alternatives, false means no error filter."""
    pictures = several_label_pictures(["circle", "square", "cross"], 9)
    unlabelled = Picture("plain.png", draw_picture([], 77).body, (), (), 128, 128)
    arn = project.create_dataset("TRAIN", [*pictures, unlabelled])
    found = entries(project, arn)
    assert names(found) == [picture.name for picture in [*pictures, unlabelled]]
    assert found[0]["cl-metadata"] == {"is_labeled": True}
    assert list(found[0])[-1] == "cl-metadata"
    assert found[-1]["cl-metadata"] == {"is_labeled": False}
    expected = json.loads(image_level_line(pictures[0], project.bucket))
    assert {key: value for key, value in found[0].items() if key != "cl-metadata"} == expected

    def with_any(*labels: str) -> list[str]:
        return [picture.name for picture in pictures if set(labels) & set(picture.labels)]

    assert names(entries(project, arn, ContainsLabels=["circle"])) == with_any("circle")
    assert names(entries(project, arn, ContainsLabels=["circle", "cross"])) == with_any("circle", "cross")
    assert names(entries(project, arn, Labeled=False)) == ["plain.png"]
    assert len(entries(project, arn, Labeled=True)) == 9
    assert names(entries(project, arn, SourceRefContains=pictures[3].name)) == [pictures[3].name]
    assert len(entries(project, arn, HasErrors=False)) == 10
    assert entries(project, arn, HasErrors=True) == []
    assert entries(project, arn, ContainsLabels=["circle"], Labeled=False) == []
    assert entries(project, arn, ContainsLabels=["nothing-like-it"]) == []
    stats = project.describe_dataset(arn)["DatasetStats"]
    assert stats == {"TotalEntries": 10, "LabeledEntries": 9, "TotalLabels": 3, "ErrorEntries": 0}


def test_labels_are_counted_in_order_of_appearance(project: Project) -> None:
    arn = project.create_dataset("TRAIN", single_label_pictures(["square", "circle"], 3))
    listed = project.rekognition.list_dataset_labels(DatasetArn=arn)["DatasetLabelDescriptions"]
    assert listed == [
        {"LabelName": "square", "LabelStats": {"EntryCount": 3}},
        {"LabelName": "circle", "LabelStats": {"EntryCount": 3}},
    ]


def test_labels_of_boxes_are_counted(project: Project) -> None:
    pictures = several_label_pictures(LABELS, 6)
    arn = project.create_dataset("TRAIN", pictures, box_manifest)
    listed = project.rekognition.list_dataset_labels(DatasetArn=arn)["DatasetLabelDescriptions"]
    counted = {each["LabelName"]: each["LabelStats"]["EntryCount"] for each in listed}
    assert counted == {label: sum(label in picture.labels for picture in pictures) for label in LABELS}
    assert all("BoundingBoxCount" in each["LabelStats"] for each in listed)


def test_an_update_replaces_by_source_ref_and_appends(project: Project) -> None:
    """D-12; D-10: the next description after the call shows UPDATE_*."""
    pictures = single_label_pictures(LABELS, 3)
    arn = project.create_dataset("TRAIN", pictures)
    before = project.describe_dataset(arn)["LastUpdatedTimestamp"]
    changed = draw_picture(["cross"], 5, name=pictures[0].name)
    added = draw_picture(["circle"], 6, name="added.png")
    upload_pictures(project.s3, [added], project.bucket)
    changes = {"GroundTruth": image_level_manifest([changed, added], project.bucket)}
    assert "Status" not in project.rekognition.update_dataset_entries(DatasetArn=arn, Changes=changes)
    assert project.describe_dataset(arn)["Status"] in {"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"}
    described = project.wait_dataset(arn)
    assert (described["Status"], described["StatusMessageCode"]) == ("UPDATE_COMPLETE", "SUCCESS")
    assert described["LastUpdatedTimestamp"] > before
    found = entries(project, arn)
    assert names(found) == [picture.name for picture in [*pictures, added]]
    assert found[0]["shape0-metadata"]["class-name"] == "cross"


def test_lines_that_cannot_be_used_are_dropped_or_marked(project: Project) -> None:
    """E-8: a line that is not JSON vanishes; E-9: one with a wrong type stays with cl-errors (J-21, J-24)."""
    pictures = single_label_pictures(LABELS, 6)
    upload_pictures(project.s3, pictures, project.bucket)
    lines = image_level_manifest(pictures, project.bucket).decode().splitlines()
    wrong_type = json.loads(lines[1])
    wrong_type["shape0-metadata"]["type"] = "groundtruth/wrongtype"
    lines[1] = json.dumps(wrong_type)
    lines[2] = "{this is not JSON"
    project.s3.put_object(Bucket=project.bucket, Key="mixed.manifest", Body="\n".join(lines).encode())
    arn = project.start_dataset("TRAIN", "mixed.manifest")
    described = project.wait_dataset(arn)
    assert described["Status"] == "CREATE_COMPLETE"
    assert (described["DatasetStats"]["TotalEntries"], described["DatasetStats"]["ErrorEntries"]) == (11, 1)
    [marked] = entries(project, arn, HasErrors=True)
    assert marked["shape0-metadata"]["cl-errors"] == [
        {
            "code": "ERROR_UNSUPPORTED_USE_CASE_TYPE",
            "message": "The use case type of the shape0-metadata label attribute metadata is unsupported. "
            "Check the type field.",
        }
    ]
    assert marked["cl-errors"] == [
        {"code": "ERROR_NO_VALID_LABEL_ATTRIBUTES", "message": "No valid label attributes found."}
    ]


def test_datasets_are_distributed(project: Project) -> None:
    """D-14: a fifth moves, every label stays on both sides, and both datasets are updated."""
    train = project.create_dataset("TRAIN", single_label_pictures(LABELS, 10))
    test = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    assert project.wait_dataset(test)["DatasetStats"]["TotalEntries"] == 0
    before = entries(project, train)
    project.rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    for arn in (train, test):
        assert project.describe_dataset(arn)["Status"].startswith("UPDATE_")
        assert project.wait_dataset(arn)["Status"] == "UPDATE_COMPLETE"
    kept, moved = entries(project, train), entries(project, test)
    assert (len(kept), len(moved)) == (16, 4)
    assert sorted(names(kept) + names(moved)) == sorted(names(before))
    assert {entry["shape0-metadata"]["class-name"] for entry in moved} == set(LABELS)
    distribute = project.rekognition.distribute_dataset_entries
    again = [{"Arn": train}, {"Arn": test}]
    assert error_code(distribute, Datasets=again) == "InvalidParameterException", "the test dataset has entries now"
    assert error_code(distribute, Datasets=[{"Arn": train}, {"Arn": train}]) == "InvalidParameterException"


def test_wrong_sources_and_duplicates_are_refused(project: Project) -> None:
    create = project.rekognition.create_dataset
    train = project.create_dataset("TRAIN", single_label_pictures(LABELS, 2))
    manifest = {"S3Object": {"Bucket": project.bucket, "Name": "manifests/train.manifest"}}
    to_train = {"ProjectArn": project.arn, "DatasetType": "TRAIN"}
    to_test = {"ProjectArn": project.arn, "DatasetType": "TEST"}
    both = {"GroundTruthManifest": manifest, "DatasetArn": train}
    assert error_code(create, **to_train) == "ResourceAlreadyExistsException"
    assert error_code(create, **to_test, DatasetSource={}) == "InvalidParameterException"
    assert error_code(create, **to_test, DatasetSource=both) == "InvalidParameterException"
    unknown = train.rpartition("/")[0] + "/1234567890123"
    assert error_code(create, **to_test, DatasetSource={"DatasetArn": unknown}) == "ResourceNotFoundException"
    nowhere = project.arn.rpartition("/")[0] + "/1234567890123"
    assert error_code(create, ProjectArn=nowhere, DatasetType="TEST") == "ResourceNotFoundException"
    for name in ("describe_dataset", "list_dataset_entries", "list_dataset_labels", "delete_dataset"):
        assert error_code(getattr(project.rekognition, name), DatasetArn=unknown) == "ResourceNotFoundException"
    changes = {"GroundTruth": b"{}\n"}
    update = project.rekognition.update_dataset_entries
    assert error_code(update, DatasetArn=unknown, Changes=changes) == "ResourceNotFoundException"


def test_images_in_two_buckets_fail_the_dataset(project: Project) -> None:
    """O-29, TE-7; a dataset that failed can be deleted, which frees its place."""
    pictures = single_label_pictures(LABELS, 3)
    project.put_manifest(pictures, "train.manifest")
    other = image_level_line(pictures[0], "another-bucket")
    body = image_level_manifest(pictures[1:], project.bucket) + other.encode()
    project.s3.put_object(Bucket=project.bucket, Key="train.manifest", Body=body)
    arn = project.start_dataset("TRAIN", "train.manifest")
    described = project.wait_dataset(arn)
    assert (described["Status"], described["StatusMessage"], described["StatusMessageCode"]) == (
        "CREATE_FAILED",
        "The manifest file contains images from multiple S3 buckets.",
        "CLIENT_ERROR",
    )
    project.rekognition.delete_dataset(DatasetArn=arn)
    described = project.rekognition.describe_projects
    wait_until(lambda: not described(ProjectNames=[project.name])["ProjectDescriptions"][0]["Datasets"])
    project.create_dataset("TRAIN", pictures)
