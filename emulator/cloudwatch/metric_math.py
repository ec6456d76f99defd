"""CloudWatch's metric math, as far as the guide's graphs of running time need it and a little further (R-8).

Operators + - * / ^ and parentheses over numbers, time series and ids of other queries; SUM, AVG, MIN, MAX and
DATAPOINT_COUNT, which make one number of one series and one series of a list of series ([m1, m2], METRICS(), and
METRICS("text") for ids that contain the text); PERIOD; FILL with a number, REPEAT or LINEAR where a series has gaps.
Operators join two series at the times that both have; a division by zero leaves its point out.
"""

from __future__ import annotations

import math
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

Series = dict[int, float]
"""Values by epoch second."""
Value = float | Series | list[Series]

NESTING_LIMIT = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r'|(?P<text>"[^"]*")|(?P<sign>[-+*/^(),\[\]]))'
)
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
}


class MathError(ValueError):
    """The expression cannot be read, or asks for something that metric math here does not have."""


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


_OF_VALUES: dict[str, Callable[[list[float]], float]] = {"SUM": math.fsum, "AVG": _mean, "MIN": min, "MAX": max}
FUNCTIONS = (*_OF_VALUES, "DATAPOINT_COUNT", "PERIOD", "METRICS", "FILL")


class Expression:
    """One expression, read anew for each evaluation: they are short."""

    def __init__(
        self,
        text: str,
        series: Callable[[str], Series],
        metrics: Callable[[str], list[Series]],
        periods: Mapping[str, int],
        moments: Callable[[], Sequence[int]] = tuple,
    ) -> None:
        """`series` gives another query's data by id (KeyError if there is none), `metrics` those of all MetricStats
        whose id contains a text, `moments` the beginnings of all periods of the request, for FILL.
        """
        self._text = text
        self._series = series
        self._metrics = metrics
        self._periods = periods
        self._moments = moments
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0

    def evaluate(self) -> Series:
        """The expression's time series. Raises MathError, also if the result is a mere number or a list."""
        value = self._sum()
        if self._position < len(self._tokens):
            raise MathError(f"unexpected {self._tokens[self._position]!r}")
        if isinstance(value, list):
            raise MathError("the result is a list of time series; use SUM, AVG, MIN or MAX to make one of it")
        if not isinstance(value, dict):
            raise MathError("the result is a number, not a time series; combine it with one, for example SUM(m1)*m1/m1")
        return value

    def _sum(self) -> Value:
        value = self._product()
        while (sign := self._peek()) in ("+", "-"):
            self._position += 1
            value = _combine(sign, value, self._product())
        return value

    def _product(self) -> Value:
        value = self._signed()
        while (sign := self._peek()) in ("*", "/"):
            self._position += 1
            value = _combine(sign, value, self._signed())
        return value

    def _signed(self) -> Value:
        if self._peek() == "-":
            self._deeper()
            self._position += 1
            value = _combine("-", 0.0, self._signed())
            self._depth -= 1
            return value
        return self._power()

    def _power(self) -> Value:
        value = self._atom()
        if self._peek() == "^":
            self._deeper()
            self._position += 1
            value = _combine("^", value, self._signed())
            self._depth -= 1
        return value

    def _atom(self) -> Value:
        token = self._next()
        if token == "(":
            self._deeper()
            value = self._sum()
            self._expect(")")
            self._depth -= 1
            return value
        if token == "[":
            return self._list()
        if token[0].isdigit() or token[0] == ".":
            return float(token)
        if not token[0].isalpha():
            raise MathError(f"unexpected {token!r}")
        if self._peek() == "(":
            return self._call(token)
        return self._of_id(token)

    def _list(self) -> list[Series]:
        members: list[Series] = []
        while True:
            self._deeper()
            value = self._sum()
            self._depth -= 1
            if not isinstance(value, dict):
                raise MathError("a list in square brackets holds time series only")
            members.append(value)
            if self._peek() != ",":
                break
            self._position += 1
        self._expect("]")
        return members

    def _call(self, name: str) -> Value:
        """Names of functions are read in any case: the guide prints `DATAPoint_COUNT`."""
        given, name = name, name.upper()
        if name not in FUNCTIONS:
            raise MathError(f"the function {given} is not available; available are {', '.join(FUNCTIONS)}")
        self._expect("(")
        if name == "METRICS":
            return self._metrics(self._text_in_parentheses())
        if name == "FILL":
            return self._fill()
        if name == "PERIOD":
            value: Value = float(self._period(self._next()))
        else:
            self._deeper()
            value = _apply(name, self._sum())
            self._depth -= 1
        self._expect(")")
        return value

    def _text_in_parentheses(self) -> str:
        token = self._next()
        if token == ")":
            return ""
        if not token.startswith('"'):
            raise MathError(f"METRICS takes nothing or a text in double quotes, not {token!r}")
        self._expect(")")
        return token.strip('"')

    def _fill(self) -> Series:
        self._deeper()
        series = self._sum()
        if not isinstance(series, dict):
            raise MathError("FILL takes one time series and a number, REPEAT or LINEAR")
        self._expect(",")
        if (self._peek() or "").upper() in ("REPEAT", "LINEAR"):
            value: Value | str = self._next().upper()
        else:
            value = self._sum()
        self._expect(")")
        self._depth -= 1
        if isinstance(value, dict | list):
            raise MathError("FILL takes one time series and a number, REPEAT or LINEAR")
        return _filled(series, self._moments(), value)

    def _period(self, query_id: str) -> int:
        if query_id not in self._periods:
            raise MathError(f"PERIOD takes the id of a metric, {query_id!r} is none")
        return self._periods[query_id]

    def _of_id(self, name: str) -> Series:
        try:
            return self._series(name)
        except KeyError:
            raise MathError(f"no query has the id {name!r}") from None

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            raise MathError(f"nested more than {NESTING_LIMIT} deep")

    def _peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _next(self) -> str:
        token = self._peek()
        if token is None:
            raise MathError("ends too early")
        self._position += 1
        return token

    def _expect(self, sign: str) -> None:
        found = self._peek()
        if found != sign:
            raise MathError(f"expected {sign!r}, found {'the end' if found is None else repr(found)}")
        self._position += 1


