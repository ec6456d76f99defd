"""Which look at the pictures is taken: the cheapest that is as good."""

import numpy as np
import pytest

from emulator.vision.classifier import search
from emulator.vision.classifier.data import RawTable
from emulator.vision.classifier.linear_head import HeadScore
from emulator.vision.training import TrainingSettings, train
from tests.vision.pictures import example

LABELS = ("circle", "stripes")


def score(logits: np.ndarray) -> HeadScore:
    """What a look gave on pictures of two labels in turn; larger logits say more surely what is right."""
    targets = np.eye(2)[np.arange(len(logits)) % 2]
    values = targets * logits[:, None]
    found = HeadScore(1.0, 0.0, 1.0, values, np.arange(len(logits)))
    return HeadScore(1.0, float(found.losses(targets, False).mean()), 1.0, values, found.images)


def table(images: int) -> RawTable:
    nothing = np.zeros((0, 1), np.float16)
    return RawTable(nothing, np.eye(2)[np.arange(images) % 2], nothing, False, ())


@pytest.mark.parametrize(("better", "worth_it"), [(0.5, True), (0.02, False), (-0.5, False)])
def test_a_dearer_look_has_to_be_better_than_chance(better: float, worth_it: bool) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 40)
    # The same spread for both, in another order, so that only the shift decides.
    cheaper, dearer = score(1 + noise), score(1 + better + noise[::-1])
    assert search._is_worth_its_time(dearer, cheaper, table(40)) is worth_it


def test_pictures_that_are_easily_told_apart_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "GOOD_ENOUGH_LOSS", 10.0)
    examples = [example(label, seed) for seed in range(4) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings())
    tried = model.report["tried"]
    assert isinstance(tried, list)
    assert all(" 224 px" in candidate["features"] for candidate in tried)
    assert " 224 px" in str(model.report["features"])


def test_others_are_looked_at_more_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "GOOD_ENOUGH_LOSS", 0.0)
    examples = [example(label, seed) for seed in range(4) for label in LABELS]
    model = train("classification", examples, LABELS, TrainingSettings())
    tried = model.report["tried"]
    assert isinstance(tried, list)
    sides = {side for side in ("224", "320", "448") if any(f" {side} px" in one["features"] for one in tried)}
    assert sides == {"224", "320", "448"}
