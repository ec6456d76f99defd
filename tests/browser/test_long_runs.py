"""A model that runs for longer than the user wanted to be warned of is marked wherever it stands (O-39)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import Observed, open_context
from support.console import ConsoleClient
from support.running import RunningLab
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
WARNING = "The model has been running for 2 h 00 min. Its inference units are billed until it is stopped."


@pytest.fixture
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A model that runs since an hour under a manual clock; the user wants to be warned after two."""
    settings = {"CUSTOM_LABELS_WARN_RUNNING_AFTER": "7200", "CUSTOM_LABELS_TRAINING_EFFORT": "instant"}
    with EmulatorProcess(tmp_path_factory.mktemp("long run") / "data", settings) as emulator:
        ConsoleClient(emulator, ACCOUNT).post("/bucket", {})
        lab = RunningLab.create(emulator, ACCOUNT)
        lab.manual_time()
        lab.trained.rekognition.start_project_version(
            ProjectVersionArn=lab.trained.version_arns["first"], MinInferenceUnits=1
        )
        lab.advance(1)
        lab.trained.wait_version("first", "RUNNING")
        lab.advance(3600)
        yield lab


@pytest.fixture
def page(browser: Browser, long_run: RunningLab) -> Iterator[Page]:
    opened = open_context(browser, long_run.emulator.endpoint, ACCOUNT)
    observed = Observed(long_run.emulator.endpoint)
    observed.watch(opened)
    yield opened.new_page()
    opened.close()
    observed.assert_clean()


def test_a_warning_shows_while_the_page_is_open(page: Page, long_run: RunningLab) -> None:
    page.goto(f"/console/projects/{long_run.trained.name}")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="first", exact=True))
    expect(row).to_contain_text("The model is running.")
    long_run.advance(3600)
    expect(row).to_contain_text(WARNING)
    row.get_by_role("link", name="first", exact=True).click()
    expect(page.get_by_text(WARNING)).to_be_visible()
    page.goto("/console/projects")
    page.get_by_role("button", name=f"Show the versions of {long_run.trained.name}").click()
    expect(page.get_by_text(WARNING)).to_be_visible()
