"""The stages of a training on a Dask cluster: the same results, whoever is killed meanwhile."""

from __future__ import annotations

import functools
import gc
import importlib.util
import io
import logging
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emulator.domain.caller import Caller
from emulator.domain.evaluation.result_keys import result_keys
from emulator.domain.jobs import Done
from emulator.training.run import run_training
from emulator.training.task import Manifests, TrainingOptions, TrainingTask
from emulator.vision.parallel import Known, Threads, Workers
from support.dask_cluster import DaskCluster, impatient
from support.manifests import BUCKET, as_manifest, image_line
from support.memory_store import MemoryObjectStore
from support.server import wait_until

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are needed"),
    # What Dask leaves to the garbage collector when a scheduler is killed.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

if importlib.util.find_spec("distributed") is not None:
    from emulator.jobs.cluster.blocks import BLOCK, DaskWorkers
    from emulator.jobs.cluster.connection import Cluster
    from emulator.jobs.cluster.sending import Data
    from emulator.jobs.cluster.settings import ClusterSettings, Spread

CALLER = Caller("111122223333", "us-east-1")


_DATE = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler and two workers, `first` and `second`; tests that kill one start another of its name."""
    with DaskCluster(tmp_path_factory.mktemp("dask")) as cluster:
        for name in ("first", "second"):
            cluster.add_worker(name)
        yield cluster


@pytest.fixture
def workers(dask: DaskCluster) -> Iterator[DaskWorkers]:
    with Cluster(ClusterSettings(dask.address, Spread.STAGES), impatient()) as cluster:
        wait_until(lambda: len(cluster.workers()) == 2, what="two workers")
        yield DaskWorkers(cluster, 2)
    gc.collect()  # here, where the warnings about what Dask leaves are filtered, and not at the end of all tests


def halved(number: int) -> float:
    """Raises ValueError for 777."""
    if number == 777:
        raise ValueError("seven hundred and seventy-seven")
    return number / 2


def test_results_come_in_order_and_errors_in_their_place(workers: DaskWorkers) -> None:
    def load(number: int) -> int | Known[float]:
        return Known(-1.0) if number % 3 == 0 else number

    items = range(5 * BLOCK)
    assert list(workers.in_order(halved, items, load)) == [-1.0 if n % 3 == 0 else n / 2 for n in items]
    assert list(workers.in_order(halved, range(3), load)) == [-1.0, 0.5, 1.0]
    assert list(workers.in_order(halved, range(0, 3000, 3), load)) == [-1.0] * 1000

    results = workers.in_order(halved, range(10 * BLOCK, 20 * BLOCK), lambda number: number)
    for number in range(10 * BLOCK, 777):
        assert next(results) == number / 2
    with pytest.raises(ValueError, match="seventy-seven"):
        next(results)


def test_no_more_is_read_than_the_workers_need(workers: DaskWorkers) -> None:
    read: list[int] = []

    def load(number: int) -> int:
        read.append(number)
        return number

    results = workers.in_order(halved, range(100_000), load)
    next(results)
    assert len(read) < 20 * BLOCK, "three blocks for each of two workers, the later ones larger, and the readers' own"
    del results


def test_all_results_come_when_a_worker_and_then_the_scheduler_are_killed(
    dask: DaskCluster, workers: DaskWorkers
) -> None:
    results = workers.in_order(functools.partial(max, 0), range(200 * BLOCK), lambda number: number)
    found = [next(results) for _ in range(10 * BLOCK)]
    dask.kill("first")
    found += [next(results) for _ in range(50 * BLOCK)]
    dask.kill("scheduler")
    dask.start_scheduler()
    dask.kill("second")
    for name in ("first", "second"):
        dask.add_worker(name)
    found += results
    assert found == list(range(200 * BLOCK))


def test_a_call_that_finds_the_connection_lost_goes_to_workers_that_are_there(dask: DaskCluster) -> None:
    """What was known of workers before is of no use then, for the shared object neither."""
    with Cluster(ClusterSettings(dask.address, Spread.STAGES), impatient()) as cluster:
        cluster.workers()
        cluster._threads = {"tcp://127.0.0.1:9": 1}
        cluster.client().close()
        asked = cluster.start_shared(pickle.dumps(2), np.array([1, 2, 4], np.uint8), times)
        wait_until(asked.is_done, what="the answer of a worker that is there")
        assert asked.result() == 14


def times(factor: int, data: Data) -> int:
    return int(data.sum()) * factor


@pytest.mark.usefixtures("workers")
def test_a_worker_of_another_version_is_refused_by_name(
    dask: DaskCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = tmp_path / "custom_labels_emulator-0.0.9.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: custom-labels-emulator\nVersion: 0.0.9\n")
    dask.add_worker("old", {"PYTHONPATH": str(tmp_path)})
    with caplog.at_level(logging.WARNING), Cluster(ClusterSettings(dask.address, Spread.STAGES)) as cluster:
        wait_until(lambda: cluster.workers() and "is refused" in caplog.text, what="the refusal")
        assert "the Dask worker old at tcp://" in caplog.text
        assert "custom-labels-emulator 0.0.9 instead of" in caplog.text
        assert len(cluster.workers()) <= 2
    dask.kill("old")


def test_a_cluster_without_workers_is_waited_for_and_said(tmp_path: Path) -> None:
    heard = threading.Event()
    with (
        DaskCluster(tmp_path) as empty,
        Cluster(ClusterSettings(empty.address, Spread.STAGES), lambda _: heard.set()) as cluster,
    ):

        def add_late() -> None:
            heard.wait()
            empty.add_worker("late")

        adding = threading.Thread(target=add_late)
        adding.start()
        assert len(cluster.workers()) == 1
        adding.join()


def test_a_training_is_the_same_bytes_when_a_worker_is_killed_in_the_middle(
    dask: DaskCluster, workers: DaskWorkers, tmp_path: Path
) -> None:
    objects = MemoryObjectStore()
    for number in range(150):
        stream = io.BytesIO()
        Image.effect_noise((64, 64), 20 + number % 2 * 60 + number).save(stream, "PNG")
        objects.add(BUCKET, f"images/{number:06}.jpg", stream.getvalue())
    here = _trained(objects, tmp_path / "here", None)

    def kill_once() -> None:
        killed.append("first")
        dask.kill("first")

    killed: list[str] = []
    there = _trained(objects, tmp_path / "there", workers, kill_once)
    assert killed and there == here
    dask.add_worker("first")


def _trained(
    objects: MemoryObjectStore, directory: Path, workers: Workers | None, on_features: object = None
) -> tuple[bytes, float | None, dict[str, bytes]]:
    """The model file, F1, and the result files without dates. `on_features` is called once, when features come in."""
    directory.mkdir()
    lines = [image_line(number, "ab"[number % 2]) for number in range(150)]
    manifests = directory / "train.manifest", directory / "test.manifest"
    for path, side in zip(manifests, (lines[:80], lines[80:]), strict=True):
        path.write_bytes(as_manifest(side))
    keys = {str(kind): key for kind, key in result_keys("out", "project", "first").items()}
    task = TrainingTask(
        caller=CALLER,
        version_arn="arn:aws:rekognition:us-east-1:111122223333:project/project/version/first/1",
        manifests=Manifests(*manifests, training_buckets=(), testing_buckets=()),
        options=TrainingOptions(seed=0, effort="instant", threads=2, cache_directory=directory / "cache"),
        bucket="results",
        keys=keys,
        work_directory=directory / "work",
        model_path=directory / "model.onnx",
    )
    waiting = [on_features] if callable(on_features) else []

    def report(stage: str, done: int, total: int, loss: float | None = None) -> None:  # noqa: ARG001
        if "features" in stage and done >= 1 and waiting:
            waiting.pop()()

    outcome = run_training(task, objects, report, workers or Threads(2))
    assert isinstance(outcome, Done), outcome
    files = {key: _DATE.sub(b"", data) for (_, key), data in objects.objects.items() if key.startswith("out")}
    return (directory / "model.onnx").read_bytes(), outcome.version["f1_score"], files
