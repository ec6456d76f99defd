"""Inputs that break exactly one constraint of the service model, with the sentences that the answer must hold.

`constraint_cases()` walks botocore's own copy of the Rekognition model, independently of `emulator.wire`: for every
member of every input of the 23 operations, and every constraint on it, one case. A case is a JSON body that is valid
but for that constraint; where no text can break one rule alone (an ARN of 19 characters breaks the pattern too) the
case names all sentences, in their order.

botocore checks part of this before it sends, so cases travel as raw HTTP (`support.raw_http`).
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any

ACCOUNT = "123456789012"
_PROJECT = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/parts"

OPERATIONS = [
    "CopyProjectVersion",
    "CreateDataset",
    "CreateProject",
    "CreateProjectVersion",
    "DeleteDataset",
    "DeleteProject",
    "DeleteProjectPolicy",
    "DeleteProjectVersion",
    "DescribeDataset",
    "DescribeProjects",
    "DescribeProjectVersions",
    "DetectCustomLabels",
    "DistributeDatasetEntries",
    "ListDatasetEntries",
    "ListDatasetLabels",
    "ListProjectPolicies",
    "ListTagsForResource",
    "PutProjectPolicy",
    "StartProjectVersion",
    "StopProjectVersion",
    "TagResource",
    "UntagResource",
    "UpdateDatasetEntries",
]

_VALID_TEXTS = {
    "DatasetArn": f"{_PROJECT}/dataset/train/1690405809285",
    "ProjectArn": f"{_PROJECT}/1690405809285",
    "ProjectVersionArn": f"{_PROJECT}/version/first/1690405809285",
    "ResourceArn": f"{_PROJECT}/1690405809285",
    "ProjectPolicyRevisionId": "0123456789abcdef",
    "ProjectPolicyDocument": '{"Version":"2012-10-17"}',
}
_LONG_ARN_TAILS = {
    "DatasetArn": "/dataset/test/1",
    "ProjectArn": "/1",
    "ProjectVersionArn": "/version/v/1",
    "ResourceArn": "/1",
}
_PATTERN_BREAKERS = {
    "DatasetArn": f"{_PROJECT}/dataset/validation/1690405809285",
    "DatasetLabel": "\n",
    "KmsKeyId": "alias key",
    "ProjectArn": f"{_PROJECT}/latest",
    "ProjectName": "name with spaces",
    "ProjectPolicyDocument": '{"Sid":"\u0416"}',
    "ProjectPolicyName": "name/with/slashes",
    "ProjectPolicyRevisionId": "not-hexadecimal",
    "ProjectVersionArn": f"{_PROJECT}/1690405809285",
    "QueryString": "   ",
    "S3Bucket": "bucket/key",
    "TagKey": "aws:reserved",
    "TagValue": "50 %",
    "VersionDescription": "100 %",
    "VersionName": "name with spaces",
}
_EMPTY_MATCHES = {"TagKey", "TagValue", "S3Bucket"}

Body = dict[str, Any]


@dataclass(frozen=True)
class ConstraintCase:
    """One broken constraint: the operation, where and what is broken, and the sentences of the answer."""

    operation: str
    path: str
    constraint: str
    sentences: tuple[str, ...]
    make_body: Callable[[], Body]

    @property
    def message(self) -> str:
        """The whole message of the ValidationException."""
        noun = "error" if len(self.sentences) == 1 else "errors"
        return f"{len(self.sentences)} validation {noun} detected: " + "; ".join(self.sentences)

    def __str__(self) -> str:
        return f"{self.operation}-{self.path}-{self.constraint}"


@dataclass(frozen=True)
class _Break:
    """A replacement value that breaks `constraint`, how messages show it, and the rules that it breaks in their
    order.
    """

    constraint: str
    make_value: Callable[[], Any]
    shown: str
    rules: tuple[str, ...]


@cache
def service_model() -> dict[str, Any]:
    """botocore's data file of Rekognition, as it is."""
    file = resources.files("botocore").joinpath("data/rekognition/2016-06-27/service-2.json.gz")
    model: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))
    return model


