"""All checks of one manifest line that need nothing but the line itself (guide chapter J)."""

from __future__ import annotations

import re

from emulator.domain.manifest.attributes import (
    IMAGE_CLASSIFICATION,
    METADATA_SUFFIX,
    OBJECT_DETECTION,
    LabelAttribute,
    read_attribute,
)
from emulator.domain.manifest.boxes import check_boxes
from emulator.domain.manifest.decoding import (
    NotJsonObjectError,
    decode_line,
    may_hold_added_keys,
    remove_added_keys,
)
from emulator.domain.manifest.findings import Document, Finding, LabelUse, LineInspection, Place, Verdict
from emulator.domain.manifest.limits import MAXIMUM_LABEL_CHARACTERS, MAXIMUM_LABELS_PER_IMAGE, MAXIMUM_LINE_CHARACTERS
from emulator.domain.manifest.rules import line_rules
from emulator.domain.manifest.rules.rule import Effect, Rule
from emulator.domain.object_store import ObjectLocation

SOURCE_REF = "source-ref"
_BUCKET = re.compile(r"[0-9A-Za-z.\-_]{3,255}")
_SOURCE_REF = re.compile(rf"s3://({_BUCKET.pattern})/([^\x00-\x1f\x7f]+)")
_MAXIMUM_KEY_BYTES = 1024
_UNANNOTATED = Finding(line_rules.UNANNOTATED_RECORD, Place.IMAGE, detail="nothing but source-ref")
_LONGER = f"more than {MAXIMUM_LINE_CHARACTERS:,} characters"


def inspect_line(raw: bytes, is_cut: bool = False) -> LineInspection:
    """Check one line (bytes without line feed; `is_cut` as ManifestLine has it).

    Never raises: whatever the bytes, the result is a verdict with findings of the catalogue. The group J-23 ends the
    checks of a line; its J-4 and J-5 take away one attribute, and the line stays valid if another, good one remains.
    """
    inspection = LineInspection()
    document = _decode(inspection, raw, is_cut)
    if document is None:
        inspection.verdict = Verdict.INVALID
        return inspection
    inspection.document = document
    if may_hold_added_keys(raw):
        inspection.is_rewritten = remove_added_keys(document)
    if not _check_source_ref(inspection, document):
        inspection.verdict = Verdict.INVALID
        return inspection
    if len(document) == 1:
        inspection.findings.append(_UNANNOTATED)
        inspection.verdict = Verdict.IGNORED
        return inspection
    _check_attributes(inspection, document)
    return inspection


def named_labels(document: Document | None) -> set[str]:
    """The labels that a line names, however wrong it is otherwise; none of more than 256 characters."""
    found: list[object] = []
    for name, metadata in (document or {}).items():
        if not name.endswith(METADATA_SUFFIX) or not isinstance(metadata, dict):
            continue
        found.append(metadata.get("class-name"))
        class_map, value = metadata.get("class-map"), (document or {}).get(name.removesuffix(METADATA_SUFFIX))
        annotations = value.get("annotations") if isinstance(value, dict) else None
        if isinstance(class_map, dict) and isinstance(annotations, list):
            used = {str(item.get("class_id")) for item in annotations if isinstance(item, dict)}
            found.extend(label for key, label in class_map.items() if key in used)
    return {label for label in found if isinstance(label, str) and 0 < len(label) <= MAXIMUM_LABEL_CHARACTERS}


def _decode(inspection: LineInspection, raw: bytes, is_cut: bool) -> Document | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        if is_cut:
            return _refuse(inspection, line_rules.LINE_TOO_LONG, _LONGER)
        column = len(raw[: error.start].decode()) + 1
        return _refuse(inspection, line_rules.INVALID_JSON_LINE, f"byte {error.start + 1} is not UTF-8", column)
    if is_cut or (len(text) > MAXIMUM_LINE_CHARACTERS and len(text.rstrip("\r")) > MAXIMUM_LINE_CHARACTERS):
        return _refuse(inspection, line_rules.LINE_TOO_LONG, _LONGER)
    try:
        return decode_line(text, raw)
    except NotJsonObjectError as error:
        detail = "the line is blank" if not text.strip() else str(error)
        if text.startswith("\ufeff"):
            detail = "the line begins with a byte order mark"
        return _refuse(inspection, line_rules.INVALID_JSON_LINE, detail, error.column)


