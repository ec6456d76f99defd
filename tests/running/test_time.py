"""Time under the tester's hand: policies, the manual clock, waiters that do not waste time (O-9, O-10, O-17, O-18)."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from PIL import Image

from support.pictures import single_label_pictures
from support.projects import Project, copy_of
from support.raw_http import signed_headers
from support.running import LABELS, RunningLab
from support.server import EmulatorProcess, wait_until

HOUR = 3600


def test_running_on_the_third_describe(lab: RunningLab) -> None:
    lab.control("PUT", "transitions", {"starting": {"type": "describes", "count": 3}})
    arn = lab.new_version()
    lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert [lab.status(arn) for _ in range(3)] == ["STARTING", "STARTING", "RUNNING"]
    lab.stop(arn)


def test_a_model_is_held_in_starting_until_time_is_moved(lab: RunningLab) -> None:
    lab.manual_time()
    lab.control("PUT", "transitions", {"starting": {"type": "seconds", "seconds": 600}})
    arn = lab.new_version()
    lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert lab.status(arn) == "STARTING"
    lab.advance(599)
    assert lab.status(arn) == "STARTING"
    lab.advance(1)
    assert lab.status(arn) == "RUNNING", "what is due shows as soon as the call that moved time is answered"
    lab.stop(arn)


def test_every_transition_obeys_seconds_of_manual_time(lab: RunningLab) -> None:
    lab.manual_time()
    hundred = {"type": "seconds", "seconds": 100}
    lab.control("PUT", "transitions", dict.fromkeys(("starting", "stopping", "deleting"), hundred))
    arn = lab.new_version()
    seen = []
    steps: tuple[Callable[[], Any], ...] = (
        lambda: lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1),
        lambda: lab.rekognition.stop_project_version(ProjectVersionArn=arn),
    )
    for step in steps:
        step()
        for seconds in (99, 1):
            seen.append(lab.status(arn))
            lab.advance(seconds)
    seen.append(lab.status(arn))
    assert seen == ["STARTING", "STARTING", "STOPPING", "STOPPING", "STOPPED"]
    lab.rekognition.delete_project_version(ProjectVersionArn=arn)
    lab.advance(99)
    assert lab.status(arn) == "DELETING"
    lab.advance(1)
    found = lab.rekognition.describe_project_versions(ProjectArn=lab.trained.arn, VersionNames=[arn.split("/")[3]])
    assert found["ProjectVersionDescriptions"] == []


def test_a_running_model_ages_by_eight_hours_in_a_moment(lab: RunningLab) -> None:
    lab.manual_time()
    arn = lab.new_version()
    lab.start(arn)
    lab.advance(8 * HOUR)
    rows = {row["project_version"]: row for row in lab.control("GET", "usage")["versions"]}
    assert rows[arn]["running_seconds"] == pytest.approx(8 * HOUR, abs=2)
    lab.stop(arn)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "clock/advance", {"seconds": 5}, 409),
        ("PUT", "clock", {"mode": "sideways"}, 400),
        ("PUT", "clock", [], 400),
        ("PUT", "clock", {"mode": "manual", "nwo": 5}, 400),
        ("POST", "clock/advance", {"seconds": 1, "minutes": 1}, 400),
        ("PUT", "transitions", {"starting": {"type": "seconds"}}, 400),
        ("PUT", "transitions", {"flying": {"type": "real"}}, 400),
        ("PUT", "transitions", {"half of a pair: \ud800": {"type": "real"}}, 400),
        ("POST", "faults", {"error": "ThrottlingException", "message": "\ud800"}, 400),
        ("POST", "answers", {"labels": [{"Name": "\ud800", "Confidence": 5}]}, 400),
    ],
)
def test_mistakes_are_told(lab: RunningLab, method: str, path: str, body: Any, status: int) -> None:
    found, answer = lab.emulator.control(method, f"/_emulator/{path}", body)
    assert found == status
    assert set(answer["error"]) == {"code", "message"}


def test_a_waiter_ends_with_the_transition_and_not_with_its_delay(lab: RunningLab) -> None:
    lab.control("PUT", "transitions", {"starting": {"type": "seconds", "seconds": 1.5}})
    arn = lab.new_version()
    client = boto3.client(
        "rekognition",
        endpoint_url=lab.emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=lab.account,
        aws_secret_access_key="x",
    )
    began = time.monotonic()
    client.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    client.get_waiter("project_version_running").wait(ProjectArn=lab.trained.arn, VersionNames=[arn.split("/")[3]])
    assert 1.4 < time.monotonic() - began < 25.0, "botocore's own delay is 30 s"
    client.close()
    lab.stop(arn)


def test_a_hundred_held_calls_cost_nothing_and_are_all_answered(lab: RunningLab) -> None:
    lab.manual_time()
    lab.control("PUT", "transitions", {"starting": {"type": "seconds", "seconds": 60}})
    arn = lab.new_version()
    lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    with ThreadPoolExecutor(100) as threads:
        held = [threads.submit(_held_describe, lab, arn) for _ in range(100)]
        lab.emulator.wait_for_requests(100)
        assert not any(call.done() for call in held)
        lab.rekognition.describe_projects()
        assert not any(call.done() for call in held), "other calls are served meanwhile"
        lab.advance(60)
        assert {call.result(60) for call in held} == {"RUNNING"}
    lab.stop(arn)


def _held_describe(lab: RunningLab, arn: str) -> str:
    import http.client
    import json

    host = lab.emulator.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=180)
    body = json.dumps({"ProjectArn": lab.trained.arn, "VersionNames": [arn.split("/")[3]]})
    headers = signed_headers("DescribeProjectVersions", lab.account) | {"User-Agent": "Boto3/1 m/b,B"}
    connection.request("POST", "/", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    status: str = answer["ProjectVersionDescriptions"][0]["Status"]
    return status


def test_held_calls_end_at_once_when_the_emulator_does(lab: RunningLab) -> None:
    lab.control("PUT", "transitions", {"starting": {"type": "seconds", "seconds": 600}})
    arn = lab.new_version()
    lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    with ThreadPoolExecutor(20) as threads:
        held = [threads.submit(_held_describe, lab, arn) for _ in range(20)]
        lab.emulator.wait_for_requests(20)
        assert lab.emulator.terminate() == 0
        assert {call.result(60) for call in held} == {"STARTING"}, "a call that is cut off has no answer"
    lab.emulator.restart()
    lab.reconnect()
    lab.manual_time()
    lab.advance(600)
    wait_until(lambda: lab.status(arn) == "RUNNING", what="the start that was resumed")
    lab.stop(arn)


def test_an_end_in_the_middle_of_a_crowd_takes_seconds_and_leaves_no_traceback(
    start_emulator: Callable[..., EmulatorProcess], account: str
) -> None:
    """O-3: SIGTERM is obeyed within 10 s, however many images wait; whom there is no time for is told so."""
    lab = RunningLab.create(start_emulator({"CUSTOM_LABELS_TRAINING_EFFORT": "fast"}), account)
    arn = lab.new_version()
    lab.start(arn)
    body = io.BytesIO()
    Image.effect_noise((500, 500), 80).resize((4000, 4000)).save(body, "JPEG", quality=60)
    place = {"Bucket": lab.trained.bucket, "Name": "large.jpg"}
    lab.trained.s3.put_object(Bucket=place["Bucket"], Key=place["Name"], Body=body.getvalue())
    config = Config(max_pool_connections=200, retries={"total_max_attempts": 1}, read_timeout=180)
    client = boto3.client(
        "rekognition",
        endpoint_url=lab.emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=lab.account,
        aws_secret_access_key="x",
        config=config,
    )

    def status() -> int:
        try:
            client.detect_custom_labels(ProjectVersionArn=arn, Image={"S3Object": place})
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        except (ConnectionClosedError, EndpointConnectionError):
            return 503  # it had not been read yet
        return 200

    with ThreadPoolExecutor(200) as threads:
        calls = [threads.submit(status) for _ in range(200)]
        wait_until(lambda: any(call.done() for call in calls), what="the first answer")
        assert lab.emulator.terminate() == 0
        assert {call.result(60) for call in calls} <= {200, 503}
    assert "Traceback" not in lab.emulator.log()
    client.close()


DESCRIBES_TWICE = {"type": "describes", "count": 2}


@pytest.mark.parametrize("policy", [DESCRIBES_TWICE, {"type": "immediate"}])
def test_every_transition_ends_at_the_describing_call_that_its_policy_says(
    lab: RunningLab, policy: dict[str, Any]
) -> None:
    names = ("training", "starting", "stopping", "copying", "deleting", "dataset")
    lab.control("PUT", "transitions", dict.fromkeys(names, policy))
    waits = policy is DESCRIBES_TWICE
    project = Project(lab.rekognition, lab.trained.s3).create()
    project.put_manifest(single_label_pictures(LABELS, 5), "train.manifest")
    dataset = project.start_dataset("TRAIN", "train.manifest")
    seen = [project.describe_dataset(dataset)["Status"] for _ in range(2 if waits else 1)]
    assert seen == (["CREATE_IN_PROGRESS"] if waits else []) + ["CREATE_COMPLETE"]

    def story(name: str) -> list[str]:
        return [project.describe_version(name)["Status"] for _ in range(2 if waits else 1)]

    arn = project.start_training("first")
    assert story("first") == (["TRAINING_IN_PROGRESS"] if waits else []) + ["TRAINING_COMPLETED"]
    lab.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert story("first") == (["STARTING"] if waits else []) + ["RUNNING"]
    lab.rekognition.stop_project_version(ProjectVersionArn=arn)
    assert story("first") == (["STOPPING"] if waits else []) + ["STOPPED"]
    lab.rekognition.copy_project_version(**copy_of(project, project, "copied"))
    assert story("copied") == (["COPYING_IN_PROGRESS"] if waits else []) + ["COPYING_COMPLETED"]
    lab.rekognition.delete_project_version(ProjectVersionArn=arn)
    if waits:
        assert project.describe_version("first")["Status"] == "DELETING"
    listed = lab.rekognition.describe_project_versions(ProjectArn=project.arn, VersionNames=["first"])
    assert listed["ProjectVersionDescriptions"] == []
