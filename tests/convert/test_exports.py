"""`custom-labels export-dataset`: what other programs read of it, datasets of a running emulator, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas
import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO

from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.exports.formats import FORMATS
from emulator.convert.writing import write_manifest
from emulator.domain.manifest.writing import image_level_pair
from support.exporting import export
from support.pictures import SINGLE_LABELS, single_label_pictures
from support.projects import new_project
from support.server import EmulatorProcess

pytestmark = pytest.mark.usefixtures("working_folder")

PLACE = "s3://photographs/set"
ROSE, FLY = 'rose: "red"', "<fly>, #1"


def boxed(path: Path, *keys: str) -> Path:
    """Each image has a rose and a fly; the last one has nothing."""
    made = BoxLines("labeling-job/test")
    boxes = [LabelledBox(ROSE, 10.5, 20, 50, 60), LabelledBox(FLY, 0, 0, 8, 8)]
    *first, last = keys
    lines = [made.line(f"{PLACE}/{key}", 200, 100, boxes) for key in first]
    write_manifest(path, [*lines, made.line(f"{PLACE}/{last}", 300, 150, [])])
    return path


def labelled(path: Path, **labels: list[str]) -> Path:
    lines: list[dict[str, object]] = []
    for key, names in labels.items():
        line: dict[str, object] = {"source-ref": f"{PLACE}/{key}.png"}
        for name in names:
            line |= image_level_pair(name, name, 1, "job/test", "2024-01-01T00:00:00")
        lines.append(line)
    write_manifest(path, lines)
    return path


def test_coco_is_read_by_its_own_library(tmp_path: Path) -> None:
    source = boxed(tmp_path / "a.manifest", "a.jpg", "b.jpg")
    assert export(source, "--to", "coco") == 0
    read = COCO(str(tmp_path / "coco" / "annotations.json"))
    [first, second] = read.loadImgs(read.getImgIds())
    assert (first["file_name"], second["file_name"], second["width"]) == ("a.jpg", "b.jpg", 300)
    names = {category["id"]: category["name"] for category in read.loadCats(read.getCatIds())}
    found = [(names[item["category_id"]], item["bbox"]) for item in read.imgToAnns[first["id"]]]
    assert found == [(ROSE, [10.5, 20, 50, 60]), (FLY, [0, 0, 8, 8])]


def test_yolo_has_the_layout_of_version_5(tmp_path: Path) -> None:
    for name, size in (("a.jpg", (200, 100)), ("sub/b.jpg", (300, 150))):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, "navy").save(tmp_path / "pictures" / name)
    source = boxed(tmp_path / "a.manifest", "a.jpg", "sub/b.jpg")
    assert export(source, "--to", "yolo", "--images", "pictures", "--output", "out/yolo") == 0
    folder = tmp_path / "out" / "yolo"
    described = yaml.safe_load((folder / "data.yaml").read_text())
    assert described["names"] == {0: FLY, 1: ROSE}
    assert (folder / described["train"] / "sub" / "b.jpg").is_file()
    rows = [line.split() for line in (folder / "labels" / "a.txt").read_text().splitlines()]
    assert [[int(row[0]), *map(float, row[1:])] for row in rows] == [
        [1, pytest.approx(0.1775), pytest.approx(0.5), pytest.approx(0.25), pytest.approx(0.6)],
        [0, pytest.approx(0.02), pytest.approx(0.04), pytest.approx(0.04), pytest.approx(0.08)],
    ]
    assert (folder / "labels" / "sub" / "b.txt").read_text() == ""


def test_voc_has_one_file_an_image(tmp_path: Path) -> None:
    source = boxed(tmp_path / "a.manifest", "a.jpg", "a.png", "sub/b.jpg")
    assert export(source, "--to", "voc") == 0
    files = sorted(path.relative_to(tmp_path / "voc").as_posix() for path in (tmp_path / "voc").rglob("*.xml"))
    assert files == ["Annotations/a.jpg.xml", "Annotations/a.png.xml", "Annotations/sub/b.xml"]
    root = ElementTree.parse(tmp_path / "voc" / files[0]).getroot()
    assert [item.findtext("name") for item in root.iter("object")] == [ROSE, FLY]
    assert [root.findtext(f"object/bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")] == [
        *("10.5", "20", "60.5", "80")
    ]


def test_csv_is_the_table_of_tensorflows_tutorials(tmp_path: Path) -> None:
    assert export(boxed(tmp_path / "a.manifest", "a.jpg", "b.jpg"), "--to", "csv") == 0
    table = pandas.read_csv(tmp_path / "csv" / "annotations.csv")
    assert list(table.columns) == ["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
    assert table["class"].tolist()[:2] == [ROSE, FLY]
    assert table[["xmin", "ymin", "xmax", "ymax"]].values.tolist()[0] == [10.5, 20, 60.5, 80]


def test_a_dataset_of_a_running_emulator_with_its_images(
    emulator: EmulatorProcess, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = new_project(emulator, account)
    pictures = single_label_pictures(SINGLE_LABELS, 2)
    arn = project.create_dataset("TRAIN", pictures)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    ways = ("--endpoint-url", emulator.endpoint, "--with-images")
    assert export(arn, "--to", "folders", "--output", "sorted", *ways) == 0
    for picture in pictures:
        [label] = picture.labels
        assert (tmp_path / "sorted" / label / picture.name).read_bytes() == picture.body


def run_refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    assert export(*arguments) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("to", ["coco", "voc", "yolo"])
def test_labels_of_whole_images_have_no_boxes_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    source = labelled(tmp_path / "a.manifest", a=["cat"], b=["dog"])
    assert "use csv or folders" in run_refused(capsys, 1, source, "--to", to)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.manifest"]


@pytest.mark.parametrize(
    "key", ["../a.jpg", "sub/../../a.jpg", "/etc/a.jpg", "sub//a.jpg", "a\\b.jpg", "n" * 300 + ".jpg"]
)
@pytest.mark.parametrize("to", FORMATS)
def test_no_key_leads_out_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, to: str) -> None:
    (tmp_path / "pictures").mkdir()
    source = boxed(tmp_path / "a.manifest", key, "b.jpg")
    error = run_refused(capsys, 1, source, "--to", to, "--images", "pictures")
    assert "cannot be the path of a file" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.manifest", "pictures"]


@pytest.mark.parametrize("label", ["..", "a/b", ".hidden", "l" * 256, "a\\b"])
def test_labels_that_are_no_names_of_folders_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    (tmp_path / "pictures").mkdir()
    source = labelled(tmp_path / "a.manifest", a=[label])
    told = run_refused(capsys, 1, source, "--to", "folders", "--images", "pictures")
    assert "folder" in told or "no line" in told


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("missing.manifest", "--to", "coco"), 2, "there is no missing.manifest"),
        (("a.manifest", "--to", "coco", "--output", "."), 2, "is there already"),
        (("a.manifest", "--to", "folders"), 2, "give their folder with --images"),
        (("a.manifest", "--to", "coco", "--images", "nowhere"), 2, "there is no folder nowhere"),
        (("a.manifest", "--to", "coco", "--images", "empty"), 1, "there is no image a.jpg below empty"),
        (("empty.manifest", "--to", "coco"), 1, "has no line that could be used"),
        (("arn:aws:rekognition:us-east-1:1:project/a", "--to", "coco"), 2, "is not the ARN of a dataset"),
        (("stems.manifest", "--to", "yolo"), 1, "would share labels/a.txt"),
    ],
)
def test_refusals_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, told: str
) -> None:
    boxed(tmp_path / "a.manifest", "a.jpg", "b.jpg")
    boxed(tmp_path / "stems.manifest", "a.jpg", "a.png", "b.jpg")
    (tmp_path / "empty.manifest").write_text("{}\n")
    (tmp_path / "empty").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert told in run_refused(capsys, code, *arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_lines_that_no_training_could_use_are_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = boxed(tmp_path / "a.manifest", "a.jpg", "b.jpg")
    line: dict[str, Any] = json.loads(source.read_text().splitlines()[0])
    line["source-ref"] = f"{PLACE}/c.jpg"
    line["bounding-box"]["annotations"][0]["width"] = 5_000
    source.write_text(source.read_text() + json.dumps(line) + "\n" + "not JSON\n" + source.read_text().splitlines()[0])
    assert export(source, "--to", "coco") == 0
    assert "left out 2 lines and 1 boxes" in capsys.readouterr().err
