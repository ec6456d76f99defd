"""The shape of a rule of the manifest catalogue, and the error that carries one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """What a rule speaks about."""

    ANNOTATION = "annotation"
    ATTRIBUTE = "label attribute"
    METADATA = "label attribute metadata"
    LINE = "line"
    FILE = "file"
    PAIR = "dataset pair"


class Effect(Enum):
    """What follows when a rule applies (guide chapter J, head of the table)."""

    DROP_BOX = "the box is left out, the line is used"
    DROP_ATTRIBUTE = "the label attribute is left out; the line is invalid if it was the last one"
    DROP_LINE = "the line is invalid and not used"
    IGNORE_LINE = "the line is valid, but there is no label to learn; it does not count as invalid"
    NONE = "everything is used"
    FAIL = "the dataset or the training fails"


class Moment(Enum):
    """When a rule is checked."""

    DATASET = "dataset"
    TRAINING = "training"


BOTH = frozenset({Moment.DATASET, Moment.TRAINING})
DATASET_ONLY = frozenset({Moment.DATASET})
TRAINING_ONLY = frozenset({Moment.TRAINING})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `message` may hold one `{}`, filled by `text()`. `ids` are the rule's ids in the guide catalogue. `when` says what
    causes it and `cure` what to do. `stops` marks the group that ends all further checks of its line (J-23).
    `in_result_files` is false for manifest file errors: they end a training before any result file is written (VR-2).
    """

    code: str
    message: str
    level: Level
    effect: Effect
    ids: tuple[str, ...]
    when: str
    cure: str
    moments: frozenset[Moment] = BOTH
    stops: bool = False
    published: bool = True
    in_result_files: bool = True

    @property
    def is_warning(self) -> bool:
        """Warnings go under `warnings`, everything else under `errors` (J-18 to J-20)."""
        return self.code.startswith("WARNING_")

    def text(self, *values: object) -> str:
        """The message with its placeholder filled."""
        return self.message.format(*values) if values else self.message


class ManifestFileError(Exception):
    """A manifest or a pair of manifests is refused as a whole: the rule that says so and its filled message.

    The message is the StatusMessage of the dataset (E-1 to E-7) or of the version (TE-1 to TE-17).
    """

    def __init__(self, rule: Rule, *values: object, detail: str = "") -> None:
        """`detail` is a sentence of ours behind the published message."""
        super().__init__(rule.text(*values) + (f" {detail}" if detail else ""))
        self.rule = rule

    @property
    def status_message(self) -> str:
        return str(self)
