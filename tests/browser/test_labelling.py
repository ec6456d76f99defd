"""Labelling mode: choosing images, image-level labels, the list of labels, unsaved work (C-11, L-2 to L-6, F-3)."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from support.browser import violations
from support.console import ConsoleClient
from support.datasets_in_browser import (
    add_label,
    image,
    images,
    labels_of,
    lines,
    names,
    open_dataset,
    save_changes,
    selected,
    start_labeling,
)
from support.pictures import draw_picture, image_level_line, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

PICTURES = [draw_picture([], seed, name=f"plain-{seed}.png") for seed in range(8)]


@pytest.fixture
def plain(emulator: EmulatorProcess, account: str) -> Project:
    """A project whose training dataset has eight images without labels."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", PICTURES)
    return project


def assign(page: Page, label: str, button: str = "Assign") -> None:
    """The dialog "Assign image-level labels to selected images"."""
    page.get_by_role("button", name="Assign image-level labels").click()
    dialog = page.get_by_role("dialog", name="Assign image-level labels to selected images")
    if button == "Take away":
        dialog.get_by_role("radio", name="Take a label away").check()
    dialog.get_by_role("button", name=re.compile("^Label ")).click()
    page.get_by_role("option", name=label, exact=True).click()
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def saved_labels(api: ConsoleClient, project: Project) -> dict[str, list[str]]:
    """Labels of every image, as the dataset has them."""
    return {name: labels_of(line) for name, line in lines(api, project.dataset_arns["TRAIN"]).items()}


