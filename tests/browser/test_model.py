"""A model's page: Evaluate, test results, details, use, tags; policies, copies, prior datasets, running hours."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import wait_for, write
from support.pictures import SINGLE_LABELS, Picture, single_label_pictures
from support.projects import Project, new_project, trained_project
from support.server import EmulatorProcess

FIGURE = re.compile(r"^[01]\.\d{3}$")


@pytest.fixture
def model(visitor: Page) -> Page:
    visitor.get_by_role("link", name="first", exact=True).click()
    expect(visitor.get_by_role("heading", name="first", level=1)).to_be_visible()
    return visitor


@pytest.mark.firefox
def test_a_model_has_the_tabs_of_the_guide_and_its_figures(model: Page, trained: Project) -> None:
    """C-17, C-18."""
    for tab in ("Evaluate", "Model details", "Use model", "Tags"):
        expect(model.get_by_role("tab", name=tab)).to_be_visible()
    expect(model.get_by_role("button", name="Delete model")).to_be_visible()
    expect(model.get_by_role("navigation", name="Breadcrumbs")).to_contain_text(
        f"Custom LabelsProjects{trained.name}first"
    )
    for name in ("F1 score", "Average precision", "Overall recall", "Date completed"):
        expect(model.get_by_text(name, exact=True).first).to_be_visible()
    expect(model.get_by_text(FIGURE).first).to_be_visible()
    expect(model.get_by_text(re.compile(r"[01]\.\d\d in 95 of 100 test sets like this$"))).to_be_visible()
    expect(model.get_by_text(re.compile(r"^Trained in \d+\.\d{3} hours$"))).to_be_visible()
    expect(model.get_by_text(re.compile(r"^Effort: (fast|standard)$"))).to_be_visible()
    expect(model.get_by_text("2 labels, 12 images")).to_be_visible()
    expect(model.get_by_text("2 labels, 8 images")).to_be_visible()
    expect(model.get_by_role("heading", name="Per label performance (2)")).to_be_visible()
    for column in ("Label name", "F1 score", "Test images", "Precision", "Recall", "Assumed threshold"):
        expect(model.get_by_role("columnheader", name=column)).to_be_visible()
    write(model.get_by_placeholder("Find labels"), SINGLE_LABELS[0])
    expect(model.get_by_role("row")).to_have_count(2)
    expect(model.get_by_role("row").nth(1)).to_contain_text(SINGLE_LABELS[0])
    expect(model.get_by_role("row").nth(1)).to_contain_text("4")


def test_a_model_that_errs_has_hints_what_would_help_most(
    console: Page, emulator: EmulatorProcess, account: str
) -> None:
    """Half of the circles in the test dataset are called squares."""
    test = single_label_pictures(SINGLE_LABELS, 4, seed=500)
    test[:2] = [replace(picture, labels=("square",)) for picture in test[:2]]
    project = trained_project(emulator, account, single_label_pictures(SINGLE_LABELS, 6), test)
    console.goto(f"/console/projects/{project.name}/models/first")
    hints = console.get_by_role("list", name="What would help most").get_by_role("listitem")
    expect(hints).to_have_count(3)
    expect(hints.first).to_contain_text("of the test images of square are taken for circle")
    expect(console.get_by_text(re.compile(r"^between 0\.\d\d and \d\.\d\d in 95 of 100 test sets"))).to_be_visible()


def test_labels_are_sorted_by_a_column(model: Page) -> None:
    model.get_by_role("button", name="Label name", exact=True).click()
    expect(model.get_by_role("row").nth(1)).to_contain_text(max(SINGLE_LABELS))


@pytest.mark.firefox
def test_test_results_are_filtered_by_label_type_and_file_name(model: Page) -> None:
    """C-20."""
    model.get_by_role("link", name="View test results").click()
    expect(model.get_by_role("heading", name="Evaluate image", level=1)).to_be_visible()
    expect(model.get_by_role("navigation", name="Breadcrumbs")).to_contain_text("Performance")
    told = model.get_by_text("Review the test results of your trained model for individual images.")
    expect(told).to_be_visible()
    model.get_by_role("main").get_by_role("button", name=re.compile("^(Close|Dismiss)( alert)?$")).click()
    expect(told).to_be_hidden()
    expect(model.get_by_role("heading", name="Filter by label")).to_be_visible()
    expect(model.get_by_role("heading", name="Images (8)")).to_be_visible()
    for kind in ("True positive", "False positive", "False negative"):
        expect(model.get_by_role("checkbox", name=re.compile(kind))).to_be_visible()
    cards = model.locator(".result-card")
    expect(cards).to_have_count(8)
    expect(cards.first).to_contain_text(re.compile(r"\((True positive|False positive|False negative)\) \d+\.\d%"))
    expect(cards.first.get_by_role("img").or_(cards.first.locator("img")).first).to_be_visible()

    model.get_by_role("button", name=re.compile("Choose labels")).click()
    model.get_by_role("option", name=SINGLE_LABELS[0]).click()
    model.keyboard.press("Escape")
    expect(cards.get_by_text(re.compile(f"^{SINGLE_LABELS[0]} "))).not_to_have_count(0)
    expect(cards.get_by_text(re.compile(f"^{SINGLE_LABELS[1]} "))).to_have_count(0)
    write(model.get_by_placeholder("Search images by file name"), "no such picture")
    expect(model.get_by_text("No image fits these filters.")).to_be_visible()


def test_an_image_of_the_results_is_enlarged(visitor: Page, trained: Project) -> None:
    visitor.goto(f"/console/projects/{trained.name}/models/first/performance")
    card = visitor.get_by_role("button", name=re.compile("^Enlarge ")).first
    card.click()
    dialog = visitor.get_by_role("dialog")
    picture = dialog.get_by_role("img", name=re.compile(r"\."))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    visitor.keyboard.press("Escape")
    expect(card).to_be_focused()


def test_validation_results_are_downloaded_under_the_guides_names(
    model: Page, trained: Project, tmp_path: Path
) -> None:
    """C-21."""
    model.get_by_role("tab", name="Model details").click()
    expect(model.get_by_text("TRAINING_COMPLETED")).to_be_visible()
    expect(model.get_by_text(f"{trained.name}_training_dataset")).to_be_visible()
    for link, name in [
        ("manifest summary", "manifest_summary.json"),
        ("training validation manifest", "training_manifest_with_validation.json"),
        ("testing validation manifest", "testing_manifest_with_validation.json"),
    ]:
        with model.expect_download() as download:
            model.get_by_role("link", name=link).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    summary = json.loads((tmp_path / "manifest_summary.json").read_text())
    assert summary["statistics"]["training"]["total_json_lines"] == 12


def paste_image(page: Page, picture: Picture) -> None:
    """What a browser does when an image is in the clipboard and Ctrl+V is pressed."""
    page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "image.jpg", {type: "image/jpeg"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }""",
        list(picture.body),
    )


