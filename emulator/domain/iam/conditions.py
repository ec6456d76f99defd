"""The Condition element: all operators of IAM's reference, with IfExists, ForAllValues, ForAnyValue and Null."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, TypeVar

from emulator.domain.iam.patterns import Lookup, Template, compiled, template
from emulator.domain.iam.requests import Facts

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]
Value = TypeVar("Value")
Matcher = Callable[[str, Lookup], bool]
_EPOCH = re.compile(r"-?\d{1,15}(?:\.\d+)?")
_LONGEST_NUMBER = 40


class Truth(Enum):
    """What a condition says; UNKNOWN where it depends on what nobody knows of the caller."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator with its values.

    `operator` is without prefix, suffix and Not: `StringLike`. `matches` compares one value of the request. `variables`
    are the texts among its values that have any.
    """

    operator: str
    key: str
    is_negated: bool
    if_exists: bool
    quantifier: Quantifier
    matches: Matcher
    variables: tuple[Template, ...] = ()

    def holds(self, facts: Facts) -> Truth:
        """Whether the request fulfils it."""
        values = facts.values(self.key)
        if facts.is_unknown(self.key):
            return Truth.UNKNOWN
        return Truth.YES if self._holds(values, facts.single) else Truth.NO

    def _holds(self, values: Sequence[str] | None, lookup: Lookup) -> bool:
        if self.operator == "Null":
            return self.matches("false" if values else "true", lookup)
        if not values:
            if self.quantifier == "ForAllValues" or self.if_exists:
                return True
            # A key that is absent differs from every value, but no value of it does.
            return self.is_negated and self.quantifier != "ForAnyValue"
        if self.is_negated and any(text.pieces(lookup) is None for text in self.variables):
            return False  # What it is to differ from is not known.
        fulfilled = (self.matches(value, lookup) != self.is_negated for value in values)
        if self.quantifier == "ForAllValues" or (self.is_negated and self.quantifier == ""):
            return all(fulfilled)
        return any(fulfilled)


def parse_condition(operator: str, key: str, values: Sequence[str], *, has_variables: bool) -> Condition:
    """A condition as it stands in a document. Raises ValueError that names the operator, or the value that is wrong."""
    quantifier, name, if_exists = _taken_apart(operator)
    known = _OPERATORS.get(name)
    if known is None:
        raise ValueError(_unknown_operator(operator, name))
    base, is_negated = known
    if base == "Null" and (if_exists or quantifier):
        raise ValueError(f"the operator {operator} is not known: Null takes neither IfExists nor a set operator")
    matches = _COMPARISONS[base](values, has_variables)
    texts = [template(value, has_variables=has_variables) for value in values] if base in _OF_TEXTS else []
    variables = tuple(text for text in texts if text.fixed is None)
    return Condition(base, key.lower(), is_negated, if_exists, quantifier, matches, variables)


def _taken_apart(operator: str) -> tuple[Quantifier, str, bool]:
    quantifier: Quantifier = ""
    name = operator
    if operator.startswith("ForAllValues:"):
        quantifier, name = "ForAllValues", operator.removeprefix("ForAllValues:")
    elif operator.startswith("ForAnyValue:"):
        quantifier, name = "ForAnyValue", operator.removeprefix("ForAnyValue:")
    return quantifier, name.removesuffix("IfExists"), name.endswith("IfExists")


def _unknown_operator(operator: str, name: str) -> str:
    close = get_close_matches(name, _OPERATORS, n=1)
    return f"the operator {operator} is not known" + (f"; {close[0]} is" if close else "")


def _strings(values: Sequence[str], has_variables: bool) -> Matcher:
    templates = [template(value, has_variables=has_variables) for value in values]
    fixed = frozenset(each.plain(_nothing) for each in templates if each.fixed is not None)
    others = [each for each in templates if each.fixed is None]
    return lambda value, lookup: value in fixed or any(each.plain(lookup) == value for each in others)


def _strings_in_any_case(values: Sequence[str], has_variables: bool) -> Matcher:
    templates = [template(value, has_variables=has_variables) for value in values]

    def matches(value: str, lookup: Lookup) -> bool:
        wanted = value.casefold()
        texts = (each.plain(lookup) for each in templates)
        return any(text is not None and text.casefold() == wanted for text in texts)

    return matches


def _patterns(values: Sequence[str], has_variables: bool) -> Matcher:
    templates = [template(value, has_variables=has_variables) for value in values]
    return lambda value, lookup: any(matches_template(each, value, lookup) for each in templates)


def _arns(values: Sequence[str], has_variables: bool) -> Matcher:
    templates = [template(value, has_variables=has_variables) for value in values]
    return lambda value, lookup: any(matches_template(each, value, lookup, is_arn=True) for each in templates)


def matches_template(wanted: Template, value: str, lookup: Lookup, *, is_arn: bool = False) -> bool:
    """Whether a pattern with its variables replaced matches a whole value."""
    pieces = wanted.pieces(lookup)
    return pieces is not None and compiled(pieces, is_arn=is_arn).fullmatch(value) is not None


def _numbers(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Sequence[str], bool], Matcher]:
    def of_values(values: Sequence[str], _has_variables: bool) -> Matcher:
        wanted = [_required(_number(value), value, "a number") for value in values]

        def matches(value: str, _lookup: Lookup) -> bool:
            given = _number(value)
            return given is not None and any(compare(given, each) for each in wanted)

        return matches

    return of_values


def _dates(compare: Callable[[float, float], bool]) -> Callable[[Sequence[str], bool], Matcher]:
    def of_values(values: Sequence[str], _has_variables: bool) -> Matcher:
        wanted = [_required(_epoch(value), value, "a date such as 2026-01-31T12:00:00Z") for value in values]

        def matches(value: str, _lookup: Lookup) -> bool:
            given = _epoch(value)
            return given is not None and any(compare(given, each) for each in wanted)

        return matches

    return of_values


def _booleans(values: Sequence[str], _has_variables: bool) -> Matcher:
    for value in values:
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{value} is neither true nor false")
    wanted = frozenset(value.lower() for value in values)
    return lambda value, _lookup: value.lower() in wanted


def _addresses(values: Sequence[str], _has_variables: bool) -> Matcher:
    networks: list[IPv4Network | IPv6Network] = []
    for value in values:
        network = _network(value)
        if network is None:
            raise ValueError(f"{value} is neither an IP address nor a range such as 203.0.113.0/24")
        networks.append(network)

    def matches(value: str, _lookup: Lookup) -> bool:
        try:
            address = ip_address(value)
        except ValueError:
            return False
        # A server that listens on IPv6 sees clients of IPv4 by such addresses.
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in networks)

    return matches


def _binaries(values: Sequence[str], _has_variables: bool) -> Matcher:
    wanted = frozenset(_required(_bytes(value), value, "base64") for value in values)
    return lambda value, _lookup: _bytes(value) in wanted


def _nothing(_key: str) -> str | None:
    return None


def _required(found: Value | None, value: str, kind: str) -> Value:
    if found is None:
        raise ValueError(f"{value} is not {kind}")
    return found


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text) if len(text) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


@lru_cache(maxsize=1024)
def _epoch(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 date or of such a number."""
    if _EPOCH.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None