def _refuse(inspection: LineInspection, rule: Rule, detail: str, column: int = 1) -> Document | None:
    inspection.findings.append(Finding(rule, Place.WHOLE_LINE, detail=detail, column=column))
    return None


def _check_source_ref(inspection: LineInspection, document: Document) -> bool:
    source_ref = document.get(SOURCE_REF)
    if SOURCE_REF not in document:
        near = [key for key in document if key.replace("_", "-").strip().lower() == SOURCE_REF]
        detail = f"found {near[0]!r} instead" if near else "no such key"
        inspection.findings.append(
            Finding(line_rules.MISSING_SOURCE_REF, Place.IMAGE, fault=tuple(near), detail=detail)
        )
        return False
    match = _SOURCE_REF.fullmatch(source_ref) if isinstance(source_ref, str) else None
    if match is None or len(match[2].encode()) > _MAXIMUM_KEY_BYTES:
        detail = _wrong_with(source_ref)
        inspection.findings.append(
            Finding(line_rules.INVALID_SOURCE_REF_FORMAT, Place.IMAGE, fault=(SOURCE_REF,), detail=detail)
        )
        return False
    inspection.source_ref, inspection.bucket, inspection.key = match[0], match[1], match[2]
    return True


def _wrong_with(source_ref: object) -> str:
    """What a person should look at in a source-ref of the wrong form."""
    if isinstance(source_ref, str) and source_ref.startswith("s3://"):
        place = ObjectLocation.at(source_ref)
        if place.bucket and place.key and not _BUCKET.fullmatch(place.bucket):
            return "the bucket's name is not valid: at least three letters, digits, dots or hyphens"
        if len(place.key.encode()) > _MAXIMUM_KEY_BYTES:
            return f"the key has more than {_MAXIMUM_KEY_BYTES:,} bytes"
    return "not of the form s3://bucket/path"


def _check_attributes(inspection: LineInspection, document: Document) -> None:
    attributes: list[LabelAttribute] = []
    found = 0
    is_empty = 0
    for name in document:
        metadata_name = name + METADATA_SUFFIX
        if metadata_name not in document or name == SOURCE_REF:
            continue
        found += 1
        value = document[name]
        result = read_attribute(name, value, document[metadata_name])
        if isinstance(result, LabelAttribute):
            attributes.append(result)
            is_empty += result.kind == OBJECT_DETECTION and not result.annotations
        else:
            inspection.findings.extend(result)
    inspection.is_labeled = found > is_empty
    if not found:
        path = tuple(name for name in document if name != SOURCE_REF)[:1]
        detail = "no attribute has a partner whose name ends in -metadata"
        inspection.findings.append(Finding(line_rules.NO_LABEL_ATTRIBUTES, Place.IMAGE, fault=path, detail=detail))
        inspection.verdict = Verdict.INVALID
        return
    _declare(inspection, attributes)
    if inspection.findings:
        _judge_stopped_line(inspection, attributes)
    else:
        _check_contents(inspection, attributes)


def _judge_stopped_line(inspection: LineInspection, attributes: list[LabelAttribute]) -> None:
    """After an error of the group J-23 nothing more is reported, but what cannot be used is still left out."""
    reported = list(inspection.findings)
    ends_line = any(finding.rule.effect is Effect.DROP_LINE for finding in reported)
    _check_contents(inspection, attributes)
    inspection.findings[:] = reported
    if ends_line:
        inspection.verdict = Verdict.INVALID


