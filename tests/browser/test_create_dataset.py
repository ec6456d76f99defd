"""The Create dataset page: one dataset or two, from four sources (C-8, C-9, D-2, D-3, D-6 to D-8)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import violations, write
from support.console import ConsoleClient
from support.datasets_in_browser import files, images, labels_of, lines
from support.pictures import draw_picture, single_label_pictures, upload_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess, wait_until

PICTURES = single_label_pictures(["circle", "square"], 3)


def open_form(page: Page, project: Project) -> None:
    """The Create dataset page of a project."""
    page.goto(f"/console/projects/{project.name}/create-dataset")
    expect(page.get_by_role("heading", name="Create dataset", level=1)).to_be_visible()


def dataset_arn(project: Project, kind: str = "TRAIN") -> str:
    """The dataset, once it is there and not at work."""

    def ready() -> str | None:
        described = project.rekognition.describe_projects(ProjectNames=[project.name])["ProjectDescriptions"][0]
        found = [one for one in described["Datasets"] if one["DatasetType"] == kind]
        return found[0]["DatasetArn"] if found and not found[0]["Status"].endswith("IN_PROGRESS") else None

    arn = wait_until(ready, 30, what=f"the dataset {kind}")
    assert arn is not None
    return arn


def test_the_page_says_what_the_guide_says(console: Page, emulator: EmulatorProcess, account: str) -> None:
    """C-8."""
    project = new_project(emulator, account)
    open_form(console, project)
    for text in [
        "Starting configuration",
        "Configuration options",
        "the dataset is split to create the training dataset (80%) and test dataset (20%) for your project.",
        "Recommended for most users. Start with the highest control over training, testing, and performance tuning.",
        "Import images from one of the sources below.",
        "Import images labeled by SageMaker Ground Truth",
        "Your original dataset will remain unchanged.",
        "Automatically attach labels to images based on the folder",
    ]:
        expect(console.get_by_text(text).first).to_be_visible()
    expect(console.get_by_role("heading", name="Test dataset details")).to_be_visible()
    expect(console.get_by_role("button", name="Create datasets", exact=True)).to_be_visible()
    console.get_by_role("radio", name="Start with a single dataset").check()
    expect(console.get_by_role("heading", name="Test dataset details")).to_be_hidden()
    console.get_by_role("button", name="Create dataset", exact=True).click()
    expect(console.get_by_text("Enter an address such as s3://bucket/folder/.")).to_be_visible()
    assert violations(console) == []


@pytest.mark.firefox
def test_a_folder_of_s3_gives_its_folders_as_labels_and_the_test_dataset_is_a_copy(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient, ready: Project
) -> None:
    """D-7, D-8: the two sources differ."""
    project = new_project(emulator, account)
    circles, squares = PICTURES[:3], PICTURES[3:]
    upload_pictures(project.s3, circles, project.bucket, "devices/circle/")
    upload_pictures(project.s3, squares, project.bucket, "devices/square/white/")
    upload_pictures(project.s3, [draw_picture(["cross"], 9)], project.bucket, "devices/")
    upload_pictures(project.s3, PICTURES[:1], project.bucket, "elsewhere/")
    open_form(console, project)
    write(console.get_by_label("S3 URI").first, f"s3://{project.bucket}/devices")
    console.get_by_role("checkbox", name="Automatically attach").first.check()
    console.get_by_role("radio", name="Copy an existing").nth(1).check()
    console.get_by_role("button", name=re.compile("^Dataset Choose a dataset")).click()
    console.get_by_role("option", name=re.compile(f"{ready.name}_test_dataset")).click()
    console.get_by_role("button", name="Create datasets", exact=True).click()
    expect(console).to_have_url(re.compile("/dataset"))
    expect(images(console)).to_have_count(7)
    found = lines(api, dataset_arn(project))
    assert sorted(map(tuple, map(labels_of, found.values()))) == [(), *[("circle",)] * 3, *[("square",)] * 3]
    copied = lines(api, dataset_arn(project, "TEST"))
    assert copied == lines(api, ready.dataset_arns["TEST"])


def test_a_manifest_that_is_not_there_fails_in_the_words_of_the_guide(
    console: Page, emulator: EmulatorProcess, account: str
) -> None:
    """E-1."""
    project = new_project(emulator, account)
    open_form(console, project)
    console.get_by_role("radio", name="Start with a single dataset").check()
    console.get_by_role("radio", name="Import images labeled by SageMaker").check()
    console.get_by_label(".manifest file location").fill(f"s3://{project.bucket}/nowhere.manifest")
    console.get_by_role("button", name="Create dataset", exact=True).click()
    expect(console.get_by_text("CREATE_FAILED", exact=True)).to_be_visible()
    expect(console.get_by_text("The manifest file extension or contents are invalid.")).to_be_visible()
    expect(console.get_by_text("Cause: ")).to_be_visible()


def test_a_manifest_gives_the_images_and_labels_that_it_names(
    console: Page, emulator: EmulatorProcess, account: str
) -> None:
    project = new_project(emulator, account)
    project.put_manifest(PICTURES, "all.manifest")
    open_form(console, project)
    console.get_by_role("radio", name="Start with a single dataset").check()
    console.get_by_role("radio", name="Import images labeled by SageMaker").check()
    console.get_by_label(".manifest file location").fill(f"s3://{project.bucket}/all.manifest")
    console.get_by_role("button", name="Create dataset", exact=True).click()
    expect(images(console)).to_have_count(6)
    expect(images(console).first).to_contain_text("circle")


def test_a_whole_folder_is_uploaded_with_its_folders_as_labels(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient, tmp_path: Path
) -> None:
    """D-6; the folders are ours."""
    project = new_project(emulator, account)
    for picture in PICTURES:
        folder = tmp_path / "animals" / picture.labels[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / picture.name).write_bytes(picture.body)
    (tmp_path / "animals" / "notes.txt").write_text("no picture")
    open_form(console, project)
    console.get_by_role("radio", name="Start with a single dataset").check()
    console.get_by_role("radio", name="Upload images from your computer").check()
    console.locator("input[webkitdirectory]").set_input_files(tmp_path / "animals")
    expect(console.get_by_text("1 file is left out")).to_be_visible()
    console.get_by_role("checkbox", name="Automatically attach").check()
    console.get_by_role("button", name="Create dataset", exact=True).click()
    expect(images(console)).to_have_count(6)
    found = lines(api, dataset_arn(project))
    assert {name: labels_of(line) for name, line in found.items()} == {one.name: list(one.labels) for one in PICTURES}


def test_only_the_missing_dataset_is_offered(console: Page, emulator: EmulatorProcess, account: str) -> None:
    """C-9."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", PICTURES)
    console.goto(f"/console/projects/{project.name}/dataset?type=TEST")
    console.get_by_role("link", name="Create test dataset").click()
    expect(console.get_by_role("heading", name="Test dataset details")).to_be_visible()
    expect(console.get_by_role("heading", name="Training dataset details")).to_be_hidden()
    console.get_by_role("radio", name="Upload images from your computer").check()
    console.get_by_role("button", name="Create dataset", exact=True).click()
    # Nothing was chosen yet: the dataset page asks for images.
    dialog = console.get_by_role("dialog", name="Add images to test dataset")
    expect(dialog).to_be_visible()
    dialog.get_by_test_id("choose-files").set_input_files(files(PICTURES[:2]))
    dialog.get_by_role("button", name="Upload images").click()
    dialog.get_by_role("button", name="Save changes").click()
    expect(images(console)).to_have_count(2)
