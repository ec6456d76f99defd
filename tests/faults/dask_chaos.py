"""Kills around a Dask cluster: its workers and its scheduler, while trainings are spread as stages and as a whole.

Two emulators share a scheduler and two workers: one spreads stages, one whole trainings. Each trains once without a
kill. Then both train again and again while something is killed at random moments; every training must end
TRAINING_COMPLETED with the model of the first one, byte by byte, one model file and one set of results.

    python -m tests.faults.dask_chaos --kills 100 --seed 1

prints one JSON line: kills by what was killed, trainings by how they were spread, and what went wrong, which is nothing
or a bug.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from support.dask_cluster import DaskCluster, children
from support.pictures import single_label_pictures
from support.projects import Project, new_project
from support.server import DEFAULT_ACCOUNT, EmulatorProcess

SPREADS = ("stages", "trainings")
WORKERS = ("first", "second")
FAMILY = ("circle", "square")
KILLS_A_TRAINING = 10
"""A training that is begun again at each kill would never end."""

SECONDS = 900.0


class WrongError(Exception):
    """A training came to something else than without kills."""


@dataclass
class Result:
    """What a run came to."""

    kills: Counter[str] = field(default_factory=Counter)
    trainings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """One line."""
        return json.dumps({**vars(self), "all_kills": sum(self.kills.values())})


class Spreading:
    """One emulator that spreads its trainings in one way, with one project whose versions come one after the other."""

    def __init__(self, directory: Path, dask: DaskCluster, spread: str, train: int, test: int) -> None:
        self.spread = spread
        settings = {
            "CUSTOM_LABELS_DASK_SCHEDULER": dask.address,
            "CUSTOM_LABELS_DASK_SPREAD": spread,
            "CUSTOM_LABELS_TRAINING_EFFORT": "instant",
        }
        self._data = directory / spread
        self._caches = [
            self._data / "cache",
            *(directory / f"{name}.folder" / "custom-labels-cache" for name in WORKERS),
        ]
        self.emulator = EmulatorProcess(self._data, settings)
        self._sizes = train, test
        self._versions = 0
        self.seconds = 0.0
        """How long the first training took."""
        self._project: Project | None = None
        self._model = b""

    @property
    def project(self) -> Project:
        """The project; made, with its datasets, at the first use."""
        if self._project is None:
            self._project = new_project(self.emulator, DEFAULT_ACCOUNT)
            for kind, each, seed in zip(("TRAIN", "TEST"), self._sizes, (0, 1000), strict=True):
                self._project.create_dataset(kind, single_label_pictures(FAMILY, each, seed=seed))
        return self._project

    def begin(self) -> str:
        """Ask for a training that finds nothing in a cache; the version's name."""
        for cache in self._caches:
            shutil.rmtree(cache, ignore_errors=True)
        self._versions += 1
        version = f"v{self._versions}"
        self.project.start_training(version)
        return version

    def has_ended(self, version: str) -> bool:
        """Whether it completed or failed."""
        return not self.project.describe_version(version)["Status"].endswith("IN_PROGRESS")

    def end(self, version: str) -> None:
        """Wait for the end and look at what came of it. Raises WrongError."""
        found = self.project.wait_version(version, "TRAINING_COMPLETED", "TRAINING_FAILED", seconds=SECONDS)
        if found["Status"] != "TRAINING_COMPLETED":
            raise WrongError(f"{self.spread} {version}: {found['StatusMessage']}\n{self.emulator.log()[-3000:]}")
        models = list((self._data / "models").glob("*.onnx"))
        if len(models) != self._versions:
            raise WrongError(f"{self.spread} {version}: {len(models)} models after {self._versions} trainings")
        self._model = self._model or models[0].read_bytes()
        if any(path.read_bytes() != self._model for path in models):
            raise WrongError(f"{self.spread} {version}: another model than without kills")
        listed = self.project.s3.list_objects_v2(Bucket=self.project.bucket, Prefix="results/").get("Contents", [])
        results = Counter(key for item in listed if (key := str(item["Key"])).endswith(f"-{version}.json"))
        kinds = {key.rpartition("/")[2].partition("-")[0] for key in results}
        if len(results) != len(kinds) or len(kinds) < 3:
            raise WrongError(f"{self.spread} {version}: results are {sorted(results)}")


class DaskChaos:
    """One run. `train` and `test` are images of each of two labels."""

    def __init__(self, directory: Path, seed: int, train: int = 40, test: int = 35) -> None:
        self._random = random.Random(seed)
        self._dask = DaskCluster(directory)
        self._directory = directory
        self._sizes = train, test
        self.result = Result()

    def run(self, kills: int) -> Result:
        """Kill so many times, or until something is wrong."""
        with self._dask:
            for name in WORKERS:
                self._dask.add_worker(name)
            sides = [Spreading(self._directory, self._dask, spread, *self._sizes) for spread in SPREADS]
            try:
                for side in sides:
                    side.emulator.start()
                    began = time.monotonic()
                    side.end(side.begin())
                    side.seconds = time.monotonic() - began
                while self._killed() < kills:
                    for side in sides:
                        self._train(side, min(KILLS_A_TRAINING, kills - self._killed()))
                    print(f"{self._killed()} kills, nothing wrong so far", file=sys.stderr, flush=True)
            except (WrongError, AssertionError) as wrong:
                self.result.wrong.append(f"{type(wrong).__name__}: {wrong}")
            finally:
                for side in sides:
                    side.emulator.close()
        return self.result

    def _killed(self) -> int:
        return sum(self.result.kills.values())

    def _train(self, side: Spreading, kills: int) -> None:
        version = side.begin()
        for _ in range(kills):
            time.sleep(self._random.uniform(0.0, side.seconds / 6))
            if side.has_ended(version):
                break
            self._kill_something()
        side.end(version)
        self.result.trainings[side.spread] += 1

    def _kill_something(self) -> None:
        if self._random.random() < 0.3:
            what = "scheduler"
            self._dask.kill(what)
            time.sleep(self._random.choice((0.0, 0.2, 1.0)))
            self._dask.start_scheduler()
            for name in WORKERS:  # they end with their scheduler, at leisure
                self._dask.kill(name)
                self._dask.add_worker(name)
        else:
            name = self._random.choice(WORKERS)
            trains = bool(children(self._dask.pid(name)))
            self._dask.kill(name)
            time.sleep(self._random.choice((0.0, 0.2, 1.0)))
            self._dask.add_worker(name)
            what = "worker with a training" if trains else "worker"
        self.result.kills[what] += 1


def main() -> None:
    """Run, print the result as one line, and end with status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.dask_chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        result = DaskChaos(Path(directory), arguments.seed).run(arguments.kills)
    print(result.as_json())
    sys.exit(1 if result.wrong else 0)


if __name__ == "__main__":
    main()
