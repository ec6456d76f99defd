"""What CreateProjectVersion makes of its manifests: the checks before a training (guide chapters TE, J, V, VR, MS)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Literal

from emulator.domain.manifest.findings import LineInspection, Verdict
from emulator.domain.manifest.images import ImageProblem
from emulator.domain.manifest.limits import (
    LABEL_OVERLAP_PERCENT,
    MAXIMUM_LABELS,
    MAXIMUM_TEST_IMAGES_PER_LABEL,
    MINIMUM_LABELS_BOXES,
    MINIMUM_LABELS_IMAGE_LEVEL,
    over_invalid_limit,
)
from emulator.domain.manifest.reading import ManifestLine
from emulator.domain.manifest.rules import file_rules
from emulator.domain.manifest.rules.rule import ManifestFileError, Rule
from emulator.domain.manifest.side import (
    Failure,
    LineSource,
    LookAtImages,
    SideValidation,
    UseCase,
    examine_side,
)
from emulator.domain.manifest.splitting import distribute

Side = Literal["training", "testing"]

CheckImagesBucket = Callable[[Side, str], Rule | None]
"""Is anything wrong with the bucket of a side's images: TE-8 (no permission), TE-10 (another owner) or nothing."""


Observe = Callable[[Side, ManifestLine, LineInspection], None]
"""Called for each line of each side when its checks have ended."""


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
    observe: Observe | None = None,
) -> TrainingValidation:
    """Check the manifests of a training, choose what is trained and say what of them can be used.

    `training` and `testing` are called once for the checks and again for the validation manifests; without `testing` a
    fifth of the training lines becomes the testing side (TE-11 if that cannot be), unless `split_seed` is None: then
    the one manifest is checked by itself. Without `look_at_images` only structure is checked. With `observe`, which is
    told of every line, the sides are only counted: no line is kept. ManifestFileError of a source becomes a file
    failure; nothing is raised for any content.
    """
    sides: list[SideValidation] = []
    named: tuple[tuple[Side, LineSource], ...] = (("training", training), ("testing", testing or _no_lines))
    for name, source in named:
        told = None if observe is None else partial(observe, name)
        try:
            side = SideValidation(source)
            if source is not _no_lines:
                side = examine_side(source, look_at_images, told, is_only_counted=told is not None)
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
    for side in (result.training, result.testing):
        _warn(side, is_testing=side is result.testing)
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
    # Ignored lines, such as those with nothing but a source-ref, are outside the 20 % rule altogether (J-18, TE-6).
    total = side.tally.lines - side.count(Verdict.IGNORED)
    if over_invalid_limit(side.tally.silent, total):
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
    result.training.keep(training_use_case)
    result.testing.keep(testing_use_case)
    if not is_pair and split_seed is not None and not _split(result, split_seed):
        return
    _check_labels(result, model_type, *all_labels)
    if is_pair:
        _check_overlap(result, *all_labels)
    result.model_type = model_type
    result.labels = tuple(sorted(result.training.labels))


def _model_type(training: SideValidation, testing: SideValidation) -> ModelType:
    """D-25, D-26. The kind that more valid training lines have is trained, boxes if equal (AWS's rule is unknown)."""
    with_labels, with_boxes = training.tally.image_level_lines, training.tally.box_lines
    if not with_boxes and testing.tally.box_lines and not testing.tally.image_level_lines:
        return ModelType.BRAND
    return ModelType.DETECTION if with_boxes and with_boxes >= with_labels else ModelType.CLASSIFICATION


def _warn(side: SideValidation, is_testing: bool) -> None:
    """What is worth knowing about a side though nothing fails for it (V-7, Q-7)."""
    if lost := side.tally.named - side.tally.labels_of(UseCase.NOT_DETERMINED):
        side.warnings.append(_failure(file_rules.LABELS_WITHOUT_VALID_IMAGES, _listed(lost)))
    if is_testing:
        counts = side.tally.labels[UseCase.IMAGE_LEVEL_LABELS] + side.tally.labels[UseCase.OBJECT_LOCALIZATION]
        if many := {label for label, count in counts.items() if count > MAXIMUM_TEST_IMAGES_PER_LABEL}:
            side.warnings.append(_failure(file_rules.TOO_MANY_TEST_IMAGES, _listed(many)))


def _listed(labels: set[str]) -> str:
    """The labels in their order, at most twenty."""
    names = sorted(labels)
    rest = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(repr(name) for name in names[:20]) + rest


def _split(result: TrainingValidation, seed: int) -> bool:
    entries = [(line.number, line.labels) for line in result.training.usable]
    try:
        moved = distribute(entries, seed=seed, rule=file_rules.TOO_FEW_IMAGES_TO_SPLIT)
    except ManifestFileError as error:
        # The published message alone: StatusMessage and manifest summary are compared with it by programs.
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
