"""What an entry shows is what its stored line says, whatever the line holds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.manifest.dataset import DatasetEntry, examine_for_dataset
from emulator.domain.manifest.findings import Box, ImageSize
from emulator.domain.manifest.viewing import ShownError, view_entry

METADATA = {"human-annotated": "yes", "creation-date": "2026-01-02T03:04:05", "job-name": "labeling-job/a"}


def stored(document: dict[str, Any]) -> str:
    """The line as a dataset keeps it."""
    entry = examine_for_dataset(json.dumps({"source-ref": "s3://bucket/a.jpg", **document}).encode())
    assert isinstance(entry, DatasetEntry)
    return entry.line


def image_level(label: str) -> dict[str, Any]:
    return {**METADATA, "type": "groundtruth/image-classification", "confidence": 1, "class-name": label}


def boxes(*annotations: tuple[int, int, int, int, int]) -> dict[str, Any]:
    names = ("class_id", "left", "top", "width", "height")
    return {
        "box": {
            "image_size": [{"width": 200, "height": 100, "depth": 3}],
            "annotations": [dict(zip(names, annotation, strict=True)) for annotation in annotations],
        },
        "box-metadata": {
            **METADATA,
            "type": "groundtruth/object-detection",
            "class-map": {"0": "led", "1": "<b>pot</b>"},
            "objects": [{"confidence": 1} for _ in annotations],
        },
    }


def test_labels_of_the_image() -> None:
    line = stored({"a": 1, "a-metadata": image_level("kitchen"), "b": 1, "b-metadata": image_level("patio")})
    view = view_entry(line)
    assert (view.image_labels, view.boxes, view.errors) == (["kitchen", "patio"], [], [])


def test_boxes_in_pixels_with_their_frame() -> None:
    view = view_entry(stored(boxes((0, 1, 2, 30, 40), (1, 5, 6, 70, 80))))
    assert view.boxes == [Box("led", 1, 2, 30, 40), Box("<b>pot</b>", 5, 6, 70, 80)]
    assert view.image_size == ImageSize(200, 100)


def test_a_box_with_an_error_is_shown_with_it() -> None:
    view = view_entry(stored(boxes((0, 1, 2, 30, 40), (1, 190, 6, 70, 80))))
    assert len(view.boxes) == 2
    [error] = [error for error in view.errors if error.annotation is not None]
    assert (error.code, error.attribute, error.annotation) == ("ERROR_INVALID_BOUNDING_BOX", "box", 1)


def test_a_format_that_is_wrong_shows_its_error_alone() -> None:
    view = view_entry(stored({"a": 1, "a-metadata": {**image_level("kitchen"), "confidence": 7}}))
    assert view.image_labels == []
    assert view.errors and all(isinstance(error, ShownError) and error.message for error in view.errors)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "a-metadata", "box", "box-metadata", "cl-errors", "x-metadata"]), JSON))
def test_no_line_breaks_the_view(document: dict[str, Any]) -> None:
    entry = examine_for_dataset(json.dumps({"source-ref": "s3://bucket/a.jpg", **document}).encode())
    if isinstance(entry, DatasetEntry):
        view_entry(entry.line)
