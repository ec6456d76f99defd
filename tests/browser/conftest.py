"""A browser for the tests of a module, and the console as a fresh account sees it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Browser, BrowserContext, Page, expect

from support.browser import BrowserName, Observed, launched, missing_parts, open_context
from support.console import ConsoleClient
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import Project, new_project, trained_project
from support.server import EmulatorProcess

# Machines that test are busy: what does not come within this time does not come.
expect.set_options(timeout=90_000)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test runs in Chromium; those that are marked `firefox` in Firefox as well."""
    if "browser" not in metafunc.fixturenames:
        return
    names: list[BrowserName] = ["chromium"]
    if metafunc.definition.get_closest_marker("firefox"):
        names.append("firefox")
    metafunc.parametrize("browser", [_in_browser(name) for name in names], indirect=True, scope="module")


def _in_browser(name: BrowserName) -> ParameterSet:
    """A browser as a parameter; where it is missing the test is skipped, with the reason."""
    reason = missing_parts(name)
    return pytest.param(name, marks=() if reason is None else pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser. A module's, not the session's: while Playwright runs, no other event loop can."""
    with launched(request.param) as running:
        yield running


@pytest.fixture
def api(emulator: EmulatorProcess, account: str) -> ConsoleClient:
    """The console's API for the test's own account."""
    return ConsoleClient(emulator, account)


@pytest.fixture
def observed(emulator: EmulatorProcess) -> Observed:
    """What browsers of this test did that they should not; asserted at its end."""
    return Observed(emulator.endpoint)


@pytest.fixture
def context(browser: Browser, emulator: EmulatorProcess, account: str, observed: Observed) -> Iterator[BrowserContext]:
    """A browser that works as the test's own account."""
    opened = open_context(browser, emulator.endpoint, account)
    observed.watch(opened)
    yield opened
    opened.close()
    observed.assert_clean()


@pytest.fixture
def console(context: BrowserContext, api: ConsoleClient) -> Page:
    """The console after its set-up, at Get started."""
    api.post("/bucket", {})
    page = context.new_page()
    page.goto("/console/get-started")
    page.get_by_role("heading", name="Get started", level=1).wait_for()
    return page


@pytest.fixture
def ready(emulator: EmulatorProcess, account: str) -> Project:
    """A project of the test's own account with both datasets, ready to be trained."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS, 6))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS, 3, seed=500))
    return project


@pytest.fixture(scope="module")
def trained_account() -> str:
    """The account of `trained`, for tests that leave it as it is."""
    return new_account()


@pytest.fixture(scope="module")
def trained(emulator: EmulatorProcess, trained_account: str) -> Project:
    """A project with a trained version `first`, shared by the tests of a module; its console is set up."""
    ConsoleClient(emulator, trained_account).post("/bucket", {})
    train = single_label_pictures(SINGLE_LABELS, 6)
    return trained_project(emulator, trained_account, train, single_label_pictures(SINGLE_LABELS, 4, seed=500))


@pytest.fixture
def visitor(browser: Browser, emulator: EmulatorProcess, trained: Project, trained_account: str) -> Iterator[Page]:
    """A browser at the page of the trained project."""
    opened = open_context(browser, emulator.endpoint, trained_account)
    observed = Observed(emulator.endpoint)
    observed.watch(opened)
    page = opened.new_page()
    page.goto(f"/console/projects/{trained.name}")
    yield page
    opened.close()
    observed.assert_clean()


def new_account() -> str:
    """A twelve-digit account that no other test uses."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)
