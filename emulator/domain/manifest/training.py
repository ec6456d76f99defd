"""What CreateProjectVersion makes of its manifests: the checks before a training (guide chapters TE, J, V, VR, MS)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from emulator.domain.manifest.findings import Verdict
from emulator.domain.manifest.images import ImageProblem
from emulator.domain.manifest.limits import (
    LABEL_OVERLAP_PERCENT,
    MAXIMUM_LABELS,
    MINIMUM_LABELS_BOXES,
    MINIMUM_LABELS_IMAGE_LEVEL,
    over_invalid_limit,
)
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.domain.manifest.side import (
    Failure,
    LineSource,
    LookAtImages,
    SideValidation,
    UsableLine,
    UseCase,
    examine_side,
)
from emulator.domain.manifest.splitting import distribute

Side = Literal["training", "testing"]

CheckImagesBucket = Callable[[Side, str], Rule | None]
"""Is anything wrong with the bucket of a side's images: TE-8 (no permission), TE-10 (another owner) or nothing."""


class ModelType(Enum):
    """What is trained (D-24). BRAND: logos alone with image-level labels in training, boxes in testing (D-26)."""

    CLASSIFICATION = "classification"
    DETECTION = "detection"
    BRAND = "brand"


MINIMUM_LABELS = {
    ModelType.CLASSIFICATION: MINIMUM_LABELS_IMAGE_LEVEL,
    ModelType.DETECTION: MINIMUM_LABELS_BOXES,
    ModelType.BRAND: MINIMUM_LABELS_BOXES,
}

USE_CASES = {
    ModelType.CLASSIFICATION: (UseCase.IMAGE_LEVEL_LABELS, UseCase.IMAGE_LEVEL_LABELS),
    ModelType.DETECTION: (UseCase.OBJECT_LOCALIZATION, UseCase.OBJECT_LOCALIZATION),
    ModelType.BRAND: (UseCase.IMAGE_LEVEL_LABELS, UseCase.OBJECT_LOCALIZATION),
}
"""Training and testing side of each model type."""


@dataclass(slots=True)
class TrainingValidation:
    """The outcome of the checks.

    `failure` is what the version's StatusMessage says, None if training may begin. If `is_file_error`, no result file
    is written; otherwise `summary()` and both sides' `validation_lines()` are, also on failure (VR-2). `model_type`,
    `labels` (sorted) and the sides' `usable` lines are meant for a training only when there is no failure. A file
    failure is about the manifest of `failed_side`.
    """

    training: SideValidation
    testing: SideValidation
    pair_errors: list[Failure] = field(default_factory=list)
    file_failure: Failure | None = None
    failed_side: Side = "training"
    model_type: ModelType | None = None
    labels: tuple[str, ...] = ()

    @property
    def is_file_error(self) -> bool:
        return self.file_failure is not None

    @property
    def failure(self) -> Failure | None:
        if self.file_failure:
            return self.file_failure
        return next(iter([*self.training.errors, *self.testing.errors, *self.pair_errors]), None)

    def summary(self) -> dict[str, object]:
        """The manifest summary (MS): line numbers from 1, errors that span both datasets on top (TE-18)."""
        return {
            "statistics": {"training": self.training.statistics(), "testing": self.testing.statistics()},
            "errors": [error.as_item() for error in self.pair_errors],
        }


def validate_training(
    training: LineSource,
    testing: LineSource | None,
    look_at_images: LookAtImages | None,
    check_images_bucket: CheckImagesBucket | None = None,
    split_seed: int | None = 0,
) -> TrainingValidation:
    """Check the manifests of a training, choose what is trained and say what of them can be used.

    `training` and `testing` are called once for the checks and again for the validation manifests; without `testing` a
    fifth of the training lines becomes the testing side (TE-11 if that cannot be), unless `split_seed` is None: then
    the one manifest is checked by itself. Without `look_at_images` only structure is checked. ManifestFileError of a
    source becomes a file failure; nothing is raised for any content.
    """
    sides: list[SideValidation] = []
    named: tuple[tuple[Side, LineSource], ...] = (("training", training), ("testing", testing or _no_lines))
    for name, source in named:
        try:
            side = examine_side(source, look_at_images) if source is not _no_lines else SideValidation(source)
        except ManifestFileError as error:
            failure = Failure(error.rule, error.status_message)
            unread = SideValidation(training), SideValidation(_no_lines)
            return TrainingValidation(*unread, file_failure=failure, failed_side=name)
        sides.append(side)
    result = TrainingValidation(sides[0], sides[1])
    result.training.errors.extend(_content_errors("training", result.training, check_images_bucket))
    result.testing.errors.extend(_content_errors("testing", result.testing, check_images_bucket))
    if result.failure is None:
        _choose(result, is_pair=testing is not None, split_seed=split_seed)
    if result.failure is None:
        result.training.use_case, result.testing.use_case = USE_CASES[result.model_type or ModelType.CLASSIFICATION]
    return result


def _no_lines() -> list[bytes]:
    return []


