"""`custom-labels convert coco` (CO-1 to CO-4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.converting import assert_clean, lines_of, run

pytestmark = pytest.mark.usefixtures("working_folder")

COCO: dict[str, Any] = {
    "info": {},
    "images": [
        {
            "id": 7,
            "width": 640,
            "height": 426,
            "file_name": "000000245915.jpg",
            "date_captured": "2013-11-18 02:53:27",
            "coco_url": "http://images/245915.jpg",
        },
        {"id": "x", "width": 640, "height": 480, "file_name": "sub/b.jpg", "date_captured": 0},
    ],
    "annotations": [
        {"image_id": 7, "category_id": 2, "bbox": [86.5, 65, 220.25, 334], "iscrowd": 0, "segmentation": []},
        {"image_id": "x", "category_id": 1, "bbox": [399, 251, 155, 101]},
        {"image_id": "x", "category_id": 2, "bbox": [1, 2, 30, 40]},
    ],
    "categories": [{"id": 1, "name": "Echo"}, {"id": 2, "name": "Echo Dot"}, {"id": 3, "name": "unused"}],
}


def coco_file(folder: Path, annotations: list[dict[str, Any]] | None = None) -> Path:
    path = folder / "instances.json"
    path.write_text(json.dumps(COCO if annotations is None else {**COCO, "annotations": annotations}))
    return path


def test_coco_becomes_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CO-1 to CO-4: class ids become strings, only used categories, the date in the manifest's form."""
    assert run("coco", coco_file(tmp_path), "--s3", "s3://photographs/val/") == 0
    first, second = lines_of(tmp_path / "custom_labels.manifest")
    assert first == {
        "source-ref": "s3://photographs/val/000000245915.jpg",
        "bounding-box": {
            "image_size": [{"width": 640, "height": 426, "depth": 3}],
            "annotations": [{"class_id": 2, "left": 86.5, "top": 65, "width": 220.25, "height": 334}],
        },
        "bounding-box-metadata": {
            "objects": [{"confidence": 1}],
            "class-map": {"2": "Echo Dot"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2013-11-18T02:53:27",
            "job-name": "labeling-job/coco",
        },
    }
    assert second["source-ref"] == "s3://photographs/val/sub/b.jpg"
    assert second["bounding-box-metadata"]["class-map"] == {"1": "Echo", "2": "Echo Dot"}
    assert_clean(tmp_path / "custom_labels.manifest")
    assert "2 images, 2 labels" in capsys.readouterr().out


def test_coco_images_without_annotations_are_kept_empty(tmp_path: Path) -> None:
    """CO-3."""
    assert run("coco", coco_file(tmp_path, []), "--s3", "s3://photographs", "--output", "out.manifest") == 0
    assert [line["bounding-box"]["annotations"] for line in lines_of(tmp_path / "out.manifest")] == [[], []]


def test_coco_boxes_outside_the_frame_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = [{"image_id": 7, "category_id": 1, "bbox": [600, 400, 100, 100]}]
    assert run("coco", coco_file(tmp_path, outside), "--s3", "s3://photographs") == 1
    assert "ERROR_INVALID_BOUNDING_BOX" in capsys.readouterr().out


def test_coco_boxes_are_clipped_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = [[600, 400, 100, 100], [-10, -5, 50, 60.5], [700, 10, 20, 20], [5, 5, 20, 1], [10, 10, 20, 20]]
    annotations = [{"image_id": 7, "category_id": 1, "bbox": bbox} for bbox in boxes]
    assert run("coco", coco_file(tmp_path, annotations), "--s3", "s3://photographs", "--clip") == 0
    kept = lines_of(tmp_path / "custom_labels.manifest")[0]["bounding-box"]["annotations"]
    assert [(box["left"], box["top"], box["width"], box["height"]) for box in kept] == [
        (600, 400, 40, 26),
        (0, 0, 40, 55.5),
        (10, 10, 20, 20),
    ]
    assert "2 boxes clipped, 2 left out as too small" in capsys.readouterr().out


def test_coco_boxes_too_small_for_a_training_are_left_out_when_clipping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """J-16: of a picture of 4000 px, which a training reduces to 1280, a box of 3 px is less than one."""
    boxes = [[3997, 10, 100, 100], [3996, 10, 100, 100], [10, 10, 3, 50]]
    document = {
        **COCO,
        "images": [{**COCO["images"][0], "width": 4000, "height": 3000}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": bbox} for bbox in boxes],
    }
    (tmp_path / "large.json").write_text(json.dumps(document))
    assert run("coco", "large.json", "--s3", "s3://photographs", "--clip") == 0
    [line] = lines_of(tmp_path / "custom_labels.manifest")
    assert [box["left"] for box in line["bounding-box"]["annotations"]] == [3996]
    assert "1 boxes clipped, 2 left out as too small" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("captured", "created"),
    [
        ("2013-11-14 17:02:52", "2013-11-14T17:02:52"),
        ("2013-11-14T17:02:52+05:00", "2013-11-14T12:02:52"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_coco_dates_become_creation_dates(tmp_path: Path, captured: str, created: str) -> None:
    """CO-2; in UTC, and with four digits of the year that some programs write for an unknown date."""
    images = [{**image, "date_captured": captured} for image in COCO["images"]]
    (tmp_path / "dates.json").write_text(json.dumps({**COCO, "images": images}))
    assert run("coco", "dates.json", "--s3", "s3://photographs") == 0
    lines = lines_of(tmp_path / "custom_labels.manifest")
    assert {line["bounding-box-metadata"]["creation-date"] for line in lines} == {created}


def test_coco_urls_on_s3_need_no_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CO-2."""
    images = [{**image, "coco_url": f"s3://other/{image['file_name']}"} for image in COCO["images"]]
    (tmp_path / "urls.json").write_text(json.dumps({**COCO, "images": images}))
    assert run("coco", "urls.json") == 0
    assert lines_of(tmp_path / "custom_labels.manifest")[1]["source-ref"] == "s3://other/sub/b.jpg"
    assert run("coco", coco_file(tmp_path)) == 1
    assert "say with --s3" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        "{}",
        '{"images": [], "annotations": 3, "categories": []}',
        '{"images": [{"id": 1}], "annotations": [], "categories": []}',
        '{"images": [{"id": 1, "file_name": 5, "width": 9, "height": 9}], "annotations": [], "categories": []}',
        '{"images": [{"id": 1, "file_name": "a.jpg", "width": "9", "height": 9}], "annotations": [], "categories": []}',
        '{"images": [], "annotations": [], "categories": [{"id": "7", "name": "cat"}]}',
        '{"images": [], "annotations": [], "categories": [{"id": 7, "name": null}]}',
        '{"images": [], "annotations": [], "categories": [7]}',
        *(
            '{"images": [{"id": 1, "file_name": "a.jpg", "width": 99, "height": 99}],'
            f' "annotations": [{{"image_id": 1, "category_id": 5, "bbox": {bbox}}}],'
            ' "categories": [{"id": 5, "name": "cat"}]}'
            for bbox in ("[1, 2]", "null", '["1", 2, 3, 4]', "[NaN, 2, 3, 4]", "[1, 2, 3, 1e400]")
        ),
        '{"images": [], "annotations": [{"image_id": 1}], "categories": []}',
        '{"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],'
        ' "annotations": [{"image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 4]}], "categories": []}',
    ],
)
def test_what_is_no_coco_is_said_in_one_line(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text(content)
    assert run("coco", "x.json", "--s3", "s3://photographs") == 1
    error = capsys.readouterr().err
    assert error.startswith("custom-labels convert: x.json")
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json"]


@pytest.mark.parametrize("flags", [[], ["--clip"]])
def test_half_a_character_is_said_in_one_line(
    tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.dumps({**COCO, "categories": [{"id": 1, "name": "\ud800"}, {"id": 2, "name": "b"}]})
    (tmp_path / "x.json").write_text(content)
    assert run("coco", "x.json", "--s3", "s3://photographs", *flags) == 1
    error = capsys.readouterr().err
    assert error.startswith("custom-labels convert: a name is not Unicode text")
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json"]


def test_a_manifest_that_no_dataset_takes_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """E-1, TE-7; a single label is not an error of the manifest: a testing manifest may have one."""
    (tmp_path / "none.json").write_text(json.dumps({**COCO, "images": [], "annotations": []}))
    assert run("coco", "none.json", "--s3", "s3://photographs") == 1
    assert "ERROR_EMPTY_MANIFEST" in capsys.readouterr().out
    (tmp_path / "two.csv").write_text("s3://first/1.jpg,cat\ns3://other/2.jpg,dog\n")
    assert run("csv", "two.csv") == 1
    assert "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS" in capsys.readouterr().out
    (tmp_path / "one.csv").write_text("1.jpg,cat\n2.jpg,cat\n")
    assert run("csv", "one.csv", "--s3", "s3://photographs") == 0
