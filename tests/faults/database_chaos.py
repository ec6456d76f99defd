"""Kills around a state in PostgreSQL: sessions, the database, the emulator and the one that waits to take over.

Writers call without a pause, each with a ledger of what it was told. After some kills they stop, and all that was
acknowledged must be there; a call that was answered InternalServerError, or not at all, may have happened or not.

    python -m tests.faults.database_chaos --kills 100 --seed 1

prints one JSON line: kills by what was killed, acknowledged calls, errors, the longest call, how long it took from the
kill of the emulator until another was ready, and what was lost, which is nothing or a bug.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from support.database_cluster import DatabaseCluster
from tests.faults.database_writer import DatabaseWriter
from tests.faults.forked_server import ForkedServer, kill
from tests.faults.ledger import Lost

ACCOUNTS = ("111111111111", "222222222222")
KILLS_BETWEEN_CHECKS = 10
READY_SECONDS = 120.0


@dataclass
class Result:
    """What a run came to."""

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    longest_call: float = 0.0
    takeovers: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """One line; seconds."""
        takeovers = sorted(self.takeovers)
        told: dict[str, float] = {"number": len(takeovers)}
        if takeovers:
            told |= {"median": round(statistics.median(takeovers), 2), "longest": round(takeovers[-1], 2)}
        return json.dumps(
            {**vars(self), "takeovers": told, "longest_call": round(self.longest_call, 2)}
            | {"all_kills": sum(self.kills.values()), "calls": sum(self.acknowledged.values())}
        )


class Emulators:
    """Two emulators on one database and one data directory: one serves, one waits."""

    def __init__(self, directory: Path, url: str, sabotage: str | None = None) -> None:
        self._directory = directory
        self._url = url
        self._server = ForkedServer(directory / "log", sabotage)
        self._serial = 0
        self.running: dict[int, Path] = {}
        self.serving = 0
        self.endpoint = ""

    def keep(self) -> None:
        """Start what is missing, and note who serves."""
        for process in [process for process in self.running if not Path(f"/proc/{process}").exists()]:
            del self.running[process]
        while len(self.running) < 2:
            self._serial += 1
            port_file = self._directory / f"port-{self._serial}"
            place = ["--data-dir", str(self._directory / "data"), "--port", "0", "--port-file", str(port_file)]
            process = self._server.start("--database-url", self._url, "--log-level", "warning", *place)
            self.running[process] = port_file
        for process, port_file in self.running.items():
            if process != self.serving and port_file.exists():
                self.serving = process
                self.endpoint = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def until_ready(self) -> None:
        """Wait until one serves. Raises Lost."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.keep()
            try:
                if self.serving in self.running:
                    urllib.request.urlopen(f"{self.endpoint}/_emulator/ready", timeout=5).close()
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                log = (self._directory / "log").read_text(errors="replace")[-3000:]
                raise Lost(f"nobody serves {READY_SECONDS} s after a kill:\n{log}")
            time.sleep(0.02)

    def waiting(self) -> list[int]:
        """The processes that wait."""
        return [process for process in self.running if process != self.serving]

    def close(self) -> None:
        """End them all."""
        for process in self.running:
            kill(process)
        self._server.close()


class DatabaseChaos:
    """One run."""

    def __init__(self, directory: Path, seed: int, sabotage: str | None = None) -> None:
        self.random = random.Random(seed)
        self.cluster = DatabaseCluster()
        self.emulators = Emulators(directory, self.cluster.url, sabotage)
        self.writers = [DatabaseWriter(account, seed, lambda: self.emulators.endpoint) for account in ACCOUNTS]
        self.result = Result()

    def run(self, kills: int, kills_between_checks: int = KILLS_BETWEEN_CHECKS) -> Result:
        """Kill so many times, or until something is lost."""
        try:
            self.emulators.until_ready()
            for writer in self.writers:
                writer.prepare()
            while sum(self.result.kills.values()) < kills:
                with self._writing():
                    for _ in range(min(kills_between_checks, kills - sum(self.result.kills.values()))):
                        time.sleep(self.random.uniform(0.05, 1.0))
                        self._kill_something()
                self._check()
                print(f"{sum(self.result.kills.values())} kills, nothing lost so far", file=sys.stderr, flush=True)
        except (Lost, BotoCoreError, ClientError, OSError) as lost:
            self.result.lost.append(f"{type(lost).__name__}: {lost}")  # between kills every call is answered
        finally:
            for writer in self.writers:
                self.result.acknowledged.update(writer.ledger.acknowledged)
                self.result.errors.update(writer.ledger.errors)
                self.result.longest_call = max(self.result.longest_call, writer.ledger.longest)
            self.emulators.close()
            self.cluster.close()
        return self.result

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Writers call for the block; then everything is up again."""
        stop = threading.Event()
        threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in self.writers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.emulators.until_ready()

    def _check(self) -> None:
        """Compare; an emulator that has lost its session to the other one may end in the middle of that."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.emulators.until_ready()
            try:
                for writer in self.writers:
                    writer.check()
            except (BotoCoreError, ClientError):
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _kill_something(self) -> None:
        emulators, chosen = self.emulators, self.random.random()
        if chosen < 0.6:
            self.cluster.cut(self.random.choice((0.3, 0.7, 1.0)))
            self.result.kills["sessions"] += 1
        elif chosen < 0.72:
            self.cluster.kill()
            time.sleep(self.random.choice((0.0, 0.3, 2.0)))
            self.cluster.start()
            self.result.kills["database"] += 1
        elif chosen < 0.87:
            self._kill_the_emulator()
        elif emulators.waiting():
            kill(emulators.waiting()[0])
            self.result.kills["standby"] += 1
        emulators.until_ready()

    def _kill_the_emulator(self) -> None:
        """And measure how long it takes until the other one is ready."""
        began = time.monotonic()
        kill(self.emulators.serving)
        self.result.kills["emulator"] += 1
        self.emulators.until_ready()
        self.result.takeovers.append(time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="database-chaos-"))
    result = DatabaseChaos(directory, arguments.seed).run(arguments.kills)
    print(result.as_json())
    if result.lost:
        print(f"kept for a look: {directory}", file=sys.stderr)
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