def test_a_model_is_started_tried_and_stopped(console: Page, ready: Project) -> None:
    """C-22, C-23: Running, Stopped, the typed word; an image by file, pasted, by the camera and from S3."""
    ready.train(Tags={"custom-labels:training-effort": "instant"})
    console.goto(f"/console/projects/{ready.name}/models/first")
    console.get_by_role("tab", name="Use model").click()
    expect(
        console.get_by_text("Your model isn't running. To start running your model, choose Start model")
    ).to_be_visible()
    expect(console.get_by_text("Select number of Inference units")).to_be_visible()
    expect(console.get_by_text("You are charged for each additional inference unit used.")).to_be_visible()
    console.get_by_role("button", name="1 inference unit").click()
    console.get_by_role("option", name="2 inference units").click()
    console.get_by_role("button", name="Start", exact=True).click()
    console.get_by_role("dialog", name="Start model").get_by_role("button", name="Start").click()
    expect(console.get_by_text("Running", exact=True)).to_be_visible(timeout=300_000)
    expect(console.get_by_text("2 inference units")).to_be_visible()

    picture = single_label_pictures(SINGLE_LABELS, 1, seed=900)[0]
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Choose file").click()
    chooser.value.set_files({"name": "new.jpg", "mimeType": "image/jpeg", "buffer": picture.body})
    answer = console.get_by_role("table", name="Labels")
    expect(answer.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\d+\.\d%"))
    expect(console.get_by_role("img", name="The image new.jpg")).to_be_visible()

    paste_image(console, picture)
    expect(console.get_by_role("img", name="The image pasted image")).to_be_visible()
    expect(answer.get_by_role("row").nth(1)).to_contain_text("%")

    console.get_by_role("button", name="Use camera").click()
    view = console.get_by_label("What the camera sees")
    wait_for(console, "document.querySelector('video').videoWidth > 0")
    console.get_by_role("button", name="Take picture").click()
    expect(console.get_by_role("img", name="The image picture of the camera")).to_be_visible()
    console.get_by_role("button", name="Close camera").click()
    expect(view).to_be_hidden()

    ready.s3.put_object(Bucket=ready.bucket, Key="try/a b.jpg", Body=picture.body)
    console.get_by_role("textbox", name="S3 URI").fill(f"s3://{ready.bucket}/try/a b.jpg")
    console.get_by_role("button", name="Analyze").click()
    expect(console.get_by_role("img", name=f"The image s3://{ready.bucket}/try/a b.jpg")).to_be_visible()
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Choose file").click()
    chooser.value.set_files({"name": "no.jpg", "mimeType": "image/jpeg", "buffer": b"<svg/>"})
    expect(console.get_by_text("Only JPEG and PNG images can be analyzed.")).to_be_visible()

    console.get_by_role("button", name="Stop", exact=True).click()
    dialog = console.get_by_role("dialog", name="Stop model")
    expect(dialog.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    dialog.get_by_role("textbox").fill("stop")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(console.get_by_text("Stopped", exact=True)).to_be_visible()


def test_the_code_names_this_emulator(model: Page, trained: Project, emulator: EmulatorProcess) -> None:
    """C-23."""
    model.get_by_role("tab", name="Use model").click()
    model.get_by_role("button", name="API Code").click()
    arn = trained.version_arns["first"]
    expect(model.locator("pre").first).to_have_text(
        f'aws rekognition start-project-version \\\n  --project-version-arn "{arn}" \\\n  --min-inference-units 1 \\\n'
        f"  --region us-east-1 \\\n  --endpoint-url {emulator.endpoint}"
    )
    expect(model.get_by_text("Command used to start the first model.").first).to_be_visible()
    for tab, word in (
        ("Python", "boto3"),
        ("JavaScript", "RekognitionClient"),
        ("AWS CLI command", "stop-project-version"),
    ):
        model.get_by_role("tab", name=tab).click()
        expect(model.locator("pre:visible").filter(has_text=word).first).to_contain_text(arn)


@pytest.mark.firefox
def test_tags_are_changed_and_removed_when_they_are_saved(visitor: Page, trained: Project) -> None:
    """C-24."""
    arn = trained.version_arns["first"]
    trained.rekognition.tag_resource(ResourceArn=arn, Tags={"old": "1", "kept": "2 @ home"})
    visitor.goto(f"/console/projects/{trained.name}/models/first?tab=tags")
    expect(visitor.get_by_text("2 @ home")).to_be_visible()
    visitor.get_by_role("link", name="Manage tags").click()
    row = visitor.get_by_role("button", name=re.compile("Remove.*old"))
    row.click()
    assert trained.rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"old": "1", "kept": "2 @ home"}
    visitor.get_by_role("button", name="Add new tag").click()
    write(visitor.get_by_role("combobox", name="Key").last, "new")
    visitor.get_by_role("button", name="Save changes").click()
    expect(visitor.get_by_text("The tags are saved.")).to_be_visible()
    assert trained.rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"kept": "2 @ home", "new": ""}
    trained.rekognition.untag_resource(ResourceArn=arn, TagKeys=["kept", "new"])


