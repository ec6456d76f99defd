"""The command lines of the guide, and the waiters, through the AWS CLI (guide-clients.md, AWS CLI command lines)."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.pictures import draw_picture, image_level_line, image_level_manifest, single_label_pictures
from support.programs import Shell
from support.projects import unique_name
from support.server import EmulatorProcess, wait_until

LABELS = ["circle", "square"]
TRAINING_WAITER_SECONDS = 115.0
RUNNING_WAITER_SECONDS = 29.0
Aws = Callable[..., Any]
Reaches = Callable[[str, str], None]


@pytest.fixture(scope="session")
def aws_command() -> str:
    """The AWS CLI of this environment, else the machine's."""
    beside = Path(sys.executable).with_name("aws")
    command = str(beside) if beside.exists() else shutil.which("aws")
    if command is None:
        pytest.skip("the AWS CLI is not installed")
    return command


@pytest.fixture
def shell(emulator: EmulatorProcess, account: str, tmp_path: Path) -> Shell:
    """A working directory with the profile `custom-labels-access` and the endpoint in the environment."""
    return Shell(emulator, tmp_path, account)


@pytest.fixture
def aws(shell: Shell, aws_command: str) -> Aws:
    """Run `aws rekognition …` with the guide's profile: the parsed answer. Other arguments than text become JSON."""

    def run(*arguments: Any, service: str = "rekognition") -> Any:
        words = [argument if isinstance(argument, str) else json.dumps(argument) for argument in arguments]
        outcome = shell.run([aws_command, service, *words, "--profile", "custom-labels-access"])
        assert outcome.code == 0, (
            f"aws {service} {words} ended with {outcome.code}:\n{outcome.output}\n{outcome.errors}"
        )
        return json.loads(outcome.output) if outcome.output.startswith("{") else outcome

    return run


@pytest.fixture
def reaches(shell: Shell) -> Reaches:
    """Wait until a dataset has a status; asked through boto3, because starting the CLI for each question takes long."""
    describe = shell.emulator.client("rekognition", shell.account).describe_dataset

    def wait(dataset_arn: str, status: str) -> None:
        wait_until(lambda: describe(DatasetArn=dataset_arn)["DatasetDescription"]["Status"] == status, what=status)

    return wait


def test_projects_datasets_and_policies(aws: Aws, shell: Shell, reaches: Reaches) -> None:
    bucket, name = unique_name("cli"), unique_name()
    aws("mb", f"s3://{bucket}", service="s3")
    upload_folder(aws, shell, bucket)
    assert aws("get-bucket-acl", "--bucket", bucket, service="s3api")["Owner"]["ID"]

    arn = aws("create-project", "--project-name", name, "--feature", "CUSTOM_LABELS", "--tags", {"k1": "v1"})[
        "ProjectArn"
    ]
    assert aws("list-tags-for-resource", "--resource-arn", arn) == {"Tags": {"k1": "v1"}}
    [described] = aws("describe-projects")["ProjectDescriptions"]
    assert aws("describe-projects", "--project-names", name)["ProjectDescriptions"] == [described]
    assert (described["ProjectArn"], described["Status"], described["Datasets"]) == (arn, "CREATED", [])

    train, test = check_datasets(aws, reaches, arn, bucket)
    check_policies(aws, shell, arn)
    for dataset in (train, test):
        aws("delete-dataset", "--dataset-arn", dataset)
    wait_until(lambda: not aws("describe-projects")["ProjectDescriptions"][0]["Datasets"], what="deletion of datasets")
    assert aws("delete-project", "--project-arn", arn) == {"Status": "DELETING"}
    wait_until(lambda: not aws("describe-projects")["ProjectDescriptions"], what="deletion of the project")


def upload_folder(aws: Aws, shell: Shell, bucket: str) -> None:
    """Write pictures and a manifest to a folder and copy it to the bucket with `aws s3 cp --recursive`."""
    folder = shell.directory / "assets"
    (folder / "images").mkdir(parents=True)
    pictures = single_label_pictures(LABELS, 5)
    for picture in pictures:
        (folder / "images" / picture.name).write_bytes(picture.body)
    (folder / "train.manifest").write_bytes(image_level_manifest(pictures, bucket))
    copied = aws("cp", str(folder), f"s3://{bucket}/", "--recursive", service="s3")
    assert copied.output.count("upload:") == len(pictures) + 1


