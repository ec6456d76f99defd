"""Metric math: the guide's two expressions, the operators and functions around them, and mistakes (R-8)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cloudwatch.metric_math import Expression, MathError, Series

M1: Series = {0: 1.0, 3600: 2.0, 10800: 3.0}
M2: Series = {0: 10.0, 7200: 20.0, 10800: 0.0}
DATA = {"m1": M1, "m2": M2, "empty": {}}


def evaluate(text: str) -> Series:
    metrics = {"m1": M1, "m2": M2}
    return Expression(
        text,
        DATA.__getitem__,
        lambda part: [series for name, series in metrics.items() if part in name],
        {"m1": 3600},
        lambda: range(-3600, 14401, 3600),
    ).evaluate()


def test_inference_units_used_as_printed() -> None:
    assert evaluate("SUM(m1)*m1") == {0: 6.0, 3600: 12.0, 10800: 18.0}


def test_hours_running_as_printed() -> None:
    assert evaluate("DATAPOINT_COUNT(m1)*m1/m1") == {0: 3.0, 3600: 3.0, 10800: 3.0}


@pytest.mark.parametrize(
    ("text", "at_zero"),
    [
        ("m1", 1),
        ("m1 + 2 * 3", 7),
        ("(m1 + 2) * 3", 9),
        ("10 - m1 - 2", 7),
        ("m2 / 4 / 5", 0.5),
        ("-m1 + 3", 2),
        ("2 - -m1", 3),
        ("m2 ^ 2", 100),
        ("m1 * 2 ^ 3 ^ 0", 2),
        ("AVG(m1) * m1", 2),
        ("MIN(m1) + m1", 2),
        ("MAX(m1) + m1", 4),
        ("MAX([m1, m2])", 10),
        ("MIN(METRICS())", 1),
        ("SUM([m1, m2, m1])", 12),
        ("AVG([m1, m2])", 5.5),
        ("DATAPOINT_COUNT([m1, m2])", 2),
        ("m1 * PERIOD(m1)", 3600),
        ("m1*.5", 0.5),
    ],
)
def test_values(text: str, at_zero: float) -> None:
    assert evaluate(text)[0] == pytest.approx(at_zero)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("FILL(m1, 0)", [0, 1, 2, 0, 3, 0]),
        ("FILL(m1 * 2, 1 + 1)", [2, 2, 4, 2, 6, 2]),
        ("FILL(m1, REPEAT)", [1, 2, 2, 3, 3]),
        ("FILL(m1, LINEAR)", [1, 2, 2.5, 3]),
        ("FILL(empty, 5)", [5] * 6),
        ("FILL(empty, REPEAT)", []),
        ('SUM([m1, FILL(m2, 0)]) - SUM(METRICS("m2"))', [1, 0, 3]),
        ('SUM(METRICS("nothing"))', []),
    ],
)
def test_gaps_are_filled_and_metrics_chosen_by_their_id(text: str, values: list[float]) -> None:
    """As CloudWatch's metric math has it; gaps are where a version did not run (R-8)."""
    found = evaluate(text)
    assert [found[moment] for moment in sorted(found)] == pytest.approx(values)


def test_two_series_meet_where_both_have_data() -> None:
    assert evaluate("m1 + m2") == {0: 11.0, 10800: 3.0}


def test_division_by_zero_leaves_the_point_out() -> None:
    assert evaluate("m1 / m2") == {0: pytest.approx(0.1)}


def test_lists_cover_every_moment_and_avg_takes_the_missing_as_zero() -> None:
    assert evaluate("SUM(METRICS())") == {0: 11.0, 3600: 2.0, 7200: 20.0, 10800: 3.0}
    assert evaluate("AVG(METRICS())")[3600] == 1.0


def test_a_metric_without_data_gives_a_series_without_points() -> None:
    assert evaluate("SUM(empty)*empty") == evaluate("DATAPOINT_COUNT(empty)*empty/empty") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SUM(m1)", "a number, not a time series"),
        ("METRICS()", "list of time series"),
        ("m1 + METRICS()", "does not work on lists"),
        ("m3 * 2", "no query has the id 'm3'"),
        ("RATE(m1)", "RATE is not available"),
        ("summe(m1)*m1", "summe is not available"),
        ("m1 +", "ends too early"),
        ("", "ends too early"),
        ("(m1", "expected ')'"),
        ("m1)", "unexpected ')'"),
        ("m1 m1", "unexpected 'm1'"),
        ("m1 > 2", "unexpected '>'"),
        ("SUM(2)*m1", "takes a time series"),
        ("SUM([2])*m1", "holds time series only"),
        ("PERIOD(m2)*m1", "takes the id of a metric"),
        ("*m1", "unexpected '*'"),
        ("FILL(m1)", "expected ','"),
        ("FILL(2, 0)*m1", "FILL takes one time series"),
        ("FILL(m1, m2)", "FILL takes one time series"),
        ("FILL(METRICS(), 0)", "FILL takes one time series"),
        ("METRICS(m1)", "text in double quotes"),
        ('"m1" * 2', "unexpected"),
        ("m1;m1", "unexpected ';'"),
        ("(" * 500 + "m1" + ")" * 500, "deep"),
        ("-" * 500 + "m1", "deep"),
        ("m1" + "^m1" * 500, "deep"),
    ],
)
def test_mistakes_are_told(text: str, told: str) -> None:
    with pytest.raises(MathError) as refused:
        evaluate(text)
    assert told in str(refused.value)


@given(st.text(alphabet="m12 +-*/^()[],.SUMAVG", max_size=60))
def test_whatever_is_written_ends_in_finite_numbers_or_a_math_error(text: str) -> None:
    try:
        result = evaluate(text)
    except MathError:
        return
    assert all(math.isfinite(value) for value in result.values())


TERMS = st.recursive(
    st.sampled_from(["m1", "m2", "2.0", "7.0"]),
    lambda inner: st.builds("({}{}{})".format, inner, st.sampled_from("+-*"), inner),
    max_leaves=12,
)


@given(TERMS)
def test_arithmetic_agrees_with_python(text: str) -> None:
    try:
        result = evaluate(text)
    except MathError:
        assert "m" not in text
        return
    for moment, value in result.items():
        known = {name: series[moment] for name, series in (("m1", M1), ("m2", M2)) if moment in series}
        assert value == pytest.approx(float(eval(text, {}, known)))
