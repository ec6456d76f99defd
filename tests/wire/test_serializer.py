"""Bodies of answers (api-facts §0 rules 11 and 16, §1.2, §4.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from emulator.wire.serializer import SerializerError, serialize, text_length
from emulator.wire.service_model import OperationModel, ServiceModel, load_service_model


def write(operation: str, result: dict[str, Any]) -> bytes:
    return serialize(load_service_model(), operation, result)


def write_member(shape: dict[str, Any], value: Any) -> bytes:
    """The body of an operation whose output has the one member M of `shape`."""
    shapes = {
        "Output": {"type": "structure", "members": {"M": {"shape": "Shape"}}},
        "Shape": shape,
        "Text": {"type": "string"},
    }
    model = ServiceModel("Service", {"Try": OperationModel("Try", "Output", "Output", frozenset())}, shapes)
    return serialize(model, "Try", {"M": value})


def test_a_long_answer_reads_the_same_in_pieces() -> None:
    entries = ['{"source-ref":"s3://bücket/a\\n.jpg"}', "\x00\u2028", ""] * 100
    result = {"DatasetEntries": entries, "NextToken": "token"}
    assert serialize(load_service_model(), "ListDatasetEntries", result, in_pieces=True) == write(
        "ListDatasetEntries", result
    )
    assert text_length(result) == sum(map(len, entries))


def test_an_empty_result_is_two_bytes() -> None:
    assert write("DeleteProjectPolicy", {}) == b"{}"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2019, 11, 25, 18, 27, 49, 909000, tzinfo=UTC), "1574706469.909"),
        (datetime(2019, 11, 25, 19, 27, 49, 909000, tzinfo=timezone(timedelta(hours=1))), "1574706469.909"),
        (datetime(2019, 11, 25, 18, 27, 49, 909499, tzinfo=UTC), "1574706469.909"),
        (1574706469.909, "1574706469.909"),
        (1574706469, "1574706469"),
        (1574706469.0, "1574706469"),
        (1574706469.9999, "1574706470"),
        (1655158560.634, "1655158560.634"),
    ],
)
def test_timestamps_are_numbers_with_millisecond_precision(moment: Any, text: str) -> None:
    body = write("DescribeProjects", {"ProjectDescriptions": [{"CreationTimestamp": moment}]})
    assert body == f'{{"ProjectDescriptions":[{{"CreationTimestamp":{text}}}]}}'.encode()


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.67564, "67.56399536132812"),
        (0.50657, "50.65699768066406"),
        (0.99998, "99.99800109863281"),
    ],
)
def test_confidences_print_as_the_service_prints_them(probability: float, text: str) -> None:
    single = np.float32(np.float32(probability) * np.float32(100))
    for confidence in (single, float(single)):
        body = write("DetectCustomLabels", {"CustomLabels": [{"Name": "rose", "Confidence": confidence}]})
        assert body == f'{{"CustomLabels":[{{"Name":"rose","Confidence":{text}}}]}}'.encode()


def test_boxes_are_rounded_to_32_bits() -> None:
    box = {"Width": 0.05949, "Height": 0.25, "Left": 0, "Top": 1}
    label = {"Name": "bee", "Confidence": 50.0, "Geometry": {"BoundingBox": box}}
    body = json.loads(write("DetectCustomLabels", {"CustomLabels": [label]}))
    assert body["CustomLabels"][0]["Geometry"]["BoundingBox"] == {
        "Width": 0.05948999896645546,
        "Height": 0.25,
        "Left": 0.0,
        "Top": 1.0,
    }


def test_none_is_left_out_everywhere_but_in_lists() -> None:
    assert write("DescribeProjects", {"ProjectDescriptions": [{"ProjectArn": None}], "NextToken": None}) == (
        b'{"ProjectDescriptions":[{}]}'
    )
    assert write("ListTagsForResource", {"Tags": {"a": "b", "c": None}}) == b'{"Tags":{"a":"b"}}'
    with pytest.raises(SerializerError):
        write("ListDatasetEntries", {"DatasetEntries": ["{}", None]})


def test_texts_leave_as_utf8_and_lists_from_any_iterable() -> None:
    body = write("ListDatasetEntries", {"DatasetEntries": (entry for entry in ['{"a":"ü\U0001f33b"}'])})
    assert body == '{"DatasetEntries":["{\\"a\\":\\"ü\U0001f33b\\"}"]}'.encode()


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("DescribeProjects", {"Projects": []}),
        ("DescribeProjects", {"ProjectDescriptions": [{"Arn": "x"}]}),
        ("DescribeProjects", {"ProjectDescriptions": "abc"}),
        ("DescribeProjects", {"ProjectDescriptions": {"a": 1}}),
        ("DescribeProjects", {"ProjectDescriptions": [{"CreationTimestamp": datetime(2020, 1, 1)}]}),
        ("DescribeProjects", {"ProjectDescriptions": [{"CreationTimestamp": "2020"}]}),
        ("DescribeProjects", {"NextToken": 5}),
        ("DescribeProjects", {"NextToken": "half \ud83d"}),
        ("DetectCustomLabels", {"CustomLabels": [{"Confidence": float("nan")}]}),
        ("DetectCustomLabels", {"CustomLabels": [{"Confidence": 1e39}]}),
        ("DetectCustomLabels", {"CustomLabels": [{"Confidence": True}]}),
        ("DetectCustomLabels", {"CustomLabels": [5]}),
        ("DescribeProjectVersions", {"ProjectVersionDescriptions": [{"MinInferenceUnits": 1.5}]}),
        ("DescribeProjectVersions", {"ProjectVersionDescriptions": [{"MinInferenceUnits": True}]}),
        ("ListTagsForResource", {"Tags": {1: "x"}}),
    ],
)
def test_what_does_not_fit_the_model_is_a_programming_error(operation: str, result: dict[str, Any]) -> None:
    with pytest.raises(SerializerError):
        write(operation, result)


def test_the_other_shapes_of_the_protocol() -> None:
    assert write_member({"type": "blob"}, b"\x00\xff") == b'{"M":"AP8="}'
    assert write_member({"type": "double"}, 0.1) == b'{"M":0.1}'
    assert write_member({"type": "boolean"}, False) == b'{"M":false}'
    assert write_member({"type": "long"}, np.int64(2**40)) == b'{"M":1099511627776}'
    with pytest.raises(SerializerError):
        write_member({"type": "boolean"}, 1)
    with pytest.raises(SerializerError):
        write_member({"type": "blob"}, "text")
