"""What the edge refuses before any operation sees it, over HTTP (api-facts §1.5, §1.6, §4.3)."""

from __future__ import annotations

import base64
import uuid

import pytest

from emulator.wire.pipeline import BODY_LIMIT
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS, load_service_model
from support.edge_server import EdgeServer, RecordingDispatch
from support.raw_http import RawConnection, RawResponse, signed_headers, without_header

VERSION_ARN = "arn:aws:rekognition:us-east-1:123456789012:project/parts/version/first/1690405809285"


def assert_framework_error(response: RawResponse, code: str, message: str | None = None, status: int = 400) -> None:
    assert response.status == status
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    body = response.json()
    assert body.pop("__type") == code
    if message is not None:
        assert body == {"message": message}
    assert body.keys() <= {"message"}
    uuid.UUID(response.headers["x-amzn-requestid"])


class TestProtocolErrors:
    @pytest.mark.parametrize(
        ("method", "path", "target"),
        [
            ("POST", "/", None),
            ("POST", "/", ""),
            ("POST", "/", "DescribeProjects"),
            ("POST", "/", "RekognitionService"),
            ("POST", "/", "RekognitionService."),
            ("POST", "/", "RekognitionService.MakeCoffee"),
            ("POST", "/", "rekognitionservice.DescribeProjects"),
            ("POST", "/", "DynamoDB_20120810.ListTables"),
            ("POST", "/projects", "RekognitionService.DescribeProjects"),
            ("GET", "/", "RekognitionService.DescribeProjects"),
            ("PUT", "/", "RekognitionService.DescribeProjects"),
            ("DELETE", "/", None),
        ],
    )
    def test_what_names_no_operation(
        self, connection: RawConnection, dispatch: RecordingDispatch, method: str, path: str, target: str | None
    ) -> None:
        headers = without_header(signed_headers("DescribeProjects"), "X-Amz-Target")
        if target is not None:
            headers["X-Amz-Target"] = target
        response = connection.request(method, path, headers, b"{}")
        assert_framework_error(response, "UnknownOperationException")
        assert response.body == b'{"__type":"UnknownOperationException"}'
        assert dispatch.calls == []

    def test_head_has_the_headers_without_a_body(self, connection: RawConnection) -> None:
        response = connection.request("HEAD", "/", signed_headers("DescribeProjects"))
        assert (response.status, response.body) == (400, b"")
        assert response.headers["content-type"] == "application/x-amz-json-1.1"
        assert connection.call("DescribeProjects", {}).status == 200

    def test_a_request_without_authorization(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        response = connection.request(
            "POST", "/", without_header(signed_headers("DescribeProjects"), "Authorization"), b"{}"
        )
        assert_framework_error(response, "MissingAuthenticationTokenException", "Missing Authentication Token")
        assert dispatch.calls == []

    def test_a_request_with_a_malformed_authorization(self, connection: RawConnection) -> None:
        headers = signed_headers("DescribeProjects") | {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
        assert_framework_error(connection.request("POST", "/", headers, b"{}"), "IncompleteSignatureException")

    @pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"1", b'{"MaxResults": "x"}', b"\xff"])
    def test_a_body_that_is_no_such_json(self, connection: RawConnection, body: bytes) -> None:
        assert_framework_error(connection.call("DescribeProjects", body), "SerializationException")

    def test_the_recorded_validation_error_of_the_service(self, connection: RawConnection) -> None:
        body = {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": ""}}
        response = connection.call("DetectCustomLabels", body)
        assert response.status == 400
        assert response.body == (
            b'{"__type":"ValidationException","message":"1 validation error detected: Value '
            b"'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to satisfy constraint: Member must "
            b'have length greater than or equal to 1"}'
        )

    @pytest.mark.parametrize("operation", sorted(load_service_model().operations.keys() - CUSTOM_LABELS_OPERATIONS))
    def test_operations_outside_custom_labels_answer_a_modelled_error(
        self, connection: RawConnection, dispatch: RecordingDispatch, operation: str
    ) -> None:
        response = connection.call(operation, {})
        assert response.status == 400
        assert response.json()["__type"] == "AccessDeniedException"
        assert response.json()["Message"] == (
            f"rekognition:{operation} is not available: this emulator serves the operations of Custom Labels only."
        )
        assert dispatch.calls == []


class TestBodyLimit:
    @pytest.mark.parametrize(
        ("operation", "status", "code"),
        [
            ("DetectCustomLabels", 400, "ValidationException"),
            ("DescribeProjects", 413, "RequestEntityTooLargeException"),
        ],
    )
    def test_a_body_over_the_limit_is_refused_and_the_connection_goes_on(
        self, dispatch: RecordingDispatch, operation: str, status: int, code: str
    ) -> None:
        with EdgeServer(dispatch, body_limit=1000) as server, RawConnection(server.address) as connection:
            response = connection.call(operation, b" " * 1001)
            assert (response.status, response.json()["__type"]) == (status, code)
            assert connection.call("DescribeProjects", b"{}" + b" " * 998).status == 200

    def test_an_announced_length_over_the_limit_is_refused_before_the_body_comes(
        self, connection: RawConnection
    ) -> None:
        response = connection.request("POST", "/", signed_headers("DetectCustomLabels"), length=10**15)
        assert response.json()["__type"] == "ValidationException"

    def test_a_chunked_body_is_counted_as_it_comes(self, dispatch: RecordingDispatch) -> None:
        with EdgeServer(dispatch, body_limit=1000) as server, RawConnection(server.address) as connection:
            head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in signed_headers("DescribeProjects").items())
            connection.send(head.encode() + b"\r\n" + (b"200\r\n" + b" " * 512 + b"\r\n") * 2)
            assert connection.read_response().json()["__type"] == "RequestEntityTooLargeException"

    def test_the_default_limit_lets_the_recorded_oversized_image_through_to_validation(self) -> None:
        assert len(base64.b64encode(bytes(7_843_602))) + 1000 < BODY_LIMIT