def test_policies_are_attached_changed_and_deleted_and_models_copied(console: Page, ready: Project) -> None:
    """CP-1, CP-9, CP-13; AWS's console has no page for it."""
    ready.train(Tags={"custom-labels:training-effort": "instant"})
    target = ready.rekognition.create_project(ProjectName=f"{ready.name}-copy")["ProjectArn"]
    console.goto(f"/console/projects/{ready.name}/policies")
    console.get_by_role("button", name="Add policy").click()
    dialog = console.get_by_role("dialog", name="Add policy")
    dialog.get_by_role("textbox", name="Policy name").fill("copies")
    dialog.get_by_role("button", name="Save policy").click()
    expect(console.get_by_role("rowheader", name="copies", exact=True)).to_be_visible()
    [policy] = ready.rekognition.list_project_policies(ProjectArn=ready.arn)["ProjectPolicies"]
    assert "rekognition:CopyProjectVersion" in policy["PolicyDocument"]
    console.get_by_role("radio", name="Select copies").check()
    console.get_by_role("button", name="Delete", exact=True).click()
    dialog = console.get_by_role("dialog", name="Delete policy")
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(console.get_by_text("No policies")).to_be_visible()

    console.get_by_role("combobox", name="Model to copy").fill(ready.version_arns["first"])
    console.get_by_role("combobox", name="Destination project").fill(target)
    console.keyboard.press("Escape")
    console.get_by_role("textbox", name="Version name").fill("copied")
    console.get_by_role("button", name="Copy model").click()
    expect(console.get_by_text("The copy copied has begun.")).to_be_visible()
    console.goto(f"/console/projects/{ready.name}-copy")
    expect(console.get_by_text("COPYING_COMPLETED")).to_be_visible(timeout=300_000)


