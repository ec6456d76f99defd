"""Both kinds of processors, whatever this one is."""

import pytest

from emulator.vision import backbone


@pytest.fixture(params=["bytes", "floats"])
def precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train and answer as on a processor that is quicker with bytes, and as on one that is not."""
    monkeypatch.setattr(backbone, "sums_bytes_exactly", lambda: request.param == "bytes")
    kind: str = request.param
    return kind
