"""Whatever is in a file of another tool: it is read, or a ConversionError says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emulator.convert.annotated import AnnotatedConversion, Reader
from emulator.convert.cvat import CvatReader
from emulator.convert.label_studio import LabelStudioReader
from emulator.convert.open_images import OpenImagesReader
from emulator.convert.via import ViaReader
from emulator.convert.writing import write_manifest
from emulator.convert.yolo import YoloConversion
from emulator.lint.errors import ConversionError
from emulator.lint.s3 import S3Folder
from emulator.lint.wording import printable

SETTINGS = settings(max_examples=100)
FOLDER = S3Folder("photographs", "set")

numbers = st.one_of(st.integers(-5, 300), st.floats(), st.integers(), st.just(10**400))
scalars = st.one_of(
    numbers, st.none(), st.booleans(), st.text(max_size=6), st.sampled_from(["a.jpg", "../a.jpg", "rose"])
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


def members(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, each of them right most of the time."""
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(value, value, anything) for name, value in values.items()}
    )


pairs = st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=4)
names = st.lists(st.sampled_from(["rose", "fly", ""]), max_size=2)
shape = members(
    **dict.fromkeys(("x", "y", "width", "height", "rotation", "radiusX", "radiusY"), numbers),
    points=pairs,
    rectanglelabels=names,
    polygonlabels=names,
    choices=names,
)
result = members(
    original_width=numbers, original_height=numbers, value=shape, type=st.sampled_from(["rectangle", "rectanglelabels"])
)
annotation = members(result=st.lists(result, max_size=3), was_cancelled=st.booleans(), updated_at=st.text(max_size=5))
addresses = st.sampled_from(
    ["a.jpg", "/data/upload/1/1a2b3c4d-a.jpg", "s3://b/a.jpg", "http://[x", "/data/local-files/?d=../a"]
)
task = members(data=members(image=addresses), annotations=st.lists(annotation, max_size=2))
region = members(
    shape_attributes=members(
        name=st.sampled_from(["rect", "circle", "polygon"]),
        **dict.fromkeys(("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry"), numbers),
        all_points_x=st.lists(numbers, max_size=4),
        all_points_y=st.lists(numbers, max_size=4),
    ),
    region_attributes=st.dictionaries(st.sampled_from(["label", "other"]), scalars, max_size=2),
)
via_file = members(filename=st.just("a.jpg"), regions=st.lists(region, max_size=3), file_attributes=anything)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (100, 80), "navy").save(folder / "a.jpg")
    return folder


def convert(reader: Reader, path: Path) -> None:
    try:
        write_manifest(path.with_suffix(".manifest"), AnnotatedConversion(reader, FOLDER, "job/test").lines(path))
    except ConversionError as error:
        assert "\n" not in printable(str(error))


@given(document=st.one_of(st.lists(task, max_size=3), anything))
@SETTINGS
def test_label_studio(tmp_path: Path, images: Path, document: object) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    convert(LabelStudioReader(), path)
    convert(LabelStudioReader(images), path)


@given(document=st.one_of(st.dictionaries(st.text(max_size=5), via_file, max_size=3), anything))
@SETTINGS
def test_via(tmp_path: Path, images: Path, document: object) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    convert(ViaReader(images, "label"), path)


FIGURE = st.sampled_from(["1", "10.5", "-3", "", "nan", "inf", "1e300", "x"])
TAGS = st.sampled_from(["box", "polygon", "ellipse", "mask", "tag", "polyline", "image", "attribute"])
ATTRIBUTES = ("xtl", "ytl", "xbr", "ybr", "rotation", "cx", "cy", "rx", "ry", "left", "top", "width", "height")


@given(
    shapes=st.lists(
        st.tuples(
            TAGS, st.dictionaries(st.sampled_from(ATTRIBUTES), FIGURE), st.sampled_from(["1,2;3,4", "1,2", "1", ""])
        ),
        max_size=4,
    ),
    size=FIGURE,
    cut=st.integers(0, 400),
)
@SETTINGS
def test_cvat(tmp_path: Path, shapes: list[tuple[str, dict[str, str], str]], size: str, cut: int) -> None:
    made = "".join(
        f'<{tag} label="rose" points="{points}" {" ".join(f"{key}={value!r}" for key, value in given.items())}/>'
        for tag, given, points in shapes
    )
    text = f'<annotations><image name="a.jpg" width="100" height="{size}">{made}</image></annotations>'
    path = tmp_path / "a.xml"
    path.write_text(text if cut > 300 else text[:cut])
    convert(CvatReader(), path)


CELL = st.sampled_from(["a", "0.1", "0.5", "nan", "inf", "/m/0c", "", "1", '"', "\0", "é"])


@given(
    header=st.sampled_from(["ImageID,LabelName,XMin,XMax,YMin,YMax", "ImageID,LabelName,Confidence", "a,b"]),
    rows=st.lists(st.lists(CELL, max_size=7), max_size=4),
)
@SETTINGS
def test_open_images(tmp_path: Path, images: Path, header: str, rows: list[list[str]]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]))
    convert(OpenImagesReader(images), path)


@given(names=st.text(max_size=40), rows=st.text(st.sampled_from("0123456789. -e\nx"), max_size=40))
@SETTINGS
def test_yolo(tmp_path: Path, images: Path, names: str, rows: str) -> None:
    (images / "data.yaml").write_text(f"names: {names}\n", encoding="utf-8", errors="replace")
    (images / "a.txt").write_text(rows)
    try:
        write_manifest(tmp_path / "a.manifest", YoloConversion(FOLDER).lines(images))
    except ConversionError:
        return
