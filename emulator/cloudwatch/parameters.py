"""Reading CloudWatch's parameters: CBOR and JSON bring types, the query protocol brings text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from emulator.cloudwatch.errors import InvalidParameterValueError, MissingParameterError
from emulator.domain.json_values import JsonMapping, JsonValue
from emulator.domain.moments import LATEST_SECOND

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
NAME_LIMIT = 255


class Parameters:
    """A structure of parameters. `where` names it in errors."""

    def __init__(self, members: object, where: str = "") -> None:
        """Raises InvalidParameterValueError if it is not a structure."""
        if not isinstance(members, Mapping):
            raise InvalidParameterValueError(f"The parameter {where} must be a structure.")
        self._members: JsonMapping = members
        self._where = f"{where}." if where else ""

    def has(self, name: str) -> bool:
        """Whether the parameter is there; null counts as absent."""
        return self._members.get(name) is not None

    def text(self, name: str, default: str | None = None, limit: int = NAME_LIMIT) -> str:
        """A string of at most `limit` characters; required without a default."""
        value = self._get(name, default)
        if value is default:
            return str(default)
        if not isinstance(value, str) or not 0 < len(value) <= limit:
            raise self.invalid(name, f"must be text of 1 to {limit} characters")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the allowed words."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.invalid(name, f"must be one of {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: int | None, low: int, high: int) -> int:
        """A whole number from `low` to `high`; required without a default."""
        value = self._get(name, default)
        if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.invalid(name, f"must be a whole number from {low} to {high}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """A boolean, as such or as text."""
        value = self._get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise self.invalid(name, "must be true or false")
        return value

    def moment(self, name: str) -> float:
        """A required point in time, as epoch seconds."""
        value = self._get(name, None)
        try:
            seconds = _epoch_seconds(value)
        except (ValueError, OverflowError, TypeError):
            raise self.invalid(name, "must be a point in time") from None
        if not 0 <= seconds < LATEST_SECOND + 1:
            raise self.invalid(name, "must lie between the years 1970 and 10000")
        return seconds

    def structures(self, name: str, low: int, high: int, required: bool = False) -> list[Parameters]:
        """A list of structures, `low` to `high` long."""
        return [Parameters(item, f"{self._where}{name}.{n}") for n, item in self._items(name, low, high, required)]

    def texts(self, name: str, low: int, high: int) -> list[str]:
        """A list of strings."""
        items = [item for _, item in self._items(name, low, high, False)]
        if not all(isinstance(item, str) for item in items):
            raise self.invalid(name, "must be a list of texts")
        return items

    def structure(self, name: str) -> Parameters:
        """A required structure within this one."""
        return Parameters(self._get(name, None), f"{self._where}{name}")

    def invalid(self, name: str, problem: str) -> InvalidParameterValueError:
        """The error about one parameter."""
        return InvalidParameterValueError(f"The parameter {self._where}{name} {problem}.")

    def _items(self, name: str, low: int, high: int, required: bool) -> list[tuple[int, JsonValue]]:
        value = self._get(name, None if required else [])
        if not isinstance(value, list):
            raise self.invalid(name, "must be a list")
        if (required or value) and not low <= len(value) <= high:
            raise self.invalid(name, f"must have {low} to {high} members")
        return list(enumerate(value, start=1))

    def _get(self, name: str, default: object) -> JsonValue:
        value = self._members.get(name)
        if value is not None:
            return value
        if default is None:
            raise MissingParameterError(f"The parameter {self._where}{name} is required.")
        return default


def period_of(parameters: Parameters) -> int:
    """Period in seconds: 1, 5, 10, 20, 30 or a multiple of 60."""
    period = parameters.integer("Period", None, 1, 86_400 * 365)
    if period not in (1, 5, 10, 20, 30) and period % 60:
        raise parameters.invalid("Period", "must be 1, 5, 10, 20, 30 or a multiple of 60")
    return period


def dimensions_of(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """Dimensions, in order of their names."""
    return tuple(
        sorted((one.text("Name"), one.text("Value", limit=1024)) for one in parameters.structures("Dimensions", 1, 30))
    )


def _epoch_seconds(value: JsonValue) -> float:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return float(value)
    parsed = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
