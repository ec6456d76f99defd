"""The dataset page: images, filters, errors, adding and removing images, deleting the dataset (C-10, C-13, C-27)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from support.browser import open_context, violations
from support.console import ConsoleClient
from support.datasets_in_browser import (
    files,
    image,
    images,
    labels_of,
    lines,
    names,
    open_dataset,
    selected,
    start_labeling,
)
from support.pictures import Picture, box_line, draw_picture, image_level_line, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

CIRCLES = single_label_pictures(["circle"], 3)
HOSTILE = '<img src=x onerror="document.title=1">'
RIGHT_TO_LEFT = "\u202egnp.exe"


def mixed_manifest(pictures: list[Picture], bucket: str) -> bytes:
    """Three labelled images, one with a wrong box, one that is not labelled."""
    wrong = json.loads(box_line(pictures[3], bucket))
    wrong["boxes"]["annotations"][0]["left"] = -3
    bare = {"source-ref": f"s3://{bucket}/images/{pictures[4].name}"}
    good = [image_level_line(one, bucket) for one in pictures[:3]]
    return "\n".join([*good, json.dumps(wrong), json.dumps(bare)]).encode()


@pytest.fixture
def mixed(emulator: EmulatorProcess, account: str) -> Project:
    """A project whose training dataset has images of every kind."""
    project = new_project(emulator, account)
    pictures = [*CIRCLES, draw_picture(["square"], 7, name="wrong.png"), draw_picture(["cross"], 8, name="bare.png")]
    project.create_dataset("TRAIN", pictures, lambda given, bucket: mixed_manifest(list(given), bucket))
    return project


@pytest.mark.firefox
def test_filters_show_images_and_count_them(console: Page, mixed: Project) -> None:
    """C-13."""
    open_dataset(console, mixed)
    assert sorted(names(console)) == sorted([*(one.name for one in CIRCLES), "wrong.png", "bare.png"])
    for filter_name, count in [("All images", 5), ("Labeled", 4), ("Unlabeled", 1), ("Errors", 1)]:
        choice = console.get_by_role("radio", name=re.compile(f"^{filter_name}"))
        expect(choice).to_have_accessible_name(re.compile(rf"{count}$"))
        choice.click()
        expect(choice).to_be_checked()
        expect(images(console)).to_have_count(count)
    assert "show=errors" in console.url
    console.reload()
    expect(images(console)).to_have_count(1)


def test_an_error_tells_its_code_rule_cause_and_cure(console: Page, mixed: Project) -> None:
    """C-13, J-12; no labelling mode is needed."""
    open_dataset(console, mixed)
    console.get_by_role("radio", name=re.compile("^Errors")).click()
    expect(images(console)).to_have_count(1)
    image(console, "wrong.png").get_by_role("button", name="Error").click()
    shown = console.get_by_test_id("image-error").filter(has_text="ERROR_INVALID_BOUNDING_BOX")
    expect(shown).to_contain_text("The bounding box has off frame values.")
    expect(shown).to_contain_text("J-12")
    expect(shown).to_contain_text("Cause: ")
    expect(shown).to_contain_text("Cure: ")
    assert violations(console) == []


def test_labels_and_names_filter_as_well(console: Page, mixed: Project) -> None:
    open_dataset(console, mixed)
    console.get_by_role("checkbox", name=re.compile("^circle")).click()
    expect(images(console)).to_have_count(3)
    console.get_by_role("button", name="Show all labels").click()
    expect(images(console)).to_have_count(5)
    console.get_by_label("Search images by file name").fill("bare")
    expect(images(console)).to_have_count(1)
    expect(console.get_by_role("radio", name=re.compile("^All images"))).to_have_accessible_name(re.compile("1$"))


def test_images_are_added_where_the_dataset_has_its_images(console: Page, mixed: Project, api: ConsoleClient) -> None:
    """C-10, D-6, D-17: they carry no labels; a file that is no picture is left out."""
    open_dataset(console, mixed)
    console.get_by_role("button", name="Actions").click()
    console.get_by_role("menuitem", name="Add images to training dataset").click()
    dialog = console.get_by_role("dialog", name="Add images to training dataset")
    new = single_label_pictures(["triangle"], 2, seed=900)
    bad: FilePayload = {"name": "notes.png", "mimeType": "image/png", "buffer": b"<svg/>"}
    dialog.get_by_test_id("choose-files").set_input_files([*files(new), bad])
    expect(dialog.get_by_text("notes.png: neither PNG nor JPEG")).to_be_visible()
    assert violations(console) == []
    dialog.get_by_role("button", name="Upload images").click()
    expect(dialog.get_by_text("2 images are uploaded")).to_be_visible()
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_be_hidden()
    expect(images(console)).to_have_count(7)
    found = lines(api, mixed.dataset_arns["TRAIN"])
    assert found[new[0].name]["source-ref"] == f"s3://{mixed.bucket}/images/{new[0].name}"
    assert set(found[new[0].name]) == {"source-ref", "cl-metadata"}
    body = mixed.s3.get_object(Bucket=mixed.bucket, Key=f"images/{new[0].name}")["Body"].read()
    assert body == new[0].body


def test_whole_folders_are_dropped_into_the_dialog(
    console: Page, mixed: Project, api: ConsoleClient, tmp_path: Path
) -> None:
    for number, folder in enumerate(["triangle", "cross/deep"]):
        (tmp_path / "shapes" / folder).mkdir(parents=True)
        picture = draw_picture([], 700 + number)
        (tmp_path / "shapes" / folder / f"dropped-{number}.png").write_bytes(picture.body)
    open_dataset(console, mixed)
    console.goto(f"{console.url}&add=1")
    dialog = console.get_by_role("dialog", name="Add images to training dataset")
    zone = dialog.get_by_test_id("drop-zone").bounding_box()
    assert zone is not None
    session = console.context.new_cdp_session(console)
    data = {"items": [], "files": [str(tmp_path / "shapes")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": zone["x"] + 20, "y": zone["y"] + 10, "data": data}
        session.send("Input.dispatchDragEvent", event)
    dialog.get_by_role("checkbox", name="Automatically attach labels").check()
    dialog.get_by_role("button", name="Upload images").click()
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_be_hidden()
    found = lines(api, mixed.dataset_arns["TRAIN"])
    assert [labels_of(found[f"dropped-{number}.png"]) for number in range(2)] == [["triangle"], ["cross"]]


def test_an_upload_never_overwrites_a_file_of_the_bucket(console: Page, mixed: Project) -> None:
    open_dataset(console, mixed)
    other = draw_picture(["circle"], 4321, name=CIRCLES[0].name)
    console.goto(f"{console.url}&add=1")
    dialog = console.get_by_role("dialog", name="Add images to training dataset")
    dialog.get_by_test_id("choose-files").set_input_files(files([other]))
    dialog.get_by_role("button", name="Upload images").click()
    dialog.get_by_role("button", name="Save changes").click()
    expect(images(console)).to_have_count(6)
    before = mixed.s3.get_object(Bucket=mixed.bucket, Key=f"images/{CIRCLES[0].name}")["Body"].read()
    assert before == CIRCLES[0].body
    assert CIRCLES[0].name.replace(".png", " (2).png") in names(console)


def test_images_are_removed_from_the_dataset_and_stay_in_the_bucket(
    console: Page, mixed: Project, api: ConsoleClient
) -> None:
    start_labeling(console, mixed)
    image(console, "wrong.png").click()
    console.get_by_role("button", name="Remove images").click()
    dialog = console.get_by_role("dialog", name="Remove images")
    expect(dialog.get_by_role("button", name="Remove images")).to_be_disabled()
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Remove images").click()
    expect(images(console)).to_have_count(4)
    assert "wrong.png" not in lines(api, mixed.dataset_arns["TRAIN"])
    assert mixed.s3.head_object(Bucket=mixed.bucket, Key="images/wrong.png")


def test_deleting_the_last_dataset_leads_to_create_dataset(console: Page, mixed: Project) -> None:
    """C-27, C-9."""
    open_dataset(console, mixed)
    console.get_by_role("button", name="Actions").click()
    console.get_by_role("menuitem", name="Delete training dataset").click()
    dialog = console.get_by_role("dialog", name="Delete training dataset")
    button = dialog.get_by_role("button", name="Delete training dataset")
    dialog.get_by_role("textbox").fill("Delete")
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill("delete")
    assert violations(console) == []
    button.click()
    expect(console.get_by_role("heading", name="Create dataset", level=1)).to_be_visible()


def test_deleting_one_of_two_datasets_leads_to_the_project(console: Page, ready: Project) -> None:
    """C-27, C-9."""
    open_dataset(console, ready, "TEST")
    console.get_by_role("button", name="Actions").click()
    console.get_by_role("menuitem", name="Delete test dataset").click()
    dialog = console.get_by_role("dialog", name="Delete test dataset")
    dialog.get_by_role("textbox").fill("delete")
    console.keyboard.press("Enter")
    expect(console).to_have_url(re.compile(f"/projects/{ready.name}$"))


def test_the_gallery_works_by_keyboard_alone(console: Page, mixed: Project) -> None:
    start_labeling(console, mixed)
    grid = console.get_by_role("grid")
    grid.focus()
    order = names(console)
    for key in ["ArrowRight", " ", "Shift+ArrowRight", "Shift+ArrowRight"]:
        console.keyboard.press(key)
    assert selected(console) == order[1:4]
    console.keyboard.press("Escape")
    assert selected(console) == []
    console.keyboard.press("Control+a")
    assert selected(console) == order
    console.keyboard.press("Control+Home")
    console.keyboard.press("Enter")
    dialog = console.get_by_role("dialog", name=order[0])
    expect(dialog).to_contain_text(f"s3://{mixed.bucket}/images/{order[0]}")
    console.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(grid).to_be_focused()


def test_names_labels_and_addresses_with_markup_are_text(
    console: Page, emulator: EmulatorProcess, account: str
) -> None:
    project = new_project(emulator, account)
    picture = draw_picture([], 5, name=f"{RIGHT_TO_LEFT}{HOSTILE}.png")
    line = {
        "source-ref": f"s3://{project.bucket}/images/{picture.name}",
        "a": 1,
        "a-metadata": {
            "class-name": HOSTILE,
            "confidence": 1,
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "type": "groundtruth/image-classification",
        },
    }
    project.create_dataset("TRAIN", [picture], lambda *_: json.dumps(line).encode())
    start_labeling(console, project)
    expect(images(console).first).to_contain_text(HOSTILE)
    expect(console.locator("bdi", has_text=RIGHT_TO_LEFT).first).to_be_visible()
    expect(console.locator("img[onerror]")).to_have_count(0)
    console.get_by_role("button", name="Manage labels").click()
    expect(console.get_by_role("button", name=f"Rename {HOSTILE}")).to_be_visible()
    assert console.title().startswith(project.name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_the_page_is_accessible(
    browser: Browser, emulator: EmulatorProcess, account: str, api: ConsoleClient, mixed: Project, scheme: str
) -> None:
    api.post("/bucket", {})
    context = open_context(browser, emulator.endpoint, account, color_scheme=scheme)
    page = context.new_page()
    open_dataset(page, mixed)
    assert violations(page) == []
    images(page).first.dblclick()  # the first click opens the image, the second does not close it
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    images(page).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    start_labeling(page, mixed)
    images(page).first.click()
    assert violations(page) == []
    page.get_by_role("button", name="Manage labels").click()
    page.get_by_role("button", name="Rename circle").click()
    assert violations(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Draw bounding boxes").click()
    expect(page.get_by_role("button", name="Start drawing")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_label("Width")).to_be_visible()
    assert violations(page) == []
    context.close()


def test_the_gallery_can_be_used_while_the_dataset_is_at_work_and_after_a_restart(
    browser: Browser, start_emulator: Callable[..., EmulatorProcess], account: str
) -> None:
    emulator = start_emulator()
    project = new_project(emulator, account)
    pictures = single_label_pictures(["circle", "square"], 2)
    arn = project.create_dataset("TRAIN", pictures)
    ConsoleClient(emulator, account).post("/bucket", {})
    context = open_context(browser, emulator.endpoint, account)
    page = context.new_page()
    open_dataset(page, project)
    emulator.control("PUT", "/_emulator/transitions", {"dataset": {"type": "seconds", "seconds": 600}})
    change = {"source-ref": f"s3://{project.bucket}/images/{pictures[0].name}"}
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": json.dumps(change).encode()})
    expect(page.get_by_text("UPDATE_IN_PROGRESS")).to_be_visible()
    page.get_by_label("Search images by file name").fill("square")
    expect(images(page)).to_have_count(2)
    port = emulator.endpoint.rsplit(":", 1)[1]
    emulator.kill()
    expect(page.get_by_text("The emulator does not answer.").first).to_be_visible()
    emulator.arguments = [*emulator.arguments, "--port", port]
    emulator.start()
    expect(page.get_by_text("The emulator does not answer.")).to_be_hidden()
    page.get_by_label("Search images by file name").fill("circle")
    expect(images(page)).to_have_count(2)
    emulator.control("POST", "/_emulator/reset")
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    context.close()
