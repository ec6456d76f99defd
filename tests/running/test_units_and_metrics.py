"""Inference units, scaling, outages, and what CloudWatch, Prometheus and the usage report tell of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.projects import error_code, error_of
from support.running import RunningLab
from support.server import wait_until

THROTTLED = "ProvisionedThroughputExceededException"
HOUR = 3600


def dimensions(arn: str) -> list[dict[str, str]]:
    _, project, _, version, _ = arn.split("/")
    return [{"Name": "ProjectName", "Value": project}, {"Name": "VersionName", "Value": version}]


def metric(arn: str, name: str, period: int, statistic: str = "Average", **more: Any) -> dict[str, Any]:
    named = {"Namespace": "AWS/Rekognition", "MetricName": name, "Dimensions": dimensions(arn)}
    return {"Id": "m1", "MetricStat": {"Metric": named, "Period": period, "Stat": statistic}, **more}


def series(lab: RunningLab, queries: list[dict[str, Any]], start: float, end: float) -> list[dict[str, Any]]:
    cloudwatch = lab.emulator.client("cloudwatch", lab.account)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
        ScanBy="TimestampAscending",
    )
    results: list[dict[str, Any]] = answer["MetricDataResults"]
    return results


def test_one_unit_serves_five_a_second_under_a_manual_clock(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    assert [lab.detect_code(arn) for _ in range(7)] == ["OK"] * 5 + [THROTTLED] * 2
    error = error_of(lab.detect, arn=arn)
    assert error["Message"] == "Provisioned Rate exceeded." and error["HTTPStatusCode"] == 400
    lab.advance(0.4)
    assert [lab.detect_code(arn) for _ in range(3)] == ["OK", "OK", THROTTLED]
    lab.stop(arn)
    assert lab.detect_code(arn) == "ResourceNotReadyException"


def test_throttling_comes_before_any_image_work(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    broken = {"Image": {"Bytes": b"no image"}, "ProjectVersionArn": arn}
    codes = [error_code(lab.rekognition.detect_custom_labels, **broken) for _ in range(6)]
    assert codes == ["InvalidImageFormatException"] * 5 + [THROTTLED]
    lab.stop(arn)


def test_throttling_then_scaling_then_none_and_cloudwatch_tells_the_same(lab: RunningLab) -> None:
    start = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=1, maximum=2)
    codes: list[list[str]] = []
    for _ in range(20):
        codes.append([lab.detect_code(arn) for _ in range(6)])
        lab.advance(1)
    assert all(THROTTLED in second for second in codes[:10])
    assert all(second == ["OK"] * 6 for second in codes[16:])
    now = lab.advance(40)
    both = [metric(arn, "DesiredInferenceUnits", 60), metric(arn, "InServiceInferenceUnits", 60, Id="m2")]
    desired, in_service = series(lab, both, start, now)
    assert desired["Values"][0] > in_service["Values"][0] > 1.0, "both grew within the first minute, desired first"
    throttled, served = (
        sum(series(lab, [metric(arn, name, 60, statistic="Sum")], start, now)[0]["Values"])
        for name in ("ThrottledCount", "SuccessfulRequestCount")
    )
    flat = [code for second in codes for code in second]
    assert (served, throttled) == (flat.count("OK"), flat.count(THROTTLED))
    later = lab.advance(300)
    assert series(lab, [metric(arn, "InServiceInferenceUnits", 60)], later - 60, later)[0]["Values"] == [1.0]
    lab.stop(arn)


def test_the_guide_s_graph_of_hours_and_units_after_eight_hours_in_a_moment(lab: RunningLab) -> None:
    start = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=2)
    lab.advance(8 * HOUR)
    lab.stop(arn)
    now = lab.advance(HOUR)
    queries = [
        metric(arn, "InServiceInferenceUnits", HOUR, ReturnData=False),
        {"Id": "e1", "Expression": "SUM(m1)*m1", "Label": "Inference units used"},
        {"Id": "e2", "Expression": "DATAPOINT_COUNT(m1)*m1/m1", "Label": "Hours running"},
    ]
    used, running = series(lab, queries, start, now)
    assert running["Values"] == [8.0] * 8 and used["Values"] == [32.0] * 8
    usage = {row["project_version"]: row for row in lab.control("GET", "usage")["versions"]}[arn]
    assert usage["running_seconds"] == pytest.approx(8 * HOUR, abs=2)
    assert usage["unit_seconds"] == pytest.approx(16 * HOUR, abs=4)
    assert usage["cost_usd"]["running"] == pytest.approx(64.0, abs=0.01)


def test_an_outage_takes_units_and_gives_them_back(lab: RunningLab) -> None:
    start = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=2)
    taken = lab.control("POST", "outage", {"project_version": arn, "units": 1, "seconds": 120})
    assert (taken["desired"], taken["in_service"]) == (2, 1)
    assert [lab.detect_code(arn) for _ in range(6)] == ["OK"] * 5 + [THROTTLED]
    now = lab.advance(120)
    assert [lab.detect_code(arn) for _ in range(11)] == ["OK"] * 10 + [THROTTLED]
    (in_service,) = series(lab, [metric(arn, "InServiceInferenceUnits", 60)], start, now)
    assert in_service["Values"][1] == 1.0
    lab.stop(arn)
    for body, status in (
        ({"project_version": arn, "units": 1, "seconds": 5}, 409),
        ({"project_version": arn, "units": 0, "seconds": 5}, 400),
        ({"project_version": arn, "units": 1}, 400),
        ({"units": 1, "seconds": 5}, 400),
        (["no object"], 400),
    ):
        found, answer = lab.emulator.control("POST", "/_emulator/outage", body)
        assert found == status and answer["error"]["message"]


def running_cost(lab: RunningLab, arn: str) -> tuple[float, float]:
    """Running seconds and unit-seconds of a version, by the usage report."""
    [row] = [row for row in lab.control("GET", "usage")["versions"] if row["project_version"] == arn]
    return row["running_seconds"], row["unit_seconds"]


def test_a_running_model_goes_on_when_the_clock_is_turned_back(lab: RunningLab) -> None:
    """O-10: after hours by hand, or at a moment of the past, it is not starved, and what it ran counts."""
    began = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=1, maximum=2)
    lab.advance(8 * HOUR)
    past = began - 24 * HOUR
    lab.control("PUT", "clock", {"mode": "manual", "now": past})
    codes = []
    for _ in range(18):
        codes.append([lab.detect_code(arn) for _ in range(7)])
        lab.advance(1)
    assert THROTTLED in codes[0] and codes[-1] == ["OK"] * 7
    query = metric(arn, "InServiceInferenceUnits", 60, "Maximum")
    [result] = series(lab, [query], past, past + 60)
    assert result["Values"] == [2.0]
    seconds, unit_seconds = running_cost(lab, arn)
    assert seconds == pytest.approx(8 * HOUR + 18, abs=0.1) and unit_seconds == pytest.approx(seconds + 3, abs=0.1)
    lab.control("PUT", "clock", {"mode": "manual", "now": began + 8 * HOUR})
    lab.control("PUT", "clock", {"mode": "real"})
    lab.rekognition.stop_project_version(ProjectVersionArn=arn)
    seconds, _ = running_cost(lab, arn)
    assert seconds == pytest.approx(8 * HOUR + 18, abs=10), (
        "what was leapt over did not pass, a stop takes nothing away"
    )


def in_service(lab: RunningLab, arn: str, start: float, end: float) -> list[float]:
    """The hourly averages of InServiceInferenceUnits."""
    [result] = series(lab, [metric(arn, "InServiceInferenceUnits", HOUR)], start, end)
    return list(result["Values"])


def test_a_look_at_another_time_costs_nothing(lab: RunningLab) -> None:
    """O-10, O-13: usage and metrics follow the clock that ruled while the model ran, tomorrow and in 2001 too."""
    arn = lab.new_version()
    lab.start(arn)
    began, tomorrow, long_ago = lab.clock()["now"], lab.manual_time() + 24 * HOUR, 1_000_000_800.0
    for moment in (tomorrow, long_ago):
        lab.control("PUT", "clock", {"mode": "manual", "now": moment})
        assert running_cost(lab, arn)[0] < 60
        lab.control("PUT", "clock", {"mode": "real"})
        assert running_cost(lab, arn)[0] < 60
    last_month = tomorrow - 30 * 24 * HOUR
    lab.control("PUT", "clock", {"mode": "manual", "now": last_month})
    lab.advance(2 * HOUR)
    lab.control("PUT", "clock", {"mode": "real"})
    assert running_cost(lab, arn)[0] == pytest.approx(2 * HOUR, abs=60), "what was advanced did pass"
    assert in_service(lab, arn, last_month, last_month + 5 * HOUR) == [1.0] * 2
    assert in_service(lab, arn, last_month + 5 * HOUR, began - HOUR) == []
    assert in_service(lab, arn, began + 2 * HOUR, tomorrow - HOUR) == []
    lab.stop(arn)
    assert running_cost(lab, arn)[0] == pytest.approx(2 * HOUR, abs=60)


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_clock_of_the_past_does_not_reach_over_a_restart(lab: RunningLab, end: str) -> None:
    """O-13, O-19: time is real again, and the years between did not pass."""
    arn = lab.new_version()
    last_month = lab.manual_time() - 30 * 24 * HOUR
    lab.control("PUT", "clock", {"mode": "manual", "now": last_month})
    lab.start(arn)
    lab.advance(HOUR)
    getattr(lab.emulator, end)()
    lab.emulator.restart()
    lab.reconnect()
    assert running_cost(lab, arn)[0] == pytest.approx(HOUR, abs=60)
    assert in_service(lab, arn, last_month + 3 * HOUR, last_month + 24 * 25 * HOUR) == []
    lab.stop(arn)
    assert running_cost(lab, arn)[0] == pytest.approx(HOUR, abs=60)


def test_detections_go_on_in_real_time_after_hours_by_hand(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    lab.advance(8 * HOUR)
    assert [lab.detect_code(arn) for _ in range(6)] == ["OK"] * 5 + [THROTTLED]
    lab.control("PUT", "clock", {"mode": "real"})
    wait_until(lambda: lab.detect_code(arn) == "OK", what="a detection that is served")
    lab.stop(arn)


def test_units_of_a_restart_cost_what_they_are(lab: RunningLab) -> None:
    """O-13, O-19: a restart begins with the minimum, wherever a clock moved by hand had been before."""
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=1, maximum=2)
    for _ in range(18):
        for _ in range(7):
            lab.detect_code(arn)
        lab.advance(1)
    lab.emulator.terminate()
    lab.emulator.restart()
    lab.reconnect()
    lab.control("PUT", "clock", {"mode": "manual", "now": lab.clock()["now"]})
    before, units_before = running_cost(lab, arn)
    lab.advance(1000)
    seconds, unit_seconds = running_cost(lab, arn)
    assert seconds - before == pytest.approx(1000, abs=0.1) and unit_seconds - units_before == pytest.approx(
        1000, abs=1
    )
    lab.stop(arn)


def test_list_metrics_and_statistics(lab: RunningLab) -> None:
    start = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    lab.detect(arn)
    cloudwatch = lab.emulator.client("cloudwatch", lab.account)
    listed = cloudwatch.list_metrics(Namespace="AWS/Rekognition", Dimensions=dimensions(arn))["Metrics"]
    assert {one["MetricName"] for one in listed} == {
        "DesiredInferenceUnits", "InServiceInferenceUnits", "MinInferenceUnits", "MaxInferenceUnits",
        "SuccessfulRequestCount", "ResponseTime",
    }  # fmt: skip
    now = lab.advance(120)
    [point] = cloudwatch.get_metric_statistics(
        Namespace="AWS/Rekognition", MetricName="ResponseTime", Dimensions=dimensions(arn),
        StartTime=start, EndTime=now, Period=HOUR, Statistics=["Average", "SampleCount"],
    )["Datapoints"]  # fmt: skip
    assert point["SampleCount"] == 1 and 0 < point["Average"] < 5000
    stranger = lab.emulator.client("cloudwatch", "999999999999")
    assert stranger.list_metrics()["Metrics"] == []
    lab.stop(arn)


def test_prometheus_text(lab: RunningLab) -> None:
    arn = lab.new_version()
    lab.start(arn, minimum=1, maximum=3)
    lab.detect(arn)
    with urllib.request.urlopen(f"{lab.emulator.endpoint}/_emulator/metrics") as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = {(sample.name, tuple(sample.labels.values())): sample.value for one in families for sample in one.samples}
    assert samples["custom_labels_requests_total", ("DetectCustomLabels", "OK")] >= 1
    assert samples["custom_labels_request_seconds_count", ("DetectCustomLabels",)] >= 1
    _, project, _, version, _ = arn.split("/")
    named = (lab.account, "us-east-1", project, version)
    assert samples["custom_labels_inference_units_maximum", named] == 3
    assert samples["custom_labels_running_models", ()] == 1
    assert samples["custom_labels_queue_length", ("train",)] == 0, "an empty queue has a length, not a gap"
    lab.stop(arn)


def test_usage_lists_trainings_and_deleted_versions_keep_their_cost(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    running = {row["project_version"]: row for row in lab.control("GET", "usage")["versions"]}[arn]
    assert running["status"] == "RUNNING" and running["inference_units"] == {"desired": 1, "in_service": 1}
    lab.advance(HOUR)
    lab.stop(arn)
    lab.rekognition.delete_project_version(ProjectVersionArn=arn)
    lab.advance(1)
    report = lab.control("GET", "usage")
    rows = {row["project_version"]: row for row in report["versions"]}
    assert rows[arn]["status"] == "DELETED" and rows[arn]["cost_usd"]["running"] == pytest.approx(4.0, abs=0.01)
    assert rows[lab.trained.version_arns["first"]]["training_seconds"] > 0
    assert report["prices_usd"] == {"unit_hour": 4.0, "training_hour": 1.0}


def test_units_and_metrics_survive_a_kill(lab: RunningLab) -> None:
    arn = lab.new_version()
    lab.start(arn)
    before = lab.clock()["now"]
    lab.emulator.kill()
    lab.emulator.restart()
    lab.reconnect()
    try:
        assert lab.status(arn) == "RUNNING"
        (in_service,) = series(lab, [metric(arn, "InServiceInferenceUnits", 60)], before - 120, before + 60)
        assert in_service["Values"][0] == 1.0
        lab.manual_time()
        codes = [lab.detect_code(arn) for _ in range(7)]
        assert codes == ["OK"] * 5 + [THROTTLED] * 2, "units hold after the restart"
    finally:
        lab.stop(arn)


def test_the_aws_cli_reads_the_metrics(lab: RunningLab, tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("aws")
    command = str(beside) if beside.exists() else shutil.which("aws")
    if command is None:
        pytest.skip("the AWS CLI is not installed")
    start = lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=2)
    now = lab.advance(2 * HOUR)
    lab.stop(arn)
    named = [f"Name={one['Name']},Value={one['Value']}" for one in dimensions(arn)]
    environment = lab.emulator.client_environment(tmp_path, lab.account)

    def aws(*arguments: str) -> Any:
        words = [command, "cloudwatch", *arguments, "--output", "json"]
        answer = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=180, check=True)
        return json.loads(answer.stdout)

    span = ["--start-time", f"{start:.0f}", "--end-time", f"{now + HOUR:.0f}"]
    one_metric = ["--namespace", "AWS/Rekognition", "--metric-name", "InServiceInferenceUnits", "--dimensions", *named]
    found = aws("get-metric-statistics", *one_metric, *span, "--period", "3600", "--statistics", "Average")
    assert [point["Average"] for point in found["Datapoints"]] == [2.0, 2.0]
    queries = [metric(arn, "InServiceInferenceUnits", HOUR), {"Id": "e1", "Expression": "DATAPOINT_COUNT(m1)*m1/m1"}]
    found = aws("get-metric-data", "--metric-data-queries", json.dumps(queries), *span)
    assert found["MetricDataResults"][1]["Values"] == [2.0, 2.0]
    assert len(aws("list-metrics", *one_metric)["Metrics"]) == 1
