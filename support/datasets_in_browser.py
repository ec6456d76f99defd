"""What tests of the console's dataset pages share: pictures as files, the gallery, lines as the dataset has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

from support.browser import write
from support.console import ConsoleClient
from support.pictures import Picture
from support.projects import Project


def files(pictures: Sequence[Picture]) -> list[FilePayload]:
    """Pictures as a file field takes them."""
    return [{"name": one.name, "mimeType": "image/png", "buffer": one.body} for one in pictures]


def open_dataset(page: Page, project: Project, dataset_type: str = "TRAIN") -> None:
    """The dataset page, once its first images are there."""
    page.goto(f"/console/projects/{project.name}/dataset?type={dataset_type}")
    expect(images(page).first).to_be_visible()
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def start_labeling(page: Page, project: Project, dataset_type: str = "TRAIN") -> None:
    """Labelling mode."""
    open_dataset(page, project, dataset_type)
    page.get_by_role("button", name="Start labeling").click()
    expect(page.get_by_role("button", name="Exit")).to_be_visible()


def save_changes(page: Page) -> None:
    """Save changes, until they are saved."""
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("are saved.")).to_be_visible()


def images(page: Page) -> Locator:
    """The images that are on the screen."""
    return page.get_by_test_id("gallery-image")


def image(page: Page, name: str) -> Locator:
    """One image, by the name of its file."""
    return images(page).filter(has_text=name)


def names(page: Page) -> list[str]:
    """File names of the images on the screen, in order."""
    return page.locator(".gallery-name bdi").all_inner_texts()


def selected(page: Page) -> list[str]:
    """File names of the chosen images."""
    return page.locator("[aria-selected=true] .gallery-name bdi").all_inner_texts()


def add_label(page: Page, *labels: str) -> None:
    """Manage labels: add, Save."""
    page.get_by_role("button", name="Manage labels").click()
    dialog = page.get_by_role("dialog", name="Manage labels")
    for label in labels:
        write(dialog.get_by_label("New label"), label)
        dialog.get_by_role("button", name="Add label").click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()


def lines(api: ConsoleClient, arn: str) -> dict[str, Any]:
    """The dataset's lines by file name, without what the service adds."""
    found = api.get("/dataset/entries", dataset=arn, limit=1000)["entries"]
    return {entry["name"]: json.loads(entry["line"]) for entry in found}


def labels_of(line: dict[str, Any]) -> list[str]:
    """The image-level labels of a line (F-3)."""
    metadata = [value for name, value in line.items() if name.endswith("-metadata") and isinstance(value, dict)]
    return sorted(one["class-name"] for one in metadata if one.get("type") == "groundtruth/image-classification")
