"""The frame around every page: set-up, identity, navigation, language, dark mode, an emulator that goes away."""

from __future__ import annotations

import gzip
import re
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from support.browser import Observed, open_context, wait_for, write
from support.console import ConsoleClient
from support.server import EmulatorProcess


@pytest.mark.firefox
def test_the_first_visit_makes_the_console_bucket_and_no_page_can_be_used_before(
    context: BrowserContext, api: ConsoleClient
) -> None:
    """S-4, S-5."""
    page = context.new_page()
    page.goto("/console/projects")
    dialog = page.get_by_role("dialog", name="First Time Set Up")
    proposal = dialog.get_by_text(re.compile("^custom-labels-console-us-east-1-[a-z0-9]{10}$"))
    expect(proposal).to_be_visible()
    name = proposal.inner_text()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    # The first copies the name; none closes.
    expect(dialog.get_by_role("button")).to_have_text(["", "Create S3 bucket"])
    dialog.get_by_role("button", name="Create S3 bucket").click()
    expect(dialog).to_be_hidden()
    assert api.get("/bucket")["name"] == name
    page.reload()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    expect(dialog).to_be_hidden()


@pytest.mark.firefox
def test_the_navigation_is_that_of_the_guide_and_every_page_has_its_address(console: Page) -> None:
    """C-1."""
    navigation = console.get_by_role("navigation", name="Navigation")
    for entry, heading in [
        ("Tutorials", "Tutorials"),
        ("Example projects", "Example projects"),
        ("Projects", "Projects"),
        ("Prior datasets", "Prior datasets"),
        ("Running hours", "Running hours"),
        ("Get started", "Get started"),
    ]:
        navigation.get_by_role("link", name=entry, exact=True).click()
        expect(console.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(console).to_have_title(f"{heading} - Custom Labels")
        console.reload()
        expect(console.get_by_role("heading", name=heading, level=1)).to_be_visible()


def test_the_console_opens_at_get_started_which_leads_to_examples_and_tutorials(console: Page) -> None:
    """C-1, C-2: landing page, Get started, "Explore example projects", "Try example projects"."""
    console.goto("/console")
    expect(console).to_have_url(re.compile("/console/get-started$"))
    expect(console.get_by_role("heading", name="Explore example projects")).to_be_visible()
    console.get_by_role("link", name="Read the tutorials").click()
    expect(console.get_by_role("heading", name="Tutorials", level=1)).to_be_visible()
    console.go_back()
    console.get_by_role("link", name="Try example projects").click()
    expect(console.get_by_role("heading", name="Example projects", level=1)).to_be_visible()


@pytest.mark.firefox
def test_each_account_and_region_has_its_own_projects(console: Page, emulator: EmulatorProcess, account: str) -> None:
    emulator.client("rekognition", account).create_project(ProjectName="mine")
    elsewhere = ConsoleClient(emulator, account, "eu-west-1")
    elsewhere.post("/bucket", {})
    emulator.client("rekognition", account, "eu-west-1").create_project(ProjectName="in-ireland")
    console.goto("/console/projects")
    expect(console.get_by_role("link", name="mine", exact=True)).to_be_visible()
    console.get_by_role("button", name="Region: us-east-1").click()
    console.get_by_role("menuitemcheckbox", name="eu-west-1").click()
    expect(console.get_by_role("link", name="in-ireland")).to_be_visible()
    expect(console.get_by_role("link", name="mine", exact=True)).to_be_hidden()
    console.reload()
    expect(console.get_by_role("link", name="in-ireland")).to_be_visible()


@pytest.mark.firefox
def test_the_account_is_switched_in_a_dialog_that_gives_the_focus_back(
    console: Page, emulator: EmulatorProcess
) -> None:
    ConsoleClient(emulator, "111122223333").post("/bucket", {})
    button = console.get_by_role("button", name=re.compile("Change account or Region"))
    button.click()
    dialog = console.get_by_role("dialog", name="Account and Region")
    field = dialog.get_by_role("textbox", name="Account")
    write(field, "12")
    expect(dialog.get_by_text("An account has twelve digits.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Use")).to_be_disabled()
    write(field, "111122223333")
    field.press("Enter")
    expect(dialog).to_be_hidden()
    expect(button).to_contain_text("111122223333")
    expect(button).to_be_focused()


@pytest.mark.parametrize(
    ("locale", "heading", "language"),
    [("en-US", "Get started", "en"), ("pt-BR", "Comece a usar", "pt-BR"), ("zh-CN", "开始使用", "zh-CN")],
)
def test_the_page_speaks_the_readers_language(
    browser: Browser,
    emulator: EmulatorProcess,
    api: ConsoleClient,
    account: str,
    locale: str,
    heading: str,
    language: str,
) -> None:
    api.post("/bucket", {})
    context = open_context(browser, emulator.endpoint, account, locale=locale)
    page = context.new_page()
    page.goto("/console")
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == language
    context.close()


@pytest.mark.firefox
def test_theme_and_language_are_chosen_and_remembered(console: Page) -> None:
    console.get_by_role("button", name="Settings").click()
    console.get_by_role("menuitemcheckbox", name="Dark").click()
    expect(console.locator("body")).to_have_class(re.compile("awsui-dark-mode"))
    console.reload()
    expect(console.locator("body")).to_have_class(re.compile("awsui-dark-mode"))


def test_a_navigation_that_a_narrow_window_closed_is_open_again_in_a_wide_one(console: Page) -> None:
    entry = console.get_by_role("link", name="Tutorials", exact=True)
    expect(entry).to_be_visible()
    console.set_viewport_size({"width": 390, "height": 844})
    expect(entry).to_be_hidden()
    console.set_viewport_size({"width": 1280, "height": 900})
    expect(entry).to_be_visible()


def test_a_file_that_is_dropped_beside_its_place_does_not_replace_the_page(console: Page) -> None:
    drop = """kind => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["x"], "a.txt"));
        const event = new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer});
        document.querySelector("main").dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    assert [console.evaluate(drop, kind) for kind in ("dragover", "drop")] == [True, True]


def test_an_address_that_names_nothing_says_so(console: Page) -> None:
    for address in ("/console/nowhere", "/console/projects/nobody", "/console/projects/nobody/models/none"):
        console.goto(address)
        expect(console.get_by_role("heading", name="There is nothing at this address")).to_be_visible()


def test_a_console_that_is_open_while_the_emulator_restarts_resets_or_loads_an_archive_recovers_by_itself(
    browser: Browser, start_emulator: Callable[..., EmulatorProcess], account: str
) -> None:
    emulator = start_emulator()
    # A browser keeps its address: the emulator comes back where it was.
    emulator.arguments = ["--port", str(urlsplit(emulator.endpoint).port)]
    ConsoleClient(emulator, account).post("/bucket", {})
    emulator.client("rekognition", account).create_project(ProjectName="kept")
    context = open_context(browser, emulator.endpoint, account)
    page = context.new_page()
    page.goto("/console/projects")
    expect(page.get_by_role("link", name="kept")).to_be_visible()
    emulator.kill()
    expect(page.get_by_text("The emulator does not answer.")).to_be_visible()
    emulator.restart()
    expect(page.get_by_text("The emulator does not answer.")).to_be_hidden()
    emulator.client("rekognition", account).create_project(ProjectName="later")
    expect(page.get_by_role("link", name="later")).to_be_visible()
    address = f"{emulator.endpoint}/_emulator/state"
    with urllib.request.urlopen(address) as answer:
        archive = answer.read()
    emulator.control("POST", "/_emulator/reset")
    expect(page.get_by_role("link", name="kept")).to_be_hidden()
    expect(page.get_by_role("dialog", name="First Time Set Up")).to_be_visible()
    with urllib.request.urlopen(urllib.request.Request(address, archive, method="PUT")) as answer:
        assert answer.status < 300
    expect(page.get_by_role("dialog", name="First Time Set Up")).to_be_hidden()
    for name in ("kept", "later"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    context.close()


def test_a_clock_that_stands_has_a_banner(browser: Browser, fresh_emulator: EmulatorProcess, account: str) -> None:
    """O-10."""
    ConsoleClient(fresh_emulator, account).post("/bucket", {})
    fresh_emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": 1_800_000_000})
    context = open_context(browser, fresh_emulator.endpoint, account)
    page = context.new_page()
    page.goto("/console/projects")
    expect(page.get_by_text("It stands at January 15, 2027 at 08:00:00 (UTC).")).to_be_visible()
    page.get_by_role("button", name="Advance 60 seconds").click()
    expect(page.get_by_text("January 15, 2027 at 08:01:00")).to_be_visible()
    page.get_by_role("button", name="Let it run").click()
    expect(page.get_by_text("The emulator's clock is moved by hand")).to_be_hidden()
    context.close()


def test_the_control_token_is_asked_for_once(
    browser: Browser, start_emulator: Callable[..., EmulatorProcess], account: str
) -> None:
    emulator = start_emulator(environment={"CUSTOM_LABELS_CONTROL_TOKEN": "open sesame"})
    ConsoleClient(emulator, account).post("/bucket", {})
    context = open_context(browser, emulator.endpoint, account)
    page = context.new_page()
    page.goto("/console/projects")
    page.evaluate(
        "fetch('/_emulator/clock', {method: 'PUT', headers: {authorization: 'Bearer open sesame'},"
        " body: JSON.stringify({mode: 'manual', now: 1800000000})})"
    )
    page.get_by_role("button", name="Advance 60 seconds").click()
    dialog = page.get_by_role("dialog", name="Control token")
    dialog.get_by_label("Token").fill("open sesame")
    dialog.get_by_role("button", name="Use this token").click()
    page.get_by_role("button", name="Advance 60 seconds").click()
    expect(page.get_by_text("January 15, 2027 at 08:01:00")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Advance 60 seconds").click()
    expect(page.get_by_text("January 15, 2027 at 08:02:00")).to_be_visible()
    context.close()


@pytest.mark.firefox
def test_nothing_inline_runs_and_nothing_is_fetched_from_elsewhere(console: Page, observed: Observed) -> None:
    assert (
        console.evaluate(
            """() => new Promise(resolve => {
            const script = document.createElement("script");
            script.textContent = "window.ranInline = true";
            document.addEventListener("securitypolicyviolation", event => resolve(event.effectiveDirective));
            document.head.append(script);
        })"""
        )
        == "script-src-elem"
    )
    assert console.evaluate("window.ranInline") is None
    assert len(observed.errors) == 1, "the refusal of just now"
    observed.errors.clear()


FIRST_LOAD_BYTES = 450_000


def test_the_first_load_is_small(console: Page) -> None:
    """Compressed as a server in front may do it; the emulator itself is on loopback."""
    bodies: list[bytes] = []
    page = console.context.new_page()
    page.on("requestfinished", lambda request: bodies.append(body_of(request)))
    page.goto("/console/get-started")
    expect(page.get_by_role("heading", name="Get started", level=1)).to_be_visible()
    wait_for(page, "document.fonts.status === 'loaded'")
    assert len(bodies) > 4
    assert sum(len(gzip.compress(body)) for body in bodies) <= FIRST_LOAD_BYTES


def body_of(request: Request) -> bytes:
    """What a request for one of the page's files brought."""
    response = request.response()
    is_file = "/console/" in request.url and "/api/" not in request.url
    return response.body() if response is not None and is_file else b""
