"""Seconds and money of running and training (O-13, R-2)."""

from __future__ import annotations

import pytest

from emulator.domain.metering.usage import Prices, RunningInterval, Usage, usage_of

START = 1_700_000_000.0
HOUR = 3600.0


def test_two_units_for_eight_hours_are_sixteen_unit_hours() -> None:
    usage = usage_of([RunningInterval(START, START + 8 * HOUR, 2)], 0, START + 100 * HOUR)
    assert usage.running_seconds == 8 * HOUR
    assert usage.unit_seconds == 16 * HOUR
    assert usage.running_cost == pytest.approx(64.0)


def test_what_still_runs_counts_up_to_now() -> None:
    usage = usage_of([RunningInterval(START, None, 1)], 12.5, START + 90)
    assert (usage.running_seconds, usage.training_seconds) == (90, 12.5)


def test_scaling_is_several_intervals_of_one_run() -> None:
    usage = usage_of([RunningInterval(START, START + 60, 1), RunningInterval(START + 60, None, 3)], 0, START + 100)
    assert (usage.running_seconds, usage.unit_seconds) == (100, 60 + 3 * 40)


def test_training_has_its_own_price() -> None:
    usage = usage_of([], HOUR / 2, START + HOUR, Prices(training_hour=3.0))
    assert usage.training_cost == pytest.approx(1.5)
    assert usage.running_cost == 0


def test_the_published_example_of_440000_images_in_44_unit_hours() -> None:
    usage = usage_of([RunningInterval(START, START + 11 * HOUR, 4)], 0, START + 11 * HOUR)
    assert usage.document()["cost_usd"] == {"running": 176.0, "training": 0.0, "total": 176.0}


def test_an_interval_that_begins_later_than_now_counts_nothing() -> None:
    assert usage_of([RunningInterval(START + 10, None, 1)], 0, START) == Usage()


def test_usages_add_up() -> None:
    one = usage_of([RunningInterval(START, START + HOUR, 1)], HOUR, START + HOUR)
    both = one + one
    assert both.document() == {
        "running_seconds": 7200.0,
        "unit_seconds": 7200.0,
        "training_seconds": 7200.0,
        "cost_usd": {"running": 8.0, "training": 2.0, "total": 10.0},
    }
