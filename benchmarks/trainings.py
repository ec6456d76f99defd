"""The photographs of ../shared/data trained through the API: `python -m benchmarks trainings [SET ...]`.

Seconds are from CreateProjectVersion to the end of the training, uploading not counted; memory is the highest sum over
the server and its worker process.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.memory import MemoryWatch
from support.server import EmulatorProcess

PHOTOGRAPHS = Path(__file__).resolve().parents[1].parent / "shared" / "data"
SETS = ("trees", "ants-bees", "scenes", "cutlery", "bccd", "brands")
BUCKET = "photographs"
DETECTIONS = 40


def upload(s3: Any, name: str) -> None:
    """Put the photographs of a set and its two manifests into the bucket."""
    folder = PHOTOGRAPHS / name

    def put(file: Path) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"{name}/images/{file.name}", Body=file.read_bytes())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, sorted((folder / "images").iterdir())))
    for part in ("train", "test"):
        lines = (folder / f"{part}.jsonl").read_text().replace("s3://BUCKET/", f"s3://{BUCKET}/")
        s3.put_object(Bucket=BUCKET, Key=f"{name}/{part}.manifest", Body=lines.encode())


def train(emulator: EmulatorProcess, name: str, pause: float = 0.2) -> tuple[dict[str, Any], float]:
    """Train a set; gives the version's description and the seconds it took, asked for after every `pause`."""
    client = emulator.client("rekognition")
    project = client.create_project(ProjectName=name)["ProjectArn"]

    def data(part: str) -> dict[str, Any]:
        location = {"Bucket": BUCKET, "Name": f"{name}/{part}.manifest"}
        return {"Assets": [{"GroundTruthManifest": {"S3Object": location}}]}

    began = time.perf_counter()
    client.create_project_version(
        ProjectArn=project,
        VersionName="1",
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": f"{name}/results"},
        TrainingData=data("train"),
        TestingData=data("test"),
    )
    while True:
        version: dict[str, Any] = client.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"][0]
        if version["Status"] != "TRAINING_IN_PROGRESS":
            return version, time.perf_counter() - began
        time.sleep(pause)


def seconds_to_detect(emulator: EmulatorProcess, name: str, arn: str) -> float:
    """Median seconds of DetectCustomLabels with the bytes of test photographs, one call at a time."""
    client = emulator.client("rekognition")
    client.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    project = client.describe_projects(ProjectNames=[name])["ProjectDescriptions"][0]["ProjectArn"]
    client.get_waiter("project_version_running").wait(ProjectArn=project, VersionNames=["1"])
    photographs = sorted((PHOTOGRAPHS / name / "images").glob("test*"))
    times = []
    for number in range(DETECTIONS):
        data = photographs[number % len(photographs)].read_bytes()
        began = time.perf_counter()
        client.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": data})
        times.append(time.perf_counter() - began)
    client.stop_project_version(ProjectVersionArn=arn)
    return statistics.median(times)


def main() -> None:
    """Print a row a set."""
    if not PHOTOGRAPHS.is_dir():
        print("the photographs are not present")
        return
    wanted = [name for name in sys.argv[1:] if name in SETS] or SETS
    print(
        "| set | F1 | AP | AR | seconds | peak MB | DetectCustomLabels, ms |\n|---|---|---|---|---|---|---|", flush=True
    )
    for name in wanted:
        with EmulatorProcess() as emulator:
            s3 = emulator.client("s3")
            s3.create_bucket(Bucket=BUCKET)
            upload(s3, name)
            with MemoryWatch(emulator.process.pid) as watch:
                version, seconds = train(emulator, name)
            if version["Status"] != "TRAINING_COMPLETED":
                print(f"| {name} | {version['StatusMessage']} |")
                continue
            place = version["EvaluationResult"]["Summary"]["S3Object"]
            summary = json.load(s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"])
            figures = summary["AggregatedEvaluationResults"]
            detect = seconds_to_detect(emulator, name, version["ProjectVersionArn"])
            averages = [
                f"{figures[key]:.3f}" if key in figures else "" for key in ("AveragePrecision", "AverageRecall")
            ]
            print(
                f"| {name} | {figures['F1Score']:.3f} | {averages[0]} | {averages[1]} | {seconds:.1f} | "
                f"{watch.largest_memory / 1e6:.0f} | {detect * 1e3:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
