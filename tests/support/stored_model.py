"""A model without a training, for tests of what is done with models."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from emulator.vision.examples import Prediction


@dataclass
class StoredModel:
    """A model that sees a circle in every image, as soon as `may_answer` is set."""

    may_answer: threading.Event = field(default_factory=threading.Event)
    thresholds: dict[str, float] = field(default_factory=lambda: {"circle": 0.5})

    def predict(self, _data: bytes) -> list[Prediction]:
        """One image-level answer."""
        assert self.may_answer.wait(30)
        return [Prediction("circle", 0.75)]
