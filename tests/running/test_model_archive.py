"""One version as an archive, and an archive as one more version, anywhere: GET and POST /_emulator/models."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from support.archives import Change, added, flipped, listed, members, of_format, packed, replaced, without
from support.projects import unique_name
from support.running import RunningLab
from support.server import EmulatorProcess

OTHER = "444455556666"


def fetched(emulator: EmulatorProcess, arn: str) -> bytes:
    """The archive of a version."""
    query = urlencode({"project_version": arn})
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/models?{query}", timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/x-tar"
        body: bytes = answer.read()
    return body


def post(emulator: EmulatorProcess, archive: bytes, **parameters: str) -> tuple[int, Any]:
    """Status and JSON of an import."""
    address = f"{emulator.endpoint}/_emulator/models?{urlencode(parameters)}"
    request = urllib.request.Request(address, archive, {"Content-Type": "application/x-tar"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def archive(trained_lab: RunningLab) -> bytes:
    return fetched(trained_lab.emulator, trained_lab.trained.version_arns["first"])


@pytest.fixture
def place(lab: RunningLab) -> dict[str, str]:
    """An empty project and a bucket of the lab's account."""
    name = unique_name()
    project = lab.rekognition.create_project(ProjectName=name)["ProjectArn"]
    return {"project": project, "version_name": "taken-over", "bucket": lab.trained.bucket, "prefix": f"of-{name}"}


def test_a_version_moves_to_another_emulator_and_touches_nothing_else(
    lab: RunningLab, archive: bytes, start_emulator: Callable[..., EmulatorProcess]
) -> None:
    arn = lab.trained.version_arns["first"]
    lab.start(arn)
    expected = lab.detect(arn, MinConfidence=0)
    lab.stop(arn)
    before = lab.trained.describe_version("first")
    other = start_emulator()
    rekognition, s3 = other.client("rekognition", OTHER), other.client("s3", OTHER)
    s3.create_bucket(Bucket="there")
    s3.put_object(Bucket="there", Key="mine", Body=b"mine")
    project = rekognition.create_project(ProjectName="moved")["ProjectArn"]
    wanted = {"project": project, "version_name": "7", "bucket": "there", "prefix": "results"}
    status, answer = post(other, archive, **wanted)
    assert (status, answer["status"], answer["effort"]) == (200, "TRAINING_COMPLETED", "fast")
    moved = answer["project_version"]
    assert moved.startswith(project.rpartition("/")[0] + "/version/7/")
    assert f"{moved} was added from an archive of {arn}: effort fast" in other.log()
    other.kill()
    other.restart()
    rekognition, s3 = other.client("rekognition", OTHER), other.client("s3", OTHER)
    [described] = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert described["Status"] == "TRAINING_COMPLETED"
    assert described["EvaluationResult"]["F1Score"] == before["EvaluationResult"]["F1Score"]
    assert described["BillableTrainingTimeInSeconds"] == before["BillableTrainingTimeInSeconds"]
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket="there")["Contents"]}
    assert len(keys) == 7 and "results/EvaluationResultSummary-moved-7.json" in keys
    summary = described["EvaluationResult"]["Summary"]["S3Object"]
    ours = before["EvaluationResult"]["Summary"]["S3Object"]
    bodies = [
        one.get_object(Bucket=at["Bucket"], Key=at["Name"])["Body"].read()
        for one, at in ((s3, summary), (lab.trained.s3, ours))
    ]
    assert bodies[0] == bodies[1]
    rekognition.get_waiter("project_version_training_completed").wait(ProjectArn=project, VersionNames=["7"])
    rekognition.start_project_version(ProjectVersionArn=moved, MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(ProjectArn=project, VersionNames=["7"])
    found = rekognition.detect_custom_labels(ProjectVersionArn=moved, Image={"Bytes": lab.image}, MinConfidence=0)
    assert found["CustomLabels"] == expected
    assert members(fetched(other, moved)).keys() == members(archive).keys()


def record(**members_of_it: Any) -> Change:
    """`version.json` with other members."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        document = json.loads(files["version.json"]) | members_of_it
        return replaced("version.json", json.dumps(document).encode())(files)

    return change


def quality(**members_of_it: Any) -> Change:
    """`version.json` with another quality."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        stored = json.loads(files["version.json"])["quality"]
        return record(quality=stored | members_of_it)(files)

    return change


@pytest.mark.parametrize(
    "change",
    [
        without("manifest.json"),
        without("version.json"),
        without("model.onnx"),
        flipped("model.onnx"),
        added("../escaped", b"x"),
        listed("../escaped", b"x"),
        listed("results/Other.json", b"{}"),
        listed("state.sqlite", b""),
        of_format(2),
        replaced("model.onnx", b"not a graph"),
        replaced("version.json", b"[1]"),
        replaced("version.json", b" " * (2 << 20)),
        record(f1_score=1.5),
        record(f1_score="high"),
        record(f1_score=float("nan")),
        record(billable_seconds=-1),
        record(account=OTHER),
        quality(effort="heroic"),
        quality(f1={"value": 1}),
        quality(training_images={"used": 1, "labelled": 2, "reason": "mood", "text": "x"}),
        quality(hints=[{"kind": "rude", "text": "x"}]),
    ],
)
def test_an_archive_is_checked_before_anything_is_written(
    lab: RunningLab, archive: bytes, place: dict[str, str], change: Change
) -> None:
    status, refusal = post(lab.emulator, packed(change(members(archive))), **place)
    assert (status, refusal["error"]["code"]) == (400, "InvalidArchive"), refusal
    assert lab.rekognition.describe_project_versions(ProjectArn=place["project"])["ProjectVersionDescriptions"] == []
    assert "Contents" not in lab.trained.s3.list_objects_v2(Bucket=lab.trained.bucket, Prefix=place["prefix"])


def test_a_graph_that_no_training_wrote_is_refused(lab: RunningLab, archive: bytes, place: dict[str, str]) -> None:
    """The bounds of served models hold: nothing that loops, unfolds or reads other files."""
    import onnx

    graph = onnx.load_from_string(members(archive)["model.onnx"])
    size = onnx.helper.make_tensor("size", onnx.TensorProto.INT64, [1], [1 << 40])
    graph.graph.initializer.append(size)
    graph.graph.node.append(onnx.helper.make_node("ConstantOfShape", ["size"], ["much"]))
    change = replaced("model.onnx", graph.SerializeToString())
    status, refusal = post(lab.emulator, packed(change(members(archive))), **place)
    assert (status, refusal["error"]["code"]) == (400, "InvalidArchive")
    assert "ConstantOfShape" in refusal["error"]["message"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"project": ""}, 400, "InvalidParameter"),
        ({"project": "arn:aws:rekognition:us-east-1:111122223333:project/none/1"}, 404, "NotFound"),
        ({"version_name": "two words"}, 400, "InvalidParameter"),
        ({"bucket": "../x"}, 400, "InvalidParameter"),
        ({"bucket": "that-nobody-made"}, 409, "ResultsNotWritten"),
        ({"prefix": "x" * 1025}, 400, "InvalidParameter"),
        ({"versionname": "1"}, 400, "InvalidParameter"),
    ],
)
def test_where_a_version_cannot_be_added(
    lab: RunningLab, archive: bytes, place: dict[str, str], change: dict[str, str], status: int, code: str
) -> None:
    found, refusal = post(lab.emulator, archive, **place | change)
    assert (found, refusal["error"]["code"]) == (status, code), refusal


