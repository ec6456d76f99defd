"""What CreateDataset and UpdateDatasetEntries make of a manifest (guide chapter E)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from emulator.domain.manifest.annotating import CL_METADATA, DATASET_KEYS, annotated
from emulator.domain.manifest.decoding import decode_line, encode_document, remove_added_keys
from emulator.domain.manifest.findings import Finding, LabelUse, LineInspection
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.limits import MAXIMUM_LABELS, over_invalid_limit
from emulator.domain.manifest.reading import ManifestLine
from emulator.domain.manifest.rules import file_rules, line_rules
from emulator.domain.manifest.rules.rule import Moment, Rule

# Without escapes and control characters, so that what is between the quotes is the text itself (J-2).
_PLAIN = re.compile(r'(\{"source-ref": ?"(s3://([0-9A-Za-z.\-_]{3,255})/([^\x00-\x1f\x7f"\\]+))")\}')
_PLAIN_LINES = re.compile(rf"^{_PLAIN.pattern}$", re.MULTILINE)
_LONGEST_PLAIN_BYTES = 1024
_UNLABELED = ',"cl-metadata":{"is_labeled":false}}'
_IS_LABELED = {True: ',"cl-metadata":{"is_labeled":true}}', False: _UNLABELED}
_NO_LABELS: dict[str, LabelUse] = {}


class DatasetEntry(NamedTuple):
    """One entry of a dataset.

    `line` is what ListDatasetEntries returns: the manifest's line as it was written and `cl-metadata` behind it. A line
    with errors is written anew, with `cl-errors` at their places (J-24). `labels` says how each label is used; it also
    counts boxes with errors.
    """

    source_ref: str
    bucket: str
    key: str
    line: str
    labels: Mapping[str, LabelUse]
    is_labeled: bool
    has_errors: bool
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class DroppedLine:
    """A line with a terminal content error: it leaves no trace in the dataset (E-8)."""

    rule: Rule
    findings: tuple[Finding, ...] = ()


def examine_for_dataset(raw: bytes, is_cut: bool = False) -> DatasetEntry | DroppedLine:
    """One manifest line as a dataset entry, or why it is dropped (E-8, E-9). Never raises.

    `raw` comes without line feed. Repeated source-refs are the business of DatasetExamination.
    """
    plain = _plain_entry(raw)
    if plain is not None:
        return plain
    inspection = inspect_line(raw, is_cut)
    if not inspection.source_ref:
        return DroppedLine(inspection.findings[0].rule, tuple(inspection.findings))
    findings = tuple([finding for finding in inspection.findings if Moment.DATASET in finding.rule.moments])
    return DatasetEntry(
        inspection.source_ref,
        inspection.bucket,
        inspection.key,
        _entry_line(raw, inspection, findings),
        inspection.declared,
        inspection.is_labeled,
        bool(findings),
        findings,
    )


def _plain_entry(raw: bytes) -> DatasetEntry | None:
    """What becomes of a line with nothing but a plain source-ref, in a third of the time; None for every other line."""
    if len(raw) > _LONGEST_PLAIN_BYTES:
        return None
    try:
        match = _PLAIN.fullmatch(raw.decode())
    except UnicodeDecodeError:
        return None
    if match is None:
        return None
    line, source_ref, bucket, key = match.groups()
    return DatasetEntry(source_ref, bucket, key, line + _UNLABELED, _NO_LABELS, False, False)


def _plain_entries(lines: Sequence[ManifestLine]) -> list[DatasetEntry]:
    """What becomes of lines, if all of them are such; otherwise nothing, or of some."""
    raw = [line.raw for line in lines]
    if max(map(len, raw), default=0) > _LONGEST_PLAIN_BYTES:
        return []
    try:
        found = _PLAIN_LINES.findall(b"\n".join(raw).decode())
    except UnicodeDecodeError:
        return []
    return [
        DatasetEntry(ref, bucket, key, line + _UNLABELED, _NO_LABELS, False, False) for line, ref, bucket, key in found
    ]


def original_line(entry_line: str) -> str:
    """An entry's line without what the service added to it, as training reads it."""
    for suffix in _IS_LABELED.values():
        if entry_line.endswith(suffix) and '"cl-errors"' not in entry_line:
            return entry_line[: -len(suffix)] + "}"
    # Not inspected: with its errors an entry may be longer than a line may be.
    document = decode_line(entry_line, entry_line.encode())
    remove_added_keys(document)
    return encode_document(document)


