"""The verdict of a soak: what grew, and what was not answered."""

from __future__ import annotations

from collections import Counter

from benchmarks.soak import ANSWERED, verdict

FIRST = {"memory": 150.0, "descriptors": 28.0, "threads": 10.0, "disk": 8.0}
HOUR = 3600.0


def test_what_stays_flat_is_no_finding() -> None:
    last = {"memory": 139.0, "descriptors": 29.0, "threads": 10.0, "disk": 12.0}
    assert verdict(Counter({ANSWERED: 72_000}), FIRST, last, HOUR) == []


def test_what_grew_and_what_failed_is_named() -> None:
    last = {"memory": 180.0, "descriptors": 90.0, "threads": 10.0, "disk": 18.0}
    found = verdict(Counter({ANSWERED: 100, "Connection refused": 2}), FIRST, last, HOUR)
    assert found == [
        "memory grew by 30.0",
        "descriptors grew by 62.0",
        "disk grew by 10.0",
        "2 times: Connection refused",
    ]
    assert "disk grew by 10.0" not in verdict(Counter({ANSWERED: 100}), FIRST, last, 2 * HOUR)
