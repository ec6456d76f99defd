"""Every manifest error of datasets, provoked over the API: status, message, places, counts (guide chapter E)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from support.manifests import (
    BUCKET,
    LINE_CASES,
    TOLERATED_LINES,
    Line,
    LineCase,
    as_bytes,
    as_manifest,
    image_line,
    image_pair,
)
from support.projects import Project, new_project
from support.server import EmulatorProcess


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    return new_project(emulator, account)


def describe(project: Project, body: bytes, key: str = "train.manifest") -> dict[str, Any]:
    """The description of a dataset made from this manifest, when its making has ended."""
    project.s3.upload_fileobj(io.BytesIO(body), project.bucket, key)
    return project.wait_dataset(project.start_dataset("TRAIN", key))


def entries(project: Project, **filters: Any) -> list[dict[str, Any]]:
    """All entries of the training dataset."""
    pages = project.rekognition.get_paginator("list_dataset_entries").paginate(
        DatasetArn=project.dataset_arns["TRAIN"], **filters
    )
    return [json.loads(line) for page in pages for line in page["DatasetEntries"]]


def own_image(line: Line | bytes, number: int) -> Line | bytes:
    """The line with an image of its own, where it has a good source-ref at all."""
    if isinstance(line, bytes) or not str(line.get("source-ref", "")).startswith(f"s3://{BUCKET}/"):
        return line
    return {**line, "source-ref": f"s3://{BUCKET}/cases/{number:03}.jpg"}


def good(count: int, start: int = 0) -> list[Line | bytes]:
    return [image_line(start + number, "ab"[number % 2]) for number in range(count)]


def test_every_line_error_is_marked_at_its_place_or_drops_the_line(project: Project) -> None:
    """E-8, E-9, J-24, D-11."""
    cases = [(own_image(case.line, number), case) for number, case in enumerate(LINE_CASES.values())]
    lines = [*good(40), *(line for line, _ in cases)]
    description = describe(project, as_manifest(lines))
    assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_COMPLETE", "SUCCESS")
    kept = [(line, case) for line, case in cases if case.dataset != "drop"]
    statistics = description["DatasetStats"]
    assert statistics["TotalEntries"] == 40 + len(kept)
    assert statistics["ErrorEntries"] == sum(case.dataset == "error" for _, case in kept)
    found = {entry["source-ref"]: entry for entry in entries(project, SourceRefContains="/cases/")}
    assert len(found) == len(kept)
    for line, case in kept:
        assert isinstance(line, dict)
        check_entry(found[line["source-ref"]], case)
    marked = [entry for entry in found.values() if "cl-errors" in json.dumps(entry)]
    assert entries(project, HasErrors=True) == marked


def test_what_a_strict_reader_might_refuse_is_taken(project: Project) -> None:
    """F-3, F-5: members without a use have no rule; dates as JSON Schema has them; text as an attribute's value."""
    lines = [own_image(line, number) for number, line in enumerate(TOLERATED_LINES.values())]
    description = describe(project, as_manifest(lines))
    statistics = description["DatasetStats"]
    assert (description["Status"], statistics["TotalEntries"]) == ("CREATE_COMPLETE", len(lines))
    assert [entry for entry in entries(project) if "cl-errors" in json.dumps(entry)] == []
    assert (statistics["LabeledEntries"], statistics["ErrorEntries"]) == (len(lines), 0)


def check_entry(entry: Any, case: LineCase) -> None:
    if case.dataset == "silent":
        assert "cl-errors" not in json.dumps(entry)
        return
    holder = entry
    for step in case.place or ():
        holder = holder[step]
    assert {"code": case.code, "message": case.message} in holder["cl-errors"]


@pytest.mark.parametrize(
    ("key", "body", "message"),
    [
        ("train", as_manifest(good(5)), "The manifest file extension or contents are invalid."),
        ("train.csv", b"image,label\na.jpg,cat\n", "The manifest file extension or contents are invalid."),
        ("train.manifest", b"", "The manifest file extension or contents are invalid."),
        ("train.manifest", b"{}\n" * 250_001, "The manifest file has too many rows."),
        ("train.manifest", as_manifest([*good(7), b"", b"{"]), "The manifest file has too many terminal errors."),
        ("train.manifest", as_manifest([*good(7), *good(2)]), "The manifest file has too many terminal errors."),
        (
            "train.manifest",
            as_manifest([image_line(number, f"label {number}") for number in range(251)]),
            "The manifest file has too many labels.",
        ),
        (
            "train.manifest",
            as_manifest([*good(5), {"source-ref": "s3://elsewhere/a.jpg", **image_pair("kind", "a")}]),
            "The manifest file contains images from multiple S3 buckets.",
        ),
    ],
)
def test_errors_of_the_whole_file_fail_the_dataset(project: Project, key: str, body: bytes, message: str) -> None:
    """E-1, E-3, E-5, E-6, O-29."""
    description = describe(project, body, key)
    assert (description["Status"], description["StatusMessageCode"]) == ("CREATE_FAILED", "CLIENT_ERROR")
    assert description["StatusMessage"] == message


def test_lines_of_100_001_characters_are_dropped(project: Project) -> None:
    """E-8."""
    line = as_bytes(image_line(99, "a"))
    lines = [*good(8), line[:-1] + b" " * (100_001 - len(line)) + b"}"]
    description = describe(project, as_manifest(lines))
    assert (description["Status"], description["DatasetStats"]["TotalEntries"]) == ("CREATE_COMPLETE", 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([b"{", b"no"], "The manifest file extension or contents are invalid."),
        ([*good(3, 100), b"{"], "The manifest file has too many terminal errors."),
        (
            [{"source-ref": "s3://elsewhere/a.jpg", **image_pair("kind", "a")}],
            "The manifest file contains images from multiple S3 buckets.",
        ),
        (
            [image_line(number, f"label {number}") for number in range(249)],
            "The manifest file has too many labels.",
        ),
    ],
)
def test_a_failed_update_keeps_the_old_content(project: Project, changes: Sequence[Line | bytes], message: str) -> None:
    """E-0, D-10."""
    lines = good(5, 1000)
    assert describe(project, as_manifest(lines))["Status"] == "CREATE_COMPLETE"
    before = entries(project)
    arn = project.dataset_arns["TRAIN"]
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": as_manifest(list(changes))})
    description = project.wait_dataset(arn)
    assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_FAILED", "CLIENT_ERROR")
    assert description["StatusMessage"] == message
    assert entries(project) == before


def test_too_few_images_to_distribute(project: Project) -> None:
    """E-7: said of the training dataset, whose content stays, with the label's name; the test dataset is untouched."""
    assert describe(project, as_manifest([*good(6), image_line(99, "rare")]))["Status"] == "CREATE_COMPLETE"
    arn = project.dataset_arns["TRAIN"]
    test = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    before = project.wait_dataset(test)
    project.rekognition.distribute_dataset_entries(Datasets=[{"Arn": arn}, {"Arn": test}])
    description = project.wait_dataset(arn)
    assert (description["Status"], description["StatusMessageCode"]) == ("UPDATE_FAILED", "CLIENT_ERROR")
    message = "The manifest file doesn't have enough labeled images to distribute the dataset."
    assert description["StatusMessage"] == f"{message} The label 'rare' has one image; two are needed."
    assert description["DatasetStats"]["TotalEntries"] == 7
    assert project.wait_dataset(test) == before
