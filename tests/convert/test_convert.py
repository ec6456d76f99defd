"""`custom-labels convert`: each format, results that lint clean, and uploads."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator.convert import command
from emulator.convert.lint_check import lint
from emulator.convert.local_images import FolderImages


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="custom-labels convert")
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_clean(path: Path) -> None:
    result = lint(path, None, None)
    assert [offence for file in result.files for offence in file.offences] == []


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


COCO = {
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
    images = [{**image, "coco_url": f"s3://other/{image['file_name']}"} for image in COCO["images"]]  # type: ignore[dict-item]
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
    assert error.startswith("custom-labels convert: a name is no Unicode text")
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json"]


@pytest.mark.parametrize("content", ["", "\n\n", "1.jpg\n", "image;label\n1.jpg;cat\n"])
def test_a_csv_file_without_labels_is_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert run("csv", "a.csv", "--s3", "s3://photographs") == 1
    assert "a.csv has no labels: expected rows of image,label" in capsys.readouterr().err


def test_a_manifest_that_no_dataset_takes_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """E-1, TE-7; a single label is no matter of the manifest: a testing manifest may have one."""
    (tmp_path / "none.json").write_text(json.dumps({**COCO, "images": [], "annotations": []}))
    assert run("coco", "none.json", "--s3", "s3://photographs") == 1
    assert "ERROR_EMPTY_MANIFEST" in capsys.readouterr().out
    (tmp_path / "two.csv").write_text("s3://first/1.jpg,cat\ns3://other/2.jpg,dog\n")
    assert run("csv", "two.csv") == 1
    assert "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS" in capsys.readouterr().out
    (tmp_path / "one.csv").write_text("1.jpg,cat\n2.jpg,cat\n")
    assert run("csv", "one.csv", "--s3", "s3://photographs") == 0


def test_csv_becomes_one_attribute_a_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CS-4; empty columns and rows are passed over."""
    (tmp_path / "flowers.csv").write_text("camellia1.jpg,camellia,with_leaves\n\njonquil1.jpg,jonquil,,\n", "utf-8")
    assert run("csv", "flowers.csv", "--s3", "s3://photographs/flowers/") == 0
    first, second = lines_of(tmp_path / "flowers.manifest")
    assert list(first) == ["source-ref", "camellia", "camellia-metadata", "with_leaves", "with_leaves-metadata"]
    assert first["source-ref"] == "s3://photographs/flowers/camellia1.jpg"
    created = first["camellia-metadata"].pop("creation-date")
    assert len(created) == len("2026-11-21T00:00:00.000000")
    assert (first["camellia"], first["camellia-metadata"]) == (
        1,
        {
            "confidence": 1,
            "job-name": "labeling-job/camellia",
            "class-name": "camellia",
            "human-annotated": "yes",
            "type": "groundtruth/image-classification",
        },
    )
    assert list(second) == ["source-ref", "jonquil", "jonquil-metadata"]
    assert_clean(tmp_path / "flowers.manifest")
    assert "2 images, 3 labels" in capsys.readouterr().out


def test_csv_rows_may_hold_whole_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CS-1."""
    (tmp_path / "a.csv").write_text("\ufeffs3://photographs/1.jpg, cat\ns3://photographs/2.jpg,dog\n", "utf-8")
    assert run("csv", "a.csv") == 0
    assert [line["source-ref"] for line in lines_of(tmp_path / "a.manifest")] == [
        "s3://photographs/1.jpg",
        "s3://photographs/2.jpg",
    ]
    assert run("csv", "a.csv", "--s3", "s3://photographs") == 1
    (tmp_path / "b.csv").write_text("s3://photographs/1.jpg,cat\n2.jpg,dog\n")
    assert run("csv", "b.csv") == 1
    assert "say with --s3" in capsys.readouterr().err


def test_csv_duplicates_are_separated_and_no_manifest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CS-3; the deduplicated file converts."""
    (tmp_path / "a.csv").write_text("1.jpg,cat\n2.jpg,dog\n1.jpg,dog\n")
    assert run("csv", "a.csv", "--s3", "s3://photographs") == 1
    assert "a-deduplicated.csv" in capsys.readouterr().err
    assert (tmp_path / "a-deduplicated.csv").read_text() == "1.jpg,cat\n2.jpg,dog\n"
    assert (tmp_path / "a-duplicates.csv").read_text() == "1.jpg,dog\n"
    assert not (tmp_path / "a.manifest").exists()
    assert run("csv", "a-deduplicated.csv", "--s3", "s3://photographs") == 0


