"""Reading bodies: types, leniencies, several violations at once, bounds on work and answers (api-facts §1.1, §1.5,
§1.6).
"""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.wire import validation
from emulator.wire.errors import AwsError
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, OperationModel, ServiceModel, load_service_model
from emulator.wire.validation import MAX_SHOWN_CHARACTERS, MAX_VIOLATIONS, parse_input, parse_json

VERSION_ARN = "arn:aws:rekognition:us-east-1:123456789012:project/parts/version/first/1690405809285"
DATASET_ARN = "arn:aws:rekognition:us-east-1:123456789012:project/parts/dataset/train/1690405809285"


def parse(operation: str, body: Any) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_input(load_service_model(), operation, content)


def refusal(operation: str, body: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        parse(operation, body)
    return caught.value


def not_json(constant: str) -> None:
    raise ValueError(constant)


def model_of(members: dict[str, Any], **shapes: Any) -> ServiceModel:
    """A model with one operation `Try`, for shapes that no Custom Labels input has."""
    shapes["Input"] = {"type": "structure", "members": members}
    return ServiceModel("Service", {"Try": OperationModel("Try", "Input", "Input", frozenset())}, shapes)


@pytest.mark.parametrize("body", [b"", b"{}", b" {} ", b'{"MaxResults": null}', b'{"Unknown": [1, {"a": null}]}'])
def test_absent_null_and_unknown_members_count_for_nothing(body: bytes) -> None:
    assert parse("DescribeProjects", body) == {}


def test_values_arrive_as_python_values_under_the_model_names() -> None:
    image = bytes(range(256))
    body = {
        "ProjectVersionArn": VERSION_ARN,
        "Image": {"Bytes": base64.b64encode(image).decode(), "Extra": 1},
        "MaxResults": 3,
        "MinConfidence": 40,
    }
    parameters = parse("DetectCustomLabels", body)
    assert parameters == {
        "ProjectVersionArn": VERSION_ARN,
        "Image": {"Bytes": image},
        "MaxResults": 3,
        "MinConfidence": 40.0,
    }
    assert isinstance(parameters["MinConfidence"], float)


@pytest.mark.parametrize("text", [" \u00e9t\u00e9 ", "\U0001f33b", "a\u0000b"])
def test_texts_arrive_unchanged(text: str) -> None:
    assert (
        parse("ListDatasetEntries", {"DatasetArn": DATASET_ARN, "SourceRefContains": text})["SourceRefContains"] == text
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b"\xff\xfe{}",
        b'{"ProjectNames": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"MaxResults": NaN}',
        b'{"MaxResults": Infinity}',
        b"{} {}",
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_json_is_a_serialization_error(body: bytes) -> None:
    assert refusal("DescribeProjects", body).code == "SerializationException"


@pytest.mark.parametrize(
    ("operation", "body", "text"),
    [
        ("DescribeProjects", [], "Start of list found where not expected"),
        ("DescribeProjects", "x", "STRING_VALUE can not be converted to a DescribeProjectsRequest"),
        ("DescribeProjects", {"MaxResults": "3"}, "STRING_VALUE can not be converted to an Integer"),
        ("DescribeProjects", {"MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("DescribeProjects", {"MaxResults": 2.5}, "DECIMAL_VALUE can not be converted to an Integer"),
        ("DescribeProjects", {"MaxResults": 2**31}, "NUMBER_VALUE can not be converted to an Integer"),
        ("DescribeProjects", {"ProjectNames": "parts"}, "STRING_VALUE can not be converted to a list"),
        ("DescribeProjects", {"ProjectNames": [["x"]]}, "Start of list found where not expected"),
        ("CreateProject", {"ProjectName": 5}, "NUMBER_VALUE can not be converted to a String"),
        ("CreateProject", {"ProjectName": {"a": 1}}, "Start of structure or map found where not expected."),
        ("CreateProject", {"ProjectName": "p", "Tags": "x"}, "STRING_VALUE can not be converted to a map"),
        ("CreateProject", {"ProjectName": "half \ud83d"}, "Invalid UTF-16 surrogate in a String"),
        ("CreateProject", {"ProjectName": "p", "Tags": {"\udc00": "x"}}, "Invalid UTF-16 surrogate in a String"),
        ("ListDatasetEntries", {"DatasetArn": DATASET_ARN, "Labeled": "true"},
         "STRING_VALUE can not be converted to a Boolean"),
        ("DetectCustomLabels", {"ProjectVersionArn": VERSION_ARN, "Image": {}, "MinConfidence": "NaN"},
         "STRING_VALUE can not be converted to a Float"),
        ("DetectCustomLabels", {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": 1}},
         "NUMBER_VALUE can not be converted to a Blob"),
    ],
)  # fmt: skip
def test_a_wrong_json_type_is_a_serialization_error(operation: str, body: Any, text: str) -> None:
    error = refusal(operation, body)
    assert (error.code, error.message) == ("SerializationException", text)


@pytest.mark.parametrize(
    "text", ["a", "ab=", "a===", "=aaa", "ab==ab==", "a b c d ", "YWJj\n", "Ä###", "YWJj" * 200_000 + "Y"]
)
def test_bad_base64_is_a_serialization_error(text: str) -> None:
    error = refusal("DetectCustomLabels", {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": text}})
    assert (error.code, error.message) == ("SerializationException", "STRING_VALUE is not valid base64")


@given(st.binary(min_size=1, max_size=64))
def test_a_blob_is_what_its_base64_says_whole_and_never_shortened(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    body: dict[str, Any] = {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": text}}
    assert parse("DetectCustomLabels", body)["Image"]["Bytes"] == content
    for cut in (text[:-1], text + "=", text[:1] + "\n" + text[1:]):
        body["Image"]["Bytes"] = cut
        assert refusal("DetectCustomLabels", body).code == "SerializationException"


@given(
    st.one_of(
        st.binary(max_size=40),
        st.text(alphabet='{}[]",:\\ud8dc0019.eE+-nultrfas \t\n', max_size=24).map(str.encode),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
@example(b'"\\ud800"')
@example(b"[" * 300 + b"]" * 300)
@example(b"[" * 100_000)
@example(b"1" * 5_000)
@example(b"1e999")
@example(b"[-0.0, 1E400, NaN]")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a": 1, "a": 2}')
@example(b'"\xed\xa0\x80"')
def test_json_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    try:
        expected = json.loads(body.decode("utf-8") or "{}", parse_constant=not_json)
    except (ValueError, RecursionError):
        with pytest.raises(AwsError):
            parse_json(body)
    else:
        assert repr(parse_json(body)) == repr(expected)


def test_the_largest_image_passes_and_one_byte_more_does_not() -> None:
    def body(size: int) -> dict[str, Any]:
        return {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": base64.b64encode(bytes(size)).decode()}}

    assert len(parse("DetectCustomLabels", body(5_242_880))["Image"]["Bytes"]) == 5_242_880
    assert refusal("DetectCustomLabels", body(7_843_602)).message == (
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=7843602 cap=7843602]' at 'image.bytes' "
        "failed to satisfy constraint: Member must have length less than or equal to 5242880"
    )


def test_an_empty_image_gets_the_recorded_answer_of_the_service() -> None:
    error = refusal("DetectCustomLabels", {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": ""}})
    assert error.message == (
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to "
        "satisfy constraint: Member must have length greater than or equal to 1"
    )


def test_an_integer_may_be_written_with_a_zero_fraction() -> None:
    assert parse("DescribeProjects", b'{"MaxResults": 5.0}') == {"MaxResults": 5}


@pytest.mark.parametrize(
    ("number", "shown"), [("100.5", "100.5"), ("1e999", "Infinity"), ("1" + "0" * 400, "Infinity")]
)
def test_a_float_out_of_range_is_shown_as_java_shows_it(number: str, shown: str) -> None:
    body = f'{{"ProjectVersionArn":"{VERSION_ARN}","Image":{{}},"MinConfidence":{number}}}'.encode()
    assert refusal("DetectCustomLabels", body).message == (
        f"1 validation error detected: Value '{shown}' at 'minConfidence' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


def test_all_violations_of_a_request_are_in_one_message_in_the_order_of_the_model() -> None:
    body = {"MaxResults": 0, "Features": ["X"], "ProjectNames": ["ok", "n o", ""], "NextToken": "t" * 1025}
    message = refusal("DescribeProjects", body).message
    head, items = message.split(": ", 1)
    assert head == "6 validation errors detected"
    assert [item.split("' failed")[0].split("at '")[1] for item in items.split("; ")] == [
        "nextToken",
        "maxResults",
        "projectNames.2.member",
        "projectNames.3.member",
        "projectNames.3.member",
        "features.1.member",
    ]


def test_a_wrong_type_outranks_broken_constraints() -> None:
    assert refusal("DescribeProjects", {"MaxResults": 0, "Features": "X"}).code == "SerializationException"


def test_nulls_inside_lists_and_maps_are_violations() -> None:
    assert refusal("DescribeProjects", {"ProjectNames": ["a", None]}).message == (
        "1 validation error detected: Value null at 'projectNames.2.member' failed to satisfy constraint: "
        "Member must not be null"
    )
    assert refusal("CreateProject", {"ProjectName": "p", "Tags": {"k": None}}).message == (
        "1 validation error detected: Value null at 'tags.k.value' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_members_of_structures_in_lists_are_named_by_their_index() -> None:
    body = {"Datasets": [{"Arn": DATASET_ARN}, {}]}
    assert "Value null at 'datasets.2.member.arn' failed" in refusal("DistributeDatasetEntries", body).message


def test_a_request_cannot_ask_for_a_giant_answer() -> None:
    many = refusal("DescribeProjects", {"ProjectNames": ["n o"] * 300_000}).message
    assert many.startswith(f"{MAX_VIOLATIONS} validation errors detected: ")
    long = refusal("CreateProject", {"ProjectName": " " * 3_000_000}).message
    assert len(long) < 3 * MAX_SHOWN_CHARACTERS
    keys = {" %" + "k" * 1000 + str(number): "v" for number in range(2000)}
    assert len(refusal("CreateProject", {"ProjectName": "p", "Tags": keys}).message) < 1_000_000


def test_nesting_up_to_the_limit_of_the_parser_is_refused_in_words() -> None:
    for depth in (10, 100, sys.getrecursionlimit() - 100):
        nested = b"[" * depth + b"]" * depth
        body = b'{"ProjectNames": [' + b",".join([nested] * 11) + b"]}"
        assert refusal("DescribeProjects", body).code == "SerializationException"


def test_timestamps_are_epoch_seconds() -> None:
    model = model_of({"At": {"shape": "Time"}}, Time={"type": "timestamp"})
    assert parse_input(model, "Try", b'{"At": 1574706469.909}') == {
        "At": datetime(2019, 11, 25, 18, 27, 49, 909000, tzinfo=UTC)
    }
    for body in (b'{"At": "2019-11-25T18:27:49Z"}', b'{"At": 1e300}', b'{"At": true}'):
        with pytest.raises(AwsError, match="SerializationException"):
            parse_input(model, "Try", body)


def test_long_integers_have_64_bits() -> None:
    model = model_of({"N": {"shape": "Big"}}, Big={"type": "long"})
    assert parse_input(model, "Try", b'{"N": 9223372036854775807}') == {"N": 2**63 - 1}
    with pytest.raises(AwsError, match="a Long"):
        parse_input(model, "Try", b'{"N": 9223372036854775808}')


def test_a_structure_may_hold_itself() -> None:
    model = model_of({"Node": {"shape": "Node"}}, Node={"type": "structure", "members": {"Next": {"shape": "Node"}}})
    assert parse_input(model, "Try", b'{"Node": {"Next": {"Next": {}}}}') == {"Node": {"Next": {"Next": {}}}}


def test_an_operation_outside_the_model_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        parse("MakeCoffee", b"{}")


def test_what_is_compiled_ahead_of_calls_is_not_compiled_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns of letters in all scripts take longer than a call may."""
    validation._reader.cache_clear()
    model = load_service_model()
    validation.compile_readers(model, CUSTOM_LABELS_OPERATIONS)
    monkeypatch.setattr(validation, "compile_java_pattern", None)
    body = json.dumps({"ProjectName": "first", "Tags": {"clé": "värde"}}).encode()
    assert parse_input(model, "CreateProject", body)["Tags"] == {"clé": "värde"}
