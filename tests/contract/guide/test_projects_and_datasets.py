"""The guide's programs for projects, datasets, policies and conversions end as the guide says (guide-clients.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.pictures import (
    Picture,
    image_level_line,
    image_level_manifest,
    single_label_pictures,
    upload_pictures,
)
from support.programs import RunProgram, Shell, edited_program
from support.projects import Project, unique_name


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of the test's account."""
    name = unique_name("guide")
    s3.create_bucket(Bucket=name)
    return name


def test_projects_are_created_described_and_deleted(run: RunProgram) -> None:
    assert run("describe_projects_setup").output.strip() == "Done!"
    name = unique_name()
    arn = run("create_project", name).value("ARN")
    assert arn.split("/")[1] == name
    assert arn in run("describe_projects_setup").output
    described = run("describe_projects", "--project_name", name)
    assert described.value("Project") == arn
    assert described.value("Status") == "CREATED"
    assert "No datasets" in described.output
    assert "Project(s) not found." in run("describe_projects", "--project_name", "nobody-made-this").output
    assert run("create_project", name).output.startswith(f"Creating project: {name}\nProblem creating project: ")
    deleted = run("delete_project", arn)
    assert deleted.value("Status") == "DELETING"
    assert f"Project {name} deleted" in deleted.output
    assert "Problem deleting project: " in run("delete_project", arn).output


def test_datasets_are_created_from_manifest_empty_and_as_copy(
    run: RunProgram, s3: Any, bucket: str, tmp_path: Path
) -> None:
    pictures = single_label_pictures(["circle", "square"], 5)
    upload_pictures(s3, pictures, bucket)
    s3.put_object(Bucket=bucket, Key="train.manifest", Body=image_level_manifest(pictures, bucket))
    project = run("create_project", unique_name()).value("ARN")
    train = run("create_dataset_manifest", project, "train", bucket, "train.manifest").value(
        "Finished creating dataset"
    )
    described = run("describe_dataset", train)
    assert described.value("Status") == "CREATE_COMPLETE"
    assert described.value("Status message") == "The dataset was successfully created from the manifest file."
    assert (described.value("Entries"), described.value("Labeled entries"), described.value("Labels")) == (
        "10",
        "10",
        "2",
    )
    test = run("create_dataset_empty", project, "Test").value("Finished creating empty dataset")
    assert "/dataset/test/" in test
    assert run("describe_dataset", test).value("Entries") == "0"

    listed = run("list_dataset_entries", train, "false").output.splitlines()
    assert [json.loads(line)["source-ref"] for line in listed[:-1]] == [
        f"s3://{bucket}/images/{picture.name}" for picture in pictures
    ]
    assert run("list_dataset_entries", train, "true").output.splitlines()[:-1] == []

    assert "Distribution complete" in run("distribute_dataset", train, test).output
    assert run("describe_dataset", train).value("Entries") == "8"
    assert run("describe_dataset", test).value("Entries") == "2"

    copy = check_copy(run, train)
    check_update(run, s3, bucket, copy, tmp_path / "updates.jsonl")
    for dataset in (train, test, copy):
        assert f"Dataset deleted: {dataset}" in run("delete_dataset", dataset).output
    assert "Problem describing dataset: " in run("describe_dataset", train).output


def check_copy(run: RunProgram, train: str) -> str:
    """Copy a dataset of eight entries to another project; the copy's ARN."""
    other_project = run("create_project", unique_name()).value("ARN")
    copy = run("create_dataset_existing", other_project, "TRAIN", train).value("Finished creating dataset")
    assert run("describe_dataset", copy).value("Entries") == "8"
    projects = run("describe_projects").output
    assert projects.count("Dataset type: TRAIN") == 2
    assert projects.count("Dataset type: TEST") == 1
    return copy


def check_update(run: RunProgram, s3: Any, bucket: str, dataset: str, updates: Path) -> None:
    """Add two entries with a third label to a dataset of eight."""
    more = single_label_pictures(["triangle"], 2, seed=50)
    upload_pictures(s3, more, bucket)
    updates.write_bytes(image_level_manifest(more, bucket))
    assert "Dataset updated" in run("update_dataset_entries", dataset, str(updates)).output
    described = run("describe_dataset", dataset)
    assert described.value("Status") == "UPDATE_COMPLETE"
    assert (described.value("Entries"), described.value("Labels")) == ("10", "3")


