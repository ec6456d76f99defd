"""One of the two manifests of a training, examined line by line: the training side or the testing side."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from hashlib import blake2b
from sys import intern

from emulator.domain.manifest.annotating import validation_line
from emulator.domain.manifest.decoding import may_hold_added_keys
from emulator.domain.manifest.findings import Box, Finding, ImageSize, LineInspection, Place, Verdict
from emulator.domain.manifest.images import ImageFacts, ImageLook, ImageProblem, image_findings, size_finding
from emulator.domain.manifest.inspecting import inspect_line, named_labels
from emulator.domain.manifest.reading import ManifestLine, numbered
from emulator.domain.manifest.rules import file_rules, line_rules
from emulator.domain.manifest.rules.rule import Effect, ManifestFileError, Rule

LineSource = Callable[[], Iterable[bytes | ManifestLine]]
"""Begins reading a manifest anew each time it is called; lines without line feed. May raise ManifestFileError."""

LookAtImages = Callable[[Iterable[tuple[str, str]]], Iterator[ImageLook]]
"""Facts (or problems) of the images at these (bucket, key) places, in the same order; reads only so far ahead."""

_MOST_REMEMBERED = 500_000
"""Source-refs that are remembered to find repeated ones: more than any manifest may have lines (E-3)."""
_MOST_LABELS_COUNTED = 10_000
_MOST_BUCKETS_COUNTED = 3

Observer = Callable[[ManifestLine, LineInspection], None]
"""Called for each line of a side when its checks have ended."""


class UseCase(Enum):
    """What a side of the manifest summary says (MS)."""

    IMAGE_LEVEL_LABELS = "IMAGE_LEVEL_LABELS"
    OBJECT_LOCALIZATION = "OBJECT_LOCALIZATION"
    NOT_DETERMINED = "NOT_DETERMINED"


_TRAINED = (UseCase.IMAGE_LEVEL_LABELS, UseCase.OBJECT_LOCALIZATION)


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that fails a training, with its filled message (the StatusMessage)."""

    rule: Rule
    message: str

    def as_item(self) -> dict[str, str]:
        """The item of an `errors` array of the manifest summary."""
        return {"code": self.rule.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class UsableLine:
    """A valid line that a training or an evaluation uses.

    `boxes` are in pixels of `image_size` (the frame that the line states, not necessarily that of the file); both are
    empty for image-level labels, and `image_labels` is empty for boxes. `facts` is None if images were not looked at.
    """

    number: int
    source_ref: str
    bucket: str
    key: str
    image_labels: tuple[str, ...]
    boxes: tuple[Box, ...]
    image_size: ImageSize | None
    creation_date: str
    facts: ImageFacts | None

    @property
    def labels(self) -> set[str]:
        """All labels of the line."""
        return {*self.image_labels, *(box.label for box in self.boxes)}


@dataclass(slots=True)
class Tally:
    """What is counted of a side, in memory that does not grow with its lines.

    `silent` are invalid lines whose errors have no published code. `labels` counts the usable lines of each label by
    use case; `named` are labels that invalid lines name. Both stop growing at many times the number that is allowed.
    """

    lines: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    silent: int = 0
    buckets: set[str] = field(default_factory=set)
    looks: Counter[ImageProblem | None] = field(default_factory=Counter)
    image_level_lines: int = 0
    box_lines: int = 0
    labels: dict[UseCase, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in _TRAINED})
    named: set[str] = field(default_factory=set)

    def count_usable(self, image_labels: Collection[str], box_labels: Collection[str]) -> None:
        """Count a line that can be used, by its labels."""
        self.image_level_lines += bool(image_labels)
        self.box_lines += bool(box_labels)
        for kind, names in zip(_TRAINED, (image_labels, set(box_labels)), strict=True):
            counts = self.labels[kind]
            for name in names:
                if name in counts or len(counts) < _MOST_LABELS_COUNTED:
                    counts[name] += 1

    def labels_of(self, use_case: UseCase) -> set[str]:
        """The labels of the usable lines of this kind; of both kinds as long as nothing is determined."""
        kinds = _TRAINED if use_case is UseCase.NOT_DETERMINED else (use_case,)
        return {name for kind in kinds for name in self.labels[kind]}