@pytest.mark.parametrize("label", ["source-ref", "errors", "a-metadata", "cl-metadata", "mask-ref"])
def test_csv_labels_with_awkward_names_stay_labels(tmp_path: Path, label: str) -> None:
    (tmp_path / "a.csv").write_text(f"1.jpg,{label},plain\n")
    assert run("csv", "a.csv", "--s3", "s3://photographs") == 0
    result = lint(tmp_path / "a.manifest", None, None)
    assert result.validation.labels == tuple(sorted((label, "plain")))


def test_folders_name_their_images(tmp_path: Path) -> None:
    """D-7: the direct child folder counts, images directly at the location have no label."""
    for name in ("echo/1.jpg", "echo-dot/2.PNG", "echo-dot/white-echo-dot/3.jpeg", "4.jpg", ".hidden/5.jpg"):
        picture(tmp_path / "alexa-devices" / name)
    (tmp_path / "alexa-devices" / "echo" / "notes.txt").write_text("no image")
    assert run("folders", "alexa-devices", "--s3", "s3://photographs/devices") == 0
    lines = lines_of(tmp_path / "alexa-devices.manifest")
    found = {line["source-ref"]: line.get("folder-label-metadata", {}).get("class-name") for line in lines}
    assert found == {
        "s3://photographs/devices/4.jpg": None,
        "s3://photographs/devices/echo/1.jpg": "echo",
        "s3://photographs/devices/echo-dot/2.PNG": "echo-dot",
        "s3://photographs/devices/echo-dot/white-echo-dot/3.jpeg": "echo-dot",
    }
    assert run("folders", "alexa-devices/echo-dot", "--s3", "s3://photographs/devices") == 0
    inner = lines_of(tmp_path / "echo-dot.manifest")
    assert [line.get("folder-label-metadata", {}).get("class-name") for line in inner] == [None, "white-echo-dot"]


