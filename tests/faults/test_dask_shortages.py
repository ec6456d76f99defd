"""A Dask worker without room on its disk, and an S3 that answers it slowly: trainings end, and are never half done."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from support.dask_cluster import DaskCluster
from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.server import DEFAULT_ACCOUNT, EmulatorProcess

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="it mounts a small file system"),
]

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


def filled_project(emulator: EmulatorProcess) -> Project:
    project = new_project(emulator, DEFAULT_ACCOUNT)
    project.create_dataset("TRAIN", single_label_pictures(("circle", "square"), 6))
    project.create_dataset("TEST", single_label_pictures(("circle", "square"), 2, seed=100))
    return project


def settings_for(dask: DaskCluster) -> dict[str, str]:
    return {
        "CUSTOM_LABELS_DASK_SCHEDULER": dask.address,
        "CUSTOM_LABELS_DASK_SPREAD": "trainings",
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

        subprocess.run(["mount", "-o", "remount,size=200M", str(small_disk)], check=True)
        project.train("roomy")
        assert len(list((tmp_path / "data" / "models").glob("*.onnx"))) == 1


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
