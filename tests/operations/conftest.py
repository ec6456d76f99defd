"""Models that need no training, for the tests of operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.jobs import hosting
from tests.support.stored_model import StoredModel


@pytest.fixture
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """What every model file is loaded as, if it exists."""
    model = StoredModel()
    model.may_answer.set()

    def load(path: Any) -> StoredModel:
        path.read_bytes()
        return model

    monkeypatch.setattr(hosting, "_load_model", load)
    yield model
    model.may_answer.set()
