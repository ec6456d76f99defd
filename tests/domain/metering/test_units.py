"""Token buckets, scaling and outages of a running version, under time that the test moves (O-21 to O-23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.domain.metering.units import RunningUnits, UnitSettings

START = 1_700_000_000.0


def load(units: RunningUnits, per_second: int, seconds: int, since: float) -> tuple[int, int]:
    """Ask `per_second` times a second, evenly; returns how many were served and refused."""
    outcomes = [
        units.take(since + second + request / per_second) for second in range(seconds) for request in range(per_second)
    ]
    return sum(outcomes), len(outcomes) - sum(outcomes)


def test_one_unit_serves_a_burst_of_five_and_refuses_the_sixth() -> None:
    units = RunningUnits(1, None, START)
    assert [units.take(START) for _ in range(6)] == [True] * 5 + [False]


def test_the_bucket_refills_with_time_and_never_over_one_second() -> None:
    units = RunningUnits(1, None, START)
    for _ in range(5):
        units.take(START)
    assert not units.take(START + 0.1)
    assert units.take(START + 0.4)
    assert [units.take(START + 3600) for _ in range(6)].count(True) == 5


def test_two_units_serve_ten() -> None:
    units = RunningUnits(2, None, START)
    assert sum(units.take(START) for _ in range(20)) == 10


def test_no_limit_serves_everything_unless_all_units_are_out() -> None:
    units = RunningUnits(1, None, START, UnitSettings(tps_per_unit=0))
    assert all(units.take(START) for _ in range(1000))
    units.take_away(1, 10, START)
    assert not units.take(START + 1)
    assert units.take(START + 10)


def test_less_than_one_request_a_second_still_serves_one_at_a_time() -> None:
    units = RunningUnits(1, None, START, UnitSettings(tps_per_unit=0.1))
    assert [units.take(START + seconds) for seconds in (0, 5, 10)] == [True, False, True]


def test_without_a_maximum_the_units_stay_at_the_minimum() -> None:
    units = RunningUnits(1, None, START)
    load(units, 20, 120, START)
    assert units.desired(START + 120) == units.in_service(START + 120) == 1


def test_load_over_eighty_percent_for_ten_seconds_raises_desired_and_five_seconds_later_in_service() -> None:
    units = RunningUnits(1, 2, START)
    load(units, 8, 10, START)
    assert units.desired(START + 9.99) == 1
    assert (units.desired(START + 10), units.in_service(START + 10)) == (2, 1)
    load(units, 8, 5, START + 10)
    assert (units.desired(START + 14.9), units.in_service(START + 14.9)) == (2, 1)
    assert units.in_service(START + 15) == 2


def test_throttling_then_scaling_then_none() -> None:
    units = RunningUnits(1, 3, START)
    served, refused = load(units, 8, 15, START)
    assert refused > 20 and served >= 75
    served, refused = load(units, 8, 30, START + 15)
    assert refused == 0
    assert units.desired(START + 45) == 2, "8 a second is not over 80 % of two units"


def test_a_single_burst_is_not_load() -> None:
    units = RunningUnits(1, 5, START)
    for _ in range(500):
        units.take(START)
    assert units.desired(START + 60) == 1


def test_an_uneven_trickle_at_ninety_percent_is_load() -> None:
    units = RunningUnits(1, 2, START)
    for request in range(90):
        units.take(START + request / 4.5)
    assert units.desired(START + 20) == 2


def test_eighty_percent_exactly_is_not_over_eighty_percent() -> None:
    units = RunningUnits(1, 2, START)
    load(units, 4, 60, START)
    assert units.desired(START + 60) == 1


def test_calm_takes_one_unit_a_minute_and_stops_at_the_minimum() -> None:
    units = RunningUnits(1, 3, START)
    load(units, 30, 40, START)
    calm = START + 40
    assert units.desired(calm) == 3
    assert units.desired(calm + 59) == 3
    assert units.desired(calm + 66) == 2
    assert units.in_service(calm + 72) == 2
    assert units.desired(calm + 8 * 3600) == units.in_service(calm + 8 * 3600) == 1


def test_eight_hours_at_once_leave_the_same_trace_as_eight_hours_of_minutes() -> None:
    at_once, by_minute = RunningUnits(1, 5, START), RunningUnits(1, 5, START)
    for units in (at_once, by_minute):
        load(units, 100, 60, START)
    end = START + 8 * 3600
    at_once.advance(end)
    for minute in range(1, 480):
        by_minute.advance(START + 60 * minute)
    by_minute.advance(end)
    assert at_once.drain_changes() == by_minute.drain_changes()


def test_an_outage_takes_units_away_and_gives_them_back() -> None:
    units = RunningUnits(3, None, START)
    units.take_away(2, 30, START)
    assert (units.desired(START), units.in_service(START)) == (3, 1)
    assert sum(units.take(START + 1) for _ in range(20)) == 5, "the rest serve within their own rate (R-9)"
    assert units.in_service(START + 29.9) == 1
    assert units.in_service(START + 30) == 3


def test_outages_add_up_and_end_one_by_one() -> None:
    units = RunningUnits(2, None, START)
    units.take_away(2, 10, START)
    units.take_away(1, 20, START)
    assert not units.take(START + 5)
    assert units.in_service(START + 10) == 1
    assert units.in_service(START + 20) == 2


@pytest.mark.parametrize(("lost", "seconds"), [(0, 5), (-1, 5), (1, 0), (1, -2)])
def test_an_outage_of_nothing_is_refused(lost: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="over 0"):
        RunningUnits(1, None, START).take_away(lost, seconds, START)


def test_the_changes_tell_the_story_once() -> None:
    units = RunningUnits(1, 2, START)
    load(units, 10, 20, START)
    story = [(change.at - START, change.desired, change.in_service) for change in units.drain_changes()]
    assert story == [(0, 1, 1), (10, 2, 1), (15, 2, 2)]
    assert units.drain_changes() == []


def test_calm_during_an_outage_of_all_units_ends_in_the_minimum() -> None:
    """O-22, O-23: a share of nothing is nothing, yet no demand at all is calm."""
    units = RunningUnits(1, 3, START)
    load(units, 30, 40, START)
    units.take_away(3, 1000, START + 40)
    load(units, 30, 5, START + 40)
    assert units.desired(START + 45) == 3
    assert units.desired(START + 8 * 3600) == units.in_service(START + 8 * 3600) == 1


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"tps_per_unit": -1}, {"scale_up_share": 0.3}, {"scale_up_seconds": 0}, {"scale_down_seconds": -1}):
        with pytest.raises(ValueError):
            UnitSettings(**wrong)
    with pytest.raises(ValueError, match="MaxInferenceUnits"):
        RunningUnits(3, 2, START)


@pytest.mark.parametrize("tenths", range(1, 11))
def test_tenths_of_a_second_bring_their_requests(tenths: int) -> None:
    """O-21: at today's epoch seconds a float cannot tell 0.6 from 0.5999999."""
    units = RunningUnits(2, None, START)
    assert [units.take(START) for _ in range(11)] == [True] * 10 + [False]
    assert sum(units.take(START + tenths / 10) for _ in range(11)) == tenths


