"""Real photographs trained through the API: quality and memory; skipped where they are not present.

Times are measured by `python -m benchmarks trainings`, never asserted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support import results
from support.memory import MemoryWatch
from support.projects import Project, new_project
from support.server import EmulatorProcess

PHOTOGRAPHS = Path(__file__).parents[2].parent / "shared" / "data"
ANTS_AND_BEES_F1 = 0.93
PATIENT_SECONDS = 400.0
MEMORY_BYTES = 1_000_000_000

pytestmark = pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="the photographs of shared/data are not present")


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """An emulator whose time and memory nobody else uses."""
    with EmulatorProcess(tmp_path / "data") as process:
        yield process


def upload(project: Project, name: str) -> None:
    """Upload the photographs of a set and both manifests, with this bucket in their lines."""
    folder = PHOTOGRAPHS / name
    files = sorted((folder / "images").iterdir())

    def put(file: Path) -> None:
        project.s3.put_object(Bucket=project.bucket, Key=f"{name}/images/{file.name}", Body=file.read_bytes())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, files))
    for part in ("train", "test"):
        lines = (folder / f"{part}.jsonl").read_text().replace("s3://BUCKET/", f"s3://{project.bucket}/")
        project.s3.put_object(Bucket=project.bucket, Key=f"{part}.manifest", Body=lines.encode())


def train(project: Project) -> dict[str, Any]:
    """Make both datasets and train; the version's description."""
    arns = [project.start_dataset(part.upper(), f"{part}.manifest") for part in ("train", "test")]
    for arn in arns:
        assert project.wait_dataset(arn)["Status"] == "CREATE_COMPLETE"
    project.train(seconds=PATIENT_SECONDS)
    return project.describe_version("first")


def test_ants_and_bees(own_emulator: EmulatorProcess, account: str) -> None:
    project = new_project(own_emulator, account)
    upload(project, "ants-bees")
    with MemoryWatch(own_emulator.process.pid) as used:
        described = train(project)
    assert described["EvaluationResult"]["F1Score"] >= ANTS_AND_BEES_F1
    assert 0 < used.largest_memory < MEMORY_BYTES
    arn = project.start_model()
    lines = [json.loads(line) for line in (PHOTOGRAPHS / "ants-bees" / "test.jsonl").read_text().splitlines()]
    right = 0
    for line in lines[::15]:
        key = line["source-ref"].removeprefix("s3://BUCKET/")
        image = {"S3Object": {"Bucket": project.bucket, "Name": key}}
        answer = project.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image, MinConfidence=0)
        right += answer["CustomLabels"][0]["Name"] == line["label0-metadata"]["class-name"]
    assert right >= len(lines[::15]) - 2


def test_scenes_have_a_threshold_for_each_label(own_emulator: EmulatorProcess, account: str) -> None:
    project = new_project(own_emulator, account)
    upload(project, "scenes")
    described = train(project)
    summary = results.result_json(project, "EvaluationResultSummary")
    thresholds = {each["Label"]: each["Metrics"]["Threshold"] for each in summary["LabelEvaluationResults"]}
    assert len(thresholds) == 10
    assert len(set(thresholds.values())) > 5, "assumed thresholds are chosen label by label (ME-3)"
    assert described["EvaluationResult"]["F1Score"] > 0.4
