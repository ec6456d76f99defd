"""The checks before a training: verdicts, failures, use case, result files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from emulator.domain.manifest.images import ImageLook, ImageProblem
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.file_rules import MANIFEST_TOO_LARGE
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.domain.manifest.training import ModelType, validate_training
from emulator.vision.images import ImageFacts
from support.manifests import LINE_CASES, as_bytes, box_line, box_pair, image_line, image_pair
from support.training_validation import (
    Lines,
    boxed,
    failure_code,
    good,
    labelled,
    problem,
    statistics,
    validate,
)


def test_good_manifests_give_a_training() -> None:
    result = validate(labelled(20), labelled(10, 100))
    assert result.failure is None
    assert (result.model_type, result.labels) == (ModelType.CLASSIFICATION, ("a", "b"))
    assert [line.number for line in result.testing.usable] == list(range(1, 11))
    assert result.training.usable[1].image_labels == ("b",)
    assert result.training.usable[1].facts == ImageFacts("JPEG", 640, 480, 1000)
    assert result.summary() == {
        "statistics": {
            side: {
                "use_case": "IMAGE_LEVEL_LABELS",
                "total_json_lines": total,
                "valid_json_lines": total,
                "invalid_json_lines": 0,
                "ignored_json_lines": 0,
                "error_json_line_indices": [],
                "errors": [],
            }
            for side, total in (("training", 20), ("testing", 10))
        },
        "errors": [],
    }


def test_the_summary_of_the_guide() -> None:
    """MS-2, MS-3: 155 of 301 training lines and 2 of 15 test lines are invalid; numbers count from 1."""
    training = [*labelled(146), *[b"{"] * 155]
    testing = [*labelled(13, 500), b"", b"x"]
    result = validate(training, testing)
    assert result.summary() == {
        "statistics": {
            "training": {
                "use_case": "NOT_DETERMINED",
                "total_json_lines": 301,
                "valid_json_lines": 146,
                "invalid_json_lines": 155,
                "ignored_json_lines": 0,
                "error_json_line_indices": list(range(147, 302)),
                "errors": [
                    {
                        "code": "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
                        "message": "The manifest file contains too many invalid rows.",
                    }
                ],
            },
            "testing": {
                "use_case": "NOT_DETERMINED",
                "total_json_lines": 15,
                "valid_json_lines": 13,
                "invalid_json_lines": 2,
                "ignored_json_lines": 0,
                "error_json_line_indices": [14, 15],
                "errors": [],
            },
        },
        "errors": [],
    }


@pytest.mark.parametrize("name", [name for name in LINE_CASES if LINE_CASES[name].verdict == "invalid"])
def test_every_invalid_line_counts_towards_the_fifth(name: str) -> None:
    """TE-6, V-1: two of ten pass, three of eleven do not."""
    bad = LINE_CASES[name].line
    other = b"{"
    assert failure_code(validate([*labelled(8, 10), bad, other], labelled(4, 50))) is None
    code = failure_code(validate([*labelled(8, 10), bad, other, b""], labelled(4, 50)))
    assert code == "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"


def test_ignored_lines_are_outside_the_rule() -> None:
    """MS-1, J-18."""
    unlabelled = [{"source-ref": f"s3://photographs/{number}.jpg"} for number in range(50)]
    result = validate([*labelled(10), *unlabelled], labelled(4, 50))
    assert result.failure is None
    counts = statistics(result)
    assert (counts["valid_json_lines"], counts["invalid_json_lines"], counts["ignored_json_lines"]) == (10, 0, 50)
    assert counts["error_json_line_indices"] == []


def test_a_bad_box_is_listed_but_its_line_is_valid() -> None:
    lines = [*boxed(9), box_line(90, [("a", -1, 0, 9, 9), ("b", 1, 0, 9, 9)])]
    counts = statistics(validate(lines, boxed(4, 100)))
    assert (counts["valid_json_lines"], counts["invalid_json_lines"]) == (10, 0)
    assert counts["error_json_line_indices"] == [10]


def test_repeated_images_make_too_many_terminal_errors() -> None:
    """TE-17: they have no code of their own; the first line is used."""
    result = validate([*labelled(10), *labelled(3)], labelled(4, 50))
    assert failure_code(result) == "ERROR_TOO_MANY_RECORDS_IN_ERROR"
    counts = statistics(result)
    assert (counts["invalid_json_lines"], counts["error_json_line_indices"]) == (3, [11, 12, 13])
    last = json.loads(list(result.training.validation_lines())[12])
    assert [error["code"] for error in last.pop("errors")] == ["ERROR_REPEATED_SOURCE_REF"]
    assert last == labelled(3)[2]


def test_a_repeated_line_still_shows_its_other_errors() -> None:
    broken = LINE_CASES["class-name missing"].line
    result = validate([image_line(1, "a"), *labelled(9, 10), broken], labelled(4, 50))
    assert result.failure is None
    assert statistics(result)["error_json_line_indices"] == [11]
    assert b"ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT" in list(result.training.validation_lines())[10]


def test_images_in_several_buckets() -> None:
    """TE-7."""
    elsewhere = as_bytes(image_line(99, "a")).replace(b"photographs", b"others")
    assert failure_code(validate([*labelled(10), elsewhere], labelled(4, 50))) == "ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS"


def test_training_and_testing_images_may_be_in_different_buckets() -> None:
    """D-20: one bucket for a dataset."""
    testing = [as_bytes(line).replace(b"photographs", b"others") for line in labelled(4, 50)]
    assert validate(labelled(10), testing).failure is None


@pytest.mark.parametrize("rule", [file_rules.IMAGES_BUCKET_OWNER, file_rules.IMAGES_PERMISSIONS])
def test_the_bucket_of_the_images_is_checked(rule: Rule) -> None:
    """TE-8, TE-10: said of the side they belong to."""
    asked: list[tuple[str, str]] = []

    def check(side: str, bucket: str) -> Rule | None:
        asked.append((side, bucket))
        return rule if side == "testing" else None

    result = validate(labelled(10), labelled(4, 50), check_bucket=check)
    assert asked == [("training", "photographs"), ("testing", "photographs")]
    assert result.failure is not None
    assert (result.failure.rule, result.training.errors) == (rule, [])
    assert statistics(result, "testing")["errors"] == [{"code": rule.code, "message": rule.message}]


@pytest.mark.parametrize(
    ("which", "code"),
    [
        (ImageProblem.NO_PERMISSION, "ERROR_INVALID_PERMISSIONS_IMAGES_S3_BUCKET"),
        (ImageProblem.MISSING, "ERROR_FAILED_IMAGES_S3_COPY"),
        (ImageFacts("PNG", 640, 480, 9, damage="cut off"), "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"),
    ],
)
def test_when_no_image_can_be_read(which: ImageProblem, code: str) -> None:
    """TE-8, TE-9; damaged images could be copied."""
    result = validate(labelled(10), labelled(4, 50), problem(which))
    assert failure_code(result) == code
    line = json.loads(next(result.training.validation_lines()))
    assert [item["code"] for item in line["errors"]] == ["ERROR_INVALID_IMAGE"]


def test_missing_images_and_bad_lines_are_counted_together() -> None:
    """V-1: 15 % and 15 %."""
    lines = [*labelled(17), *[b"{"] * 3]
    assert failure_code(validate(lines, labelled(4, 50))) is None
    look = problem(ImageProblem.MISSING, only="00001.jpg")
    assert failure_code(validate(lines, labelled(4, 50), look)) is None
    look = problem(ImageProblem.MISSING, only="00000")
    assert failure_code(validate(lines, labelled(4, 50), look)) == "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"


def test_images_of_stopped_and_ignored_lines_are_not_looked_at() -> None:
    """J-23."""
    asked: list[str] = []

    def look(places: Sequence[tuple[str, str]]) -> list[ImageLook]:
        asked.extend(key for _, key in places)
        return good(places)

    stopped = LINE_CASES["class id unmapped"].line
    validate([*labelled(10, 10), stopped, {"source-ref": "s3://photographs/x.jpg"}], labelled(4, 50), look)
    assert asked == [f"images/{number:06}.jpg" for number in [*range(10, 20), *range(50, 54)]]


def test_the_image_of_a_usable_line_is_looked_at_though_its_checks_have_ended() -> None:
    """J-4 on one of two attributes: the line is used, so its image must be good."""
    line = {**image_line(77, "a"), **image_pair("other", "b"), "other": ["no number"]}
    assert validate([*labelled(10), line], labelled(4, 50)).training.usable[-1].facts is not None
    result = validate([*labelled(10), line], labelled(4, 50), problem(ImageProblem.MISSING, only="77"))
    assert [finding.rule.code for finding in result.training.findings[11]] == [
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "ERROR_INVALID_IMAGE",
    ]
    assert statistics(result)["invalid_json_lines"] == 1


def test_a_box_line_with_a_small_image_is_marked_at_its_attribute() -> None:
    """J-11."""

    def look(places: Sequence[tuple[str, str]]) -> list[ImageLook]:
        return [ImageFacts("PNG", 63 if key.endswith("000.jpg") else 640, 480, 1) for _, key in places]

    result = validate(boxed(10), boxed(4, 50), look)
    line = json.loads(next(result.training.validation_lines()))
    assert line["boxes"]["errors"][0]["code"] == "ERROR_INVALID_IMAGE_DIMENSION"
    assert statistics(result)["error_json_line_indices"] == [1]


@pytest.mark.parametrize(
    ("training", "testing", "code"),
    [
        (labelled(10, labels="a"), labelled(4, 50, "a"), "ERROR_MANIFEST_TOO_FEW_LABELS"),
        (boxed(10, labels="a"), boxed(4, 50, "a"), None),
        ([{"source-ref": "s3://photographs/a.jpg"}], labelled(4, 50), "ERROR_MANIFEST_TOO_FEW_LABELS"),
        ([*labelled(10, labels="a"), *boxed(4, 20, "b")], labelled(4, 50), "ERROR_MANIFEST_TOO_FEW_USABLE_LABELS"),
        (labelled(10, labels="abc"), labelled(4, 50, "a"), "ERROR_INSUFFICIENT_LABEL_OVERLAP"),
        (labelled(10, labels="ab"), labelled(4, 50, "a"), None),
        (boxed(10), labelled(4, 50), "ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP"),
        ([image_line(n, f"label {n}") for n in range(251)], [image_line(1, "x")], "ERROR_MANIFEST_TOO_MANY_LABELS"),
    ],
)
def test_labels_of_the_pair(training: Lines, testing: Lines, code: str | None) -> None:
    """TE-12 to TE-16, V-3, X-4."""
    assert failure_code(validate(training, testing)) == code


def test_the_overlap_errors_name_the_percentage_on_top_of_the_summary() -> None:
    """TE-14, TE-18."""
    result = validate(labelled(10, labels="abc"), labelled(4, 50, "a"))
    summary: Any = result.summary()
    message = "Less than 50% label overlap between the training and testing manifest files."
    assert summary["errors"] == [{"code": "ERROR_INSUFFICIENT_LABEL_OVERLAP", "message": message}]
    assert result.failure is not None
    assert result.failure.message == message


def test_the_kind_with_more_lines_is_trained_and_the_other_left_out() -> None:
    """D-25."""
    result = validate([*labelled(6), *boxed(5, 20)], [*labelled(4, 50), *boxed(4, 60)])
    assert (result.model_type, len(result.training.usable), len(result.testing.usable)) == (
        ModelType.CLASSIFICATION,
        6,
        4,
    )
    result = validate([*labelled(5), *boxed(5, 20)], [*labelled(4, 50), *boxed(4, 60)])
    assert result.model_type is ModelType.DETECTION
    assert statistics(result, "testing")["use_case"] == "OBJECT_LOCALIZATION"
    assert statistics(result)["valid_json_lines"] == 10


def test_logos_alone_and_boxed_test_images_make_a_brand_model() -> None:
    """D-26."""
    result = validate(labelled(10), boxed(4, 50))
    assert (result.failure, result.model_type) == (None, ModelType.BRAND)
    assert statistics(result)["use_case"] == "IMAGE_LEVEL_LABELS"
    assert statistics(result, "testing")["use_case"] == "OBJECT_LOCALIZATION"
    assert validate(labelled(10, labels="a"), boxed(4, 50, "a")).failure is None


def test_without_a_test_dataset_a_fifth_is_split_off() -> None:
    """O-27: seventy images give fourteen; invalid lines stay."""
    lines = [*labelled(70), b"{"]
    result = validate(lines, None)
    assert result.failure is None
    assert (len(result.training.usable), len(result.testing.usable)) == (56, 14)
    references = {line.source_ref for side in (result.training, result.testing) for line in side.usable}
    assert len(references) == 70
    assert statistics(result)["error_json_line_indices"] == [57]
    training, testing = list(result.training.validation_lines()), list(result.testing.validation_lines())
    assert sorted(training[:-1] + testing) == sorted(as_bytes(line) + b"\n" for line in lines[:-1])
    assert [json.loads(testing[line.number - 1])["source-ref"] for line in result.testing.usable] == [
        line.source_ref for line in result.testing.usable
    ]


def test_too_few_images_to_split() -> None:
    """TE-11: said in the summary of the training side."""
    result = validate([*labelled(10), image_line(99, "rare")], None)
    assert failure_code(result) == "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT"
    assert statistics(result)["errors"][0]["code"] == "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT"
    assert len(list(result.training.validation_lines())) == 11


@pytest.mark.parametrize(
    ("training", "testing", "code"),
    [
        ([], labelled(4), "ERROR_EMPTY_MANIFEST"),
        (labelled(4), [], "ERROR_EMPTY_MANIFEST"),
        ([b"not", b"a manifest"], labelled(4), "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT"),
    ],
)
def test_file_errors_come_without_result_files(training: Lines, testing: Lines, code: str) -> None:
    """TE-1, TE-2, VR-2."""
    result = validate(training, testing)
    assert (failure_code(result), result.is_file_error) == (code, True)


def test_an_error_while_reading_is_a_file_error() -> None:
    """TE-3."""

    def too_large() -> list[bytes]:
        raise ManifestFileError(MANIFEST_TOO_LARGE)

    result = validate_training(too_large, None, None)
    assert result.is_file_error
    assert result.failure is not None
    assert result.failure.message == "The manifest file size exceeds the maximum supported size."


def test_validation_manifests_keep_good_lines_and_line_order() -> None:
    """VR-1: bytes of good lines stay, also their blanks and carriage returns."""
    odd = b'{ "source-ref":"s3://photographs/x.jpg",  ' + as_bytes(image_pair("k", "a"))[1:] + b"\r"
    lines = [*labelled(9, 10), odd, LINE_CASES["class-name missing"].line, b"{"]
    written = list(validate(lines, labelled(4, 50)).training.validation_lines())
    assert written[:10] == [as_bytes(line) + b"\n" for line in lines[:10]]
    assert b'"errors":[{"code":"ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT"' in written[10]
    assert json.loads(written[11]) == {
        "errors": [{"code": "ERROR_INVALID_JSON_LINE", "message": "The JSON Line has an invalid format."}]
    }


def test_validation_manifests_can_be_fed_back() -> None:
    """VR-6, T-10: the same findings again; a corrected line loses its old errors."""
    lines = [*boxed(20, 10), *(LINE_CASES[name].line for name in ("class id unmapped", "box leaves the frame"))]
    first = validate(lines, boxed(4, 50))
    again = validate([line[:-1] for line in first.training.validation_lines()], boxed(4, 50))
    assert again.summary() == first.summary()
    assert list(again.training.validation_lines()) == list(first.training.validation_lines())
    corrected = json.loads(list(first.training.validation_lines())[20])
    corrected["boxes"]["annotations"][0]["class_id"] = 0
    fixed = validate([*boxed(20, 10), corrected], boxed(4, 50))
    assert statistics(fixed)["error_json_line_indices"] == []
    assert b"errors" not in list(fixed.training.validation_lines())[20]


def test_structure_alone_can_be_checked() -> None:
    result = validate(labelled(10), labelled(4, 50), look=None)
    assert result.failure is None
    assert result.training.usable[0].facts is None


def test_lines_without_annotation_are_kept_as_background() -> None:
    """J-18, J-19: ignored lines count as such and name the images that a training may use as background."""
    unlabelled = b'{"source-ref": "s3://pictures/empty.png"}'
    labelled = [
        b'{"source-ref": "s3://pictures/%d.png", "kind": 1, "kind-metadata": {"confidence": 1, "class-name": "%s", '
        b'"human-annotated": "yes", "creation-date": "2026-01-01T00:00:00", '
        b'"type": "groundtruth/image-classification"}}' % (number, (b"cat", b"dog")[number % 2])
        for number in range(20)
    ]
    result = validate_training(lambda: [unlabelled, *labelled], None, None)
    assert result.failure is None
    assert [line.key for line in result.training.background] == ["empty.png"]
    assert result.testing.background == []
    assert result.training.statistics()["ignored_json_lines"] == 1


@pytest.mark.parametrize(
    "useless",
    [
        image_pair("kind", "a", type="groundtruth/wrong-type"),
        {**image_pair("kind", "a"), "kind": ["a"]},
        box_pair("good", [("a", -5, 1, 50, 50)]),
    ],
)
def test_an_image_whose_labels_have_errors_is_no_background(useless: Any) -> None:
    """J-4, J-13, J-21: it may show what the labels look like, though a second, empty attribute makes it ignored."""
    line = {"source-ref": "s3://photographs/images/900001.jpg", **useless, **box_pair("more", [])}
    result = validate([*boxed(10), line, box_line(900002, [])], boxed(4, 50))
    assert result.failure is None
    assert statistics(result)["ignored_json_lines"] == 2
    assert [background.number for background in result.training.background] == [12]
