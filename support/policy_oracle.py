"""A second evaluator, written apart from the first and as plainly as possible: it knows documents, not statements.

It compares letter by letter where the first has regular expressions, looks everything up anew each time, and is slow.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network

Document = Mapping[str, object]
STAR, MARK = "\x00*", "\x00?"


def listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


@cache
def same(pattern: tuple[str, ...], text: str) -> bool:
    """Whether a pattern, letter by letter and with STAR and MARK for wildcards, is a text."""
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first == STAR:
        return same(rest, text) or (bool(text) and same(pattern, text[1:]))
    return bool(text) and first in (MARK, text[0]) and same(rest, text[1:])


def letters(pattern: str, context: Mapping[str, Sequence[str]] | None) -> tuple[str, ...] | None:
    """A pattern with its variables replaced; None where one has no value. No context: there are no variables."""
    found: list[str] = []
    position = 0
    while position < len(pattern):
        if context is not None and pattern.startswith("${", position):
            end = pattern.index("}", position)
            inside = pattern[position + 2 : end]
            position = end + 1
            if inside in ("*", "?", "$"):
                found.append(inside)
                continue
            name, comma, default = inside.partition(",")
            values = context.get(name.strip().lower(), [])
            if len(values) == 1:
                found.extend(values[0])
            elif comma:
                found.extend(default.strip()[1:-1])
            else:
                return None
            continue
        letter = pattern[position]
        found.append({"*": STAR, "?": MARK}.get(letter, letter))
        position += 1
    return tuple(found)


def cut(pattern: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The six fields of a pattern of an ARN, absent ones being a star."""
    fields: list[list[str]] = [[]]
    for letter in pattern:
        if letter == ":" and len(fields) < 6:
            fields.append([])
        else:
            fields[-1].append(letter)
    return [tuple(field) for field in fields] + [(STAR,)] * (6 - len(fields))


def same_arn(pattern: tuple[str, ...] | None, arn: str) -> bool:
    if pattern is None:
        return False
    if pattern == (STAR,):
        return True
    parts = arn.split(":", 5)
    return len(parts) == 6 and all(same(field, part) for field, part in zip(cut(pattern), parts, strict=True))


def plain(text: tuple[str, ...] | None) -> str | None:
    return None if text is None else "".join({STAR: "*", MARK: "?"}.get(letter, letter) for letter in text)


def moment(text: str) -> float | None:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def address_in(value: str, wanted: str) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    network = ip_network(wanted, strict=False)
    return address.version == network.version and address in network