def test_a_clock_set_back_gives_no_extra_capacity() -> None:
    units = RunningUnits(1, None, START)
    assert sum(units.take(START) for _ in range(5)) == 5
    assert not units.take(START - 100)


def test_a_clock_set_back_is_followed_from_there() -> None:
    """O-10: buckets refill, units scale and outages end after as much time as if the clock had not been set."""
    units = RunningUnits(1, 2, START)
    past = START - 8 * 3600
    assert sum(units.take(START) for _ in range(7)) == 5
    assert sum(units.take(past) for _ in range(7)) == 0
    assert sum(units.take(past + 1) for _ in range(7)) == 5
    load(units, 7, 10, past + 1)
    assert units.desired(past + 11) == 2 and units.in_service(past + 16) == 2
    units.take_away(2, 60, past + 16)
    assert units.in_service(past) == 0
    assert [units.in_service(past + seconds) for seconds in (59, 60)] == [0, 2]
    assert units.desired(past + 120) == 1, "idle time goes on too"


@given(
    steps=st.lists(st.tuples(st.floats(0, 400), st.integers(0, 60)), max_size=40),
    minimum=st.integers(1, 3),
    extra=st.integers(0, 4),
    outage=st.tuples(st.integers(1, 3), st.floats(0.5, 100)),
)
def test_levels_stay_in_their_bounds_and_rates_are_kept(
    steps: list[tuple[float, int]], minimum: int, extra: int, outage: tuple[int, float]
) -> None:
    units = RunningUnits(minimum, minimum + extra, START)
    units.take_away(*outage, START)
    now = START
    served = 0
    for seconds, requests in steps:
        now += seconds
        served += sum(units.take(now) for _ in range(requests))
    changes = units.drain_changes()
    assert all(minimum <= change.desired <= minimum + extra and change.in_service >= 0 for change in changes)
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert served <= 5 * (minimum + extra) * (now - START + 1 + 8 * len(changes))
    assert units.in_service(now + 10_000) == units.desired(now + 10_000) == minimum
