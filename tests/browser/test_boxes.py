"""The box editor: drawing, moving, resizing, limits, keyboard, touch; and the life of boxes up to an answer (C-12)."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from support.browser import open_context, wait_for
from support.console import ConsoleClient
from support.datasets_in_browser import add_label, files, image, images, lines, save_changes, start_labeling
from support.pictures import Picture, draw_picture
from support.projects import Project, new_project
from support.server import EmulatorProcess

SIZE = (320, 240)
PICTURES = [draw_picture([], seed, SIZE, name=f"plain-{seed}.png") for seed in range(3)]


@pytest.fixture
def plain(emulator: EmulatorProcess, account: str, api: ConsoleClient) -> Project:
    """A project with three images without labels, and the labels near and far."""
    project = new_project(emulator, account)
    arn = project.create_dataset("TRAIN", PICTURES)
    api.post("/dataset/labels", {"dataset": arn, "add": ["near", "far"], "rename": [], "remove": []})
    return project


def open_editor(page: Page, project: Project, *pictures: str) -> None:
    """Choose images, then Draw bounding boxes; the tips are closed."""
    start_labeling(page, project)
    for name in pictures:
        image(page, name).click()
    page.get_by_role("button", name="Draw bounding boxes").click()
    close = page.get_by_role("button", name="Start drawing")
    expect(page.get_by_test_id("box-canvas")).to_be_visible()
    if close.is_visible():
        close.click()
    page.get_by_test_id("box-canvas").focus()


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the image is on the screen."""
    frame = page.locator(".box-frame").bounding_box()
    assert frame is not None
    return frame["x"] + x * frame["width"] / SIZE[0], frame["y"] + y * frame["height"] / SIZE[1]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> str:
    """Drag between two pixels of the image; what the editor said meanwhile."""
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *[(one + other) / 2 for one, other in zip(start, end, strict=True)]), steps=3)
    page.mouse.move(*at(page, *end), steps=3)
    readout = page.get_by_test_id("box-readout")
    said = readout.inner_text() if readout.count() else ""
    page.mouse.up()
    return said


def fields(page: Page) -> list[float]:
    """Left, top, width and height of the chosen box."""
    return [float(page.get_by_label(side).input_value()) for side in ("Left", "Top", "Width", "Height")]


def wait_for_width(page: Page, condition: str, before: float) -> None:
    """Until the width of the image on the screen is as it should be."""
    width = "document.querySelector('.box-frame').getBoundingClientRect().width"
    wait_for(page, f"((before, width) => {condition})({before}, {width})")


def boxes(line: dict[str, Any]) -> list[tuple[str, int, int, int, int]]:
    """The boxes of a line (F-5)."""
    if "bounding-box" not in line:
        return []
    classes = line["bounding-box-metadata"]["class-map"]
    return [
        (classes[str(one["class_id"])], one["left"], one["top"], one["width"], one["height"])
        for one in line["bounding-box"]["annotations"]
    ]


def saved(api: ConsoleClient, project: Project, name: str) -> dict[str, Any]:
    """A line of the dataset."""
    found: dict[str, Any] = lines(api, project.dataset_arns["TRAIN"])[name]
    return found


@pytest.mark.firefox
def test_boxes_are_drawn_moved_resized_and_deleted_with_the_mouse(
    console: Page, plain: Project, api: ConsoleClient
) -> None:
    """C-12, F-5."""
    open_editor(console, plain, "plain-0.png", "plain-1.png")
    drag(console, (20, 30), (120, 90))
    assert fields(console) == pytest.approx([20, 30, 100, 60], abs=1)
    drag(console, (70, 60), (90, 80))
    assert fields(console) == pytest.approx([40, 50, 100, 60], abs=1)
    drag(console, (140, 110), (160, 130))
    assert fields(console) == pytest.approx([40, 50, 120, 80], abs=2)
    first = fields(console)
    console.get_by_role("radio", name=re.compile("^far")).check()
    assert fields(console) == first, "a chosen box takes the label"
    console.get_by_test_id("box-canvas").focus()
    console.keyboard.press("Escape")
    drag(console, (60, 70), (100, 100))
    expect(console.locator(".editor-boxes > li")).to_have_count(2)
    console.keyboard.press("Delete")
    expect(console.locator(".editor-boxes > li")).to_have_count(1)
    console.get_by_role("button", name="Next", exact=True).click()
    expect(console.get_by_text("Image 2 of 2")).to_be_visible()
    console.get_by_role("button", name="Done").click()
    expect(console.get_by_role("grid")).to_be_focused()
    save_changes(console)
    line = saved(api, plain, "plain-0.png")
    assert boxes(line) == [("far", *map(int, first))]
    assert line["bounding-box"]["image_size"] == [{"width": 320, "height": 240, "depth": 3}]
    assert line["bounding-box-metadata"]["objects"] == [{"confidence": 1}]
    assert line["cl-metadata"] == {"is_labeled": True}
    assert boxes(saved(api, plain, "plain-1.png")) == []