def test_a_name_that_is_taken_and_its_results_stay(lab: RunningLab, archive: bytes, place: dict[str, str]) -> None:
    assert post(lab.emulator, archive, **place)[0] == 200
    key = f"{place['prefix']}/ManifestSummary-{place['project'].split('/')[1]}-taken-over.json"
    lab.trained.s3.put_object(Bucket=lab.trained.bucket, Key=key, Body=b"mine")
    status, refusal = post(lab.emulator, archive, **place)
    assert (status, refusal["error"]["code"]) == (409, "VersionExists")
    assert lab.trained.s3.get_object(Bucket=lab.trained.bucket, Key=key)["Body"].read() == b"mine"


def test_a_result_file_that_is_gone_is_left_out(lab: RunningLab, archive: bytes, place: dict[str, str]) -> None:
    status, answer = post(lab.emulator, archive, **place)
    assert status == 200
    key = f"{place['prefix']}/ManifestSummary-{place['project'].split('/')[1]}-taken-over.json"
    lab.trained.s3.delete_object(Bucket=lab.trained.bucket, Key=key)
    names = members(fetched(lab.emulator, answer["project_version"])).keys()
    assert members(archive).keys() - names == {"results/ManifestSummary.json"}
    assert f"{answer['project_version']} has no ManifestSummary" in lab.emulator.log()


def test_versions_without_a_model_have_no_archive(lab: RunningLab) -> None:
    for arn in ("", lab.trained.arn, "arn:aws:rekognition:us-east-1:111122223333:project/a/version/b/1"):
        status, refusal = lab.emulator.control("GET", f"/_emulator/models?{urlencode({'project_version': arn})}")
        assert (status, refusal["error"]["code"]) == (404, "NotFound")
