"""Manifests that fail or pass the checks before a training, with images that are told, not opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.domain.manifest.images import ImageLook
from emulator.domain.manifest.rules.rule import Rule
from emulator.domain.manifest.training import TrainingValidation, validate_training
from emulator.vision.images import ImageFacts
from support.manifests import as_bytes, box_line, image_line

Lines = Sequence[Any]


def good(places: Sequence[tuple[str, str]]) -> list[ImageLook]:
    return [ImageFacts("JPEG", 640, 480, 1000) for _ in places]


def problem(which: ImageLook, *, only: str = "") -> Callable[[Sequence[tuple[str, str]]], list[ImageLook]]:
    """Looks at images and finds this problem, in all or in those whose key has `only` in it."""
    return lambda places: [which if only in key else ImageFacts("PNG", 640, 480, 9) for _, key in places]


def validate(
    training: Lines,
    testing: Lines | None,
    look: Any = good,
    check_bucket: Callable[[str, str], Rule | None] | None = None,
) -> TrainingValidation:
    first = [as_bytes(line) for line in training]
    second = None if testing is None else [as_bytes(line) for line in testing]
    return validate_training(lambda: first, None if second is None else lambda: second, look, check_bucket)


def labelled(count: int, start: int = 0, labels: str = "ab") -> list[Any]:
    return [image_line(start + number, labels[number % len(labels)]) for number in range(count)]


def boxed(count: int, start: int = 0, labels: str = "ab") -> list[Any]:
    return [box_line(start + n, [(labels[n % len(labels)], 1, 1, 50, 50)]) for n in range(count)]


def failure_code(result: TrainingValidation) -> str | None:
    return result.failure.rule.code if result.failure else None


def statistics(result: TrainingValidation, side: str = "training") -> dict[str, Any]:
    summary: Any = result.summary()
    return dict(summary["statistics"][side])
