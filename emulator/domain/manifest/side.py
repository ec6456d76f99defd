"""One of the two manifests of a training, examined line by line: the training side or the testing side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from hashlib import blake2b
from itertools import islice
from sys import intern

from emulator.domain.manifest.annotating import validation_line
from emulator.domain.manifest.decoding import may_hold_added_keys
from emulator.domain.manifest.findings import Box, Finding, ImageSize, LineInspection, Place, Verdict
from emulator.domain.manifest.images import ImageFacts, ImageLook, ImageProblem, image_findings
from emulator.domain.manifest.inspecting import inspect_line
from emulator.domain.manifest.reading import ManifestLine, numbered
from emulator.domain.manifest.rules import file_rules, line_rules
from emulator.domain.manifest.rules.rule import Effect, ManifestFileError, Rule

LineSource = Callable[[], Iterable[bytes | ManifestLine]]
"""Begins reading a manifest anew each time it is called; lines without line feed. May raise ManifestFileError."""

LookAtImages = Callable[[Sequence[tuple[str, str]]], Sequence[ImageLook]]
"""Facts (or problems) of the images at these (bucket, key) places, in the same order; asked for 256 at a time."""

LINES_AT_A_TIME = 256


class UseCase(Enum):
    """What a side of the manifest summary says (MS)."""

    IMAGE_LEVEL_LABELS = "IMAGE_LEVEL_LABELS"
    OBJECT_LOCALIZATION = "OBJECT_LOCALIZATION"
    NOT_DETERMINED = "NOT_DETERMINED"


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
class SideValidation:
    """What became of the lines of one side.

    `verdicts` has one entry a line; `findings` is keyed by line number (from 1) and holds flawed lines only. `usable`
    are at first all valid lines, after the choice of the use case those of its kind. `background` are the ignored
    lines, except those with labels that cannot be used: a training may learn from their images what no label looks
    like; nobody has looked at these images yet.
    `errors` are this side's failures.
    """

    source: LineSource
    verdicts: list[Verdict] = field(default_factory=list)
    findings: dict[int, tuple[Finding, ...]] = field(default_factory=dict)
    usable: list[UsableLine] = field(default_factory=list)
    background: list[UsableLine] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    use_case: UseCase = UseCase.NOT_DETERMINED
    buckets: set[str] = field(default_factory=set)
    looks: Counter[ImageProblem | None] = field(default_factory=Counter)

    def count(self, verdict: Verdict) -> int:
        """How many lines have this verdict."""
        return self.verdicts.count(verdict)

    @property
    def error_lines(self) -> list[int]:
        """Numbers of the lines that carry an error, from 1 (MS-2); a valid line with one bad box is among them."""
        return [n for n, found in self.findings.items() if any(not finding.rule.is_warning for finding in found)]

    @property
    def labels(self) -> set[str]:
        """The labels of the usable lines."""
        return {label for line in self.usable for label in line.labels}

    def statistics(self) -> dict[str, object]:
        """This side's part of the manifest summary."""
        return {
            "use_case": self.use_case.value,
            "total_json_lines": len(self.verdicts),
            "valid_json_lines": self.count(Verdict.VALID),
            "invalid_json_lines": self.count(Verdict.INVALID),
            "ignored_json_lines": self.count(Verdict.IGNORED),
            "error_json_line_indices": self.error_lines,
            "errors": [error.as_item() for error in self.errors],
        }

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
        part = SideValidation(source, [self.verdicts[n - 1] for n in old_numbers], buckets=self.buckets)
        new_numbers = {old: new for new, old in enumerate(old_numbers, start=1)}
        part.findings = {new_numbers[n]: found for n, found in self.findings.items() if n in new_numbers}
        part.usable, part.background = (
            [replace(line, number=new_numbers[line.number]) for line in lines if line.number in new_numbers]
            for lines in (self.usable, self.background)
        )
        return part


def examine_side(source: LineSource, look_at_images: LookAtImages | None) -> SideValidation:
    """Check every line of a manifest and, unless `look_at_images` is None, every image of the lines that could be used.

    Raises ManifestFileError as the source does, and for a file without lines (TE-2) or without any JSON object (TE-1).
    Memory: about 600 bytes a valid line.
    """
    side = SideValidation(source)
    seen: set[bytes] = set()
    lines = numbered(source())
    json_objects = 0
    while batch := list(islice(lines, LINES_AT_A_TIME)):
        inspections = [inspect_line(line.raw, line.is_cut) for line in batch]
        json_objects += sum(inspection.document is not None for inspection in inspections)
        for inspection in inspections:
            _mark_repeated(inspection, seen)
        looks = _look(inspections, look_at_images, side)
        for line, inspection, look in zip(batch, inspections, looks, strict=True):
            _settle(side, line.number, inspection, look)
    if not side.verdicts:
        raise ManifestFileError(file_rules.EMPTY_MANIFEST)
    if not json_objects:
        raise ManifestFileError(file_rules.MANIFEST_INACCESSIBLE)
    return side


def _mark_repeated(inspection: LineInspection, seen: set[bytes]) -> None:
    if not inspection.source_ref:
        return
    digest = blake2b(inspection.source_ref.encode(), digest_size=8).digest()
    if digest in seen:
        detail = f"{inspection.source_ref} stands in an earlier line"
        inspection.findings.append(
            Finding(line_rules.REPEATED_SOURCE_REF, Place.NOWHERE, fault=("source-ref",), detail=detail)
        )
        inspection.verdict = Verdict.INVALID
    seen.add(digest)


def _look(
    inspections: Sequence[LineInspection], look_at_images: LookAtImages | None, side: SideValidation
) -> list[ImageLook | None]:
    looks: list[ImageLook | None] = [None] * len(inspections)
    wanted = [n for n, inspection in enumerate(inspections) if _needs_look(inspection)]
    if look_at_images is None or not wanted:
        return looks
    places = [(inspections[n].bucket, inspections[n].key) for n in wanted]
    for n, look in zip(wanted, look_at_images(places), strict=True):
        looks[n] = look
        side.looks[look if isinstance(look, ImageProblem) else None] += 1
    return looks


def _needs_look(inspection: LineInspection) -> bool:
    """Lines that would be used always; others unless they are ignored or their checks have ended (J-23)."""
    if inspection.verdict is Verdict.INVALID:
        return not inspection.is_stopped
    return inspection.verdict is Verdict.VALID


def _settle(side: SideValidation, number: int, inspection: LineInspection, look: ImageLook | None) -> None:
    findings = inspection.findings
    if look is not None:
        known = {finding.attribute for finding in findings if finding.rule is line_rules.INVALID_IMAGE_DIMENSION}
        found = image_findings(look, inspection.box_attributes)
        findings.extend(finding for finding in found if finding.attribute is None or finding.attribute not in known)
        if any(finding.rule.effect is Effect.DROP_LINE for finding in found):
            inspection.verdict = Verdict.INVALID
    side.verdicts.append(inspection.verdict)
    if inspection.bucket:
        side.buckets.add(inspection.bucket)
    if findings:
        side.findings[number] = tuple(findings)
    if inspection.verdict is Verdict.VALID:
        side.usable.append(_usable_line(number, inspection, look if isinstance(look, ImageFacts) else None))
    elif inspection.verdict is Verdict.IGNORED and not inspection.is_labeled:
        side.background.append(_usable_line(number, inspection, None))


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