def test_tips_come_first_and_a_label_must_be_there(console: Page, emulator: EmulatorProcess, account: str) -> None:
    """C-12: without a label nothing can be drawn; the tips are shown once, and again when they are asked for."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", PICTURES)
    start_labeling(console, project)
    images(console).first.click()
    draw = console.get_by_role("button", name="Draw bounding boxes")
    expect(draw).to_be_disabled()
    add_label(console, "near")
    draw.click()
    tips = console.get_by_role("region", name="Tips for drawing boxes")
    expect(tips.get_by_text("Drag from the top left to the bottom right corner of the object.")).to_be_visible()
    tips.get_by_role("button", name="Start drawing").click()
    expect(tips).to_be_hidden()
    expect(console.get_by_test_id("box-canvas")).to_be_focused()
    console.get_by_role("button", name="Done").click()
    draw.click()
    expect(console.get_by_test_id("box-canvas")).to_be_visible()
    expect(tips).to_be_hidden()
    console.get_by_role("button", name="Tips for drawing boxes").click()
    expect(tips).to_be_visible()


def test_boxes_stay_inside_and_above_the_smallest_size_while_they_are_drawn(console: Page, plain: Project) -> None:
    """J-12, J-16."""
    open_editor(console, plain, "plain-0.png")
    said = drag(console, (250, 180), (500, 400))
    assert "at the edge" in said
    assert fields(console) == pytest.approx([250, 180, 70, 60], abs=1)
    drag(console, (280, 210), (100, -200))
    left, top, width, height = fields(console)
    assert (top, width, height) == pytest.approx((0, 70, 60), abs=1) and left < 100
    console.keyboard.press("Escape")
    said = drag(console, (10, 200), (40, 201))
    assert "at least 2 px" in said
    assert fields(console)[3] == 2


def test_numbers_that_break_a_rule_are_not_taken(console: Page, plain: Project) -> None:
    open_editor(console, plain, "plain-0.png")
    console.keyboard.press("n")
    assert fields(console) == [120, 90, 80, 60]
    console.get_by_label("Width").fill("1")
    expect(console.get_by_text("J-16")).to_be_visible()
    console.get_by_label("Width").fill("300")
    expect(console.get_by_text("J-12")).to_be_visible()
    console.get_by_label("Width").fill("200")
    console.get_by_label("Left").fill("7")
    assert fields(console) == [7, 90, 200, 60]
    console.get_by_test_id("box-canvas").focus()
    for _ in range(2):
        console.keyboard.press("Control+z")
    assert fields(console)[0] == 120


def test_an_image_takes_fifty_boxes(console: Page, plain: Project) -> None:
    """J-17, Q-11."""
    open_editor(console, plain, "plain-0.png")
    for _ in range(51):
        console.keyboard.press("n")
    expect(console.get_by_text("An image has at most 50 boxes (J-17).")).to_be_visible()
    expect(console.locator(".editor-boxes > li")).to_have_count(50)
    drag(console, (5, 5), (60, 60))
    expect(console.locator(".editor-boxes > li")).to_have_count(50)


def test_boxes_are_copied_to_the_next_image_and_all_steps_undone_one_by_one(
    console: Page, plain: Project, api: ConsoleClient
) -> None:
    open_editor(console, plain, "plain-0.png", "plain-1.png")
    for key in ["n", "2", "n", "Shift+ArrowRight", "Shift+ArrowRight", "ArrowUp", "c"]:
        console.keyboard.press(key)
    expect(console.get_by_text("Image 2 of 2")).to_be_visible()
    expect(console.locator(".editor-boxes > li")).to_have_count(2)
    console.get_by_test_id("box-canvas").focus()
    console.keyboard.press("Control+z")
    expect(console.locator(".editor-boxes > li")).to_have_count(0)
    console.keyboard.press("Control+y")
    expect(console.locator(".editor-boxes > li")).to_have_count(2)
    console.get_by_role("button", name="Done").click()
    # The row of arrow keys is one step: box, label, box, move, copy.
    for _ in range(4):
        console.get_by_role("button", name="Undo").click()
    for _ in range(4):
        console.get_by_role("button", name="Redo").click()
    save_changes(console)
    expected = [("far", 120, 90, 80, 60), ("far", 140, 89, 80, 60)]
    assert boxes(saved(api, plain, "plain-0.png")) == expected
    assert boxes(saved(api, plain, "plain-1.png")) == expected


def test_zoom_and_pan_leave_boxes_where_they_are(console: Page, plain: Project) -> None:
    open_editor(console, plain, "plain-0.png")
    console.keyboard.press("n")
    before = fields(console)
    canvas = console.get_by_test_id("box-canvas").bounding_box()
    shown = console.locator(".box-frame").bounding_box()
    assert canvas is not None and shown is not None
    console.mouse.move(canvas["x"] + 100, canvas["y"] + 100)
    console.mouse.wheel(0, -500)
    expect(console.locator(".editor-zoom")).not_to_have_text("")
    wait_for_width(console, "width > 1.5 * before", shown["width"])
    assert fields(console) == before
    drag(console, (150, 110), (160, 120))
    assert fields(console) == pytest.approx([before[0] + 10, before[1] + 10, *before[2:]], abs=1)
    console.keyboard.press("f")
    wait_for_width(console, "width < 1.2 * before", shown["width"])


def test_a_finger_draws_and_two_zoom(
    browser: Browser, emulator: EmulatorProcess, account: str, api: ConsoleClient, plain: Project
) -> None:
    api.post("/bucket", {})
    context = open_context(browser, emulator.endpoint, account, has_touch=True)
    page = context.new_page()
    open_editor(page, plain, "plain-0.png")
    session = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(at(page, *one) for one in points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (50, 50))
    touch("touchMove", (80, 80))
    touch("touchMove", (150, 120))
    touch("touchEnd")
    assert fields(page) == pytest.approx([50, 50, 100, 70], abs=1)
    before = page.locator(".box-frame").bounding_box()
    assert before is not None
    touch("touchStart", (100, 100), (200, 100))
    touch("touchMove", (60, 100), (240, 100))
    touch("touchEnd")
    wait_for_width(page, "width > 1.2 * before", before["width"])
    expect(page.locator(".editor-boxes > li")).to_have_count(1)
    context.close()


def test_boxes_with_errors_are_mended(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient
) -> None:
    """J-12, J-16 in a line: the editor says so, mends it, and the error is gone (J-31)."""
    project = new_project(emulator, account)
    line = {
        "source-ref": f"s3://{project.bucket}/images/plain-0.png",
        "bounding-box": {
            "image_size": [{"width": 320, "height": 240, "depth": 3}],
            "annotations": [
                {"class_id": 0, "left": -5, "top": 10, "width": 50, "height": 50},
                {"class_id": 0, "left": 5, "top": 10, "width": 1, "height": 1},
            ],
        },
        "bounding-box-metadata": {
            "objects": [{"confidence": 1}, {"confidence": 1}],
            "class-map": {"0": "near"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
        },
    }
    project.create_dataset("TRAIN", PICTURES[:1], lambda *_: json.dumps(line).encode())
    open_editor(console, project, "plain-0.png")
    expect(console.get_by_text("The saved line of this image has errors")).to_be_visible()
    console.keyboard.press(".")
    console.keyboard.press("ArrowRight")
    console.keyboard.press(".")
    console.keyboard.press("Delete")
    console.get_by_role("button", name="Done").click()
    save_changes(console)
    expect(console.get_by_role("radio", name=re.compile("^Errors"))).to_have_accessible_name(re.compile("0$"))
    assert boxes(saved(api, project, "plain-0.png")) == [("near", 0, 10, 50, 50)]


def squares(count: int) -> list[tuple[Picture, tuple[int, int, int, int]]]:
    """Pictures with one blue square each, at places that arrow keys reach in steps of ten."""
    return [(draw_at(number), place(number)) for number in range(count)]


def place(number: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of the square of a picture."""
    return 20 + 30 * (number % 7), 20 + 20 * (number % 6), 80, 60


