"""A model without a training, for tests of what is done with models."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulator.jobs import hosting
from emulator.vision.examples import Prediction


@dataclass
class StoredModel:
    """A model that sees a circle in every image, as soon as `may_answer` is set; loaded as `may_be_loaded` says.

    `is_asked` is set when an answer is waited for.
    """

    may_answer: threading.Event = field(default_factory=threading.Event)
    may_be_loaded: threading.Event = field(default_factory=threading.Event)
    is_asked: threading.Event = field(default_factory=threading.Event)
    thresholds: dict[str, float] = field(default_factory=lambda: {"circle": 0.5})
    largest_group: int = 1

    def predict_group(self, pictures: Sequence[bytes]) -> list[list[Prediction]]:
        """One image-level answer for each."""
        self.is_asked.set()
        assert self.may_answer.wait(30)
        return [[Prediction("circle", 0.75)] for _ in pictures]


def loaded_instead(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """The body of a fixture: every model file that exists is loaded as one StoredModel, which answers."""
    model = StoredModel()
    model.may_answer.set()
    model.may_be_loaded.set()

    def load(path: Path) -> StoredModel:
        assert model.may_be_loaded.wait(30)
        path.read_bytes()
        return model

    monkeypatch.setattr(hosting, "_load_model", load)
    yield model
    model.may_answer.set()
    model.may_be_loaded.set()
