"""Series in the shape of CloudWatch: requests by the minute, units by their changes (api-facts §7, R-7, R-8)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.metering import metrics_series
from emulator.domain.metering.metrics_series import HOUR, MINUTE, CountedSeries, DataPoint, MetricStore, Model
from emulator.domain.metering.units import RunningUnits, UnitLevels

HOUR_START = 1_700_002_800  # a whole hour
MODEL = Model("111122223333", "us-east-1", "rooms", "one")


def levels(at: float, units: int) -> UnitLevels:
    return UnitLevels(at, units, units, 1, 5)


def points(
    store: MetricStore, start: int, end: float, period: int = 60, name: str = "InServiceInferenceUnits"
) -> list[DataPoint]:
    return list(store.points(MODEL.account, MODEL.region, name, MODEL.dimensions, start, end, period, end))


def test_a_running_version_has_a_point_for_every_minute_and_a_gap_when_it_stops() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START, 2)])
    store.note_stopped(MODEL, HOUR_START + 600)
    store.note_units(MODEL, [levels(HOUR_START + 1200, 3)])
    found = points(store, HOUR_START, HOUR_START + 1800)
    assert [point.at - HOUR_START for point in found] == [*range(0, 600, 60), *range(1200, 1800, 60)]
    assert {point.total for point in found[:10]} == {2} and {point.total for point in found[10:]} == {3}


def test_a_version_started_this_instant_shows_at_once() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START + 30, 1)])
    assert [(point.at, point.total) for point in points(store, HOUR_START, HOUR_START + 30)] == [(HOUR_START, 1)]


def test_a_change_within_a_minute_is_weighted_by_time_and_keeps_its_extremes() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START, 1), levels(HOUR_START + 45, 5)])
    first, second = points(store, HOUR_START, HOUR_START + 120)
    assert (first.total, first.minimum, first.maximum, first.sample_count) == (2, 1, 5, 1)
    assert second.total == 5


def test_eight_hours_are_480_samples_whenever_they_began() -> None:
    store = MetricStore()
    began = HOUR_START + 47.3
    store.note_units(MODEL, [levels(began, 1), levels(began + 100.5, 3), levels(began + 20_000, 1)])
    found = points(store, HOUR_START, began + 8 * HOUR)
    assert [point.at for point in found] == [HOUR_START + minute * 60 for minute in range(480)]
    store.note_stopped(MODEL, began + 8 * HOUR)
    assert len(points(store, HOUR_START, began + 9 * HOUR)) == 480
    by_hour = points(store, HOUR_START, began + 9 * HOUR, period=3600)
    assert len(by_hour) < 200 and sum(point.sample_count for point in by_hour) == 480


def test_steady_hours_come_whole_when_the_period_is_in_hours() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START + 600, 2)])
    found = points(store, HOUR_START, HOUR_START + 3 * HOUR, period=3600)
    assert [point for point in found if point.sample_count == 60] == [
        DataPoint(int(HOUR_START) + hour * HOUR, 60, 120, 2, 2) for hour in (1, 2)
    ]
    assert sum(point.sample_count for point in found) == 170


def test_what_is_told_after_the_clock_was_turned_back_replaces_what_was_told_of_that_time() -> None:
    """O-10: eight hours by hand, then real time again."""
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START, 1)])
    store.note_stopped(MODEL, HOUR_START + 8 * HOUR)
    store.note_units(MODEL, [levels(HOUR_START + 600, 1), levels(HOUR_START + 1200, 4)])
    account, region = MODEL.account, MODEL.region

    def units_at(now: float) -> list[float]:
        name, end = "InServiceInferenceUnits", HOUR_START + 9 * HOUR
        found = store.points(account, region, name, MODEL.dimensions, HOUR_START, end, 60, now)
        return [point.total / point.sample_count for point in found]

    assert units_at(HOUR_START + 1800) == [1] * 20 + [4] * 10 + [1] * 450
    store.note_stopped(MODEL, HOUR_START + 2400)
    assert units_at(HOUR_START + 3000) == [1] * 20 + [4] * 20 + [1] * 430
    by_hour = store.points(
        account, region, "InServiceInferenceUnits", MODEL.dimensions, HOUR_START, HOUR_START + 9 * HOUR, HOUR, 0.0
    )
    assert sum(point.sample_count for point in by_hour) == 480


def test_fifteen_months_are_quick_by_the_hour() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START, 1)])
    assert len(points(store, HOUR_START, HOUR_START + 455 * 24 * HOUR, period=3600)) == 455 * 24


@given(
    changes=st.lists(st.tuples(st.floats(0.1, 5000), st.integers(0, 5)), min_size=1, max_size=12),
    start=st.integers(0, 20_000),
    length=st.integers(1, 40_000),
)
def test_whole_hours_and_minutes_tell_the_same(changes: list[tuple[float, int]], start: int, length: int) -> None:
    store = MetricStore()
    at = float(HOUR_START)
    for seconds, units in changes:
        at += seconds
        if units:
            store.note_units(MODEL, [levels(at, units)])
        else:
            store.note_stopped(MODEL, at)
    begin = HOUR_START + start // HOUR * HOUR
    by_minute = points(store, begin, begin + length)
    by_hour = points(store, begin, begin + length, period=3600)
    assert [point.at for point in by_minute] == sorted({point.at for point in by_minute})
    assert all(begin <= point.at < begin + length for point in by_minute)
    whole = begin + length // HOUR * HOUR  # an hour that the range cuts is not asked for whole
    assert sum(point.total for point in by_minute if point.at < whole) == pytest.approx(
        sum(point.total for point in by_hour if point.at < whole)
    )


def test_units_of_a_scaling_version_end_to_end() -> None:
    units = RunningUnits(1, 3, HOUR_START)
    for second in range(40):
        for _ in range(20):
            units.take(HOUR_START + second)
    units.advance(HOUR_START + 600)
    store = MetricStore()
    store.note_units(MODEL, units.drain_changes())
    in_service = points(store, HOUR_START, HOUR_START + 600)
    desired = points(store, HOUR_START, HOUR_START + 600, name="DesiredInferenceUnits")
    assert in_service[0].minimum == 1 and in_service[0].maximum == 3 and in_service[-1].total == 1
    assert desired[0].total > in_service[0].total, "desired goes ahead when scaling up (R-7)"


def test_other_accounts_regions_and_dimensions_see_nothing() -> None:
    store = MetricStore()
    store.note_units(MODEL, [levels(HOUR_START, 1)])
    end = HOUR_START + 600
    for account, region, dimensions in (
        ("444455556666", MODEL.region, MODEL.dimensions),
        (MODEL.account, "eu-west-1", MODEL.dimensions),
        (MODEL.account, MODEL.region, ()),
        (MODEL.account, MODEL.region, (("ProjectName", "rooms"),)),
    ):
        assert not list(store.points(account, region, "InServiceInferenceUnits", dimensions, HOUR_START, end, 60, end))
    assert not list(store.names("444455556666", MODEL.region, end))
    assert {metric.name for metric in store.names(MODEL.account, MODEL.region, end)} == set(
        metrics_series.LEVEL_OF_METRIC
    )


def test_requests_are_counted_by_the_minute() -> None:
    series = CountedSeries()
    for second, value in ((0, 5.0), (59, 7.0), (60, 1.0)):
        series.add(value, HOUR_START + second)
    assert series.points() == [
        DataPoint(int(HOUR_START), 2, 12, 5, 7),
        DataPoint(int(HOUR_START) + 60, 1, 1, 1, 1),
    ]


def test_old_minutes_become_hours_and_nothing_is_lost() -> None:
    series = CountedSeries()
    for minute in range(3 * metrics_series.MINUTES_KEPT):
        series.add(1.0, HOUR_START + minute * MINUTE)
    found = series.points()
    assert sum(point.sample_count for point in found) == 3 * metrics_series.MINUTES_KEPT
    assert len(found) == metrics_series.MINUTES_KEPT + 2 * metrics_series.MINUTES_KEPT // 60
    assert found[0].sample_count == 60


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_series, "SERIES_KEPT", 10)
    store = MetricStore()
    for number in range(30):
        store.count(f"{number:012}", "us-east-1", "ThrottledCount", (("Operation", "CreateProject"),), 1, HOUR_START)
        store.note_units(Model(f"{number:012}", "us-east-1", "p", "v"), [levels(HOUR_START, 1)])
    assert not list(store.names(f"{0:012}", "us-east-1", HOUR_START))
    assert len(list(store.names(f"{29:012}", "us-east-1", HOUR_START))) == 5


def test_counted_series_survive_being_written_as_json() -> None:
    store = MetricStore()
    dimensions = (("Operation", "CreateProject"),)
    for minute in range(2000):
        store.count(MODEL.account, MODEL.region, "ResponseTime", dimensions, 3.5, HOUR_START + 60 * minute)
    again = MetricStore()
    again.restore(json.loads(json.dumps(store.document())))
    assert again.document() == store.document()
    until = HOUR_START + 60 * 2000
    found = [
        list(one.points(MODEL.account, MODEL.region, "ResponseTime", dimensions, HOUR_START, until, 60, until))
        for one in (store, again)
    ]
    assert found[0] == found[1] and sum(point.sample_count for point in found[1]) == 2000


def test_a_broken_document_changes_nothing() -> None:
    store = MetricStore()
    store.count(MODEL.account, MODEL.region, "ThrottledCount", (("Operation", "CreateProject"),), 1, HOUR_START)
    before = store.document()
    for broken in ([["x"]], [["a", "b", "c", [["d", "e"]], {}]], {"a": 1}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            store.restore(broken)  # type: ignore[arg-type]
    assert store.document() == before


def test_a_second_stop_is_no_change() -> None:
    store = MetricStore()
    store.note_stopped(MODEL, HOUR_START)
    assert list(store.names(MODEL.account, MODEL.region, HOUR_START)) == []
