"""Whatever the bytes: a verdict and rules of the catalogue, never an exception, never a hang."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.domain.manifest.annotating import validation_line
from emulator.domain.manifest.dataset import DatasetEntry, DroppedLine, examine_for_dataset, original_line
from emulator.domain.manifest.findings import LineInspection, Verdict
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.reading import read_lines
from emulator.domain.manifest.rules.catalogue import RULES
from emulator.domain.manifest.training import validate_training
from support.manifests import HOSTILE_LINES, as_bytes, box_line, image_line, image_pair, with_extra

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["yes", "no", "groundtruth/image-classification", "groundtruth/object-detection", 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
known_keys = st.sampled_from(
    ["source-ref", "kind", "kind-metadata", "boxes", "boxes-metadata", "errors", "warnings", "cl-metadata", "cl-errors"]
)


def check(raw: bytes) -> LineInspection:
    """Everything that must hold for any line."""
    inspection = inspect_line(raw)
    assert {finding.rule for finding in inspection.findings} <= set(RULES)
    is_error = any(not finding.rule.is_warning for finding in inspection.findings)
    assert is_error or inspection.verdict is not Verdict.INVALID
    written = validation_line(raw, inspection)
    assert b"\n" not in written or b"\n" in raw
    if inspection.findings or inspection.is_rewritten:
        assert isinstance(json.loads(written), dict)
    entry = examine_for_dataset(raw)
    if isinstance(entry, DatasetEntry):
        assert isinstance(json.loads(entry.line)["cl-metadata"]["is_labeled"], bool)
        assert examine_for_dataset(original_line(entry.line).encode()) == entry or "\\u" in entry.line
        entry.line.encode()
    else:
        assert isinstance(entry, DroppedLine)
    return inspection


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    check(raw.replace(b"\n", b" "))


@settings(max_examples=200)
@given(st.dictionaries(known_keys | st.text(max_size=8), json_values, max_size=8))
def test_any_json_object(document: dict[str, Any]) -> None:
    check(json.dumps(document).encode())


@settings(max_examples=300)
@given(st.data())
def test_a_good_line_with_one_value_replaced(data: st.DataObject) -> None:
    """Any value at any place of a good line."""
    line: Any = data.draw(st.sampled_from([image_line(), box_line(), {**image_line(), **box_line()}]))
    line = json.loads(json.dumps(line))
    holder, key = line, data.draw(st.sampled_from(sorted(line)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(json_values)
    check(json.dumps(line).encode())


@settings(max_examples=200)
@given(st.integers(0, 480), st.binary(min_size=1, max_size=3))
def test_a_good_line_with_damaged_bytes(at: int, damage: bytes) -> None:
    raw = as_bytes(box_line())
    check((raw[:at] + damage + raw[at + len(damage) :]).replace(b"\n", b" "))


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in HOSTILE_LINES.items()])
def test_hostile_lines_are_invalid_json_lines(raw: bytes) -> None:
    """J-9."""
    inspection = check(raw)
    assert [finding.rule.code for finding in inspection.findings] == ["ERROR_INVALID_JSON_LINE"]
    assert inspection.findings[0].detail


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(with_extra("[" * 98 + "]" * 98), id="99 levels"),
        pytest.param(with_extra("1e-999"), id="underflow"),
        pytest.param(with_extra("9" * 4000), id="4,000 digits"),
        pytest.param(with_extra('"\\ud83d\\ude00 \\u0000"'), id="a surrogate pair and an escaped null"),
        pytest.param(b'{"source-ref": "x", ' + as_bytes(image_line())[1:], id="duplicate key, last counts"),
        pytest.param(as_bytes(image_line()) + b"\r", id="CRLF"),
        pytest.param(b" \t" + as_bytes(image_line()) + b"  ", id="blanks around"),
    ],
)
def test_odd_but_lawful_lines_are_good(raw: bytes) -> None:
    assert check(raw).findings == []


@pytest.mark.parametrize("source_ref", ["s3://bu/key", "s3://photographs/", "s3://photographs/a\u0000b", "S3://b/k", 7])
def test_odd_source_refs_are_refused(source_ref: object) -> None:
    """J-2."""
    raw = json.dumps({**image_line(), "source-ref": source_ref}).encode()
    assert [finding.rule.code for finding in check(raw).findings] == ["ERROR_INVALID_SOURCE_REF_FORMAT"]


@pytest.mark.parametrize(
    ("source_ref", "told"),
    [
        ("s3://bu/key", "the bucket's name is not valid"),
        ("s3://my photos/key", "the bucket's name is not valid"),
        ("s3://photographs/" + "k" * 1025, "the key has more than 1,024 bytes"),
        ("s3://photographs", "not of the form s3://bucket/path"),
        ("/photographs/key", "not of the form s3://bucket/path"),
    ],
)
def test_what_is_wrong_with_a_source_ref_is_told(source_ref: str, told: str) -> None:
    """J-2: an address that looks right says where it is not."""
    [finding] = check(json.dumps({**image_line(), "source-ref": source_ref}).encode()).findings
    assert finding.detail.startswith(told)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400, "1e300", "-1e300"])
@pytest.mark.parametrize("key", ["left", "width"])
def test_astronomic_boxes_are_malformed(number: str, key: str) -> None:
    line = box_line(boxes=[("a", 1, 1, 9, 9)])
    line["boxes"]["annotations"][0][key] = "NUMBER"
    raw = json.dumps(line).replace('"NUMBER"', number).encode()
    assert [finding.rule.code for finding in check(raw).findings] == ["ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"]


@settings(max_examples=60)
@given(st.binary(max_size=2000))
def test_any_file_gives_a_training_answer(data: bytes) -> None:
    result = validate_training(lambda: read_lines(io.BytesIO(data)), None, None)
    assert result.failure is not None
    if not result.is_file_error:
        json.dumps(result.summary())
        assert len(list(result.training.validation_lines())) == len(result.training.verdicts)


def test_an_attribute_called_errors_is_no_label() -> None:
    """Its key is taken by validation manifests."""
    line = {"source-ref": "s3://photographs/a.jpg", **image_pair("errors", "ants")}
    assert [finding.rule.code for finding in check(as_bytes(line)).findings] == ["ERROR_NO_LABEL_ATTRIBUTES"]