def _entry_line(raw: bytes, inspection: LineInspection, findings: tuple[Finding, ...]) -> str:
    document = inspection.document or {}
    if not findings and not inspection.is_rewritten:
        return raw.decode().strip()[:-1].rstrip() + _IS_LABELED[inspection.is_labeled]
    result = annotated(document, findings, DATASET_KEYS)
    line_errors = result.pop(DATASET_KEYS[0], None)
    result[CL_METADATA] = {"is_labeled": inspection.is_labeled}
    if line_errors:
        result[DATASET_KEYS[0]] = line_errors
    return encode_document(result)


class DatasetExamination:
    """Feeds on the lines of one manifest and keeps what is said about the manifest as a whole.

    For UpdateDatasetEntries say what is there already: `bucket` of the present entries and their `labels`. Memory grows
    by about 60 bytes a line (a 64-bit hash of each source-ref, to find repeated ones).
    """

    def __init__(self, bucket: str | None = None, labels: Iterable[str] = ()) -> None:
        self.lines = 0
        self.entries = 0
        self.dropped = 0
        self.labeled_entries = 0
        self.error_entries = 0
        self.labels: set[str] = set(labels)
        self.buckets: set[str] = {bucket} if bucket else set()
        self._json_objects = 0
        self._seen: set[int] = set()

    def feed(self, line: ManifestLine | bytes) -> DatasetEntry | DroppedLine:
        """Examine the next line and count it. Never raises."""
        raw, is_cut = (line.raw, line.is_cut) if isinstance(line, ManifestLine) else (line, False)
        return self.take(examine_for_dataset(raw, is_cut))

    def feed_all(self, lines: Sequence[ManifestLine]) -> list[DatasetEntry | DroppedLine]:
        """`feed` for each of some thousand lines; in half the time where all have nothing but a plain source-ref."""
        entries = _plain_entries(lines)
        hashes = {hash(entry.source_ref) for entry in entries}
        if len(hashes) < len(lines) or not hashes.isdisjoint(self._seen):
            return [self.feed(line) for line in lines]
        self._seen |= hashes
        self.lines += len(lines)
        self._json_objects += len(lines)
        self.entries += len(lines)
        if len(self.buckets) < 2:
            self.buckets.update([entry.bucket for entry in entries])
        return [*entries]

    def take(self, result: DatasetEntry | DroppedLine) -> DatasetEntry | DroppedLine:
        """Count the next line, which was examined by itself already. Never raises."""
        self.lines += 1
        if not isinstance(result, DroppedLine) and self._is_repeated(result.source_ref):
            result = DroppedLine(line_rules.REPEATED_SOURCE_REF)
        if isinstance(result, DroppedLine):
            self.dropped += 1
            self._json_objects += result.rule not in (line_rules.INVALID_JSON_LINE, line_rules.LINE_TOO_LONG)
            return result
        self._json_objects += 1
        self.entries += 1
        self.labeled_entries += result.is_labeled
        self.error_entries += result.has_errors
        if result.labels and len(self.labels) <= MAXIMUM_LABELS:
            self.labels.update(result.labels)
        if len(self.buckets) < 2:
            self.buckets.add(result.bucket)
        return result

    @property
    def is_lost(self) -> bool:
        """Whether `failure` will name a rule, whatever lines are still to come."""
        return len(self.buckets) > 1 or len(self.labels) > MAXIMUM_LABELS

    def failure(self) -> Rule | None:
        """The file error that the lines so far amount to, if any; ask after the last line.

        No line or no JSON object at all E-1, several buckets TE-7 (O-29), more than 20 % dropped E-5, over 250 labels
        E-6.
        """
        if not self._json_objects:
            return file_rules.MANIFEST_INACCESSIBLE
        if len(self.buckets) > 1:
            return file_rules.MULTIPLE_BUCKETS
        if over_invalid_limit(self.dropped, self.lines):
            return file_rules.TOO_MANY_RECORDS_IN_ERROR
        return file_rules.TOO_MANY_LABELS if len(self.labels) > MAXIMUM_LABELS else None

    def _is_repeated(self, source_ref: str) -> bool:
        before = len(self._seen)
        self._seen.add(hash(source_ref))
        return len(self._seen) == before
