"""The guide's programs take a model through its life: train, evaluate, start, detect, stop, copy, delete."""

from __future__ import annotations

import base64
import csv
import json
import sys
from typing import Any

import pytest

from support.pictures import draw_picture, image_level_manifest, single_label_pictures
from support.programs import GUIDE_PROGRAMS, RunProgram, Shell, edited_program
from support.projects import Project, new_project, unique_name
from support.server import EmulatorProcess

LABELS = ["circle", "square"]
WAITER_SECONDS = 115.0
"""Below the training waiter's 120 s delay: a waiter that had to sleep once would take longer (O-18)."""
RUNNING_WAITER_SECONDS = 29.0
"""Below the running waiter's 30 s delay."""


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    """A project with a labelled training and a labelled test dataset."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(LABELS, 8))
    project.create_dataset("TEST", single_label_pictures(LABELS, 4, seed=500))
    return project


def lambda_answer(shell: Shell, event: dict[str, Any], model_arn: str) -> dict[str, Any]:
    """What the Lambda handler returns for an event, run in a process of its own."""
    shell.extra_environment = {"MODEL_ARN": model_arn, "AWS_DEFAULT_REGION": shell.region}
    program = "import json, sys, lambda_function as f; print(json.dumps(f.lambda_handler(json.load(sys.stdin), None)))"
    shell.extra_environment["PYTHONPATH"] = str(GUIDE_PROGRAMS)
    outcome = shell.run([sys.executable, "-c", program], typed=json.dumps(event))
    assert outcome.code == 0, outcome.errors
    answer: dict[str, Any] = json.loads(outcome.output)
    return answer


def test_life_of_a_model(run: RunProgram, shell: Shell, project: Project) -> None:
    trained = run(
        "train_model",
        project.arn,
        "first",
        project.bucket,
        "results",
        "--tag_name",
        "team",
        "--tag_value",
        "shapes",
        short_sleeps=False,
    )
    assert (trained.value("Status"), trained.value("Message")) == ("TRAINING_COMPLETED", "The model is ready to run.")
    assert trained.seconds < WAITER_SECONDS
    model_arn = trained.value("Started training")
    assert model_arn.startswith(project.arn.rpartition("/")[0] + "/version/first/")

    check_evaluation(run, shell, project, model_arn)
    check_tags(run, model_arn)
    check_running(run, shell, project, model_arn)
    copy_arn = check_copy(run, project, model_arn)
    check_deletion(run, project, model_arn, copy_arn)


def check_evaluation(run: RunProgram, shell: Shell, project: Project, model_arn: str) -> None:
    described = run("describe_model", project.arn, "first")
    assert described.value("ARN") == model_arn
    assert 0.5 <= float(described.value("F1 score")) <= 1.0
    assert int(described.value("Billable training seconds")) >= 1
    summary_key = f"results/EvaluationResultSummary-{project.name}-first.json"
    assert described.value("Summary") == f"s3://{project.bucket}/{summary_key}"
    assert described.value("Output") == f"s3://{project.bucket}/results"
    assert "inference units" not in described.output

    program = edited_program("get_validation_data", shell.directory, project_arn=project.arn, version_name="first")
    validation = shell.python(program)
    assert validation.code == 0, validation.errors
    for title in ("Training manifest with validation", "Testing manifest with validation", "Manifest summary"):
        bucket, _, key = validation.value(title).removeprefix("s3://").partition("/")
        assert project.s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0

    matrix = run("show_confusion_matrix", project.name, "first").output.split("\n\n")[0].splitlines()
    header, *rows = csv.reader(matrix)
    assert header == ["PredictedLabel", *LABELS]
    for column in range(1, len(header)):
        assert sum(float(row[column]) for row in rows) == pytest.approx(100.0, abs=0.2)


def check_tags(run: RunProgram, model_arn: str) -> None:
    assert run("find_tag", "team", "shapes").output.splitlines()[-1] == model_arn
    assert run("find_tag", "team", "other").value("Models with tag team and value other") == "0"


def check_running(run: RunProgram, shell: Shell, project: Project, model_arn: str) -> None:
    started = run("start_model", project.arn, model_arn, "1", "--max_inference_units", "2", short_sleeps=False)
    assert started.value("Status") == "RUNNING"
    assert started.seconds < RUNNING_WAITER_SECONDS
    described = run("describe_model", project.arn, "first")
    assert described.value("Minimum inference units") == "1"
    assert described.value("Maximum inference units") == "2"

    picture = draw_picture(["circle"], seed=900)
    answer = lambda_answer(shell, {"image": base64.b64encode(picture.body).decode()}, model_arn)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])[0]["Name"] == "circle"
    project.s3.put_object(Bucket=project.bucket, Key="new/picture.png", Body=picture.body)
    s3_object = {"Bucket": project.bucket, "Name": "new/picture.png"}
    by_object = lambda_answer(shell, {"S3Object": s3_object}, model_arn)
    assert json.loads(by_object["body"]) == json.loads(answer["body"])
    failed = lambda_answer(shell, {"S3Object": s3_object | {"Name": "new/none.png"}}, model_arn)
    assert failed["body"]["Error"] == "InvalidS3ObjectException"

    stopped = run("stop_model", project.arn, model_arn)
    assert stopped.value("Status") == "STOPPING"
    assert stopped.output.splitlines()[-1] == f"Finished stopping model: {model_arn} STOPPED"
    shell.extra_environment.clear()


def check_copy(run: RunProgram, project: Project, model_arn: str) -> str:
    destination = run("create_project", unique_name("copies")).value("ARN")
    copied = run("copy_model", project.arn, model_arn, destination, "copied", f"s3://{project.bucket}/copies")
    assert "Model copied" in copied.output
    copy_arn = copied.value("Copy started")
    assert run("start_model", destination, copy_arn, "1", short_sleeps=False).value("Status") == "RUNNING"
    assert "STOPPED" in run("stop_model", destination, copy_arn).output
    return copy_arn


def check_deletion(run: RunProgram, project: Project, model_arn: str, copy_arn: str) -> None:
    assert "Problem deleting project: " in run("delete_project", project.arn).output
    assert "Not deleting the model." in run("delete_model", project.arn, model_arn, typed="keep\n").output
    assert "Model first deleted" in run("delete_model", project.arn, model_arn, typed="delete\n").output
    for dataset in project.dataset_arns.values():
        assert f"Dataset deleted: {dataset}" in run("delete_dataset", dataset).output
    assert f"Project {project.name} deleted" in run("delete_project", project.arn).output
    destination = next(
        description["ProjectArn"]
        for description in project.rekognition.describe_projects()["ProjectDescriptions"]
        if description["ProjectArn"].split("/")[1] == copy_arn.split("/")[1]
    )
    assert "Model copied deleted" in run("delete_model", destination, copy_arn, typed="delete\n").output


def test_a_training_that_fails_is_told_by_the_waiter(run: RunProgram, project: Project) -> None:
    """One label alone cannot be trained (TE-12): the waiter fails as soon as the training does."""
    circles = image_level_manifest(single_label_pictures(["circle"], 3), project.bucket)
    project.s3.put_object(Bucket=project.bucket, Key="circles.manifest", Body=circles)
    name = unique_name()
    arn = run("create_project", name).value("ARN")
    for dataset_type in ("train", "test"):
        run("create_dataset_manifest", arn, dataset_type, project.bucket, "circles.manifest")
    outcome = run("train_model", arn, "first", project.bucket, "results", short_sleeps=False)
    assert "Problem training model: Waiter ProjectVersionTrainingCompleted failed" in outcome.output
    assert outcome.seconds < WAITER_SECONDS
    described = run("describe_model", arn, "first")
    assert described.value("Status") == "TRAINING_FAILED"
    assert described.value("Message") == "The manifest file has too few labels."
    assert "F1 score" not in described.output