def _tokens(text: str) -> list[str]:
    tokens = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MathError(f"unexpected {text[position:].lstrip()[:1]!r} at character {position + 1}")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


def _apply(name: str, value: Value) -> Value:
    """A function over one series (a number comes out) or over several (one series comes out)."""
    if isinstance(value, float):
        raise MathError(f"{name} takes a time series, not a number")
    if isinstance(value, dict):
        if name == "DATAPOINT_COUNT":
            return float(len(value))
        return _OF_VALUES[name](list(value.values())) if value else 0.0
    moments = sorted({moment for series in value for moment in series})
    columns = {moment: [series[moment] for series in value if moment in series] for moment in moments}
    if name == "DATAPOINT_COUNT":
        return {moment: float(len(column)) for moment, column in columns.items()}
    if name == "AVG":  # the average over several series takes what is missing as 0
        return {moment: math.fsum(column) / len(value) for moment, column in columns.items()}
    return {moment: _OF_VALUES[name](column) for moment, column in columns.items()}


def _filled(series: Series, moments: Sequence[int], value: float | str) -> Series:
    """The series with a value at every moment; REPEAT needs a point before, LINEAR one on either side."""
    known = sorted(series)
    filled = dict(series)
    for moment in moments:
        if moment in series:
            continue
        after = bisect_left(known, moment)
        if isinstance(value, float):
            filled[moment] = value
        elif value == "REPEAT" and after > 0:
            filled[moment] = series[known[after - 1]]
        elif value == "LINEAR" and 0 < after < len(known):
            low, high = known[after - 1], known[after]
            share = (moment - low) / (high - low)
            filled[moment] = series[low] + share * (series[high] - series[low])
    return filled


def _combine(sign: str, left: Value, right: Value) -> Value:
    if isinstance(left, list) or isinstance(right, list):
        raise MathError(f"{sign!r} does not work on lists; use SUM, AVG, MIN or MAX to make one time series of them")
    if isinstance(left, dict) and isinstance(right, dict):
        pairs = {moment: (left[moment], right[moment]) for moment in left if moment in right}
    elif isinstance(left, dict):
        pairs = {moment: (value, right) for moment, value in left.items()}  # type: ignore[misc]
    elif isinstance(right, dict):
        pairs = {moment: (left, value) for moment, value in right.items()}
    else:
        return _compute(sign, left, right)
    results = {moment: _compute(sign, *pair) for moment, pair in pairs.items()}
    return {moment: result for moment, result in results.items() if math.isfinite(result)}


def _compute(sign: str, left: float, right: float) -> float:
    try:
        return float(_OPERATORS[sign](left, right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan
