"""The catalogue is complete, says what AWS says, and is what docs/errors.md says."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.documents.errors import errors_document
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.rules.catalogue import RULES, RULES_BY_CODE, rule_named
from emulator.domain.manifest.rules.file_rules import LABEL_OVERLAP
from emulator.domain.manifest.rules.rule import Level, ManifestFileError, Moment
from support.manifests import LINE_CASES, as_bytes

DOCUMENT = Path(__file__).parents[3] / "docs" / "errors.md"

STOPPING = {
    "ERROR_MISSING_SOURCE_REF",
    "ERROR_INVALID_SOURCE_REF_FORMAT",
    "ERROR_NO_LABEL_ATTRIBUTES",
    "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
    "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
    "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
    "ERROR_MISSING_CLASS_MAP_ID",
    "ERROR_INVALID_JSON_LINE",
}
AT_DATASET_TIME = {
    "ERROR_NO_LABEL_ATTRIBUTES",
    "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
    "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
    "ERROR_NO_VALID_LABEL_ATTRIBUTES",
    "ERROR_INVALID_BOUNDING_BOX",
    "ERROR_INVALID_IMAGE_DIMENSION",
    "ERROR_BOUNDING_BOX_TOO_SMALL",
    "ERROR_NO_VALID_ANNOTATIONS",
    "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
    "ERROR_MISSING_CLASS_MAP_ID",
    "ERROR_TOO_MANY_BOUNDING_BOXES",
    "ERROR_UNSUPPORTED_USE_CASE_TYPE",
    "ERROR_INVALID_LABEL_NAME_LENGTH",
}


def test_every_id_of_the_guide_has_a_rule() -> None:
    """E-1 to E-7, TE-1 to TE-17, J-1 to J-22 (J-14 and J-15 are not used)."""
    ids = {identity for rule in RULES for identity in rule.ids}
    wanted = {f"E-{number}" for number in range(1, 10)} | {f"TE-{number}" for number in range(1, 18)}
    wanted |= {f"J-{number}" for number in range(1, 23) if number not in (14, 15)}
    assert wanted <= ids


def test_codes_are_unique() -> None:
    assert len(RULES) == len(RULES_BY_CODE)
    assert {rule.code for rule in RULES if not rule.published} == {
        "LINE_TOO_LONG",
        "ERROR_REPEATED_SOURCE_REF",
        "WARNING_TOO_MANY_LABELS_PER_IMAGE",
        "WARNING_IMAGE_SIZE_DIFFERS",
        "WARNING_LABELS_WITHOUT_VALID_IMAGES",
        "WARNING_TOO_MANY_TEST_IMAGES_PER_LABEL",
    }


def test_the_group_that_stops_a_line() -> None:
    """J-23."""
    assert {rule.code for rule in RULES if rule.stops and rule.published} == STOPPING


def test_the_thirteen_errors_of_dataset_entries() -> None:
    """E-9."""
    assert {rule.code for rule in RULES if "E-9" in rule.ids} == AT_DATASET_TIME
    assert all(Moment.DATASET in rule_named(code).moments for code in AT_DATASET_TIME)


def test_every_line_rule_has_a_case_that_provokes_it() -> None:
    """But those that need the image or the other lines, which have their own tests."""
    others = {
        "ERROR_INVALID_IMAGE",
        "LINE_TOO_LONG",
        "ERROR_REPEATED_SOURCE_REF",
        "WARNING_IMAGE_SIZE_DIFFERS",
        "WARNING_TOO_MANY_LABELS_PER_IMAGE",
    }
    line_rules = {rule.code for rule in RULES if rule.level not in (Level.FILE, Level.PAIR)} - others
    assert {case.code for case in LINE_CASES.values()} == line_rules


def test_every_finding_says_what_to_do_and_where_the_fault_lies() -> None:
    for case in LINE_CASES.values():
        for finding in inspect_line(as_bytes(case.line)).findings:
            assert finding.rule.cure
            assert finding.rule.when
            assert finding.fault or finding.column or finding.place.value == "I"


def test_placeholders_are_filled() -> None:
    text = "Less than 50% label overlap between the training and testing manifest files."
    assert LABEL_OVERLAP.text(50) == text
    assert ManifestFileError(LABEL_OVERLAP, 50).status_message == text


def test_an_unknown_code_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        rule_named("ERROR_UNHEARD_OF")


def test_the_page_is_the_registry() -> None:
    """Write it anew with `python -m emulator.documents.errors > docs/errors.md`."""
    assert DOCUMENT.read_text(encoding="utf-8") == errors_document()


def test_the_page_names_every_rule_with_message_cause_and_cure() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    for rule in RULES:
        section = page.split(f"### `{rule.code}`", 1)[1].split("\n### ", 1)[0]
        assert rule.message.split("{}")[0] in section
        assert rule.cure in section
        assert rule.when in section
