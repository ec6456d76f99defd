"""The catalogue of manifest rules: every error and warning a manifest can meet, each written down once.

Datasets, training, `custom-labels lint` and docs/errors.md are all driven by this registry. Codes and messages are the
service's own (guide chapters E, TE and J; api-facts §3.7). Two rules have no published code, because the service drops
such lines without a word; their codes are ours and `published` is false.
"""

from __future__ import annotations

from emulator.domain.manifest import file_rules, line_rules
from emulator.domain.manifest.file_rules import (
    EMPTY_MANIFEST,
    IMAGES_BUCKET_OWNER,
    IMAGES_COPY_FAILED,
    IMAGES_PERMISSIONS,
    LABEL_OVERLAP,
    MANIFEST_INACCESSIBLE,
    MANIFEST_PERMISSIONS,
    MANIFEST_TOO_LARGE,
    MANIFEST_TOO_MANY_ROWS,
    MULTIPLE_BUCKETS,
    OUTPUT_BUCKET_NOT_WRITABLE,
    TOO_FEW_IMAGES_TO_DISTRIBUTE,
    TOO_FEW_IMAGES_TO_SPLIT,
    TOO_FEW_LABELS,
    TOO_FEW_USABLE_LABELS,
    TOO_MANY_INVALID_ROWS,
    TOO_MANY_LABELS,
    TOO_MANY_RECORDS_IN_ERROR,
    USABLE_LABEL_OVERLAP,
)
from emulator.domain.manifest.line_rules import (
    BOUNDING_BOX_TOO_SMALL,
    INVALID_BOUNDING_BOX,
    INVALID_IMAGE,
    INVALID_IMAGE_DIMENSION,
    INVALID_JSON_LINE,
    INVALID_LABEL_ATTRIBUTE_FORMAT,
    INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT,
    INVALID_LABEL_NAME_LENGTH,
    INVALID_SOURCE_REF_FORMAT,
    LINE_TOO_LONG,
    MISSING_BOUNDING_BOX_CONFIDENCE,
    MISSING_CLASS_MAP_ID,
    MISSING_SOURCE_REF,
    NO_ANNOTATIONS,
    NO_ATTRIBUTE_ANNOTATIONS,
    NO_LABEL_ATTRIBUTES,
    NO_VALID_ANNOTATIONS,
    NO_VALID_LABEL_ATTRIBUTES,
    REPEATED_SOURCE_REF,
    TOO_MANY_BOUNDING_BOXES,
    UNANNOTATED_RECORD,
    UNSUPPORTED_USE_CASE_TYPE,
)
from emulator.domain.manifest.rule import Effect, Level, ManifestFileError, Moment, Rule

RULES: tuple[Rule, ...] = tuple(
    value for module in (file_rules, line_rules) for value in vars(module).values() if isinstance(value, Rule)
)
"""All rules, in the order they are written down: file errors, content errors, dropped lines, line errors, warnings."""

RULES_BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def rule_named(code: str) -> Rule:
    """The rule with this code. Raises KeyError for a code that is not in the catalogue."""
    return RULES_BY_CODE[code]


__all__ = [
    "BOUNDING_BOX_TOO_SMALL",
    "EMPTY_MANIFEST",
    "IMAGES_BUCKET_OWNER",
    "IMAGES_COPY_FAILED",
    "IMAGES_PERMISSIONS",
    "INVALID_BOUNDING_BOX",
    "INVALID_IMAGE",
    "INVALID_IMAGE_DIMENSION",
    "INVALID_JSON_LINE",
    "INVALID_LABEL_ATTRIBUTE_FORMAT",
    "INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
    "INVALID_LABEL_NAME_LENGTH",
    "INVALID_SOURCE_REF_FORMAT",
    "LABEL_OVERLAP",
    "LINE_TOO_LONG",
    "MANIFEST_INACCESSIBLE",
    "MANIFEST_PERMISSIONS",
    "MANIFEST_TOO_LARGE",
    "MANIFEST_TOO_MANY_ROWS",
    "MISSING_BOUNDING_BOX_CONFIDENCE",
    "MISSING_CLASS_MAP_ID",
    "MISSING_SOURCE_REF",
    "MULTIPLE_BUCKETS",
    "NO_ANNOTATIONS",
    "NO_ATTRIBUTE_ANNOTATIONS",
    "NO_LABEL_ATTRIBUTES",
    "NO_VALID_ANNOTATIONS",
    "NO_VALID_LABEL_ATTRIBUTES",
    "OUTPUT_BUCKET_NOT_WRITABLE",
    "REPEATED_SOURCE_REF",
    "RULES",
    "RULES_BY_CODE",
    "TOO_FEW_IMAGES_TO_DISTRIBUTE",
    "TOO_FEW_IMAGES_TO_SPLIT",
    "TOO_FEW_LABELS",
    "TOO_FEW_USABLE_LABELS",
    "TOO_MANY_BOUNDING_BOXES",
    "TOO_MANY_INVALID_ROWS",
    "TOO_MANY_LABELS",
    "TOO_MANY_RECORDS_IN_ERROR",
    "UNANNOTATED_RECORD",
    "UNSUPPORTED_USE_CASE_TYPE",
    "USABLE_LABEL_OVERLAP",
    "Effect",
    "Level",
    "ManifestFileError",
    "Moment",
    "Rule",
    "rule_named",
]