def test_a_refused_call_is_printed(run: RunProgram, bucket: str) -> None:
    """A refused call is caught (exit 0), unlike the exception of a failed dataset in the next test."""
    project = run("create_project", unique_name()).value("ARN")
    unknown = project.replace(project.split("/")[1], "unknown")
    refused = run("create_dataset_manifest", unknown, "train", bucket, "missing.manifest")
    assert "Problem creating dataset: " in refused.output


def test_a_dataset_that_fails_ends_the_program_with_a_traceback(run: RunProgram, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="broken.manifest", Body=b"this is not JSON\n" * 5)
    project = run("create_project", unique_name()).value("ARN")
    failed = run("create_dataset_manifest", project, "train", bucket, "broken.manifest", code=1)
    assert "Traceback" in failed.errors
    assert "Dataset creation failed: The manifest file" in failed.errors


def test_an_update_with_images_of_two_buckets_fails_and_keeps_the_entries(
    run: RunProgram, s3: Any, bucket: str, tmp_path: Path
) -> None:
    pictures = single_label_pictures(["circle", "square"], 2)
    upload_pictures(s3, pictures, bucket)
    s3.put_object(Bucket=bucket, Key="train.manifest", Body=image_level_manifest(pictures, bucket))
    project = run("create_project", unique_name()).value("ARN")
    train = run("create_dataset_manifest", project, "TRAIN", bucket, "train.manifest").value(
        "Finished creating dataset"
    )
    updates = tmp_path / "updates.jsonl"
    updates.write_text(image_level_line(pictures[0], "another-bucket", "elsewhere/") + "\n")
    failed = run("update_dataset_entries", train, str(updates))
    assert "Dataset update failed: The manifest file contains images from multiple S3 buckets." in failed.output
    described = run("describe_dataset", train)
    assert (described.value("Status"), described.value("Status code")) == ("UPDATE_FAILED", "CLIENT_ERROR")
    assert described.value("Entries") == "4"


def test_policies_are_put_listed_and_deleted(run: RunProgram, tmp_path: Path) -> None:
    project = run("create_project", unique_name()).value("ARN")
    name = project.split("/")[1]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
                "Action": "rekognition:CopyProjectVersion",
                "Resource": f"{project.rpartition('/')[0]}/version/*",
            }
        ],
    }
    policy_file = tmp_path / "policy.json"
    policy_file.write_text(json.dumps(document, indent=2))
    revision = run("put_project_policy", project, "copying", str(policy_file)).value("Revision")
    listed = run("list_project_policies", project)
    assert (listed.value("Policy"), listed.value("Revision")) == ("copying", revision)
    assert json.loads(listed.value("Document")) == document
    assert listed.value("Project ARN").split("/")[1] == name
    second = run("put_project_policy", project, "copying", str(policy_file), "--policy_revision_id", revision)
    assert second.value("Revision") != revision
    stale = run("delete_project_policy", "copying", project, "--policy_revision_id", revision, typed="delete\n")
    assert "Problem deleting policy: " in stale.output
    assert "Not deleting" in run("delete_project_policy", "copying", project, typed="no\n").output
    assert "Finished deleting" in run("delete_project_policy", "copying", project, typed="delete\n").output
    assert run("list_project_policies", project).output.strip() == "Finished listing policies"


def coco_file(pictures: list[Picture]) -> dict[str, Any]:
    """The pictures' boxes as COCO has them; one side is fractional, which readers have to accept (CO-3)."""
    return {
        "images": [
            {
                "id": number,
                "width": picture.width,
                "height": picture.height,
                "file_name": picture.name,
                "date_captured": "2026-01-02 03:04:05",
            }
            for number, picture in enumerate(pictures)
        ],
        "categories": [{"id": 7, "name": "circle"}, {"id": 9, "name": "square"}],
        "annotations": [
            {
                "image_id": number,
                "category_id": {"circle": 7, "square": 9}[box.label],
                "bbox": [box.left + 0.5, box.top, box.width, box.height],
            }
            for number, picture in enumerate(pictures)
            for box in picture.boxes
        ],
    }


