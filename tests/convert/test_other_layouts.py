"""`custom-labels convert`: tables with headers, tables of boxes, Pascal VOC, YOLO, and files of another format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.converting import assert_clean, lines_of, run

pytestmark = pytest.mark.usefixtures("working_folder")

S3 = ("--s3", "s3://photographs/set")


def labels_of(line: dict[str, object]) -> list[object]:
    return [value["class-name"] for key, value in line.items() if key.endswith("-metadata") and isinstance(value, dict)]


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        ("filename,label\na.jpg,cat\nb.jpg,dog\n", [["cat"], ["dog"]]),
        ("Image,Species,Colour\na.jpg,cat,red\nb.jpg,dog,\n", [["cat"], ["dog"]]),
        ("label,path\ncat,a.jpg\ndog,b.jpg\n", [["cat"], ["dog"]]),
        ("id,photo of the day\na.jpg,cat\nb.jpg,dog\n", [["cat"], ["dog"]]),
        ("filename,cat,dog\na.jpg,1,0\nb.jpg,1,1\n", [["cat"], ["cat", "dog"]]),
        ("a.jpg,cat\nb.jpg,7\n", [["cat"], ["7"]]),
    ],
)
def test_a_header_is_no_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, labels: list[list[str]]
) -> None:
    (tmp_path / "a.csv").write_text(table)
    assert run("csv", "a.csv", *S3) == 0
    lines = lines_of(tmp_path / "a.manifest")
    assert [line["source-ref"] for line in lines] == ["s3://photographs/set/a.jpg", "s3://photographs/set/b.jpg"]
    assert [labels_of(line) for line in lines] == labels
    is_headed = not table.startswith("a.jpg")
    assert ("the first row is a header, not an image" in capsys.readouterr().err) is is_headed


def test_a_table_of_boxes_becomes_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row a box, as TensorFlow's tutorials and Roboflow write it."""
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    rows = head + "a.jpg,640,480,cat,10,20,110,220\na.jpg,640,480,dog,1,2,81,92\n"
    (tmp_path / "a.csv").write_text(rows)
    assert run("csv", "a.csv", *S3) == 0
    [line] = lines_of(tmp_path / "a.manifest")
    assert line["bounding-box"]["image_size"] == [{"width": 640, "height": 480, "depth": 3}]
    assert line["bounding-box"]["annotations"] == [
        {"class_id": 0, "left": 10, "top": 20, "width": 100, "height": 200},
        {"class_id": 1, "left": 1, "top": 2, "width": 80, "height": 90},
    ]
    assert line["bounding-box-metadata"]["class-map"] == {"0": "cat", "1": "dog"}
    assert "table of boxes" in capsys.readouterr().err
    assert_clean(tmp_path / "a.manifest")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("a.jpg,10,20,110,220,cat\nb.jpg,1,2,81,92,dog\n", "a table of boxes without a header: columns 2, 3, 4, 5"),
        ("filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,3,4\n", "lacks the images' width and height"),
        ("filename,width,height,xmin,ymin,xmax,ymax\na.jpg,9,9,1,2,3,4\n", "lacks a column class"),
        ('image_id,width,height,bbox\na.jpg,9,9,"[1, 2, 3, 4]"\n', "boxes in one column"),
        ("1,cat\n2,dog\n", "column 1 does not name images: '1'"),
        ("name,age\nAnn,7\n", "column 1 does not name images: 'Ann'"),
    ],
)
def test_tables_of_something_else_are_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, told: str
) -> None:
    (tmp_path / "a.csv").write_text(table)
    assert run("csv", "a.csv", *S3) == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "a.manifest").exists()


VOC = """<annotation><folder>x</folder><filename>{name}</filename>
<size><width>{width}</width><height>80</height><depth>3</depth></size>
<object><name>cat</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60.5</xmax><ymax>70</ymax></bndbox></object>
</annotation>"""


def test_pascal_voc_becomes_boxes(tmp_path: Path) -> None:
    folder = tmp_path / "voc"
    (folder / "JPEGImages").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    Image.new("RGB", (100, 80), "navy").save(folder / "JPEGImages" / "a.jpg")
    (folder / "Annotations" / "a.xml").write_text(VOC.format(name="a.jpg", width=100))
    (folder / "Annotations" / "b.xml").write_text(VOC.format(name="C:\\me\\b.jpg", width=100))
    assert run("voc", "voc", *S3) == 0
    first, second = lines_of(tmp_path / "voc.manifest")
    assert first["source-ref"] == "s3://photographs/set/JPEGImages/a.jpg"
    assert second["source-ref"] == "s3://photographs/set/b.jpg"
    assert first["bounding-box"]["annotations"] == [{"class_id": 0, "left": 10, "top": 20, "width": 50.5, "height": 50}]
    assert_clean(tmp_path / "voc.manifest")


