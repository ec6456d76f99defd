"""axe finds nothing on any page or dialog, light or dark; everything can be done by keyboard, and focus returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import AXE, open_context, violations, wait_for
from support.projects import Project
from support.server import EmulatorProcess

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: make console fetches it")

PAGES = {
    "get-started": "Get started",
    "tutorials": "Tutorials",
    "tutorials/classify": "Classifying images",
    "examples": "Example projects",
    "projects": "Projects",
    "create-project": "Create project",
    "train?project={name}": "Train model",
    "projects/{name}": "{name}",
    "projects/{name}/policies": "Project policies",
    "projects/{name}/models/first": "first",
    "projects/{name}/models/first?tab=details": "first",
    "projects/{name}/models/first?tab=use": "first",
    "projects/{name}/models/first?tab=tags": "first",
    "projects/{name}/models/first/tags": "Manage tags",
    "projects/{name}/models/first/performance": "Evaluate image",
    "projects/{name}/create-dataset": "Create dataset",
    "datasets": "Prior datasets",
    "running-hours": "Running hours",
    "nowhere": "There is nothing at this address",
}


@pytest.fixture(params=["light", "dark"])
def page(
    request: pytest.FixtureRequest, browser: Browser, emulator: EmulatorProcess, trained_account: str
) -> Iterator[Page]:
    """A window in one of the two themes, for the account of the trained project."""
    context = open_context(browser, emulator.endpoint, trained_account, color_scheme=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("address", "heading"), PAGES.items(), ids=list(PAGES))
def test_axe_finds_nothing_on_a_page(page: Page, trained: Project, address: str, heading: str) -> None:
    page.goto("/console/" + address.format(name=trained.name))
    expect(page.get_by_role("heading", name=heading.format(name=trained.name), level=1)).to_be_visible()
    wait_for(page, "!document.querySelector('[class*=awsui_spinner]')")
    assert violations(page) == []


def _project(page: Page, trained: Project) -> None:
    page.goto(f"/console/projects/{trained.name}")


def _delete_project(page: Page, trained: Project) -> None:
    _project(page, trained)
    page.get_by_role("button", name="Delete project").click()


def _delete_dataset(page: Page, trained: Project) -> None:
    _project(page, trained)
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Delete test dataset").click()


def _validation(page: Page, trained: Project) -> None:
    _project(page, trained)
    page.get_by_role("radio", name="Select first").check()
    page.get_by_role("button", name="Download validation results").click()


def _start_model(page: Page, trained: Project) -> None:
    page.goto(f"/console/projects/{trained.name}/models/first?tab=use")
    page.get_by_role("button", name="Start", exact=True).click()


def _train(page: Page, trained: Project) -> None:
    page.goto(f"/console/train?project={trained.name}")
    page.get_by_role("button", name="Train model", exact=True).click()


def _identity(page: Page, trained: Project) -> None:
    _project(page, trained)
    page.get_by_role("button", name="Change account or Region").click()


def _policy(page: Page, trained: Project) -> None:
    page.goto(f"/console/projects/{trained.name}/policies")
    page.get_by_role("button", name="Add policy").click()


DIALOGS: dict[str, Callable[[Page, Project], None]] = {
    "Delete project": _delete_project,
    "Delete test dataset": _delete_dataset,
    "Download validation results": _validation,
    "Start model": _start_model,
    "Do you want to train your model?": _train,
    "Account and Region": _identity,
    "Add policy": _policy,
}


@pytest.mark.parametrize(("title", "open_dialog"), DIALOGS.items(), ids=list(DIALOGS))
def test_axe_finds_nothing_on_a_dialog_and_escape_gives_the_focus_back(
    page: Page, trained: Project, title: str, open_dialog: Callable[[Page, Project], None]
) -> None:
    open_dialog(page, trained)
    dialog = page.get_by_role("dialog", name=title)
    expect(dialog).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    wait_for(page, "document.activeElement && document.activeElement !== document.body")


def test_a_project_is_created_trained_and_read_by_keyboard_alone(page: Page, trained: Project) -> None:
    page.goto("/console/projects")
    expect(page.get_by_role("link", name=trained.name)).to_be_visible()
    page.get_by_role("searchbox", name="Find projects").press("Tab")
    link = page.get_by_role("link", name=trained.name)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=trained.name, level=1)).to_be_visible()
    page.get_by_role("link", name="first").focus()
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Evaluate").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Start or stop model")).to_be_visible()
