"""An emulator that the demo starts for itself: a process of its own, its data in a temporary directory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from emulator.commands.client import EmulatorUnreachableError, call_control, no_emulator

READY_SECONDS = 60.0
STOP_SECONDS = 12.0
_PAUSE_SECONDS = 0.05


class EmulatorStartError(Exception):
    """The emulator did not start; the message is what it said."""


@contextlib.contextmanager
def own_emulator(port: int) -> Iterator[str]:
    """Start an emulator on `port` (0: a free one) and give its address; it ends with the block, and its data with it.

    Raises EmulatorStartError.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        port_file = Path(folder) / "port"
        flags = ("--host", "127.0.0.1", "--port", str(port), "--ephemeral", "--port-file", str(port_file))
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve", *flags],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{_port(process, port_file, log)}"
        finally:
            _end(process)


def wait_ready(endpoint: str) -> None:
    """Wait until the emulator is ready (O-7).

    Raises EmulatorUnreachableError where nothing answers, EmulatorStartError where something else answers or it does
    not become ready.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        status, _ = call_control(endpoint, "GET", "/_emulator/ready", timeout=5.0)
        if status == 200:
            return
        if status != 503:
            raise EmulatorStartError(no_emulator(endpoint))
        if time.monotonic() > deadline:
            raise EmulatorStartError(f"the emulator at {endpoint} was not ready within {READY_SECONDS:.0f} s")
        time.sleep(_PAUSE_SECONDS)


def answers(endpoint: str) -> bool:
    """Whether an emulator is there, ready or not."""
    try:
        status, answer = call_control(endpoint, "GET", "/_emulator/health", timeout=2.0)
    except EmulatorUnreachableError:
        return False
    return status == 200 and answer.get("status") == "ok"


def _environment() -> dict[str, str]:
    """The caller's environment; modules are taken from this installation, whatever folder the demo is run in."""
    root = str(Path(__file__).resolve().parents[3])
    return {**os.environ, "PYTHONPATH": root, "PYTHONSAFEPATH": "1"}


def _port(process: subprocess.Popen[bytes], port_file: Path, log: IO[str]) -> int:
    """The port of an emulator that has just been started, once it is ready. Raises EmulatorStartError."""
    deadline = time.monotonic() + READY_SECONDS
    while not port_file.exists():
        if process.poll() is not None:
            log.seek(0)
            lines = log.read().strip().splitlines() or [f"exit code {process.returncode}"]
            raise EmulatorStartError(f"the emulator did not start: {lines[-1].removeprefix('custom-labels: ')}")
        if time.monotonic() > deadline:
            raise EmulatorStartError(f"the emulator was not ready within {READY_SECONDS:.0f} s")
        time.sleep(_PAUSE_SECONDS)
    return int(port_file.read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
