"""The console where signatures are verified and policies decide (O-33): the keys of its header, the decisions page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from support import identities as known
from support.browser import Observed, open_context, write
from support.pictures import draw_picture, image_level_manifest
from support.projects import Project
from support.server import EmulatorProcess


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    settings = known.settings(tmp_path_factory.mktemp("identities"), "iam")
    with EmulatorProcess(environment=settings) as started:
        yield started


@pytest.fixture
def page(browser: Browser, guarded: EmulatorProcess) -> Iterator[Page]:
    observed = Observed(guarded.endpoint)
    context = open_context(browser, guarded.endpoint, known.OTHER)
    observed.watch(context)
    yield context.new_page()
    context.close()
    observed.assert_clean()


def sign_in(page: Page, account: str, pair: tuple[str, str]) -> None:
    """By the dialog behind the header's switch."""
    page.get_by_role("button", name="Change account or Region: Account").click()
    dialog = page.get_by_role("dialog", name="Account and Region")
    write(dialog.get_by_label("Account", exact=True), account)
    keys = dialog.get_by_role("button", name="Sign with an access key")
    if keys.get_attribute("aria-expanded") != "true":
        keys.click()
    write(dialog.get_by_label("Access key ID"), pair[0])
    write(dialog.get_by_label("Secret access key"), pair[1])
    dialog.get_by_role("button", name="Use", exact=True).click()
    expect(dialog).to_be_hidden()


def test_the_page_signs_with_the_keys_of_its_header(page: Page, guarded: EmulatorProcess) -> None:
    """Calls, the stream of changes and addresses of pictures; the keys are kept for the tab alone."""
    with closing(known.client(guarded, "rekognition", known.ANN_KEY)) as rekognition:
        with closing(known.client(guarded, "s3", known.ANN_KEY)) as s3:
            project = Project(rekognition, s3, name="signed").create()
            picture = draw_picture(["circle"], 1)
            project.create_dataset("TRAIN", [picture], image_level_manifest)
        page.goto("/console/decisions")
        sign_in(page, known.OTHER, known.ANN_KEY)
        page.goto("/console/projects")
        setup = page.get_by_role("dialog", name="First Time Set Up")
        setup.get_by_role("button", name="Create S3 bucket").click()
        expect(setup).to_be_hidden()
        expect(page.get_by_role("link", name="signed", exact=True)).to_be_visible()
        rekognition.create_project(ProjectName="told-by-an-event")
        expect(page.get_by_role("link", name="told-by-an-event")).to_be_visible()
        page.goto("/console/projects/signed/dataset?type=TRAIN")
        image = page.locator("main img").first
        expect(image).to_be_visible()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("one => one.naturalWidth") > 0
        stored = page.evaluate("JSON.stringify([sessionStorage['custom-labels.keys'], {...localStorage}])")
    tab, browser_wide = json.loads(stored)
    assert known.ANN_KEY[1] in tab
    assert known.ANN_KEY[1] not in json.dumps(browser_wide)


def test_a_refusal_says_what_is_missing(page: Page) -> None:
    page.goto("/console/decisions")
    sign_in(page, known.OWNER, known.EVE_KEY)
    page.goto("/console/projects")
    expect(page.get_by_text("because no identity-based policy allows the").first).to_be_visible()
    page.goto("/console/decisions")
    row = page.get_by_role("row").filter(has_text="rekognition:DescribeProjects").first
    expect(row).to_contain_text("Refused")
    row.get_by_role("button", name="What is missing").click()
    expect(row).to_contain_text('"Effect": "Allow"')


def sign_out(page: Page) -> None:
    """By the same dialog, without keys."""
    page.get_by_role("button", name="Change account or Region: Account").click()
    dialog = page.get_by_role("dialog", name="Account and Region")
    for label in ("Access key ID", "Secret access key"):
        dialog.get_by_label(label).clear()
    dialog.get_by_role("button", name="Use", exact=True).click()
    expect(dialog).to_be_hidden()


def test_a_sign_out_ends_the_stream_of_who_was_signed_in(page: Page, guarded: EmulatorProcess) -> None:
    """What the key saw goes from the page, and nothing more is told to it."""

    def is_anns_stream(request: Request) -> bool:
        signed = request.all_headers().get("authorization", "")
        return request.url.endswith("/console/api/events") and known.ANN_KEY[0] in signed

    with closing(known.client(guarded, "rekognition", known.ANN_KEY)) as rekognition:
        page.goto("/console/decisions")
        with page.expect_event("response", lambda response: is_anns_stream(response.request)) as begun:
            sign_in(page, known.OTHER, known.ANN_KEY)
        assert begun.value.status == 200
        rekognition.create_project(ProjectName="seen-before")
        page.goto("/console/projects")
        expect(page.get_by_role("link", name="seen-before")).to_be_visible()
        setup = page.get_by_role("dialog", name="First Time Set Up")
        if setup.is_visible():
            setup.get_by_role("button", name="Create S3 bucket").click()
            expect(setup).to_be_hidden()
        with page.expect_event("requestfailed", is_anns_stream):
            sign_out(page)
        expect(page.get_by_role("link", name="seen-before")).to_have_count(0)
        rekognition.create_project(ProjectName="told-to-nobody")
        with page.expect_response(lambda response: response.url.endswith("/console/api/events")) as again:
            pass  # the page asks on, and is refused: nobody is signed in
        assert again.value.status in (400, 401, 403)
        assert page.get_by_role("link", name="told-to-nobody").count() == 0
    assert page.evaluate("sessionStorage['custom-labels.keys']") == "null"
