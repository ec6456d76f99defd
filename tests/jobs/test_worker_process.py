"""Worker processes: they answer, die alone, and never outlive their parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from emulator.domain.caller import Caller
from emulator.domain.jobs import Broke
from emulator.domain.object_store import ObjectLocation
from emulator.jobs.ingest import IngestTask
from emulator.jobs.worker_process import WorkerDiedError, WorkerSettings, run_in_worker
from emulator.s3.object_store import open_embedded_store
from emulator.storage.contents import content_stats
from emulator.storage.engine import Database
from emulator.training.task import Manifests, TrainingOptions, TrainingTask
from support.server import wait_until

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a named pipe and signals are needed")


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> WorkerSettings:
    """The state and an empty embedded S3."""
    objects = tmp_path / "objects"
    objects.mkdir()
    open_embedded_store(objects).close()
    return WorkerSettings(
        str(database.place), {"kind": "embedded", "directory": str(objects), "strict_owners": False, "keys": None}
    )


@pytest.fixture
def endless_training(tmp_path: Path) -> TrainingTask:
    """A training that never gets beyond its manifest: a pipe that nobody writes to."""
    pipe = tmp_path / "training.manifest"
    os.mkfifo(pipe)
    return TrainingTask(
        caller=Caller("111122223333", "us-east-1"),
        version_arn="arn:aws:rekognition:us-east-1:111122223333:project/p/version/v/1",
        manifests=Manifests(pipe, None, training_buckets=(), testing_buckets=()),
        options=TrainingOptions(seed=0, effort="fast", threads=1, cache_directory=tmp_path),
        bucket="results",
        keys={},
        work_directory=tmp_path,
        model_path=tmp_path / "model.onnx",
    )


def workers(parent: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(parent).children():
        try:
            if "emulator.jobs.worker" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


async def the_worker() -> psutil.Process:
    """This process's worker, once there is one."""
    async with asyncio.timeout(SECONDS):
        while not (found := workers(os.getpid())):
            await asyncio.sleep(0.01)
    return found[0]


def test_an_ingest_in_a_worker_writes_into_the_shared_state(database: Database, settings: WorkerSettings) -> None:
    """What it reads is an object of the embedded S3; here it is missing, which is the client's error."""
    task = IngestTask(Caller("111122223333", "us-east-1"), ObjectLocation("nowhere", "train.manifest"), 7)
    outcome = asyncio.run(run_in_worker(settings, task))
    assert isinstance(outcome, Broke) and outcome.message == "The manifest file extension or contents are invalid."
    stats = database.read_now(lambda connection: content_stats(connection, 1))
    assert stats.total_entries == 0


def test_a_task_that_raises_ends_the_worker(settings: WorkerSettings, capfd: pytest.CaptureFixture[str]) -> None:
    task = IngestTask(Caller("111122223333", "us-east-1"), ObjectLocation("nowhere", "train.manifest"), 7)
    unreadable = WorkerSettings(settings.database, {"kind": "nonsense"})
    with pytest.raises(WorkerDiedError, match="exit status 1"):
        asyncio.run(run_in_worker(unreadable, task))
    assert "KeyError" in capfd.readouterr().err


def test_a_killed_worker_is_told_from_a_result(settings: WorkerSettings, endless_training: TrainingTask) -> None:
    """TE-0: the runner makes of it a training that failed for the service's fault."""

    async def play() -> None:
        training = asyncio.create_task(run_in_worker(settings, endless_training))
        (await the_worker()).send_signal(signal.SIGKILL)
        with pytest.raises(WorkerDiedError, match="exit status -9"):
            await training

    asyncio.run(play())


def test_a_worker_that_dies_before_it_has_read_its_task_is_told_too(
    settings: WorkerSettings, endless_training: TrainingTask
) -> None:
    """A task that does not fit into the pipe is still being written while the worker starts."""
    many = tuple(f"bucket-{number:06d}" for number in range(100_000))
    manifests = replace(endless_training.manifests, training_buckets=many)
    task = replace(endless_training, manifests=manifests)

    async def play() -> None:
        training = asyncio.create_task(run_in_worker(settings, task))
        (await the_worker()).send_signal(signal.SIGKILL)
        with pytest.raises(WorkerDiedError, match="exit status -9"):
            await training

    asyncio.run(play())


def test_cancelling_kills_the_worker(settings: WorkerSettings, endless_training: TrainingTask) -> None:
    """A reset or the end of the emulator leaves no process behind."""

    async def play() -> None:
        training = asyncio.create_task(run_in_worker(settings, endless_training))
        worker = await the_worker()
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        assert not worker.is_running()

    asyncio.run(play())


def opened_for_a_reader(pipe: Path) -> int | None:
    """A descriptor to write to a pipe, None while nobody reads from it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_a_worker_ends_with_its_parent(settings: WorkerSettings, endless_training: TrainingTask) -> None:
    """However the parent ends, its end of the pipe closes."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "emulator.jobs.worker"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None and worker.stdout is not None
    task = {
        "task": "train",
        "settings": settings.as_json(endless_training.caller),
        "argument": endless_training.to_json(),
    }
    worker.stdin.write(json.dumps(task).encode() + b"\n")
    worker.stdin.flush()
    manifest = wait_until(lambda: opened_for_a_reader(endless_training.manifests.training), what="the worker to read")
    assert manifest is not None and worker.poll() is None
    worker.stdin.close()
    assert worker.wait(SECONDS) == 1
    os.close(manifest)
    worker.stdout.close()
