"""Full collections of garbage stay short, whatever there is in memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from emulator.server import garbage
from emulator.server.garbage import keep_collections_short


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    before, was_frozen = list(gc.callbacks), gc.get_freeze_count() > 0
    yield
    gc.callbacks[:] = before
    gc.unfreeze()
    if was_frozen:  # tests/conftest.py
        gc.freeze()


def test_what_is_there_is_not_looked_at_again() -> None:
    gc.unfreeze()
    keep_collections_short()
    assert gc.get_freeze_count() > 0


def test_what_makes_a_collection_long_is_frozen_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and what they import come later than the start."""
    keep_collections_short()
    monkeypatch.setattr(garbage, "LONG_SECONDS", -1.0)
    frozen = gc.get_freeze_count()
    later = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    gc.collect()
    assert gc.get_freeze_count() >= frozen + len(later)


def test_a_short_collection_freezes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_collections_short()
    monkeypatch.setattr(garbage, "LONG_SECONDS", 3600.0)
    frozen = gc.get_freeze_count()
    gc.collect()
    assert gc.get_freeze_count() <= frozen
