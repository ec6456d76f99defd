"""Results of operations become AWS JSON 1.1 bodies, along the output shapes of the service model.

Members keep their model names. Timestamps are epoch seconds with millisecond precision (api-facts §0 rule 16);
numbers of the shape `float` are rounded to 32 bits, because the service holds them so and prints them as 64-bit
numbers: 67.564 leaves as 67.56400299072266 (api-facts §4.1). What the model does not know is a mistake of the caller
and raises SerializerError.
"""

from __future__ import annotations

import base64
import json
import math
import operator
import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from emulator.wire.service_model import Members, MutableMembers, ServiceModel, Shape

Writer = Callable[[Any], Any]

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_SINGLE = struct.Struct("<f")


class SerializerError(Exception):
    """A result does not fit the output shape of its operation; always a programming error of the emulator."""


def text_length(result: Members) -> int:
    """The characters in a result's lists of strings, such as the entries of a dataset: what makes an answer long."""
    lists = (value for value in result.values() if isinstance(value, list))
    return sum(len(item) for items in lists for item in items if isinstance(item, str))


def serialize(model: ServiceModel, operation_name: str, result: Members, *, in_pieces: bool = False) -> bytes:
    """The UTF-8 JSON body for the result of `operation_name`.

    Accepted by shape: structure and map: a mapping (members and values of None are left out); list: any iterable but
    str and bytes; timestamp: datetime with a time zone, or epoch seconds; blob: bytes; float: a number, also of
    numpy; string, integer, boolean. Raises SerializerError for unknown keys, wrong types, None in a list, naive
    datetimes and numbers that are not finite. `in_pieces` lets other threads run between the values of a long answer,
    which otherwise holds the interpreter lock from end to end.
    """
    shape_name = model.operations[operation_name].output_shape
    try:
        written = _writer(model, shape_name)(result)
        if in_pieces:
            return b"".join(piece.encode() for piece in _encoder.iterencode(written))
        return _encoder.encode(written).encode()
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise SerializerError(f"the result of {operation_name} does not fit {shape_name}: {error}") from error


@lru_cache(maxsize=4096)
def _writer(model: ServiceModel, shape_name: str) -> Writer:
    shape = model.shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return _structure_writer(model, shape_name, shape)
    if kind == "list":
        return _list_writer(model, shape_name, shape)
    if kind == "map":
        return _map_writer(model, shape_name, shape)
    return _SCALAR_WRITERS[kind]


def _structure_writer(model: ServiceModel, shape_name: str, shape: Shape) -> Writer:
    members: Mapping[str, Mapping[str, str]] = shape.get("members", {})
    writers: dict[str, Writer] = {}

    def write(value: Members) -> MutableMembers:
        if not writers:
            writers.update({name: _writer(model, member["shape"]) for name, member in members.items()})
        result = {}
        for name, item in value.items():
            writer = writers.get(name)
            if writer is None:
                raise SerializerError(f"{shape_name} has no member {name!r}")
            if item is not None:
                result[name] = writer(item)
        return result

    return write


def _list_writer(model: ServiceModel, shape_name: str, shape: Shape) -> Writer:
    write_item = _writer(model, shape["member"]["shape"])

    def write(value: Iterable[Any]) -> list[Any]:
        if isinstance(value, (str, bytes, Mapping)):
            raise SerializerError(f"{shape_name} takes a list, not {type(value).__name__}")
        result = []
        for item in value:
            if item is None:
                raise SerializerError(f"{shape_name} cannot hold None")
            result.append(write_item(item))
        return result

    return write


def _map_writer(model: ServiceModel, shape_name: str, shape: Shape) -> Writer:
    write_item = _writer(model, shape["value"]["shape"])

    def write(value: Members) -> MutableMembers:
        if not all(isinstance(key, str) for key in value):
            raise SerializerError(f"the keys of {shape_name} are strings")
        return {key: write_item(item) for key, item in value.items() if item is not None}

    return write


def _write_string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string is needed, not {type(value).__name__}")
    return str(value)


def _write_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"a boolean is needed, not {type(value).__name__}")
    return value


def _write_integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("an integer is needed, not bool")
    return operator.index(value)


def _number(value: Any) -> float:
    if isinstance(value, (bool, str, bytes)):
        raise TypeError(f"a number is needed, not {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be written as JSON")
    return number


def _write_float(value: object) -> float:
    single: float = _SINGLE.unpack(_SINGLE.pack(_number(value)))[0]
    return single


def _write_timestamp(value: object) -> float | int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a datetime needs a time zone")
        value = value.timestamp()
    milliseconds = round(_number(value) * 1000)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def _write_blob(value: Any) -> str:
    return base64.b64encode(value).decode("ascii")


_SCALAR_WRITERS: Mapping[str, Writer] = {
    "blob": _write_blob,
    "boolean": _write_boolean,
    "double": _number,
    "float": _write_float,
    "integer": _write_integer,
    "long": _write_integer,
    "string": _write_string,
    "timestamp": _write_timestamp,
}
