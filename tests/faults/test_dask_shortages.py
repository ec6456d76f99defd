"""Disks without room and a slow S3 around a Dask cluster: trainings end, and are never half done."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from support.dask_cluster import DaskCluster, impatient
from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.server import DEFAULT_ACCOUNT, EmulatorProcess, wait_until

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="it mounts a small file system"),
]

if importlib.util.find_spec("distributed") is not None:
    from emulator.jobs.cluster.connection import Cluster
    from emulator.jobs.cluster.settings import ClusterSettings, Spread

SPREAD = 35
"""Pictures of each of two labels, together more than the 64 that are not handed out."""
SLOW_SECONDS = 0.05
"""How long each piece of an answer of S3 is kept back."""


class SlowRelay:
    """Gives connections to `port`, and keeps back whatever comes from there."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.port = 0
        self.pieces = 0

    @contextmanager
    def open(self) -> Iterator[None]:
        """Take connections until the block ends."""
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        with closing(near), closing(socket.create_connection(("127.0.0.1", self.port))) as far:
            answers = threading.Thread(target=self._pass, args=(far, near, SLOW_SECONDS), daemon=True)
            answers.start()
            self._pass(near, far, 0.0)
            answers.join()

    def _pass(self, source: socket.socket, target: socket.socket, seconds: float) -> None:
        with suppress(OSError):
            while piece := source.recv(16_384):
                time.sleep(seconds)
                self.pieces += seconds > 0
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, less than a model."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("it takes the right to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def filled_project(emulator: EmulatorProcess, pictures: int = 6) -> Project:
    """With so many training pictures of each of two labels."""
    project = new_project(emulator, DEFAULT_ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(("circle", "square"), pictures))
    project.create_dataset("TEST", single_label_pictures(("circle", "square"), 2, seed=100))
    return project


def settings_for(dask: DaskCluster, spread: str = "trainings") -> dict[str, str]:
    return {
        "CUSTOM_LABELS_DASK_SCHEDULER": dask.address,
        "CUSTOM_LABELS_DASK_SPREAD": spread,
        "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
    }


def test_a_worker_without_room_fails_the_training_and_says_so(small_disk: Path, tmp_path: Path) -> None:
    """No half model comes of it; with room again the next training ends well, on the same worker."""
    with DaskCluster(small_disk) as dask, EmulatorProcess(tmp_path / "data", settings_for(dask)) as emulator:
        dask.add_worker("only")
        project = filled_project(emulator)
        project.start_training("cramped")
        described = project.wait_version("cramped", "TRAINING_COMPLETED", "TRAINING_FAILED")
        assert described["Status"] == "TRAINING_FAILED", dask.log("worker only")
        assert "only" in emulator.log() and "No space left on device" in emulator.log(), emulator.log()
        assert list((tmp_path / "data" / "models").glob("*.onnx")) == []

        resize(small_disk, "200M")
        project.train("roomy")
        assert len(list((tmp_path / "data" / "models").glob("*.onnx"))) == 1


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Write until nothing more fits in."""
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    assert os.statvfs(disk).f_bavail == 0


def test_spread_stages_need_no_room_on_the_disk_of_a_worker(small_disk: Path, tmp_path: Path) -> None:
    with (
        DaskCluster(small_disk) as dask,
        EmulatorProcess(tmp_path / "data", settings_for(dask, "stages")) as emulator,
    ):
        dask.add_worker("only")
        project = filled_project(emulator, SPREAD)
        with Cluster(ClusterSettings(dask.address, Spread.STAGES), impatient()) as client:
            client.workers()
        fill(small_disk)
        project.train("cramped")
        loaded = Path(f"/proc/{dask.pid('only')}/maps").read_text()
        assert "onnxruntime" in loaded, "the worker computed no features"


def test_a_full_disk_of_the_emulator_ends_spread_stages_and_the_next_training_is_whole(
    small_disk: Path, tmp_path: Path
) -> None:
    """The disk is full from when the training waits for workers. What became of it can be told when there is room."""
    resize(small_disk, "200M")
    with (
        DaskCluster(tmp_path) as dask,
        EmulatorProcess(small_disk / "data", settings_for(dask, "stages")) as emulator,
    ):
        project = filled_project(emulator, SPREAD)
        project.start_training("cramped")
        wait_until(lambda: "waiting for Dask workers" in emulator.log(), what="that the training waits")
        fill(small_disk)
        dask.add_worker("only")
        wait_until(lambda: "No space left on device" in emulator.log(), 60, what="the training's trouble")
        (small_disk / "ballast").unlink()
        described = project.wait_version("cramped", "TRAINING_COMPLETED", "TRAINING_FAILED")
        assert described["Status"] == "TRAINING_FAILED"
        assert list((small_disk / "data" / "models").glob("*.onnx")) == []

        project.train("roomy")
        assert len(list((small_disk / "data" / "models").glob("*.onnx"))) == 1


def test_a_slow_s3_delays_a_training_and_changes_nothing(tmp_path: Path) -> None:
    relay, models = SlowRelay(), {}
    with DaskCluster(tmp_path) as dask, relay.open():
        dask.add_worker("only")
        for name, more in (("slow", {"CUSTOM_LABELS_DASK_S3_ENDPOINT_URL": relay.endpoint}), ("quick", {})):
            with EmulatorProcess(tmp_path / name, settings_for(dask) | more) as emulator:
                relay.port = int(emulator.endpoint.rpartition(":")[2])
                filled_project(emulator).train("version")
                [model] = (tmp_path / name / "models").glob("*.onnx")
                models[name] = model.read_bytes()
    assert relay.pieces > 16, "the worker read the images by another way"
    assert models["slow"] == models["quick"]
