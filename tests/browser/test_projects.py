"""Projects: the table, creation, a project's page, deletions (C-5 to C-7, C-9, C-25 to C-27)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import write
from support.projects import Project
from support.server import EmulatorProcess, wait_until


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.mark.firefox
def test_a_project_is_created_by_its_name(console: Page) -> None:
    """C-6: Create project, field Project name, Cancel / Create project."""
    console.goto("/console/projects")
    expect(console.get_by_text("No projects")).to_be_visible()
    console.get_by_role("link", name="Create project").first.click()
    expect(console.get_by_role("navigation", name="Breadcrumbs")).to_contain_text("Custom LabelsProjectsCreate project")
    field = console.get_by_role("textbox", name="Project name")
    expect(field).to_be_focused()
    expect(
        console.get_by_text(
            "The project name can't be more than 63 characters. "
            "It can only contain alphanumeric characters, with no spaces or special characters."
        )
    ).to_be_visible()
    write(field, "my project")
    field.press("Enter")
    expect(console.get_by_text("Use letters, digits, hyphens, underscores and periods only")).to_be_visible()
    write(field, "rooms_19")
    expect(console.get_by_text("AWS's console takes only names of at most 63 letters and digits")).to_be_visible()
    field.press("Enter")
    expect(console.get_by_role("heading", name="rooms_19", level=1)).to_be_visible()
    expect(console).to_have_url(re.compile("/console/projects/rooms_19$"))


def test_a_name_that_is_taken_is_told_at_the_field(console: Page, rekognition_of: Project) -> None:
    console.goto("/console/create-project")
    field = console.get_by_role("textbox", name="Project name")
    field.fill(rekognition_of.name)
    field.press("Enter")
    expect(console.get_by_text(f"The project name {rekognition_of.name} is already in use.")).to_be_visible()


@pytest.fixture
def rekognition_of(emulator: EmulatorProcess, account: str) -> Project:
    return Project(emulator.client("rekognition", account), emulator.client("s3", account)).create()


def tables_fit(page: Page) -> bool:
    """Whether no table is wider than its place."""
    widths = """table => {
        const places = [];
        for (let one = table.parentElement; one; one = one.parentElement) places.push(one);
        return places.every(one => one.scrollWidth <= one.clientWidth + 1);
    }"""
    return bool(page.evaluate(f"[...document.querySelectorAll('table')].every({widths})"))


def test_projects_open_to_their_versions_and_states_move_by_themselves(console: Page, ready: Project) -> None:
    """C-5: Name, Versions, Date created, Model performance, Model status, Status message; N/A until trained."""
    console.goto("/console/projects")
    for column in ("Name", "Versions", "Date created", "Model performance", "Model status", "Status message"):
        expect(console.get_by_role("columnheader", name=column)).to_be_visible()
    ready.start_training("first")
    console.get_by_role("button", name=f"Show the versions of {ready.name}").click()
    version = row(console, "first")
    expect(version).to_contain_text("TRAINING_IN_PROGRESS")
    assert tables_fit(console)
    expect(version).to_contain_text("The model is being trained.")
    expect(version).to_contain_text("N/A")
    expect(version.get_by_role("radio")).to_be_disabled()
    expect(version).to_contain_text("TRAINING_COMPLETED", timeout=300_000)
    expect(version).to_contain_text("The model is ready to run.")
    expect(version).to_contain_text(re.compile(r"[01]\.\d{3}"))
    version.get_by_role("link", name="first").click()
    expect(console.get_by_role("tab", name="Evaluate")).to_be_visible()


def test_the_table_leads_to_a_training_and_to_a_new_project(console: Page, ready: Project) -> None:
    """C-5, C-6: Train new model of the chosen project, Create project, Cancel."""
    console.goto("/console/projects")
    train = console.get_by_role("button", name="Train new model")
    expect(train).to_be_disabled()
    console.get_by_role("radio", name=f"Select {ready.name}").check()
    train.click()
    expect(console.get_by_role("combobox", name="Choose project")).to_have_value(ready.arn)
    console.goto("/console/projects")
    console.get_by_role("link", name="Create project").first.click()
    console.get_by_role("button", name="Cancel").click()
    expect(console).to_have_url(re.compile("/console/projects$"))


def test_the_table_is_searched(console: Page, emulator: EmulatorProcess, account: str) -> None:
    client = emulator.client("rekognition", account)
    for number in range(35):
        client.create_project(ProjectName=f"project-{number:02}")
    console.goto("/console/projects")
    expect(console.get_by_role("heading", name="Projects (35)")).to_be_visible()
    console.get_by_role("searchbox", name="Find projects").fill("project-07")
    expect(console.get_by_text("1 match").first).to_be_visible()
    console.get_by_role("searchbox", name="Find projects").fill("nothing")
    console.get_by_role("button", name="Clear filter").first.click()
    console.get_by_role("button", name="Page 2 of all pages").click()
    expect(console.get_by_role("link", name=re.compile("project-"))).to_have_count(5)


@pytest.mark.firefox
def test_a_project_page_shows_the_steps_and_what_there_is(console: Page, ready: Project) -> None:
    """C-7."""
    console.goto(f"/console/projects/{ready.name}")
    console.get_by_role("button", name="How it works")
    for title, body in [
        (
            "1. Create dataset",
            "A dataset is a collection of images, and image labels, that you use to train or test a model.",
        ),
        (
            "2. Label images",
            "Labels identify objects, scenes, or concepts on an entire image, "
            "or they identify object locations on an image.",
        ),
        (
            "3. Train model",
            "Depending on the training dataset, the training model finds image-level scenes and concepts, "
            "or it finds object locations.",
        ),
        (
            "4. Check performance metrics",
            "Performance metrics tell you if your model needs additional training before you can use it.",
        ),
    ]:
        expect(console.get_by_role("heading", name=title)).to_be_visible()
        expect(console.get_by_text(body, exact=True)).to_be_visible()
    expect(console.get_by_text("Created", exact=True).first).to_be_visible()
    expect(console.get_by_role("link", name=f"{ready.name}_training_dataset")).to_be_visible()
    expect(console.get_by_role("link", name=f"{ready.name}_test_dataset")).to_be_visible()
    expect(console.get_by_role("heading", name="Models (0)")).to_be_visible()
    expect(console.get_by_placeholder("Find resources")).to_be_visible()
    navigation = console.get_by_role("navigation", name="Navigation")
    expect(navigation.get_by_role("link", name="Datasets", exact=True)).to_have_attribute(
        "href", f"/console/projects/{ready.name}/dataset?type=TRAIN"
    )


def test_without_a_dataset_the_navigation_leads_to_creating_one(console: Page, rekognition_of: Project) -> None:
    """C-9."""
    console.goto(f"/console/projects/{rekognition_of.name}")
    link = console.get_by_role("navigation", name="Navigation").get_by_role("link", name="Datasets", exact=True)
    expect(link).to_have_attribute("href", f"/console/projects/{rekognition_of.name}/create-dataset")
    console.get_by_role("button", name="Actions").click()
    expect(console.get_by_role("menuitem", name="Create training dataset")).to_be_visible()
    expect(console.get_by_role("menuitem", name="Create test dataset")).to_be_visible()


def test_a_dataset_is_deleted_with_a_typed_word(console: Page, ready: Project) -> None:
    """C-27, C-9: one dataset left, the project's page; none, the page that creates one."""
    console.goto(f"/console/projects/{ready.name}")
    for kind in ("test", "training"):
        console.get_by_role("button", name="Actions").click()
        console.get_by_role("menuitem", name=f"Delete {kind} dataset").click()
        dialog = console.get_by_role("dialog", name=f"Delete {kind} dataset")
        button = dialog.get_by_role("button", name=f"Delete {kind} dataset")
        expect(button).to_be_disabled()
        dialog.get_by_role("textbox").fill("delete")
        button.click()
        expect(dialog).to_be_hidden()
        expect(console.get_by_role("link", name=re.compile(f"{kind}_dataset"))).to_be_hidden()
    expect(console).to_have_url(re.compile(f"/projects/{ready.name}/create-dataset"))