def draw_at(number: int) -> Picture:
    """A noisy picture with a blue rectangle at its place."""
    random = np.random.default_rng(number)
    noise = random.integers(90, 200, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    left, top, width, height = place(number)
    ImageDraw.Draw(picture).rectangle([left, top, left + width - 1, top + height - 1], fill=(30, 60, 220))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return Picture(f"photo-{number:02d}.png", file.getvalue(), (), (), *SIZE)


def test_twenty_uploaded_pictures_get_their_boxes_by_keyboard_alone_and_a_model_finds_the_box(
    console: Page, emulator: EmulatorProcess, account: str, api: ConsoleClient
) -> None:
    """C-8, C-10, C-12, C-15, C-20."""
    project = new_project(emulator, account)
    console.goto(f"/console/projects/{project.name}/create-dataset")
    console.get_by_role("radio", name="Start with a single dataset").check()
    console.get_by_role("radio", name="Upload images from your computer").check()
    given = squares(20)
    console.get_by_test_id("choose-files").set_input_files(files([picture for picture, _ in given]))
    console.get_by_role("button", name="Create dataset", exact=True).click()
    expect(console.get_by_role("radio", name="All images 20")).to_be_visible()
    console.get_by_role("button", name="Start labeling").click()
    add_label(console, "square")
    console.get_by_role("grid").focus()
    console.keyboard.press("Control+a")
    console.get_by_role("button", name="Draw bounding boxes").focus()
    console.keyboard.press("Enter")
    expect(console.get_by_test_id("box-canvas")).to_be_focused()
    console.keyboard.press("Escape")
    for number in range(20):
        expect(console.get_by_text(f"Image {number + 1} of 20")).to_be_visible()
        expect(console.get_by_test_id("box-canvas")).to_be_focused()
        name = console.get_by_role("heading", level=1).inner_text()
        draw_by_keyboard(console, place(int(name[6:8])))
        console.keyboard.press("PageDown")
    expect(images(console).first).to_contain_text("square")
    save_changes(console)
    arn = api.get("/project", project=project.arn)["datasets"][0]["arn"]
    assert {name: boxes(line) for name, line in lines(api, arn).items()} == {
        picture.name: [("square", *wanted)] for picture, wanted in given
    }
    train_and_find(project)
    console.goto(f"/console/projects/{project.name}/models/first/performance")
    expect(console.get_by_role("heading", name="Images (4)")).to_be_visible()
    card = console.locator(".result-card").filter(has_text="square (True positive)").first
    expect(card.get_by_role("listitem").filter(has_text="square").first).to_be_visible()
    card.get_by_role("button", name=re.compile("^Enlarge ")).click()
    dialog = console.get_by_role("dialog")
    for kind in ("Boxes of the test dataset", "Boxes of the model"):
        expect(dialog.get_by_role("checkbox", name=kind)).to_be_checked()


def draw_by_keyboard(page: Page, wanted: tuple[int, int, int, int]) -> None:
    """A new box, moved to its place by arrow keys."""
    page.keyboard.press("n")
    for distance, back, forth in ((wanted[0] - 120, "Left", "Right"), (wanted[1] - 90, "Up", "Down")):
        for _ in range(abs(distance) // 10):
            page.keyboard.press(f"Shift+Arrow{back if distance < 0 else forth}")
    assert fields(page) == list(wanted)


def train_and_find(project: Project) -> None:
    """Train with what was labelled, start the model and look at a new picture."""
    project.train(seconds=900)
    project.start_model()
    unseen = draw_at(40)
    found = project.rekognition.detect_custom_labels(
        ProjectVersionArn=project.version_arns["first"], Image={"Bytes": unseen.body}
    )["CustomLabels"]
    assert found and found[0]["Name"] == "square"
    box = found[0]["Geometry"]["BoundingBox"]
    left, top, width, height = place(40)
    centre = (box["Left"] + box["Width"] / 2) * SIZE[0], (box["Top"] + box["Height"] / 2) * SIZE[1]
    assert centre == pytest.approx((left + width / 2, top + height / 2), abs=25)
