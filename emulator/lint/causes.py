"""What is wrong with the lines of a manifest, gathered by cause while they are read, in bounded memory."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emulator.domain.manifest.findings import Document, Finding, LineInspection, Place, Verdict
from emulator.domain.manifest.locating import span_of
from emulator.domain.manifest.reading import ManifestLine
from emulator.domain.manifest.rules import line_rules
from emulator.domain.manifest.rules.rule import Rule
from emulator.lint.hints import hint_of
from emulator.lint.own_rules import REPEATED_KEY
from emulator.lint.syntax import Mistake, mistake_of

EXCERPT_CHARACTERS = 100
_BEFORE = 60
_MOST_CAUSES = 200
_MOST_LINES_KEPT = 500_000
_ERROR_LINES_KEPT = 250_000
_BUCKETS_KEPT = 3
CONSEQUENCES = (
    line_rules.NO_VALID_ANNOTATIONS,
    line_rules.NO_VALID_LABEL_ATTRIBUTES,
    line_rules.NO_ANNOTATIONS,
)
"""Rules that apply because another one does: told last, and in short."""
_UNREADABLE = (line_rules.INVALID_JSON_LINE, line_rules.LINE_TOO_LONG)


@dataclass(frozen=True, slots=True)
class Offence:
    """A finding with its place: line and column from 1, columns and width in characters.

    `excerpt` is the text around the place, in which the place begins at `caret` (from 0).
    """

    line: int
    column: int
    width: int
    finding: Finding
    title: str
    excerpt: str
    caret: int


@dataclass(slots=True)
class Cause:
    """One mistake, however many lines share it: `lines` of them, `times` in all; the first `offences` are kept."""

    key: str
    rule: Rule
    title: str
    cure: str
    is_fixable: bool
    lines: int = 0
    times: int = 0
    last_line: int = 0
    offences: list[Offence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    line: ManifestLine
    finding: Finding


class Causes:
    """Takes the lines of one manifest and gathers what is wrong with them.

    `buckets` are the first buckets that lines name, with the number of the first line of each. `shown` bounds the
    offences kept for each cause. `labels` are kept for each line that can be used if `keeps_labels`.
    """

    def __init__(self, path: Path, role: str, shown: int, keeps_labels: bool = False) -> None:
        self.path = path
        self.role = role
        self.lines = 0
        self.verdicts: Counter[Verdict] = Counter()
        self.rules: Counter[Rule] = Counter()
        self.error_lines: list[int] = []
        self.labels: list[tuple[int, tuple[str, ...], tuple[str, ...]]] = []
        self.buckets: dict[str, int] = {}
        self._causes: dict[str, Cause] = {}
        self._shown = shown
        self._keeps_labels = keeps_labels
        self._waiting: _Unreadable | None = None

    def see(self, line: ManifestLine, inspection: LineInspection) -> None:
        """Take the next line, whose checks have ended."""
        self._settle(line.raw)
        self.lines += 1
        self.verdicts[inspection.verdict] += 1
        if inspection.bucket and len(self.buckets) < _BUCKETS_KEPT:
            self.buckets.setdefault(inspection.bucket, line.number)
        if _may_repeat_keys(line.raw, inspection.document):
            inspection.findings.extend(_repeated_keys(line.raw))
        if inspection.findings:
            self._take(line, inspection)
        elif self._keeps_labels and len(self.labels) < _MOST_LINES_KEPT:
            boxes = tuple({box.label for box in inspection.boxes})
            self.labels.append((line.number, tuple(inspection.image_labels), boxes))

    def all(self) -> list[Cause]:
        """All causes: errors before warnings, those of most lines first. Ask after the last line."""
        self._settle(None)
        return sorted(self._causes.values(), key=_importance)

    def _take(self, line: ManifestLine, inspection: LineInspection) -> None:
        findings = inspection.findings
        if any(not finding.rule.is_warning for finding in findings) and len(self.error_lines) < _ERROR_LINES_KEPT:
            self.error_lines.append(line.number)
        if self._keeps_labels and inspection.verdict is Verdict.VALID and len(self.labels) < _MOST_LINES_KEPT:
            boxes = tuple({box.label for box in inspection.boxes})
            self.labels.append((line.number, tuple(inspection.image_labels), boxes))
        for finding in findings:
            self.rules[finding.rule] += 1
            if finding.rule in _UNREADABLE:
                # What is wrong with it may depend on the line behind it.
                self._waiting = _Unreadable(line._replace(raw=line.raw[:]), finding)
            else:
                self._add(line, finding, inspection.document)

    def _settle(self, following: bytes | None) -> None:
        if self._waiting is None:
            return
        waiting, self._waiting = self._waiting, None
        mistake = mistake_of(waiting.line.raw, waiting.line.is_cut, following)
        cause = self._cause(mistake.key, waiting.finding.rule, mistake.title, mistake.cure, mistake.is_fixable)
        if self._count(cause, waiting.line.number):
            cause.offences.append(_offence_of_mistake(waiting, mistake))

    def _add(self, line: ManifestLine, finding: Finding, document: Document | None) -> None:
        title, cure, is_fixable = hint_of(finding, document)
        key = f"{finding.rule.code} {_pattern(finding.fault)} {_template(title)}"
        cause = self._cause(key, finding.rule, title, cure, is_fixable)
        if self._count(cause, line.number):
            cause.offences.append(_offence(line, finding, title))

    def _cause(self, key: str, rule: Rule, title: str, cure: str, is_fixable: bool) -> Cause:
        if key not in self._causes and len(self._causes) >= _MOST_CAUSES:
            key, title, cure, is_fixable = rule.code, rule.message, rule.cure, False
        return self._causes.setdefault(key, Cause(key, rule, title, cure, is_fixable))

    def _count(self, cause: Cause, line: int) -> bool:
        """Count one more offence; whether it is to be kept."""
        cause.times += 1
        cause.lines += line != cause.last_line
        cause.last_line = line
        return len(cause.offences) < self._shown


def _importance(cause: Cause) -> tuple[bool, bool, int]:
    return cause.rule.is_warning, cause.rule in CONSEQUENCES, -cause.lines


def _offence_of_mistake(waiting: _Unreadable, mistake: Mistake) -> Offence:
    text = waiting.line.raw.decode(errors="replace")
    excerpt, caret = excerpt_of(text, mistake.column)
    return Offence(waiting.line.number, mistake.column, mistake.width, waiting.finding, mistake.title, excerpt, caret)


def _offence(line: ManifestLine, finding: Finding, title: str) -> Offence:
    text = line.raw.decode(errors="replace")
    column, width = span_of(text, finding.fault) if finding.fault else (finding.column or 1, 1)
    excerpt, caret = excerpt_of(text, column)
    return Offence(line.number, column, width, finding, title, excerpt, caret)


def excerpt_of(text: str, column: int) -> tuple[str, int]:
    """The text around a column (from 1), at most 100 characters, and where in it the column is (from 0)."""
    text = text.rstrip("\r\n")
    position = min(max(column - 1, 0), len(text))
    start = max(0, min(position - _BEFORE, len(text) - EXCERPT_CHARACTERS))
    return text[start : start + EXCERPT_CHARACTERS], position - start


def _pattern(fault: tuple[str | int, ...]) -> str:
    """The path without the attribute's name, indices and ids, so that like faults are told together."""
    if not fault:
        return ""
    first = "metadata" if str(fault[0]).endswith("-metadata") else "attribute" if len(fault) > 1 else str(fault[0])
    rest = ["*" if isinstance(step, int) or not re.fullmatch(r"[a-z_-]+", step) else step for step in fault[1:]]
    if "class-map" in rest:
        rest = rest[: rest.index("class-map") + 1]
    return ".".join([first, *rest])


def _template(title: str) -> str:
    """The sentence without figures, names and addresses."""
    return re.sub(r"s3://\S+|'[^']*'|\"[^\"]*\"|-?\d[\d.,e+-]*", "#", title)[:80]


def _may_repeat_keys(raw: bytes, document: Document | None) -> bool:
    """A quick test for repeated names at the top of a line: it never misses a repeated -metadata or source-ref."""
    if document is None:
        return False
    if raw.count(b'"source-ref"') > 1:
        return True
    return raw.count(b'-metadata"') > sum(key.endswith("-metadata") for key in document)


def _repeated_keys(raw: bytes) -> Iterator[Finding]:
    repeated: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> dict[str, object]:
        counts = Counter(name for name, _ in pairs)
        repeated.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    try:
        json.loads(raw, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return
    for name in repeated[:1]:
        detail = f"{name!r} stands twice in one object; only the last one counts"
        yield Finding(REPEATED_KEY, Place.NOWHERE, fault=(name,), detail=detail)
