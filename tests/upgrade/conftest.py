"""Models that need no training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.stored_model import StoredModel, loaded_instead


@pytest.fixture
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """What every model file is loaded as, if it exists."""
    yield from loaded_instead(monkeypatch)
