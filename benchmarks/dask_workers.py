"""What Dask workers cost and give: `python -m benchmarks dask_workers [--pictures 1000] [--rounds 3]`.

The spread stages of a training with one worker of one thread and with two, each on a core of its own, in turns; CPU
seconds of all processes, which other work on the machine changes little; milliseconds a task; megabytes a worker.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.large_set import picture
from emulator.domain.image_limits import MAXIMUM_SIDE
from emulator.jobs.cluster.blocks import BLOCK, DaskWorkers
from emulator.jobs.cluster.connection import Cluster
from emulator.jobs.cluster.settings import ClusterSettings, Spread
from emulator.vision import feature_reader
from emulator.vision.features import Look
from emulator.vision.images import examine
from emulator.vision.parallel import Built
from support.dask_cluster import DaskCluster
from support.server import wait_until

_EMPTY_BLOCKS = 300
_LOOK = Look(224, backbone="efficientnet_lite2")

Stage = tuple[Callable[[Any], Any], Sequence[Any]]


def stages(pictures: Sequence[bytes]) -> dict[str, Stage]:
    """The functions of the spread stages and what they are called with. Answers are the work of features."""
    wanted = [feature_reader._Picture(str(number), 1, data) for number, data in enumerate(pictures)]
    return {
        "looks at images": (partial(examine, largest_side=MAXIMUM_SIDE), pictures),
        "features": (Built(partial(feature_reader._computing, _LOOK)), wanted),
    }


class Side:
    """A cluster with some workers, each on a core of its own where `taskset` can say so."""

    def __init__(self, directory: Path, workers: int) -> None:
        names = [str(number) for number in range(workers)]
        inside = {f"worker {name}": ["taskset", "-c", name] for name in names}
        self._cluster = DaskCluster(directory, inside=inside)
        self._cluster.start_scheduler()
        for name in names:
            self._cluster.add_worker(name)
        self._client = Cluster(ClusterSettings(self._cluster.address, Spread.STAGES))
        wait_until(lambda: len(self._client.workers()) == workers, what="the workers")
        self._workers = DaskWorkers(self._client, 1)
        self._pids = [self._cluster.pid(name) for name in names]
        self.resting_megabytes = self.megabytes()

    def megabytes(self) -> float:
        """Resident memory of a worker, in 10^6 bytes."""
        largest: int = max(psutil.Process(pid).memory_info().rss for pid in self._pids)
        return largest / 1e6

    def run(self, stage: Stage) -> tuple[float, float, float]:
        """Seconds, CPU seconds of the workers, and those of this process and the scheduler."""
        function, items = stage
        scheduler = self._cluster.pid("scheduler")
        began, here, there = time.monotonic(), time.process_time() + _cpu(scheduler), self._cpu()
        assert sum(1 for _ in self._workers.in_order(function, items, _as_it_is)) == len(items)
        return time.monotonic() - began, self._cpu() - there, time.process_time() + _cpu(scheduler) - here

    def close(self) -> None:
        """End all of it."""
        self._client.__exit__()
        self._cluster.__exit__(None, None, None)

    def _cpu(self) -> float:
        return sum(_cpu(pid) for pid in self._pids)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    seconds: float = times.user + times.system
    return seconds


def _as_it_is(item: Any) -> Any:
    return item


def _enlarged(data: bytes) -> bytes:
    """A JPEG of 640 × 480."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((640, 480)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _nothing(item: int) -> int:
    return item


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dask_workers", description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pictures = [_enlarged(picture(number)) for number in range(arguments.pictures)]
    with tempfile.TemporaryDirectory() as scratch:
        sides = {}
        for workers in (1, 2):
            directory = Path(scratch) / str(workers)
            directory.mkdir()
            sides[workers] = Side(directory, workers)
        seconds, worker_cpu, here_cpu = sides[1].run((_nothing, range(_EMPTY_BLOCKS * BLOCK)))
        print(
            f"a task of {BLOCK} numbers: {seconds / _EMPTY_BLOCKS * 1000:.1f} ms, "
            f"CPU {worker_cpu / _EMPTY_BLOCKS * 1000:.1f} ms in the worker, "
            f"{here_cpu / _EMPTY_BLOCKS * 1000:.1f} ms in the training's process and the scheduler"
        )
        for name, stage in stages(pictures).items():
            _compare(name, sides, stage, arguments.rounds, len(pictures))
        print(f"a worker: {sides[1].resting_megabytes:.0f} MB at rest, {sides[1].megabytes():.0f} MB after features")
        for side in sides.values():
            side.close()


def _compare(name: str, sides: dict[int, Side], stage: Stage, rounds: int, pictures: int) -> None:
    for side in sides.values():  # networks are built once a process
        side.run((stage[0], stage[1][: 4 * BLOCK]))
    found: dict[int, list[tuple[float, float, float]]] = {workers: [] for workers in sides}
    for _ in range(rounds):
        for workers, side in sides.items():
            found[workers].append(side.run(stage))
    one, two = ([statistics.median(figures) for figures in zip(*found[workers], strict=True)] for workers in (1, 2))
    print(
        f"{name}: {one[0]:.1f} s with one worker, {two[0]:.1f} s with two: efficiency {one[0] / two[0] / 2:.2f}, "
        f"by CPU seconds at most {one[1] / (two[1] + two[2]):.2f}; "
        f"CPU a picture {one[1] / pictures * 1000:.2f} and {two[1] / pictures * 1000:.2f} ms in workers, "
        f"{one[2] / pictures * 1000:.2f} and {two[2] / pictures * 1000:.2f} ms in the training's and the scheduler's"
    )


if __name__ == "__main__":
    main()
