"""What a check of one manifest line finds, and what the line holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from emulator.domain.json_values import JsonObject
from emulator.domain.manifest.rules.rule import Rule

Document = JsonObject
"""A decoded JSON line."""


class Place(Enum):
    """Where in the line the error array goes (guide chapter J, head)."""

    IMAGE = "I"
    ATTRIBUTE = "B"
    METADATA = "M"
    ANNOTATION = "A"
    WHOLE_LINE = "replaced"
    NOWHERE = "unchanged"


class Verdict(Enum):
    """What becomes of a line in a training (MS-1)."""

    VALID = "valid"
    INVALID = "invalid"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that applies to one line.

    `attribute` is the label attribute's name (without -metadata) where the place needs one, `annotation` the index of
    the box. `fault` is the path of keys and indices to the offending field in the JSON line (empty: the line itself),
    `detail` says in words what is wrong with it, and `message_value` fills the message's placeholder. `column` (from 1,
    in characters) is given where the line cannot be decoded and there is no path.
    """

    rule: Rule
    place: Place
    attribute: str | None = None
    annotation: int | None = None
    fault: tuple[str | int, ...] = ()
    detail: str = ""
    message_value: str | None = None
    column: int | None = None

    @property
    def message(self) -> str:
        """The published message with its placeholder filled."""
        return self.rule.text() if self.message_value is None else self.rule.text(self.message_value)

    def as_item(self) -> dict[str, str]:
        """The item of an `errors`, `warnings` or `cl-errors` array."""
        return {"code": self.rule.code, "message": self.message}


class Box(NamedTuple):
    """A labelled box in pixels of the frame that image_size gives; origin top left, values may be fractional."""

    label: str
    left: float
    top: float
    width: float
    height: float


class ImageSize(NamedTuple):
    """Pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class LabelUse:
    """How one line uses one label: on the whole image, and on how many boxes."""

    image_level: bool
    boxes: int


@dataclass(slots=True)
class LineInspection:
    """A line after all checks that need nothing but the line.

    `document` is the decoded line without the keys that the service adds (None if it is not a JSON object);
    `is_rewritten` says that such keys were there. `image_labels` and `boxes` are what a training may use; `declared`
    counts every use of a label, also by boxes with errors. `image_size` and `creation_date` belong to the first usable
    label attribute.
    """

    findings: list[Finding] = field(default_factory=list)
    document: Document | None = None
    is_rewritten: bool = False
    source_ref: str = ""
    bucket: str = ""
    key: str = ""
    is_labeled: bool = False
    image_labels: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    image_size: ImageSize | None = None
    creation_date: str = ""
    declared: Mapping[str, LabelUse] = field(default_factory=dict)
    box_attributes: list[str] = field(default_factory=list)
    verdict: Verdict = Verdict.VALID

    @property
    def is_stopped(self) -> bool:
        """Whether an error of the group J-23 ended the checks."""
        return any(finding.rule.stops for finding in self.findings)
