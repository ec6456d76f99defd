"""The check behind `custom-labels lint`: what a training would say of local manifests, with columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from emulator.domain.manifest.findings import Finding
from emulator.domain.manifest.limits import ManifestLimits
from emulator.domain.manifest.locating import column_of
from emulator.domain.manifest.reading import ManifestLine, check_manifest_key, read_lines
from emulator.domain.manifest.rules.file_rules import MANIFEST_TOO_LARGE, TOO_FEW_IMAGES_TO_SPLIT
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.domain.manifest.side import Failure, LookAtImages, SideValidation
from emulator.domain.manifest.splitting import distribute
from emulator.domain.manifest.training import TrainingValidation, validate_training

OnRead = Callable[[int], None]
"""Called with the number of bytes of each piece that was read."""


def ignore_reading(_size: int) -> None:
    """The OnRead that does nothing."""


@dataclass(frozen=True, slots=True)
class Offence:
    """A finding with its line and column (both from 1, columns in characters)."""

    line: int
    column: int
    finding: Finding


@dataclass(slots=True)
class LintedFile:
    """One manifest: its part of the validation, how often each rule applies, and the first offences of each rule."""

    path: Path
    role: str
    side: SideValidation
    counts: Counter[Rule] = field(default_factory=Counter)
    offences: list[Offence] = field(default_factory=list)

    @property
    def errors(self) -> int:
        return sum(count for rule, count in self.counts.items() if not rule.is_warning)

    @property
    def warnings(self) -> int:
        return self.counts.total() - self.errors


@dataclass(slots=True)
class LintResult:
    """What was found; `is_clean` decides the exit code (warnings do not count).

    There are no `files` where `unreadable` is given: the manifest that a file failure is about.
    """

    validation: TrainingValidation
    files: list[LintedFile]
    unreadable: Path | None = None

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
    offences_per_rule: int | None = None,
    on_read: OnRead = ignore_reading,
) -> LintResult:
    """Check one manifest, or a training and a testing manifest as a pair.

    The lines get the verdicts and findings of a training (`validate_training`). With `split` and without `testing` the
    automatic split is tried too (TE-11). `offences_per_rule` bounds the offences kept for each rule. Raises OSError.
    """
    for path in filter(None, (training, testing)):
        try:
            check_manifest_key(path.name)
            if path.stat().st_size > ManifestLimits().bytes:
                raise ManifestFileError(MANIFEST_TOO_LARGE)
        except ManifestFileError as error:
            failure = Failure(error.rule, error.status_message)
            empty = SideValidation(list)
            return LintResult(TrainingValidation(empty, SideValidation(list), file_failure=failure), [], path)
    validation = validate_training(
        lambda: _lines(training, on_read),
        None if testing is None else (lambda: _lines(testing, on_read)),
        look_at_images,
        split_seed=None,
    )
    if validation.is_file_error:
        return LintResult(validation, [], testing if validation.failed_side == "testing" else training)
    if split and testing is None and validation.failure is None:
        _try_split(validation)
    files = [_linted(training, "training", validation.training, offences_per_rule)]
    if testing is not None:
        files.append(_linted(testing, "testing", validation.testing, offences_per_rule))
    return LintResult(validation, files)


def _try_split(validation: TrainingValidation) -> None:
    try:
        distribute([(line.number, line.labels) for line in validation.training.usable], rule=TOO_FEW_IMAGES_TO_SPLIT)
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
        yield from read_lines(_Counted(stream, on_read))


def _linted(path: Path, role: str, side: SideValidation, offences_per_rule: int | None) -> LintedFile:
    file = LintedFile(path, role, side)
    kept: dict[int, list[Finding]] = {}
    for number, findings in side.findings.items():
        for finding in findings:
            file.counts[finding.rule] += 1
            if offences_per_rule is None or file.counts[finding.rule] <= offences_per_rule:
                kept.setdefault(number, []).append(finding)
    if kept:
        for line in _lines(path, ignore_reading):
            file.offences.extend(_offence(line, finding) for finding in kept.get(line.number, ()))
    return file


def _offence(line: ManifestLine, finding: Finding) -> Offence:
    if finding.column is not None or line.is_cut:
        return Offence(line.number, finding.column or 1, finding)
    text = line.raw.decode(errors="replace")
    return Offence(line.number, column_of(text, finding.fault) if finding.fault else 1, finding)
