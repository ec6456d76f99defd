"""The console's example projects from nothing to a trained model: seconds, CPU seconds, F1.

python -m benchmarks example_projects [ID ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psutil

from emulator.example_projects.catalogue import EXAMPLE_PROJECTS
from support.console import ConsoleClient
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
OUTPUT = "evaluation"


def main() -> None:
    """Print a line for each project."""
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder)) as emulator:
        console = ConsoleClient(emulator, ACCOUNT)
        bucket = console.post("/bucket", {})["name"]
        for name in sys.argv[1:] or EXAMPLE_PROJECTS:
            print(_measured(emulator, console, bucket, name), flush=True)


def _measured(emulator: EmulatorProcess, console: ConsoleClient, bucket: str, name: str) -> str:
    began = time.monotonic()
    project = console.task(console.post("/examples", {"id": name})["task"])["result"]["project_arn"]
    made = time.monotonic() - began
    rekognition = emulator.client("rekognition", ACCOUNT)
    rekognition.create_project_version(
        ProjectArn=project, VersionName="first", OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": OUTPUT}
    )
    server, cpu = psutil.Process(emulator.process.pid), 0.0
    while True:
        [version] = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        if version["Status"] != "TRAINING_IN_PROGRESS":
            break
        for worker in server.children(recursive=True):
            try:
                cpu = max(cpu, sum(worker.cpu_times()[:2]))
            except psutil.Error:
                continue
        time.sleep(0.5)
    score = version.get("EvaluationResult", {}).get("F1Score")
    seconds = version.get("BillableTrainingTimeInSeconds")
    return f"{name}: made in {made:.1f} s, trained in {seconds} s, {cpu:.0f} s of CPU, F1 {score}"


if __name__ == "__main__":
    main()