_COMPARISONS: dict[str, Callable[[Sequence[str], bool], Matcher]] = {
    "StringEquals": _strings,
    "StringEqualsIgnoreCase": _strings_in_any_case,
    "StringLike": _patterns,
    "NumericEquals": _numbers(Decimal.__eq__),
    "NumericLessThan": _numbers(Decimal.__lt__),
    "NumericLessThanEquals": _numbers(Decimal.__le__),
    "NumericGreaterThan": _numbers(Decimal.__gt__),
    "NumericGreaterThanEquals": _numbers(Decimal.__ge__),
    "DateEquals": _dates(float.__eq__),
    "DateLessThan": _dates(float.__lt__),
    "DateLessThanEquals": _dates(float.__le__),
    "DateGreaterThan": _dates(float.__gt__),
    "DateGreaterThanEquals": _dates(float.__ge__),
    "Bool": _booleans,
    "BinaryEquals": _binaries,
    "IpAddress": _addresses,
    # IAM's reference: both behave identically.
    "ArnEquals": _arns,
    "ArnLike": _arns,
    "Null": _booleans,
}
_OF_TEXTS = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"})
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_OPERATORS: dict[str, tuple[str, bool]] = {
    **{name: (name, False) for name in _COMPARISONS},
    **{name: (positive, True) for name, positive in _NEGATED.items()},
}
OPERATORS = frozenset(_OPERATORS)
"""The names of all operators, without prefix and suffix."""