def test_the_table_of_models_tells_what_the_guide_tells(visitor: Page, trained: Project, tmp_path: Path) -> None:
    """C-7, C-16, C-21: columns, words of the states, search, "Download validation results"."""
    table = visitor.locator("#models")
    for column in (
        "Name",
        "Date created",
        "Training dataset",
        "Test dataset",
        "Model performance (F1 score)",
        "Model status",
        "Status message",
    ):
        expect(table.get_by_role("columnheader", name=column, exact=True)).to_be_visible()
    line = row(visitor, "first")
    for text in ("TRAINING_COMPLETED", "The model is ready to run.", f"{trained.name}_training_dataset"):
        expect(line).to_contain_text(text)
    assert tables_fit(visitor), "the status message is read without scrolling"
    visitor.get_by_role("radio", name="Select first").check()
    visitor.get_by_role("button", name="Download validation results").click()
    dialog = visitor.get_by_role("dialog", name="Download validation results")
    with visitor.expect_download() as download:
        dialog.get_by_role("link", name="manifest summary").click()
    assert download.value.suggested_filename == "manifest_summary.json"
    download.value.save_as(tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["statistics"]["training"]["total_json_lines"] == 12
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    visitor.get_by_placeholder("Find resources").fill("no such model")
    expect(line).to_be_hidden()


def test_a_project_whose_model_runs_cannot_be_deleted(console: Page, trained_alone: Project) -> None:
    """C-16, C-25: RUNNING and STOPPED in the service's words; then "Delete associated models" keeps the datasets."""
    name = trained_alone.name
    trained_alone.start_model()
    console.goto(f"/console/projects/{name}")
    expect(row(console, "first")).to_contain_text("The model is running.")
    console.get_by_role("button", name="Delete project").click()
    dialog = console.get_by_role("dialog", name="Delete project")
    expect(dialog.get_by_text("Models are running or being trained.")).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Delete associated datasets and models")).to_be_disabled()
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    trained_alone.stop_model()
    expect(row(console, "first")).to_contain_text("The model has stopped running.")
    for dataset in trained_alone.dataset_arns.values():
        trained_alone.rekognition.delete_dataset(DatasetArn=dataset)
    expect(console.get_by_role("link", name=f"{name}_training_dataset")).to_be_hidden()
    expect(console.get_by_role("link", name=f"{name}_test_dataset")).to_be_hidden()
    console.get_by_role("button", name="Delete project").click()
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete associated models", exact=True).click()
    expect(dialog.get_by_text("This project can be deleted")).to_be_visible()


def test_a_project_with_datasets_alone_is_deleted_in_two_steps(console: Page, ready: Project) -> None:
    """C-25: "Delete associated datasets"."""
    console.goto(f"/console/projects/{ready.name}")
    console.get_by_role("button", name="Delete project").click()
    dialog = console.get_by_role("dialog", name="Delete project")
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete associated datasets", exact=True).click()
    expect(dialog.get_by_text("This project can be deleted")).to_be_visible()
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(console).to_have_url(re.compile("/console/projects$"))


def test_a_project_with_models_and_datasets_is_deleted_in_two_steps(console: Page, trained_alone: Project) -> None:
    """C-25: `delete` and Delete associated datasets and models, then `delete` again and Delete."""
    name = trained_alone.name
    console.goto("/console/projects")
    console.get_by_role("radio", name=f"Select {name}").check()
    console.get_by_role("button", name="Delete", exact=True).click()
    dialog = console.get_by_role("dialog", name="Delete project")
    for text in (
        f"Are you sure you want to delete: {name} ?",
        "All models in the project must be deleted before the project can be deleted. "
        "You cannot delete models which are running or being trained.",
        "To delete this project, all of its models must be deleted. Model deletion can take up to 5 minutes.",
        "To confirm deletion, enter delete below.",
    ):
        expect(dialog.get_by_text(text)).to_be_visible()
    expect(dialog.get_by_role("row").filter(has_text="first")).to_contain_text("TRAINING_COMPLETED")
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete associated datasets and models").click()
    expect(dialog.get_by_text("This project has no models and can be deleted.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(console.get_by_text("No projects")).to_be_visible()


@pytest.fixture
def trained_alone(ready: Project) -> Project:
    ready.train(Tags={"custom-labels:training-effort": "instant"})
    return ready


def test_a_deletion_goes_on_when_the_window_is_closed(console: Page, trained_alone: Project) -> None:
    console.goto(f"/console/projects/{trained_alone.name}")
    console.get_by_role("button", name="Delete project").click()
    dialog = console.get_by_role("dialog", name="Delete project")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("textbox").fill("delete")
    with console.expect_response("**/console/api/deletions"):
        dialog.get_by_role("button", name="Delete associated datasets and models").click()
    console.close()

    def is_gone() -> bool:
        found = trained_alone.rekognition.describe_projects(ProjectNames=[trained_alone.name])
        return not found["ProjectDescriptions"]

    wait_until(is_gone, 60, what="the end of the project")


def test_a_model_is_deleted_with_a_typed_word_and_not_while_it_runs(console: Page, trained_alone: Project) -> None:
    """C-26."""
    trained_alone.start_model()
    console.goto(f"/console/projects/{trained_alone.name}")
    choice = console.get_by_role("radio", name="Select first")
    expect(choice).to_be_disabled()
    trained_alone.stop_model()
    choice.check()
    console.get_by_role("button", name="Delete model").click()
    dialog = console.get_by_role("dialog", name="Delete model")
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete model").click()
    expect(console.get_by_text("No models")).to_be_visible()
