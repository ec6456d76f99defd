"""Whatever names hold, they are text; whatever S3 holds, it is not rendered on the page's origin."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from support.pictures import SINGLE_LABELS, Picture, single_label_pictures
from support.projects import Project, new_project
from support.server import EmulatorProcess

MARKUP = '<img src=x onerror="window.ran = true"><script>window.ran = true</script>'
BACKWARDS = "\u202eevil\u202c مرحبا " + "long" * 50
NAMES = dict(zip(SINGLE_LABELS, (MARKUP, BACKWARDS), strict=False))


def renamed(pictures: list[Picture]) -> list[Picture]:
    return [replace(one, labels=tuple(NAMES[label] for label in one.labels)) for one in pictures]


@pytest.fixture
def hostile(emulator: EmulatorProcess, account: str) -> Project:
    labels = SINGLE_LABELS[:2]
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", renamed(single_label_pictures(labels, 6)))
    project.create_dataset("TEST", renamed(single_label_pictures(labels, 3, seed=500)))
    project.train(Tags={"custom-labels:training-effort": "instant"})
    project.start_model()
    return project


def test_hostile_labels_are_text_on_every_page(console: Page, hostile: Project) -> None:
    base = f"/console/projects/{hostile.name}"
    for address in ("models/first", "models/first/performance", "dataset?type=TRAIN"):
        console.goto(f"{base}/{address}")
        expect(console.get_by_text(MARKUP).first).to_be_visible()
        expect(console.get_by_text(re.compile("مرحبا")).first).to_be_visible()
        width = console.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 1, "a long name does not push the page aside"
    console.goto(f"{base}/models/first?tab=use")
    picture = single_label_pictures(SINGLE_LABELS[:1], 1, seed=900)[0]
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Choose file").click()
    name = '"><b>bold<b>.jpg'
    chooser.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": picture.body})
    expect(console.get_by_text(name)).to_be_visible()
    assert console.evaluate("window.ran") is None


def test_an_svg_of_s3_is_no_picture(console: Page, hostile: Project) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.ran = true</script></svg>'
    hostile.s3.put_object(Bucket=hostile.bucket, Key="evil.svg", Body=svg, ContentType="image/svg+xml")
    console.goto(f"/console/projects/{hostile.name}/models/first?tab=use")
    console.get_by_role("textbox", name="S3 URI").fill(f"s3://{hostile.bucket}/evil.svg")
    console.get_by_role("button", name="Analyze").click()
    expect(console.get_by_text("InvalidImageFormatException")).to_be_visible()
    assert console.evaluate("window.ran") is None


def test_a_failed_training_shows_the_services_words(console: Page, emulator: EmulatorProcess, account: str) -> None:
    """TE-*: the message is shown in the table of models and on the model's page, in no other words."""
    project = new_project(emulator, account)
    project.create_dataset("TRAIN", single_label_pictures(SINGLE_LABELS[:1], 4))
    project.create_dataset("TEST", single_label_pictures(SINGLE_LABELS[:1], 2, seed=500))
    project.start_training()
    message = project.wait_version("first", "TRAINING_FAILED")["StatusMessage"]
    console.goto(f"/console/projects/{project.name}")
    expect(console.get_by_role("row").filter(has_text="TRAINING_FAILED")).to_contain_text(message)
    console.goto(f"/console/projects/{project.name}/models/first")
    expect(console.get_by_text("There are no evaluation results")).to_be_visible()
    expect(console.get_by_text(message)).to_be_visible()