def check_datasets(aws: Aws, reaches: Reaches, project_arn: str, bucket: str) -> tuple[str, str]:
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "train.manifest"}}}
    of_project = ("--project-arn", project_arn)
    train = aws(
        "create-dataset", *of_project, "--dataset-type", "TRAIN", "--dataset-source", source, "--tags", {"k": "v"}
    )["DatasetArn"]
    reaches(train, "CREATE_COMPLETE")
    described = aws("describe-dataset", "--dataset-arn", train)["DatasetDescription"]
    assert (described["Status"], described["DatasetStats"]["TotalEntries"]) == ("CREATE_COMPLETE", 10)
    entries = aws("list-dataset-entries", "--dataset-arn", train)["DatasetEntries"]
    assert len(entries) == 10
    assert aws("list-dataset-entries", "--dataset-arn", train, "--has-errors")["DatasetEntries"] == []
    paged = aws("list-dataset-entries", "--dataset-arn", train, "--page-size", "3", "--source-ref-contains", "circle")
    assert paged["DatasetEntries"] == entries[:5]

    changed = draw_picture(["triangle"], seed=0, name="circle-0000.png")
    changes = {"GroundTruth": image_level_line(changed, bucket)}
    aws("update-dataset-entries", "--dataset-arn", train, *raw_blobs(aws), "--changes", changes)
    reaches(train, "UPDATE_COMPLETE")
    labels = aws("list-dataset-labels", "--dataset-arn", train)["DatasetLabelDescriptions"]
    assert {label["LabelName"]: label["LabelStats"]["EntryCount"] for label in labels} == {
        "circle": 4,
        "square": 5,
        "triangle": 1,
    }
    copied = aws("create-dataset", *of_project, "--dataset-type", "TEST", "--dataset-source", {"DatasetArn": train})
    test = copied["DatasetArn"]
    reaches(test, "CREATE_COMPLETE")
    aws("delete-dataset", "--dataset-arn", test)
    described = ("describe-projects", "--project-names", project_arn.split("/")[1])
    wait_until(lambda: len(aws(*described)["ProjectDescriptions"][0]["Datasets"]) == 1, what="deletion of the copy")
    test = aws("create-dataset", *of_project, "--dataset-type", "TEST")["DatasetArn"]
    reaches(test, "CREATE_COMPLETE")
    return train, test


def raw_blobs(aws: Aws) -> list[str]:
    """The option that makes version 2 of the CLI encode blobs by itself, as version 1 always does."""
    version: str = aws("--version", service="rekognition").output
    return ["--cli-binary-format", "raw-in-base64-out"] if version.startswith("aws-cli/2") else []


def check_policies(aws: Aws, shell: Shell, project_arn: str) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "rekognition:CopyProjectVersion",
                "Resource": "*",
            }
        ],
    }
    (shell.directory / "policy.json").write_text(json.dumps(document))
    of_project = ("--project-arn", project_arn)
    named = (*of_project, "--policy-name", "copying")
    revision = aws("put-project-policy", *named, "--policy-document", "file://policy.json")["PolicyRevisionId"]
    [policy] = aws("list-project-policies", *of_project, "--max-results", "5")["ProjectPolicies"]
    assert (policy["PolicyName"], policy["PolicyRevisionId"]) == ("copying", revision)
    assert json.loads(policy["PolicyDocument"]) == document
    aws("delete-project-policy", *named, "--policy-revision-id", revision)
    assert aws("list-project-policies", *of_project)["ProjectPolicies"] == []


