"""From an example project to an answer: the guide's getting started, in one go (C-1 to C-4, C-14, C-18, C-22)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.console import ConsoleClient

CARDS = {
    "Image Classification": ("Recommended for content categorization", 'Create project "Rooms"'),
    "Multi-label classification": ("Recommended for inventory management", 'Create project "Flowers"'),
    "Brand detection": ("Recommended for retail, media networks, and advertising", 'Create project "Logos"'),
    "Object localization": (
        "Recommended for manufacturing and production chains",
        'Create project "Circuit boards"',
    ),
}


def test_four_cards_offer_example_projects(console: Page) -> None:
    """C-2."""
    console.get_by_role("link", name="Try example projects").click()
    for title, (subtitle, button) in CARDS.items():
        expect(console.get_by_role("heading", name=title)).to_be_visible()
        expect(console.get_by_text(subtitle, exact=True)).to_be_visible()
        expect(console.get_by_role("button", name=button)).to_be_visible()


@pytest.mark.firefox
def test_an_example_project_is_made_trained_started_and_asked(console: Page, api: ConsoleClient) -> None:
    console.get_by_role("link", name="Try example projects").click()
    with console.expect_download() as download:
        console.get_by_role("link", name="Image to try: Rooms").click()
    picture = download.value.path().read_bytes()
    console.get_by_role("button", name='Create project "Rooms"').click()
    expect(console.get_by_text("The project rooms_1 is ready.")).to_be_visible(timeout=120_000)
    console.get_by_role("link", name="Go to dataset").click()
    expect(console).to_have_url(re.compile("/projects/rooms_1/dataset"))
    expect(console.get_by_text("kitchen").first).to_be_visible()
    [project] = api.get("/projects")["projects"]
    assert {(one["type"], one["name"], one["total_entries"]) for one in project["datasets"]} == {
        ("TRAIN", "rooms_1_training_dataset", 61),
        ("TEST", "rooms_1_test_dataset", 56),
    }

    console.goto("/console/projects/rooms_1")
    console.get_by_role("link", name="Train model").click()
    console.get_by_role("button", name="Train model", exact=True).click()
    dialog = console.get_by_role("dialog", name="Do you want to train your model?")
    dialog.get_by_role("button", name="Train model").click()
    expect(console.get_by_text("The model is ready to run.")).to_be_visible(timeout=300_000)

    console.get_by_role("link", name=re.compile(r"^rooms_1\.\d{4}-")).last.click()
    expect(console.get_by_text("10 labels, 61 images")).to_be_visible()
    expect(console.get_by_text("10 labels, 56 images")).to_be_visible()
    console.get_by_role("tab", name="Use model").click()
    console.get_by_role("button", name="Start", exact=True).click()
    console.get_by_role("dialog", name="Start model").get_by_role("button", name="Start").click()
    expect(console.get_by_text("Running", exact=True)).to_be_visible(timeout=60_000)
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Choose file").click()
    chooser.value.set_files({"name": "rooms.jpeg", "mimeType": "image/jpeg", "buffer": picture})
    expect(console.get_by_role("table", name="Labels").get_by_role("row").nth(1)).to_contain_text("%")


@pytest.mark.parametrize("card", ["Flowers", "Logos", "Circuit boards"])
def test_the_other_examples_are_made_as_well(console: Page, card: str) -> None:
    """C-3, C-4."""
    console.goto("/console/examples")
    console.get_by_role("button", name=f'Create project "{card}"').click()
    name = card.lower().replace(" ", "_")
    expect(console.get_by_text(re.compile(f"The project {name}.*_1 is ready"))).to_be_visible(timeout=120_000)
