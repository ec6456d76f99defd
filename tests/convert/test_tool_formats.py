"""`custom-labels convert labelstudio|cvat|via|openimages`: files in the form in which the tools write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.converting import assert_clean, lines_of, run

pytestmark = pytest.mark.usefixtures("working_folder")

S3 = ("--s3", "s3://photographs/set")
JSON = Any


def boxes_of(line: JSON) -> list[tuple[str, float, float, float, float]]:
    names = line["bounding-box-metadata"]["class-map"]
    return [
        (names[str(box["class_id"])], box["left"], box["top"], box["width"], box["height"])
        for box in line["bounding-box"]["annotations"]
    ]


def size_of(line: JSON) -> tuple[int, int]:
    [size] = line["bounding-box"]["image_size"]
    return size["width"], size["height"]


def labels_of(line: JSON) -> list[str]:
    return [value["class-name"] for key, value in line.items() if key.endswith("-metadata")]


def picture(path: Path, width: int = 200, height: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), "navy").save(path)


def rectangle(label: str, x: float, y: float, width: float, height: float, **more: JSON) -> JSON:
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]} | more
    return {
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": value,
        "id": "aB3_x",
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "origin": "manual",
    }


def task(image: str, *results: JSON, **annotation: JSON) -> JSON:
    made = {"id": 1, "completed_by": 1, "result": list(results), "was_cancelled": False, "ground_truth": False}
    return {"id": 7, "annotations": [made | annotation], "data": {"image": image}, "predictions": [], "meta": {}}


def write(path: Path, document: JSON) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.name


def test_label_studio_becomes_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = [
        task(
            "/data/upload/3/1a2b3c4d-red%20rose.jpg", rectangle("rose", 10, 20, 25, 50), rectangle("fly", 0, 0, 5, 10)
        ),
        task("/data/local-files/?d=garden/b.jpg", rectangle("rose", 50, 50, 50.0004, 50)),
        task("https://photos.example/album/c.jpg?size=full", rectangle("rose", 50, 50, 10, 20, rotation=90)),
        task("s3://elsewhere/deep/d.jpg"),
    ]
    tasks[0]["annotations"].append(task("", rectangle("moth", 0, 0, 9, 9), was_cancelled=True)["annotations"][0])
    assert run("labelstudio", write(tmp_path / "export.json", tasks), *S3) == 0
    lines = lines_of(tmp_path / "export.manifest")
    assert [line["source-ref"].removeprefix("s3://photographs/set/") for line in lines] == [
        *("red rose.jpg", "garden/b.jpg", "c.jpg", "deep/d.jpg")
    ]
    assert boxes_of(lines[0]) == [("rose", 20, 20, 50, 50), ("fly", 0, 0, 10, 10)]
    assert boxes_of(lines[1]) == [("rose", 100, 50, 100, 50)]
    assert boxes_of(lines[2]) == [("rose", 80, 50, 20, 20)]  # turned about its top left corner
    assert size_of(lines[0]) == (200, 100)
    assert lines[3] == {"source-ref": "s3://photographs/set/deep/d.jpg"}
    assert "1 turned boxes became the boxes around them" in capsys.readouterr().err


def test_label_studio_polygons_and_ellipses_become_boxes_and_the_newest_annotation_counts(tmp_path: Path) -> None:
    polygon = rectangle("leaf", 0, 0, 0, 0)
    polygon["value"] = {"points": [[10, 10], [30, 20], [20, 40]], "polygonlabels": ["leaf"], "closed": True}
    ellipse = rectangle("drop", 0, 0, 0, 0)
    ellipse["value"] = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0, "ellipselabels": ["drop"]}
    tasks = [task("/data/upload/1/00000000-a.jpg", rectangle("old", 0, 0, 9, 9), updated_at="2024-01-01T00:00:00Z")]
    newer = task("", polygon, ellipse, updated_at="2024-02-01T00:00:00Z")
    tasks[0]["annotations"].insert(0, newer["annotations"][0])
    assert run("labelstudio", write(tmp_path / "export.json", tasks), *S3) == 0
    [line] = lines_of(tmp_path / "export.manifest")
    assert boxes_of(line) == [("leaf", 20, 10, 40, 30), ("drop", 80, 30, 40, 40)]
    assert_clean(tmp_path / "export.manifest")


def test_label_studio_choices_become_labels_of_images(tmp_path: Path) -> None:
    choices = {"value": {"choices": ["cat", "dog"]}, "from_name": "choice", "to_name": "image", "type": "choices"}
    tasks = [task("s3://photographs/a.jpg", choices), task("s3://photographs/b.jpg")]
    assert run("labelstudio", write(tmp_path / "export.json", tasks)) == 0
    first, second = lines_of(tmp_path / "export.manifest")
    assert (first["source-ref"], labels_of(first), labels_of(second)) == ("s3://photographs/a.jpg", ["cat", "dog"], [])


def test_label_studio_json_min(tmp_path: Path) -> None:
    shape = {"x": 10, "y": 20, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["rose"]}
    shape |= {"original_width": 200, "original_height": 100}
    more = {"annotator": 1, "annotation_id": 2, "created_at": "2024-01-01T00:00:00Z", "lead_time": 1.5}
    tasks = [{"image": "/data/upload/1/1a2b3c4d-a.jpg", "id": 1, "label": [shape], **more}]
    assert run("labelstudio", write(tmp_path / "boxes.json", tasks), *S3) == 0
    assert boxes_of(lines_of(tmp_path / "boxes.manifest")[0]) == [("rose", 20, 20, 50, 50)]
    chosen = [{"image": "/data/upload/1/1a2b3c4d-a.jpg", "id": 1, "choice": "cat", **more}]
    assert run("labelstudio", write(tmp_path / "labels.json", chosen), *S3) == 0
    assert labels_of(lines_of(tmp_path / "labels.manifest")[0]) == ["cat"]


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><labels><label><name>rose</name></label></labels></task></meta>
  <image id="0" name="garden/a &amp; b.jpg" width="200" height="100">
    <box label="rose" source="manual" occluded="0" xtl="10.50" ytl="20.00" xbr="60.50" ybr="70.25" z_order="0">
      <attribute name="colour">red</attribute>
    </box>
    <box label="fly" occluded="0" xtl="80" ytl="40" xbr="120" ybr="60" rotation="90.0" z_order="0"/>
    <polygon label="leaf" occluded="0" points="10.0,10.0;30.5,20.0;20.0,40.0" z_order="0"/>
    <ellipse label="drop" occluded="0" cx="100" cy="50" rx="20" ry="10" z_order="0"/>
    <mask label="spot" occluded="0" rle="1, 2, 3" left="5" top="6" width="7" height="8" z_order="0"/>
    <polyline label="stem" occluded="0" points="1,1;2,2" z_order="0"/>
  </image>
  <image id="1" name="b.jpg" width="200" height="100"></image>
</annotations>
"""


