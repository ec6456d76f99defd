"""A manifest that is exported and converted back says of each image what it said before."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emulator.convert.annotated import AnnotatedImage
from emulator.convert.boxes import BoxLines, LabelledBox
from emulator.convert.writing import attribute_name, write_manifest
from emulator.domain.manifest.writing import Line, image_level_pair
from support.converting import lines_of, run
from support.exporting import export

PLACE = "s3://photographs/set"
LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\\/")


def _is_kept(text: str) -> bool:
    """Outer spaces get lost in tables and XML, and files with a dot first are passed over; the export says so."""
    return text == text.strip() and not text.startswith(".")


NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(_is_kept)
LABELS = st.text(LETTERS, min_size=1, max_size=12).filter(_is_kept)
SETTINGS = settings(max_examples=40)


@st.composite
def paths(draw: st.DrawFn) -> list[str]:
    """Paths of images: some in folders, no two with one stem, as YOLO wants it."""
    parts = st.lists(NAMES, min_size=0, max_size=2)
    stems = draw(st.lists(st.tuples(parts, NAMES), min_size=1, max_size=4, unique_by=_folded))
    # One image in the uppermost folder, so that no folder is common to all.
    return ["first.png", *("/".join([*folder, f"{stem}.png"]) for folder, stem in stems if stem != "first")]


def _folded(place: tuple[Sequence[str], str]) -> str:
    return "/".join([*place[0], place[1]]).casefold()


@st.composite
def boxed_images(draw: st.DrawFn) -> list[AnnotatedImage]:
    """Images of at least 64 pixels with boxes to a thousandth of a pixel, and some without."""
    labels = draw(st.lists(LABELS, min_size=1, max_size=4, unique=True))
    images = []
    for path in draw(paths()):
        width, height = draw(st.integers(64, 300)), draw(st.integers(64, 300))
        boxes = []
        for _ in range(draw(st.integers(0, 3))):
            left, top = draw(_thousandths(0, width - 10)), draw(_thousandths(0, height - 10))
            wide, high = draw(_thousandths(2, width - left)), draw(_thousandths(2, height - top))
            boxes.append(LabelledBox(draw(st.sampled_from(labels)), left, top, wide, high))
        images.append(AnnotatedImage(path, width, height, tuple(boxes)))
    whole_image = LabelledBox(labels[0], 0, 0, images[0].width, images[0].height)
    return [AnnotatedImage(images[0].name, images[0].width, images[0].height, (whole_image,)), *images[1:]]


def _thousandths(least: float, most: float) -> st.SearchStrategy[float]:
    return st.integers(int(least * 1000), int(most * 1000)).map(lambda value: value / 1000)


@st.composite
def labelled_images(draw: st.DrawFn, most: int) -> list[AnnotatedImage]:
    """Images with up to so many labels of the whole image."""
    labels = st.lists(LABELS, min_size=0, max_size=most, unique=True)
    images = [AnnotatedImage(path, labels=tuple(draw(labels))) for path in draw(paths())]
    return [AnnotatedImage(images[0].name, labels=(draw(LABELS),)), *images[1:]]


def manifest(images: list[AnnotatedImage], path: Path) -> None:
    made = BoxLines("labeling-job/test")
    lines: list[Line] = []
    for image in images:
        source = f"{PLACE}/{image.name}"
        if image.width:
            lines.append(made.line(source, image.width, image.height, list(image.boxes)))
            continue
        line: Line = {"source-ref": source}
        for label in image.labels:
            line |= image_level_pair(attribute_name(label), label, 1, "job/test", "2024-01-01T00:00:00")
        lines.append(line)
    write_manifest(path, lines)


def read_back(path: Path) -> dict[str, Any]:
    """Source to size and boxes, or to labels."""
    found: dict[str, Any] = {}
    for line in lines_of(path):
        if "bounding-box" in line:
            names, content = line["bounding-box-metadata"]["class-map"], line["bounding-box"]
            size = content["image_size"][0]
            boxes = [
                (names[str(box["class_id"])], *(box[side] for side in ("left", "top", "width", "height")))
                for box in content["annotations"]
            ]
            found[line["source-ref"]] = (size["width"], size["height"], boxes)
        else:
            found[line["source-ref"]] = sorted(
                value["class-name"] for key, value in line.items() if key.endswith("-metadata")
            )
    return found


def draw_images(images: list[AnnotatedImage], folder: Path) -> None:
    for image in images:
        path = folder / image.name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (int(image.width) or 64, int(image.height) or 64)).save(path, compress_level=0)


@dataclass(frozen=True)
class Way:
    """How a format is read: what `convert` is given below the exported folder."""

    source_format: str
    source: str


BOXED = {
    "coco": Way("coco", "annotations.json"),
    "voc": Way("voc", "."),
    "yolo": Way("yolo", "."),
    "csv": Way("csv", "annotations.csv"),
}


@pytest.mark.parametrize("to", BOXED)
@given(images=boxed_images())
@SETTINGS
def test_boxes_come_back(to: str, images: list[AnnotatedImage]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest(images, folder / "before.manifest")
        draw_images(images, folder / "pictures")
        assert (
            export(folder / "before.manifest", "--to", to, "--output", folder / to, "--images", folder / "pictures")
            == 0
        )
        place = f"{PLACE.removesuffix('/set')}" if to in ("yolo",) else PLACE
        way = BOXED[to]
        code = run(way.source_format, folder / to / way.source, "--s3", place, "--output", folder / "after.manifest")
        before, after = read_back(folder / "before.manifest"), read_back(folder / "after.manifest")
        # YOLO and VOC with images: they lie in a folder of their own, which becomes a part of their key.
        after = {
            source.replace("/images/", "/set/", 1).replace("/JPEGImages/", "/", 1): said
            for source, said in after.items()
        }
        assert code in (0, 1)  # 1: lint warns that a set has one label alone
        assert after.keys() == before.keys()
        for source, (width, height, boxes) in before.items():
            assert after[source][:2] == (width, height)
            assert [box[0] for box in after[source][2]] == [box[0] for box in boxes]
            for one, other in zip(after[source][2], boxes, strict=True):
                assert one[1:] == pytest.approx(other[1:], abs=0.002)


@given(images=labelled_images(3))
@SETTINGS
def test_labels_come_back_from_csv(images: list[AnnotatedImage]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest(images, folder / "before.manifest")
        assert export(folder / "before.manifest", "--to", "csv", "--output", folder / "csv") == 0
        assert run("csv", folder / "csv/annotations.csv", "--s3", PLACE, "--output", folder / "after.manifest") in (
            0,
            1,
        )
        assert read_back(folder / "after.manifest") == read_back(folder / "before.manifest")


@given(images=labelled_images(1))
@SETTINGS
def test_labels_come_back_from_folders(images: list[AnnotatedImage]) -> None:
    """The folder of the label becomes a part of the key; the label stays with the image."""
    images = [
        AnnotatedImage(image.name if image.labels else image.name.replace("/", "-"), labels=image.labels)
        for image in images
        if not any(label.startswith(".") for label in image.labels)
    ]
    if not images or len({image.name for image in images}) < len(images) or not any(image.labels for image in images):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest(images, folder / "before.manifest")
        draw_images(images, folder / "pictures")
        assert (
            export(
                folder / "before.manifest", "--to", "folders", "--output", folder / "f", "--images", folder / "pictures"
            )
            == 0
        )
        assert run("folders", folder / "f", "--s3", "s3://photographs", "--output", folder / "after.manifest") in (0, 1)
        after = read_back(folder / "after.manifest")
        common = _common(images)
        expected = {
            f"s3://photographs/{'/'.join([*image.labels, image.name.removeprefix(common)])}": list(image.labels)
            for image in images
        }
        assert after == expected


def _common(images: list[AnnotatedImage]) -> str:
    """The folder that all paths begin with, which an export leaves away."""
    folders = [image.name.split("/")[:-1] for image in images]
    shared: list[str] = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}/" for part in shared)


def test_what_is_converted_from_a_tool_can_be_exported_and_converted_again(tmp_path: Path) -> None:
    """From Label Studio by a manifest to COCO and back: the boxes are the same."""
    value = {"x": 12.5, "y": 20.0, "width": 33.3333, "height": 50.0, "rotation": 0, "rectanglelabels": ["rose"]}
    shape = {"original_width": 600, "original_height": 400, "value": value, "type": "rectanglelabels"}
    tasks = [{"data": {"image": "s3://photographs/set/a.jpg"}, "annotations": [{"result": [shape]}]}]
    (tmp_path / "studio.json").write_text(json.dumps(tasks))
    first, second = tmp_path / "studio.manifest", tmp_path / "second.manifest"
    run("labelstudio", tmp_path / "studio.json", "--output", first)
    assert export(first, "--to", "coco", "--output", tmp_path / "coco") == 0
    run("coco", tmp_path / "coco" / "annotations.json", "--s3", PLACE, "--output", second)
    assert read_back(first) == read_back(second)