@pytest.mark.firefox
def test_labels_are_assigned_as_the_guide_says(console: Page, plain: Project, api: ConsoleClient) -> None:
    """C-11, L-2, F-3: add a label, click, Shift-click, Assign, Save changes, Exit."""
    start_labeling(console, plain)
    add_label(console, "kitchen", "patio")
    images(console).nth(1).click()
    images(console).nth(4).click(modifiers=["Shift"])
    assert selected(console) == names(console)[1:5]
    assign(console, "kitchen")
    expect(images(console).nth(1)).to_contain_text("Unsaved")
    assign(console, "patio")
    save_changes(console)
    console.get_by_role("button", name="Exit").click()
    expect(console.get_by_role("button", name="Start labeling")).to_be_visible()
    expect(console.get_by_role("radio", name=re.compile("^Labeled"))).to_have_accessible_name(re.compile("4$"))
    found = lines(api, plain.dataset_arns["TRAIN"])
    line = found[names(console)[1]]
    assert labels_of(line) == ["kitchen", "patio"]
    metadata = line["classification_kitchen-metadata"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", metadata.pop("creation-date"))
    assert line["classification_kitchen"] == 1
    assert metadata == {
        "confidence": 1,
        "job-name": "labeling-job/kitchen",
        "class-name": "kitchen",
        "human-annotated": "yes",
        "type": "groundtruth/image-classification",
    }
    assert sum(bool(labels_of(one)) for one in found.values()) == 4


@pytest.mark.firefox
def test_number_keys_assign_labels_and_every_step_can_be_undone(
    console: Page, plain: Project, api: ConsoleClient
) -> None:
    start_labeling(console, plain)
    add_label(console, "one", "two")
    console.get_by_role("grid").focus()
    console.keyboard.press("Control+a")
    console.keyboard.press("1")
    expect(console.get_by_text("8 images with unsaved changes")).to_be_visible()
    console.keyboard.press("Escape")
    console.keyboard.press("Control+Home")
    console.keyboard.press(" ")
    console.keyboard.press("2")
    expect(images(console).first).to_contain_text("two")
    console.keyboard.press("1")
    expect(images(console).first).not_to_contain_text("one")
    console.get_by_role("button", name="Undo").click()
    expect(images(console).first).to_contain_text("one")
    console.get_by_role("button", name="Undo").click()
    console.get_by_role("button", name="Undo").click()
    expect(console.get_by_role("button", name="Save changes")).to_be_disabled()
    for _ in range(3):
        console.get_by_role("button", name="Redo").click()
    save_changes(console)
    first = names(console)[0]
    assert saved_labels(api, plain) == {one.name: ["two"] if one.name == first else ["one"] for one in PICTURES}


def test_a_dragged_frame_chooses_what_it_covers(console: Page, plain: Project) -> None:
    start_labeling(console, plain)
    first, fourth = images(console).nth(0).bounding_box(), images(console).nth(3).bounding_box()
    assert first is not None and fourth is not None
    per_row = 3 if fourth["y"] > first["y"] else 4
    last = images(console).nth(per_row + 1).bounding_box()
    assert last is not None
    console.mouse.move(first["x"] + 10, first["y"] + 40)
    console.mouse.down()
    console.mouse.move(last["x"] + 10, last["y"] + 10, steps=6)
    console.mouse.up()
    order = names(console)
    assert selected(console) == [*order[0:2], *order[per_row : per_row + 2]]


def test_unsaved_work_survives_a_closed_window(console: Page, plain: Project, api: ConsoleClient) -> None:
    start_labeling(console, plain)
    add_label(console, "kept")
    images(console).first.click()
    assign(console, "kept")
    expect(images(console).first).to_contain_text("Unsaved")
    # The browser writes a moment after the change; a window that closes earlier writes at once.
    console.goto("/console/get-started")
    later = console.context.new_page()
    console.close()
    open_dataset(later, plain)
    expect(later.get_by_text("Your unsaved changes of an earlier window are back.")).to_be_visible()
    expect(images(later).first).to_contain_text("kept")
    assert saved_labels(api, plain)[names(later)[0]] == []
    save_changes(later)
    assert saved_labels(api, plain)[names(later)[0]] == ["kept"]
    later.reload()
    expect(later.get_by_role("button", name="Start labeling")).to_be_visible()


@pytest.mark.firefox
def test_two_windows_show_the_same_unsaved_work(console: Page, plain: Project, api: ConsoleClient) -> None:
    """Neither overwrites what the other did; undo in one window is undo in both, and what one saves both have saved."""
    start_labeling(console, plain)
    add_label(console, "one", "two")
    other = console.context.new_page()
    open_dataset(other, plain)
    images(console).first.click()
    console.get_by_role("grid").focus()
    console.keyboard.press("1")
    expect(images(other).first).to_contain_text("one")
    expect(other.get_by_text("This dataset is open in another window as well.")).to_be_visible()
    images(other).nth(1).click()
    other.get_by_role("grid").focus()
    other.keyboard.press("2")
    expect(images(console).nth(1)).to_contain_text("two")
    console.get_by_role("button", name="Undo").click()
    expect(images(other).nth(1)).not_to_contain_text("two")
    other.get_by_role("button", name="Redo").click()
    expect(console.get_by_text("2 images with unsaved changes")).to_be_visible()
    save_changes(console)
    expect(other.get_by_role("button", name="Start labeling")).to_be_visible()
    first, second, *_ = names(console)
    found = saved_labels(api, plain)
    assert (found[first], found[second]) == (["one"], ["two"])


def test_what_others_saved_meanwhile_is_not_overwritten_unasked(
    console: Page, plain: Project, api: ConsoleClient
) -> None:
    start_labeling(console, plain)
    add_label(console, "mine")
    console.get_by_role("grid").focus()
    console.keyboard.press("Control+a")
    console.keyboard.press("1")
    expect(console.get_by_text("8 images with unsaved changes")).to_be_visible()
    arn, first = plain.dataset_arns["TRAIN"], PICTURES[0]
    line = image_level_line(replace(first, labels=("theirs",)), plain.bucket)
    plain.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": line.encode()})
    plain.wait_dataset(arn)
    console.get_by_role("button", name="Save changes").click()
    dialog = console.get_by_role("dialog", name="Changed elsewhere")
    expect(dialog.get_by_text("This image was saved by somebody else since you began to change it.")).to_be_visible()
    expect(dialog.get_by_role("listitem")).to_have_text([first.name])
    assert violations(console) == []
    dialog.get_by_role("button", name="Cancel").click()
    assert saved_labels(api, plain)[first.name] == ["theirs"]
    console.get_by_role("button", name="Save changes").click()
    dialog.get_by_role("button", name="Keep theirs and save the rest").click()
    expect(console.get_by_text("The changes of 7 images are saved.")).to_be_visible()
    assert saved_labels(api, plain) == {one.name: ["theirs"] if one is first else ["mine"] for one in PICTURES}


def test_leaving_with_unsaved_work_asks_first(console: Page, plain: Project, api: ConsoleClient) -> None:
    start_labeling(console, plain)
    add_label(console, "dropped")
    images(console).first.click()
    assign(console, "dropped")
    console.get_by_role("button", name="Exit").click()
    dialog = console.get_by_role("dialog", name="Leave labeling?")
    dialog.get_by_role("button", name="Keep labeling").click()
    expect(images(console).first).to_contain_text("dropped")
    console.get_by_role("button", name="Exit").click()
    dialog.get_by_role("button", name="Discard changes").click()
    expect(console.get_by_role("button", name="Start labeling")).to_be_visible()
    assert set(map(tuple, saved_labels(api, plain).values())) == {()}


def test_labels_are_taken_away(console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient) -> None:
    project = new_project(emulator, account)
    pictures = single_label_pictures(["circle", "square"], 2)
    project.create_dataset("TRAIN", pictures)
    start_labeling(console, project)
    console.get_by_role("button", name="Select all 4").click()
    assign(console, "circle", "Take away")
    save_changes(console)
    expected = {one.name: [label for label in one.labels if label != "circle"] for one in pictures}
    assert saved_labels(api, project) == expected


def test_a_label_is_renamed_on_every_image_and_only_unused_ones_are_removed(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient
) -> None:
    """L-2, L-3."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(["circle", "square"], 2))
    start_labeling(console, project)
    add_label(console, "unused")
    console.get_by_role("button", name="Manage labels").click()
    dialog = console.get_by_role("dialog", name="Manage labels")
    expect(dialog.get_by_role("button", name="Remove circle")).to_be_disabled()
    dialog.get_by_role("button", name="Remove unused").click()
    dialog.get_by_role("button", name="Rename circle").click()
    field = dialog.get_by_role("textbox", name="Rename circle")
    field.fill("square")
    expect(dialog.get_by_text("There is a label of this name.")).to_be_visible()
    field.fill("x" * 257)
    expect(dialog.get_by_text("A label has at most 256 characters.")).to_be_visible()
    field.fill("ring")
    dialog.get_by_role("textbox", name="New label").fill("typed")  # and not added: it is meant all the same
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(console.get_by_role("checkbox", name=re.compile("typed"))).to_be_visible()
    expect(console.get_by_role("checkbox", name=re.compile("ring"))).to_be_visible()
    expect(console.get_by_role("checkbox", name=re.compile("unused"))).to_be_hidden()
    expect(image(console, "circle-0000.png")).to_contain_text("ring")
    assert sorted(map(tuple, saved_labels(api, project).values())) == [("ring",)] * 2 + [("square",)] * 2


def test_labels_are_imported_from_another_dataset(
    console: Page, plain: Project, ready: Project, api: ConsoleClient
) -> None:
    """L-6."""
    start_labeling(console, plain)
    console.get_by_role("button", name="Manage labels").click()
    dialog = console.get_by_role("dialog", name="Manage labels")
    dialog.get_by_role("button", name=re.compile("^Import labels from a dataset")).click()
    console.get_by_role("option", name=f"{ready.name}_training_dataset").click()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("button", name="Rename circle")).to_be_visible()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()
    stored = api.get("/dataset/labels", dataset=plain.dataset_arns["TRAIN"])["labels"]
    assert [(one["name"], one["images"]) for one in stored] == [("circle", 0), ("square", 0)]


def test_more_than_a_page_of_images_is_labelled_at_once(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient
) -> None:
    """Images that were never on the screen are labelled as well."""
    project = new_project(emulator, account)
    count = 1200
    references = [f"s3://{project.bucket}/many-{number:04d}.png" for number in range(count)]
    manifest = "\n".join(json.dumps({"source-ref": one}) for one in references)
    project.s3.put_object(Bucket=project.bucket, Key="many.manifest", Body=manifest.encode())
    arn = project.start_dataset("TRAIN", "many.manifest")
    project.wait_dataset(arn)
    start_labeling(console, project)
    add_label(console, "all")
    console.get_by_role("grid").focus()
    console.keyboard.press("Control+a")
    console.keyboard.press("1")
    expect(console.get_by_text(f"{count} images with unsaved changes")).to_be_visible()
    expect(images(console).first).to_contain_text("all")
    save_changes(console)
    assert api.get("/dataset/counts", dataset=arn)["labels"] == [
        {"name": "all", "images": count, "boxes": 0, "is_stored": True}
    ]
