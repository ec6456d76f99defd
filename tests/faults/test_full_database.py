"""A PostgreSQL whose disk is full: calls are answered, and once there is room nothing acknowledged is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support import postgresql
from support.database_cluster import DatabaseCluster
from support.manifest_lines import line, manifest
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"
DISK = "160m"
LEFT_BYTES = 2 * 2**20
LINES = 1_500
ROUNDS = 60


def _can_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(mount, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not postgresql.can_run() or not _can_mount(), reason="it needs root and PostgreSQL")


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk."""
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)], check=True)
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """A file that leaves little room."""
    ballast = disk / "ballast"
    usage = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize - LEFT_BYTES)
    return ballast


def status_of(client: Any, dataset: str) -> str:
    return str(client.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"])


def update(client: Any, dataset: str, number: int) -> None:
    lines = [line(f"{'long' * 20}-{number}-{one}", f"label-{number}") for one in range(LINES)]
    client.update_dataset_entries(DatasetArn=dataset, Changes={"GroundTruth": manifest(*lines)})


def test_calls_are_answered_and_nothing_acknowledged_is_lost(tmp_path: Path, disk: Path) -> None:
    with closing(DatabaseCluster(disk)) as cluster:
        environment = {"CUSTOM_LABELS_DATABASE_URL": cluster.url}
        with EmulatorProcess(tmp_path / "data", environment) as emulator:
            client = emulator.client("rekognition", ACCOUNT)
            project = client.create_project(ProjectName="home")["ProjectArn"]
            dataset = client.create_dataset(ProjectArn=project, DatasetType="TRAIN")["DatasetArn"]
            ballast = fill(disk)
            kept, troubles = [], set()
            for number in range(ROUNDS):
                try:
                    client.create_project(ProjectName=f"kept-{number}")
                    kept.append(f"kept-{number}")
                    update(client, dataset, number)
                    wait_until(lambda: "PROGRESS" not in status_of(client, dataset), what="that the update ended")
                    if status_of(client, dataset) == "UPDATE_FAILED":
                        troubles.add("UPDATE_FAILED")
                except ClientError as error:
                    troubles.add(error.response["Error"]["Code"])
                if troubles:
                    break
            assert troubles <= {"InternalServerError", "UPDATE_FAILED"} and troubles
            ballast.unlink()
            if not cluster.is_running():  # it ends where its log cannot be written
                cluster.start()

            def goes_on() -> bool:
                try:
                    return "PROGRESS" not in status_of(client, dataset)
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "InternalServerError"
                    return False

            wait_until(goes_on, 60, what="that it goes on")
            update(client, dataset, ROUNDS)
            wait_until(goes_on, 60, what="that the update ended")
            assert status_of(client, dataset) == "UPDATE_COMPLETE"
            pages = client.get_paginator("describe_projects").paginate()
            names = {one["ProjectArn"].split("/")[1] for page in pages for one in page["ProjectDescriptions"]}
            assert {"home", *kept} <= names
