"""The 20 % rule, repeated lines, shares, limits of regions and byte order marks, over the API (V-1, E-8, D-14, Q-8)."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest

from support.manifests import BUCKET, Line, as_manifest, box_line, changed, image_line
from support.projects import Project, new_project
from support.server import EmulatorProcess, wait_until
from tests.contract.manifests.test_dataset_rules import describe, entries, good
from tests.contract.manifests.test_training_rules import (
    asset,
    boxed,
    encoded,
    failed,
    labelled,
    put,
    put_images,
    summary_of,
    validation_lines,
)

TOO_MANY_ROWS = "The manifest file has too many rows."


@pytest.fixture
def project(emulator: EmulatorProcess, account: str) -> Project:
    return new_project(emulator, account)


def unlabelled(count: int, start: int) -> list[Line | bytes]:
    return [{"source-ref": f"s3://{BUCKET}/images/{start + number:06}.jpg"} for number in range(count)]


@pytest.mark.parametrize("ignored", [unlabelled(20, 200), [box_line(200 + number, []) for number in range(20)]])
def test_lines_without_labels_are_outside_the_twenty_percent(project: Project, ignored: list[Line | bytes]) -> None:
    """V-1, J-18, TE-6: three bad lines of eleven are too many, however many unlabelled ones are beside them."""
    lines = [*labelled(8), b"{", b"[]", b"", *ignored]
    put_images(project, [*lines, *labelled(4, 500)])
    description = failed(project, lines, labelled(4, 500))
    assert description["StatusMessage"] == "The manifest file contains too many invalid rows."
    training = summary_of(project, description)["statistics"]["training"]
    assert (training["total_json_lines"], training["ignored_json_lines"]) == (31, 20)


def test_a_repeated_line_is_invalid_and_marked(project: Project) -> None:
    """MS-2: every line that the summary counts as invalid carries its error in the validation manifest."""
    lines = [*labelled(10, labels="a"), *labelled(1, labels="a")]
    put_images(project, [*lines, *labelled(2, 500)])
    description = failed(project, lines, labelled(2, 500))
    training = summary_of(project, description)["statistics"]["training"]
    assert (training["invalid_json_lines"], training["error_json_line_indices"]) == (1, [11])
    marked = [b'"errors"' in line for line in validation_lines(project, description, "Training")]
    assert marked == [False] * 10 + [True]


@pytest.mark.parametrize(("labels", "others"), [(30, 20), (10, 90)])
def test_a_fifth_of_all_entries_is_distributed(project: Project, labels: int, others: int) -> None:
    """D-14: unlabelled entries follow the labelled ones in proportion."""
    assert describe(project, as_manifest([*good(labels), *unlabelled(others, 500)]))["Status"] == "CREATE_COMPLETE"
    train = project.dataset_arns["TRAIN"]
    test = project.rekognition.create_dataset(ProjectArn=project.arn, DatasetType="TEST")["DatasetArn"]
    project.wait_dataset(test)
    project.rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    statistics = [project.wait_dataset(arn)["DatasetStats"] for arn in (train, test)]
    assert [side["TotalEntries"] for side in statistics] == [(labels + others) * 4 // 5, (labels + others) // 5]
    assert [side["LabeledEntries"] for side in statistics] == [labels * 4 // 5, labels // 5]


def test_a_label_whose_images_are_all_invalid_is_told(project: Project) -> None:
    """V-7: it is not in the model, and the summary says so."""
    lost = [image_line(900, "lost"), image_line(901, "gone")]
    lines = [*labelled(12, labels="a"), *lost]
    put_images(project, [*labelled(12, labels="a"), *labelled(2, 500)])
    description = failed(project, lines, labelled(2, 500))
    training = summary_of(project, description)["statistics"]["training"]
    [warning] = training["warnings"]
    assert warning["code"] == "WARNING_LABELS_WITHOUT_VALID_IMAGES"
    assert warning["message"].endswith(": 'gone', 'lost'")


def test_a_declared_size_that_is_not_the_images_is_told(project: Project) -> None:
    """The boxes may lie elsewhere than they were drawn: a warning with the numbers of the lines."""
    wrong = changed(box_line(3), lambda line: line["boxes"]["image_size"][0].update(width=2000, height=1000))
    lines = [*boxed(3, labels="a"), wrong]
    put_images(project, [*lines, *labelled(2, 500)])
    description = failed(project, lines, labelled(2, 500))
    summary = summary_of(project, description)["statistics"]
    [warning] = summary["training"]["warnings"]
    assert (warning["code"], warning["json_line_indices"]) == ("WARNING_IMAGE_SIZE_DIFFERS", [4])
    assert "warnings" not in summary["testing"]


def many_labels(number: int, labels: int) -> Line:
    line: Line = {"source-ref": f"s3://{BUCKET}/images/{number:06}.jpg"}
    for label in range(labels):
        pair = image_line(number, f"label {label}")
        line |= {f"kind{label}": pair["kind"], f"kind{label}-metadata": pair["kind-metadata"]}
    return line


def test_more_than_fifty_labels_of_an_image_are_told(project: Project) -> None:
    """Q-10."""
    lines = [many_labels(1, 50), many_labels(2, 51)]
    put_images(project, [*lines, image_line(500, "other")])
    description = failed(project, lines, [image_line(500, "other")])
    [warning] = summary_of(project, description)["statistics"]["training"]["warnings"]
    assert (warning["code"], warning["json_line_indices"]) == ("WARNING_TOO_MANY_LABELS_PER_IMAGE", [2])


def short(number: int) -> str:
    return f'{{"source-ref":"s3://pictures/{number}.jpg"}}\n'


@pytest.mark.parametrize("region", ["ap-south-1", "eu-west-2"])
def test_mumbai_and_london_take_fewer_lines(emulator: EmulatorProcess, account: str, region: str) -> None:
    """Q-8, Q-9: 28,000 for training, 7,000 for testing; by creation, by update, by copy and by training."""
    project = Project(emulator.client("rekognition", account, region), emulator.client("s3", account, region))
    project.arn = project.rekognition.create_project(ProjectName=project.name)["ProjectArn"]
    project.s3.create_bucket(Bucket=project.bucket, CreateBucketConfiguration={"LocationConstraint": region})

    def made(kind: str, count: int) -> dict[str, Any]:
        put(project, "a.manifest", "".join(map(short, range(count))).encode())
        description = project.wait_dataset(project.start_dataset(kind, "a.manifest"))
        if description["Status"] == "CREATE_FAILED":
            arn = project.dataset_arns[kind]
            project.rekognition.delete_dataset(DatasetArn=arn)
            datasets = project.rekognition.describe_projects
            wait_until(
                lambda: (
                    arn
                    not in [
                        dataset["DatasetArn"]
                        for dataset in datasets(ProjectNames=[project.name])["ProjectDescriptions"][0]["Datasets"]
                    ]
                ),
                what="the deletion of the dataset",
            )
        return description

    assert made("TRAIN", 28_001)["StatusMessage"] == TOO_MANY_ROWS
    assert made("TEST", 7_001)["StatusMessage"] == TOO_MANY_ROWS
    assert made("TRAIN", 28_000)["DatasetStats"]["TotalEntries"] == 28_000
    copy = {"DatasetType": "TEST", "DatasetSource": {"DatasetArn": project.dataset_arns["TRAIN"]}}
    copied = wait_for_deleted_test(project, copy)
    assert (copied["Status"], copied["StatusMessage"]) == ("CREATE_FAILED", TOO_MANY_ROWS)
    arn = project.dataset_arns["TRAIN"]
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": short(28_000).encode()})
    updated = project.wait_dataset(arn)
    assert (updated["Status"], updated["StatusMessage"]) == ("UPDATE_FAILED", TOO_MANY_ROWS)
    other = Project(project.rekognition, project.s3, bucket=project.bucket)
    other.arn = other.rekognition.create_project(ProjectName=other.name)["ProjectArn"]
    put(project, "b.manifest", "".join(map(short, range(7_001))).encode())
    put(project, "c.manifest", as_manifest(labelled(4)))
    other.start_training(TrainingData=asset(other, "c.manifest"), TestingData=asset(other, "b.manifest"))
    assert other.wait_version("first", "TRAINING_FAILED", "TRAINING_COMPLETED")["StatusMessage"] == TOO_MANY_ROWS


def wait_for_deleted_test(project: Project, copy: dict[str, Any]) -> dict[str, Any]:
    """The description of a test dataset made by copy, when its making has ended."""
    arn = project.rekognition.create_dataset(ProjectArn=project.arn, **copy)["DatasetArn"]
    return project.wait_dataset(arn)


def test_a_byte_order_mark_costs_no_line(project: Project) -> None:
    """The first line of a file that an editor of Windows wrote, of an update, and of each of two joined manifests."""
    description = describe(project, codecs.BOM_UTF8 + as_manifest(good(6)))
    assert (description["Status"], description["DatasetStats"]["TotalEntries"]) == ("CREATE_COMPLETE", 6)
    arn = project.dataset_arns["TRAIN"]
    changes = codecs.BOM_UTF8 + as_manifest([image_line(700, "a")])
    project.rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": changes})
    assert project.wait_dataset(arn)["DatasetStats"]["TotalEntries"] == 7
    assert len(entries(project, SourceRefContains="000700")) == 1


def test_every_line_that_is_dropped_is_in_the_log(emulator: EmulatorProcess, project: Project) -> None:
    """E-8: nothing of it is in the API."""
    lines = [*good(20), b"{", {"source_ref": "s3://a/b"}, image_line(0, "a")]
    description = describe(project, as_manifest(lines), "dropped.manifest")
    assert description["DatasetStats"]["TotalEntries"] == 20
    place = f"s3://{project.bucket}/dropped.manifest"
    told = [line.partition(place)[2] for line in emulator.log().splitlines() if place in line]
    assert [text.split(":")[0] for text in told] == [
        ", line 21 was dropped",
        ", line 22 was dropped",
        ", line 23 was dropped",
    ]
    assert [code in text for code, text in zip(("INVALID_JSON", "MISSING_SOURCE", "REPEATED"), told, strict=True)]


def test_of_many_dropped_lines_the_log_tells_the_number(emulator: EmulatorProcess, project: Project) -> None:
    describe(project, as_manifest([*good(20), *[b"{"] * 150]), "many.manifest")
    place = f"s3://{project.bucket}/many.manifest"
    told = [line for line in emulator.log().splitlines() if place in line]
    assert (len(told), told[-1].endswith(f"{place}: 50 more lines were dropped")) == (101, True)


def test_images_of_exactly_the_declared_size_are_not_told(project: Project) -> None:
    """Stored on its side or upright, rounded or not: no warning."""
    lines = boxed(4, labels="a")
    put_images(project, [*lines, *labelled(2, 500)])
    put(project, "images/000003.jpg", encoded("PNG", 640, 481))
    description = failed(project, lines, labelled(2, 500))
    assert "warnings" not in json.dumps(summary_of(project, description))