@dataclass(slots=True)
class SideValidation:
    """What became of the lines of one side.

    `tally` counts them. Unless `is_only_counted`, `verdicts` has one entry a line; `findings` is keyed by line number
    (from 1) and holds flawed lines only. `usable` are at first all valid lines, after the choice of the use case
    (`kept`) those of its kind. `background` are the ignored lines, except those with labels that cannot be used: a
    training may learn from their images what no label looks like; nobody has looked at these images yet. `errors` are
    this side's failures, `warnings` ours about the whole side.
    """

    source: LineSource
    is_only_counted: bool = False
    tally: Tally = field(default_factory=Tally)
    verdicts: list[Verdict] = field(default_factory=list)
    findings: dict[int, tuple[Finding, ...]] = field(default_factory=dict)
    usable: list[UsableLine] = field(default_factory=list)
    background: list[UsableLine] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    use_case: UseCase = UseCase.NOT_DETERMINED
    kept: UseCase = UseCase.NOT_DETERMINED

    def count(self, verdict: Verdict) -> int:
        """How many lines have this verdict."""
        return self.tally.verdicts[verdict]

    @property
    def buckets(self) -> set[str]:
        """The buckets of the images; of more than three only three."""
        return self.tally.buckets

    @property
    def looks(self) -> Counter[ImageProblem | None]:
        """How often the looks at images came to which problem, or (None) to facts."""
        return self.tally.looks

    @property
    def error_lines(self) -> list[int]:
        """Numbers of the lines that carry an error, from 1 (MS-2); a valid line with one bad box is among them."""
        return [n for n, found in self.findings.items() if any(not finding.rule.is_warning for finding in found)]

    @property
    def labels(self) -> set[str]:
        """The labels of the usable lines, after the choice of the use case those of its kind."""
        return self.tally.labels_of(self.kept)

    def keep(self, use_case: UseCase) -> None:
        """Leave out the labels, and the lines, of the other kind."""
        self.kept = use_case
        if use_case is UseCase.IMAGE_LEVEL_LABELS:
            lines = [replace(line, boxes=(), image_size=None) if line.boxes else line for line in self.usable]
            self.usable = [line for line in lines if line.image_labels]
        else:
            lines = [replace(line, image_labels=()) if line.image_labels else line for line in self.usable]
            self.usable = [line for line in lines if line.boxes]

    def statistics(self) -> dict[str, object]:
        """This side's part of the manifest summary; `warnings`, which are ours, only if there are any."""
        warnings = [warning.as_item() for warning in self.warnings] + self._line_warnings()
        return {
            "use_case": self.use_case.value,
            "total_json_lines": self.tally.lines,
            "valid_json_lines": self.count(Verdict.VALID),
            "invalid_json_lines": self.count(Verdict.INVALID),
            "ignored_json_lines": self.count(Verdict.IGNORED),
            "error_json_line_indices": self.error_lines,
            "errors": [error.as_item() for error in self.errors],
            **({"warnings": warnings} if warnings else {}),
        }

    def _line_warnings(self) -> list[dict[str, object]]:
        """Warnings of ours about lines, which no validation manifest shows, with the numbers of the lines."""
        lines: dict[Rule, list[int]] = {}
        for number, found in self.findings.items():
            for finding in found:
                if finding.place is Place.NOWHERE:
                    lines.setdefault(finding.rule, []).append(number)
        return [
            {"code": rule.code, "message": rule.message, "json_line_indices": sorted(set(numbers))}
            for rule, numbers in lines.items()
        ]

    def validation_lines(self) -> Iterator[bytes]:
        """The validation manifest (VR), line by line, each with its line feed; reads the source again."""
        for line in numbered(self.source()):
            findings = self.findings.get(line.number, ())
            if not findings and not may_hold_added_keys(line.raw):
                yield line.raw + b"\n"
                continue
            inspection = inspect_line(line.raw, line.is_cut)
            inspection.findings = list(findings)
            yield validation_line(line.raw, inspection) + b"\n"

    def divide(self, moved: Collection[int]) -> tuple[SideValidation, SideValidation]:
        """Two sides from one: the lines that stay and those whose numbers are `moved`, each numbered from 1 again."""
        moved = frozenset(moved)
        return self._part(moved, is_moved=False), self._part(moved, is_moved=True)

    def _part(self, moved: frozenset[int], is_moved: bool) -> SideValidation:
        def source() -> Iterator[bytes | ManifestLine]:
            kept = (line for line in numbered(self.source()) if (line.number in moved) is is_moved)
            return (line._replace(number=number) for number, line in enumerate(kept, start=1))

        old_numbers = [n for n in range(1, len(self.verdicts) + 1) if (n in moved) is is_moved]
        new_numbers = {old: new for new, old in enumerate(old_numbers, start=1)}
        part = SideValidation(source, verdicts=[self.verdicts[n - 1] for n in old_numbers], kept=self.kept)
        part.findings = {new_numbers[n]: found for n, found in self.findings.items() if n in new_numbers}
        part.usable, part.background = (
            [replace(line, number=new_numbers[line.number]) for line in lines if line.number in new_numbers]
            for lines in (self.usable, self.background)
        )
        part.tally = Tally(len(old_numbers), Counter(part.verdicts), buckets=self.buckets)
        for line in part.usable:
            part.tally.count_usable(line.image_labels, [box.label for box in line.boxes])
        return part

    def record(
        self, line: ManifestLine, inspection: LineInspection, look: ImageLook | None, observer: Observer | None
    ) -> None:
        """Take a line whose checks have ended, its image's included."""
        self._count(inspection)
        if observer is not None:
            observer(line, inspection)
        if self.is_only_counted:
            return
        self.verdicts.append(inspection.verdict)
        if inspection.findings:
            self.findings[line.number] = tuple(inspection.findings)
        if inspection.verdict is Verdict.VALID:
            facts = None if isinstance(look, ImageProblem) else look
            self.usable.append(_usable_line(line.number, inspection, facts))
        elif inspection.verdict is Verdict.IGNORED and not inspection.is_labeled:
            self.background.append(_usable_line(line.number, inspection, None))

    def _count(self, inspection: LineInspection) -> None:
        tally = self.tally
        tally.lines += 1
        tally.verdicts[inspection.verdict] += 1
        if inspection.bucket and len(tally.buckets) < _MOST_BUCKETS_COUNTED:
            tally.buckets.add(inspection.bucket)
        if inspection.verdict is Verdict.VALID:
            tally.count_usable(inspection.image_labels, [box.label for box in inspection.boxes])
        elif inspection.verdict is Verdict.INVALID:
            tally.silent += all(not finding.rule.published for finding in inspection.findings)
            if len(tally.named) < _MOST_LABELS_COUNTED:
                tally.named |= named_labels(inspection.document)


