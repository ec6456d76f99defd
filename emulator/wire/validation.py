"""The walk over a request body: JSON types become Python values, and every constraint of the service model is checked.

For each shape one reader is compiled when it is first needed. A reader gets the JSON value and the path that messages
name, gives back the Python value, and adds a sentence to the violations for every constraint that is broken; all of
them leave in one ValidationException (api-facts §1.5). A JSON value of a wrong type ends the walk with
SerializationException (§1.6).

Chosen where AWS is silent: bad base64 is SerializationException; an integer written as `5.0` is accepted; order
within one member is length or range, pattern, enum; members come in the order of the model; at most MAX_VIOLATIONS
are reported and a value is shown up to MAX_SHOWN_CHARACTERS, so that no request can ask for a giant answer.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NoReturn

import pybase64

from emulator.wire import errors
from emulator.wire.java import compile_java_pattern, java_text
from emulator.wire.service_model import MutableMembers, ServiceModel, Shape

MAX_VIOLATIONS = 100
MAX_SHOWN_CHARACTERS = 16_384

Reader = Callable[[Any, str, list[str]], Any]

_INTEGER_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def parse_input(model: ServiceModel, operation_name: str, body: bytes) -> MutableMembers:
    """Parse and check the JSON body of a request for `operation_name`.

    Gives a dict of Python values under the model's member names: str, int, float, bool, bytes (decoded from base64),
    datetime in UTC, list and dict. An empty body counts as `{}`, unknown members are left out, null members count as
    absent. Raises AwsError SerializationException or ValidationException, and KeyError for an operation that the
    model does not have.
    """
    shape_name = model.operations[operation_name].input_shape
    document = parse_json(body)
    violations: list[str] = []
    parameters: MutableMembers = _reader(model, shape_name)(document, "", violations)
    if violations:
        raise errors.validation_failed(violations)
    return parameters


def parse_json(body: bytes) -> Any:
    """The JSON value of a body, `{}` for an empty one. Raises AwsError SerializationException.

    A body that the quick parser refuses, half surrogates and deep nesting among them, is judged by the standard
    library's.
    """
    if not body:
        return {}
    if _quick_parser is not None:
        with suppress(ValueError):
            return _quick_parser(body)
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise errors.serialization_failed("Request body is not valid JSON.") from None


_quick_parser: Callable[[bytes], Any] | None = None


def use_quick_parser() -> None:
    """Parse by pydantic-core from now on; until then the standard library does. No start waits for this import."""
    from pydantic_core import from_json

    global _quick_parser
    _quick_parser = partial(from_json, allow_inf_nan=False, cache_strings="none")


def compile_readers(model: ServiceModel, operation_names: Iterable[str]) -> None:
    """Compile what reads the input of these operations, patterns of letters in all scripts among it, ahead of calls."""
    for name in operation_names:
        _reader(model, model.operations[name].input_shape)({}, "", [])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


@lru_cache(maxsize=4096)
def _reader(model: ServiceModel, shape_name: str) -> Reader:
    shape = model.shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return _structure_reader(model, shape_name, shape)
    if kind == "list":
        return _list_reader(model, shape)
    if kind == "map":
        return _map_reader(model, shape)
    if kind == "string":
        return _string_reader(shape)
    if kind in _INTEGER_RANGES:
        return _integer_reader(shape)
    if kind in ("float", "double"):
        return _float_reader(shape)
    return _OTHER_READERS[kind](shape)


# Messages


def _report(violations: list[str], value: object, path: str, constraint: str) -> None:
    """Add one item in Coral's grammar: `Value '<v>' at '<path>' failed to satisfy constraint: <constraint>`."""
    shown = "null" if value is None else f"'{java_text(value)[:MAX_SHOWN_CHARACTERS]}'"
    violations.append(f"Value {shown} at '{path[:MAX_SHOWN_CHARACTERS]}' failed to satisfy constraint: {constraint}")
    if len(violations) >= MAX_VIOLATIONS:
        raise errors.validation_failed(violations)


def _report_size(violations: list[str], value: object, path: str, size: int, least: int, most: int) -> None:
    if size < least:
        _report(violations, value, path, f"Member must have length greater than or equal to {least}")
    if size > most:
        _report(violations, value, path, f"Member must have length less than or equal to {most}")


