"""The one way in: what it refuses before any picture is read."""

from __future__ import annotations

import pytest

from emulator.vision.errors import UnusableTrainingDataError
from emulator.vision.training import train


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="segmentation"):
        train("segmentation", [], ["a"])


@pytest.mark.parametrize("kind", ["classification", "detection", "brand"])
@pytest.mark.parametrize("labels", [[], ["a", "a"]])
def test_labels_have_to_be_distinct(kind: str, labels: list[str]) -> None:
    with pytest.raises(UnusableTrainingDataError, match="labels"):
        train(kind, [], labels)


@pytest.mark.parametrize("kind", ["classification", "detection", "brand"])
def test_without_pictures_there_is_nothing_to_learn(kind: str) -> None:
    with pytest.raises(UnusableTrainingDataError):
        train(kind, [], ["a", "b"])
