"""Test results, figures, associated manifests and proposed boxes, as pages of a version and a project show them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from support.console import ConsoleClient
from support.pictures import SINGLE_LABELS, draw_picture, single_label_pictures
from support.projects import Project, new_project, trained_project
from support.server import EmulatorProcess

ACCOUNT = "515253545556"


@pytest.fixture(scope="module")
def trained(emulator: EmulatorProcess) -> Project:
    """A project whose version `first` knows two labels, one an image."""
    train = single_label_pictures(SINGLE_LABELS, 8)
    test = single_label_pictures(SINGLE_LABELS, 4, seed=500)
    return trained_project(emulator, ACCOUNT, train, test)


@pytest.fixture
def page(emulator: EmulatorProcess) -> ConsoleClient:
    return ConsoleClient(emulator, ACCOUNT)


def snapshot_lines(trained: Project, side: str) -> list[dict[str, Any]]:
    """The lines of a result file as they lie in S3."""
    place = trained.describe_version("first")[f"{side}DataResult"]["Output"]["Assets"][0]["GroundTruthManifest"]
    body = trained.s3.get_object(Bucket=place["S3Object"]["Bucket"], Key=place["S3Object"]["Name"])["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def test_every_tested_image_has_its_result(page: ConsoleClient, trained: Project) -> None:
    arn = trained.version_arns["first"]
    found = page.get("/results", version=arn)
    assert (found["kind"], found["total"], found["labels"]) == ("labels", 8, sorted(SINGLE_LABELS))
    references = [line["source-ref"] for line in snapshot_lines(trained, "Testing")]
    assert [item["source_ref"] for item in found["items"]] == references
    for item in found["items"]:
        [truth] = item["truth"]
        right = [one for one in item["results"] if one["result"] in ("TP", "FN")]
        assert [one["label"] for one in right] == [truth["label"]]
    counts = found["counts"]
    assert counts["images"] == 8 == counts["TP"] + counts["FN"]


def test_pages_filters_and_order(page: ConsoleClient, trained: Project) -> None:
    arn = trained.version_arns["first"]
    everything = page.get("/results", version=arn)["items"]
    assert page.get("/results", version=arn, offset=3, limit=2)["items"] == everything[3:5]
    names = [item["name"] for item in everything]
    by_name = page.get("/results", version=arn, sort="-name")["items"]
    assert [item["name"] for item in by_name] == sorted(names, reverse=True)
    for kind in ("TP", "FP", "FN"):
        shown = page.get("/results", version=arn, result=kind)["items"]
        assert shown == [item for item in everything if any(one["result"] == kind for one in item["results"])]
    circles = page.get("/results", version=arn, label="circle")
    assert circles["items"] == [item for item in everything if any(one["label"] == "circle" for one in item["results"])]
    assert circles["counts"]["images"] == circles["total"]
    [one] = page.get("/results", version=arn, name=names[0])["items"]
    assert one["name"] == names[0]
    assert page.get("/results", version=arn, label="nothing")["total"] == 0


def test_what_has_no_results(page: ConsoleClient, trained: Project) -> None:
    arn = trained.start_training("unfinished")
    page.post("/training/cancel", {"version": arn})
    assert page.refused("GET", "/results", version=arn) == (409, "NoResults")
    assert page.get("/version/figures", version=arn) == {
        "training": None,
        "testing": None,
        "quality": None,
    }
    other = ConsoleClient(page.emulator, "999900001111")
    missing = other.refused("GET", "/results", version=trained.version_arns["first"])
    assert missing == (404, "ResourceNotFoundException")


def test_figures_of_both_datasets(page: ConsoleClient, trained: Project) -> None:
    figures = page.get("/version/figures", version=trained.version_arns["first"])
    assert figures["training"] == {"images": 16, "labels": 2}
    assert figures["testing"] == {"images": 8, "labels": 2}


def test_how_sure_the_results_are_and_what_would_help(
    emulator: EmulatorProcess, account: str, console: ConsoleClient
) -> None:
    """Half of the circles in the test dataset are called squares, so there is something to say."""
    test = single_label_pictures(SINGLE_LABELS, 4, seed=500)
    test[:2] = [replace(picture, labels=("square",)) for picture in test[:2]]
    project = trained_project(emulator, account, single_label_pictures(SINGLE_LABELS, 6), test)
    arn = project.version_arns["first"]
    quality = console.get("/version/figures", version=arn)["quality"]
    assert quality["effort"] == "standard"
    f1 = quality["f1"]
    assert f1["low"] < f1["value"] < f1["high"]
    summary = next(one for one in console.get("/project", project=project.arn)["versions"] if one["arn"] == arn)
    assert f1["value"] == pytest.approx(summary["f1_score"], abs=1e-4)
    assert quality["average_precision"] is None
    hints = {hint["kind"]: hint for hint in quality["hints"]}
    assert (hints["confused"]["label"], hints["confused"]["other"]) == ("square", "circle")
    assert hints["more_test_images"]["label"] is None
    assert "8 test images say only" in hints["more_test_images"]["text"]


def test_a_snapshot_that_was_replaced_or_deleted(page: ConsoleClient, trained: Project) -> None:
    """The page tells it, and shows another one once it is there."""
    arn = trained.version_arns["first"]
    place = trained.describe_version("first")["TestingDataResult"]["Output"]["Assets"][0]["GroundTruthManifest"]
    where = {"Bucket": place["S3Object"]["Bucket"], "Key": place["S3Object"]["Name"]}
    before = trained.s3.get_object(**where)["Body"].read()
    try:
        trained.s3.put_object(**where, Body=b"not a snapshot\n")
        assert page.refused("GET", "/results", version=arn) == (409, "NoResults")
        trained.s3.put_object(**where, Body=b"".join(before.splitlines(keepends=True)[:3]))
        assert page.get("/results", version=arn)["total"] == 3
        trained.s3.delete_object(**where)
        assert page.refused("GET", "/results", version=arn) == (404, "NoSuchKey")
    finally:
        trained.s3.put_object(**where, Body=before)


def test_manifests_of_trainings_become_datasets(
    emulator: EmulatorProcess, account: str, console: ConsoleClient
) -> None:
    """T-3: when the project's page is opened."""
    project = new_project(emulator, account)
    sides: dict[str, Any] = {}
    for name, count, seed in (("Training", 6, 0), ("Testing", 3, 500)):
        project.put_manifest(single_label_pictures(SINGLE_LABELS, count, seed=seed), f"{name}.manifest")
        place = {"Bucket": project.bucket, "Name": f"{name}.manifest"}
        sides[f"{name}Data"] = {"Assets": [{"GroundTruthManifest": {"S3Object": place}}]}
    assert console.post("/project/associate", {"project": project.arn}) == {"datasets": []}
    project.train(**sides)
    prior = console.get("/prior-datasets")["datasets"]
    assert {(one["type"], one["key"], one["associated"]) for one in prior} == {
        ("TRAIN", "Training.manifest", False),
        ("TEST", "Testing.manifest", False),
    }
    assert prior[0]["versions"] == [project.version_arns["first"]]
    made = console.post("/project/associate", {"project": project.arn})["datasets"]
    assert [project.wait_dataset(arn)["DatasetStats"]["TotalEntries"] for arn in made] == [12, 6]
    assert console.post("/project/associate", {"project": project.arn}) == {"datasets": []}
    assert all(one["associated"] for one in console.get("/prior-datasets")["datasets"])


def test_boxes_are_proposed(page: ConsoleClient, trained: Project) -> None:
    picture = draw_picture(("circle",), 3, (400, 300))
    trained.s3.put_object(Bucket=trained.bucket, Key="propose.png", Body=picture.body)
    found = page.post("/proposals", {"bucket": trained.bucket, "key": "propose.png", "limit": 5})
    assert (found["width"], found["height"]) == (400, 300)
    assert 0 < len(found["boxes"]) <= 5
    for box in found["boxes"]:
        assert 0 <= box["left"] < box["left"] + box["width"] <= 400
        assert 0 <= box["top"] < box["top"] + box["height"] <= 300
    trained.s3.put_object(Bucket=trained.bucket, Key="x.png", Body=b"<svg/>")
    wrong = {"bucket": trained.bucket, "key": "x.png"}
    assert page.refused("POST", "/proposals", wrong) == (415, "InvalidImageFormatException")