def test_manifests_that_trained_a_model_become_datasets(console: Page, emulator: EmulatorProcess, account: str) -> None:
    """D-19, T-3."""
    project = new_project(emulator, account)
    pictures = single_label_pictures(SINGLE_LABELS, 6)
    project.put_manifest(pictures, "train.manifest")
    place = {"GroundTruthManifest": {"S3Object": {"Bucket": project.bucket, "Name": "train.manifest"}}}
    project.start_training(TrainingData={"Assets": [place]}, TestingData={"AutoCreate": True})
    project.wait_version("first", "TRAINING_COMPLETED", "TRAINING_FAILED")
    console.goto("/console/datasets")
    line = console.get_by_role("row").filter(has_text=f"s3://{project.bucket}/train.manifest")
    expect(line).to_contain_text("Training")
    expect(line).to_contain_text("No")
    line.get_by_role("radio").check()
    console.get_by_role("button", name="Create project with dataset").click()
    dialog = console.get_by_role("dialog", name="Create a project")
    dialog.get_by_role("textbox", name="Project name").fill(f"{project.name}-again")
    dialog.get_by_role("button", name="Create project").click()
    expect(console.get_by_role("link", name=f"{project.name}-again_training_dataset")).to_be_visible()
    expect(console.get_by_text("12 images, 12 labeled")).to_be_visible()
    console.goto(f"/console/projects/{project.name}")
    expect(console.get_by_role("link", name=f"{project.name}_training_dataset")).to_be_visible()


def test_running_hours_are_shown_as_cloudwatch_counts_them(console: Page, ready: Project) -> None:
    """R-8."""
    console.goto("/console/running-hours")
    expect(console.get_by_text("No models")).to_be_visible()
    ready.train(Tags={"custom-labels:training-effort": "instant"})
    ready.start_model()
    console.goto("/console/running-hours")
    expect(console.get_by_text("Hours running")).to_be_visible()
    expect(console.get_by_role("application", name="Inference units in service by the hour")).to_be_visible()
    console.get_by_role("button", name="Last 7 days").click()
    expect(console.get_by_text("Inference units used")).to_be_visible()
