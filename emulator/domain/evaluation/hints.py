"""What would help a model most, told from its evaluation: one sentence each, and the figures that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.domain.evaluation.certainty import Interval
from emulator.domain.evaluation.quality import HintKind
from emulator.domain.evaluation.report import Evaluation, LabelEvaluation
from emulator.domain.json_values import JsonObject

MOST_HINTS = 3
# Below these there is little to win, or too little is known to say it.
_WORTH_TELLING = 0.1
_GOOD_F1 = 0.95
_WIDE_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Hint:
    """`label`, `other`: the labels that it is about."""

    kind: HintKind
    text: str
    label: str | None = None
    other: str | None = None

    def document(self) -> JsonObject:
        """For JSON, without what it is not about."""
        members = {"kind": self.kind, "text": self.text, "label": self.label, "with": self.other}
        return {name: value for name, value in members.items() if value is not None}


def hints(
    evaluation: Evaluation, f1: Interval, training_images: Mapping[str, int], test_images: int
) -> tuple[Hint, ...]:
    """At most MOST_HINTS, the most helpful first; `training_images` by label.

    The two labels that are taken for each other most, the label with the worst F1, and whether the test images are too
    few to tell.
    """
    found = [_confused(evaluation), _worst_label(evaluation, training_images), _wide(f1, test_images)]
    return tuple(hint for hint in found if hint is not None)[:MOST_HINTS]


def _confused(evaluation: Evaluation) -> Hint | None:
    """By how many test images are concerned, not by their share: one of one is not worth a sentence before 20 of 90."""
    images = {label.label: label.test_images for label in evaluation.measured}
    wrong = [cell for cell in evaluation.confusion or () if cell.ground_truth != cell.predicted]
    wrong = [cell for cell in wrong if cell.value >= _WORTH_TELLING and cell.value * images[cell.ground_truth] >= 2]
    if not wrong:
        return None
    worst = max(wrong, key=lambda cell: cell.value * images[cell.ground_truth])
    text = (
        f"{worst.value:.0%} of the test images of {worst.ground_truth} are taken for {worst.predicted}: "
        f"training images of both that show how they differ would help most."
    )
    return Hint("confused", text, worst.ground_truth, worst.predicted)


def _worst_label(evaluation: Evaluation, training_images: Mapping[str, int]) -> Hint | None:
    if not evaluation.measured:
        return None
    worst = min(evaluation.measured, key=lambda label: (label.f1, training_images.get(label.label, 0)))
    if worst.f1 >= _GOOD_F1:
        return None
    count = training_images.get(worst.label, 0)
    images = "1 training image" if count == 1 else f"{count} training images"
    text = f"{worst.label} has the lowest F1, {worst.f1:.2f}, from {images}: {_remedy(worst)}."
    return Hint("more_images", text, worst.label)


def _remedy(label: LabelEvaluation) -> str:
    if label.precision + _WORTH_TELLING < label.recall:
        return f"it is found where it is not ({1 - label.precision:.0%} of the time), so add images that look like it"
    if label.recall + _WORTH_TELLING < label.precision:
        return f"{1 - label.recall:.0%} of it are missed, so add images that show it in other ways"
    return "add more of them"


def _wide(f1: Interval, test_images: int) -> Hint | None:
    if f1.high - f1.low < _WIDE_INTERVAL:
        return None
    images = "1 test image says" if test_images == 1 else f"{test_images} test images say"
    text = f"{images} only that F1 lies between {f1.low:.2f} and {f1.high:.2f}: more would tell how good the model is."
    return Hint("more_test_images", text)
