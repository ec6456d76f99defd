"""`custom-labels convert`: each format, results that lint clean, and uploads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator.lint.check import lint
from emulator.lint.local_images import FolderImages
from support.converting import assert_clean, lines_of, run

pytestmark = pytest.mark.usefixtures("working_folder")


@pytest.mark.parametrize("content", ["", "\n\n", "1.jpg\n", "image;label\n1.jpg;cat\n"])
def test_a_csv_file_without_labels_is_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert run("csv", "a.csv", "--s3", "s3://photographs") == 1
    assert "a.csv has no labels: expected rows of image,label" in capsys.readouterr().err


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
    """ML-1, ML-2: numbered by position, the job is the last key that does not hold metadata."""
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