def test_cvat_becomes_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "annotations.xml").write_text(CVAT)
    assert run("cvat", "annotations.xml", *S3) == 0
    first, second = lines_of(tmp_path / "annotations.manifest")
    assert first["source-ref"] == "s3://photographs/set/garden/a & b.jpg"
    assert boxes_of(first) == [
        ("rose", 10.5, 20, 50, 50.25),
        ("fly", 90, 30, 20, 40),
        ("leaf", 10, 10, 20.5, 30),
        ("drop", 80, 40, 40, 20),
        ("spot", 5, 6, 7, 8),
    ]
    assert (boxes_of(second), size_of(second)) == ([], (200, 100))
    told = capsys.readouterr().err
    assert "1 polygons became the boxes around them" in told and "1 lines, points and cuboids left out" in told


def test_cvat_tags_become_labels_of_images(tmp_path: Path) -> None:
    image = '<image id="0" name="a.jpg" width="9" height="9"><tag label="cat" source="manual"></tag></image>'
    (tmp_path / "a.xml").write_text(f"<annotations><version>1.1</version>{image}</annotations>")
    assert run("cvat", "a.xml", *S3) == 0
    assert labels_of(lines_of(tmp_path / "a.manifest")[0]) == ["cat"]


BOMB = '<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;">]><annotations>&d;</annotations>'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (BOMB.encode(), "declares entities"),
        (("﻿<?xml version='1.0' encoding='utf-16'?>" + BOMB).encode("utf-16-le"), "declares entities"),
        (b"<annotations>" + b"<a>" * 200, "too deep"),
        (b"<annotations><image", "is not XML"),
        (b"<annotations><track id='0' label='a'/></annotations>", "of a video"),
        (b"<annotations><image name='a.jpg' width='0' height='3'/></annotations>", "the size of a.jpg is 0 x 3"),
        (b"<annotations><image name='a.jpg' width='nan' height='3'/></annotations>", "is not a number of pixels"),
        (b"<annotations><image width='9' height='3'/></annotations>", "image has no name"),
        (b"<annotations><version>1.1</version></annotations>", "names no images"),
    ],
)
def test_cvat_files_that_cannot_be_read_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes, told: str
) -> None:
    (tmp_path / "a.xml").write_bytes(body)
    assert run("cvat", "a.xml", *S3) == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "a.manifest").exists()


