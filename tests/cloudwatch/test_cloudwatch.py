"""CloudWatch through boto3 and raw HTTP in its three protocols, over series that the test writes (O-22, R-7, R-8)."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import boto3
import httpx
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.cloudwatch.app import CloudWatchApp
from emulator.domain.metering.measurements import Measurements, RequestRecord
from emulator.domain.metering.metrics_series import MetricStore, Model
from emulator.domain.metering.units import UnitLevels

ACCOUNT, REGION = "111122223333", "us-east-1"
MODEL = Model(ACCOUNT, REGION, "rooms", "one")
HOUR = 3600
START = 1_700_002_800
DIMENSIONS = [{"Name": "ProjectName", "Value": "rooms"}, {"Name": "VersionName", "Value": "one"}]
AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20231114/{REGION}/monitoring/aws4_request, SignedHeaders=host, Signature=x"
)


@dataclass
class Emulated:
    """A store, a time that the test sets, and the endpoint that serves them."""

    measurements: Measurements = field(default_factory=Measurements)
    now: float = START
    refreshed: int = 0
    endpoint: str = ""

    @property
    def store(self) -> MetricStore:
        return self.measurements.series

    def refresh(self) -> None:
        self.refreshed += 1


@pytest.fixture(scope="module")
def served() -> Iterator[Emulated]:
    emulated = Emulated()
    app = CloudWatchApp(emulated.store, lambda _account: emulated.now, emulated.refresh)

    async def with_identity(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        credential = headers[b"authorization"].decode().partition("Credential=")[2].split("/")
        scope["aws.account"], scope["aws.region"] = credential[0], credential[2]
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(with_identity, port=0, log_level="error", ws="none", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    emulated.endpoint = f"http://127.0.0.1:{port}"
    yield emulated
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def emulated(served: Emulated) -> Emulated:
    served.store.clear()
    served.now = START
    return served


@pytest.fixture
def cloudwatch(emulated: Emulated) -> Iterator[Any]:
    client = boto3.client(
        "cloudwatch",
        endpoint_url=emulated.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def run_for_hours(emulated: Emulated, *units_and_hours: tuple[int, int]) -> None:
    """The version runs with so many units for so many hours, one after the other, and stops."""
    for units, hours in units_and_hours:
        emulated.store.note_units(MODEL, [UnitLevels(emulated.now, units, units, 1, 5)])
        emulated.now += hours * HOUR
    emulated.store.note_stopped(MODEL, emulated.now)


def metric_query(name: str = "InServiceInferenceUnits", **changes: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Rekognition", "MetricName": name, "Dimensions": DIMENSIONS}
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Average"}, **changes}


def expressions(**texts: str) -> list[dict[str, str]]:
    return [{"Id": query_id, "Expression": text} for query_id, text in texts.items()]


def metric_data(client: Any, queries: list[dict[str, Any]], start: float = START - HOUR, **more: Any) -> Any:
    end = START + 1000 * HOUR
    return client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end, **more)


def test_the_guide_s_graph_as_printed(emulated: Emulated, cloudwatch: Any) -> None:
    emulated.now = START + 777.7  # not at a full hour, nor minute
    run_for_hours(emulated, (2, 8))
    queries = [
        metric_query(ReturnData=False),
        {"Id": "e1", "Expression": "SUM(m1)*m1", "Label": "Inference units used"},
        {"Id": "e2", "Expression": "DATAPOINT_COUNT(m1)*m1/m1", "Label": "Hours running"},
    ]
    answer = metric_data(cloudwatch, queries, start=START + 777.7 - 5 * HOUR)
    used, running = answer["MetricDataResults"]
    assert (used["Label"], used["Id"], used["StatusCode"]) == ("Inference units used", "e1", "Complete")
    assert used["Values"] == [32.0] * 8, "eight hourly averages of 2 add up to 16, times 2"
    assert running["Values"] == [8.0] * 8
    assert running["Timestamps"] == sorted(running["Timestamps"], reverse=True)
    assert running["Timestamps"][-1] == datetime.fromtimestamp((START + 777) // 60 * 60, UTC)


def test_gaps_where_the_model_did_not_run(emulated: Emulated, cloudwatch: Any) -> None:
    run_for_hours(emulated, (1, 2))
    emulated.now += 3 * HOUR
    run_for_hours(emulated, (3, 1))
    (result,) = metric_data(cloudwatch, [metric_query()], ScanBy="TimestampAscending")["MetricDataResults"]
    assert [int(at.timestamp() - START) // HOUR for at in result["Timestamps"]] == [0, 1, 5]
    assert result["Values"] == [1.0, 1.0, 3.0]
    assert result["Label"] == "InServiceInferenceUnits"


def test_scaling_shows_as_desired_over_in_service(emulated: Emulated, cloudwatch: Any) -> None:
    emulated.store.note_units(MODEL, [UnitLevels(START, 1, 1, 1, 3), UnitLevels(START + 120, 2, 1, 1, 3)])
    emulated.now = START + 300
    queries = [
        metric_query("DesiredInferenceUnits", Id="desired"),
        metric_query("InServiceInferenceUnits", Id="inService"),
        {"Id": "scaling", "Expression": "desired - inService"},
    ]
    for query in queries[:2]:
        query["MetricStat"]["Period"] = 60
    answer = metric_data(cloudwatch, queries, ScanBy="TimestampAscending")
    assert answer["MetricDataResults"][2]["Values"] == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_the_metrics_of_a_running_model_end_at_the_emulator_s_now(emulated: Emulated, cloudwatch: Any) -> None:
    emulated.store.note_units(MODEL, [UnitLevels(START, 1, 1, 1, 1)])
    for hours in (0, 8, 100):
        emulated.now = START + hours * HOUR
        (result,) = metric_data(cloudwatch, [metric_query()])["MetricDataResults"]
        assert len(result["Values"]) == max(hours, 1)
    assert emulated.refreshed >= 3


def test_pages_of_data_points(emulated: Emulated, cloudwatch: Any) -> None:
    run_for_hours(emulated, (1, 7))
    queries = [metric_query(), metric_query("DesiredInferenceUnits", Id="m2")]
    pages = list(
        cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=START, EndTime=START + 8 * HOUR, MaxDatapoints=4
        )
    )
    assert len(pages) == 4
    assert pages[0]["MetricDataResults"][0]["StatusCode"] == "PartialData"
    found = [result for page in pages for result in page["MetricDataResults"]]
    assert sum(len(result["Values"]) for result in found if result["Id"] == "m1") == 7
    assert sum(len(result["Values"]) for result in found if result["Id"] == "m2") == 7
    with pytest.raises(ClientError) as refused:
        metric_data(cloudwatch, queries, NextToken="no token")
    assert refused.value.response["Error"]["Code"] == "InvalidNextToken"


def test_statistics_of_requests(emulated: Emulated, cloudwatch: Any) -> None:
    for number, seconds in enumerate((0.010, 0.020, 0.060)):
        record = RequestRecord("DetectCustomLabels", "OK", 200, seconds, ACCOUNT, REGION, MODEL)
        emulated.measurements.record(record, START + 30 * number)
    emulated.now = START + 300
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Rekognition",
        MetricName="ResponseTime",
        Dimensions=[{"Name": "Operation", "Value": "DetectCustomLabels"}],
        StartTime=START - 600,
        EndTime=START + 600,
        Period=300,
        Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
    )
    assert answer["Label"] == "ResponseTime"
    (point,) = answer["Datapoints"]
    assert point["Timestamp"] == datetime.fromtimestamp(START, UTC) and point["Unit"] == "Milliseconds"
    assert [point[name] for name in ("SampleCount", "Average", "Sum", "Minimum", "Maximum")] == [
        3, pytest.approx(30), pytest.approx(90), pytest.approx(10), pytest.approx(60),
    ]  # fmt: skip


def test_list_metrics_and_its_filters(emulated: Emulated, cloudwatch: Any) -> None:
    run_for_hours(emulated, (1, 1))
    record = RequestRecord("CreateProject", "ValidationException", 400, 0.001, ACCOUNT, REGION)
    emulated.measurements.record(record, emulated.now)
    names = [metric["MetricName"] for metric in cloudwatch.list_metrics()["Metrics"]]
    assert names == [
        "DesiredInferenceUnits", "InServiceInferenceUnits", "MaxInferenceUnits", "MinInferenceUnits", "UserErrorCount",
    ]  # fmt: skip
    filtered = cloudwatch.list_metrics(Namespace="AWS/Rekognition", Dimensions=[{"Name": "Operation"}])["Metrics"]
    assert filtered == [
        {
            "Namespace": "AWS/Rekognition",
            "MetricName": "UserErrorCount",
            "Dimensions": [{"Name": "Operation", "Value": "CreateProject"}],
        }
    ]
    assert len(cloudwatch.list_metrics(Dimensions=DIMENSIONS)["Metrics"]) == 4
    assert cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"] == []
    emulated.now += 4 * HOUR
    assert cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"] == []


def test_other_accounts_see_nothing(emulated: Emulated) -> None:
    run_for_hours(emulated, (1, 1))
    client = boto3.client(
        "cloudwatch",
        endpoint_url=emulated.endpoint,
        region_name=REGION,
        aws_access_key_id="444455556666",
        aws_secret_access_key="x",
    )
    assert client.list_metrics()["Metrics"] == []
    client.close()


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"MetricDataQueries": [metric_query(), metric_query()]}, "ValidationError", "not unique"),
        ({"MetricDataQueries": [metric_query(Id="M1")]}, "ValidationError", "^[a-z]"),
        ({"MetricDataQueries": [metric_query(Expression="m1")]}, "ValidationError", "either"),
        ({"MetricDataQueries": [{"Id": "e1", "Expression": "SUM(m9)"}]}, "ValidationError", "no query has the id 'm9'"),
        ({"MetricDataQueries": expressions(e1="e2+1", e2="e1+1")}, "ValidationError", "circle"),
        ({"MetricDataQueries": expressions(e1="ANOMALY_DETECTION_BAND(m1)")}, "ValidationError", "not available"),
        ({"StartTime": START, "EndTime": START}, "InvalidParameterValue", "StartTime must be less"),
        ({"MaxDatapoints": 10**7}, "InvalidParameterValue", "MaxDatapoints"),
    ],
)  # fmt: skip
def test_queries_that_are_wrong(cloudwatch: Any, changes: dict[str, Any], code: str, told: str) -> None:
    request = {"MetricDataQueries": [metric_query()], "StartTime": START, "EndTime": START + HOUR, **changes}
    with pytest.raises(ClientError) as refused:
        cloudwatch.get_metric_data(**request)
    assert refused.value.response["Error"]["Code"] == code
    assert told in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"Period": 61}, "InvalidParameterValue", "multiple of 60"),
        ({"Period": 60, "EndTime": START + 1441 * 60}, "InvalidParameterCombination", "1,440"),
        ({"Statistics": []}, "MissingParameter", "Statistics"),
        ({"ExtendedStatistics": ["tm99"]}, "InvalidParameterValue", "percentiles"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
        ({"Statistics": ["Median"]}, "InvalidParameterValue", "Median"),
    ],
)
def test_statistics_that_are_wrong(emulated: Emulated, changes: dict[str, Any], code: str, told: str) -> None:
    fields = {
        "Namespace": "AWS/Rekognition", "MetricName": "ThrottledCount", "StartTime": START, "EndTime": START + HOUR,
        "Period": 60, "Statistics": ["Sum"], **changes,
    }  # fmt: skip
    answer = post_json(emulated, "GetMetricStatistics", fields)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-query-error"] == f"{code};Sender"
    assert told in answer.json()["message"]


def record_latencies(emulated: Emulated) -> None:
    """1 to 1000 ms, spread over two minutes, and a third minute of nothing but 70 ms."""
    for milliseconds in range(1, 1001):
        record = RequestRecord("DetectCustomLabels", "OK", 200, milliseconds / 1000, ACCOUNT, REGION, MODEL)
        emulated.measurements.record(record, START + 60 * (milliseconds % 2))
    for _ in range(5):
        record = RequestRecord("DetectCustomLabels", "OK", 200, 0.07, ACCOUNT, REGION, MODEL)
        emulated.measurements.record(record, START + 120)
    emulated.now = START + 300


PERCENTILES = {"p0": 1, "p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "p100": 1000}


def test_percentiles_of_latencies(emulated: Emulated, cloudwatch: Any) -> None:
    """To within 1 %, by both operations, and over a restart too."""
    record_latencies(emulated)
    kept = json.loads(json.dumps(emulated.store.document()))
    emulated.store.clear()
    emulated.store.restore(kept)
    asked = {"Namespace": "AWS/Rekognition", "MetricName": "ResponseTime", "Dimensions": DIMENSIONS}
    request = {"StartTime": START, "EndTime": START + 120, "Period": 120, "ExtendedStatistics": list(PERCENTILES)}
    [point] = cloudwatch.get_metric_statistics(**asked, **request)["Datapoints"]
    assert point["ExtendedStatistics"] == pytest.approx(PERCENTILES, rel=0.011)
    queries = [
        {"Id": f"m{n}", "MetricStat": {"Metric": asked, "Period": 60, "Stat": name}}
        for n, name in enumerate(("p50", "p99"))
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=START + 120, EndTime=START + 180)
    assert [one["Values"] for one in answer["MetricDataResults"]] == [[70.0], [70.0]], "equal samples are exact"


def test_percentiles_in_the_query_protocol(emulated: Emulated) -> None:
    record_latencies(emulated)
    fields = {
        "Action": "GetMetricStatistics", "Version": "2010-08-01", "Namespace": "AWS/Rekognition",
        "MetricName": "ResponseTime", "StartTime": str(START + 120), "EndTime": str(START + 180), "Period": "60",
        "ExtendedStatistics.member.1": "p99", "Dimensions.member.1.Name": "Operation",
        "Dimensions.member.1.Value": "DetectCustomLabels",
    }  # fmt: skip
    answer = httpx.post(emulated.endpoint, data=fields, headers={"authorization": AUTHORIZATION})
    entry = ElementTree.fromstring(answer.text).find(".//{*}ExtendedStatistics/{*}entry")
    assert entry is not None and (entry.findtext("{*}key"), entry.findtext("{*}value")) == ("p99", "70.0")


def test_names_are_read_in_any_case(emulated: Emulated, cloudwatch: Any) -> None:
    """The guide prints `DATAPoint_COUNT` and several spellings of metrics."""
    run_for_hours(emulated, (1, 3))
    metric = {"Namespace": "AWS/Rekognition", "MetricName": "inserviceINFERENCEunits", "Dimensions": DIMENSIONS}
    queries = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": HOUR, "Stat": "Average"}, "ReturnData": False},
        {"Id": "e1", "Expression": "DATAPoint_COUNT(m1)*m1/m1"},
        {"Id": "e2", "Expression": "sum(fill(m1, repeat))*m1"},
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=START, EndTime=START + 3 * HOUR)
    assert [set(one["Values"]) for one in answer["MetricDataResults"]] == [{3.0}, {3.0}]
    assert len(cloudwatch.list_metrics(MetricName="inserviceinferenceunits")["Metrics"]) == 1


def test_metrics_are_not_taken_and_the_answer_says_so(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as refused:
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "x", "Value": 1}])
    assert refused.value.response["Error"]["Code"] == "InvalidAction"
    assert "PutMetricData is not available" in refused.value.response["Error"]["Message"]


def post_json(emulated: Emulated, operation: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
    sent = {
        "authorization": AUTHORIZATION,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"GraniteServiceVersion20100801.{operation}",
        **headers,
    }
    return httpx.post(emulated.endpoint, content=json.dumps(fields), headers=sent)


def test_json_protocol(emulated: Emulated) -> None:
    run_for_hours(emulated, (1, 1))
    fields = {"MetricDataQueries": [metric_query()], "StartTime": START, "EndTime": START + HOUR}
    answer = post_json(emulated, "GetMetricData", fields)
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.json()["MetricDataResults"][0]["Timestamps"] == [START]


def test_numbers_may_come_as_floats(emulated: Emulated) -> None:
    run_for_hours(emulated, (1, 1))
    query = metric_query()
    query["MetricStat"]["Period"] = 3600.0
    fields = {"MetricDataQueries": [query], "StartTime": START + 0.5, "EndTime": START + HOUR, "MaxDatapoints": 10.0}
    assert post_json(emulated, "GetMetricData", fields).json()["MetricDataResults"][0]["Values"] == [1.0]
    query["MetricStat"]["Period"] = 3600.5
    assert post_json(emulated, "GetMetricData", fields).status_code == 400


def test_query_protocol(emulated: Emulated) -> None:
    run_for_hours(emulated, (1, 2))
    form = {
        "Action": "GetMetricStatistics",
        "Version": "2010-08-01",
        "Namespace": "AWS/Rekognition",
        "MetricName": "InServiceInferenceUnits",
        "Dimensions.member.1.Name": "VersionName",
        "Dimensions.member.1.Value": "one",
        "Dimensions.member.2.Name": "ProjectName",
        "Dimensions.member.2.Value": "rooms",
        "StartTime": "2023-11-14T23:00:00Z",
        "EndTime": "2023-11-15T02:00:00+00:00",
        "Period": "3600",
        "Statistics.member.1": "Average",
        "Statistics.member.2": "SampleCount",
    }
    answer = httpx.post(emulated.endpoint, data=form, headers={"authorization": AUTHORIZATION})
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/xml"
    space = {"c": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
    points = ElementTree.fromstring(answer.text).findall(".//c:Datapoints/c:member", space)
    assert [point.findtext("c:Timestamp", "", space) for point in points] == [
        "2023-11-14T23:00:00Z",
        "2023-11-15T00:00:00Z",
    ]
    assert [point.findtext("c:SampleCount", "", space) for point in points] == ["60.0"] * 2
    refused = httpx.post(emulated.endpoint, data={"Action": "PutDashboard"}, headers={"authorization": AUTHORIZATION})
    assert refused.status_code == 400
    assert ElementTree.fromstring(refused.text).findtext("c:Error/c:Code", "", space) == "InvalidAction"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"smithy-protocol": "rpc-v2-cbor"}, b"\xff\xff"),
        ({"smithy-protocol": "rpc-v2-cbor"}, b"\x9f" * 5000),
        ({"x-amz-target": "x.GetMetricData"}, b"{"),
        ({"x-amz-target": "x.GetMetricData"}, b"[" * 100_000),
        ({"x-amz-target": "x.GetMetricData", "content-encoding": "gzip"}, b"plain"),
        ({"x-amz-target": "x.GetMetricData", "content-encoding": "gzip"}, gzip.compress(b" " * 3_000_000)),
        ({"x-amz-target": "x.GetMetricData"}, b"[]"),
        ({"x-amz-target": "x.GetMetricData"}, b'{"StartTime": {}, "EndTime": 5}'),
        ({"x-amz-target": "x.GetMetricData"}, b'{"StartTime": 1e300, "EndTime": 5}'),
        ({"x-amz-target": "x.GetMetricData"}, b'{"StartTime": 1, "EndTime": 5, "MetricDataQueries": [5]}'),
        ({"x-amz-target": "x.ListMetrics"}, b'{"Dimensions": "x"}'),
        ({}, b"Action=ListMetrics&Dimensions=1&Dimensions.member.1=2"),
        ({}, b"Action=ListMetrics&" + b".a" * 3000 + b"=2"),
    ],
)
def test_bodies_that_make_no_sense_are_refused(emulated: Emulated, headers: dict[str, str], body: bytes) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricData" if "smithy-protocol" in headers else "/"
    answer = httpx.post(emulated.endpoint + path, content=body, headers={"authorization": AUTHORIZATION, **headers})
    assert answer.status_code == 400
    assert answer.headers["x-amzn-requestid"]
