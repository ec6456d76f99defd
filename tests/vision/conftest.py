"""Models that need no training, and linear algebra in one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import threadpoolctl

from support.stored_model import StoredModel, loaded_instead


@pytest.fixture(scope="session", autouse=True)
def linear_algebra_in_one_thread() -> Iterator[None]:
    """As in every training. Else the threads of small products wait for each other, and work as hard at that."""
    import numpy  # noqa: F401 (its libraries are limited where they are loaded)

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture
def stored_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredModel]:
    """What every model file is loaded as, if it exists."""
    yield from loaded_instead(monkeypatch)
