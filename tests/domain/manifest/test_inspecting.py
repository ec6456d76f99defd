"""Each line rule: code, message, place and effect, at training time and at dataset time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.domain.manifest.annotating import validation_line
from emulator.domain.manifest.dataset import DatasetEntry, DroppedLine, examine_for_dataset
from emulator.domain.manifest.inspecting import inspect_line
from support.manifests import LINE_CASES, LineCase, as_bytes, box_line, box_pair, changed, image_line, image_pair

CASES = [pytest.param(case, id=name) for name, case in LINE_CASES.items()]


def codes_by_place(document: Any, suffixes: tuple[str, ...], path: tuple[str | int, ...] = ()) -> dict[Any, list[str]]:
    """All error arrays of a line: path of the object that holds them -> codes."""
    found: dict[Any, list[str]] = {}
    steps = list(document.items()) if isinstance(document, dict) else list(enumerate(document))
    for step, value in steps:
        if step in suffixes:
            found.setdefault(path, []).extend(item["code"] for item in value)
        elif isinstance(value, dict | list):
            found |= codes_by_place(value, suffixes, (*path, step))
    return found


def messages(document: Any) -> dict[str, str]:
    """code -> message of every item in every array."""
    if isinstance(document, list):
        return {code: text for item in document for code, text in messages(item).items()}
    if not isinstance(document, dict):
        return {}
    if set(document) == {"code", "message"}:
        return {document["code"]: document["message"]}
    return messages(list(document.values()))


@pytest.mark.parametrize("case", CASES)
def test_training_reports_the_rule_at_its_place(case: LineCase) -> None:
    raw = as_bytes(case.line)
    inspection = inspect_line(raw)
    line = json.loads(validation_line(raw, inspection))
    assert inspection.verdict.value == case.verdict
    key = "warnings" if case.code.startswith("WARNING") else "errors"
    places = codes_by_place(line, (key,))
    if case.place is None:
        assert line == {"errors": [{"code": case.code, "message": case.message}]}
    else:
        assert case.code in places[case.place]
    assert messages(line)[case.code] == case.message
    everything = [code for codes in codes_by_place(line, ("errors", "warnings")).values() for code in codes]
    assert sorted(set(everything)) == sorted({case.code, *case.also})


@pytest.mark.parametrize("case", CASES)
def test_datasets_drop_mark_or_keep_the_line(case: LineCase) -> None:
    result = examine_for_dataset(as_bytes(case.line))
    if case.dataset == "drop":
        assert isinstance(result, DroppedLine)
        assert result.rule.code == case.code
        return
    assert isinstance(result, DatasetEntry)
    entry = json.loads(result.line)
    places = codes_by_place(entry, ("cl-errors",))
    assert result.has_errors == bool(places) == (case.dataset == "error")
    assert set(entry["cl-metadata"]) == {"is_labeled"}
    if case.dataset == "error":
        assert case.place is not None
        assert case.code in places[case.place]
        assert messages(entry)[case.code] == case.message


def test_the_unsupported_type_example_of_the_guide() -> None:
    """J-24: cl-errors in the metadata, cl-metadata, then cl-errors of the line."""
    line = changed(box_line(), lambda x: x["boxes-metadata"].update(type="groundtruth/wrongtype"))
    result = examine_for_dataset(as_bytes(line))
    assert isinstance(result, DatasetEntry)
    entry = json.loads(result.line)
    assert list(entry) == ["source-ref", "boxes", "boxes-metadata", "cl-metadata", "cl-errors"]
    assert entry["cl-metadata"] == {"is_labeled": True}
    assert list(entry["boxes-metadata"])[-1] == "cl-errors"


def test_errors_of_the_first_group_stop_the_checks_of_the_line() -> None:
    """J-23: a missing class id hides the boxes that leave the frame."""
    line = changed(box_line(boxes=[("Echo", -1, 0, 50, 50)]), lambda x: x["boxes"]["annotations"][0].update(class_id=9))
    assert [finding.rule.code for finding in inspect_line(as_bytes(line)).findings] == ["ERROR_MISSING_CLASS_MAP_ID"]


def test_a_malformed_attribute_leaves_the_others_usable() -> None:
    """J-4: attribute, and the line only if it was the last."""
    line = {**image_line(label="ants"), **changed(image_pair("other", "bees"), lambda x: x.update(other=["one"]))}
    inspection = inspect_line(as_bytes(line))
    assert [finding.rule.code for finding in inspection.findings] == ["ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"]
    assert (inspection.verdict.value, inspection.image_labels) == ("valid", ["ants"])


def test_a_stopped_line_uses_no_box_that_has_an_error() -> None:
    """J-23 and J-12: what is not reported is not used either."""
    broken = changed(image_pair("other", "bees"), lambda x: x.update(other=["one"]))
    inspection = inspect_line(as_bytes({**box_line(boxes=[("Echo", -1, 0, 50, 50), ("Dot", 0, 0, 9, 9)]), **broken}))
    assert [box.label for box in inspection.boxes] == ["Dot"]
    assert len(inspection.findings) == 1


def test_an_unsupported_attribute_beside_a_good_one_costs_only_itself() -> None:
    """J-21, J-32."""
    line = {**image_line(), **changed(box_pair("shape"), lambda x: x["shape-metadata"].update(type="groundtruth/x"))}
    inspection = inspect_line(as_bytes(line))
    assert [finding.rule.code for finding in inspection.findings] == ["ERROR_UNSUPPORTED_USE_CASE_TYPE"]
    assert inspection.verdict.value == "valid"


def test_one_bad_box_in_four_leaves_three() -> None:
    """J-29."""
    boxes: list[tuple[str, float, float, float, float]]
    boxes = [("a", 0, 0, 50, 50), ("b", -3, 0, 50, 50), ("a", 60, 0, 50, 50), ("b", 0, 60, 50, 50)]
    inspection = inspect_line(as_bytes(box_line(boxes=boxes)))
    assert [box.left for box in inspection.boxes] == [0, 60, 0]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (4096, 4096)])
def test_allowed_image_sides_include_the_limits(width: int, height: int) -> None:
    """Q-12."""
    line = box_line(boxes=[("a", 0, 0, 60, 60)])
    line["boxes"]["image_size"] = [{"width": width, "height": height, "depth": 3}]
    assert inspect_line(as_bytes(line)).findings == []


@pytest.mark.parametrize(("side", "ok"), [(4, True), (3.2, False), (3, False)])
def test_boxes_are_measured_after_the_reduction_to_1280_pixels(side: float, ok: bool) -> None:
    """J-16, T-7: on an image of 4096 px a box of 3.2 px becomes exactly 1 px."""
    line = box_line(boxes=[("a", 10, 10, side, side), ("a", 100, 100, 500, 500)])
    line["boxes"]["image_size"] = [{"width": 4096, "height": 2000, "depth": 3}]
    assert bool(inspect_line(as_bytes(line)).findings) is not ok


def test_fractional_boxes_may_touch_the_frame() -> None:
    """CO-3: COCO boxes are fractional, and their sums are not exact."""
    assert inspect_line(as_bytes(box_line(boxes=[("a", 473.07, 0.1, 166.93, 479.9)]))).findings == []


@pytest.mark.parametrize(
    "created",
    [
        "2020-03-06T17:46:39.176",
        "2020-03-06T17:46:39.176Z",
        "2013-11-18 02:53:27",
        "2019-09-06T00:07:25.488243",
        "2020-03-06T17:46:39+02:00",
    ],
)
def test_creation_dates_of_the_guide_are_accepted(created: str) -> None:
    """F-3."""
    assert inspect_line(as_bytes(image_line(creation_date=created))).findings == []


def test_unknown_keys_beside_a_label_attribute_are_tolerated() -> None:
    line = {**image_line(), "id": 7, "reviewed-by": {"name": "x"}, "note-metadata": {"a": 1}}
    assert inspect_line(as_bytes(line)).findings == []


def test_job_name_is_optional() -> None:
    """F-3, F-5."""
    for line, key in ((image_line(), "kind-metadata"), (box_line(), "boxes-metadata")):
        del line[key]["job-name"]
        assert inspect_line(as_bytes(line)).findings == []


def test_boxes_of_a_second_attribute_come_in_the_frame_of_the_first() -> None:
    second = box_pair("more", [("a", 20, 10, 40, 20)])
    second["more"]["image_size"] = [{"width": 320, "height": 240, "depth": 3}]
    inspection = inspect_line(as_bytes({**box_line(boxes=[("a", 0, 0, 50, 50)]), **second}))
    assert tuple(inspection.boxes[1])[1:] == (40, 20, 80, 40)


def test_a_line_of_one_character_too_many_is_too_long() -> None:
    """E-8: 100,000 characters pass, 100,001 do not; characters, not bytes."""
    line = as_bytes(image_line(label="é"))
    longest = line[:-1] + b" " * (100_000 - len(line.decode())) + b"}"
    assert inspect_line(longest).findings == []
    assert [finding.rule.code for finding in inspect_line(longest[:-1] + b" }").findings] == ["LINE_TOO_LONG"]
    accented = json.dumps({**image_line(), "note": "é" * 99_000}, ensure_ascii=False).encode()
    assert len(accented) > 190_000
    assert inspect_line(accented).findings == []