@cache
def valid_body(operation: str) -> Body:
    """A body with every member of the operation's input, all of them within their constraints."""
    body: Body = _valid_value(service_model()["operations"][operation]["input"]["shape"])
    return body


def constraint_cases() -> list[ConstraintCase]:
    """All cases of the 23 operations."""
    cases: list[ConstraintCase] = []
    for operation in OPERATIONS:
        shape_name = service_model()["operations"][operation]["input"]["shape"]
        cases.extend(_cases_below(operation, shape_name, (), ""))
    return cases


# The walk


def _shape(name: str) -> dict[str, Any]:
    shape: dict[str, Any] = service_model()["shapes"][name]
    return shape


def _cases_below(operation: str, shape_name: str, keys: tuple[Any, ...], path: str) -> Iterator[ConstraintCase]:
    shape = _shape(shape_name)
    for broken in _breaks(shape_name):
        yield _case(operation, path, broken.constraint, broken.shown, broken.rules, keys, broken.make_value)
    if shape["type"] == "structure":
        for name, member in shape["members"].items():
            child = f"{path}.{_lower(name)}" if path else _lower(name)
            if name in shape.get("required", ()):
                yield _missing_case(operation, child, (*keys, name))
            yield from _cases_below(operation, member["shape"], (*keys, name), child)
    elif shape["type"] == "list":
        yield from _cases_below(operation, shape["member"]["shape"], (*keys, 0), f"{path}.1.member")
    elif shape["type"] == "map":
        yield from _map_cases(operation, shape, keys, path)


def _map_cases(operation: str, shape: dict[str, Any], keys: tuple[Any, ...], path: str) -> Iterator[ConstraintCase]:
    for broken in _breaks(shape["key"]["shape"]):
        key = broken.make_value()
        value = _valid_value(shape["value"]["shape"])
        where = f"{path}.{key}.key"
        yield _case(
            operation,
            where,
            broken.constraint,
            broken.shown,
            broken.rules,
            keys,
            partial(dict, [(key, value)]),
        )
    key = _valid_value(shape["key"]["shape"])
    yield from _cases_below(operation, shape["value"]["shape"], (*keys, key), f"{path}.{key}.value")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _case(
    operation: str,
    path: str,
    constraint: str,
    shown: str,
    rules: tuple[str, ...],
    keys: tuple[Any, ...],
    make_value: Callable[[], Any],
) -> ConstraintCase:
    sentences = tuple(f"Value '{shown}' at '{path}' failed to satisfy constraint: {rule}" for rule in rules)
    return ConstraintCase(operation, path, constraint, sentences, lambda: _replaced(operation, keys, make_value()))


def _missing_case(operation: str, path: str, keys: tuple[Any, ...]) -> ConstraintCase:
    sentence = f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    return ConstraintCase(operation, path, "required", (sentence,), lambda: _replaced(operation, keys, None))


def _replaced(operation: str, keys: tuple[Any, ...], value: Any) -> Body:
    """The valid body with one value replaced, or removed where `value` is None."""
    body = copy.deepcopy(valid_body(operation))
    parent: Any = body
    for key in keys[:-1]:
        parent = parent[key]
    if value is None:
        del parent[keys[-1]]
    else:
        parent[keys[-1]] = value
    return body


# Values


def _valid_value(shape_name: str, number: int = 0) -> Any:
    """A value of the shape within all constraints; `number` tells the members of a list apart."""
    shape = _shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        return {name: _valid_value(member["shape"], number) for name, member in shape["members"].items()}
    if kind == "list":
        return [_valid_value(shape["member"]["shape"], index) for index in range(max(shape.get("min", 1), 1))]
    if kind == "map":
        return {_valid_value(shape["key"]["shape"]): _valid_value(shape["value"]["shape"])}
    if kind == "string" and "enum" in shape:
        return shape["enum"][number % len(shape["enum"])]
    if kind == "string":
        return _VALID_TEXTS.get(shape_name, f"valid{number}")
    return {"integer": shape.get("min", 1), "float": 50.5, "boolean": True, "blob": "AAAA"}[kind]