def _content_errors(name: Side, side: SideValidation, check_images_bucket: CheckImagesBucket | None) -> list[Failure]:
    """What is wrong with one side as a whole (TE-6 to TE-10, TE-17)."""
    errors: list[Failure] = []
    if len(side.buckets) > 1:
        errors.append(_failure(file_rules.MULTIPLE_BUCKETS))
    elif check_images_bucket and side.buckets and (rule := check_images_bucket(name, next(iter(side.buckets)))):
        errors.append(_failure(rule))
    looked = side.looks.total()
    denied, missing = side.looks[ImageProblem.NO_PERMISSION], side.looks[ImageProblem.MISSING]
    if looked and denied + missing == looked:
        rule = file_rules.IMAGES_PERMISSIONS if denied == looked else file_rules.IMAGES_COPY_FAILED
        errors.append(_failure(rule))
    silent = sum(all(not finding.rule.published for finding in found) for found in side.findings.values())
    total = len(side.verdicts)
    if over_invalid_limit(silent, total):
        errors.append(_failure(file_rules.TOO_MANY_RECORDS_IN_ERROR))
    elif over_invalid_limit(side.count(Verdict.INVALID), total):
        errors.append(_failure(file_rules.TOO_MANY_INVALID_ROWS))
    return list({error.rule.code: error for error in errors}.values())


def _failure(rule: Rule, *values: object) -> Failure:
    return Failure(rule, rule.text(*values))


def _choose(result: TrainingValidation, is_pair: bool, split_seed: int | None) -> None:
    """Choose the model type and the usable lines, split if there is no testing side, and check the labels."""
    model_type = _model_type(result.training, result.testing)
    all_labels = result.training.labels, result.testing.labels
    training_use_case, testing_use_case = USE_CASES[model_type]
    _keep_usable(result.training, training_use_case)
    _keep_usable(result.testing, testing_use_case)
    if not is_pair and split_seed is not None and not _split(result, split_seed):
        return
    _check_labels(result, model_type, *all_labels)
    if is_pair:
        _check_overlap(result, *all_labels)
    result.model_type = model_type
    result.labels = tuple(sorted(result.training.labels))


def _model_type(training: SideValidation, testing: SideValidation) -> ModelType:
    """D-25, D-26. The kind that more valid training lines have is trained, boxes if equal (AWS's rule is unknown)."""
    with_labels = sum(bool(line.image_labels) for line in training.usable)
    with_boxes = sum(bool(line.boxes) for line in training.usable)
    test_has_labels = any(line.image_labels for line in testing.usable)
    test_has_boxes = any(line.boxes for line in testing.usable)
    if not with_boxes and test_has_boxes and not test_has_labels:
        return ModelType.BRAND
    return ModelType.DETECTION if with_boxes and with_boxes >= with_labels else ModelType.CLASSIFICATION


def _keep_usable(side: SideValidation, use_case: UseCase) -> None:
    if use_case is UseCase.IMAGE_LEVEL_LABELS:
        kept = [replace(line, boxes=(), image_size=None) if line.boxes else line for line in side.usable]
        side.usable = [line for line in kept if line.image_labels]
    else:
        kept = [replace(line, image_labels=()) if line.image_labels else line for line in side.usable]
        side.usable = [line for line in kept if line.boxes]


def _split(result: TrainingValidation, seed: int) -> bool:
    entries = [(line.number, line.labels) for line in result.training.usable]
    try:
        moved = distribute(entries, seed=seed, rule=file_rules.TOO_FEW_IMAGES_TO_SPLIT)
    except ManifestFileError as error:
        result.training.errors.append(_failure(error.rule))
        return False
    result.training, result.testing = result.training.divide(moved)
    return True


def _check_labels(
    result: TrainingValidation, model_type: ModelType, all_training: set[str], all_testing: set[str]
) -> None:
    """TE-12, TE-13, TE-15. Too few is said of the training side only: a test set need not have every label (Q-7)."""
    minimum = MINIMUM_LABELS[model_type]
    for side, labels in ((result.training, all_training), (result.testing, all_testing)):
        if len(labels) > MAXIMUM_LABELS:
            side.errors.append(_failure(file_rules.TOO_MANY_LABELS))
    if len(all_training) < minimum:
        result.training.errors.append(_failure(file_rules.TOO_FEW_LABELS))
    elif len(result.training.labels) < minimum:
        result.training.errors.append(_failure(file_rules.TOO_FEW_USABLE_LABELS))


def _check_overlap(result: TrainingValidation, all_training: set[str], all_testing: set[str]) -> None:
    """TE-14, TE-16. A split of one dataset has seen to it already."""
    if _overlap_is_low(all_training, all_testing):
        result.pair_errors.append(_failure(file_rules.LABEL_OVERLAP, LABEL_OVERLAP_PERCENT))
    elif _overlap_is_low(result.training.labels, result.testing.labels):
        result.pair_errors.append(_failure(file_rules.USABLE_LABEL_OVERLAP, LABEL_OVERLAP_PERCENT))


def _overlap_is_low(training: set[str], testing: set[str]) -> bool:
    """V-3: the share of the training labels that the testing side has is under 50 %."""
    return bool(training) and len(training & testing) * 100 < len(training) * LABEL_OVERLAP_PERCENT


__all__ = [
    "CheckImagesBucket",
    "Failure",
    "LineSource",
    "LookAtImages",
    "ModelType",
    "SideValidation",
    "TrainingValidation",
    "UsableLine",
    "UseCase",
    "validate_training",
]
