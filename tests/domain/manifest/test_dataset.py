"""A manifest as a dataset: entries, dropped lines, and what fails the whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.domain.manifest.dataset import (
    DatasetEntry,
    DatasetExamination,
    DroppedLine,
    examine_for_dataset,
    original_line,
)
from emulator.domain.manifest.findings import LabelUse, Verdict
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.limits import MAXIMUM_LINE_CHARACTERS
from emulator.domain.manifest.reading import ManifestLine
from support.manifests import as_bytes, box_line, image_line, image_pair


def entry_of(line: object) -> DatasetEntry:
    result = examine_for_dataset(json.dumps(line).encode())
    assert isinstance(result, DatasetEntry)
    return result


def examination(lines: list[bytes], **given: object) -> DatasetExamination:
    examined = DatasetExamination(**given)  # type: ignore[arg-type]
    for line in lines:
        examined.feed(line)
    return examined


def test_a_good_line_keeps_its_bytes_and_gets_cl_metadata_last() -> None:
    raw = b'{ "source-ref" : "s3://photographs/\xc3\xa4.jpg", "n": 1.50, ' + as_bytes(image_pair("kind", "a"))[1:]
    result = examine_for_dataset(raw + b" \r")
    assert isinstance(result, DatasetEntry)
    assert result.line == raw.decode()[:-1] + ',"cl-metadata":{"is_labeled":true}}'
    assert original_line(result.line) == raw.decode()
    assert (result.bucket, result.key) == ("photographs", "ä.jpg")


@given(st.text(alphabet='ab./:-_"\\ué \x01\x7f\U0001f33b', max_size=12), st.sampled_from(["", " ", "  "]))
@example("pictures/a.jpg", "")
@example("pictures/a.jpg", " ")
@example("pictures/a\\u0041", "")
@example("pic/" + "k" * 1024, "")
@example("pic/" + "k" * 1025, "")
def test_a_plain_line_is_read_as_any_other(rest: str, space: str) -> None:
    """A space behind it, which means nothing, takes it the long way."""
    raw = f'{{"source-ref":{space}"s3://{rest}"}}'.encode()
    assert examine_for_dataset(raw) == examine_for_dataset(raw + b" ")


def test_labels_say_how_they_are_used() -> None:
    line = {**box_line(boxes=[("Echo", 0, 0, 9, 9), ("Dot", 0, 0, 9, 9), ("Echo", -4, 0, 9, 9)])}
    line |= {**image_pair("a", "ants"), **image_pair("b", "Dot")}
    assert dict(entry_of(line).labels) == {
        "Echo": LabelUse(False, 2),
        "Dot": LabelUse(True, 1),
        "ants": LabelUse(True, 0),
    }


@pytest.mark.parametrize(
    ("line", "labeled"),
    [
        (image_line(), True),
        (box_line(), True),
        (box_line(boxes=[]), False),
        ({"source-ref": "s3://photographs/a.jpg"}, False),
        ({"source-ref": "s3://photographs/a.jpg", "kind": 1}, False),
    ],
)
def test_an_entry_is_labeled_if_it_has_annotations(line: object, labeled: bool) -> None:
    entry = entry_of(line)
    assert entry.is_labeled is labeled
    assert json.loads(entry.line)["cl-metadata"] == {"is_labeled": labeled}


def test_keys_of_an_earlier_listing_or_validation_are_replaced() -> None:
    """VR-6, F-9."""
    line = image_line()
    stale = {**line, "errors": [{"code": "OLD"}], "cl-errors": [{"code": "OLD"}], "cl-metadata": {"is_labeled": False}}
    stale["kind-metadata"] = {**line["kind-metadata"], "errors": [{"code": "OLD"}], "cl-errors": []}
    entry = entry_of(stale)
    assert json.loads(entry.line) == {**line, "cl-metadata": {"is_labeled": True}}
    assert json.loads(original_line(entry.line)) == line


def test_an_entry_with_errors_goes_back_to_its_line() -> None:
    line = box_line(boxes=[("Echo", -4, 0, 9, 9), ("Echo", 4, 0, 9, 9)])
    entry = entry_of(line)
    assert entry.has_errors
    assert json.loads(original_line(entry.line)) == line


def test_an_entry_that_its_errors_make_too_long_goes_back_to_its_line() -> None:
    """E-10: a line of 100,000 characters with one bad box stays usable in a training, as the dataset says."""
    line = box_line(boxes=[("Echo", -4, 0, 9, 9), ("Echo", 4, 0, 9, 9)])
    line["note"] = "n" * (MAXIMUM_LINE_CHARACTERS - len(json.dumps({**line, "note": ""})))
    entry = entry_of(line)
    original = original_line(entry.line)
    assert json.loads(original) == line
    assert inspect_line(original.encode()).verdict is Verdict.VALID


def test_repeated_source_refs_are_dropped_and_the_first_line_stays() -> None:
    """E-8."""
    examined = DatasetExamination()
    assert isinstance(examined.feed(as_bytes(image_line(1))), DatasetEntry)
    again = examined.feed(as_bytes(image_line(1, "bees")))
    assert isinstance(again, DroppedLine)
    assert again.rule.code == "ERROR_REPEATED_SOURCE_REF"
    assert examined.labels == {"ants"}


@pytest.mark.parametrize(("bad", "code"), [(2, None), (3, "ERROR_TOO_MANY_RECORDS_IN_ERROR")])
@pytest.mark.parametrize("line", [b"", b"{", b'{"a":1}', b'{"source-ref":"x"}', as_bytes(image_line(1))])
def test_more_than_a_fifth_of_dropped_lines_fails_the_dataset(bad: int, code: str | None, line: bytes) -> None:
    """E-5, V-1: exactly 20 % passes; V-2: blank lines count."""
    good = [as_bytes(image_line(number)) for number in range(1, 11 - bad)]
    failure = examination(good + [line] * bad).failure()
    assert (failure and failure.code) == code


def test_a_line_too_long_is_dropped() -> None:
    """E-8."""
    examined = examination([as_bytes(image_line(number)) for number in range(9)])
    dropped = examined.feed(ManifestLine(10, b'{"source-ref": "', is_cut=True))
    assert isinstance(dropped, DroppedLine)
    assert dropped.rule.code == "LINE_TOO_LONG"
    assert examined.failure() is None


@pytest.mark.parametrize("lines", [[], [b"", b""], [b"image,label", b"a.jpg,cat"], [b"[]"]])
def test_files_without_any_json_object_are_no_manifests(lines: list[bytes]) -> None:
    """E-1."""
    failure = examination(lines).failure()
    assert failure is not None
    assert failure.code == "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT"


def test_several_buckets_fail_the_dataset() -> None:
    """O-29, also against the bucket of the entries that are there already."""
    line = as_bytes(image_line())
    for examined in (
        examination([line, line.replace(b"photographs", b"others")]),
        examination([line], bucket="others"),
    ):
        failure = examined.failure()
        assert failure is not None
        assert failure.message == "The manifest file contains images from multiple S3 buckets."
    assert examination([line], bucket="photographs").failure() is None


@pytest.mark.parametrize(("labels", "code"), [(250, None), (251, "ERROR_MANIFEST_TOO_MANY_LABELS")])
def test_more_than_250_labels_fail_the_dataset(labels: int, code: str | None) -> None:
    """E-6, also together with the labels that are there already."""
    lines = [as_bytes(image_line(number, f"label {number}")) for number in range(labels)]
    for examined in (examination(lines), examination(lines[:1], labels={f"label {n}" for n in range(labels)})):
        failure = examined.failure()
        assert (failure and failure.code) == code


def test_totals_count_entries_labels_and_errors() -> None:
    lines = [image_line(1), image_line(2, "bees"), {"source-ref": "s3://photographs/3.jpg"}, image_line(4, "x" * 300)]
    examined = examination([as_bytes(line) for line in lines] + [b"", as_bytes(image_line(5))])
    totals = examined.lines, examined.entries, examined.labeled_entries, examined.error_entries, examined.dropped
    assert totals == (6, 5, 4, 1, 1)
    assert examined.labels == {"ants", "bees"}


REFERENCES = st.sampled_from(["s3://pictures/a", "s3://pictures/b", "s3://elsewhere/a", "s3://pictures/\u2028ü"])
LINES = (
    st.builds('{{"source-ref":"{}"}}'.format, REFERENCES).map(str.encode)
    | st.integers().map(lambda number: f'{{"source-ref": "s3://pictures/{number}"}}'.encode())
    | st.sampled_from([b"", b"{", b"\xff", b'{"source-ref":"s3://pictures/' + b"k" * 1025 + b'"}'])
    | st.sampled_from([as_bytes(image_line()), as_bytes({"source-ref": "s3://b/a"}) + b"\r"])
)


@given(st.lists(st.lists(LINES, max_size=6), max_size=4))
def test_many_lines_are_examined_as_one_after_the_other(pieces: list[list[bytes]]) -> None:
    """E-8, E-9: repeated ones too, within a piece and behind one."""
    together, alone = DatasetExamination(), DatasetExamination()
    for piece in pieces:
        lines = [ManifestLine(number, raw) for number, raw in enumerate(piece, start=1)]
        assert together.feed_all(lines) == [alone.feed(line) for line in lines]
    assert vars(together) == vars(alone)
