"""A Dask scheduler and workers as users start them, in processes of their own that tests kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from support.server import PROJECT_ROOT, environment_without_settings, wait_until

_END_SECONDS = 40.0


class DaskCluster:
    """A scheduler on a free port, and as many workers as are added. Use as a context manager.

    `options` are those of both commands, `scheduler` of the one alone; `inside` is what comes before a command, by the
    name of its process.
    """

    def __init__(
        self,
        directory: Path,
        options: Sequence[str] = (),
        inside: Mapping[str, Sequence[str]] | None = None,
        host: str = "127.0.0.1",
        scheduler: Sequence[str] = (),
    ) -> None:
        self._directory = directory
        self._options = options
        self._inside = inside or {}
        self._host = host
        self._scheduler = scheduler
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.address = ""

    def __enter__(self) -> Self:
        self.start_scheduler()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._processes):
            self.kill(name)

    def start_scheduler(self) -> None:
        """On the port that it had before, if it had one."""
        file = self._directory / "scheduler.json"
        file.unlink(missing_ok=True)
        port = self.address.rpartition(":")[2] or "0"
        arguments = ["--host", self._host, "--port", port, "--no-dashboard", "--scheduler-file", str(file)]
        self._start("scheduler", [*arguments, "--no-show", *self._scheduler])

        def address() -> str | None:
            assert self.is_running("scheduler"), self.log("scheduler")
            try:
                found: str = json.loads(file.read_text())["address"]
            except (OSError, ValueError):
                return None
            return found

        self.address = wait_until(address, what="the scheduler's file") or ""

    def add_worker(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """A worker of one thread that connects as soon as it can."""
        place = str(self._directory / f"{name}.folder")
        arguments = ["--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", place]
        self._start(f"worker {name}", [self.address, *arguments], environment)

    def kill(self, name: str) -> None:
        """SIGKILL to `scheduler`, or to a worker by its name; what it started has to end by itself."""
        process = self._processes.pop(name, None) or self._processes.pop(f"worker {name}")
        process.send_signal(signal.SIGKILL)
        process.wait(_END_SECONDS)

    def is_running(self, name: str) -> bool:
        """Whether this process did not end by itself."""
        return self._processes[name].poll() is None

    def pid(self, name: str) -> int:
        """The process of `scheduler`, or of a worker."""
        return (self._processes.get(name) or self._processes[f"worker {name}"]).pid

    def log(self, name: str) -> str:
        """What a process printed."""
        return (self._directory / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + name.partition(" ")[0]]
        with (self._directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*self._inside.get(name, ()), *command, *arguments, *self._options],
                cwd=self._directory,
                env=environment_without_settings()
                | {"PYTHONPATH": str(PROJECT_ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}
                | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def impatient(seconds: float = 120.0) -> Callable[[str], None]:
    """For a client that would wait forever: AssertionError when it waits for as long."""
    began: list[float] = []

    def waiting(what: str) -> None:
        began.append(time.monotonic())
        assert began[-1] - began[0] < seconds, what

    return waiting


def children(pid: int) -> list[int]:
    """The processes below a process."""
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def exists(pid: int) -> bool:
    """Whether a process runs that is not this one's child."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