def test_life_of_a_model(aws: Aws, shell: Shell, reaches: Reaches) -> None:
    bucket, name = unique_name("cli"), unique_name()
    aws("mb", f"s3://{bucket}", service="s3")
    upload_folder(aws, shell, bucket)
    arn = aws("create-project", "--project-name", name)["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "train.manifest"}}}
    train = aws("create-dataset", "--project-arn", arn, "--dataset-type", "TRAIN", "--dataset-source", source)[
        "DatasetArn"
    ]
    test = aws("create-dataset", "--project-arn", arn, "--dataset-type", "TEST")["DatasetArn"]
    for dataset in (train, test):
        reaches(dataset, "CREATE_COMPLETE")
    aws("distribute-dataset-entries", "--datasets", [{"Arn": train}, {"Arn": test}])
    for dataset in (train, test):
        reaches(dataset, "UPDATE_COMPLETE")

    version = aws(
        "create-project-version",
        "--project-arn",
        arn,
        "--version-name",
        "v1",
        "--output-config",
        {"S3Bucket": bucket, "S3KeyPrefix": "results"},
        "--tags",
        {"key1": "value1", "key2": "value2"},
    )["ProjectVersionArn"]
    named = ("--project-arn", arn, "--version-names", "v1")
    waited = aws("wait", "project-version-training-completed", *named)
    assert waited.seconds < TRAINING_WAITER_SECONDS
    [described] = aws("describe-project-versions", *named)["ProjectVersionDescriptions"]
    assert (described["ProjectVersionArn"], described["Status"]) == (version, "TRAINING_COMPLETED")

    check_tags(aws, version)
    check_running(aws, shell, bucket, version, named)
    check_copy(aws, arn, version, bucket)
    assert aws("delete-project-version", "--project-version-arn", version) == {"Status": "DELETING"}
    wait_until(
        lambda: not aws("describe-project-versions", *named)["ProjectVersionDescriptions"], what="deletion of v1"
    )


def check_tags(aws: Aws, version: str) -> None:
    of_version = ("--resource-arn", version)
    assert aws("list-tags-for-resource", *of_version)["Tags"] == {"key1": "value1", "key2": "value2"}
    aws("tag-resource", *of_version, "--tags", "key2=changed,key3=value3")
    aws("untag-resource", *of_version, "--tag-keys", ["key1"])
    assert aws("list-tags-for-resource", *of_version)["Tags"] == {"key2": "changed", "key3": "value3"}


def check_running(aws: Aws, shell: Shell, bucket: str, version: str, named: tuple[str, ...]) -> None:
    of_version = ("--project-version-arn", version)
    started = aws("start-project-version", *of_version, "--min-inference-units", "1", "--region", "us-east-1")
    assert started == {"Status": "STARTING"}
    assert aws("wait", "project-version-running", *named).seconds < RUNNING_WAITER_SECONDS
    picture = draw_picture(["square"], seed=700)
    (shell.directory / "square.png").write_bytes(picture.body)
    aws("cp", "square.png", f"s3://{bucket}/new/square.png", service="s3")
    image = {"S3Object": {"Bucket": bucket, "Name": "new/square.png"}}
    detected = aws("detect-custom-labels", *of_version, "--image", image, "--region", "us-east-1")["CustomLabels"]
    assert detected[0]["Name"] == "square"
    assert "Geometry" not in detected[0]
    confident = aws("detect-custom-labels", *of_version, "--image", image, "--min-confidence", "70")["CustomLabels"]
    assert all(label["Confidence"] >= 70 for label in confident)
    every = aws("detect-custom-labels", *of_version, "--image-bytes", "fileb://square.png", "--min-confidence", "0")[
        "CustomLabels"
    ]
    assert sorted(label["Name"] for label in every) == LABELS
    assert aws("stop-project-version", *of_version) == {"Status": "STOPPING"}
    wait_until(
        lambda: aws("describe-project-versions", *named)["ProjectVersionDescriptions"][0]["Status"] == "STOPPED",
        what="the end of the model",
    )


def check_copy(aws: Aws, project_arn: str, version: str, bucket: str) -> None:
    destination = aws("create-project", "--project-name", unique_name("copies"))["ProjectArn"]
    copy = aws(
        "copy-project-version",
        "--source-project-arn",
        project_arn,
        "--source-project-version-arn",
        version,
        "--destination-project-arn",
        destination,
        "--version-name",
        "copied",
        "--output-config",
        {"S3Bucket": bucket, "S3KeyPrefix": "copies"},
        "--tags",
        {"key": "key"},
        "--kms-key-id",
        "arn:myKey",
    )["ProjectVersionArn"]

    def description() -> dict[str, Any]:
        described = aws("describe-project-versions", "--project-arn", destination, "--version-names", "copied")
        [only] = described["ProjectVersionDescriptions"]
        found: dict[str, Any] = only
        return found

    wait_until(lambda: description()["Status"] == "COPYING_COMPLETED", what="the end of the copy")
    assert (description()["ProjectVersionArn"], description()["SourceProjectVersionArn"]) == (copy, version)
    assert description()["KmsKeyId"] == "arn:myKey"
    assert aws("list-tags-for-resource", "--resource-arn", copy)["Tags"] == {"key": "key"}


def test_errors_are_told_in_the_clis_words(aws_command: str, shell: Shell) -> None:
    arn = f"arn:aws:rekognition:us-east-1:{shell.account}:project/none/1234567890123"
    outcome = shell.run([aws_command, "rekognition", "delete-project", "--project-arn", arn])
    assert outcome.code != 0
    assert "(ResourceNotFoundException) when calling the DeleteProject operation" in outcome.errors
    outcome = shell.run([aws_command, "rekognition", "describe-projects", "--max-results", "101"])
    assert outcome.code != 0
    assert "(ValidationException)" in outcome.errors
