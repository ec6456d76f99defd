"""From an example project to an answer: the guide's getting started, in one go (C-1 to C-4, C-14, C-18, C-22)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.console import ConsoleClient

ROOMS = sorted(
    [
        "backyard",
        "bathroom",
        "bedroom",
        "closet",
        "entry_way",
        "floor_plan",
        "front_yard",
        "kitchen",
        "living_space",
        "patio",
    ]  # C-4
)
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
    for text in (
        "Classify images as belonging to a set of predefined labels.",
        "Classify images into multiple categories, such as the color, size, texture, and type of a flower.",
        "Use brand detection to find the location of commercial brands in images.",
        "Use object localization to locate parts used in production or manufacturing lines.",
    ):
        expect(console.get_by_text(text)).to_be_visible()


@pytest.mark.firefox
def test_an_example_project_is_made_trained_started_and_asked(console: Page, api: ConsoleClient) -> None:
    """C-3, C-4, C-14, C-18, C-22."""
    console.get_by_role("link", name="Try example projects").click()
    with console.expect_download() as download:
        console.get_by_role("link", name="Image to try: Rooms").click()
    picture = download.value.path().read_bytes()
    console.get_by_role("button", name='Create project "Rooms"').click()
    expect(console.get_by_text("The project rooms_1 is ready.")).to_be_visible(timeout=300_000)
    console.get_by_role("link", name="Go to dataset").click()
    expect(console).to_have_url(re.compile("/projects/rooms_1/dataset"))
    expect(console.get_by_text("kitchen").first).to_be_visible()
    [project] = api.get("/projects")["projects"]
    assert {(one["type"], one["name"], one["total_entries"]) for one in project["datasets"]} == {
        ("TRAIN", "rooms_1_training_dataset", 61),
        ("TEST", "rooms_1_test_dataset", 56),
    }
    assert_lies_where_the_guide_says(api, project)

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
    expect(console.get_by_text("Running", exact=True)).to_be_visible(timeout=300_000)
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Choose file").click()
    chooser.value.set_files({"name": "rooms.jpeg", "mimeType": "image/jpeg", "buffer": picture})
    expect(console.get_by_role("table", name="Labels").get_by_role("row").nth(1)).to_contain_text("%")


def assert_lies_where_the_guide_says(api: ConsoleClient, project: dict[str, Any]) -> None:
    """C-3, C-4: images and manifests below assets/ in the console's bucket, one of ten labels an image."""
    bucket = api.get("/bucket")["name"]
    for dataset in project["datasets"]:
        entries = api.get("/dataset/entries", dataset=dataset["arn"], limit=1000)["entries"]
        folder = f"s3://{bucket}/assets/{dataset['name']}/"
        assert {one["source_ref"].removesuffix(one["name"]) for one in entries} == {folder}
        assert {len(one["image_labels"]) for one in entries} == {1}
        assert sorted({one["image_labels"][0] for one in entries}) == ROOMS


# A label of each kind, and whether the training and the test dataset have boxes (C-4).
OTHERS = {
    "Flowers": ({"camellia", "with_leaves", "fully_grown"}, False, False),
    "Logos": ({"lambda", "textract"}, False, True),
    "Circuit boards": ({"ir_phototransistor", "ir_led", "pot_resistor", "comparator"}, True, True),
}


@pytest.mark.parametrize("card", OTHERS)
def test_the_other_examples_are_made_as_well(console: Page, api: ConsoleClient, card: str) -> None:
    """C-3, C-4."""
    console.goto("/console/examples")
    console.get_by_role("button", name=f'Create project "{card}"').click()
    name = card.lower().replace(" ", "_")
    expect(console.get_by_text(f"The project {name}_1 is ready")).to_be_visible(timeout=300_000)
    labels, *have_boxes = OTHERS[card]
    [project] = api.get("/projects")["projects"]
    for dataset, has_boxes in zip(
        sorted(project["datasets"], key=lambda one: one["type"] == "TEST"), have_boxes, strict=True
    ):
        assert dataset["labeled_entries"] == dataset["total_entries"] > 0
        counts = api.get("/dataset/counts", dataset=dataset["arn"])["labels"]
        assert labels <= {one["name"] for one in counts}
        assert all((one["boxes"] > 0) == has_boxes for one in counts)