def ordered(name: str, left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return False
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[name]


def equal(operator: str, value: str, wanted: str, context: Mapping[str, Sequence[str]] | None) -> bool:
    """Whether one value of the request is one value of the policy, by an operator without Not."""
    pattern = letters(wanted, context)
    if operator.startswith("Numeric"):
        return ordered(operator.removeprefix("Numeric"), number(value), number(wanted))
    if operator.startswith("Date"):
        return ordered(operator.removeprefix("Date"), moment(value), moment(wanted))
    match operator:
        case "StringEquals":
            return plain(pattern) == value
        case "StringEqualsIgnoreCase":
            return (plain(pattern) or "\x00").casefold() == value.casefold()
        case "StringLike":
            return pattern is not None and same(pattern, value)
        case "ArnLike" | "ArnEquals":
            return same_arn(pattern, value)
        case "Bool":
            return value.lower() == wanted.lower()
        case "IpAddress":
            return address_in(value, wanted)
        case "BinaryEquals":
            try:
                return base64.b64decode(value, validate=True) == base64.b64decode(wanted)
            except ValueError:
                return False
    raise AssertionError(operator)


def condition_holds(
    operator: str, key: str, wanted: list[str], context: Mapping[str, Sequence[str]], *, variables: bool
) -> bool:
    values = context.get(key.lower())
    if operator == "Null":
        return str(values is None).lower() in [text.lower() for text in wanted]
    kind, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    negated = name.startswith("Not") or "Not" in name
    positive = name.replace("Not", "", 1) if negated else name
    if not values:
        if kind == "ForAllValues" or rest.endswith("IfExists"):
            return True
        return negated and kind != "ForAnyValue"
    has_texts = negated and variables and positive.startswith(("String", "Arn"))
    if has_texts and any(letters(each, context) is None for each in wanted):
        return False
    hits = [any(equal(positive, value, each, context if variables else None) for each in wanted) for value in values]
    if negated:
        misses = [not hit for hit in hits]
        return any(misses) if kind == "ForAnyValue" else all(misses)
    return all(hits) if kind == "ForAllValues" else any(hits)


def naming(element: object, principal: Mapping[str, str]) -> str:
    """`no`, `account`, `role` or `directly`."""
    names = listed(element) if not isinstance(element, Mapping) else listed(element.get("AWS", []))
    levels = ["no", "account", "role", "directly"]
    best = 0
    for name in map(str, names):
        if name == "*" or name == principal["arn"]:
            best = max(best, 3)
        elif principal.get("role") == name:
            best = max(best, 2)
        elif name in (principal["account"], f"arn:aws:iam::{principal['account']}:root"):
            best = max(best, 1)
    return levels[best]


def speaks(statement: Mapping[str, object], ask: Mapping[str, object], *, variables: bool) -> str:
    """`no`, or how the statement names the principal (`directly` without a Principal element)."""
    action, resource, context = str(ask["action"]).lower(), str(ask["resource"]), ask["context"]
    assert isinstance(context, Mapping)
    for element, negated in (("Action", False), ("NotAction", True)):
        if element in statement:
            named = any(same(letters(str(text).lower(), None) or (), action) for text in listed(statement[element]))
            if named == negated:
                return "no"
    for element, negated in (("Resource", False), ("NotResource", True)):
        if element in statement:
            patterns = [letters(str(text), context if variables else None) for text in listed(statement[element])]
            if negated and None in patterns:
                return "no"
            named = any(same_arn(pattern, resource) for pattern in patterns)
            if named == negated:
                return "no"
    conditions = statement.get("Condition", {})
    assert isinstance(conditions, Mapping)
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            if not condition_holds(operator, key, [str(text) for text in listed(wanted)], context, variables=variables):
                return "no"
    principal = ask["principal"]
    assert isinstance(principal, Mapping)
    if "Principal" in statement:
        return naming(statement["Principal"], principal)
    if "NotPrincipal" in statement:
        spared = naming(statement["NotPrincipal"], principal)
        if statement["Effect"] == "Allow":
            return "directly" if spared == "no" else "no"
        # No account's root is among the callers here, whom an account alone would spare.
        return "no" if spared in ("role", "directly") and not ask["bounded"] else "directly"
    return "directly"


def says(documents: Sequence[Document] | None, ask: Mapping[str, object]) -> tuple[bool, str]:
    """Whether any statement denies; and the strongest naming of an Allow."""
    order = ["no", "account", "role", "directly"]
    denied, best = False, 0
    for document in documents or ():
        variables = document.get("Version") == "2012-10-17"
        for statement in listed(document["Statement"]):
            assert isinstance(statement, Mapping)
            spoken = speaks(statement, ask, variables=variables)
            if statement["Effect"] == "Deny":
                denied |= spoken != "no"
            else:
                best = max(best, order.index(spoken))
    return denied, order[best]


def allowed(
    ask: Mapping[str, object],
    identity: Sequence[Document],
    boundary: Sequence[Document] | None,
    session: Sequence[Document] | None,
    resource: Sequence[Document],
) -> bool:
    """The decision, in the order in which AWS's chart asks."""
    bounded = {**ask, "bounded": boundary is not None}
    found = {
        name: says(given, bounded)
        for name, given in (
            ("identity", identity),
            ("boundary", boundary),
            ("session", session),
            ("resource", resource),
        )
    }
    if any(denied for denied, _ in found.values()):
        return False
    within_limits = all(
        given is None or found[name][1] != "no" for name, given in (("boundary", boundary), ("session", session))
    )
    by_identity = found["identity"][1] != "no" and within_limits
    by_resource = found["resource"][1]
    principal = ask["principal"]
    assert isinstance(principal, Mapping)
    if ask["owner"] != principal["account"]:
        return by_identity and by_resource != "no"
    return by_identity or by_resource == "directly" or (by_resource == "role" and within_limits)