def _breaks(shape_name: str) -> Iterator[_Break]:
    shape = _shape(shape_name)
    kind = shape["type"]
    if kind == "string":
        yield from _text_breaks(shape_name, shape)
    elif kind in ("integer", "float"):
        yield from _number_breaks(shape)
    elif kind == "blob":
        yield from _blob_breaks(shape)
    elif kind == "list":
        yield from _list_breaks(shape)
    elif kind == "map" and "max" in shape:
        entries = {f"key{index}": "value" for index in range(shape["max"] + 1)}
        shown = "{" + ", ".join(f"{key}={value}" for key, value in entries.items()) + "}"
        yield _Break("max", lambda: entries, shown, (_at_most_long(shape["max"]),))


def _at_least_long(least: int) -> str:
    return f"Member must have length greater than or equal to {least}"


def _at_most_long(most: int) -> str:
    return f"Member must have length less than or equal to {most}"


def _text_of_length(shape_name: str, length: int) -> str:
    """A text of the length that fits the pattern where one so long can: the region of an ARN takes up the slack."""
    tail = _LONG_ARN_TAILS.get(shape_name)
    if tail is None or length < 100:
        return "a" * length
    frame = f"arn:aws:rekognition::{ACCOUNT}:project/parts{tail}"
    return frame.replace("::", f":{'r' * (length - len(frame))}:")


def _text_breaks(shape_name: str, shape: dict[str, Any]) -> Iterator[_Break]:
    if shape.get("min", 0) > 0:
        text = _text_of_length(shape_name, shape["min"] - 1)
        rules = [_at_least_long(shape["min"])]
        misfit = shape_name in _LONG_ARN_TAILS or (not text and shape_name not in _EMPTY_MATCHES)
        if "pattern" in shape and misfit:
            rules.append(_pattern_rule(shape))
        yield _Break("min", lambda: text, text, tuple(rules))
    if "max" in shape:
        long_text = _text_of_length(shape_name, shape["max"] + 1)
        yield _Break("max", lambda: long_text, long_text, (_at_most_long(shape["max"]),))
    if "pattern" in shape:
        misfit_text = _PATTERN_BREAKERS[shape_name]
        yield _Break("pattern", lambda: misfit_text, misfit_text, (_pattern_rule(shape),))
    if "enum" in shape:
        rule = f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"
        yield _Break("enum", lambda: "SOMETHING_ELSE", "SOMETHING_ELSE", (rule,))


def _pattern_rule(shape: dict[str, Any]) -> str:
    return f"Member must satisfy regular expression pattern: {shape['pattern']}"


def _number_breaks(shape: dict[str, Any]) -> Iterator[_Break]:
    decimals = ".0" if shape["type"] == "float" else ""
    if "min" in shape:
        low = shape["min"] - 1
        rule = f"Member must have value greater than or equal to {shape['min']}"
        yield _Break("min", lambda: low, f"{low}{decimals}", (rule,))
    if "max" in shape:
        high = shape["max"] + 1
        rule = f"Member must have value less than or equal to {shape['max']}"
        yield _Break("max", lambda: high, f"{high}{decimals}", (rule,))


def _blob_breaks(shape: dict[str, Any]) -> Iterator[_Break]:
    for constraint, length, rule in (
        ("min", shape["min"] - 1, _at_least_long(shape["min"])),
        ("max", shape["max"] + 1, _at_most_long(shape["max"])),
    ):
        shown = f"java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"
        yield _Break(constraint, partial(_base64_of_zeros, length), shown, (rule,))


def _base64_of_zeros(length: int) -> str:
    return base64.b64encode(bytes(length)).decode()


def _list_breaks(shape: dict[str, Any]) -> Iterator[_Break]:
    for constraint, length, rule in (
        ("min", shape.get("min", 0) - 1, _at_least_long(shape.get("min", 0))),
        ("max", shape.get("max", -2) + 1, _at_most_long(shape.get("max", 0))),
    ):
        if length >= 0:
            items = [_valid_value(shape["member"]["shape"], index) for index in range(length)]
            yield _Break(constraint, partial(list, items), f"[{', '.join(map(_shown, items))}]", (rule,))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    return str(value)
