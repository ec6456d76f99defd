"""Training: the page, its dialog, live progress, cancelling (C-14, C-15, C-16, C-28)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

VERSION_NAME = re.compile(r"\.\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d$")


def begin_training(page: Page) -> None:
    page.get_by_role("button", name="Train model", exact=True).click()
    dialog = page.get_by_role("dialog", name="Do you want to train your model?")
    dialog.get_by_role("button", name="Train model", exact=True).click()
    expect(dialog).to_be_hidden()


def test_a_model_is_trained_with_a_key_and_tags_and_shows_how_far_it_is(console: Page, ready: Project) -> None:
    """C-14, C-16, C-28."""
    console.goto(f"/console/projects/{ready.name}")
    console.get_by_role("link", name="Train new model").click()
    choice = console.get_by_role("combobox", name="Choose project")
    expect(choice).to_have_value(ready.arn)
    console.get_by_role("checkbox", name="Customize encryption settings (advanced)").check()
    console.get_by_role("textbox", name="AWS KMS key").fill("alias/mine")
    console.get_by_role("button", name="Add new tag").click()
    console.get_by_role("combobox", name="Key").fill("stage")
    console.get_by_role("combobox", name="Value").fill("test")
    begin_training(console)
    expect(console).to_have_url(re.compile(f"/projects/{ready.name}$"))
    expect(console.get_by_role("heading", name="Training", exact=True)).to_be_visible()
    expect(console.get_by_role("progressbar", name="Training")).to_be_visible(timeout=300_000)
    line = console.get_by_role("row").filter(has_text="TRAINING_COMPLETED")
    expect(line).to_contain_text("The model is ready to run.", timeout=300_000)
    expect(console.get_by_role("heading", name="Training", exact=True)).to_be_hidden()
    [description] = ready.rekognition.describe_project_versions(ProjectArn=ready.arn)["ProjectVersionDescriptions"]
    name = description["ProjectVersionArn"].split("/")[3]
    assert name.startswith(ready.name) and VERSION_NAME.search(name)
    assert description["KmsKeyId"] == "alias/mine"
    assert description["OutputConfig"]["S3Bucket"].startswith("custom-labels-console-us-east-1-")
    tags = ready.rekognition.list_tags_for_resource(ResourceArn=description["ProjectVersionArn"])["Tags"]
    assert tags == {"stage": "test"}


def test_without_a_test_dataset_the_training_dataset_is_split(
    console: Page, emulator: EmulatorProcess, account: str
) -> None:
    """C-15, D-2."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 10))
    console.goto(f"/console/train?project={project.name}")
    expect(console.get_by_text("The project has no test dataset: the training dataset is split")).to_be_visible()
    begin_training(console)
    expect(console.get_by_role("link", name=f"{project.name}_test_dataset")).to_be_visible(timeout=300_000)
    expect(console.get_by_text("16 images, 16 labeled")).to_be_visible()
    expect(console.get_by_text("4 images, 4 labeled")).to_be_visible()


def test_what_cannot_be_trained_is_told_before(console: Page, emulator: EmulatorProcess, account: str) -> None:
    project = new_project(emulator, account)
    console.goto(f"/console/train?project={project.name}")
    expect(console.get_by_text("This project has no training dataset yet.")).to_be_visible()
    expect(console.get_by_role("button", name="Train model", exact=True)).to_be_disabled()
    console.get_by_role("combobox", name="Choose project").fill("arn:of:nothing")
    console.get_by_role("button", name="Train model", exact=True).click()
    expect(console.get_by_text("There is no project with this ARN in this account and Region.")).to_be_visible()


def test_a_training_waits_its_turn_and_is_cancelled(console: Page, ready: Project) -> None:
    """O-32: place in the queue, TRAINING_FAILED, the message."""
    for name in ("first", "second", "third", "fourth", "fifth"):
        ready.start_training(name)
    console.goto(f"/console/projects/{ready.name}/models/fifth")
    expect(console.get_by_text(re.compile(r"(Next|Place \d) in the queue"))).to_be_visible()
    console.get_by_role("button", name="Cancel training").click()
    dialog = console.get_by_role("dialog", name="Cancel the training?")
    expect(dialog.get_by_role("button", name="Go on training")).to_be_visible()
    dialog.get_by_role("button", name="Cancel training").click()
    expect(dialog).to_be_hidden()
    console.get_by_role("tab", name="Model details").click()
    expect(console.get_by_text("TRAINING_FAILED")).to_be_visible()
    expect(console.get_by_text("The training was cancelled.")).to_be_visible()


@pytest.mark.parametrize("name", ["..", "a.b", "-"])
def test_any_name_that_the_api_takes_has_a_page(
    console: Page, emulator: EmulatorProcess, account: str, name: str
) -> None:
    emulator.client("rekognition", account).create_project(ProjectName=name)
    console.goto("/console/projects")
    console.get_by_role("link", name=name, exact=True).click()
    expect(console.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    console.reload()
    expect(console.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
