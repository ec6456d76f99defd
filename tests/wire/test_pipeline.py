"""The edge over HTTP, byte by byte (api-facts §1.1 to §1.6, O-20)."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
import uuid
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from emulator.wire.errors import AwsError
from emulator.wire.pipeline import THREADED_BODY_SIZE, RekognitionEdge
from emulator.wire.request import Call, Request
from emulator.wire.service_model import load_service_model
from support.edge_server import EdgeServer, RecordingDispatch
from support.raw_http import RawConnection, authorization, signed_headers, without_header

PROJECTS = {"ProjectDescriptions": [{"Status": "CREATED", "CreationTimestamp": 1574706469.909}]}
PROJECTS_BODY = b'{"ProjectDescriptions":[{"Status":"CREATED","CreationTimestamp":1574706469.909}]}'
VERSION_ARN = "arn:aws:rekognition:us-east-1:123456789012:project/parts/version/first/1690405809285"


class TestAnswers:
    def test_a_success_has_the_documented_headers_and_body(
        self, connection: RawConnection, dispatch: RecordingDispatch
    ) -> None:
        dispatch.result = PROJECTS
        response = connection.call("DescribeProjects", {})
        assert response.status == 200
        assert response.body == PROJECTS_BODY
        assert response.headers.keys() == {"content-type", "date", "x-amzn-requestid", "content-length", "connection"}
        assert response.headers["content-type"] == "application/x-amz-json-1.1"
        assert response.headers["connection"] == "keep-alive"
        assert response.headers["content-length"] == str(len(PROJECTS_BODY))
        uuid.UUID(response.headers["x-amzn-requestid"])
        assert abs(parsedate_to_datetime(response.headers["date"]).timestamp() - time.time()) < 60

    def test_an_operation_without_output_answers_an_empty_object(self, connection: RawConnection) -> None:
        assert connection.call("TagResource", {"ResourceArn": VERSION_ARN, "Tags": {}}).body == b"{}"

    def test_every_answer_has_an_id_of_its_own(self, connection: RawConnection) -> None:
        ids = {connection.call("DescribeProjects", {}).headers["x-amzn-requestid"] for _ in range(20)}
        assert len(ids) == 20

    def test_connection_close_is_honoured(self, connection: RawConnection) -> None:
        headers = signed_headers("DescribeProjects") | {"Connection": "close"}
        response = connection.request("POST", "/", headers, b"{}")
        assert (response.status, response.headers["connection"]) == (200, "close")

    def test_a_service_error_has_its_four_members(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        dispatch.result = AwsError("InvalidS3ObjectException", "Unable to get object metadata from S3.")
        response = connection.call("DescribeProjects", {})
        assert response.status == 400
        assert response.headers["content-type"] == "application/x-amz-json-1.1"
        assert "x-amzn-errortype" not in response.headers
        body = response.json()
        assert list(body) == ["__type", "Code", "Logref", "Message"]
        assert body["__type"] == body["Code"] == "InvalidS3ObjectException"
        assert body["Message"].startswith("Unable to get object metadata from S3.")
        assert uuid.UUID(body["Logref"]) != uuid.UUID(response.headers["x-amzn-requestid"])

    def test_a_throttled_and_an_unavailable_service_differ_in_status(
        self, connection: RawConnection, dispatch: RecordingDispatch
    ) -> None:
        dispatch.result = AwsError("ThrottlingException", "Slow down; sudden increase in rate of requests.")
        assert connection.call("DescribeProjects", {}).status == 400
        dispatch.result = AwsError("ThrottlingException", "Service Unavailable")
        assert connection.call("DescribeProjects", {}).status == 500

    @pytest.mark.parametrize("result", [ZeroDivisionError("a secret"), {"NoSuchMember": 1}])
    def test_a_mistake_of_ours_is_an_internal_error_that_tells_nothing(
        self, connection: RawConnection, dispatch: RecordingDispatch, result: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        dispatch.result = result
        with caplog.at_level(logging.ERROR, "emulator.wire.pipeline"):
            response = connection.call("DescribeProjects", {})
        assert response.status == 500
        assert response.json()["__type"] == response.json()["Code"] == "InternalServerError"
        assert response.json()["Message"] == "Internal server error"
        assert b"secret" not in response.body
        assert caplog.records[0].exc_info is not None
        assert response.headers["x-amzn-requestid"] in caplog.text


class TestCalls:
    def test_the_call_carries_identity_parameters_and_user_agent(
        self, connection: RawConnection, dispatch: RecordingDispatch
    ) -> None:
        headers = signed_headers("DescribeProjects", account="210987654321", region="eu-west-2")
        headers["User-Agent"] = "Boto3/1.40 m/B"
        response = connection.request("POST", "/", headers, b'{"MaxResults": 7}')
        (call,) = dispatch.calls
        assert call.operation == "DescribeProjects"
        assert (call.identity.account, call.identity.region) == ("210987654321", "eu-west-2")
        assert call.parameters == {"MaxResults": 7}
        assert call.user_agent == "Boto3/1.40 m/B"
        assert call.request_id == response.headers["x-amzn-requestid"]
        assert abs(call.received_at - time.time()) < 60

    def test_an_empty_body_counts_as_no_members(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        assert connection.call("DescribeProjects", b"").status == 200
        assert dispatch.calls[0].parameters == {}

    def test_chunked_bodies_are_read(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in signed_headers("DescribeProjects").items())
        connection.send(head.encode() + b'\r\n9\r\n{"MaxResu\r\n9\r\nlts": 12}\r\n0\r\n\r\n')
        assert connection.read_response().status == 200
        assert dispatch.calls[0].parameters == {"MaxResults": 12}

    def test_a_large_image_arrives_whole(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        dispatch.result = {"CustomLabels": []}
        image = bytes(range(256)) * (THREADED_BODY_SIZE // 128)
        body = {"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": base64.b64encode(image).decode()}}
        assert connection.call("DetectCustomLabels", body).body == b'{"CustomLabels":[]}'
        assert dispatch.calls[0].parameters["Image"]["Bytes"] == image

    def test_a_long_answer_leaves_whole(self, connection: RawConnection, dispatch: RecordingDispatch) -> None:
        entries = [f'{{"source-ref":"s3://bucket/{number}{"é" * 100_000}.jpg"}}' for number in range(10)]
        dispatch.result = {"DatasetEntries": entries}
        body = {"DatasetArn": "arn:aws:rekognition:us-east-1:123456789012:project/parts/dataset/train/1690405809285"}
        assert connection.call("ListDatasetEntries", body).json() == {"DatasetEntries": entries}

    def test_accounts_of_session_keys_come_from_the_resolver(self, dispatch: RecordingDispatch) -> None:
        accounts = {"ASIAEXAMPLE": "210987654321"}
        with (
            EdgeServer(dispatch, default_account="111111111111", account_of=accounts.get) as server,
            RawConnection(server.address) as connection,
        ):
            connection.call("DescribeProjects", {}, account="ASIAEXAMPLE")
            connection.call("DescribeProjects", {}, account="AKIAEXAMPLE")
        assert [call.identity.account for call in dispatch.calls] == ["210987654321", "111111111111"]


class TestCrossOrigin:
    PREFLIGHT = {  # noqa: RUF012
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "amz-sdk-invocation-id,authorization,content-type,x-amz-date,x-amz-target",
    }

    def test_a_preflight_is_answered_without_a_signature(
        self, connection: RawConnection, dispatch: RecordingDispatch
    ) -> None:
        response = connection.request("OPTIONS", "/", self.PREFLIGHT)
        assert (response.status, response.body) == (200, b"")
        assert response.headers["access-control-allow-origin"] == "*"
        assert "POST" in response.headers["access-control-allow-methods"]
        assert response.headers["access-control-allow-headers"] == self.PREFLIGHT["Access-Control-Request-Headers"]
        assert int(response.headers["access-control-max-age"]) > 0
        assert dispatch.calls == []

    @pytest.mark.parametrize("wanted", [None, "x-amz-target; evil", "ü"])
    def test_a_preflight_that_asks_for_nothing_sensible_gets_the_headers_of_the_sdks(
        self, connection: RawConnection, wanted: str | None
    ) -> None:
        headers = without_header(self.PREFLIGHT, "Access-Control-Request-Headers")
        if wanted is not None:
            headers["Access-Control-Request-Headers"] = wanted
        allowed = connection.request("OPTIONS", "/", headers).headers["access-control-allow-headers"]
        assert {"authorization", "content-type", "x-amz-target", "x-amz-user-agent", "amz-sdk-request"} <= set(
            allowed.split(", ")
        )

    def test_answers_and_errors_may_be_read_by_the_page(self, connection: RawConnection) -> None:
        for body in (b"{}", b"{"):
            headers = signed_headers("DescribeProjects") | {"Origin": "https://app.example"}
            response = connection.request("POST", "/", headers, body)
            assert response.headers["access-control-allow-origin"] == "*"
            exposed = response.headers["access-control-expose-headers"].lower().split(", ")
            assert set(exposed) == {"x-amzn-requestid", "x-amzn-errortype", "date"}


class TestGates:
    def test_gates_stand_between_the_operation_and_the_validation(self, dispatch: RecordingDispatch) -> None:
        seen: list[tuple[str, str]] = []

        async def note(request: Request) -> None:
            assert request.call is not None
            seen.append((request.call.operation, request.call.identity.account))

        async def refuse(_: Request) -> None:
            raise AwsError("ProvisionedThroughputExceededException", "Provisioned Rate exceeded.")

        with EdgeServer(dispatch, gates=[note, refuse, note]) as server, RawConnection(server.address) as connection:
            response = connection.call("DescribeProjects", b"not json")
            assert response.json()["Message"] == "Provisioned Rate exceeded."
            connection.call("DetectFaces", {})
            connection.request("POST", "/", without_header(signed_headers("DescribeProjects"), "Authorization"), b"{}")
        assert seen == [("DescribeProjects", "123456789012")]
        assert dispatch.calls == []


class TestRecords:
    def test_one_line_and_one_observation_per_request(
        self, dispatch: RecordingDispatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        observed: list[tuple[str | None, str]] = []

        def observe(call: Call | None, code: str, seconds: float) -> None:
            assert 0 < seconds < 60
            observed.append((call.operation if call else None, code))

        with (
            caplog.at_level(logging.INFO, "custom_labels.access"),
            EdgeServer(dispatch, observe=observe) as server,
            RawConnection(server.address) as connection,
        ):
            ids = [
                connection.call("DescribeProjects", {}, region="eu-west-1").headers["x-amzn-requestid"],
                connection.call("DescribeProjects", {"MaxResults": 0}).headers["x-amzn-requestid"],
                connection.request("GET", "/", {}).headers["x-amzn-requestid"],
            ]
        lines = [record.getMessage() for record in caplog.records if record.name == "custom_labels.access"]
        assert len(lines) == 3
        assert lines[0].startswith("DescribeProjects account=123456789012 region=eu-west-1 code=OK ms=")
        assert lines[1].startswith(
            "DescribeProjects account=123456789012 region=us-east-1 code=ValidationException ms="
        )
        assert lines[2].startswith("GET account=- region=- code=UnknownOperationException ms=")
        assert all(line.endswith(f"request_id={request_id}") for line, request_id in zip(lines, ids, strict=True))
        assert observed == [
            ("DescribeProjects", "OK"),
            ("DescribeProjects", "ValidationException"),
            (None, "UnknownOperationException"),
        ]

    def test_a_broken_observer_breaks_no_answer(self, dispatch: RecordingDispatch) -> None:
        def observe(*_: object) -> None:
            raise RuntimeError("no space left")

        with EdgeServer(dispatch, observe=observe) as server, RawConnection(server.address) as connection:
            assert connection.call("DescribeProjects", {}).status == 200


class TestDisconnects:
    def test_a_client_that_leaves_in_its_body_is_not_dispatched(
        self, dispatch: RecordingDispatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        observed: list[str] = []
        with (
            caplog.at_level(logging.INFO),
            EdgeServer(dispatch, observe=lambda _, code, __: observed.append(code)) as server,
        ):
            with RawConnection(server.address) as leaving:
                head = "".join(f"{name}: {value}\r\n" for name, value in signed_headers("DescribeProjects").items())
                leaving.send(f"POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 500\r\n\r\n{{".encode())
            deadline = time.monotonic() + 60
            while not observed and time.monotonic() < deadline:
                time.sleep(0.01)
            with RawConnection(server.address) as connection:
                assert connection.call("DescribeProjects", {}).status == 200
        assert observed == ["ClientDisconnected", "OK"]
        assert len(dispatch.calls) == 1
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    def test_a_client_that_leaves_before_its_answer_is_no_error(self) -> None:
        async def run() -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"{}", "more_body": False}

            async def send(_: Any) -> None:
                raise OSError("gone")

            headers = signed_headers("DescribeProjects").items()
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/",
                "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            }
            await RekognitionEdge(load_service_model(), RecordingDispatch({}))(scope, receive, send)

        asyncio.run(run())


def test_large_bodies_leave_the_event_loop_free() -> None:
    """While a 5 MB image is parsed, another connection is answered."""
    dispatch = RecordingDispatch({})
    with EdgeServer(dispatch) as server, RawConnection(server.address) as large, RawConnection(server.address) as small:
        image = base64.b64encode(bytes(5_242_880)).decode()
        body = json.dumps({"ProjectVersionArn": VERSION_ARN, "Image": {"Bytes": image}}).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in signed_headers("DetectCustomLabels").items())
        large.send(f"POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert small.call("DescribeProjects", {}).status == 200
        assert large.read_response().status == 200
    assert {call.operation for call in dispatch.calls} == {"DetectCustomLabels", "DescribeProjects"}


def test_an_authorization_for_another_region_is_another_region(dispatch: RecordingDispatch) -> None:
    with EdgeServer(dispatch) as server, RawConnection(server.address) as connection:
        headers = signed_headers("DescribeProjects") | {"Authorization": authorization("test", "ap-south-1")}
        connection.request("POST", "/", headers, b"{}")
    assert dispatch.calls[0].identity.region == "ap-south-1"