def test_links_to_pictures_and_folders_are_followed(tmp_path: Path) -> None:
    """D-7; a link to a folder above does not lead round and round."""
    picture(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    (tmp_path / "pets" / "cat" / "2.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "pets" / "cat" / "again").symlink_to(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "pets" / "dog").symlink_to(tmp_path / "elsewhere")
    assert run("folders", "pets", "--s3", "s3://photographs") == 0
    names = [line["source-ref"] for line in lines_of(tmp_path / "pets.manifest")]
    assert names == ["s3://photographs/cat/2.jpg", "s3://photographs/dog/1.jpg"]
    assert lint(tmp_path / "pets.manifest", None, FolderImages(str(tmp_path / "pets"))).is_clean


def test_multilabel_becomes_one_attribute_a_label(tmp_path: Path) -> None:
    """ML-1, ML-2: numbered by position, the job is the last key that is no metadata."""
    line = {
        "source-ref": "s3://photographs/1.jpg",
        "sport": [0, 2],
        "sport-metadata": {
            "class-map": {"0": "ball", "2": "goal"},
            "confidence-map": {"0": 0.98, "2": 0.5},
            "job-name": "labeling-job/sport",
            "human-annotated": "yes",
            "creation-date": "2018-10-18T22:18:13.527256",
            "type": "groundtruth/image-classification-multilabel",
        },
    }
    ready = {"source-ref": "s3://photographs/2.jpg"}
    (tmp_path / "in.manifest").write_text(json.dumps(line) + "\n" + json.dumps(ready) + "\n")
    assert run("multilabel", "in.manifest") == 0
    first, second = lines_of(tmp_path / "custom_labels_in.manifest")
    common = {
        "type": "groundtruth/image-classification",
        "job-name": "labeling-job/sport",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
    }
    assert first == {
        "source-ref": "s3://photographs/1.jpg",
        "sport0": 0,
        "sport0-metadata": {"class-name": "ball", "confidence": 0.98, **common},
        "sport1": 1,
        "sport1-metadata": {"class-name": "goal", "confidence": 0.5, **common},
    }
    assert second == ready
    result = lint(tmp_path / "custom_labels_in.manifest", None, None)
    assert result.validation.labels == ("ball", "goal")
    assert result.is_clean


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"source-ref": "s3://b/k", "a": [0], "a-metadata": {}}',
        '{"source-ref": "s3://b/k", "a": [0], "a-metadata": {"class-map": {"0": 7}, "confidence-map": {"0": 1}}}',
        '{"a": [0]}',
        "\x00",
    ],
)
def test_what_is_no_multilabel_manifest_is_said_in_one_line(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.manifest").write_text(line + "\n")
    assert run("multilabel", "in.manifest") == 1
    assert capsys.readouterr().err.startswith("custom-labels convert: in.manifest:1")


def test_a_multilabel_manifest_of_too_many_lines_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """E-3: no manifest may have them."""
    (tmp_path / "in.manifest").write_text("{}\n" * 250_001)
    assert run("multilabel", "in.manifest") == 1
    assert capsys.readouterr().err == "custom-labels convert: in.manifest: The manifest file has too many rows.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.manifest"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["folders", "pictures"],
        ["folders", "missing", "--s3", "s3://photographs"],
        ["csv", "missing.csv", "--s3", "s3://photographs"],
        ["folders", "pictures", "--s3", "photographs"],
        ["folders", "pictures", "--s3", "s3://a", "--upload", "s3://b"],
        ["folders", "pictures", "--s3", "s3://photographs", "--output", "manifest"],
        ["csv", "a.csv", "--upload", "s3://photographs"],
        ["csv", "rows.manifest", "--s3", "s3://photographs"],
        ["csv", "a.csv", "--s3", "s3://photographs", "--output", "a.csv"],
        ["folders", "pictures", "--upload", "s3://photographs", "--endpoint-url", "nowhere"],
    ],
)
def test_wrong_usage_has_exit_code_two(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "pictures" / "a" / "1.jpg")
    for name in ("a.csv", "rows.manifest"):
        (tmp_path / name).write_text("1.jpg,cat\n")
    assert run(*arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "rows.manifest").read_text() == "1.jpg,cat\n"


@pytest.mark.parametrize("output", ["missing/a.manifest", "folder.manifest"])
def test_a_manifest_that_cannot_be_written_is_named(
    tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("1.jpg,cat\n")
    (tmp_path / "folder.manifest").mkdir()
    assert run("csv", "a.csv", "--s3", "s3://bkt/images", "--output", output) == 2
    assert capsys.readouterr().err.startswith(f"custom-labels convert: {output}: ")


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (100, 80), "teal").save(path)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.us-east-1.amazonaws.com")
    with moto.mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


def test_upload_puts_images_and_manifest_into_a_bucket(
    tmp_path: Path, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pets/a/1.jpg", "pets/b/2.png", "three.jpg"):
        picture(tmp_path / name)
    (tmp_path / "pets" / "3.jpg").symlink_to(tmp_path / "three.jpg")
    assert run("folders", "pets", "--upload", "s3://photographs/pets") == 0
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="photographs")["Contents"]]
    assert keys == ["pets/3.jpg", "pets/a/1.jpg", "pets/b/2.png", "pets/pets.manifest"]
    assert s3.head_object(Bucket="photographs", Key="pets/b/2.png")["ContentType"] == "image/png"
    stored = s3.get_object(Bucket="photographs", Key="pets/pets.manifest")["Body"].read()
    assert stored == (tmp_path / "pets.manifest").read_bytes()
    assert json.loads(stored.splitlines()[0])["source-ref"] == "s3://photographs/pets/3.jpg"
    assert "uploaded 3 images and s3://photographs/pets/pets.manifest" in capsys.readouterr().out


def test_nothing_is_uploaded_if_an_image_is_missing(
    tmp_path: Path, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "pictures" / "1.jpg")
    (tmp_path / "a.csv").write_text("1.jpg,cat\n../a.csv,dog\n")
    assert run("csv", "a.csv", "--images", "pictures", "--upload", "s3://photographs") == 1
    assert "there is no image ../a.csv" in capsys.readouterr().err
    assert s3.list_buckets()["Buckets"] == []
