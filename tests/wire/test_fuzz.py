"""Whatever comes as a body is answered as AWS answers, and quickly."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.wire.errors import AwsError
from emulator.wire.pipeline import RekognitionEdge
from emulator.wire.service_model import load_service_model
from emulator.wire.validation import parse_input
from support.constraint_cases import OPERATIONS, valid_body
from support.edge_server import RecordingDispatch
from support.raw_http import signed_headers

MODEL = load_service_model()
EDGE = RekognitionEdge(MODEL, RecordingDispatch({}))
MEMBER_NAMES = sorted({name for operation in OPERATIONS for name in valid_body(operation)})

operations = st.sampled_from(OPERATIONS)
texts = st.text(max_size=40) | st.sampled_from(
    ["", "aws:x", "arn:aws:rekognition:", "AAAA", "TRAIN", "\ud800", "\u2028"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
names = st.sampled_from([*MEMBER_NAMES, "Bytes", "S3Object", "GroundTruth", "Arn", "Bucket"]) | st.text(max_size=5)
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6))


def answer(operation: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """Send one request through the edge in process; `headers` replace those of an SDK."""
    messages: list[Any] = []
    chosen = signed_headers(operation) if headers is None else headers
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in chosen.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    # Small bodies never make the edge wait: one step of its coroutine is the whole request, without an event loop.
    with pytest.raises(StopIteration):
        EDGE(scope, receive, send).send(None)
    return messages[0]["status"], json.loads(messages[1]["body"])


def assert_answered(status: int, body: dict[str, Any]) -> None:
    if status == 200:
        assert body == {}
    else:
        assert status == 400
        assert body["__type"] in {"SerializationException", "ValidationException"}
        assert body["message"]


@given(operations, st.binary(max_size=200))
@settings(max_examples=150)
def test_any_bytes_as_a_body(operation: str, body: bytes) -> None:
    assert_answered(*answer(operation, body))


@given(operations, documents)
@settings(max_examples=200)
def test_any_json_as_a_body(operation: str, document: Any) -> None:
    assert_answered(*answer(operation, json.dumps(document).encode()))


@given(operations, st.dictionaries(names, documents, max_size=6))
@settings(max_examples=200)
def test_any_values_under_the_names_of_the_model(operation: str, members: dict[str, Any]) -> None:
    assert_answered(*answer(operation, json.dumps(valid_body(operation) | members).encode()))


@given(operations, st.integers(min_value=0), st.sampled_from(["flip", "cut", "double"]))
@settings(max_examples=150)
def test_damaged_requests(operation: str, seed: int, damage: str) -> None:
    chance = random.Random(seed)
    body = bytearray(json.dumps(valid_body(operation)).encode())
    position = chance.randrange(len(body))
    if damage == "flip":
        body[position] ^= 1 << chance.randrange(8)
    elif damage == "cut":
        del body[position:]
    else:
        body[position:position] = body[: chance.randrange(len(body))]
    assert_answered(*answer(operation, bytes(body)))


@given(st.dictionaries(st.sampled_from(["X-Amz-Target", "Authorization", "Origin", "User-Agent", "Content-Length"]),
                       st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=80)))  # fmt: skip
@settings(max_examples=150)
def test_any_headers(headers: dict[str, str]) -> None:
    status, body = answer("DescribeProjects", b"{}", headers)
    assert status in (200, 400, 413)
    assert status == 200 or body["__type"].endswith("Exception")


@given(operations)
def test_accepted_bodies_give_values_that_answer_to_the_model(operation: str) -> None:
    """The whole of a valid body arrives, blobs decoded and nothing else changed."""
    body = valid_body(operation)

    def decoded(shape_name: str, value: Any) -> Any:
        shape = MODEL.shapes[shape_name]
        if shape["type"] == "structure":
            return {name: decoded(shape["members"][name]["shape"], item) for name, item in value.items()}
        if shape["type"] == "list":
            return [decoded(shape["member"]["shape"], item) for item in value]
        return base64.b64decode(value) if shape["type"] == "blob" else value

    try:
        parameters = parse_input(MODEL, operation, json.dumps(body).encode())
    except AwsError as error:
        raise AssertionError(error.message) from error
    assert parameters == decoded(MODEL.operations[operation].input_shape, body)