def _wrong_type(value: object, expected: str) -> errors.AwsError:
    """SerializationException that names the JSON type found and the one expected, never the value."""
    if isinstance(value, dict):
        return errors.serialization_failed("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return errors.serialization_failed("Start of list found where not expected")
    found = {str: "STRING_VALUE", bool: f"{str(value).upper()}_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
    return errors.serialization_failed(f"{found.get(type(value), 'NULL_VALUE')} can not be converted to {expected}")


def _bounds(shape: Shape) -> tuple[int, int]:
    return shape.get("min", 0), shape.get("max", sys.maxsize)


# Readers


def lower_camel(name: str) -> str:
    """The member name as paths in messages show it: `ProjectArn` is `projectArn`, `S3Object` is `s3Object`."""
    return name[:1].lower() + name[1:]


def _structure_reader(model: ServiceModel, shape_name: str, shape: Shape) -> Reader:
    required = frozenset(shape.get("required", ()))
    table: list[tuple[str, str, bool, Reader]] = []

    def read(value: object, path: str, violations: list[str]) -> MutableMembers:
        if type(value) is not dict:
            raise _wrong_type(value, f"a {shape_name}")
        if not table:
            table.extend(
                (name, lower_camel(name), name in required, _reader(model, member["shape"]))
                for name, member in shape.get("members", {}).items()
            )
        prefix = path + "." if path else ""
        result = {}
        for name, path_name, is_required, reader in table:
            item = value.get(name)
            if item is not None:
                result[name] = reader(item, prefix + path_name, violations)
            elif is_required:
                _report(violations, None, prefix + path_name, "Member must not be null")
        return result

    return read


def _list_reader(model: ServiceModel, shape: Shape) -> Reader:
    least, most = _bounds(shape)
    read_item = _reader(model, shape["member"]["shape"])

    def read(value: object, path: str, violations: list[str]) -> list[Any]:
        if type(value) is not list:
            raise _wrong_type(value, "a list")
        if not least <= len(value) <= most:
            _report_size(violations, value, path, len(value), least, most)
        result = []
        for number, item in enumerate(value, start=1):
            item_path = f"{path}.{number}.member"
            if item is None:
                _report(violations, None, item_path, "Member must not be null")
            else:
                result.append(read_item(item, item_path, violations))
        return result

    return read


def _map_reader(model: ServiceModel, shape: Shape) -> Reader:
    least, most = _bounds(shape)
    read_key = _reader(model, shape["key"]["shape"])
    read_value = _reader(model, shape["value"]["shape"])

    def read(value: object, path: str, violations: list[str]) -> MutableMembers:
        if type(value) is not dict:
            raise _wrong_type(value, "a map")
        if not least <= len(value) <= most:
            _report_size(violations, value, path, len(value), least, most)
        result = {}
        for key, item in value.items():
            read_key(key, f"{path}.{key}.key", violations)
            if item is None:
                _report(violations, None, f"{path}.{key}.value", "Member must not be null")
            else:
                result[key] = read_value(item, f"{path}.{key}.value", violations)
        return result

    return read


def _string_reader(shape: Shape) -> Reader:
    least, most = _bounds(shape)
    pattern = shape.get("pattern")
    choices: list[str] = shape.get("enum", [])
    matches = compile_java_pattern(pattern) if pattern is not None else None
    allowed = frozenset(choices)

    def read(value: object, path: str, violations: list[str]) -> str:
        if type(value) is not str:
            raise _wrong_type(value, "a String")
        if not value.isascii():
            _refuse_lone_surrogates(value)
        if not least <= len(value) <= most:
            _report_size(violations, value, path, len(value), least, most)
        if matches is not None and not matches(value):
            _report(violations, value, path, f"Member must satisfy regular expression pattern: {pattern}")
        if allowed and value not in allowed:
            _report(violations, value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")
        return value

    return read


def _refuse_lone_surrogates(value: str) -> None:
    """Half of a surrogate pair is not a character: it can be neither stored nor sent back."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise errors.serialization_failed("Invalid UTF-16 surrogate in a String") from None


def _report_range(violations: list[str], value: float, path: str, shape: Shape) -> None:
    if "min" in shape and value < shape["min"]:
        _report(violations, value, path, f"Member must have value greater than or equal to {shape['min']}")
    if "max" in shape and value > shape["max"]:
        _report(violations, value, path, f"Member must have value less than or equal to {shape['max']}")


def _integer_reader(shape: Shape) -> Reader:
    smallest, largest = _INTEGER_RANGES[shape["type"]]
    expected = "an Integer" if shape["type"] == "integer" else "a Long"

    def read(value: object, path: str, violations: list[str]) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not smallest <= value <= largest:
            raise _wrong_type(value, expected)
        _report_range(violations, value, path, shape)
        return value

    return read


def _float_reader(shape: Shape) -> Reader:
    def read(value: object, path: str, violations: list[str]) -> float:
        if type(value) is not float and type(value) is not int:
            raise _wrong_type(value, "a Float")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        _report_range(violations, number, path, shape)
        return number

    return read


def _blob_reader(shape: Shape) -> Reader:
    least, most = _bounds(shape)

    def read(value: object, path: str, violations: list[str]) -> bytes:
        if type(value) is not str:
            raise _wrong_type(value, "a Blob")
        blob = _decode_base64(value)
        if not least <= len(blob) <= most:
            _report_size(violations, blob, path, len(blob), least, most)
        return blob

    return read


def _decode_base64(text: str) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        raise errors.serialization_failed("STRING_VALUE is not valid base64") from None


def _boolean_reader(_: Shape) -> Reader:
    def read(value: object, _path: str, _violations: list[str]) -> bool:
        if type(value) is not bool:
            raise _wrong_type(value, "a Boolean")
        return value

    return read


def _timestamp_reader(_: Shape) -> Reader:
    """Epoch seconds as a number, as AWS JSON 1.1 sends them."""

    def read(value: object, _path: str, _violations: list[str]) -> datetime:
        if type(value) is not float and type(value) is not int:
            raise _wrong_type(value, "a Date")
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            raise errors.serialization_failed("NUMBER_VALUE is out of the range of a Date") from None

    return read


_OTHER_READERS: Mapping[str, Callable[[Shape], Reader]] = {
    "blob": _blob_reader,
    "boolean": _boolean_reader,
    "timestamp": _timestamp_reader,
}