def region(shape: JSON, **attributes: JSON) -> JSON:
    return {"shape_attributes": shape, "region_attributes": attributes}


RECT = {"name": "rect", "x": 10, "y": 20, "width": 50, "height": 60}
CIRCLE = {"name": "circle", "cx": 50, "cy": 50, "r": 10}
POLYGON = {"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [2, 4, 8]}


@pytest.mark.parametrize("form", ["project", "annotations", "version 1"])
def test_via_becomes_boxes(tmp_path: Path, form: str) -> None:
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "b.jpg", 300, 150)
    regions = [region(RECT, label="rose", colour="red"), region(CIRCLE, label="fly"), region(POLYGON, label="leaf")]
    files: JSON = {
        "a.jpg1234": {"filename": "a.jpg", "size": 1234, "regions": regions, "file_attributes": {}},
        "b.jpg99": {"filename": "b.jpg", "size": 99, "regions": [], "file_attributes": {}},
    }
    if form == "version 1":
        for file in files.values():
            file["regions"] = {str(number): item for number, item in enumerate(file["regions"])}
    document = {"_via_settings": {}, "_via_img_metadata": files, "_via_attributes": {}} if form == "project" else files
    assert run("via", write(tmp_path / "via.json", document), "--images", "images", *S3) == 0
    first, second = lines_of(tmp_path / "via.manifest")
    assert boxes_of(first) == [("rose", 10, 20, 50, 60), ("fly", 40, 40, 20, 20), ("leaf", 1, 2, 8, 6)]
    assert (size_of(first), size_of(second), boxes_of(second)) == ((200, 100), (300, 150), [])


def test_via_tables_and_attributes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "images" / "a.jpg")
    head = "#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    shape = json.dumps(RECT).replace('"', '""')
    row = f'a.jpg,1234,"{{}}",1,0,"{shape}","{{""plant"":""rose"",""state"":{{""wilted"":true}}}}"\n'
    (tmp_path / "via.csv").write_text(head + row)
    assert run("via", "via.csv", "--images", "images", *S3) == 1
    assert "say with --attribute which of plant, state" in capsys.readouterr().err
    for attribute, label in (("plant", "rose"), ("state", "wilted")):
        assert run("via", "via.csv", "--images", "images", "--attribute", attribute, *S3) == 0
        assert boxes_of(lines_of(tmp_path / "via.manifest")[0]) == [(label, 10, 20, 50, 60)]


def test_via_needs_images_for_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"a.jpg1": {"filename": "../a.jpg", "size": 1, "regions": [region(RECT, label="rose")]}}
    assert run("via", write(tmp_path / "via.json", files), *S3) == 1
    assert "give the folder of the images with --images" in capsys.readouterr().err
    picture(tmp_path / "a.jpg")
    (tmp_path / "images").mkdir()
    assert run("via", "via.json", "--images", "images", *S3) == 1  # a name does not lead out of the folder
    assert "there is no image ../a.jpg below images" in capsys.readouterr().err


OPEN_IMAGES = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n"


