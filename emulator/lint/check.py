"""The check behind `custom-labels lint`: what a training would say of local manifests, with columns and causes."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from emulator.domain.manifest.findings import LineInspection, Verdict
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.reading import ManifestLine, check_manifest_key, read_lines
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.domain.manifest.side import Failure, LookAtImages, SideValidation
from emulator.domain.manifest.splitting import distribute
from emulator.domain.manifest.training import ModelType, Side, TrainingValidation, validate_training
from emulator.lint.causes import Cause, Causes, Offence
from emulator.lint.own_rules import BYTE_ORDER_MARK, SIMILAR_LABELS
from emulator.lint.recognising import HEAD_BYTES, Recognition, encoding_of, recognise

OnRead = Callable[[int], None]
"""Called with the number of bytes of each piece that was read."""

OFFENCES_OF_A_CAUSE = 1000
"""So many places of one cause are kept unless said otherwise."""
_ALL_LINES = 2**62


def ignore_reading(_size: int) -> None:
    """The OnRead that does nothing."""


@dataclass(slots=True)
class LintedFile:
    """One manifest: its part of the validation, how often each rule applies, and what is wrong, cause by cause."""

    path: Path
    role: str
    side: SideValidation
    found: Causes
    causes: list[Cause]
    warnings_of_file: list[Failure] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Rule]:
        """How often each rule applies."""
        return self.found.rules

    @property
    def lines(self) -> int:
        return self.found.lines

    def count(self, verdict: Verdict) -> int:
        """How many lines have this verdict."""
        return self.found.verdicts[verdict]

    @property
    def offences(self) -> list[Offence]:
        """The offences that are kept of all causes, in the order of the lines."""
        return sorted((offence for cause in self.causes for offence in cause.offences), key=lambda item: item.line)

    @property
    def errors(self) -> int:
        return sum(count for rule, count in self.counts.items() if not rule.is_warning)

    @property
    def warnings(self) -> int:
        return self.counts.total() - self.errors + len(self.warnings_of_file) + len(self.side.warnings)


@dataclass(slots=True)
class LintResult:
    """What was found; `is_clean` decides the exit code (warnings do not count).

    `unreadable` is the manifest that a file failure is about; of a file that is not read there are no `files`.
    `recognised` says what a file is instead of a manifest.
    """

    validation: TrainingValidation
    files: list[LintedFile]
    unreadable: Path | None = None
    recognised: dict[Path, Recognition] = field(default_factory=dict)

    @property
    def failures(self) -> list[tuple[Path | None, Failure]]:
        """Everything that would fail a dataset or a training as a whole, with the manifest it is about, if it is one's
        alone."""
        validation = self.validation
        own = [(self.unreadable, validation.file_failure)] if validation.file_failure else []
        of_files = [(file.path, failure) for file in self.files for failure in file.side.errors]
        return [*own, *of_files, *((None, failure) for failure in validation.pair_errors)]

    @property
    def is_clean(self) -> bool:
        return not self.failures and not any(file.errors for file in self.files)


def lint(
    training: Path,
    testing: Path | None,
    look_at_images: LookAtImages | None,
    split: bool = False,
    shown: int = OFFENCES_OF_A_CAUSE,
    on_read: OnRead = ignore_reading,
    region: str = "",
) -> LintResult:
    """Check one manifest, or a training and a testing manifest as a pair.

    The lines get the verdicts and findings of a training (`validate_training`). With `split` and without `testing` the
    automatic split is tried too (TE-11). `shown` bounds the offences kept for each cause, `region` decides how many
    lines are allowed (Q-8). Memory does not grow with the file, but for what finds repeated source-refs (35 MB at most)
    and, with `split`, the labels of 500,000 lines. Raises OSError.
    """
    paths: dict[Side, Path] = {"training": training}
    if testing is not None:
        paths["testing"] = testing
    for path in paths.values():
        if refused := _refused(path):
            return refused
    found = {side: Causes(path, side, shown, split and testing is None) for side, path in paths.items()}

    def observe(side: Side, line: ManifestLine, inspection: LineInspection) -> None:
        found[side].see(line, inspection)

    validation = validate_training(
        lambda: _lines(training, on_read),
        None if testing is None else (lambda: _lines(testing, on_read)),
        look_at_images,
        split_seed=None,
        observe=observe,
    )
    if validation.is_file_error:
        failed = found[validation.failed_side]
        files = (
            [LintedFile(failed.path, failed.role, SideValidation(list), failed, failed.all())] if failed.lines else []
        )
        return LintResult(validation, files, failed.path)
    if split and testing is None and validation.failure is None:
        _try_split(validation, found["training"])
    sides: dict[Side, SideValidation] = {"training": validation.training, "testing": validation.testing}
    return LintResult(validation, [_linted(found[side], sides[side], region) for side in paths])


def _refused(path: Path) -> LintResult | None:
    """The result for a file that is not read to its end: too large, without an extension, or not a manifest at all."""
    failure, recognised = None, {}
    try:
        check_manifest_key(path.name)
        if path.stat().st_size > ManifestLimits().bytes:
            raise ManifestFileError(file_rules.MANIFEST_TOO_LARGE)
    except ManifestFileError as error:
        failure = Failure(error.rule, error.status_message)
    with path.open("rb") as stream:
        recognition = recognise(stream.read(HEAD_BYTES))
    if recognition is not None:
        recognised[path] = recognition
        failure = failure or Failure(file_rules.MANIFEST_INACCESSIBLE, file_rules.MANIFEST_INACCESSIBLE.message)
    if failure is None:
        return None
    validation = TrainingValidation(SideValidation(list), SideValidation(list), file_failure=failure)
    return LintResult(validation, [], path, recognised)


def _linted(found: Causes, side: SideValidation, region: str) -> LintedFile:
    kind: Literal["train", "test"] = "test" if found.role == "testing" else "train"
    if found.lines > ManifestLimits.of(region, kind).lines:
        rule = file_rules.MANIFEST_TOO_MANY_ROWS
        side.errors.insert(0, Failure(rule, rule.message))
    file = LintedFile(found.path, found.role, side, found, found.all())
    with found.path.open("rb") as stream:
        if encoding_of(stream.read(4096)) == "utf-8-sig":
            file.warnings_of_file.append(Failure(BYTE_ORDER_MARK, BYTE_ORDER_MARK.message))
    if similar := _similar(label for counts in side.tally.labels.values() for label in counts):
        file.warnings_of_file.append(Failure(SIMILAR_LABELS, SIMILAR_LABELS.text(similar)))
    return file


def _similar(labels: Iterable[str]) -> str:
    """The groups of labels that a reader would take for one, at most ten."""
    groups: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        plain = unicodedata.normalize("NFKD", label).casefold()
        groups["".join(letter for letter in plain if letter.isalnum()) or label].add(label)
    alike = [" / ".join(map(repr, sorted(group))) for group in groups.values() if len(group) > 1]
    return ", ".join(alike[:10])


def _try_split(validation: TrainingValidation, found: Causes) -> None:
    is_image_level = validation.model_type is ModelType.CLASSIFICATION
    entries = [(number, labels if is_image_level else boxes) for number, labels, boxes in found.labels]
    try:
        distribute([entry for entry in entries if entry[1]], rule=file_rules.TOO_FEW_IMAGES_TO_SPLIT)
    except ManifestFileError as error:
        validation.training.errors.append(Failure(error.rule, error.status_message))


class _Counted:
    """A stream that reports what is read of it."""

    def __init__(self, stream: BinaryIO, on_read: OnRead) -> None:
        self._stream = stream
        self._on_read = on_read

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._on_read(len(data))
        return data


def _lines(path: Path, on_read: OnRead) -> Iterator[ManifestLine]:
    with path.open("rb") as stream:
        yield from read_lines(_Counted(stream, on_read), ManifestLimits(lines=_ALL_LINES))
