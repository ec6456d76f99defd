import logging

import pytest

from emulator.vision.estimates import Estimate, peak_megabytes


def test_the_rest_is_foretold_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 104.0])
    monkeypatch.setattr("emulator.vision.estimates.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("emulator.vision.estimates.peak_megabytes", lambda: 300.0)
    caplog.set_level(logging.INFO)
    estimate = Estimate("features", 20, after=4, kept_megabytes=20)
    for done in range(1, 21):
        estimate.tick(done)
    assert [record.getMessage() for record in caplog.records] == [
        "features: about 16 s more, 320 MB of memory at the peak"
    ]


def test_short_stages_are_not_foretold(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    estimate = Estimate("features", 4, after=4)
    for done in range(1, 5):
        estimate.tick(done)
    assert caplog.records == []


def test_this_process_uses_memory() -> None:
    assert 10 < peak_megabytes() < 100_000