def test_open_images_become_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "0a1b.jpg")
    picture(tmp_path / "images" / "0c.png", 400, 400)
    rows = "0a1b,xclick,/m/0c9ph5,1,0.1,0.35,0.2,0.7,0\n0a1b,xclick,/m/0x,1,0,0.5,0,0.5,0\n"
    (tmp_path / "boxes.csv").write_text(OPEN_IMAGES + rows + "0c,xclick,/m/0c9ph5,1,0.5,1,0.5,1,0\n")
    (tmp_path / "class-descriptions-boxable.csv").write_text("/m/0c9ph5,Flower\n/m/0y,Bee\n")
    assert run("openimages", "boxes.csv", "--images", "images", *S3) == 0
    first, second = lines_of(tmp_path / "boxes.manifest")
    assert first["source-ref"].endswith("/0a1b.jpg") and second["source-ref"].endswith("/0c.png")
    assert boxes_of(first) == [("Flower", 20, 20, 50, 50), ("/m/0x", 0, 0, 100, 50)]
    assert boxes_of(second) == [("Flower", 200, 200, 200, 200)]
    assert_clean(tmp_path / "boxes.manifest")


def test_open_images_labels_of_whole_images(tmp_path: Path) -> None:
    rows = "0a,verification,/m/0c,1\n0a,verification,/m/0d,0\n0b,verification,/m/0d,1\n"
    (tmp_path / "labels.csv").write_text("ImageID,Source,LabelName,Confidence\n" + rows)
    (tmp_path / "names.csv").write_text("LabelName,DisplayName\n/m/0c,Cat\n/m/0d,Dog\n")
    assert run("openimages", "labels.csv", "--classes", "names.csv", *S3) == 0
    assert [labels_of(line) for line in lines_of(tmp_path / "labels.manifest")] == [["Cat"], ["Dog"]]


def test_a_table_of_boxes_without_sizes_takes_them_from_the_images(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "a.csv").write_text("filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,30,40\n")
    assert run("csv", "a.csv", "--images", "images", *S3) == 0
    [line] = lines_of(tmp_path / "a.manifest")
    assert (size_of(line), boxes_of(line)) == ((200, 100), [("cat", 1, 2, 29, 38)])


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("names: ['a, b', \"c: \\u00e9\", plain # c\n]", ["a, b", "c: é", "plain"]),
        ("names:\n- 'it''s'\n- \"#1\"\n- two words # comment\n", ["it's", "#1", "two words"]),
        ("nc: 2\nnames:\n  0: cat\n  1: 'a]b'\n", ["cat", "a]b"]),
    ],
)
def test_names_in_data_yaml_are_read_as_yaml_has_them(tmp_path: Path, names: str, told: list[str]) -> None:
    picture(tmp_path / "yolo" / "images" / "a.jpg")
    (tmp_path / "yolo" / "data.yaml").write_text(f"train: images\n{names}", encoding="utf-8")
    (tmp_path / "yolo" / "labels").mkdir()
    rows = "".join(f"{number} 0.5 0.5 0.5 0.5\n" for number in range(len(told)))
    (tmp_path / "yolo" / "labels" / "a.txt").write_text(rows)
    assert run("yolo", "yolo", *S3) == 0
    assert [box[0] for box in boxes_of(lines_of(tmp_path / "yolo.manifest")[0])] == told


def test_outlines_of_a_yolo_segmentation_become_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "yolo" / "train" / "images" / "a.jpg")
    (tmp_path / "yolo" / "train" / "labels").mkdir()
    rows = "0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.3 0.2 0.2 0.4\n0 0.5 0.5 0.1 0.1 0.93\n"
    (tmp_path / "yolo" / "train" / "labels" / "a.txt").write_text(rows)
    (tmp_path / "yolo" / "data.yaml").write_text("names: [rose, leaf]\n")
    assert run("yolo", "yolo", *S3) == 0
    assert boxes_of(lines_of(tmp_path / "yolo.manifest")[0]) == [
        ("rose", 75, 25, 50, 50),
        ("leaf", 20, 10, 40, 30),
        ("rose", 90, 45, 20, 10),
    ]
    assert "1 outlines became the boxes around them" in capsys.readouterr().err


@pytest.mark.parametrize("source_format", ["labelstudio", "cvat", "via", "openimages"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff\xfe\0", b"<a/>", b"a,b\n1,2\n", b'[{"data": 3}]', b"[" * 9000]
)
def test_other_files_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source_format: str, body: bytes
) -> None:
    (tmp_path / "a.csv").write_bytes(body)
    assert run(source_format, "a.csv", *S3) == 1
    error = capsys.readouterr().err
    assert error.startswith("custom-labels convert: ") and error.count("\n") == 1
    assert not (tmp_path / "a.manifest").exists()