def test_pascal_voc_tells_images_of_one_name_in_two_folders_apart(tmp_path: Path) -> None:
    for name in ("a/b.jpg", "b.jpg"):
        for kind in ("JPEGImages", "Annotations"):
            (tmp_path / "voc" / kind / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 80), "navy").save(tmp_path / "voc" / "JPEGImages" / name)
        (tmp_path / "voc" / "Annotations" / name).with_suffix(".xml").write_text(VOC.format(name="b.jpg", width=100))
    assert run("voc", "voc", *S3) == 0
    sources = [line["source-ref"].removeprefix("s3://photographs/set/") for line in lines_of(tmp_path / "voc.manifest")]
    assert sources == ["JPEGImages/a/b.jpg", "JPEGImages/b.jpg"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<annotation>", "is not XML"),
        ("<annotations/>", "its root is annotations"),
        (VOC.format(name="", width=100), "names no image"),
        (VOC.format(name="a.jpg", width=0), "the size is 0 x 80"),
        (VOC.format(name="a.jpg", width="wide"), "size/width is not a number: 'wide'"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "declares entities"),
    ],
)
def test_other_xml_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str) -> None:
    (tmp_path / "voc").mkdir()
    (tmp_path / "voc" / "a.xml").write_text(text)
    assert run("voc", "voc", *S3) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "train: images\nnc: 2\nnames: ['cat', \"a, b\"]\n"),
        ("data.yaml", "names:\n  0: cat\n  1: 'a, b'\nnc: 2\n"),
        ("data.yaml", "names:\n- cat\n- a, b\n"),
        ("classes.txt", "cat\na, b\n"),
    ],
)
def test_yolo_becomes_boxes(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for image in ("a.jpg", "b.png"):
        Image.new("RGB", (200, 100), "navy").save(folder / "images" / image)
    (folder / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.4\n0 0.1 0.1 0.2004 0.2\n")
    (folder / name).write_text(text)
    assert run("yolo", "set", *S3) == 0
    first, second = lines_of(tmp_path / "set.manifest")
    assert first["source-ref"] == "s3://photographs/set/images/a.jpg"
    assert first["bounding-box"]["annotations"] == [
        {"class_id": 0, "left": 50, "top": 30, "width": 100, "height": 40},
        {"class_id": 1, "left": 0, "top": 0, "width": 40.08, "height": 20},
    ]
    assert first["bounding-box-metadata"]["class-map"] == {"0": "a, b", "1": "cat"}
    assert second["bounding-box"]["annotations"] == []


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("1 0.5 0.5\n", "is not a row of YOLO"),
        ("cat 0.5 0.5 0.1 0.1\n", "is not a row"),
        ("0 9 9 50 50\n", "in pixels"),
    ],
)
def test_other_rows_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: str, told: str) -> None:
    (tmp_path / "set").mkdir()
    Image.new("RGB", (200, 100), "navy").save(tmp_path / "set" / "a.jpg")
    (tmp_path / "set" / "a.txt").write_text(labels)
    assert run("yolo", "set", *S3) == 1
    assert told in capsys.readouterr().err


def test_a_folder_without_labels_is_not_yolo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set").mkdir()
    Image.new("RGB", (200, 100), "navy").save(tmp_path / "set" / "a.jpg")
    assert run("yolo", "set", *S3) == 1
    assert "no label files of YOLO" in capsys.readouterr().err


COCO: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": []}


@pytest.mark.parametrize(
    ("source_format", "content", "told"),
    [
        ("csv", json.dumps(COCO), "convert coco"),
        ("csv", "<annotation></annotation>", "convert voc"),
        ("csv", "0 0.5 0.5 0.1 0.1\n", "convert yolo"),
        ("csv", "PK\x03\x04", "ZIP archive"),
        ("coco", "a.jpg,cat\nb.jpg,dog\n", "convert csv"),
        ("coco", "<annotation></annotation>", "convert voc"),
        ("multilabel", json.dumps(COCO), "convert coco"),
        ("multilabel", "a.jpg,cat\nb.jpg,dog\n", "convert csv"),
    ],
)
def test_a_file_of_another_format_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source_format: str, content: str, told: str
) -> None:
    (tmp_path / "input.txt").write_text(content)
    assert run(source_format, "input.txt", *(() if source_format == "multilabel" else S3)) == 1
    assert told in capsys.readouterr().err