def examine_side(
    source: LineSource,
    look_at_images: LookAtImages | None,
    observer: Observer | None = None,
    is_only_counted: bool = False,
) -> SideValidation:
    """Check every line of a manifest and, unless `look_at_images` is None, every image of the lines that could be used.

    `observer` is told of each line. Raises ManifestFileError as the source does, and for a file without lines (TE-2) or
    without any JSON object (TE-1). Memory: about 600 bytes a valid line; if the side `is_only_counted`, 70 bytes for
    each of the first 500,000.
    """
    side = SideValidation(source, is_only_counted)
    json_objects = 0
    for line, inspection, look in _looked_at(_inspected(numbered(source())), look_at_images):
        json_objects += inspection.document is not None
        if look is not None:
            side.looks[look if isinstance(look, ImageProblem) else None] += 1
            _judge_image(inspection, look)
        side.record(line, inspection, look, observer)
    if not side.tally.lines:
        raise ManifestFileError(file_rules.EMPTY_MANIFEST)
    if not json_objects:
        raise ManifestFileError(file_rules.MANIFEST_INACCESSIBLE)
    return side


def _inspected(lines: Iterable[ManifestLine]) -> Iterator[tuple[ManifestLine, LineInspection]]:
    seen: set[bytes] = set()
    for line in lines:
        inspection = inspect_line(line.raw, line.is_cut)
        _mark_repeated(inspection, seen)
        yield line, inspection


def _mark_repeated(inspection: LineInspection, seen: set[bytes]) -> None:
    if not inspection.source_ref:
        return
    digest = blake2b(inspection.source_ref.encode(), digest_size=8).digest()
    if digest in seen:
        detail = f"{inspection.source_ref} stands in an earlier line"
        inspection.findings.append(
            Finding(line_rules.REPEATED_SOURCE_REF, Place.IMAGE, fault=("source-ref",), detail=detail)
        )
        inspection.verdict = Verdict.INVALID
    elif len(seen) < _MOST_REMEMBERED:
        seen.add(digest)


def _looked_at(
    inspected: Iterator[tuple[ManifestLine, LineInspection]], look_at_images: LookAtImages | None
) -> Iterator[tuple[ManifestLine, LineInspection, ImageLook | None]]:
    """With what the look at its image gave, None for lines that need none. Lines wait only for looks before them."""
    if look_at_images is None:
        yield from ((line, inspection, None) for line, inspection in inspected)
        return
    waiting: deque[tuple[ManifestLine, LineInspection]] = deque()

    def places() -> Iterator[tuple[str, str]]:
        for line, inspection in inspected:
            waiting.append((line, inspection))
            if _needs_look(inspection):
                yield inspection.bucket, inspection.key

    for look in look_at_images(places()):
        while True:
            line, inspection = waiting.popleft()
            is_its = _needs_look(inspection)
            yield line, inspection, look if is_its else None
            if is_its:
                break
    yield from ((line, inspection, None) for line, inspection in waiting)


def _needs_look(inspection: LineInspection) -> bool:
    """Lines that would be used always; others unless they are ignored or their checks have ended (J-23)."""
    if inspection.verdict is Verdict.INVALID:
        return not inspection.is_stopped
    return inspection.verdict is Verdict.VALID


def _judge_image(inspection: LineInspection, look: ImageLook) -> None:
    findings = inspection.findings
    known = {finding.attribute for finding in findings if finding.rule is line_rules.INVALID_IMAGE_DIMENSION}
    found = image_findings(look, inspection.box_attributes)
    findings.extend(finding for finding in found if finding.attribute is None or finding.attribute not in known)
    if any(finding.rule.effect is Effect.DROP_LINE for finding in found):
        inspection.verdict = Verdict.INVALID
    elif inspection.image_size is not None and (
        warning := size_finding(look, inspection.image_size, inspection.box_attributes[0])
    ):
        findings.append(warning)


def _usable_line(number: int, inspection: LineInspection, facts: ImageFacts | None) -> UsableLine:
    """Texts that many lines share are kept once."""
    return UsableLine(
        number,
        inspection.source_ref,
        intern(inspection.bucket),
        inspection.key,
        tuple(intern(label) for label in inspection.image_labels),
        tuple(box._replace(label=intern(box.label)) for box in inspection.boxes),
        inspection.image_size,
        intern(inspection.creation_date),
        facts,
    )
