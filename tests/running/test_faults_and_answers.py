"""Ordered faults and forced answers, seen through boto3 with its retries (O-11, O-12)."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from support.pictures import draw_picture
from support.projects import error_code, error_of
from support.running import RunningLab
from support.server import EmulatorProcess


def retrying_client(lab: RunningLab, mode: str, attempts: int = 5) -> Any:
    return boto3.client(
        "rekognition",
        endpoint_url=lab.emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=lab.account,
        aws_secret_access_key="x",
        config=Config(retries={"mode": mode, "total_max_attempts": attempts}),
    )


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_boto3_retries_throttling_until_the_fault_is_used_up(lab: RunningLab, mode: str) -> None:
    lab.control("POST", "faults", {"operation": "DescribeProjects", "error": "ThrottlingException", "count": 2})
    client = retrying_client(lab, mode)
    answer = client.describe_projects()
    client.close()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert lab.control("GET", "faults") == {"faults": []}


def test_quota_errors_are_retried_in_standard_mode_only(lab: RunningLab) -> None:
    for mode, retried in (("legacy", 0), ("standard", 2)):
        lab.control("POST", "faults", {"operation": "CreateProject", "error": "LimitExceededException"})
        client = retrying_client(lab, mode, attempts=3)
        error = error_of(client.create_project, ProjectName="x")
        assert error["Code"] == "LimitExceededException"
        seen = client.exceptions.LimitExceededException
        with pytest.raises(seen) as caught:
            client.create_project(ProjectName="x")
        assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == retried
        client.close()
        lab.control("DELETE", "faults")


def test_faults_by_account_and_region(lab: RunningLab) -> None:
    fault = {"operation": "*", "error": "InternalServerError", "account": lab.account, "region": "eu-west-1"}
    lab.control("POST", "faults", fault)
    lab.rekognition.describe_projects()
    elsewhere = lab.emulator.client("rekognition", lab.account, "eu-west-1")
    error = error_of(elsewhere.describe_projects)
    assert error["Code"] == "InternalServerError" and error["HTTPStatusCode"] == 500
    lab.emulator.client("rekognition", "222233334444", "eu-west-1").describe_projects()


def test_latency_alone_and_with_an_error(lab: RunningLab) -> None:
    lab.control("POST", "faults", [{"operation": "DescribeProjects", "latency_ms": 300, "count": 1}])
    began = time.monotonic()
    lab.rekognition.describe_projects()
    assert time.monotonic() - began >= 0.3
    lab.control("POST", "faults", {"error": "ThrottlingException", "latency_ms": 200, "count": 1})
    began = time.monotonic()
    assert error_code(lab.rekognition.describe_projects) == "ThrottlingException"
    assert time.monotonic() - began >= 0.2


def test_delayed_calls_are_answered_when_the_emulator_ends(lab: RunningLab) -> None:
    """O-3: answers in flight finish, well before the ten seconds are over."""
    lab.control("POST", "faults", {"operation": "DescribeProjects", "latency_ms": 600_000})
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(lab.rekognition.describe_projects)
        lab.emulator.wait_for_requests(1)
        assert lab.emulator.terminate() == 0
        assert len(call.result(60)["ProjectDescriptions"]) >= 1, "a call that is cut off has no answer"
    lab.emulator.restart()
    lab.reconnect()


def test_probability_repeats(lab: RunningLab) -> None:
    outcomes = []
    for _ in range(2):
        lab.control("DELETE", "faults")
        lab.control(
            "POST", "faults", {"operation": "DescribeProjects", "error": "ThrottlingException", "probability": 0.5}
        )
        codes = []
        for _ in range(20):
            codes.append(_code(lab))
        outcomes.append(codes)
    assert outcomes[0] == outcomes[1] and len(set(outcomes[0])) == 2


def _code(lab: RunningLab) -> str:
    try:
        lab.rekognition.describe_projects()
    except lab.rekognition.exceptions.ThrottlingException:
        return "throttled"
    return "served"


def test_faults_that_are_wrong_and_taking_them_back(lab: RunningLab) -> None:
    for body, told in (
        ({"operation": "DetectCustomLabels", "error": "NoSuchError"}, "faults[0].error"),
        ({"operation": "Nothing", "error": "ThrottlingException"}, "faults[0].operation"),
        ({"error": "ThrottlingException", "propability": 1}, "faults[0].propability"),
    ):
        status, answer = lab.emulator.control("POST", "/_emulator/faults", body)
        assert status == 400 and told in answer["error"]["message"] and answer["error"]["code"] == "InvalidFault"
    two = [{"error": "ThrottlingException"}, {"error": "ValidationException", "operation": "TagResource"}]
    first, _ = lab.control("POST", "faults", two)["faults"]
    assert len(lab.control("DELETE", f"faults/{first['id']}")["faults"]) == 1
    assert lab.emulator.control("DELETE", f"/_emulator/faults/{first['id']}")[0] == 404
    tag = {"ResourceArn": lab.trained.version_arns["first"], "Tags": {"a": "b"}}
    assert error_code(lab.rekognition.tag_resource, **tag) == "ValidationException"


def test_what_is_listed_can_be_posted_again(lab: RunningLab) -> None:
    for name, document in (
        ("faults", {"operation": "TagResource", "error": "ExpiredTokenException", "count": 2, "region": "eu-west-1"}),
        ("answers", {"s3_key": "a/*", "labels": [{"Name": "x", "Confidence": 1.5}]}),
    ):
        lab.control("POST", name, document)
        listed = lab.control("GET", name)
        lab.control("DELETE", name)
        assert lab.control("POST", name, listed) == listed
        lab.control("DELETE", name)


def test_protocol_faults_have_the_protocol_s_words(lab: RunningLab) -> None:
    """api-facts §1.6."""
    lab.control("POST", "faults", {"error": "ExpiredTokenException", "count": 1})
    assert error_of(lab.rekognition.describe_projects)["Message"] == (
        "The security token included in the request is expired"
    )


def test_answers_by_key_by_content_and_in_order(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn, minimum=3)
    other = draw_picture(["square"], 99).body
    bucket = lab.trained.bucket
    for key, body in (("inbox/a.jpg", lab.image), ("other/b.jpg", other)):
        lab.trained.s3.put_object(Bucket=bucket, Key=key, Body=body)
    box = {"BoundingBox": {"Width": 0.5, "Height": 0.25, "Left": 0.125, "Top": 0.75}}
    lab.control(
        "POST",
        "answers",
        [
            {"s3_key": "inbox/*", "labels": [{"Name": "by key", "Confidence": 12.5}]},
            {
                "project_version": "*/version/*",
                "sha256": hashlib.sha256(other).hexdigest(),
                "labels": [
                    {"Name": "low", "Confidence": 20},
                    {"Name": "high", "Confidence": 99.5, "Geometry": box},
                ],
            },
        ],
    )
    inbox, outbox = ({"S3Object": {"Bucket": bucket, "Name": key}} for key in ("inbox/a.jpg", "other/b.jpg"))
    assert lab.detect(arn, Image=inbox) == [{"Name": "by key", "Confidence": 12.5}]
    high = {"Name": "high", "Confidence": 99.5, "Geometry": box}
    assert lab.detect(arn, Image=outbox) == [high, {"Name": "low", "Confidence": 20}]
    assert lab.detect(arn, Image={"Bytes": other}, MinConfidence=50) == [high]
    assert lab.detect(arn, Image={"Bytes": other}, MaxResults=1, MinConfidence=0) == [high]
    real = lab.detect(arn, MinConfidence=0)
    assert {label["Name"] for label in real} == {"circle", "square"}, "other images are really analysed"
    missing = {"S3Object": {"Bucket": bucket, "Name": "inbox/missing.jpg"}}
    request = {"ProjectVersionArn": arn, "Image": missing}
    assert error_code(lab.rekognition.detect_custom_labels, **request) == "InvalidS3ObjectException"
    lab.stop(arn)


def test_answers_that_are_wrong(lab: RunningLab) -> None:
    status, answer = lab.emulator.control("POST", "/_emulator/answers", {"labels": [{"Name": "x", "Confidence": 101}]})
    assert status == 400 and "answers[0].labels[0].Confidence" in answer["error"]["message"]
    assert lab.control("GET", "answers") == {"answers": []}


@pytest.mark.parametrize(("method", "path"), [("POST", "reset"), ("DELETE", "faults")])
def test_taking_faults_back_ends_their_delays(fresh_emulator: EmulatorProcess, method: str, path: str) -> None:
    """O-8, O-11: a call that sleeps in a delay goes on at once."""
    fresh_emulator.control("POST", "/_emulator/faults", {"operation": "*", "latency_ms": 600_000})
    client = fresh_emulator.client("rekognition")
    with ThreadPoolExecutor(1) as threads:
        delayed = threads.submit(client.describe_projects)
        fresh_emulator.wait_for_requests(1)
        assert not delayed.done()
        assert fresh_emulator.control(method, f"/_emulator/{path}")[0] == 200
        assert delayed.result(60)["ProjectDescriptions"] == []