def _check_contents(inspection: LineInspection, attributes: list[LabelAttribute]) -> None:
    findings = inspection.findings
    usable = 0
    empty: list[LabelAttribute] = []
    for attribute in attributes:
        _check_label_names(attribute, findings)
        if attribute.kind == IMAGE_CLASSIFICATION:
            inspection.image_labels.extend(n for n in attribute.class_names if n not in inspection.image_labels)
            usable += 1
        elif attribute.kind != OBJECT_DETECTION:
            path = (attribute.name + METADATA_SUFFIX, "type")
            findings.append(_unsupported(attribute, path))
            continue
        elif not attribute.annotations:
            empty.append(attribute)
        else:
            usable += check_boxes(inspection, attribute)
        inspection.creation_date = inspection.creation_date or attribute.creation_date
    if len(inspection.image_labels) > MAXIMUM_LABELS_PER_IMAGE:
        detail = f"{len(inspection.image_labels)} labels"
        findings.append(Finding(line_rules.TOO_MANY_LABELS_OF_IMAGE, Place.NOWHERE, detail=detail))
    inspection.verdict = Verdict.VALID
    if not usable:
        _judge_unusable(inspection, empty)
    else:
        findings.extend(_empty_attribute(attribute) for attribute in empty)
    if any(finding.rule.effect is Effect.DROP_LINE for finding in findings):
        inspection.verdict = Verdict.INVALID


def _judge_unusable(inspection: LineInspection, empty: list[LabelAttribute]) -> None:
    if not empty:
        inspection.findings.append(Finding(line_rules.NO_VALID_LABEL_ATTRIBUTES, Place.IMAGE))
        return
    inspection.verdict = Verdict.IGNORED
    inspection.findings.extend(_empty_attribute(attribute) for attribute in empty)
    if any(attribute.human_annotated for attribute in empty):
        inspection.findings.append(Finding(line_rules.NO_ANNOTATIONS, Place.IMAGE))


def _empty_attribute(attribute: LabelAttribute) -> Finding:
    path = (attribute.name,)
    return Finding(
        line_rules.NO_ATTRIBUTE_ANNOTATIONS, Place.ATTRIBUTE, attribute.name, fault=path, detail="no annotations"
    )


def _unsupported(attribute: LabelAttribute, path: tuple[str | int, ...]) -> Finding:
    detail = f"type is {attribute.kind!r}"
    return Finding(
        line_rules.UNSUPPORTED_USE_CASE_TYPE,
        Place.METADATA,
        attribute.name,
        fault=path,
        detail=detail,
        message_value=attribute.name,
    )


def _check_label_names(attribute: LabelAttribute, findings: list[Finding]) -> None:
    names = attribute.class_map.items() if attribute.class_map else [("class-name", n) for n in attribute.class_names]
    for key, name in names:
        if len(name) > MAXIMUM_LABEL_CHARACTERS:
            metadata = attribute.name + METADATA_SUFFIX
            path = (metadata, "class-map", key) if attribute.class_map else (metadata, key)
            detail = f"{len(name)} characters"
            findings.append(
                Finding(line_rules.INVALID_LABEL_NAME_LENGTH, Place.METADATA, attribute.name, fault=path, detail=detail)
            )
            return


def _declare(inspection: LineInspection, attributes: list[LabelAttribute]) -> None:
    declared: dict[str, LabelUse] = {}
    for attribute in attributes:
        is_image_level = attribute.kind == IMAGE_CLASSIFICATION
        for name in attribute.class_names:
            known = declared.get(name)
            if len(name) > MAXIMUM_LABEL_CHARACTERS:
                continue
            if known is None:
                declared[name] = LabelUse(is_image_level, 0 if is_image_level else 1)
            else:
                boxes = known.boxes if is_image_level else known.boxes + 1
                declared[name] = LabelUse(known.image_level or is_image_level, boxes)
    inspection.declared = declared
