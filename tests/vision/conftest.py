"""Both kinds of processors, whatever this one is, and linear algebra in one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import threadpoolctl

from emulator.vision import backbone


@pytest.fixture(scope="session", autouse=True)
def linear_algebra_in_one_thread() -> Iterator[None]:
    """As in every training. Else the threads of small products wait for each other, and work as hard at that."""
    import numpy  # noqa: F401 (its libraries are limited where they are loaded)

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(params=["bytes", "floats"])
def precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train and answer as on a processor that is quicker with bytes, and as on one that is not."""
    monkeypatch.setattr(backbone, "sums_bytes_exactly", lambda: request.param == "bytes")
    kind: str = request.param
    return kind