def test_a_coco_file_becomes_a_dataset(run: RunProgram, shell: Shell, s3: Any, bucket: str, tmp_path: Path) -> None:
    pictures = single_label_pictures(["circle", "square"], 3)
    upload_pictures(s3, pictures, bucket, "coco/")
    (tmp_path / "coco.json").write_text(json.dumps(coco_file(pictures)))
    program = edited_program(
        "coco_to_manifest",
        tmp_path,
        s3_bucket=bucket,
        s3_key_path_manifest_file="manifests/",
        s3_key_path_images="coco/",
        local_path=str(tmp_path),
        coco_manifest="coco.json",
    )
    outcome = shell.python(program)
    assert outcome.code == 0, outcome.errors
    assert outcome.value("Manifest") == f"s3://{bucket}/manifests/custom_labels.manifest"
    project = run("create_project", unique_name()).value("ARN")
    dataset = run("create_dataset_manifest", project, "train", bucket, "manifests/custom_labels.manifest").value(
        "Finished creating dataset"
    )
    described = run("describe_dataset", dataset)
    assert (described.value("Entries"), described.value("Labels")) == ("6", "2")
    assert run("list_dataset_entries", dataset, "true").output.splitlines()[:-1] == []


def test_csv_and_ground_truth_files_become_datasets(
    run: RunProgram, rekognition: Any, s3: Any, bucket: str, tmp_path: Path
) -> None:
    pictures = single_label_pictures(["circle", "square"], 2)
    upload_pictures(s3, pictures, bucket, "csv/")
    table = tmp_path / "shapes.csv"
    table.write_text("".join(f"{picture.name},{picture.labels[0]},plain,\n" for picture in pictures))
    assert run("csv_to_manifest", str(table), "--s3_path", f"s3://{bucket}/csv/").value("Labels") == "8"
    s3.upload_file(str(table.with_suffix(".manifest")), bucket, "csv.manifest")
    project = Project(rekognition, s3, bucket=bucket)
    project.arn = run("create_project", project.name).value("ARN")
    description = project.wait_dataset(project.start_dataset("TRAIN", "csv.manifest"))
    assert description["DatasetStats"] == {"TotalEntries": 4, "LabeledEntries": 4, "TotalLabels": 3, "ErrorEntries": 0}

    job = {
        "source-ref": f"s3://{bucket}/csv/{pictures[0].name}",
        "shapes": [0, 2],
        "shapes-metadata": {
            "class-map": {"0": "circle", "2": "plain"},
            "confidence-map": {"0": 0.9, "2": 1},
            "job-name": "labeling-job/shapes",
            "human-annotated": "yes",
            "creation-date": "2026-01-02T03:04:05.678",
            "type": "groundtruth/image-classification-multilabel",
        },
    }
    (tmp_path / "output.manifest").write_text(json.dumps(job) + "\n")
    transformed = run("multilabel_transform", "output.manifest").value("New manifest file")
    s3.upload_file(str(tmp_path / transformed), bucket, "multi.manifest")
    description = project.wait_dataset(project.start_dataset("TEST", "multi.manifest"))
    assert description["DatasetStats"] == {"TotalEntries": 1, "LabeledEntries": 1, "TotalLabels": 2, "ErrorEntries": 0}


def test_a_csv_file_that_names_an_image_twice_gives_no_manifest(run: RunProgram, tmp_path: Path) -> None:
    table = tmp_path / "twice.csv"
    table.write_text("a.png,circle\nb.png,square\na.png,square\n")
    assert "Duplicates found." in run("csv_to_manifest", str(table)).output
    assert (tmp_path / "twice-deduplicated.csv").read_text().split() == ["a.png,circle", "b.png,square"]
    assert (tmp_path / "twice-duplicates.csv").read_text().split() == ["a.png,square"]
    assert not (tmp_path / "twice.manifest").exists()
