"""What Dask workers cost and give: `python -m benchmarks dask_workers [--pictures 512] [--rounds 3] [--share 0.3]`.

The spread stages of a training with one worker of one thread and with two, each on a core of its own, in turns: seconds
and CPU of all processes, megabytes a worker. The workers, the training's process and the scheduler share these cores.
With `--share` 1, 2 and 4 workers have such a part of a core each and no more, so that what is left are cores of the
training's process and the scheduler, as where workers are other machines (Linux, root, control groups version 1).
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.large_set import LABELS, picture
from emulator.domain.image_limits import MAXIMUM_SIDE
from emulator.jobs.cluster.blocks import BLOCK, DaskWorkers
from emulator.jobs.cluster.connection import Cluster
from emulator.jobs.cluster.settings import ClusterSettings, Spread
from emulator.vision import feature_reader
from emulator.vision.examples import Effort, LabelledBox, ModelKind, Picture, TrainingExample, TrainingSettings
from emulator.vision.features import Look
from emulator.vision.images import examine
from emulator.vision.parallel import Built
from emulator.vision.training import train
from support.dask_cluster import DaskCluster
from support.server import wait_until

_LOOK = Look(224, backbone="efficientnet_lite2")
_LOOKS_A_PICTURE = 8
"""A look takes a twentieth of what the others do."""
_TRAINED_WITH = 40
_GROUPS = Path("/sys/fs/cgroup/cpu")
_PERIOD_MICROSECONDS = 10_000
_REST_SECONDS = 5.0


@dataclass(frozen=True)
class Stage:
    """A function of a training and what it is called with."""

    name: str
    function: Callable[[Any], Any]
    items: Sequence[Any]
    at_once: int | None = None


def stages(pictures: Sequence[bytes]) -> Iterator[Stage]:
    """Those that are spread."""
    wanted = [feature_reader._Picture(str(number), 1, data) for number, data in enumerate(pictures)]
    yield Stage("looks", partial(examine, largest_side=MAXIMUM_SIDE), [*pictures] * _LOOKS_A_PICTURE)
    yield Stage("features", Built(partial(feature_reader._computing, _LOOK)), wanted)
    for kind in (ModelKind.CLASSIFICATION, ModelKind.DETECTION):
        examples = [_example(kind, number, data) for number, data in enumerate(pictures[:_TRAINED_WITH])]
        answerer = train(kind, examples, LABELS, TrainingSettings(effort=Effort.INSTANT)).answerer()
        yield Stage(f"evaluation of a {kind.value}", answerer.answer, pictures, answerer.at_once)


def _example(kind: ModelKind, number: int, data: bytes) -> TrainingExample:
    label = LABELS[number % len(LABELS)]
    if kind is ModelKind.CLASSIFICATION:
        return TrainingExample(Picture(data), labels=frozenset({label}))
    return TrainingExample(Picture(data), boxes=(LabelledBox(label, 160, 120, 320, 240),))


@dataclass(frozen=True)
class Run:
    """Seconds, and CPU seconds of the workers, this process and the scheduler."""

    seconds: float
    workers: float
    training: float
    scheduler: float

    @classmethod
    def median(cls, runs: Sequence[Run]) -> Run:
        """Of each figure by itself."""
        return cls(*(statistics.median(figures) for figures in zip(*map(astuple, runs), strict=True)))


class Side:
    """A cluster with some workers, which are started by the commands before theirs."""

    def __init__(self, directory: Path, inside: Sequence[Sequence[str]]) -> None:
        names = [str(number) for number in range(len(inside))]
        commands = {f"worker {name}": before for name, before in zip(names, inside, strict=True)}
        self._cluster = DaskCluster(directory, inside=commands)
        self._cluster.start_scheduler()
        for name in names:
            self._cluster.add_worker(name)
        self._client = Cluster(ClusterSettings(self._cluster.address, Spread.STAGES))
        wait_until(lambda: len(self._client.workers()) == len(names), 300, what="the workers")
        self._workers = DaskWorkers(self._client, 1)
        self._pids = [self._cluster.pid(name) for name in names]
        self.resting_megabytes = self.megabytes()

    def megabytes(self) -> float:
        """Resident memory of a worker, in 10^6 bytes."""
        largest: int = max(psutil.Process(pid).memory_info().rss for pid in self._pids)
        return largest / 1e6

    def run(self, stage: Stage) -> Run:
        """Have it done."""

        def do() -> None:
            found = self._workers.in_order(stage.function, stage.items, _as_it_is, stage.at_once)
            assert sum(1 for _ in found) == len(stage.items)

        return self._measured(do)

    def rest(self) -> Run:
        """Do nothing for a while."""
        return self._measured(lambda: time.sleep(_REST_SECONDS))

    def _measured(self, do: Callable[[], None]) -> Run:
        before = self._so_far()
        do()
        return Run(*(after - earlier for earlier, after in zip(before, self._so_far(), strict=True)))

    def _so_far(self) -> tuple[float, float, float, float]:
        workers = sum(_cpu(pid) for pid in self._pids)
        return time.monotonic(), workers, time.process_time(), _cpu(self._cluster.pid("scheduler"))

    def close(self) -> None:
        """End all of it."""
        self._client.__exit__()
        self._cluster.__exit__(None, None, None)


@contextmanager
def limited(number: int, share: float) -> Iterator[Sequence[str]]:
    """What comes before a command that is to have such a part of a core: a control group of its own."""
    group = _GROUPS / f"custom-labels-{os.getpid()}-{number}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD_MICROSECONDS))
        (group / "cpu.cfs_quota_us").write_text(str(round(share * _PERIOD_MICROSECONDS)))
        yield ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")]
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), what="the end of the worker")
        group.rmdir()


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


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dask_workers", description=__doc__)
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=None)
    arguments = parser.parse_args()
    pictures = [_enlarged(picture(number)) for number in range(arguments.pictures)]
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        sides = {}
        for workers in (1, 2) if arguments.share is None else (1, 2, 4):
            directory = Path(scratch) / str(workers)
            directory.mkdir()
            inside: list[Sequence[str]] = [
                ["taskset", "-c", str(number)]
                if arguments.share is None
                else stack.enter_context(limited(10 * workers + number, arguments.share))
                for number in range(workers)
            ]
            sides[workers] = Side(directory, inside)
            stack.callback(sides[workers].close)
        _compare_all(sides, pictures, arguments.rounds)


def _compare_all(sides: Mapping[int, Side], pictures: Sequence[bytes], rounds: int) -> None:
    rest = sides[1].rest()
    at_rest = [figure / rest.seconds * 1000 for figure in (rest.workers, rest.scheduler, rest.training)]
    print("at rest, CPU a second: {:.0f} ms a worker, {:.0f} the scheduler, {:.0f} this process".format(*at_rest))
    for stage in stages(pictures):
        _compare(stage, sides, rounds)
    print(f"a worker: {sides[1].resting_megabytes:.0f} MB at rest, {sides[1].megabytes():.0f} MB after the stages")


def _compare(stage: Stage, sides: Mapping[int, Side], rounds: int) -> None:
    for side in sides.values():  # networks are built once a process
        side.run(Stage(stage.name, stage.function, stage.items[: 4 * BLOCK], stage.at_once))
    found: dict[int, list[Run]] = {workers: [] for workers in sides}
    for _ in range(rounds):
        for workers, side in sides.items():
            found[workers].append(side.run(stage))
    one = Run.median(found[1])
    for workers, runs in found.items():
        run = Run.median(runs)
        cpu = [figure / len(stage.items) * 1000 for figure in (run.workers, run.training, run.scheduler)]
        print(
            f"{stage.name}, {workers} workers: {run.seconds:.2f} s, "
            f"efficiency {one.seconds / run.seconds / workers:.2f}, "
            f"on shared cores by CPU at most {one.workers / (run.workers + run.training + run.scheduler):.2f}; "
            "CPU a picture: {:.3f} ms in workers, {:.3f} in the training's process, {:.3f} in the scheduler".format(
                *cpu
            )
        )


if __name__ == "__main__":
    main()
