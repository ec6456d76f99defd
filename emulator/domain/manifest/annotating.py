"""Error arrays put into a manifest line at their places (guide chapter J, head; J-24)."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from emulator.domain.manifest.attributes import METADATA_SUFFIX
from emulator.domain.manifest.decoding import encode_document
from emulator.domain.manifest.findings import Document, Finding, LineInspection, Place
from emulator.domain.manifest.rules.line_rules import INVALID_JSON_LINE

DATASET_KEYS = ("cl-errors", "cl-errors")
"""The keys of errors and warnings in dataset entries (O-30)."""
VALIDATION_KEYS = ("errors", "warnings")
"""The keys of errors and warnings in validation manifests."""

CL_METADATA = "cl-metadata"


def validation_line(raw: bytes, inspection: LineInspection) -> bytes:
    """The line of a validation manifest, without line feed.

    Lines without findings keep their bytes, unless they carried error arrays of an earlier validation (VR-6); a line
    that is not a JSON object is replaced by one that holds only the error (J-9).
    """
    document = inspection.document
    visible = [finding for finding in inspection.findings if finding.place is not Place.NOWHERE]
    if document is None:
        errors = [_published_item(finding) for finding in visible]
        return encode_document({"errors": errors}).encode()
    if not visible:
        return encode_document(document).encode() if inspection.is_rewritten else raw
    return encode_document(annotated(document, visible, VALIDATION_KEYS)).encode()


def annotated(document: Document, findings: Iterable[Finding], keys: tuple[str, str]) -> Document:
    """A copy of the line with each finding under `keys` (errors, warnings) at its place."""
    result: Document = copy.deepcopy(document)
    for finding in findings:
        holder = _holder(result, finding)
        holder.setdefault(keys[1] if finding.rule.is_warning else keys[0], []).append(finding.as_item())
    return result


def _holder(document: Document, finding: Finding) -> Document:
    """The object that takes the array; the line itself where the place holds none (such as an integer attribute)."""
    candidate: object = document
    if finding.place is Place.METADATA:
        candidate = document.get(f"{finding.attribute}{METADATA_SUFFIX}")
    elif finding.place in (Place.ATTRIBUTE, Place.ANNOTATION):
        candidate = document.get(str(finding.attribute))
    if finding.place is Place.ANNOTATION and isinstance(candidate, dict):
        candidate = candidate["annotations"][finding.annotation]
    return candidate if isinstance(candidate, dict) else document


def _published_item(finding: Finding) -> dict[str, str]:
    if finding.rule.published:
        return finding.as_item()
    return {"code": INVALID_JSON_LINE.code, "message": INVALID_JSON_LINE.message}
