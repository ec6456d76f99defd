"""Reading what testers write in JSON (faults, answers, outages): every mistake is named with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from emulator.domain.json_values import JsonValue

REQUIRED: JsonValue = object()


class DefinitionError(ValueError):
    """A definition is wrong. `place` is where (`faults[2].count`), `problem` what is wrong there."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place


class Fields:
    """The fields of one JSON object, taken one by one; `done` then refuses what nobody took.

    Every method that takes a field raises DefinitionError, with its place, if its value does not fit.
    """

    def __init__(self, document: object, place: str) -> None:
        """Raises DefinitionError if the document is not an object."""
        if not isinstance(document, Mapping):
            raise DefinitionError(place, f"must be an object, not {_kind(document)}")
        self._left = dict(document)
        self.place = place

    def text(self, name: str, default: str | None = REQUIRED, pattern: str = r".+", must: str = "") -> str | None:
        """A string that matches the whole `pattern`; `must` says in words what that is. null counts as absent."""
        value = self._take(name, default)
        if value is None or value is default:
            return default
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.DOTALL) is None:
            raise self.wrong(name, must or "must be a string that is not empty")
        return value

    def number(self, name: str, default: float | None, low: float, high: float) -> float | None:
        """A number from `low` to `high`, both allowed. null counts as absent."""
        value = self._take(name, default)
        if value is None or value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.wrong(name, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def integer(self, name: str, default: int | None, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`, both allowed. null counts as absent."""
        value = self._take(name, default)
        if value is None or value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(name, f"must be a whole number from {low} to {high}")
        return value

    def items(self, name: str, default: list[JsonValue] | None = REQUIRED) -> list[JsonValue] | None:
        """A list, its items unread."""
        value = self._take(name, default)
        if value is None or value is default:
            return default
        if not isinstance(value, list):
            raise self.wrong(name, f"must be a list, not {_kind(value)}")
        return value

    def fields(self, name: str, default: Fields | None = REQUIRED) -> Fields | None:
        """An object within this one."""
        value = self._take(name, default)
        if value is None or value is default:
            return default
        return Fields(value, f"{self.place}.{name}")

    def done(self) -> None:
        """Raise DefinitionError if a field is left over: a misspelt name is never ignored."""
        if self._left:
            raise DefinitionError(f"{self.place}.{next(iter(self._left))}", "is not known")

    def wrong(self, name: str, problem: str) -> DefinitionError:
        """The error about one field of this object."""
        return DefinitionError(f"{self.place}.{name}", problem)

    def _take(self, name: str, default: object) -> JsonValue:
        value = self._left.pop(name, None)
        if value is None and default is REQUIRED:
            raise self.wrong(name, "is missing")
        return default if value is None else value


def read_json_text(text: str | bytes) -> JsonValue:
    """What a JSON text says. Raises ValueError, for halves of surrogate pairs too: they are not characters, and what
    holds them could not be given back.
    """
    try:
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return document


def require_account(given: str | None, account: str | None, place: str) -> None:
    """Raise DefinitionError for a definition that is of another account than the call that brings it (O-39)."""
    if account is not None and given not in (None, account):
        raise DefinitionError(f"{place}.account", f"must be {account}, the account of the call")


def listed(document: object, name: str) -> list[JsonValue]:
    """One object, or a list of them, as a list: both forms are accepted wherever definitions are read.

    So is an object whose only member `name` has them: what a GET answers can be posted again.
    """
    if isinstance(document, dict) and set(document) == {name}:
        document = document[name]
    return document if isinstance(document, list) else [document]


def _kind(value: object) -> str:
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
